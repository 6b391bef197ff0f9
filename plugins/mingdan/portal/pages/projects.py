"""业绩项目 Projects: what a branch sets out to do, by whom, until when, and how far it has come."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from mingdan import meeting
from mingdan.portal import branch_leads, team
from mingdan.portal import projects as reading
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render, root
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit
from mingdan.portal.store import project_customers, project_indicators, project_members, projects

router = APIRouter(default_response_class=Response)
LONGEST = timedelta(days=366)
MOST_TEXT = 500
SHOWN = 20


@router.get("/projects")
def index(
    request: Request,
    visit: Annotated[Visit, Depends(room("projects"))],
    branch: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    chosen = branch_leads.chosen_branch(request, visit, branch)
    today = request.app.state.now().date()
    with request.app.state.engine.connect() as connection:
        found = [each for each in reading.of_branch(connection, chosen) if may_see(visit, each)][:SHOWN]
        shown = [(each, reading.progress(connection, each, request.app.state.people, today)) for each in found]
    request.app.state.audit.write(visit, "projects", branch=chosen, projects=len(shown))
    return render(
        request, "projects.html", edition=edition, branch=chosen, branches=named(edition, visit), projects=shown,
        today=today, indicators=reading.INDICATORS, names=segment_names(edition, language_of(request)),
        stars={period: meeting.star(progress_rows(edition, chosen), period) for period in ("1_day", "7_days", "month")},
    )  # fmt: skip


def may_see(visit: Visit, project: reading.Project) -> bool:
    """All of the branch's for its manager and the region; a relationship manager those they are in."""
    return bool(visit.person.roles & {"branch_manager", "region"}) or visit.person.employee_id in project.members


def named(edition: Edition, visit: Visit) -> list[tuple[str, str]]:
    return sorted((each, edition.branches.get(each, {}).get("branch_name", each)) for each in visit.branches)


def progress_rows(edition: Edition, branch: str) -> list[dict[str, Any]]:
    return edition.rows_of(f"portal/reports/{meeting.PROGRESS}.parquet", branch)


def segment_names(edition: Edition, language: str) -> dict[str, str]:
    rows = edition.dictionary
    return {row["code"]: row[f"title_{language}"] for row in rows if row["kind"] == "segment"}


@router.get("/projects/new")
def new_project(request: Request, visit: Annotated[Visit, Depends(room("desk"))]) -> Response:
    return form(request, visit)


def form(
    request: Request, visit: Visit, status: int = 200, faults: list[tuple[str, str]] | None = None,
    given: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    today = request.app.state.now().date()
    with request.app.state.engine.connect() as connection:
        members = team.of_branch(connection, edition, branch, today)
    return render(
        request, "project_form.html", status, edition=edition, members=members, posts=team.POSTS, today=today,
        segments=reading.segments(edition, branch), names=segment_names(edition, language_of(request)),
        indicators=reading.INDICATORS, faults=faults or [], given=given or {}, a_quarter=today + timedelta(days=90),
    )  # fmt: skip


@router.post("/projects/new")
def begin(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    title: Annotated[str, Form(max_length=100)],
    segment: Annotated[str, Form(max_length=100)],
    goal: Annotated[str, Form(max_length=MOST_TEXT)],
    attainable: Annotated[str, Form(max_length=MOST_TEXT)],
    relevant: Annotated[str, Form(max_length=MOST_TEXT)],
    begins_on: Annotated[str, Form(max_length=10)],
    ends_on: Annotated[str, Form(max_length=10)],
    member: Annotated[list[str] | None, Form(max_length=100)] = None,
    target_contacted: Annotated[str, Form(max_length=20)] = "",
    target_reached: Annotated[str, Form(max_length=20)] = "",
    target_won: Annotated[str, Form(max_length=20)] = "",
    target_amount: Annotated[str, Form(max_length=20)] = "",
    points_contacted: Annotated[str, Form(max_length=5)] = "",
    points_reached: Annotated[str, Form(max_length=5)] = "",
    points_won: Annotated[str, Form(max_length=5)] = "",
    points_amount: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Begin a project: every fault is said, not the first; the group is taken as it is today."""
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    now = request.app.state.now()
    texts = {"title": title.strip(), "goal": goal.strip(), "attainable": attainable.strip(),
             "relevant": relevant.strip()}  # fmt: skip
    typed = {
        "contacted": (target_contacted, points_contacted), "reached": (target_reached, points_reached),
        "won": (target_won, points_won), "amount": (target_amount, points_amount),
    }  # fmt: skip
    faults: list[tuple[str, str]] = []
    if not all(texts.values()):
        faults.append(("请写明项目名称、目标、可行依据和意义。",
                       "Name, goal, why it can be done and what for: all are needed."))  # fmt: skip
    customers = reading.customers_of(edition, branch, segment)
    if not customers:
        faults.append(("客群：本网点没有这样的客户。", "Segment: this branch has no such customer."))
    since, until = days(begins_on, ends_on)
    if since is None or until is None or not since <= until or until < now.date() or until - since > LONGEST:
        faults.append(("期间：结束不能早于开始和今日，且不超过一年。",
                       "Period: expected an end not before its begin and today, within a year."))  # fmt: skip
    with request.app.state.engine.connect() as connection:
        members = team.of_branch(connection, edition, branch, now.date())
    chosen = list(dict.fromkeys(member or []))
    if not chosen or any(each not in members for each in chosen):
        faults.append(("团队：请至少选择一位本网点客户经理。", "Team: expected at least one manager of this branch."))
    indicators = {}
    for name, (target, points) in typed.items():
        try:
            amount, each = Decimal(target.replace(",", "") or 0), int(points or 0)
        except (InvalidOperation, ValueError):
            amount, each = Decimal(-1), 0
        if not amount.is_finite() or not 0 <= amount < 10**12 or not 0 <= each <= 1000:
            both = reading.INDICATORS[name]
            faults.append((f"{both[0]}：请填写不小于0的数字。", f"{both[1]}: expected numbers of 0 or more."))
        elif amount > 0:
            indicators[name] = (amount.quantize(Decimal("0.01")), each)
    if not indicators and len(faults) == 0:
        faults.append(("指标：请至少填写一个目标值。", "Indicators: expected at least one target."))
    if faults or since is None or until is None:
        given = {**texts, "segment": segment, "begins_on": begins_on, "ends_on": ends_on, "members": chosen,
                 **typed}  # fmt: skip
        return form(request, visit, 422, faults, given)
    project_id = f"J{secrets.token_hex(10)}"
    with request.app.state.engine.begin() as connection:
        connection.execute(
            projects.insert().values(
                project_id=project_id, branch_id=branch, **texts, segment=segment, begins_on=since, ends_on=until,
                made_by=visit.person.user_id, made_at=now,
            )
        )  # fmt: skip
        connection.execute(
            project_indicators.insert(),
            [{"project_id": project_id, "indicator": name, "target": target, "points": points}
             for name, (target, points) in indicators.items()],
        )  # fmt: skip
        connection.execute(
            project_members.insert(),
            [{"project_id": project_id, "employee_id": each, "employee_name": members[each].name} for each in chosen],
        )
        connection.execute(
            project_customers.insert(), [{"project_id": project_id, "customer_id": each} for each in customers]
        )
        request.app.state.audit.add(
            connection, visit, "project_begun", project_id=project_id, segment=segment, customers=len(customers)
        )
    return RedirectResponse(f"{root(request)}/projects", 303)


def days(*texts: str) -> list[date | None]:
    found: list[date | None] = []
    for text in texts:
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            found.append(None)
    return found


@router.post("/projects/end")
def end(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    project_id: Annotated[str, Form(max_length=40)],
) -> Response:
    """End a project before its time; what was counted stays."""
    with request.app.state.engine.begin() as connection:
        found = connection.execute(
            projects.update()
            .where(projects.c.project_id == project_id, projects.c.branch_id.in_(sorted(visit.branches)),
                   projects.c.closed_at.is_(None))
            .values(closed_at=request.app.state.now())
        )  # fmt: skip
        what = "project_ended" if found.rowcount else "refused"
        request.app.state.audit.add(connection, visit, what, project_id=project_id)
    if not found.rowcount:
        raise HTTPException(404)
    return RedirectResponse(f"{root(request)}/projects", 303)
