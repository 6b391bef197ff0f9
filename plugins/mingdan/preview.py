"""What a list would do, before any branch sees it: its candidates on a built day, why they are there, whom it takes.

Read from a day's decisions, so nothing is built or changed here: by the command line from history, where `mingdan run
--no-publish` puts them, by the portal from what was published."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from mingdan import catalog, reasons
from mingdan.settings import Home, Settings

BAND = 20  # points of score
SAMPLE = 8
Rows = Callable[..., list[dict[str, Any]]]  # a query over `decisions` and the values to bind


@dataclass(frozen=True)
class Preview:
    """What a list does on a day. states: (state, reason) → candidates. branches: branch, or None, → score band →
    candidates. taken: other lists → customers it takes from them. sample: candidates best first, evenly spread."""

    count: int
    states: Mapping[tuple[str, str | None], int]
    branches: Mapping[str | None, Counter[str]]
    taken: Mapping[str, int]
    sample: list[dict[str, Any]]

    @property
    def bands(self) -> Counter[str]:
        return sum(self.branches.values(), Counter())


def look(rows: Rows, code: str) -> Preview:
    """The list's candidates on the day whose decisions `rows` reads."""
    ours = "from decisions where list = ? and state <> 'not_a_candidate'"
    states = rows(f"select state, reason, count(*) as candidates {ours} group by all order by all", code)
    branches: dict[str | None, Counter[str]] = defaultdict(Counter)
    for row in rows(f"select branch_id, score, count(*) as candidates {ours} group by all order by all", code):
        branches[row["branch_id"]][band(row["score"])] += row["candidates"]
    taken = rows(
        "select list, count(*) as customers from decisions where state = 'listed_elsewhere' and reason = ? "
        "group by list order by customers desc, list",
        code,
    )
    count = sum(row["candidates"] for row in states)
    best = "order by coalesce(priority, 0) desc, subject_type, subject_id"
    sample = rows(
        f"select * {ours} qualify (row_number() over ({best}) - 1) % ? = 0 {best} limit {SAMPLE}",
        code, max(1, count // SAMPLE),
    )  # fmt: skip
    return Preview(
        count,
        {(row["state"], row["reason"]): row["candidates"] for row in states},
        branches,
        {row["list"]: row["customers"] for row in taken},
        sample,
    )


def tell(home: Home, settings: Settings, code: str, as_of: date) -> Iterator[str]:
    """Lines of plain words about a list on a built business date.

    Raises LookupError for a list that is not there or a day that was not built."""
    path = home.history / "decisions" / f"as_of={as_of}" / "part-0.parquet"
    if code not in catalog.entries():
        raise LookupError(f"no list {code!r}; known lists are {', '.join(catalog.list_names())}.")
    if not path.exists():
        raise LookupError(
            f"business date {as_of} was not built (no {path}); run `mingdan run --as-of {as_of} --no-publish` first."
        )
    with duckdb.connect() as connection:
        connection.execute(f"create view decisions as select * from read_parquet('{path}')")

        def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
            found = connection.execute(sql, list(values))
            names = [each[0] for each in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        entry, seen = catalog.entries()[code], look(rows, code)
    yield f"{entry.title('zh')} {entry.title('en')} ({code}) on business date {as_of}: {seen.count} candidates"
    if not seen.count:
        yield "- nobody meets its Who, or the list was off or not asked for on that day."
        return
    yield from counted("what becomes of them", {f"{state} ({reason})": n for (state, reason), n in seen.states.items()})
    yield from counted("by score", seen.bands, by_name=True)
    yield from counted("by branch", {branch or "no branch": bands.total() for branch, bands in seen.branches.items()})
    yield from counted("customers it takes from other lists", seen.taken)
    yield "a sample, best first; customers by number only:"
    for row in seen.sample:
        yield f"- {row['subject_id']}, score {row['score']}: {why(entry, row, settings)}"


def counted(what: str, counts: Mapping[str, int], by_name: bool = False) -> Iterator[str]:
    yield f"{what}:" if counts else f"{what}: none"
    order = (lambda pair: pair[0]) if by_name else (lambda pair: (-pair[1], pair[0]))
    for name, count in sorted(counts.items(), key=order):
        yield f"- {name}: {count}"


def band(score: int) -> str:
    floor = min(score // BAND * BAND, 100 - BAND)
    return f"{floor:>3} to {floor + BAND if floor + BAND == 100 else floor + BAND - 1}"


def why(entry: catalog.Entry, row: dict[str, Any], settings: Settings) -> str:
    """The strongest reasons of a candidate, as a branch would read them, in the bank's language."""
    return reasons.strongest(
        entry.meta, row["rule_ids"] or "", json.loads(row["facts"] or "{}"), settings.language,
        currency=settings.currency, year=row["list_date"].year, names=catalog.code_names(settings),
    )  # fmt: skip
