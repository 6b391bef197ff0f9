"""Rules on the candidates of one list, made from its entry: would anybody believe this list?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mingdan.catalog import Entry

from expectations.rules import ENOUGH, PREVIOUS, Rule, rows_where, suite

SUBJECTS = {  # where a list's subjects must be found
    "customer": ("customer_labels", "customer_id"),
    "prospect": ("prospects", "prospect_id"),
    "corporate": ("corporates", "corporate_id"),
}
LARGEST_SHARE = 0.5  # a list with more of all customers on it is a broken label
UNEXPLAINED = 0.05  # of the candidates may lack a reason, or the values that success is measured from
MOVES = 3.0  # times as many as the run before, or a third of them


def suite_of(entry: Entry) -> Any:
    """The ExpectationSuite of a list."""
    return suite(f"candidates.{entry.code}", rules(entry))


def rules(entry: Entry) -> list[Rule]:
    """Every rule of a list. The aggregates stand on its rows of list_members, beside `subjects.known_id`."""
    table, _ = SUBJECTS[entry.meta["subject"]]
    owner = f"owner of list_{entry.code} ({entry.meta['owner']})"
    entering = rows_where("members.is_entry")
    everyone = f"(select case when count(*) >= {ENOUGH} then count(*) end from {table})"
    found = [
        Rule("too_many_subjects", f"at most {LARGEST_SHARE:.0%} of {table} are candidates", owner,
             entering, everyone, at_most=LARGEST_SHARE, severity="critical"),
        Rule("unknown_subject", f"every subject is in {table}", owner, rows_where("subjects.known_id is null"),
             severity="critical"),
        Rule("duplicate_subject", "no subject is on the list twice", owner,
             "count(*) - count(distinct members.subject_id)", severity="critical"),
        Rule("score_out_of_range", "every score is from 0 to 100", owner,
             rows_where("members.score is null or members.score not between 0 and 100"), severity="critical"),
        Rule("stake_negative", "no stake is negative", owner, rows_where("members.stake_amount < 0"),
             severity="critical"),
        *barely(Rule("without_reason", "every candidate has a reason", owner,
                     rows_where("coalesce(members.rule_ids, '') = ''"))),
    ]  # fmt: skip
    if entry.meta.get("baseline"):
        # {"aum": "12.00", "tier": null} has a value; {"aum": null} has none to measure success from
        empty = rows_where("members.baseline is null or members.baseline not like '%\": \"%'")
        found += barely(
            Rule("without_baseline", "every candidate has a value that success is measured from", owner, empty)
        )
    return [
        *found,
        Rule("score_tells_nobody_apart", "the scores of a list differ", owner,
             f"case when count(*) >= {ENOUGH} and min(members.score) = max(members.score) then count(*) else 0 end"),
        Rule("keep_rule_too_loose", "at least half of those within the keep rule meet the entry rule", owner,
             f"case when count(*) >= {ENOUGH} then {rows_where('not members.is_entry')} else 0 end", at_most=0.5),
        Rule("unlike_previous_run", f"the list is not {MOVES:.0f} times as long as in the run before, nor a third",
             owner, entering, PREVIOUS, at_most=MOVES, at_least=1 / MOVES),
    ]  # fmt: skip


def barely(rule: Rule) -> list[Rule]:
    """One candidate warns; more than one in twenty withhold the list."""
    says = f"{rule.says}; not more than {UNEXPLAINED:.0%} lack it"
    return [rule, replace(rule, name=f"{rule.name}_often", says=says, at_most=UNEXPLAINED, severity="critical")]


def statement(subject: str, lists: Sequence[str], columns: str) -> str:
    """SQL: one row of aggregates for each of the lists of one kind of subject that has any candidate."""
    table, key = SUBJECTS[subject]
    names = ", ".join(f"'{each}'" for each in lists)
    return (
        f"select members.list, {columns} from list_members as members "
        f"left join (select {key} as known_id from {table}) as subjects on members.subject_id = subjects.known_id "
        f"where members.list in ({names}) group by members.list order by members.list"
    )
