"""今日名单 Today's leads: overdue and due follow-ups first, then by rank; filter, search, sort, page on the server."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from mingdan import branch_rows
from mingdan.portal import branch_leads
from mingdan.portal.access import may, room
from mingdan.portal.app import language_of, render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
A_PAGE = 50
MINE = "me"
QUICK = ("not_reached", "interested", "not_interested")  # reported by one click in the row; the rest in the panel
MOST_CHANGES = 100  # a page stays light
SORTS = {
    "rank": lambda lead: lead.row["rank"],
    "stake": lambda lead: -(lead.row["stake_amount"] or 0),
    "due": lambda lead: (lead.row["due_on"] is None, lead.row["due_on"]),
}


class Asked(BaseModel):
    """What of the day is wanted, as an address may say it."""

    date: str | None = Field(None, max_length=10)
    branch: str | None = Field(None, max_length=40)
    list: str | None = Field(None, max_length=60)
    owner: str | None = Field(None, max_length=60)
    when: str | None = Field(None, max_length=10)
    state: str | None = Field(None, max_length=20)
    sort: str | None = Field(None, max_length=10)
    page: int = Field(1, ge=1, le=1000)


class Searched(Asked):
    """The same with what is searched for: a name or a number, which comes in a form's body and never in an address."""

    q: str = Field("", max_length=40)


@router.get("/today")
def today(
    request: Request, visit: Annotated[Visit, Depends(room("today"))], asked: Annotated[Asked, Query()]
) -> Response:
    return shown(request, visit, Searched(**asked.model_dump()))


@router.post("/today")
def search(
    request: Request, visit: Annotated[Visit, Depends(room("today"))], asked: Annotated[Searched, Form()]
) -> Response:
    return shown(request, visit, asked.model_copy(update={"q": asked.q.strip()}))


def shown(request: Request, visit: Visit, asked: Searched) -> Response:
    if not request.app.state.editions.dates():
        return render(request, "nothing_yet.html")
    edition = branch_leads.chosen_edition(request, asked.date)
    chosen = branch_leads.chosen_branch(request, visit, asked.branch)
    everything = branch_leads.live_leads(request, visit, edition, chosen)
    leads = everything
    if asked.list:
        leads = [lead for lead in leads if lead.row["list"] == asked.list]
    if asked.owner:
        wanted = visit.person.employee_id if asked.owner == MINE else asked.owner
        leads = [lead for lead in leads if (lead.owner_id or "-") == wanted]
    if asked.when:
        leads = [lead for lead in leads if lead.when == asked.when]
    if asked.state:
        leads = [lead for lead in leads if lead.state == asked.state]
    if asked.q:
        request.app.state.limits.take("search", visit.person.user_id)
        leads = [lead for lead in leads if is_meant(lead.row, asked.q)]
    if asked.sort in SORTS:
        leads = sorted(leads, key=SORTS[asked.sort])
    pages = max(1, -(-len(leads) // A_PAGE))
    page = min(asked.page, pages)
    part = leads[(page - 1) * A_PAGE : page * A_PAGE]
    ids = hashlib.sha256(",".join(lead.row["lead_id"] for lead in part).encode()).hexdigest()[:16]
    request.app.state.audit.write(
        visit, "today", branch=chosen, list_date=edition.list_date, revision=edition.revision, leads=len(part),
        digest=ids, searched=bool(asked.q),
    )  # fmt: skip
    language = language_of(request)
    day = edition.in_language(language)
    said = edition.shown([lead.told for lead in part], language)
    changed = branch_leads.changes(request, visit, edition, chosen, everything)
    states = edition.states(chosen)
    titles = {code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry}
    return render(
        request,
        "today.html",
        edition=edition,
        branch=chosen,
        branches=sorted((each, edition.branches.get(each, {}).get("branch_name", each)) for each in visit.branches),
        leads=zip(part, said, strict=True),
        found=len(leads),
        counts=Counter(lead.when for lead in everything),
        total=len(everything),
        lists=sorted(Counter(lead.row["list"] for lead in everything).items()),
        owners=owners(everything),
        titles=titles,
        live_states=sorted(
            (state, branch_rows.word("state", state, day), count)
            for state, count in Counter(lead.state for lead in everything).items()
        ),
        has_own=any(lead.owner_id == visit.person.employee_id for lead in everything if lead.owner_id),
        states=states,
        withheld=[each for each in states if each["state"] == "withheld"],
        stale_count=sum(bool(lead.row["data_stale"]) for lead in everything),
        changes=[in_words(row, day, titles) for row in sorted(changed, key=order)[:MOST_CHANGES]],
        change_counts=Counter(row["change"] for row in changed),
        change_words=branch_rows.CHANGES,
        quick=QUICK,
        channels=branch_rows.CHANNELS,
        may_work=may(visit, "work") and edition.list_date == request.app.state.editions.dates()[0],
        asked=asked,
        page=page,
        pages=pages,
        why=lambda text: branch_rows.why_words(text, day),
    )  # fmt: skip


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


def order(row: Mapping[str, Any]) -> tuple[int, int, str]:
    """What is gone and new first: it is what nobody knows yet."""
    place = ("gone", "new", "up", "down", "kept").index(row["change"])
    return place, row["rank_now"] or row["rank_before"] or 0, row["lead_id"]


def in_words(row: Mapping[str, Any], day: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """A change as the branch reads it: masked, with which factor moved it or why it is gone."""
    return {
        **row, "name": branch_rows.mask_name(row["name"]), "list_name": titles.get(row["list"], row["list"]),
        "change_word": branch_rows.word("change", row["change"], day),
        "why_word": branch_rows.word("why", row["why"], day) if row["why"] else "",
    }  # fmt: skip
