"""One lead: reasons and talk track in place, one click to report, claim, reveal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from mingdan.branch_rows import CHANNELS
from mingdan.portal import branch_leads, outcomes, team
from mingdan.portal.access import may, room
from mingdan.portal.app import language_of, render, root
from mingdan.portal.sessions import Visit
from mingdan.portal.store import outcomes as told

router = APIRouter(default_response_class=Response)


@router.get("/leads/{lead_id}")
def lead_page(
    request: Request, lead_id: str, visit: Annotated[Visit, Depends(room("today"))], date: str | None = None
) -> Response:
    edition, lead = branch_leads.one_lead(request, visit, lead_id, date)
    request.app.state.audit.write(visit, "lead_opened", lead_id=lead_id)
    return shown(request, visit, edition, lead)


def shown(
    request: Request, visit: Visit, edition: Any, lead: branch_leads.Live, status: int = 200, **more: Any
) -> HTMLResponse:
    """The lead's panel: within today's page where htmx asks, else as a page of its own."""
    language = language_of(request)
    row = dict(lead.row)
    people = request.app.state.people()
    with request.app.state.engine.connect() as connection:
        past = connection.execute(
            sa.select(told).where(told.c.lead_id == row["lead_id"]).order_by(told.c.recorded_at, told.c.contact_id)
        ).all()
    values = {
        "past": [(each, people[each.actor].name if each.actor in people else each.actor) for each in reversed(past)],
        "edition": edition, "lead": lead, "said": edition.shown([row], language)[0], "talk": edition.talk(row),
        "channels": CHANNELS, "may_reveal": may_reveal(visit, lead), "may_work": may(visit, "work"),
        "is_newest": edition.list_date == request.app.state.editions.dates()[0],
        "tomorrow": request.app.state.now().date() + timedelta(days=1),
        "alone": not request.headers.get("hx-request"),
        "faults": [], "other": None, "given": {}, "revealed": None, "saved": False, **more,
    }  # fmt: skip
    return render(request, "lead_page.html" if values["alone"] else "lead.html", status, **values)


def may_reveal(visit: Visit, lead: branch_leads.Live) -> bool:
    """A lead's owner, who took it over, or the manager of the branch."""
    if not may(visit, "reveal"):
        return False
    if "branch_manager" in visit.person.roles:
        return True
    if lead.row["purpose"] == "recovery":
        return "collection" in visit.person.roles
    return lead.owner_id is not None and lead.owner_id == visit.person.employee_id


async def filled_in(request: Request) -> dict[str, str]:
    return {key: value for key, value in (await request.form()).items() if isinstance(value, str)}


@router.post("/leads/{lead_id}/outcome")
def report(
    request: Request,
    lead_id: str,
    visit: Annotated[Visit, Depends(room("work"))],
    form: Annotated[dict[str, str], Depends(filled_in)],
) -> Response:
    """One outcome. When somebody else reported since the page was opened, the reader is told first."""
    edition, lead = branch_leads.one_lead(request, visit, lead_id)
    now: datetime = request.app.state.now()
    seen = form.get("seen", "")
    try:
        said = outcomes.checked(form, edition.list_date, now)
    except outcomes.OutcomeError as fault:
        return shown(request, visit, edition, lead, 422, faults=fault.faults, given=form)
    with request.app.state.engine.begin() as connection:
        last, kept = outcomes.told_last(connection, lead_id), None
        is_news = last is not None and last.contact_id != seen and last.actor != visit.person.user_id
        if not is_news:
            kept = outcomes.write(connection, lead.row, said, visit.person.user_id, now, "page")
        if kept:
            request.app.state.audit.add(
                connection, visit, "outcome", lead_id=lead_id, contact_id=kept, outcome=said.outcome
            )
    if last is not None and is_news:
        edition, lead = branch_leads.one_lead(request, visit, lead_id)  # 404 where the other one ended it for good
        actor = request.app.state.people().get(last.actor)
        other = {"name": actor.name if actor else last.actor, "at": last.recorded_at, "outcome": last.outcome}
        return shown(request, visit, edition, lead, 409, other=other, given=form)
    if request.headers.get("hx-request"):
        if said.outcome in ("deceased", "do_not_contact") and not said.refused_channel:
            return render(request, "lead_gone.html", lead_id=lead_id)
        _, lead = branch_leads.one_lead(request, visit, lead_id)
        return shown(request, visit, edition, lead, saved=True)
    return RedirectResponse(f"{root(request)}/today", 303)


@router.post("/leads/{lead_id}/claim")
def claim(request: Request, lead_id: str, visit: Annotated[Visit, Depends(room("work"))]) -> Response:
    """Take a lead of the branch's queue; who comes second is told who was first."""
    edition, lead = branch_leads.one_lead(request, visit, lead_id)
    if visit.person.employee_id is None or lead.owner_id not in (None, visit.person.employee_id):
        raise HTTPException(403)
    if lead.owner_id is None:
        try:
            with request.app.state.engine.begin() as connection:
                given = team.assigned(connection, [lead_id]).get(lead_id)
                if (given.turn if given else 0) == lead.turn:
                    own = (visit.person.employee_id, visit.person.name)
                    team.assign(
                        connection, visit, lead.row, lead.holder_id, own, "claimed", request.app.state.now()
                    )  # fmt: skip
                    request.app.state.audit.add(connection, visit, "claimed", lead_id=lead_id)
        except sa.exc.IntegrityError:
            pass  # somebody was first; the lead says who
        edition, lead = branch_leads.one_lead(request, visit, lead_id)
    if not request.headers.get("hx-request"):
        return RedirectResponse(f"{root(request)}/today", 303)
    return shown(request, visit, edition, lead)


@router.post("/leads/{lead_id}/reveal")
def reveal(request: Request, lead_id: str, visit: Annotated[Visit, Depends(room("reveal"))]) -> Response:
    """The full name and mobile of one lead, for its owner: counted, logged."""
    edition, lead = branch_leads.one_lead(request, visit, lead_id)
    if not may_reveal(visit, lead):
        request.app.state.audit.write(visit, "refused", lead_id=lead_id, room="reveal")
        raise HTTPException(403)
    request.app.state.limits.take("reveal", visit.person.user_id)
    request.app.state.audit.write(visit, "revealed", lead_id=lead_id)
    full = {"name": lead.row["name"], "mobile": lead.row["mobile"]}
    return shown(request, visit, edition, lead, revealed=full)
