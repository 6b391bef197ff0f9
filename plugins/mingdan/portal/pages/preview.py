"""预览 Preview, for analysts: what a list of the day does, and to whom, before or after branches see it.

The same figures as `mingdan preview`. The sample is masked: no number, no mobile, no branch."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from mingdan import preview
from mingdan.branch_rows import mask_name, word
from mingdan.portal import branch_leads
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)


@router.get("/preview")
def look(
    request: Request,
    visit: Annotated[Visit, Depends(room("preview"))],
    list: Annotated[str, Query(max_length=60)] = "",
    date: Annotated[str | None, Query(max_length=10)] = None,
) -> Response:
    edition = branch_leads.chosen_edition(request, date)
    language = language_of(request)
    titles = {code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry}
    if list and list not in titles:
        raise HTTPException(404)
    seen, sample = None, []
    day = edition.in_language(language)
    if list:
        entry = edition.day["lists"][list]
        seen = preview.look(lambda sql, *values: edition.joined({"decisions": "decisions.parquet"}, sql, *values), list)
        request.app.state.audit.write(
            visit, "previewed", list=list, list_date=edition.list_date, candidates=seen.count, sample=len(seen.sample)
        )
        sample = [
            {"name": name_of(edition, row), "score": row["score"], "state": row["state"],
             "reasons": edition.reasons(row, entry, day) if entry.get("score") else []}
            for row in seen.sample
        ]  # fmt: skip
    states = {each["list"]: each for each in edition.day["states"] if each["state"] in ("off", "withheld")}
    return render(
        request, "preview.html", edition=edition, code=list, seen=seen, sample=sample, titles=sorted(titles.items()),
        names=titles, bands=sorted(seen.bands) if seen else [], state=states.get(list),
        words=lambda kind, code: word(kind, code, day) if code else "",
        asked={"date": date, "list": list},
    )  # fmt: skip


def name_of(edition: Any, row: dict[str, Any]) -> str | None:
    """A customer's masked name; of prospects and companies nothing."""
    if row["subject_type"] != "customer":
        return None
    known = edition.customer(row["subject_id"])
    return mask_name(known["full_name"]) if known else None
