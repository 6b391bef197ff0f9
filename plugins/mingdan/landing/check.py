"""Source checks: is everything there that a build of one business date needs? Nothing is computed before they pass."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from mingdan.contract import Contract, Table
from mingdan.landing.acceptance import (
    DAY_FOLDER,
    Accepted,
    Landed,
    Log,
    accept,
    fresh_days,
    is_on,
    month_ends,
    paths_of,
    standing_path,
    window_start,
)
from mingdan.landing.content import content_problems
from mingdan.landing.ledger import Entry, read_ledger
from mingdan.landing.problems import Problem, merged
from mingdan.landing.report import PartitionFiles, SourceReport, TableState
from mingdan.settings import Home, Settings
from mingdan.stores import Store


def check_sources(
    home: Home,
    settings: Settings,
    contract: Contract,
    as_of: date,
    known_by: date | None = None,
    log: Log | None = None,
) -> SourceReport:
    """Accept what has landed, then find everything that a build of `as_of` lacks; `known_by` reads the versions known
    by that date. All problems are found together; the caller decides with raise_for_errors."""
    accepted = accept(home, settings, contract, as_of, log)
    report = SourceReport(as_of)
    problems = list(accepted.problems)
    for table in contract.tables.values():
        check = _Check(home, settings, table, accepted, known_by)
        problems += check.run()
        report.tables[table.id] = check.state
        report.partitions[table.id] = check.partitions
    problems += _strangers(accepted, contract)
    problems += content_problems(home, settings, contract, report)
    report.problems = merged(problems)
    required = [each for each in contract.tables.values() if each.required and each.kind == "event"]
    begun = [accepted.tables[each.id].first for each in required if each.id in accepted.tables]
    report.history_starts_on = settings.history_starts_on or max((each for each in begun if each), default=None)
    return report


def required_ready(home: Home, settings: Settings, contract: Contract, as_of: date) -> list[str]:
    """Ids of the tables whose absence stops a run and that have not been delivered whole for as_of: a cheap poll."""
    store, waiting = Store(home.landing), []
    for table in contract.tables.values():
        if table.late == "stop" and is_on(table, settings):
            root = f"{table.source}/{table.name}"
            expected = _is_expected(table, settings) or store.exists(root)
            # An old day may have left the landing zone after it was copied.
            if expected and not store.exists(f"{root}/{DAY_FOLDER}{as_of}/_SUCCESS"):
                entry = read_ledger(home.accepted, table).readable(as_of)
                if entry is None or entry.in_place or store.exists(f"{root}/{DAY_FOLDER}{as_of}"):
                    waiting.append(table.id)
    return waiting


def known_before(home: Home, settings: Settings, table: Table, as_of: date) -> list[PartitionFiles]:
    """What a build of `as_of` reads of an event table's days before it, by date, if nothing changes until then."""
    if not is_on(table, settings):
        return []
    ledger, oldest = read_ledger(home.accepted, table), window_start(table, as_of, settings.history_starts_on)
    entries = [ledger.readable(day) for day in sorted(ledger.entries) if oldest <= day < as_of]
    found = [_files(home, table, entry) for entry in entries if entry]
    return [each for each in found if each.paths]


def _files(home: Home, table: Table, entry: Entry) -> PartitionFiles:
    absent = entry.absent if entry.in_place else ()
    paths = tuple(paths_of(home, table, entry))
    return PartitionFiles(entry.biz_date, entry.version, entry.rows, paths, absent, entry.in_place)


def _is_expected(table: Table, settings: Settings) -> bool:
    """Whether the table must be there: a required one, and the contacts of a bank that says it has a history."""
    return table.required or (table.id == "crm.contacts" and settings.contact_history == "expected")


class _Check:
    """Completeness of one table: its state, the partitions to read, and what is missing."""

    def __init__(self, home: Home, settings: Settings, table: Table, accepted: Accepted, known_by: date | None) -> None:
        self.home, self.settings, self.table, self.known_by = home, settings, table, known_by
        self.as_of, self.strangers = accepted.as_of, accepted.strangers
        self.landed = accepted.tables.get(table.id)
        self.state = TableState("absent")
        self.partitions: list[PartitionFiles] = []

    def run(self) -> Iterator[Problem]:
        """Find the table's problems, and set state and partitions on the way."""
        table, landed = self.table, self.landed
        if landed is None:
            if not is_on(table, self.settings):
                yield self._problem("info", "off", "nothing", "the table turned off in the settings")
            return  # else there is no landing zone at all, which has been said
        for name in landed.misnamed:
            expected = f"folders named {DAY_FOLDER}YYYY-MM-DD"
            yield self._problem("warning", "misnamed_folder", expected, f"{name}, which is not read")
        if landed.first is None:
            yield self._undelivered()
            return
        usable = self._usable(landed)
        newest = max(usable, default=date.min)
        age = (self.as_of - newest).days
        if age <= fresh_days(table):
            self.state = self._state("ok", usable[newest])
        elif table.late == "stop":
            yield from self._late("error", "deliver it, then run again", usable)
        elif table.late == "use_last" and age <= (table.late_days or 0):
            self.state = self._state("stale", usable[newest])
            yield from self._late("warning", f"its rows of {newest} are used and marked stale", usable)
        else:
            self.state = TableState("late_off", newest if usable else None)
            yield from self._late("warning", "the table counts as absent today", usable)
        if self.state.status != "late_off":
            yield from self._gaps(landed, usable)
        if self.state.status in ("ok", "stale"):
            read = sorted(usable) if table.kind == "event" else [*self._ends(landed, usable), newest]
            if table.kind == "snapshot" and not usable[newest].rows:
                read = [newest]  # an empty state of today hides the earlier ones from a reader of the newest rows
            files = [_files(self.home, table, usable[day]) for day in read]
            self.partitions = [each for each in files if each.paths]
            yield from self._rows(usable)
            yield from self._columns(usable[newest])
        self.partitions[:0] = self._standing(landed)

    def _problem(self, severity: str, kind: str, expected: str, found: str, hint: str = "", **more: Any) -> Problem:
        return Problem(severity, kind, self.table.id, expected, found, hint, **more)

    def _undelivered(self) -> Problem:
        table = self.table
        if not _is_expected(table, self.settings):
            return self._problem("info", "not_delivered", "nothing, the table is optional", "it not delivered")
        near = difflib.get_close_matches(f"{table.source}/{table.name}", self.strangers, 1)
        found = f"no such folder, but one named {near[0]}" if near else "no such folder"
        hint = "rename the folder" if near else "deliver the table"
        return self._problem("error", "missing_table", f"a folder {table.source}/{table.name}", found, hint)

    def _usable(self, landed: Landed) -> dict[date, Entry]:
        """The version to read of each day that can be read."""
        oldest = window_start(self.table, self.as_of, self.settings.history_starts_on)
        ends = month_ends(self.as_of)
        usable = {}
        for day in landed.ledger.entries:
            reach = max(fresh_days(self.table), self.table.late_days or 0)
            recent = self.as_of - timedelta(days=reach) <= day
            wanted = oldest <= day if self.table.kind == "event" else recent or day in ends
            if wanted and day <= self.as_of and (entry := landed.entry(day, self.known_by)):
                usable[day] = entry
        return usable

    def _state(self, status: str, entry: Entry) -> TableState:
        return TableState(status, entry.biz_date, entry.rows, entry.version)

    def _standing(self, landed: Landed) -> Iterator[PartitionFiles]:
        """Of days before the window, the rows that are read however old."""
        table = self.table
        before = window_start(table, self.as_of, self.settings.history_starts_on)
        for day in sorted(each for each in landed.ledger.entries if table.stands and each < before):
            entry = landed.ledger.last_word(day, self.known_by)
            if entry and entry.standing:
                path = standing_path(self.home.accepted, table, day, entry.version)
                yield PartitionFiles(day, entry.version, entry.standing, (str(path),), (), False, True)

    def _late(self, severity: str, hint: str, usable: dict[date, Entry]) -> Iterator[Problem]:
        landed = self.landed
        assert landed is not None
        if self.as_of in landed.rejected:
            return  # what is wrong with it has been said
        if self.as_of in landed.incomplete:
            expected, found = "a _SUCCESS file beside the day's files", "none: the table is still being delivered"
            yield self._problem(severity, "missing_success", expected, found, hint, days=(self.as_of,))
        else:
            found = f"none; the newest that can be read is of {max(usable)}" if usable else "none that can be read"
            yield self._problem(severity, "late", f"a delivery for {self.as_of}", found, hint, days=(self.as_of,))

    def _gaps(self, landed: Landed, usable: dict[date, Entry]) -> Iterator[Problem]:
        """Days of an event table that are not there; month-ends of a snapshot are used where they are."""
        table, first = self.table, landed.first
        assert first is not None
        if table.kind == "snapshot":
            partial = sorted(landed.incomplete - {self.as_of})
            if partial:
                expected, found = "a _SUCCESS file in each month-end's folder", "none: the day is not read"
                yield self._problem("warning", "missing_success", expected, found, days=tuple(partial))
            return
        if table.cadence != "daily":
            return
        starts_on = self.settings.history_starts_on
        # Optional sources may have begun later than the bank's history; a required one may not.
        begin = starts_on if starts_on and table.required else max(starts_on or first, first)
        start = window_start(table, self.as_of, begin)
        if first > window_start(table, self.as_of, starts_on):
            expected = f"rows from {window_start(table, self.as_of, starts_on)} on, the start of its window"
            yield self._problem("info", "short_history", expected, f"its first day to be {first}")
        end = self.state.biz_date or self.as_of - timedelta(days=1)
        days = [start + timedelta(days=each) for each in range((end - start).days + 1)]
        missing = [each for each in days if each not in usable and each not in landed.rejected]
        unfinished = tuple(each for each in missing if each in landed.incomplete)
        unknown = tuple(each for each in missing if each in landed.ledger.entries and each not in landed.incomplete)
        absent = tuple(each for each in missing if each not in landed.incomplete and each not in landed.ledger.entries)
        expected = f"every day from {start} to {end}"
        if absent:
            hint = "deliver the days; a day without data is a folder with _SUCCESS alone, where the table may be empty"
            found = f"{len(absent)} missing"
            yield self._problem("error", "gap", expected, found, hint, days=absent)
        if unfinished:
            found = f"{len(unfinished)} without _SUCCESS"
            yield self._problem("error", "missing_success", expected, found, "finish the delivery", days=unfinished)
        if unknown:
            found = f"{len(unknown)} gone" + (f" or not known by {self.known_by}" if self.known_by else "")
            yield self._problem("error", "gap", expected, found, "deliver the days again", days=unknown)

    def _ends(self, landed: Landed, usable: dict[date, Entry]) -> list[date]:
        return sorted(each for each in usable if each in month_ends(self.as_of) and each != self.state.biz_date)

    def _rows(self, usable: dict[date, Entry]) -> Iterator[Problem]:
        """The row count beside the delivery before."""
        table, day = self.table, self.state.biz_date
        landed = self.landed
        assert landed is not None and day is not None
        earlier = [each for each in landed.ledger.entries if each < day and landed.entry(each, self.known_by)]
        if table.band is None or not earlier:
            return
        before = landed.entry(max(earlier), self.known_by)
        assert before is not None
        low, high = before.rows * (1 - table.band.fall), before.rows * (1 + table.band.rise)
        if before.rows and not low <= usable[day].rows <= high:
            severity = "error" if table.required and table.kind == "snapshot" else "warning"
            if f"{table.id} {day}" in self.settings.jumps_accepted:
                severity = "warning"
            expected = f"{low:.0f} to {high:.0f} rows, after {before.rows} on {before.biz_date}"
            hint = (
                "if the delivery is whole, deliver the days between, or ask why it moved so much; if it is so, "
                f"put '{table.id} {day}' into the setting jumps_accepted"
            )
            yield self._problem(severity, "row_count", expected, f"{usable[day].rows}", hint, days=(day,))

    def _columns(self, entry: Entry) -> Iterator[Problem]:
        """Columns beyond the contract, and optional ones that were not delivered."""
        on = (entry.biz_date,)
        for name in entry.absent:
            near = difflib.get_close_matches(name, entry.extra, 1)
            near += [each for each in entry.extra if each == self.table.column(name).zh]
            if near:
                hint = f"rename {near[0]} to {name} if it is the same"
                yield self._problem(
                    "warning", "renamed_column", f"{name} or nothing", near[0], hint, column=name, days=on
                )
        if entry.absent:
            found = f"{len(entry.absent)} not delivered: {', '.join(entry.absent)}"
            yield self._problem("info", "absent_columns", "optional columns, if the bank has them", found, days=on)
        if entry.extra:
            found = f"{len(entry.extra)} more, which are not read: {', '.join(entry.extra)}"
            yield self._problem("info", "extra_columns", "the contract's columns", found, days=on)


def _strangers(accepted: Accepted, contract: Contract) -> Iterator[Problem]:
    names = [each.replace(".", "/") for each in contract.tables]
    for stranger in accepted.strangers:
        near = difflib.get_close_matches(stranger, names, 1)
        hint = f"did you mean {near[0]}?" if near else ""
        yield Problem("info", "unknown_table", "", "folders of the contract's tables", f"{stranger}, not read", hint)
