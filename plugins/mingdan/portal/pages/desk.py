"""队伍 Desk: the branch's people today, whose leads are whose; reassign, absences, capacity, back to head office.

What is set here holds at once in every view and download. Only a return goes back to the bank's engine, as the outcome
"not my customer" that it is: whose lead it is within the branch stays the portal's business."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from mingdan.branch_rows import CHANNELS, mask_name
from mingdan.portal import branch_leads, outcomes, team
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render, root
from mingdan.portal.branch_leads import Live
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit
from mingdan.portal.store import absences, assignments, capacities
from mingdan.portal.store import outcomes as told

router = APIRouter(default_response_class=Response)
QUEUE = "-"
AT_ONCE = 200  # leads on one page, and given in one go
MOST_CAPACITY = 200
LONGEST_ABSENCE = timedelta(days=366)
HISTORY = 30
REASONS = {
    "elsewhere": ("客户归属其他网点", "belongs to another branch"),
    "moved": ("客户已迁离本地", "has moved away"),
    "wrong": ("客户情况与名单不符", "what the list says is not so"),
    "unserved": ("本网点无法提供该服务", "this branch cannot serve it"),
}
SAID = {
    "assigned": ("已改派，即刻生效。", "Reassigned; it holds from now on."),
    "returned": ("已退回总行。", "Returned to head office."),
    "absence": ("缺勤已登记，即刻生效。", "Absence kept; it holds from now on."),
    "capacity": ("今日可联系数已登记。", "Today's capacity kept."),
}


@router.get("/desk")
def desk_page(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    owner: Annotated[str | None, Query(max_length=60)] = None,
    said: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    return shown(request, visit, owner, said=SAID.get(said or ""))


def shown(
    request: Request, visit: Visit, owner: str | None, status: int = 200, fault: tuple[str, str] | None = None,
    said: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    today = request.app.state.now().date()
    leads = [lead for lead in branch_leads.live_leads(request, visit, edition, branch) if lead.when != "closed"]
    with request.app.state.engine.connect() as connection:
        members = team.of_branch(connection, edition, branch, today)
        past = history(connection, branch)
    loads = Counter(lead.owner_id for lead in leads if lead.when != "waiting")
    due = Counter(lead.owner_id for lead in leads if lead.when in ("overdue", "due"))
    names: dict[str, str | None] = {each.employee_id: each.name for each in members.values()}
    names |= {lead.owner_id: lead.owner_name for lead in leads if lead.owner_id and lead.owner_id not in names}
    mine = [lead for lead in leads if (lead.owner_id or QUEUE) == owner][:AT_ONCE] if owner else []
    request.app.state.audit.write(visit, "desk", branch=branch, owner=owner, leads=len(mine))
    language = language_of(request)
    return render(
        request, "desk.html", status, edition=edition, branch=branch, members=members, loads=loads, due=due,
        others=sorted(each for each in loads if each and each not in members), names=names, owner=owner,
        leads=list(zip(mine, edition.shown([lead.told for lead in mine], language), strict=True)),
        beyond=beyond(mine, members.get(owner or "")), past=[in_words(edition, row, names) for row in past],
        today=today, posts=team.POSTS, reasons=REASONS, queue=QUEUE, fault=fault, said=said,
        titles={code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry},
    )  # fmt: skip


def beyond(leads: list[Live], member: team.Member | None) -> set[str]:
    """The leads that the manager cannot get to today, in the order to work them."""
    if member is None or member.capacity is None:
        return set()
    return {lead.row["lead_id"] for lead in [each for each in leads if each.when != "waiting"][member.capacity :]}


def history(connection: sa.Connection, branch: str) -> list[dict[str, Any]]:
    """The branch's newest reassignments, claims and returns."""
    given = connection.execute(
        sa.select(assignments).where(assignments.c.branch_id == branch)
        .order_by(assignments.c.made_at.desc(), assignments.c.lead_id).limit(HISTORY)
    )  # fmt: skip
    returned = connection.execute(
        sa.select(told).where(told.c.branch_id == branch, told.c.origin == "desk")
        .order_by(told.c.recorded_at.desc(), told.c.contact_id).limit(HISTORY)
    )  # fmt: skip
    rows = [row._asdict() for row in given]
    rows += [
        {"made_at": row.recorded_at, "lead_id": row.lead_id, "kind": "returned", "former_id": None,
         "employee_id": None, "employee_name": None, "actor": row.actor, "note": row.note} for row in returned
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["made_at"], reverse=True)[:HISTORY]


def in_words(edition: Edition, row: dict[str, Any], names: dict[str, str | None]) -> dict[str, Any]:
    lead = edition.lead(row["lead_id"]) or {}
    return {
        "note": "", **row, "list": lead.get("list"), "customer": mask_name(lead.get("name")),
        "former": names.get(row["former_id"], row["former_id"]),
    }  # fmt: skip


def chosen(request: Request, visit: Visit, lead_ids: list[str]) -> tuple[Edition, str, list[Live]]:
    """The branch's open leads that are meant; 404, logged, when one of them is none."""
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    known = {lead.row["lead_id"]: lead for lead in branch_leads.live_leads(request, visit, edition, branch)}
    wanted = list(dict.fromkeys(lead_ids))
    strangers = [each for each in wanted if each not in known]
    if strangers:
        request.app.state.audit.write(visit, "refused", lead_id=strangers[0][:40], room="desk")
        raise HTTPException(404)
    return edition, branch, [known[each] for each in wanted if known[each].when != "closed"]


def back(request: Request, said: str, owner: str | None) -> Response:
    asked = {"said": said} | ({"owner": owner} if owner else {})
    return RedirectResponse(f"{root(request)}/desk?{urlencode(asked)}", 303)


@router.post("/desk/assign")
def assign(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    to: Annotated[str, Form(max_length=60)],
    lead: Annotated[list[str] | None, Form(max_length=AT_ONCE)] = None,
    owner: Annotated[str | None, Form(max_length=60)] = None,
) -> Response:
    """Give leads to another manager of the branch, or to its queue."""
    edition, branch, leads = chosen(request, visit, lead or [])
    now: datetime = request.app.state.now()
    with request.app.state.engine.connect() as connection:
        members = team.of_branch(connection, edition, branch, now.date())
    member = members.get(to)
    fault = None if leads else ("请勾选要改派的线索。", "Tick the leads to reassign.")
    if member is None and to != QUEUE:
        request.app.state.audit.write(visit, "refused", employee_id=to, room="desk")
        raise HTTPException(404)
    if member and member.is_absent(now.date()):
        fault = ("该客户经理今日缺勤，请改派给在岗人员。", "This manager is absent today; choose one who is there.")
    elif any(each.row["purpose"] == "recovery" for each in leads) and member and member.post != "collection":
        fault = ("清收线索只能派给清收人员。", "Recovery leads go to collectors only.")
    if fault:
        return shown(request, visit, owner, 422, fault)
    target = (member.employee_id, member.name) if member else (None, None)
    moved = [each for each in leads if each.holder_id != target[0]]
    try:
        with request.app.state.engine.begin() as connection:
            for each in moved:
                team.assign(connection, visit, each.row, each.holder_id, target, "reassigned", now)
            request.app.state.audit.add(
                connection, visit, "reassigned", to=target[0], lead_ids=[each.row["lead_id"] for each in moved]
            )
    except sa.exc.IntegrityError:
        fault = ("其中有线索刚被认领或改派，请重新选择。", "One of these was just given to somebody; choose again.")
        return shown(request, visit, owner, 409, fault)
    return back(request, "assigned", owner)


@router.post("/desk/return")
def give_back(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    reason: Annotated[str, Form(max_length=20)],
    lead: Annotated[list[str] | None, Form(max_length=AT_ONCE)] = None,
    note: Annotated[str, Form(max_length=200)] = "",
    owner: Annotated[str | None, Form(max_length=60)] = None,
) -> Response:
    """Send leads back to head office: each is told as "not my customer", with the reason."""
    _, _, leads = chosen(request, visit, lead or [])
    if reason not in REASONS or not leads:
        fault = ("请勾选线索并选择退回原因。", "Tick leads and choose why they are returned.")
        return shown(request, visit, owner, 422, fault)
    now: datetime = request.app.state.now()
    words = "；".join(part for part in (REASONS[reason][0], note.strip()) if part)
    with request.app.state.engine.begin() as connection:
        for each in leads:
            channel = each.row["channel"] if each.row["channel"] in CHANNELS else "lobby"
            said = outcomes.Said("not_my_customer", channel, now, note=words)
            kept = outcomes.write(connection, each.row, said, visit.person.user_id, now, "desk")
            request.app.state.audit.add(
                connection, visit, "returned", lead_id=each.row["lead_id"], contact_id=kept, reason=reason
            )
    return back(request, "returned", owner)


def member_of(request: Request, visit: Visit, employee_id: str) -> tuple[str, dict[str, team.Member]]:
    """The branch and its managers, of whom this is one; else 404, logged."""
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    with request.app.state.engine.connect() as connection:
        members = team.of_branch(connection, edition, branch, request.app.state.now().date())
    if employee_id not in members:
        request.app.state.audit.write(visit, "refused", employee_id=employee_id, room="desk")
        raise HTTPException(404)
    return branch, members


@router.post("/desk/absence")
def set_absence(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    employee_id: Annotated[str, Form(max_length=60)],
    absent_from: Annotated[str, Form(max_length=10)] = "",
    absent_until: Annotated[str, Form(max_length=10)] = "",
    substitute_id: Annotated[str, Form(max_length=60)] = "",
    present: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """Somebody is away from one day until another, with who stands in; or is there after all."""
    branch, members = member_of(request, visit, employee_id)
    now: datetime = request.app.state.now()
    since, until, substitute = None, None, None
    if not present:
        try:
            since = date.fromisoformat(absent_from)
            until = date.fromisoformat(absent_until) if absent_until else since
        except ValueError:
            fault = ("缺勤日期：请按 2026-07-03 填写。", "Absence: expected days such as 2026-07-03.")
            return shown(request, visit, None, 422, fault)
        substitute = substitute_id or None
        other = members.get(substitute) if substitute else None
        if not since <= until or until < now.date() or until - since > LONGEST_ABSENCE:
            fault = ("缺勤结束不能早于开始和今日，且不超过一年。",
                     "Absence: expected an end not before its begin and today, within a year.")  # fmt: skip
            return shown(request, visit, None, 422, fault)
        if substitute and (other is None or substitute == employee_id or is_away(other, since, until)):
            fault = ("代班人须为本网点其他在岗客户经理。",
                     "Substitute: expected another manager of this branch who is there then.")  # fmt: skip
            return shown(request, visit, None, 422, fault)
    return keep(
        request, visit, absences, {"employee_id": employee_id}, "absence", branch_id=branch, absent_from=since,
        absent_until=until, substitute_id=substitute,
    )  # fmt: skip


def is_away(member: team.Member, since: date, until: date) -> bool:
    return member.absent_from is not None and member.absent_from <= until and (member.absent_until or until) >= since


@router.post("/desk/capacity")
def set_capacity(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    employee_id: Annotated[str, Form(max_length=60)],
    capacity: Annotated[int, Form(ge=0, le=MOST_CAPACITY)],
) -> Response:
    """How many customers somebody can contact today."""
    branch, _ = member_of(request, visit, employee_id)
    key = {"employee_id": employee_id, "day": request.app.state.now().date()}
    return keep(request, visit, capacities, key, "capacity", branch_id=branch, capacity=capacity)


def keep(request: Request, visit: Visit, table: sa.Table, key: dict[str, Any], what: str, **values: Any) -> Response:
    state = request.app.state
    try:
        with state.engine.begin() as connection:
            team.add(connection, table, key, **values, actor=visit.person.user_id, made_at=state.now())
            state.audit.add(connection, visit, what, **key, **values)
    except sa.exc.IntegrityError:
        fault = ("刚有人做了同样的登记，请查看后再试。", "Somebody set this just now; look and try again.")
        return shown(request, visit, None, 409, fault)
    return back(request, what, None)
