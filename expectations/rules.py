"""A rule as a number, and the suite that a set of rules makes.

Tables are never handed to Great Expectations whole: one SQL statement a table counts, and the suite stands on a frame
of one row, a column for each rule. So no value of a customer can reach a result, a log or a page."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

ENOUGH = 50  # rows below which a ratio says nothing about a delivery or a list
PREVIOUS = "(previous run)"  # as a rule's `of`: the same count of the run before


@dataclass(frozen=True)
class Rule:
    """`count` ÷ `of`, two SQL aggregates of whole numbers, lies between `at_least` and `at_most` (None: no bound).

    The name says what is wrong when it does not; a count of null cannot be judged and passes."""

    name: str
    says: str  # what must hold, one sentence
    who_fixes: str
    count: str
    of: str = "count(*)"
    at_most: float | None = 0.0
    at_least: float | None = None
    severity: str = "warning"  # critical | warning

    def value(self, count: int | None, of: int | None) -> float:
        """The number that is judged; nan when there is nothing to compare with."""
        if count is None or of is None or (self.of == PREVIOUS and max(count, of) < ENOUGH):
            return math.nan
        if of == 0:
            return math.inf if count else math.nan
        return count / of


def rows_where(condition: str) -> str:
    """SQL: how many rows meet the condition; unknown counts as no."""
    return f"coalesce(sum(case when {condition} then 1 else 0 end), 0)"


def suite(name: str, rules: Sequence[Rule]) -> Any:
    """The ExpectationSuite over a frame with one column a rule. Raises ValueError for a suite without rules."""
    if not rules:
        raise ValueError(f"suite {name}: expected at least one rule, found none.")
    gx = great_expectations()
    return gx.ExpectationSuite(
        name=name,
        expectations=[
            within_bounds()(
                column=rule.name, min_value=rule.at_least, max_value=rule.at_most,
                severity=rule.severity, meta=told(rule.name, rule.says, rule.who_fixes),
            )
            for rule in rules
        ],
    )  # fmt: skip


def told(name: str, says: str, who_fixes: str) -> dict[str, str]:
    """What an expectation carries, so that its result can be told without looking at what it judged."""
    return {"rule": name, "says": says, "who_fixes": who_fixes}


@cache
def within_bounds() -> Any:
    """ExpectColumnValuesToBeBetween that makes its configuration once, as nothing changes it: the library makes it anew
    a hundred times for each rule, which was half of all judging."""
    from great_expectations.compatibility.pydantic import PrivateAttr

    known: Any = great_expectations().expectations.ExpectColumnValuesToBeBetween

    class ExpectRuleWithinBounds(known):
        _made: Any = PrivateAttr(None)

        @property
        def configuration(self) -> Any:
            self._made = self._made or super().configuration
            return self._made

    return ExpectRuleWithinBounds


@cache
def great_expectations() -> Any:
    """The library, imported late (it takes seconds) and quietly: it would fill a task's log, and an error of its own
    may quote a value. What it cannot judge is raised by its caller."""
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations
    for name in [each for each in logging.root.manager.loggerDict if each.startswith("great_expectations.")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return gx
