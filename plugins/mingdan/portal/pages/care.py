"""10位客户极致服务 The top ten: ten customers whom the branch plans for one by one; plan, do, check, act."""

from __future__ import annotations

import secrets
from collections import defaultdict
from datetime import date
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from mingdan.branch_rows import mask_name
from mingdan.portal import branch_leads, outcomes, team
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render, root
from mingdan.portal.sessions import Visit
from mingdan.portal.store import care_notes, care_plans

router = APIRouter(default_response_class=Response)
TEN = 10
SUGGESTED_BY = "core_depositor_care"
STEPS = {"plan": ("计划", "Plan"), "do": ("执行", "Do"), "check": ("检查", "Check"), "act": ("改进", "Act")}
SAID = {
    "added": ("已加入十佳客户服务计划。", "Added to the top ten."), "noted": ("已记录。", "Noted."),
    "closed": ("已移出计划，记录保留。", "Taken off; what was noted is kept."),
}  # fmt: skip


@router.get("/projects/care")
def top_ten(
    request: Request,
    visit: Annotated[Visit, Depends(room("projects"))],
    branch: Annotated[str | None, Query(max_length=40)] = None,
    said: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    return shown(request, visit, branch, said=SAID.get(said or ""))


def shown(
    request: Request, visit: Visit, branch: str | None = None, status: int = 200,
    fault: tuple[str, str] | None = None, said: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    edition = branch_leads.chosen_edition(request, None)
    chosen = branch_leads.chosen_branch(request, visit, branch)
    today = request.app.state.now().date()
    leads = branch_leads.live_leads(request, visit, edition, chosen)
    notes = defaultdict(lambda: defaultdict(list))  # type: ignore[var-annotated]
    with request.app.state.engine.connect() as connection:
        plans = [row for row in open_plans(connection, chosen) if may_work_on(visit, row, just_look=True)]
        refused = outcomes.refused(connection, edition, [row.customer_id for row in plans])
        plans = [row for row in plans if row.customer_id not in refused]
        members = team.of_branch(connection, edition, chosen, today)
        wanted = sa.select(care_notes).where(care_notes.c.plan_id.in_([row.plan_id for row in plans]))
        for note in connection.execute(wanted.order_by(care_notes.c.turn)):
            notes[note.plan_id][note.step].append(note)
    planned = {row.customer_id for row in plans}
    own = {row.customer_id: next((each for each in leads if each.row["customer_id"] == row.customer_id), None)
           for row in plans}  # fmt: skip
    suggested = [
        lead for lead in leads
        if lead.row["list"] == SUGGESTED_BY and lead.row["customer_id"] not in planned and lead.when != "closed"
    ][:TEN]  # fmt: skip
    request.app.state.audit.write(visit, "care", branch=chosen, plans=[row.plan_id for row in plans])
    language = language_of(request)
    return render(
        request, "care.html", status, edition=edition, branch=chosen, plans=plans, notes=notes, steps=STEPS, ten=TEN,
        branches=sorted((each, edition.branches.get(each, {}).get("branch_name", each)) for each in visit.branches),
        names={row.customer_id: mask_name((edition.customer(row.customer_id) or {}).get("full_name"))
               for row in plans},
        why={number: edition.shown([lead.told], language)[0]["reason_list"] for number, lead in own.items() if lead},
        suggested=edition.shown([lead.told for lead in suggested], language), members=members, today=today,
        may_note={row.plan_id: may_work_on(visit, row) for row in plans}, fault=fault, said=said,
        is_full=len(plans) >= TEN,
    )  # fmt: skip


def open_plans(connection: sa.Connection, branch: str) -> list[sa.Row]:
    wanted = sa.select(care_plans).where(care_plans.c.branch_id == branch, care_plans.c.closed_at.is_(None))
    return list(connection.execute(wanted.order_by(care_plans.c.made_at, care_plans.c.plan_id)))


def may_work_on(visit: Visit, plan: sa.Row, just_look: bool = False) -> bool:
    """The branch manager, and who looks after the customer; a region looks."""
    if plan.branch_id not in visit.branches:
        return False
    if "branch_manager" in visit.person.roles or (just_look and "region" in visit.person.roles):
        return True
    return plan.owner_id is not None and plan.owner_id == visit.person.employee_id


@router.post("/projects/care")
def add(
    request: Request,
    visit: Annotated[Visit, Depends(room("desk"))],
    customer_id: Annotated[str, Form(max_length=64)],
    owner_id: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Plan for one customer of the branch, suggested or chosen."""
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    now, number = request.app.state.now(), customer_id.strip()
    known = edition.customer(number)
    with request.app.state.engine.begin() as connection:
        members = team.of_branch(connection, edition, branch, now.date())
        there = [row.customer_id for row in open_plans(connection, branch)]
        fault = None
        if known is None or known["home_branch_id"] != branch or outcomes.refused(connection, edition, [number]):
            fault = ("本网点没有该客户号。", "This branch has no customer of this number.")
            request.app.state.audit.add(connection, visit, "refused", customer_id=number, room="care")
        elif number in there:
            fault = ("该客户已在计划中。", "This customer is planned for already.")
        elif len(there) >= TEN:
            fault = (f"计划最多{TEN}位客户，请先移出一位。", f"At most {TEN} customers; take one off first.")
        elif owner_id and owner_id not in members:
            fault = ("请选择本网点客户经理。", "Choose a manager of this branch.")
        else:
            plan_id = f"C{secrets.token_hex(10)}"
            owner = members.get(owner_id)
            connection.execute(
                care_plans.insert().values(
                    plan_id=plan_id, branch_id=branch, customer_id=number,
                    owner_id=owner.employee_id if owner else None, owner_name=owner.name if owner else None,
                    made_by=visit.person.user_id, made_at=now,
                )
            )  # fmt: skip
            request.app.state.audit.add(connection, visit, "care_begun", plan_id=plan_id, customer_id=number)
    if fault:
        return shown(request, visit, None, 422, fault)
    return RedirectResponse(f"{root(request)}/projects/care?said=added", 303)


def one_plan(request: Request, visit: Visit, connection: sa.Connection, plan_id: str) -> sa.Row | None:
    row = connection.execute(
        sa.select(care_plans).where(care_plans.c.plan_id == plan_id, care_plans.c.closed_at.is_(None))
    ).first()
    edition = branch_leads.chosen_edition(request, None)
    if row is None or not may_work_on(visit, row) or outcomes.refused(connection, edition, [row.customer_id]):
        request.app.state.audit.add(connection, visit, "refused", plan_id=plan_id, room="care")
        return None
    return row


@router.post("/projects/care/note")
def note(
    request: Request,
    visit: Annotated[Visit, Depends(room("projects"))],
    plan_id: Annotated[str, Form(max_length=40)],
    step: Annotated[str, Form(max_length=10)],
    text: Annotated[str, Form(max_length=500)],
    due_on: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """One note under plan, do, check or act; none is changed afterwards."""
    try:
        due = date.fromisoformat(due_on) if due_on else None
    except ValueError:
        due, step = None, ""
    is_wrong = step not in STEPS or not text.strip()
    with request.app.state.engine.begin() as connection:
        plan = one_plan(request, visit, connection, plan_id)
        if plan is not None and not is_wrong:
            team.add(
                connection, care_notes, {"plan_id": plan_id}, step=step, text=text.strip(), due_on=due,
                actor=visit.person.user_id, made_at=request.app.state.now(),
            )  # fmt: skip
            request.app.state.audit.add(connection, visit, "care_noted", plan_id=plan_id, step=step)
    if plan is None:
        raise HTTPException(404)
    if is_wrong:
        fault = ("请选择步骤并填写内容；日期请按 2026-07-03 填写。",
                 "Choose a step and write a note; a day reads 2026-07-03.")  # fmt: skip
        return shown(request, visit, None, 422, fault)
    return RedirectResponse(f"{root(request)}/projects/care?said=noted", 303)


@router.post("/projects/care/close")
def close(
    request: Request, visit: Annotated[Visit, Depends(room("desk"))], plan_id: Annotated[str, Form(max_length=40)]
) -> Response:
    """Take a customer off; the notes stay."""
    with request.app.state.engine.begin() as connection:
        plan = one_plan(request, visit, connection, plan_id)
        if plan is not None:
            connection.execute(
                care_plans.update().where(care_plans.c.plan_id == plan_id).values(closed_at=request.app.state.now())
            )
            request.app.state.audit.add(connection, visit, "care_closed", plan_id=plan_id)
    if plan is None:
        raise HTTPException(404)
    return RedirectResponse(f"{root(request)}/projects/care?said=closed", 303)
