"""What has been accepted: for each table, every version of every business date. Versions are added, never removed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from mingdan.contract import Table
from mingdan.stores import Store, StoredFile


@dataclass(frozen=True)
class Entry:
    """One accepted version of one partition."""

    biz_date: date
    version: int  # from 1
    known_on: date  # the day it became known: a back-test of an earlier day does not read it
    rows: int
    digest: str  # sha256 over the sha256 of its files, whatever their names
    files: tuple[StoredFile, ...]  # as they landed
    in_place: bool  # read where it landed; else from its copy
    gone: bool = False  # was in place, and has been overwritten or removed since
    extra: tuple[str, ...] = ()  # columns the contract does not know
    absent: tuple[str, ...] = ()  # optional columns that were not delivered
    standing: int | None = None  # rows that are read however old, kept in a copy; None: not looked for


@dataclass
class Ledger:
    """The accepted versions of one table, kept in accepted/ledger/<source>__<table>.json."""

    table: str
    entries: dict[date, list[Entry]] = field(default_factory=dict)  # versions ascending
    accepted_to: date | None = None  # the newest business date any run accepted for

    def newest(self, day: date) -> Entry | None:
        """The latest version of that day, gone or not."""
        return self.entries[day][-1] if day in self.entries else None

    def readable(self, day: date, known_by: date | None = None) -> Entry | None:
        """The version to build on: the newest known by that date (else of all), or a later one when it is gone."""
        present = [each for each in self.entries.get(day, ()) if not each.gone]
        known = [each for each in self.entries.get(day, ()) if known_by is None or each.known_on <= known_by]
        if not known:
            return None
        later = [each for each in present if each.version >= known[-1].version]
        return later[0] if later else None

    def last_word(self, day: date, known_by: date | None = None) -> Entry | None:
        """The newest version known by that date (else of all), gone or not: what it says of standing rows is kept."""
        known = [each for each in self.entries.get(day, ()) if known_by is None or each.known_on <= known_by]
        return known[-1] if known else None

    def put(self, entry: Entry) -> None:
        """Add a version, or restate one that is there."""
        kept = [each for each in self.entries.get(entry.biz_date, ()) if each.version != entry.version]
        self.entries[entry.biz_date] = sorted([*kept, entry], key=lambda each: each.version)


def read_ledger(accepted: Path, table: Table) -> Ledger:
    """The table's ledger; an empty one before its first acceptance."""
    path = accepted / "ledger" / f"{table.view}.json"
    if not path.exists():
        return Ledger(table.id)
    stored = json.loads(path.read_bytes())
    ledger = Ledger(table.id, accepted_to=date.fromisoformat(stored["accepted_to"]))
    for each in stored["versions"]:
        ledger.put(
            Entry(
                biz_date=date.fromisoformat(each["biz_date"]),
                version=each["version"],
                known_on=date.fromisoformat(each["known_on"]),
                rows=each["rows"],
                digest=each["digest"],
                files=tuple(StoredFile(*file) for file in each["files"]),
                in_place=each["in_place"],
                gone=each["gone"],
                extra=tuple(each["extra"]),
                absent=tuple(each["absent"]),
                standing=each.get("standing"),
            )
        )
    return ledger


def write_ledger(accepted: Path, table: Table, ledger: Ledger) -> None:
    """Replace the table's ledger whole; one line a version, so that two states can be compared."""
    lines = [
        json.dumps(_stated(each), ensure_ascii=False) for day in sorted(ledger.entries) for each in ledger.entries[day]
    ]
    text = (
        f'{{"table": "{ledger.table}", "accepted_to": "{ledger.accepted_to}", "versions": [\n'
        + ",\n".join(lines)
        + "\n]}\n"
    )
    Store(accepted).replace(f"ledger/{table.view}.json", text.encode())


def _stated(entry: Entry) -> dict[str, Any]:
    return {
        "biz_date": str(entry.biz_date),
        "version": entry.version,
        "known_on": str(entry.known_on),
        "rows": entry.rows,
        "digest": entry.digest,
        "in_place": entry.in_place,
        "gone": entry.gone,
        "extra": entry.extra,
        "absent": entry.absent,
        "standing": entry.standing,
        "files": [[each.name, each.size, each.stamp] for each in entry.files],
    }
