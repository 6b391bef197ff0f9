"""客户视图 Customer card: labels in groups, events, one hop of ties, contacts. Every opening is logged.

Amounts are bands for everybody but the relationship manager in charge and the branch manager; C3 is not published."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from mingdan.branch_rows import FLAG, mask_name, word, words
from mingdan.portal import branch_leads, outcomes
from mingdan.portal.access import room
from mingdan.portal.app import cell, language_of, render
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit
from mingdan.portal.store import outcomes as told

router = APIRouter(default_response_class=Response)
STEPS = (1_000, 10_000, 50_000, 200_000, 1_000_000)
EVENT_DAYS = 90
MOST_TIES = 30
MOST_DATES = 60  # list dates that past leads are looked for on
TIES = {
    "spouse": ("配偶", "spouse"), "parent": ("父母", "parent"), "co_holder": ("账户共有人", "co-holder"),
    "guarantor": ("担保人", "guarantor"), "referrer": ("推荐人", "referrer"), "employer": ("工作单位", "employer"),
    "transfer": ("资金往来", "transfers"),
}  # fmt: skip


@router.get("/customers/{customer_id}")
def card(request: Request, customer_id: str, visit: Annotated[Visit, Depends(room("customer"))]) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    known = edition.customer(customer_id)
    leads = branch_leads.of_customer(request, visit, edition, customer_id)
    with request.app.state.engine.connect() as connection:
        refused = outcomes.refused(connection, edition, [customer_id])
        contacts = list(
            connection.execute(
                sa.select(told)
                .where(told.c.subject_id == customer_id, told.c.branch_id.in_(sorted(visit.branches)))
                .order_by(told.c.recorded_at.desc())
                .limit(50)
            )
        )
    if known is None or refused or (known["home_branch_id"] not in visit.branches and not leads):
        request.app.state.audit.write(visit, "refused", customer_id=customer_id[:64], room="customer")
        raise HTTPException(404)
    request.app.state.audit.write(visit, "customer_opened", customer_id=customer_id)
    language = language_of(request)
    labels = edition.labels(customer_id)
    exact = "branch_manager" in visit.person.roles or any(
        lead.owner_id and lead.owner_id == visit.person.employee_id for lead in leads
    )
    since = date.fromisoformat(edition.day["business_date"]) - timedelta(days=EVENT_DAYS)
    return render(
        request, "customer.html", edition=edition, customer_id=customer_id, name=mask_name(known["full_name"]),
        groups=groups(edition, labels, language, exact),
        events=edition.query(
            "portal/customer_events.parquet",
            "select event_code, event_on, amount from file where customer_id = ? and event_on >= ? "
            "order by event_on desc, event_code", customer_id, since,
        ),
        event_names={row["code"]: row[f"title_{language}"] for row in edition.dictionary if row["kind"] == "event"},
        ties=ties(edition, visit, customer_id), tie_words=TIES,
        contacts=[row for row in contacts if branch_leads.may_know_of(visit, edition, row.list)],
        list_names={code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry},
        leads=edition.shown([lead.told for lead in leads], language),
        banded=lambda amount: shown_amount(amount, language, exact, request),
    )  # fmt: skip


@router.get("/customers/{customer_id}/past")
def past(request: Request, customer_id: str, visit: Annotated[Visit, Depends(room("customer"))]) -> Response:
    """Leads of the list dates before: asked for by a click, since each date's leads must be looked through."""
    edition = branch_leads.chosen_edition(request, None)
    known = edition.customer(customer_id)
    with request.app.state.engine.connect() as connection:
        refused = outcomes.refused(connection, edition, [customer_id])
    may_see = known is not None and known["home_branch_id"] in visit.branches
    if refused or not (may_see or branch_leads.of_customer(request, visit, edition, customer_id)):
        request.app.state.audit.write(visit, "refused", customer_id=customer_id[:64], room="customer")
        raise HTTPException(404)
    request.app.state.audit.write(visit, "past_leads", customer_id=customer_id)
    editions = request.app.state.editions
    found = [
        row for day in [each for each in editions.dates() if each < edition.list_date][:MOST_DATES]
        for row in editions.leads_of(day, customer_id)
        if row["branch_id"] in visit.branches and branch_leads.is_theirs(visit, row, row["owner_id"])
    ]  # fmt: skip
    runs = []  # one line for each lead: the list dates it stood on, and how it stood last
    for lead_id in dict.fromkeys(row["lead_id"] for row in found):
        rows = [row for row in found if row["lead_id"] == lead_id]
        runs.append({**rows[0], "from": rows[-1]["list_date"], "until": rows[0]["list_date"]})
    day = edition.in_language(language_of(request))
    return render(
        request, "past_leads.html", edition=edition, customer_id=customer_id, leads=runs,
        titles={code: entry["title"][day["language"]] for code, entry in edition.day["lists"].items()
                if "title" in entry},
        most=MOST_DATES,
        word=lambda state: word("state", state, day) if state else "", alone=not request.headers.get("hx-request"),
    )  # fmt: skip


def groups(
    edition: Edition, labels: dict[str, Any], language: str, exact: bool
) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Family → (name, value, definition) of every label that is known and no bureau detail; "no" is left out."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    day = edition.in_language(language)
    for item in edition.dictionary:
        value = labels.get(item["code"])
        if item["kind"] != "label" or item["privacy"] == "C3" or value is None or value is False:
            continue
        said = in_words(item, value, day, exact)
        family = item.get(f"family_{language}") or item["family"]  # days published of old have its code alone
        found[family].append((item[f"title_{language}"], said, item["definition"]))
    return sorted(found.items())


def in_words(item: dict[str, Any], value: Any, day: Any, exact: bool) -> str:
    language = day["language"]
    if value is True:
        return FLAG[language][0]
    if item["type"] == "amount":
        return cell(value, "amount", language, day["currency"]) if exact else band(value, language)
    if item["type"] == "rate":
        return cell(value, "rate", language, "")
    if isinstance(value, str):
        return words(item["code"], value, day)
    return str(value)


def band(amount: Decimal | float, language: str) -> str:
    """An amount as a band: 1万-5万 instead of 3.2万元."""

    def said(step: int) -> str:
        return f"{step // 10_000}万" if language == "zh" and step >= 10_000 else f"{step:,}"

    size = abs(Decimal(amount))
    sign = "-" if amount < 0 else ""
    for low, high in zip((0, *STEPS), STEPS, strict=False):
        if size < high:
            return f"{sign}{said(low)}-{said(high)}"
    return f"{sign}≥{said(STEPS[-1])}"


def shown_amount(amount: Any, language: str, exact: bool, request: Request) -> str:
    if amount is None:
        return ""
    return cell(amount, "amount", language, request.app.state.settings["currency"]) if exact else band(amount, language)


def ties(edition: Edition, visit: Visit, customer_id: str) -> list[dict[str, Any]]:
    """One hop: who is tied to the customer. Another branch's customers have no name and no link."""
    rows = edition.query(
        "portal/relations.parquet",
        f"select * from file where customer_id = ? order by relation_type, related_customer_id limit {MOST_TIES}",
        customer_id,
    )
    for row in rows:
        other = edition.customer(row["related_customer_id"])
        is_own = bool(other and other["home_branch_id"] in visit.branches)
        row |= {"name": mask_name(other["full_name"]) if other and is_own else None, "is_own": is_own}
    return rows
