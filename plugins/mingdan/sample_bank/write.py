"""Write a synthetic bank into a landing zone, by the source contract."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mingdan.contract import Table, load_contract
from mingdan.sample_bank import bank_tables
from mingdan.sample_bank.bank import NEVER, Bank
from mingdan.sample_bank.books import Books
from mingdan.sample_bank.cards import Cards
from mingdan.sample_bank.columns import LandingPart, day_number, day_of, put_together
from mingdan.sample_bank.dates import add_months
from mingdan.sample_bank.life import Life, Side
from mingdan.sample_bank.loans import Loans
from mingdan.sample_bank.people import People
from mingdan.sample_bank.planted import Planted
from mingdan.sample_bank.reach import Reach
from mingdan.sample_bank.script import planted_count
from mingdan.sample_bank.trade import Shops

CHUNK = 50_000  # customers simulated at once: what memory holds, whatever the bank's size


@dataclass(frozen=True)
class Plan:
    """All that decides what is written: the same plan gives the same bytes. Days are numbers since 1970-01-01."""

    landing: Path
    customers: int
    branches: int
    months: int
    first_day: int
    horizon: int  # the planted cases are made for this day
    until: int
    seed: int
    daily_from: int  # first day of daily snapshots
    chunk_size: int = CHUNK

    @property
    def days(self) -> range:
        return range(self.first_day, self.until + 1)

    def is_month_end(self, day: int) -> bool:
        return day_of(day + 1).day == 1

    def wants_snapshot(self, day: int) -> bool:
        return day >= self.daily_from or self.wants_slow_snapshot(day)

    def wants_slow_snapshot(self, day: int) -> bool:
        """Tables that hardly change come at month-ends and on the last day, with daily snapshots too."""
        return day == self.until or self.is_month_end(day)

    def is_due(self, table: Table, day: int) -> bool:
        """Whether a table has a partition on a day."""
        slow = table.cadence in ("monthly", "on_change")
        return table.kind != "snapshot" or (self.wants_slow_snapshot(day) if slow else self.wants_snapshot(day))

    def all_balances(self, day: int) -> bool:
        return day == self.first_day or self.is_month_end(day)

    def bank(self) -> Bank:
        return Bank(self.seed, self.customers, self.branches, self.first_day, self.horizon)

    def chunks(self) -> list[tuple[int, int, int]]:
        """(number, first customer, customers) of the chunks of ordinary customers."""
        ordinary = self.customers - planted_count()
        edges = np.linspace(0, ordinary, -(-ordinary // self.chunk_size) + 1).astype(int).tolist()
        return [(number, low, high - low) for number, (low, high) in enumerate(zip(edges, edges[1:], strict=False))]

    def identity(self) -> dict[str, str]:
        """What two plans must share to write into the same landing zone."""
        return {
            "seed": str(self.seed), "customers": str(self.customers), "branches": str(self.branches),
            "first_day": str(day_of(self.first_day)), "horizon": str(day_of(self.horizon)),
        }  # fmt: skip


def write_sample_bank(
    landing: Path | str,
    truth: Path | str,
    customers: int = 2000,
    branches: int = 20,
    months: int = 15,
    until: date = date(2026, 6, 29),
    seed: int = 7,
    snapshots: Literal["month-ends", "daily"] = "month-ends",
    log: Callable[[str], None] | None = None,
    starts_on: date | None = None,
    processes: int | None = None,
    daily_from: date | None = None,
) -> None:
    """Write every table of the contract below `landing`, and the planted cases' truth to the file `truth`.

    Events come for every calendar day of `months` months up to `until`; snapshots at month-ends and on `until`, or
    daily (from `daily_from` on, where given). The same arguments give the same bytes, whatever the number of processes
    (default: the machine's, at most two). With the `starts_on` and `months` of an earlier call, a later `until` extends
    that bank: what is already delivered stays as it is, and the planted cases stay those of the earlier `until`. Costs
    40 cpu seconds for each 50 000 customers and 15 months, and 260 MB of memory in each process, however many customers
    there are.

    Raises ValueError when the sizes make no bank, or `landing` holds something else."""
    landing, truth = Path(landing), Path(truth)
    least = planted_count() + 15
    if customers < least or branches < 1 or months < 1:
        raise ValueError(
            f"sample bank: expected at least {least} customers (cases take {least - 15}), 1 branch and 1 month; "
            f"found {customers}, {branches}, {months}."
        )
    if snapshots not in ("month-ends", "daily"):
        raise ValueError(f"sample bank: expected snapshots 'month-ends' or 'daily'; found {snapshots!r}.")
    last = day_number(until)
    ends_month = day_of(last + 1).day == 1
    first = int(add_months(np.array([last + 1 if ends_month else last]), -months)[0]) + (0 if ends_month else 1)
    first, horizon = (first, last) if starts_on is None else _fixed_span(starts_on, months)
    begins = NEVER if snapshots != "daily" else first if daily_from is None else day_number(daily_from)
    plan = Plan(landing, customers, branches, months, first, min(horizon, last), last, seed, begins, CHUNK)
    _check_landing(plan, truth)
    say = log or (lambda text: None)
    started = time.monotonic()
    rows: Counter[str] = Counter()
    chunks = [partial(run_chunk, plan, *chunk) for chunk in plan.chunks()]
    jobs: list[Callable[[], dict[str, int]]] = [*chunks, partial(run_bank, plan), partial(run_planted, plan)]

    def count(found: dict[str, int]) -> None:
        rows.update(found)
        say(f"sample bank: {sum(rows.values()):,} rows after {time.monotonic() - started:.0f} s")

    tables = [partial(finish, plan, name) for name in load_contract().tables]
    workers = min(processes or min(os.cpu_count() or 1, 2), len(chunks))
    if workers == 1:  # a process of its own costs more than a small bank
        for job in jobs:
            count(job())
        for table in tables:
            table()
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for done in [pool.submit(job) for job in jobs]:
                count(done.result())
            for finished in [pool.submit(table) for table in tables]:
                finished.result()
    _write_truth(plan, truth)
    say(f"sample bank: {customers:,} customers, {day_of(first)} to {until}, {time.monotonic() - started:.0f} s")


def _fixed_span(starts_on: date, months: int) -> tuple[int, int]:
    first = day_number(starts_on)
    return first, int(add_months(np.array([first]), months)[0]) - 1


def run_chunk(plan: Plan, chunk: int, first: int, count: int) -> dict[str, int]:
    """Live the days of one chunk of customers; rows written by table."""
    bank = plan.bank()
    out = LandingPart(plan.landing, load_contract(), chunk + 1)
    people = People(bank, chunk, first, count, plan.months)
    life = Life(bank, people, Books(bank, people.number, people.unit, chunk + 1))
    shops = Shops(life)
    sides: list[Side] = [Loans(life), Cards(life), shops, Reach(life, shops)]
    for day in plan.days:
        life.run_day(out, day, plan.all_balances(day), sides)
        if plan.wants_snapshot(day):
            life.write_snapshots(out, day)
            for side in sides:
                side.write_snapshots(out, day)
        if plan.wants_slow_snapshot(day):
            shops.write_slow(out, day)
    return out.rows


def run_bank(plan: Plan) -> dict[str, int]:
    """Write what belongs to no customer."""
    bank = plan.bank()
    out = LandingPart(plan.landing, load_contract(), 0)
    for day in plan.days:
        bank_tables.write_events(bank, out, day)
        if plan.wants_snapshot(day):
            bank_tables.write_snapshots(bank, out, day, plan.wants_slow_snapshot(day))
    return out.rows


def run_planted(plan: Plan) -> dict[str, int]:
    """Write the customers of the planted cases."""
    out = LandingPart(plan.landing, load_contract(), len(plan.chunks()) + 1)
    told = LandingPart(plan.landing, load_contract(), len(plan.chunks()) + 2)
    planted = Planted(plan.bank(), plan.customers - planted_count(), len(plan.chunks()) + 1)
    for day in plan.days:
        planted.write_told(told, day, plan.is_due)
        planted.write_events(out, day, plan.all_balances(day))
        if plan.wants_snapshot(day):
            planted.write_snapshots(out, day)
        if plan.wants_slow_snapshot(day):
            planted.write_slow(out, day)
    return Counter(out.rows) + Counter(told.rows)


def _check_landing(plan: Plan, truth: Path) -> None:
    sources = {each.source for each in load_contract().tables.values()}
    if not any((plan.landing / source).exists() for source in sources):
        return
    known = pq.read_schema(truth).metadata or {} if truth.exists() else {}
    found = {name: known.get(name.encode(), b"none").decode() for name in plan.identity()}
    if found != plan.identity():
        raise ValueError(
            f"{plan.landing}: expected an empty landing zone, or this bank's own ({_said(plan.identity())}); "
            f"found another's ({_said(found)})."
        )


def _said(identity: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in identity.items())


def finish(plan: Plan, table_id: str) -> None:
    """Mark every new partition of a table complete: event tables each day, if only to say that nothing happened."""
    table = load_contract().tables[table_id]
    for day in plan.days:
        if not plan.is_due(table, day):
            continue
        folder = plan.landing / table.source / table.name / f"biz_date={day_of(day)}"
        if (folder / "_SUCCESS").exists():
            continue  # delivered by an earlier call
        folder.mkdir(parents=True, exist_ok=True)
        if not table.may_be_empty and not any(folder.glob("*.parquet")):
            raise AssertionError(f"{table.id}, {day_of(day)}: expected rows, found none.")
        put_together(folder, table)
        (folder / "_SUCCESS").touch()


def _write_truth(plan: Plan, truth: Path) -> None:
    rows = Planted(plan.bank(), plan.customers - planted_count(), len(plan.chunks()) + 1).stage.truth
    columns = ["list", "subject_type", "subject_id", "expected", "case", "why"]
    kinds = [pa.string(), pa.string(), pa.string(), pa.bool_(), pa.string(), pa.string()]
    table = pa.table(
        {name: pa.array([row[name] for row in rows], kind) for name, kind in zip(columns, kinds, strict=True)},
        metadata={**plan.identity(), "as_of": str(day_of(plan.horizon))},
    )
    truth.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, truth)
