"""审计 The audit trail, for the auditor: newest first, filtered, exported whole, its chain checked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from mingdan.portal.access import room
from mingdan.portal.app import render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
CHECKED = 2000  # rows of the chain that each look checks


@router.get("/audit")
def trail(
    request: Request,
    visit: Annotated[Visit, Depends(room("audit"))],
    user: Annotated[str, Query(max_length=200)] = "",
    what: Annotated[str, Query(max_length=40)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    whole: bool = False,
) -> Response:
    """The newest rows of the chain are checked at each look; all of it, which takes longer as it grows, when asked."""
    audit = request.app.state.audit
    return render(
        request, "audit.html", rows=audit.rows(200, user, what, before),
        problems=audit.check(None if whole else CHECKED), checked=None if whole else CHECKED, user=user, what=what,
    )  # fmt: skip


@router.get("/audit/export")
def export(request: Request, visit: Annotated[Visit, Depends(room("audit"))]) -> Response:
    request.app.state.audit.write(visit, "audit_exported")
    return StreamingResponse(
        request.app.state.audit.export(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )
