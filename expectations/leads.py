"""What must hold of the leads before any branch sees them. Every rule is critical: a failure is ours, not a list's.

The leads are a frame of their own, bounded by the branches' capacity, without names or numbers of people. That they
agree with the decisions and the waterfall is counted in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mingdan.catalog import PURPOSES

from expectations.rules import Rule, great_expectations, suite, told

WHO = "maintainers of mingdan (dbt_project/models/delivery)"
NEVER_NULL = ("lead_id", "subject_id", "list", "branch_id", "rank", "score", "purpose", "channel", "first_listed_on",
              "list_date")  # fmt: skip

# What cannot be looked up counts against the lead. `place` is where it stands in its branch, or channel, by its rank.
FRAME = """
select
    leads.lead_id,
    leads.subject_id,
    leads.list,
    leads.branch_id,
    leads.rank,
    row_number() over (
        partition by coalesce(leads.central_channel, leads.branch_id), leads.central_channel is null
        order by leads.rank nulls last, leads.lead_id
    ) as place,
    branches.branch_id is not null or leads.central_channel is not null as has_branch,
    case when leads.central_channel is null then coalesce(branches.capacity, 0) {central_capacity}
        else 0 end as capacity,
    leads.score,
    leads.purpose,
    leads.channel,
    leads.first_listed_on,
    leads.list_date,
    coalesce(leads.purpose in ('service', 'recovery') or labels.has_marketing_consent, false) as has_consent,
    coalesce(leads.purpose in ('service', 'recovery') or not labels.is_profiling_refused, false) as may_be_profiled,
    coalesce(labels.is_staff, true) as is_staff,
    coalesce(labels.is_deceased, true) as is_deceased,
    coalesce(labels.is_do_not_contact, true) as is_do_not_contact
from leads
left join branch_capacity as branches on leads.branch_id = branches.branch_id
left join subjects as labels on leads.subject_id = labels.subject_id
"""


def frame_sql(central: Mapping[str, Mapping[str, Any]]) -> str:
    """SQL: the frame; `central` are the settings of the central channels, each with its capacity."""
    rooms = (f"when leads.central_channel = '{channel}' then {rule['capacity']}" for channel, rule in central.items())
    return FRAME.format(central_capacity=" ".join(rooms))


def suite_of(lists: Sequence[str], list_date: date) -> Any:
    """The ExpectationSuite of the leads' frame; `lists` are those that may go out."""
    gx = great_expectations()
    is_ = gx.expectations

    def rule(kind: Any, name: str, says: str, **arguments: Any) -> Any:
        return kind(severity="critical", meta=told(name, says, WHO), **arguments)

    def flag(column: str, wanted: bool, name: str, says: str) -> Any:
        return rule(is_.ExpectColumnValuesToBeInSet, name, says, column=column, value_set=[wanted])

    expectations = [
        *(rule(is_.ExpectColumnValuesToNotBeNull, f"{each}_missing", f"every lead has its {each}", column=each)
          for each in NEVER_NULL),
        rule(is_.ExpectColumnValuesToBeUnique, "lead_id_twice", "a lead is there once", column="lead_id"),
        rule(is_.ExpectColumnValuesToMatchRegex, "lead_id_odd", "lead_id is L and 20 hexadecimal digits",
             column="lead_id", regex="^L[0-9a-f]{20}$"),
        rule(is_.ExpectColumnValuesToBeUnique, "subject_twice", "nobody has two leads a day", column="subject_id"),
        rule(is_.ExpectColumnValuesToBeInSet, "list_unknown", "the list is on and not withheld",
             column="list", value_set=list(lists)),
        rule(is_.ExpectColumnValuesToBeInSet, "purpose_unknown", f"the purpose is one of {', '.join(PURPOSES)}",
             column="purpose", value_set=list(PURPOSES)),
        flag("has_branch", True, "branch_not_at_work", "the branch is open on the list date"),
        rule(is_.ExpectColumnPairValuesToBeEqual, "rank_with_gaps", "leads of a branch or channel are ranked 1 to n",
             column_A="rank", column_B="place"),
        rule(is_.ExpectColumnPairValuesAToBeGreaterThanB, "above_capacity", "no branch nor channel is above capacity",
             column_A="capacity", column_B="place", or_equal=True),
        rule(is_.ExpectColumnValuesToBeBetween, "score_out_of_range", "the score is from 0 to 100",
             column="score", min_value=0, max_value=100),
        rule(is_.ExpectColumnValuesToBeBetween, "first_listed_later", "first_listed_on is not after the list date",
             column="first_listed_on", max_value=list_date),
        rule(is_.ExpectColumnValuesToBeInSet, "other_list_date", "the lead is of this list date",
             column="list_date", value_set=[list_date]),
        flag("has_consent", True, "without_consent", "marketing leads have consent"),
        flag("may_be_profiled", True, "profiling_refused", "nobody on a marketing list refused profiling"),
        flag("is_staff", False, "staff", "no lead is staff"),
        flag("is_deceased", False, "deceased", "no lead has died"),
        flag("is_do_not_contact", False, "do_not_contact", "no lead wants no contact"),
    ]  # fmt: skip
    return gx.ExpectationSuite(name="leads", expectations=expectations)


def balance_rules() -> list[Rule]:
    """The rules that leads, decisions and waterfall agree. The aggregates stand on a single row."""

    def rule(name: str, says: str, count: str, of: str) -> Rule:
        return Rule(name, says, WHO, f"({count})", f"({of})", severity="critical")

    listed = (
        "select *, coalesce(branch_rank, central_rank) as place from decisions "
        "where state = 'listed' or (state = 'central_channel' and central_rank is not null)"
    )
    same = (
        "leads.lead_id = listed.lead_id and leads.list = listed.list and leads.subject_id = listed.subject_id "
        "and leads.branch_id = listed.branch_id and leads.rank = listed.place "
        "and leads.central_channel is not distinct from listed.central_channel"
    )
    all_leads, all_listed = "select count(*) from leads", f"select count(*) from ({listed}) as listed"
    per_branch = (
        "select list, home_branch_id, sum(customer_count) as customer_count from waterfall "
        "where subject_type = 'customer' group by all"
    )
    customers = "select home_branch_id, count(*) as customer_count from customer_labels group by home_branch_id"
    lists = "select list from list_rules where subject_type = 'customer' union all select '*' as list"
    expected = (
        f"select list, home_branch_id, customer_count from ({lists}) as lists cross join ({customers}) as customers"
    )
    return [
        rule("lead_without_decision", "every lead is decided, for the same branch, channel and rank",
             f"select count(*) from leads anti join ({listed}) as listed on {same}", all_leads),
        rule("decision_without_lead", "who is listed or handed over has a lead, of the same rank",
             f"select count(*) from ({listed}) as listed anti join leads on {same}", all_listed),
        rule("control_group_shown", "nobody of the control group is shown",
             f"select count(*) from ({listed}) as listed where coalesce(is_ghost, true)", all_listed),
        rule("waterfall_unbalanced", "per list and branch the waterfall adds up to all customers",
             f"select count(*) from ({expected}) as expected full outer join ({per_branch}) as counted "
             "on expected.list = counted.list and expected.home_branch_id is not distinct from counted.home_branch_id "
             "where expected.customer_count is distinct from counted.customer_count",
             f"select count(*) from ({expected}) as expected"),
        rule("waterfall_negative", "no count of the waterfall is negative",
             "select count(*) from waterfall where customer_count < 0", "select count(*) from waterfall"),
    ]  # fmt: skip


def balance_suite() -> Any:
    """The ExpectationSuite of the agreement between leads, decisions and waterfall."""
    return suite("leads.balance", balance_rules())
