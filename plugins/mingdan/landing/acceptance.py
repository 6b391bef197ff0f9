"""Acceptance: what has landed is checked in structure, recorded in the ledger, and from then on immutable."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from mingdan.contract import Contract, Table
from mingdan.landing.ledger import Entry, Ledger, read_ledger, write_ledger
from mingdan.landing.problems import Problem, Unfit, merged
from mingdan.landing.structure import Shape, batches, convert, examine
from mingdan.settings import Home, Settings
from mingdan.stores import Store, StoredFile

DAY_FOLDER = "biz_date="
# Snapshots of so many month-ends before the business date are read. Balances reach back 425 days (window_days), and on
# the first of a month the 13th month-end lies only 366 days back.
MONTH_ENDS = 14
FRESH_DAYS = {"daily": 0, "monthly": 31}  # how old a delivery of that cadence may be before it is called late
Files = tuple[StoredFile, ...]
Log = Callable[[str], None]


@dataclass
class Landed:
    """One table as its landing folder and ledger show it, for the days that a build of one date wants to read."""

    ledger: Ledger
    first: date | None = None  # the earliest day landed or accepted, up to the business date
    complete: dict[date, Files] = field(default_factory=dict)  # folders with _SUCCESS, and the data files in them
    incomplete: set[date] = field(default_factory=set)  # folders without _SUCCESS: still being delivered
    removed: set[date] = field(default_factory=set)  # accepted earlier, no longer landed
    rejected: set[date] = field(default_factory=set)  # broke the contract
    misnamed: list[str] = field(default_factory=list)  # folders that name no day

    def entry(self, day: date, known_by: date | None = None) -> Entry | None:
        """The version of that day to read, if there is one that can be read now."""
        return None if day in self.incomplete | self.rejected else self.ledger.readable(day, known_by)


@dataclass
class Accepted:
    """What one acceptance met and did: tables by id (those turned on), and versions as (table, day, version)."""

    as_of: date
    tables: dict[str, Landed] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)  # landed folders that the contract does not know
    problems: list[Problem] = field(default_factory=list)
    new: list[tuple[str, date, int]] = field(default_factory=list)
    changed: list[tuple[str, date, int]] = field(default_factory=list)
    gone: list[tuple[str, date, int]] = field(default_factory=list)


def accept(home: Home, settings: Settings, contract: Contract, as_of: date, log: Log | None = None) -> Accepted:
    """Accept every landed partition that a build of `as_of` reads and that is new or has changed.

    Partitions whose names, sizes and stamps are unchanged are trusted; others are digested, and become a new version
    if their content differs. Parquet in the contract's types is read in place, unless the settings keep copies or the
    engine is Spark. A bad delivery raises nothing: its problems are in the result. A killed run leaves each table's
    ledger whole, as it was or as it will be."""
    log = log or logging.getLogger(__name__).info
    store, result = Store(home.landing), Accepted(as_of)
    if not store.exists():
        hint = "set landing in settings.yml, or MINGDAN_LANDING, to where the bank delivers"
        expected, at = "a folder or bucket of sources", f"nothing at {store.url}"
        result.problems.append(Problem("error", "missing_landing", "", expected, at, hint))
        return result
    result.strangers = _strangers(store, contract)
    tables = [each for each in contract.tables.values() if is_on(each, settings)]
    with (
        _alone(home.accepted),
        tempfile.TemporaryDirectory(dir=home.accepted, prefix=".taking-") as scratch,
        ThreadPoolExecutor(2 if store.local() else 8) as lookers,
        ThreadPoolExecutor(2) as takers,
    ):
        landed = lookers.map(lambda table: _look(store, home, table, as_of, settings.history_starts_on), tables)
        copy_all = settings.keep_copies or settings.engine == "spark" or store.local() is None
        taking = _Taking(store, home.accepted, Path(scratch), as_of, copy_all)
        jobs: list[tuple[Table, Landed, dict[date, Future[Entry]]]] = []
        for table, found in zip(tables, landed, strict=True):
            due = {
                day: takers.submit(taking.take, table, found.ledger, day, files)
                for day, files in found.complete.items()
                if taking.is_due(table, found.ledger.newest(day), files)
            }
            jobs.append((table, found, due))
        try:
            for table, found, due in jobs:
                _record(result, home, table, found, due)
                result.tables[table.id] = found
        except BaseException:
            takers.shutdown(cancel_futures=True)
            raise
    result.problems = merged(result.problems)
    log(
        f"accepted for {as_of}: {len(result.new)} new, {len(result.changed)} changed and {len(result.gone)} gone "
        f"partitions in {len(tables)} tables"
    )
    return result


@contextmanager
def _alone(accepted: Path) -> Iterator[None]:
    """Hold the accepted folder: another acceptance waits. The system lets go of it when the process dies."""
    accepted.mkdir(parents=True, exist_ok=True)
    with (accepted / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for killed in accepted.glob(".taking-*"):
            shutil.rmtree(killed)
        yield


def is_on(table: Table, settings: Settings) -> bool:
    """Whether the bank's settings let this table be read; a required one cannot be turned off."""
    if table.switch:
        return bool(getattr(settings, table.switch, False))
    return table.required or not {table.id, table.source} & set(settings.sources_off)


def month_ends(as_of: date) -> list[date]:
    """The last MONTH_ENDS month-ends before as_of, ascending."""
    found = [as_of.replace(day=1) - timedelta(days=1)]
    while len(found) < MONTH_ENDS:
        found.append(found[-1].replace(day=1) - timedelta(days=1))
    return found[::-1]


def window_start(table: Table, as_of: date, history_starts_on: date | None) -> date:
    """The first day of an event table that a build reads: as_of is the last of its window_days days."""
    start = as_of - timedelta(days=(table.window_days or 1) - 1)
    return max(start, history_starts_on or start)


def fresh_days(table: Table) -> int:
    """How many days before as_of the newest delivery may lie without being late."""
    return FRESH_DAYS.get(table.cadence, table.late_days or 0)


def values_landed(store: Store, table: Table, column: str, since: date) -> set[Any]:
    """What stands in a column of the table's landed files of `since` and later, accepted or not, in whatever format a
    bank may deliver. Days that are still being delivered are left out; Unfit when the column cannot be read."""
    found: set[Any] = set()
    alone = replace(table, columns=(table.column(column),), date_column=None)
    root = f"{table.source}/{table.name}"
    for folder in store.folders(root):
        if not re.fullmatch(rf"{DAY_FOLDER}\d{{4}}-\d{{2}}-\d{{2}}", folder) or folder < f"{DAY_FOLDER}{since}":
            continue
        names = [each.name for each in store.files(f"{root}/{folder}")]
        if "_SUCCESS" not in names:
            continue
        day = date.fromisoformat(folder.removeprefix(DAY_FOLDER))
        with tempfile.TemporaryDirectory() as scratch:
            for name in (each for each in names if not each.startswith((".", "_"))):
                store.fetch(f"{root}/{folder}/{name}", Path(scratch) / name)
                for batch in batches(examine(Path(scratch) / name, alone, day), alone, day):
                    found.update(batch.column(column).to_pylist())
    return found


def paths_of(home: Home, table: Table, entry: Entry) -> list[str]:
    """The local Parquet files that hold an accepted version; none for a day without data."""
    if entry.in_place:
        folder = Store(home.landing).local(f"{table.source}/{table.name}/{DAY_FOLDER}{entry.biz_date}")
        return [f"{folder}/{each.name}" for each in entry.files]
    return [str(_copy(home.accepted, table, entry.biz_date, entry.version))]


def _copy(accepted: Path, table: Table, day: date, version: int) -> Path:
    return accepted / table.source / table.name / f"{DAY_FOLDER}{day}" / f"v={version}" / "part-0.parquet"


def standing_path(accepted: Path, table: Table, day: date, version: int) -> Path:
    """Where the rows of a version that are read however old are kept, whatever becomes of the delivery."""
    return _copy(accepted / "standing", table, day, version)


def _strangers(store: Store, contract: Contract) -> list[str]:
    sources = {each.source for each in contract.tables.values()}
    found = []
    for source in store.folders():
        found += [f"{source}/{table}" for table in store.folders(source)] if source in sources else [source]
    return [each for each in found if each.replace("/", ".") not in contract.tables and not each.startswith((".", "_"))]


def _look(store: Store, home: Home, table: Table, as_of: date, history_starts_on: date | None) -> Landed:
    landed = Landed(read_ledger(home.accepted, table))
    root = f"{table.source}/{table.name}"
    days = {each for each in landed.ledger.entries if each <= as_of}
    for folder in store.folders(root):
        day: date | None
        try:
            day = date.fromisoformat(folder.removeprefix(DAY_FOLDER))
        except ValueError:
            day = None
        if day is None or folder != f"{DAY_FOLDER}{day}":
            landed.misnamed += [] if folder.startswith((".", "_")) else [folder]
        elif day <= as_of:
            days.add(day)
    landed.first = min(days, default=None)
    ends = {each for each in month_ends(as_of) if each >= (history_starts_on or each)}
    if table.kind == "event":
        oldest = window_start(table, as_of, history_starts_on)
        # Of what stands however old, days before the window are taken in as well, where the bank still has them.
        wanted = {each for each in days if each >= oldest or table.stands}
    else:
        oldest = as_of - timedelta(days=max(table.late_days or 0, fresh_days(table)))
        wanted = {each for each in days if each >= oldest or each in ends}
    for folder, files in store.tree(root, {f"{DAY_FOLDER}{each}" for each in wanted}).items():
        day = date.fromisoformat(folder.removeprefix(DAY_FOLDER))
        if any(each.name == "_SUCCESS" for each in files):
            landed.complete[day] = tuple(each for each in files if not each.name.startswith((".", "_")))
        else:
            landed.incomplete.add(day)
    recent = wanted if table.kind == "snapshot" else {each for each in wanted if each >= oldest}
    landed.removed = recent - set(landed.complete) - landed.incomplete
    if table.kind == "snapshot":
        newest = max(wanted - landed.incomplete, default=as_of)
        needed = ends | {newest, as_of}
        landed.complete = {day: files for day, files in landed.complete.items() if day in needed}
        landed.incomplete &= needed
    return landed


@dataclass(frozen=True)
class _Taking:
    """How partitions are taken in; its methods run in several threads, each on a partition of its own."""

    store: Store
    accepted: Path
    scratch: Path
    as_of: date
    copy_all: bool

    def is_due(self, table: Table, entry: Entry | None, files: Files) -> bool:
        """Whether the landed files differ from what was accepted, or are not kept the way this run needs them."""
        return entry is None or entry.gone or entry.files != files or not self._is_kept(table, entry)

    def take(self, table: Table, ledger: Ledger, day: date, files: Files) -> Entry:
        """The partition's entry: the old one restated if the content is the same, else a new version. Raises Unfit."""
        before = ledger.newest(day)
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            aside = Path(folder)
            paths = [self._at_hand(table, day, each.name, aside) for each in files]
            try:
                digest = _digest(paths)
            except OSError as error:  # removed at this moment, or not ours to read
                found = f"a file that cannot be opened ({type(error).__name__})"
                problem = Problem("error", "unreadable", table.id, "files we may read", found, "", "", (day,))
                raise Unfit(problem) from error
            if before and before.digest == digest:
                entry = replace(before, files=files, gone=False)
                if self._is_kept(table, entry):
                    return entry
            else:
                known = day
                if ledger.accepted_to:
                    # What differs from an accepted version came after every acceptance so far.
                    known = max(day, self.as_of, ledger.accepted_to if before else day)
                version = before.version + 1 if before else 1
                entry = Entry(day, version, known, 0, digest, files, in_place=True)
            shapes: list[Shape] = []
            problems: list[Problem] = []
            for path in paths:
                try:
                    shapes.append(examine(path, table, day))
                except Unfit as unfit:
                    problems += unfit.problems
            if problems:
                raise Unfit(*problems)
            # Files of one day that differ in their columns would be read by the first one's.
            alike = len({each.absent for each in shapes}) <= 1 and all(each.exact for each in shapes)
            in_place = alike and not self._must_copy(files)
            if in_place:
                rows = sum(each.rows or 0 for each in shapes)
            else:
                rows = convert(shapes, table, day, aside / "part-0.parquet")
            if not rows and not table.may_be_empty:
                hint = "deliver the day's rows; only a table that may be empty may have a day without any"
                raise Unfit(Problem("error", "empty_table", table.id, "rows", "none", hint, "", (day,)))
            if not in_place:
                self._put(aside / "part-0.parquet", _copy(self.accepted, table, day, entry.version))
            standing = None
            if table.stands:
                standing = convert(shapes, table, day, aside / "standing.parquet", standing=True)
                if standing:
                    self._put(aside / "standing.parquet", standing_path(self.accepted, table, day, entry.version))
            extra = tuple(sorted({name for each in shapes for name in each.extra}))
            absent = tuple(sorted({name for each in shapes for name in each.absent}))
            return replace(entry, rows=rows, in_place=in_place, extra=extra, absent=absent, standing=standing)

    def _must_copy(self, files: Files) -> bool:
        return self.copy_all and bool(files)

    def _is_kept(self, table: Table, entry: Entry) -> bool:
        if table.stands and entry.standing is None:
            return False
        if entry.standing and not standing_path(self.accepted, table, entry.biz_date, entry.version).exists():
            return False
        if entry.in_place:
            return not self._must_copy(entry.files)
        return _copy(self.accepted, table, entry.biz_date, entry.version).exists()

    def _at_hand(self, table: Table, day: date, name: str, aside: Path) -> Path:
        path = f"{table.source}/{table.name}/{DAY_FOLDER}{day}/{name}"
        if (local := self.store.local(path)) is not None:
            return local
        (aside / "fetched").mkdir(exist_ok=True)
        self.store.fetch(path, aside / "fetched" / name)
        return aside / "fetched" / name

    def _put(self, made: Path, target: Path) -> None:
        with made.open("rb") as written:
            os.fsync(written.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, target)  # over what a killed run may have left: the ledger does not know it


def _digest(paths: list[Path]) -> str:
    each = []
    for path in paths:
        with path.open("rb") as source:
            each.append(hashlib.file_digest(source, "sha256").hexdigest())
    return hashlib.sha256("\n".join(sorted(each)).encode()).hexdigest()


def _record(result: Accepted, home: Home, table: Table, landed: Landed, due: dict[date, Future[Entry]]) -> None:
    """Enter what was taken in into the table's ledger, and write it if it says anything new."""
    ledger, stated = landed.ledger, dict(landed.ledger.entries)
    for day in sorted(landed.removed):
        if (last := ledger.newest(day)) and last.in_place and last.files and not last.gone:
            _mark_gone(result, table, landed, last, "removed")
    for day, future in sorted(due.items()):
        before = ledger.newest(day)
        try:
            entry = future.result()
        except Unfit as unfit:
            entry = None
            landed.rejected.add(day)
            result.problems += unfit.problems
        replaced = entry is None or (before is not None and entry.version > before.version)
        if before and before.in_place and before.files and not before.gone and replaced:
            _mark_gone(result, table, landed, before, "overwritten")
        if entry:
            ledger.put(entry)
            if before is None or entry.version > before.version:
                (result.changed if before else result.new).append((table.id, day, entry.version))
    accepted_to = max(result.as_of, ledger.accepted_to or result.as_of)
    if ledger.entries and (ledger.entries != stated or accepted_to != ledger.accepted_to):
        ledger.accepted_to = accepted_to
        write_ledger(home.accepted, table, ledger)


def _mark_gone(result: Accepted, table: Table, landed: Landed, entry: Entry, how: str) -> None:
    landed.ledger.put(replace(entry, gone=True))
    result.gone.append((table.id, entry.biz_date, entry.version))
    expected = "accepted files to stay as they are"
    hint = "days built on the former files can be rebuilt on what is there now only; keep_copies: true prevents this"
    result.problems.append(
        Problem("warning", "gone", table.id, expected, f"files that were {how}", hint, "", (entry.biz_date,))
    )
