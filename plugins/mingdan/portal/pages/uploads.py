"""The filled-in workbook comes back: every row its verdict, the good ones kept; the same file twice changes nothing."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from mingdan.branch_rows import COLUMNS, FILL_IN, OUTCOMES
from mingdan.portal import branch_leads, outcomes
from mingdan.portal.access import room
from mingdan.portal.app import render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
MOST_BYTES, MOST_UNPACKED, MOST_ROWS = 5 * 1024 * 1024, 60 * 1024 * 1024, 5000
TITLES = {title: column.name for column in (*COLUMNS, *FILL_IN) for title in (column.zh, column.en)}
FILLED = [column.name for column in FILL_IN]


class UploadError(ValueError):
    """A file that is no filled-in workbook; (zh, en)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.both = (zh, en)


@dataclass(frozen=True)
class Verdict:
    """What became of one row. result: kept, same (was there already) or bad; faults: (zh, en) sentences; of a row that
    was kept, what somebody else had reported."""

    row: int
    lead_id: str
    result: str
    faults: tuple[tuple[str, str], ...] = ()


@router.get("/upload")
def upload_page(request: Request, visit: Annotated[Visit, Depends(room("work"))]) -> Response:
    return render(request, "upload.html", verdicts=None, fault=None)


async def sent(request: Request) -> Any:
    return (await request.form()).get("file")


@router.post("/upload")
def uploaded(
    request: Request, visit: Annotated[Visit, Depends(room("work"))], file: Annotated[Any, Depends(sent)]
) -> Response:
    """Off the loop that serves everybody: a large workbook keeps only its own reader waiting."""
    request.app.state.limits.take("upload", visit.person.user_id)
    if not isinstance(file, UploadFile):
        raise HTTPException(422)
    try:
        rows = read_rows(file.file.read(MOST_BYTES + 1))
    except UploadError as fault:
        return render(request, "upload.html", 422, verdicts=None, fault=fault.both)
    verdicts = [taken(request, visit, number, row) for number, row in rows]
    request.app.state.audit.write(
        visit, "uploaded", rows=len(verdicts), kept=sum(each.result == "kept" for each in verdicts),
        bad=sum(each.result == "bad" for each in verdicts),
    )  # fmt: skip
    return render(request, "upload.html", verdicts=verdicts, fault=None)


def read_rows(data: bytes) -> list[tuple[int, dict[str, Any]]]:
    """The filled-in rows of the workbook's first sheet, by row number. Raises UploadError, whatever the bytes are."""
    if len(data) > MOST_BYTES:
        raise UploadError("文件超过5兆。", "The file is larger than 5 MB.")
    try:
        return filled_rows(data)
    except UploadError:
        raise
    except Exception:  # libraries reading a damaged or hostile file may raise anything
        raise UploadError("请上传从本页下载的xlsx文件。", "Expected the xlsx file downloaded here.") from None


def filled_rows(data: bytes) -> list[tuple[int, dict[str, Any]]]:
    """As read_rows. What a zip says of its sizes is checked before anything is unpacked."""
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED or len(packed.infolist()) > 200:
            raise UploadError("文件解压后过大。", "The file is too large when unpacked.")
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    lines = book.worksheets[0].iter_rows(values_only=True, max_row=MOST_ROWS + 1, max_col=len(TITLES))
    names = [TITLES.get(str(title).strip()) for title in next(lines, ())]
    rows = [{name: value for name, value in zip(names, line, strict=False) if name} for line in lines]
    book.close()
    missing = [column.zh for column in (*COLUMNS, *FILL_IN) if column.name in ("lead_id", "outcome", "channel_used")
               and column.name not in names]  # fmt: skip
    if missing:
        raise UploadError(f"缺少列：{'、'.join(missing)}。", "Expected the columns of the downloaded workbook.")
    return [
        (number, row) for number, row in enumerate(rows, start=2)
        if any(row.get(name) not in (None, "") for name in FILLED)
    ]  # fmt: skip


def taken(request: Request, visit: Visit, number: int, row: dict[str, Any]) -> Verdict:
    """Keep one row's outcome, or say why not. A row without a time is of its list date's noon."""
    lead_id = str(row.get("lead_id") or "").strip()
    now: datetime = request.app.state.now()
    try:
        list_date = row.get("list_date")
        asked = list_date.date().isoformat() if isinstance(list_date, datetime) else None
        if asked is not None and datetime.fromisoformat(asked).date() not in request.app.state.editions.dates():
            asked = None
        edition, lead = branch_leads.one_lead(request, visit, lead_id, asked)
    except HTTPException:
        fault = ("本网点名单中没有该线索编号。", "No lead of this branch has this id.")
        return Verdict(number, lead_id[:40], "bad", (fault,))
    try:
        noon = min(now, datetime.combine(edition.list_date, time(12)))
        said = outcomes.checked(row, edition.list_date, now, noon)
    except outcomes.OutcomeError as faults:
        return Verdict(number, lead_id, "bad", tuple(faults.faults))
    with request.app.state.engine.begin() as connection:
        last = outcomes.told_last(connection, lead_id)
        kept = outcomes.write(connection, lead.row, said, visit.person.user_id, now, "workbook")
        if kept:
            request.app.state.audit.add(
                connection, visit, "outcome", lead_id=lead_id, contact_id=kept, outcome=said.outcome
            )
    if kept and last is not None and last.actor != visit.person.user_id:
        actor = request.app.state.people().get(last.actor)
        name, (zh, en) = actor.name if actor else last.actor, OUTCOMES[last.outcome]
        told = (f"{name}此前已登记“{zh}”，两条都已保留。", f'{name} had reported "{en}" before; both are kept.')
        return Verdict(number, lead_id, "kept", (told,))
    return Verdict(number, lead_id, "kept" if kept else "same")
