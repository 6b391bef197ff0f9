"""审计 The audit trail, for the auditor: newest first, filtered, exported whole, its chain checked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from mingdan.portal.access import room
from mingdan.portal.app import render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)


@router.get("/audit")
def trail(
    request: Request,
    visit: Annotated[Visit, Depends(room("audit"))],
    user: Annotated[str, Query(max_length=200)] = "",
    what: Annotated[str, Query(max_length=40)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> Response:
    audit = request.app.state.audit
    return render(
        request, "audit.html", rows=audit.rows(200, user, what, before), problems=audit.check(), user=user, what=what
    )


@router.get("/audit/export")
def export(request: Request, visit: Annotated[Visit, Depends(room("audit"))]) -> Response:
    request.app.state.audit.write(visit, "audit_exported")
    return StreamingResponse(
        request.app.state.audit.export(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )
