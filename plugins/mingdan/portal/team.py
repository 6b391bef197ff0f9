"""A branch's people on a day: published managers, with what the branch manager has set here since.

A lead given to somebody stays theirs while it is open at this branch, whatever later revisions say. An absent manager's
leads are the substitute's for as long as the absence lasts, or the queue's where nobody stands in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit
from mingdan.portal.store import absences, assignments, capacities

# The contract's roles of managers.
POSTS = {
    "wealth": ("理财经理", "wealth"), "credit": ("信贷客户经理", "credit"), "merchant": ("商户经理", "merchants"),
    "lobby": ("大堂经理", "lobby"), "corporate": ("对公客户经理", "corporate"),
    "collection": ("清收人员", "collection"),
    "teller": ("柜员", "teller"),
}  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One manager of the branch today. capacity: contacts they can make; None where nobody has said."""

    employee_id: str
    name: str
    post: str | None
    capacity: int | None
    absent_from: date | None = None
    absent_until: date | None = None
    substitute_id: str | None = None
    set_here: bool = False

    def is_absent(self, day: date) -> bool:
        """An absence whose end is not known goes on."""
        return self.absent_from is not None and self.absent_from <= day <= (self.absent_until or day)


def of_branch(connection: sa.Connection, edition: Edition, branch: str, today: date) -> dict[str, Member]:
    """The branch's managers by number."""
    said = {row.employee_id: row for row in newest(connection, absences, absences.c.branch_id == branch)}
    able = {
        row.employee_id: row.capacity
        for row in newest(connection, capacities, capacities.c.branch_id == branch, capacities.c.day == today)
    }
    found = {}
    for row in edition.managers.get(branch, ()):
        number = row["manager_id"]
        set_ = said.get(number)
        away = set_._mapping if set_ else row
        found[number] = Member(
            number, row["manager_name"], row["role"], able.get(number, row["daily_capacity"]), away["absent_from"],
            away["absent_until"], away["substitute_id"], bool(set_) or number in able,
        )  # fmt: skip
    return found


def newest(connection: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[sa.Row]:
    """The newest turn of each key among the rows that are meant."""
    keys = [column for column in table.primary_key.columns if column.name != "turn"]
    last = sa.select(*keys, sa.func.max(table.c.turn).label("turn")).where(*where).group_by(*keys).subquery()
    on = [table.c[column.name] == last.c[column.name] for column in (*keys, table.c.turn)]
    return list(connection.execute(sa.select(table).join(last, sa.and_(*on))))


def add(connection: sa.Connection, table: sa.Table, key: Mapping[str, Any], **values: Any) -> None:
    """One more row, in the key's next turn. Raises sqlalchemy's IntegrityError where somebody did so just now."""
    same = [table.c[name] == value for name, value in key.items()]
    turn = connection.execute(sa.select(sa.func.max(table.c.turn)).where(*same)).scalar() or 0
    connection.execute(table.insert().values(**key, turn=turn + 1, **values))


def assigned(connection: sa.Connection, lead_ids: Collection[str]) -> dict[str, sa.Row]:
    """lead → to whom it was given last, of those leads that were given to somebody here."""
    found: dict[str, sa.Row] = {}
    ids = sorted(lead_ids)
    for at in range(0, len(ids), 500):
        rows = connection.execute(
            sa.select(assignments).where(assignments.c.lead_id.in_(ids[at : at + 500])).order_by(assignments.c.turn)
        )
        found |= {row.lead_id: row for row in rows}
    return found


def assign(
    connection: sa.Connection, visit: Visit, row: Mapping[str, Any], former: str | None,
    to: tuple[str | None, str | None], kind: str, now: datetime,
) -> None:  # fmt: skip
    """Give a lead to somebody, or to the queue (None, None)."""
    add(
        connection, assignments, {"lead_id": row["lead_id"]}, branch_id=row["branch_id"], kind=kind,
        employee_id=to[0], employee_name=to[1], former_id=former, actor=visit.person.user_id, made_at=now,
    )  # fmt: skip


def standing_in(owner_id: str | None, members: Mapping[str, Member], today: date) -> str | None:
    """Who works the owner's leads today: the owner, else who stands in for them, else nobody."""
    seen: set[str] = set()
    while owner_id is not None and owner_id in members and members[owner_id].is_absent(today):
        seen.add(owner_id)
        owner_id = members[owner_id].substitute_id
        if owner_id in seen:
            return None
    return owner_id
