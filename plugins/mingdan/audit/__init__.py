"""An independent checker: were the rules of delivery kept on the days that were published?

It reads what was published and what the bank delivered, computes each rule anew in plain Python, and shares nothing
with the models that made the lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from mingdan.audit import choice, files, life, people
from mingdan.audit.evidence import Evidence, days
from mingdan.audit.rulebook import RULES, Rule
from mingdan.contract import load_contract
from mingdan.settings import Home, Settings

__all__ = ["RULES", "Evidence", "Result", "audit", "choice", "files", "judge", "life", "people", "told"]


@dataclass
class Result:
    """What an audit found of one rule: how much was judged, and by list date what broke it."""

    rule: Rule
    judged: int = 0
    wrong: dict[date, list[str]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(map(len, self.wrong.values()))


def judge(day: Evidence, results: dict[str, Result]) -> None:
    """Judge a day by every rule, and add what was found."""
    for name, rule in RULES.items():
        looked, wrong = rule.look(day)
        results[name].judged += looked
        if wrong:
            results[name].wrong[day.list_date] = wrong


def audit(home: Home, settings: Settings, first: date, last: date) -> tuple[list[date], list[Result]]:
    """Judge every published list date from first to last. Raises LookupError where there is none."""
    results = {name: Result(rule) for name, rule in RULES.items()}
    seen = []
    for day in days(home, settings, load_contract(), first, last):
        judge(day, results)
        seen.append(day.list_date)
    if not seen:
        raise LookupError(f"expected a published list date from {first} to {last}; found none.")
    return seen, list(results.values())


EXAMPLES = 5


def told(days: list[date], results: list[Result]) -> list[str]:
    """What an audit found, in lines: per rule what was judged and broken; of broken ones examples by day. Leads are
    named by id, other rows by list and branch: no line says who somebody is."""
    lines = [f"{len(days)} published list date(s), {days[0]} to {days[-1]}"]
    for each in results:
        verdict = f"BROKEN {each.count}" if each.count else "kept" if each.judged else "nothing to judge"
        lines.append(f"{each.rule.name:<22} {verdict:<16} {each.judged:>9} judged   {each.rule.says}")
        for day, wrong in each.wrong.items():
            more = f" and {len(wrong) - EXAMPLES} more" if len(wrong) > EXAMPLES else ""
            lines.append(f"    {day}: {', '.join(wrong[:EXAMPLES])}{more}")
    return lines
