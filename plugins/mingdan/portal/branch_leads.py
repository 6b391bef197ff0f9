"""A branch's leads as one person sees them today: theirs, without who refused, with what was reported since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from fastapi import HTTPException, Request

from mingdan.portal import outcomes, team, walk_ins
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit

UNNAMED = ("refused", "do_not_contact", "deceased")  # gone for a reason for which nobody is named any more
OPEN_FIRST = {"overdue": 0, "due": 1, "to_do": 2, "waiting": 3, "closed": 4}


@dataclass(frozen=True)
class Live:
    """A lead's row with what is known by now. when: overdue or due (a follow-up), to_do, waiting (for a later day, or
    tried today) or closed. holder: whose it is; owner: who works it today, another where the holder is absent."""

    row: Mapping[str, Any]
    state: str
    when: str
    next_on: date | None
    last: sa.Row | None
    owner_id: str | None
    owner_name: str | None
    holder_id: str | None
    holder_name: str | None
    turn: int = 0  # how often it was given to somebody here

    @property
    def is_returned(self) -> bool:
        """Sent back to head office: no longer the branch's to work."""
        return self.last is not None and self.last.origin == "desk"

    @property
    def told(self) -> dict[str, Any]:
        """The row as files show it now."""
        return {**self.row, "owner_id": self.owner_id, "owner_name": self.owner_name}


def chosen_branch(request: Request, visit: Visit, asked: str | None) -> str:
    """The branch to show: one's own, or of several the one asked for. Another's does not exist: 404, logged."""
    if not visit.branches:
        raise HTTPException(404)
    if not asked:
        own = visit.person.branch_id
        return own if own in visit.branches else min(visit.branches)
    if asked not in visit.branches:
        request.app.state.audit.write(visit, "refused", branch=asked[:40], path=request.url.path)
        raise HTTPException(404)
    return asked


def chosen_edition(request: Request, asked: str | None) -> Edition:
    """The list date asked for (default: the newest); 404 where none is published."""
    try:
        found = request.app.state.editions.on(date.fromisoformat(asked) if asked else None)
    except ValueError:
        found = None
    if found is None:
        raise HTTPException(404)
    return found


def refusing(request: Request, connection: sa.Connection, subject_ids: Iterable[str]) -> set[str]:
    """Who of these shall not be contacted, by the newest edition whichever is looked at."""
    return outcomes.refused(connection, chosen_edition(request, None), subject_ids)


def is_theirs(visit: Visit, row: Mapping[str, Any], owner_id: str | None) -> bool:
    """Recovery is the collectors' and the branch manager's; a relationship manager sees their own and the queue."""
    roles = visit.person.roles
    if "branch_manager" in roles or "region" in roles:
        return True
    if row["purpose"] == "recovery":
        return "collection" in roles
    if roles & {"branch_staff", "lobby", "head_office"}:
        return True
    return "rm" in roles and owner_id in (None, visit.person.employee_id)


def live_leads(request: Request, visit: Visit, edition: Edition, branch: str) -> list[Live]:
    """The leads of the branch that this person may see, in the order to work them."""
    with request.app.state.engine.connect() as connection:
        rows = [*walk_ins.rows_of(connection, edition, branch), *edition.of_branch(branch)]
        last = outcomes.newest(connection, [row["lead_id"] for row in rows])
        refused = refusing(request, connection, [row["customer_id"] for row in rows])
        given = team.assigned(connection, [row["lead_id"] for row in rows])
        today = request.app.state.now().date()
        members = team.of_branch(connection, edition, branch, today)
    found = [
        living(row, last.get(row["lead_id"]), given.get(row["lead_id"]), members, today)
        for row in rows
        if row["customer_id"] not in refused
    ]
    return sorted(
        (lead for lead in found if is_theirs(visit, lead.row, lead.owner_id)),
        key=lambda lead: (OPEN_FIRST[lead.when], lead.next_on or date.max, lead.row["rank"], lead.row["lead_id"]),
    )


def living(
    row: Mapping[str, Any], last: sa.Row | None, given: sa.Row | None, members: Mapping[str, team.Member], today: date
) -> Live:
    """What is known of the lead by now: an outcome told here goes before the state it was published with."""
    state = outcomes.STATE_AFTER[last.outcome] if last else row["state"] or "open"
    next_on = last.call_again_on if last else row["next_contact_on"] if state == "follow_up" else None
    if state in outcomes.ENDS:
        when = "closed"
    elif state == "follow_up" and next_on is not None:
        when = "overdue" if next_on < today else "due" if next_on == today else "waiting"
    elif last is not None and last.contacted_at.date() >= today:
        when = "waiting"
    else:
        when = "to_do"
    holder_id, holder_name = row["owner_id"], row["owner_name"]
    if given is not None and given.branch_id == row["branch_id"]:
        holder_id, holder_name = given.employee_id, given.employee_name
    owner_id, owner_name = team.standing_in(holder_id, members, today), holder_name
    if owner_id != holder_id:
        owner_name = members[owner_id].name if owner_id and owner_id in members else owner_id
    turn = given.turn if given else 0
    return Live(row, state, when, next_on, last, owner_id, owner_name, holder_id, holder_name, turn)


def one_lead(request: Request, visit: Visit, lead_id: str, asked: str | None = None) -> tuple[Edition, Live]:
    """A lead by its id, for someone who may see it. Any other id, whatever its reason, is the same 404, logged."""
    edition = chosen_edition(request, asked)
    row = edition.lead(lead_id)
    if row is None:
        with request.app.state.engine.connect() as connection:
            row = walk_ins.row_of(connection, edition, lead_id)
    for lead in seen(request, visit, edition, [row] if row is not None else []):
        return edition, lead
    request.app.state.audit.write(visit, "refused", lead_id=lead_id[:40])
    raise HTTPException(404)


def seen(request: Request, visit: Visit, edition: Edition, rows: list[dict[str, Any]]) -> list[Live]:
    """Of a few rows those that this person may see, as they are now."""
    rows = [row for row in rows if row["branch_id"] in visit.branches]
    today, found = request.app.state.now().date(), []
    with request.app.state.engine.connect() as connection:
        refused = refusing(request, connection, [row["customer_id"] for row in rows])
        last = outcomes.newest(connection, [row["lead_id"] for row in rows])
        given = team.assigned(connection, [row["lead_id"] for row in rows])
        for row in rows:
            members = team.of_branch(connection, edition, row["branch_id"], today)
            lead = living(row, last.get(row["lead_id"]), given.get(row["lead_id"]), members, today)
            if row["customer_id"] not in refused and is_theirs(visit, row, lead.owner_id):
                found.append(lead)
    return found


def of_customer(request: Request, visit: Visit, edition: Edition, customer_id: str) -> list[Live]:
    """The customer's leads at this person's branches that the person may see."""
    rows = edition.of_customer(customer_id)
    with request.app.state.engine.connect() as connection:
        made = [row for branch in visit.branches for row in walk_ins.rows_of(connection, edition, branch)]
    return seen(request, visit, edition, [*(row for row in made if row["customer_id"] == customer_id), *rows])


def may_know_of(visit: Visit, edition: Edition, code: str) -> bool:
    """Whether the person may know that somebody is on this list: who owes is the collectors' and the manager's."""
    purpose = edition.day["lists"].get(code, {}).get("purpose")
    return purpose != "recovery" or bool(visit.person.roles & {"branch_manager", "region", "collection"})


def changes(request: Request, visit: Visit, edition: Edition, branch: str, leads: list[Live]) -> list[dict[str, Any]]:
    """What changed since the list date before, as far as this person may see it: of the leads there are, those they
    see; of those that are gone, what was theirs, without who has refused since."""
    seen = {lead.row["lead_id"] for lead in leads}
    rows = [row for row in edition.changes(branch) if row["change"] == "gone" or row["lead_id"] in seen]
    gone = [row for row in rows if row["change"] == "gone"]
    before = None
    if gone and "rm" in visit.person.roles:  # for whom alone it matters whose a lead was
        earlier = [day for day in request.app.state.editions.dates() if day < edition.list_date]
        before = request.app.state.editions.on(max(earlier)) if earlier else None
    with request.app.state.engine.connect() as connection:
        refused = refusing(request, connection, [row["customer_id"] for row in rows if row["customer_id"]])
        given = team.assigned(connection, [row["lead_id"] for row in gone])
    for row in gone:
        former = (before.lead(row["lead_id"]) if before else None) or {}
        claim = given.get(row["lead_id"])
        row["owner_id"] = claim.employee_id if claim else former.get("owner_id", "")
        row["purpose"] = edition.day["lists"].get(row["list"], {}).get("purpose")
        row["name"] = None if row["why"] in UNNAMED else row["name"]
    return [
        row for row in rows
        if row["customer_id"] not in refused and (row["change"] != "gone" or is_theirs(visit, row, row["owner_id"]))
    ]  # fmt: skip
