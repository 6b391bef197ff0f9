"""工作日志 Work log: a day's contacts count themselves; a sentence is added, and the branch manager approves it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from mingdan.branch_rows import mask_name
from mingdan.portal import branch_leads, outcomes, team
from mingdan.portal.access import may, room
from mingdan.portal.app import language_of, render, root
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit
from mingdan.portal.store import outcomes as told
from mingdan.portal.store import work_logs

router = APIRouter(default_response_class=Response)
BACK = 31  # days for which a log may be looked at or handed in
SHOWN = 100
STATES = {"handed_in": ("待审批", "waits for approval"), "approved": ("已审批", "approved"),
          "sent_back": ("已退回", "sent back")}  # fmt: skip


@router.get("/logs")
def log_page(
    request: Request,
    visit: Annotated[Visit, Depends(room("work"))],
    day: Annotated[str | None, Query(max_length=10)] = None,
) -> Response:
    return shown(request, visit, chosen_day(request, day))


def chosen_day(request: Request, asked: str | None) -> date:
    today: date = request.app.state.now().date()
    try:
        found = date.fromisoformat(asked) if asked else today
    except ValueError:
        raise HTTPException(404) from None
    if not today - timedelta(days=BACK) <= found <= today:
        raise HTTPException(404)
    return found


def shown(
    request: Request, visit: Visit, day: date, status: int = 200, fault: tuple[str, str] | None = None
) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    user, people = visit.person.user_id, request.app.state.people()
    with request.app.state.engine.connect() as connection:
        contacts = contacts_of(connection, user, branch, day)
        refused = outcomes.refused(connection, edition, [row.subject_id for row in contacts])
        since = request.app.state.now().date() - timedelta(days=BACK)
        logs = team.newest(connection, work_logs, work_logs.c.branch_id == branch, work_logs.c.day >= since)
    logs = sorted(logs, key=lambda row: (row.state != "handed_in", -row.day.toordinal(), row.user_id))
    own = next((row for row in logs if row.user_id == user and row.day == day), None)
    request.app.state.audit.write(visit, "work_log", day=day, contacts=len(contacts))
    language = language_of(request)
    return render(
        request, "work_logs.html", status, edition=edition, on=day, own=own, figures=figures(contacts), states=STATES,
        contacts=[in_words(edition, row, language) for row in contacts if row.subject_id not in refused],
        logs=[(row, people[row.user_id].name if row.user_id in people else row.user_id) for row in logs
              if may(visit, "desk") or row.user_id == user][:SHOWN],
        fault=fault, first=since,
    )  # fmt: skip


def contacts_of(connection: sa.Connection, user: str, branch: str, day: date) -> list[sa.Row]:
    """What one person reported of a day's contacts with leads of the branch."""
    begins = datetime.combine(day, datetime.min.time())
    return list(
        connection.execute(
            sa.select(told)
            .where(told.c.actor == user, told.c.branch_id == branch, told.c.origin != "desk",
                   told.c.contacted_at >= begins, told.c.contacted_at < begins + timedelta(days=1))
            .order_by(told.c.contacted_at, told.c.contact_id)
        )
    )  # fmt: skip


def figures(contacts: list[sa.Row]) -> dict[str, int]:
    """Leads contacted, reached and won, each once."""
    return {
        "contacted": len({row.lead_id for row in contacts}),
        "reached": len({row.lead_id for row in contacts if row.outcome != "not_reached"}),
        "won": len({row.lead_id for row in contacts if row.outcome == "done"}),
    }


def in_words(edition: Edition, row: sa.Row, language: str) -> dict[str, Any]:
    title = edition.day["lists"].get(row.list, {}).get("title", {})
    name = mask_name((edition.customer(row.subject_id) or {}).get("full_name"))
    return {**row._asdict(), "list_name": title.get(language, row.list), "name": name}


@router.post("/logs")
def hand_in(
    request: Request,
    visit: Annotated[Visit, Depends(room("work"))],
    day: Annotated[str, Form(max_length=10)],
    text: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Hand in one's log of a day with the figures as they stand; again until it is approved."""
    on = chosen_day(request, day)
    branch = branch_leads.chosen_branch(request, visit, None)
    user = visit.person.user_id
    with request.app.state.engine.begin() as connection:
        found = figures(contacts_of(connection, user, branch, on))
        is_done = state_of(connection, user, branch, on) == "approved"
        if not is_done:
            team.add(
                connection, work_logs, {"user_id": user, "day": on}, branch_id=branch, state="handed_in",
                text=text.strip(), actor=user, made_at=request.app.state.now(), **found,
            )  # fmt: skip
            request.app.state.audit.add(connection, visit, "log_handed_in", day=on, **found)
    if is_done:
        fault = ("这一天的日志已审批，不能再修改。", "This day's log is approved and stays as it is.")
        return shown(request, visit, on, 409, fault)
    return RedirectResponse(f"{root(request)}/logs?day={on}", 303)


def state_of(connection: sa.Connection, user: str, branch: str, day: date) -> str | None:
    meant = (work_logs.c.user_id == user, work_logs.c.branch_id == branch, work_logs.c.day == day)
    return next((row.state for row in team.newest(connection, work_logs, *meant)), None)


@router.post("/logs/verdict")
def verdict(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    user_id: Annotated[str, Form(max_length=200)],
    day: Annotated[str, Form(max_length=10)],
    state: Annotated[str, Form(max_length=20)],
) -> Response:
    """Approve or send back a log of the branch that waits; nobody their own."""
    on = chosen_day(request, day)
    branch = branch_leads.chosen_branch(request, visit, None)
    meant = (work_logs.c.user_id == user_id, work_logs.c.branch_id == branch, work_logs.c.day == on)
    with request.app.state.engine.begin() as connection:
        row = next(iter(team.newest(connection, work_logs, *meant)), None)
        may_judge = (
            row is not None and row.state == "handed_in" and user_id != visit.person.user_id
            and state in ("approved", "sent_back")
        )  # fmt: skip
        if row is not None and may_judge:
            team.add(
                connection, work_logs, {"user_id": user_id, "day": on}, branch_id=branch, state=state, text=row.text,
                contacted=row.contacted, reached=row.reached, won=row.won, actor=visit.person.user_id,
                made_at=request.app.state.now(),
            )  # fmt: skip
        what = "log_judged" if may_judge else "refused"
        request.app.state.audit.add(connection, visit, what, of=user_id, day=on, state=state)
    if not may_judge:
        raise HTTPException(404)
    return RedirectResponse(f"{root(request)}/logs", 303)
