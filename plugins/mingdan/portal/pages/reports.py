"""报表 Reports: the picture first, its table behind it; one's branch, or all of one's branches together."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from mingdan import reports
from mingdan.portal import branch_leads
from mingdan.portal.access import room
from mingdan.portal.app import cell, language_of, render
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
TOGETHER = "*"  # all branches that the reader may see, added up


@router.get("/reports")
def index(request: Request, visit: Annotated[Visit, Depends(room("reports"))]) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    return render(request, "reports.html", edition=edition, reports=titles(edition, language_of(request)))


@router.get("/reports/{name}")
def report(
    request: Request,
    name: str,
    visit: Annotated[Visit, Depends(room("reports"))],
    date: Annotated[str | None, Query(max_length=10)] = None,
    branch: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    edition = branch_leads.chosen_edition(request, date)
    meta = edition.day["reports"].get(name)
    if meta is None:
        raise HTTPException(404)
    scope = scope_of(visit, edition)
    chosen = branch or (TOGETHER if len(scope) > 1 else next(iter(scope), TOGETHER))
    if chosen not in scope and not (chosen == TOGETHER and len(scope) != 1):
        request.app.state.audit.write(visit, "refused", branch=chosen[:40], path=request.url.path)
        raise HTTPException(404)
    table = rows_of(edition, name, chosen, scope)
    request.app.state.audit.write(visit, "report", report=name, branch=chosen, list_date=edition.list_date)
    language = language_of(request)
    day = edition.in_language(language)
    drawn = [
        reports.drawn(meta, view, day, reports.added_up(view, table).get(chosen, [])) for view in reports.views(meta)
    ]
    return render(
        request, "report.html", edition=edition, name=name, title=meta["title"][language],
        views=[(view, json.dumps(chart(view, language), ensure_ascii=False)) for view in drawn], chosen=chosen,
        scope=sorted((each, edition.branches.get(each, {}).get("branch_name", each)) for each in scope),
        together=TOGETHER, asked={"date": date, "branch": branch},
    )  # fmt: skip


def titles(edition: Edition, language: str) -> list[tuple[str, str]]:
    return sorted((name, meta["title"][language]) for name, meta in edition.day["reports"].items() if "title" in meta)


def scope_of(visit: Visit, edition: Edition) -> frozenset[str]:
    """The branches whose reports one may see: one's own; all for head office and analysts: no customer shows."""
    if visit.person.roles & {"head_office", "analyst"}:
        return frozenset(edition.branches)
    return visit.branches


def rows_of(edition: Edition, name: str, chosen: str, scope: frozenset[str]) -> pa.Table:
    """The report's rows under the branch asked for; of a bank-wide report all of them, for whoever may read reports."""
    table = edition.table(f"portal/reports/{name}.parquet")
    if "branch_id" in table.column_names:
        wanted = scope if chosen == TOGETHER else {chosen}
        table = table.filter(pc.is_in(table["branch_id"], pa.array(sorted(wanted), pa.string())))
        table = table.drop_columns(["branch_id"])
    return table.append_column("branch_id", pa.array([chosen] * table.num_rows, pa.string()))


def chart(view: reports.View, language: str) -> dict[str, Any]:
    """What portal.js draws: names, series and their kinds; figures as numbers, unknown as gaps."""
    return {
        "kind": view.chart,
        "names": [cell(row[0], view.kinds[0], language, "") for row in view.rows],
        "series": [
            {
                "name": view.columns[at],
                "kind": view.kinds[at],
                "values": [None if row[at] is None else float(row[at]) for row in view.rows],
            }
            for at in view.plotted
        ],
        "language": language,
    }
