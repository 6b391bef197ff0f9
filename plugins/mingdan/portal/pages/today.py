"""今日名单 Today's leads: overdue and due follow-ups first, then by rank; filter, search, sort, page on the server."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from mingdan.portal import branch_leads
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
A_PAGE = 50
SORTS = {
    "rank": lambda lead: lead.row["rank"],
    "stake": lambda lead: -(lead.row["stake_amount"] or 0),
    "due": lambda lead: (lead.row["due_on"] is None, lead.row["due_on"]),
}


@router.get("/today")
def today(
    request: Request,
    visit: Annotated[Visit, Depends(room("today"))],
    date: Annotated[str | None, Query(max_length=10)] = None,
    branch: Annotated[str | None, Query(max_length=40)] = None,
    list: Annotated[str | None, Query(max_length=60)] = None,
    owner: Annotated[str | None, Query(max_length=60)] = None,
    when: Annotated[str | None, Query(max_length=10)] = None,
    q: Annotated[str | None, Query(max_length=40)] = None,
    sort: Annotated[str | None, Query(max_length=10)] = None,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    if not request.app.state.editions.dates():
        return render(request, "nothing_yet.html")
    edition = branch_leads.chosen_edition(request, date)
    chosen = branch_leads.chosen_branch(request, visit, branch)
    everything = branch_leads.live_leads(request, visit, edition, chosen)
    leads = everything
    if list:
        leads = [lead for lead in leads if lead.row["list"] == list]
    if owner:
        leads = [lead for lead in leads if (lead.owner_id or "-") == owner]
    if when:
        leads = [lead for lead in leads if lead.when == when]
    if q:
        request.app.state.limits.take("search", visit.person.user_id)
        leads = [lead for lead in leads if is_meant(lead.row, q.strip())]
    if sort in SORTS:
        leads = sorted(leads, key=SORTS[sort])
    pages = max(1, -(-len(leads) // A_PAGE))
    page = min(page, pages)
    part = leads[(page - 1) * A_PAGE : page * A_PAGE]
    ids = hashlib.sha256(",".join(lead.row["lead_id"] for lead in part).encode()).hexdigest()[:16]
    request.app.state.audit.write(
        visit, "today", branch=chosen, list_date=edition.list_date, revision=edition.revision, leads=len(part),
        digest=ids, searched=bool(q),
    )  # fmt: skip
    language = language_of(request)
    shown = edition.shown([dict(lead.row) for lead in part], language)
    titles = {code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry}
    return render(
        request,
        "today.html",
        edition=edition,
        branch=chosen,
        branches=sorted((each, edition.branches.get(each, {}).get("branch_name", each)) for each in visit.branches),
        leads=zip(part, shown, strict=True),
        found=len(leads),
        counts=Counter(lead.when for lead in everything),
        total=len(everything),
        lists=sorted(Counter(lead.row["list"] for lead in everything).items()),
        owners=owners(everything),
        titles=titles,
        states=edition.states(chosen),
        asked={"date": date, "branch": branch, "list": list, "owner": owner, "when": when, "q": q, "sort": sort},
        page=page,
        pages=pages,
        why=lambda text: why_words(text, edition, language),
    )


def is_meant(row: Mapping[str, Any], text: str) -> bool:
    """A part of the name, the customer's number or its end, or the mobile's last four digits."""
    if text.isdigit():
        return row["customer_id"].endswith(text) or (len(text) >= 4 and (row["mobile"] or "").endswith(text))
    return text in (row["name"] or "") or text == row["lead_id"]


def owners(leads: list[branch_leads.Live]) -> list[tuple[str, str | None, int]]:
    counts = Counter((lead.owner_id or "-", lead.owner_name) for lead in leads)
    return sorted(
        ((owner, name, count) for (owner, name), count in counts.items()), key=lambda each: (each[0] == "-", each[0])
    )


def why_words(text: str | None, edition: Any, language: str) -> str | None:
    from mingdan import branch_rows

    return branch_rows.why_words(text, edition.in_language(language))
