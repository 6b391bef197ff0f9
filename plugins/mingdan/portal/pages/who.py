"""来客查询 Who is this: who stands at the counter, their two best opportunities, what not to say, a walk-in lead."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from mingdan.branch_rows import mask_mobile, mask_name
from mingdan.portal import branch_leads, outcomes, walk_ins
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render, root
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
MOST = 20


@router.get("/who")
def who(request: Request, visit: Annotated[Visit, Depends(room("who"))]) -> Response:
    return shown(request, visit, "")


@router.post("/who")
def search(
    request: Request, visit: Annotated[Visit, Depends(room("who"))], q: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """By a form's body: a name or a mobile stands in no address, history or gateway's log."""
    return shown(request, visit, q)


def shown(request: Request, visit: Visit, q: str) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    text, found, fault = q.strip(), [], None
    if text:
        request.app.state.limits.take("search", visit.person.user_id)
        if (text.isdigit() and len(text) < 4) or len(text) < 2:
            fault = ("请输入至少四位数字或两个字。", "Please enter at least four digits or two characters.")
        else:
            found = searched(request, visit, edition, branch, text)
        request.app.state.audit.write(visit, "who", found=len(found), customers=[row["customer_id"] for row in found])
    language = language_of(request)
    titles = {code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry}
    return render(request, "who.html", edition=edition, q=text, found=found, fault=fault, titles=titles, most=MOST)


def searched(request: Request, visit: Visit, edition: Edition, branch: str, text: str) -> list[dict[str, Any]]:
    """The branch's customers with this end of number or mobile, or part of the name, but those who refused."""
    by = (
        "ends_with(customer_id, $2) or ends_with(coalesce(mobile, ''), $2)" if text.isdigit()
        else "contains(coalesce(full_name, ''), $2)"
    )  # fmt: skip
    rows = edition.query(
        "portal/customers.parquet",
        f"select * from file where home_branch_id = $1 and ({by}) order by customer_id limit {MOST}",
        branch, text,
    )  # fmt: skip
    with request.app.state.engine.connect() as connection:
        refused = outcomes.refused(connection, edition, [row["customer_id"] for row in rows])
    found = {row["customer_id"] for row in rows}
    seen = branch_leads.live_leads(request, visit, edition, branch)
    leads = {lead.row["customer_id"]: lead.row["lead_id"] for lead in seen if lead.row["customer_id"] in found}
    others = {
        row["customer_id"] for row in edition.of_branch(branch)
        if row["customer_id"] not in leads and branch_leads.may_know_of(visit, edition, row["list"])
    }  # fmt: skip
    return [
        {
            "customer_id": row["customer_id"],
            "name": mask_name(row["full_name"]),
            "mobile": mask_mobile(row["mobile"]),
            "lead_id": leads.get(row["customer_id"]),
            "is_others": row["customer_id"] in others,
            "opportunities": [
                with_words(edition, each) for each in walk_ins.opportunities(edition, row["customer_id"])
            ],
        }
        for row in rows
        if row["customer_id"] not in refused
    ]


def with_words(edition: Edition, found: dict[str, Any]) -> dict[str, Any]:
    """The opportunity with what must not be said of it."""
    talk = edition.talk({"list": found["list"], "talk_variant": "default"})
    return {**found, "never": next((each for each in talk if each["part"] == "禁语"), None)}


@router.post("/who/lead")
def make_lead(
    request: Request,
    visit: Annotated[Visit, Depends(room("who"))],
    customer_id: Annotated[str, Form(max_length=64)],
    list: Annotated[str, Form(max_length=60)],
) -> Response:
    """A lead for the customer at the counter, on one of the two opportunities shown. Made twice, it is there once."""
    edition = branch_leads.chosen_edition(request, None)
    branch = branch_leads.chosen_branch(request, visit, None)
    known = edition.customer(customer_id)
    with request.app.state.engine.connect() as connection:
        refused = outcomes.refused(connection, edition, [customer_id])
    offered = {each["list"] for each in walk_ins.opportunities(edition, customer_id)}
    if known is None or known["home_branch_id"] != branch or refused or list not in offered:
        request.app.state.audit.write(visit, "refused", customer_id=customer_id[:64], room="who")
        raise HTTPException(404)
    lead_id = walk_ins.make(request.app.state, visit, edition, branch, customer_id, list)
    return RedirectResponse(f"{root(request)}/leads/{lead_id}", 303)
