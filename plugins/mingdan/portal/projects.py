"""业绩项目 Projects: a group of customers, a measurable goal, a team, a period; progress from what was reported.

The group is the segment as it was on the day the project began, so that who leaves it by success still counts. A lead
counts once per indicator, for the member who reported it first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from mingdan.portal.editions import Edition
from mingdan.portal.people import Person
from mingdan.portal.store import outcomes, project_customers, project_indicators, project_members, projects

INDICATORS = {
    "contacted": ("已联系（条）", "contacted"), "reached": ("已接触（条）", "reached"), "won": ("已成交（条）", "won"),
    "amount": ("办理金额（元）", "amount"),
}  # fmt: skip
POINT_AMOUNT = 10_000  # of the indicator amount, points are given for each so much


@dataclass(frozen=True)
class Progress:
    """values: indicator → so far; by member likewise, with points. time_rate: how much of the period is behind."""

    values: Mapping[str, Decimal]
    rates: Mapping[str, Decimal]
    members: list[dict[str, Any]]
    time_rate: Decimal
    customers: int


@dataclass
class Project:
    row: sa.Row
    indicators: dict[str, sa.Row] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)

    def is_over(self, today: date) -> bool:
        return self.row.closed_at is not None or self.row.ends_on < today


def of_branch(connection: sa.Connection, branch: str) -> list[Project]:
    """The branch's projects, the newest first."""
    rows = connection.execute(
        sa.select(projects).where(projects.c.branch_id == branch)
        .order_by(projects.c.closed_at.is_not(None), projects.c.ends_on.desc(), projects.c.project_id)
    )  # fmt: skip
    found = {row.project_id: Project(row) for row in rows}
    rows = connection.execute(sa.select(project_indicators).where(project_indicators.c.project_id.in_(found)))
    for row in sorted(rows, key=lambda row: list(INDICATORS).index(row.indicator)):
        found[row.project_id].indicators[row.indicator] = row
    members = sa.select(project_members).where(project_members.c.project_id.in_(found))
    for row in connection.execute(members.order_by(project_members.c.employee_id)):
        found[row.project_id].members[row.employee_id] = row.employee_name
    return list(found.values())


def progress(
    connection: sa.Connection, project: Project, people: Callable[[], Mapping[str, Person]], today: date
) -> Progress:
    """What the team has reported of the project's customers within its period."""
    row, known = project.row, people()
    told = connection.execute(
        sa.select(outcomes.c.lead_id, outcomes.c.outcome, outcomes.c.amount, outcomes.c.actor)
        .join(project_customers, project_customers.c.customer_id == outcomes.c.subject_id)
        .where(
            project_customers.c.project_id == row.project_id, outcomes.c.branch_id == row.branch_id,
            outcomes.c.origin != "desk", outcomes.c.contacted_at >= row.begins_on,
            outcomes.c.contacted_at < row.ends_on + timedelta(days=1),
        )
        .order_by(outcomes.c.recorded_at, outcomes.c.contact_id)
    )  # fmt: skip
    credited: dict[str, dict[str, str]] = {name: {} for name in ("contacted", "reached", "won")}
    amounts: dict[str, Decimal] = {}
    for each in told:
        person = known.get(each.actor)
        if person is None or person.employee_id not in project.members:
            continue
        credited["contacted"].setdefault(each.lead_id, person.employee_id)
        if each.outcome != "not_reached":
            credited["reached"].setdefault(each.lead_id, person.employee_id)
        if each.outcome == "done":
            credited["won"].setdefault(each.lead_id, person.employee_id)
            amounts[each.lead_id] = each.amount or amounts.get(each.lead_id, Decimal(0))
    members = []
    for number, name in project.members.items():
        own = {what: Decimal(sum(who == number for who in leads.values())) for what, leads in credited.items()}
        own["amount"] = sum((amounts[lead] for lead, who in credited["won"].items() if who == number), Decimal(0))
        points = sum(
            int(own[what] // POINT_AMOUNT if what == "amount" else own[what]) * indicator.points
            for what, indicator in project.indicators.items()
        )
        members.append({"employee_id": number, "name": name, "points": points, **own})
    values = {what: sum((each[what] for each in members), Decimal(0)) for what in INDICATORS}
    count = connection.execute(
        sa.select(sa.func.count()).where(project_customers.c.project_id == row.project_id)
    ).scalar_one()
    whole = (row.ends_on - row.begins_on).days + 1
    behind = min(whole, max(0, (today - row.begins_on).days + 1))
    return Progress(
        values,
        {what: values[what] / each.target for what, each in project.indicators.items()},
        sorted(members, key=lambda each: (-each["points"], each["employee_id"])),
        Decimal(behind) / whole,
        count,
    )


def own_customers(edition: Edition, branch: str) -> list[str]:
    sql = "select customer_id from file where home_branch_id = ? order by customer_id"
    return [row["customer_id"] for row in edition.query("portal/customers.parquet", sql, branch)]


def segments(edition: Edition, branch: str) -> dict[str, int]:
    """The segments of the branch's customers, with how many each has."""
    rows = edition.query(
        "portal/customer_segments.parquet",
        "select segment, cast(count(*) as integer) as n from file where customer_id in (select unnest(?::varchar[])) "
        "group by segment order by segment",
        own_customers(edition, branch),
    )
    return {row["segment"]: row["n"] for row in rows}


def customers_of(edition: Edition, branch: str, segment: str) -> list[str]:
    rows = edition.query(
        "portal/customer_segments.parquet",
        "select distinct customer_id from file where segment = ? and customer_id in (select unnest(?::varchar[])) "
        "order by customer_id",
        segment, own_customers(edition, branch),
    )  # fmt: skip
    return [row["customer_id"] for row in rows]
