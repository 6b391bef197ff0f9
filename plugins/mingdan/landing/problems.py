"""What is wrong with a delivery, said so that the person who can mend it knows where to look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

SEVERITIES = ("error", "warning", "info")  # an error stops the run


@dataclass(frozen=True)
class Problem:
    """One finding. Its texts hold names, types, counts and days, never a value of a C2 or C3 column."""

    severity: str
    kind: str  # such as missing_table, gap, duplicate_key
    table: str  # the table's id, or empty when the landing zone itself is meant
    expected: str
    found: str
    hint: str = ""
    column: str = ""
    days: tuple[date, ...] = ()  # business dates, ascending

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """One sentence with table, column, days, expected and found."""
        where = ", ".join(filter(None, [self.table or "landing zone", self.column and f"column {self.column}"]))
        on = f" (biz_date {days_text(self.days)})" if self.days else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{on}: expected {self.expected}, found {self.found}{hint}."


class Unfit(Exception):
    """A landed partition cannot be accepted; carries every problem found in it."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(" ".join(each.text for each in problems))


class SourcesError(Exception):
    """The sources of a business date cannot be built on. Carries every problem; the text lists every error."""

    def __init__(self, as_of: date, problems: list[Problem]) -> None:
        self.as_of, self.problems = as_of, problems
        errors = [each.text for each in problems if each.severity == "error"]
        super().__init__("\n- ".join([f"{len(errors)} error(s) in the sources of {as_of}:", *errors]))


def merged(problems: Iterable[Problem]) -> list[Problem]:
    """The same finding on several days becomes one; errors first, then by table."""
    days: dict[Problem, set[date]] = {}
    for each in problems:
        days.setdefault(replace(each, days=()), set()).update(each.days)
    found = [replace(each, days=tuple(sorted(on))) for each, on in days.items()]
    return sorted(found, key=lambda each: (SEVERITIES.index(each.severity), each.table, each.kind, each.column))


def days_text(days: Iterable[date]) -> str:
    """Days as a reader would write them: 2026-05-01, 2026-05-03 to 2026-05-09 (7 days)."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(f"{run[0]} to {run[-1]} ({len(run)} days)" if len(run) > 1 else str(run[0]) for run in runs)
