"""What the source checks hand on: the state of every table, the files to read, and the problems."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mingdan.landing.problems import Problem, SourcesError, days_text


@dataclass(frozen=True)
class PartitionFiles:
    """One accepted partition to read: local Parquet files in the contract's types."""

    biz_date: date
    version: int
    rows: int
    paths: tuple[str, ...]
    absent: tuple[str, ...]  # optional columns that these files lack
    in_place: bool  # in biz_date=D of the landing zone; else in biz_date=D/v=N of the accepted copies
    standing: bool = False  # only the rows that are read however old


@dataclass(frozen=True)
class TableState:
    """How one table stands: ok, stale (an older delivery is used), late_off (late, so off today), or absent."""

    status: str
    biz_date: date | None = None  # of the newest delivery in use
    rows: int | None = None
    version: int | None = None


@dataclass
class SourceReport:
    """What a build of `as_of` may read, and every problem that was found, errors first."""

    as_of: date
    problems: list[Problem] = field(default_factory=list)
    tables: dict[str, TableState] = field(default_factory=dict)
    consent: dict[str, tuple[int, int]] = field(default_factory=dict)  # branch: customers, those who consent
    partitions: dict[str, list[PartitionFiles]] = field(default_factory=dict)
    history_starts_on: date | None = None  # by the settings, else the first day that all required event tables landed

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop a run."""
        return [each for each in self.problems if each.severity == "error"]

    def files(self, table_id: str) -> list[PartitionFiles]:
        """What models read of a table, by date: of a snapshot the newest and the month-ends before it, of an event
        table every day in its window that has data, and of days before it the rows that stand; nothing when it is
        absent or off."""
        return self.partitions.get(table_id, [])

    def raise_for_errors(self) -> None:
        """Raise SourcesError, with every problem, when there is any error."""
        if self.errors:
            raise SourcesError(self.as_of, self.problems)

    def to_rows(self) -> list[dict[str, Any]]:
        """One row a table: source, table, status, biz_date (text or None), rows, version."""
        return [
            {
                "source": name.split(".")[0],
                "table": name.split(".")[1],
                "status": state.status,
                "biz_date": str(state.biz_date) if state.biz_date else None,
                "rows": state.rows,
                "version": state.version,
            }
            for name, state in self.tables.items()
        ]

    def problem_rows(self) -> list[dict[str, str]]:
        """One row a problem: severity, kind, table, column, days, expected, found, hint, text."""
        return [
            {
                "severity": each.severity,
                "kind": each.kind,
                "table": each.table,
                "column": each.column,
                "days": days_text(each.days),
                "expected": each.expected,
                "found": each.found,
                "hint": each.hint,
                "text": each.text,
            }
            for each in self.problems
        ]
