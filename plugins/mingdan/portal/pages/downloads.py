"""Downloads: the branch's leads as one may see them now, made for this reader, digest in the audit trail."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from mingdan import branch_files, branch_rows, workbook
from mingdan.portal import branch_leads
from mingdan.portal.access import may, room
from mingdan.portal.app import language_of
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
A_PIECE = 64 * 1024
KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@router.get("/download/{kind}")
def download(
    request: Request,
    kind: Literal["xlsx", "csv"],
    visit: Annotated[Visit, Depends(room("download"))],
    date: Annotated[str | None, Query(max_length=10)] = None,
    branch: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Unmasked only where the bank's setting says so and the role may reveal; without who refused since.

    The workbook carries the reader's name and the time."""
    edition = branch_leads.chosen_edition(request, date)
    chosen = branch_leads.chosen_branch(request, visit, branch)
    request.app.state.limits.take("download", visit.person.user_id)
    language = language_of(request)
    day = {**edition.in_language(language), "mask": edition.day["mask"] or not may(visit, "reveal")}
    leads = branch_leads.live_leads(request, visit, edition, chosen)
    rows = [lead.told for lead in leads if not lead.is_returned]
    rows.sort(key=lambda row: row["rank"])
    cells = branch_rows.shown({name: [row[name] for row in rows] for name in edition.leads.column_names}, day)
    name = edition.branches.get(chosen, {}).get("branch_name") or chosen
    with tempfile.TemporaryDirectory(prefix="mingdan-download-") as scratch:
        path = Path(scratch) / f"leads.{kind}"
        if kind == "csv":
            branch_rows.write_csv(path, cells, language)
        else:
            spoken = sorted({(row["list"], row["talk_variant"]) for row in rows}, key=str)
            changes = [
                branch_files.changed(row, day) for row in branch_leads.changes(request, visit, edition, chosen, leads)
            ]
            content = workbook.Content(
                branch_id=chosen, branch_name=f"{name} · {visit.person.name} {request.app.state.now():%Y-%m-%d %H:%M}",
                cells=cells, changes=changes, lists=edition.states(chosen),
                talk_tracks=branch_files.talk_rows(day["talk_tracks"], spoken),
            )  # fmt: skip
            workbook.write(path, content, day, edition.revision)
        made = path.open("rb")  # open, it outlives its folder
    digest = hashlib.file_digest(made, "sha256").hexdigest()
    size = made.seek(0, 2)
    request.app.state.audit.write(
        visit, "downloaded", kind=kind, branch=chosen, list_date=edition.list_date, leads=len(rows),
        sha256=digest,
    )  # fmt: skip
    named = f"leads-{chosen}-{edition.list_date}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{named}"', "Content-Length": str(size)}
    return StreamingResponse(pieces(made), media_type=KINDS[kind], headers=headers)


def pieces(made: BinaryIO) -> Iterator[bytes]:
    """The file from its beginning, a piece at a time: what is sent never stands in memory whole."""
    with made:
        made.seek(0)
        while piece := made.read(A_PIECE):
            yield piece
