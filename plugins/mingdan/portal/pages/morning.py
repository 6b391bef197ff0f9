"""晨会 Morning meeting: the day on one A4 page, with what has changed here since it was published."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from mingdan import meeting
from mingdan.portal import branch_leads
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
DAYS = 14


@router.get("/projects/morning")
def morning(
    request: Request,
    visit: Annotated[Visit, Depends(room("projects"))],
    branch: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """The figures of the workbook's page, over the leads as this person sees them now."""
    edition = branch_leads.chosen_edition(request, None)
    chosen = branch_leads.chosen_branch(request, visit, branch)
    language = language_of(request)
    words = meeting.WORDS[language]
    leads = [lead for lead in branch_leads.live_leads(request, visit, edition, chosen) if lead.when != "closed"]
    spoken = [lead for lead in leads if lead.row["purpose"] != "recovery"]  # who owes is not read out
    due = [lead for lead in spoken if lead.when in ("overdue", "due")][: meeting.DUE]
    first = sorted(spoken, key=lambda lead: lead.row["rank"])[: meeting.FIRST]
    request.app.state.audit.write(
        visit, "morning", branch=chosen, list_date=edition.list_date, leads=len(due) + len(first)
    )
    progress = edition.rows_of(f"portal/reports/{meeting.PROGRESS}.parquet", chosen)
    managers = [row for row in progress if (row["unit"], row["period"]) == ("manager", "month") and row["lead_count"]]
    managers.sort(key=lambda row: (-row["won_count"], -row["reached_count"], -row["lead_count"], row["manager_id"]))
    titles = {code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry}
    cells = {
        "owner_name": [lead.owner_name for lead in leads],
        "list_name": [titles.get(lead.row["list"], lead.row["list"]) for lead in leads],
    }
    maturities = edition.rows_of(f"portal/reports/{meeting.MATURITIES}.parquet", chosen)
    return render(
        request, "morning.html", edition=edition, branch=chosen, words=words, leads=leads,
        counts=Counter(lead.when for lead in leads), by_list=meeting.by_list(cells, words),
        due=list(zip(due, edition.shown([lead.told for lead in due], language), strict=True)),
        first=list(zip(first, edition.shown([lead.told for lead in first], language), strict=True)),
        last=meeting.of_branch(progress, "1_day"), month=meeting.of_branch(progress, "month"),
        managers=managers[: meeting.MANAGERS],
        maturities=sorted(maturities, key=lambda row: row["matures_on"])[:DAYS],
        stars=[meeting.star(progress, period) or words["none"] for period in ("1_day", "7_days", "month")],
        weekday=f"{words['weekday']}{words['weekdays'][edition.list_date.weekday()]}",
        peaks=[f"{row['matures_on']:%m-%d}" for row in maturities if row["is_peak"]],
    )  # fmt: skip
