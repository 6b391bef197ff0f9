"""数据质量 Runs: what was published on each list date, which lists were withheld or empty, which checks said what."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from mingdan import publishing
from mingdan.portal import branch_leads
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)


def links(request: Request, business_date: str) -> list[tuple[str, str, str]]:
    """(address, zh, en) of what stands elsewhere about the day, as far as settings say where."""
    chosen = request.app.state.settings["portal"]
    found = (
        (chosen["airflow"], "/dags/daily_lists", "Airflow中的运行", "The runs in Airflow"),
        (chosen["data_docs"], f"/{business_date}/index.html", "Data Docs：全部规则与计数",
         "Data Docs: every rule with its counts"),
    )  # fmt: skip
    return [(f"{place.rstrip('/')}{path}", zh, en) for place, path, zh, en in found if place]


@router.get("/runs")
def runs(
    request: Request,
    visit: Annotated[Visit, Depends(room("runs"))],
    date: Annotated[str | None, Query(max_length=10)] = None,
) -> Response:
    if not request.app.state.editions.dates():
        return render(request, "nothing_yet.html")
    edition = branch_leads.chosen_edition(request, date)
    states: dict[str, Counter[str]] = {}
    for row in edition.manifest["lists"]:
        states.setdefault(row["list"], Counter())[row["state"]] += 1
        states[row["list"]]["rows"] += row["rows"]
    language = language_of(request)
    return render(
        request, "runs.html", edition=edition, links=links(request, edition.manifest["business_date"]),
        states=sorted(states.items()),
        titles={code: entry["title"][language] for code, entry in edition.day["lists"].items() if "title" in entry},
        checks=sorted(edition.manifest["checks"], key=lambda each: (each["verdict"] == "passed", each["suite"])),
        revisions=len(publishing.revisions(edition.store, edition.list_date)),
    )  # fmt: skip
