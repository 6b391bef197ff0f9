"""The front door: where each role begins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from mingdan.portal.access import may, room
from mingdan.portal.app import render, root
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
FIRST = (("work", "/today"), ("audit", "/audit"), ("reports", "/reports"), ("runs", "/runs"))


@router.get("/")
def home(request: Request, visit: Annotated[Visit, Depends(room("home"))]) -> Response:
    for name, path in FIRST:
        if may(visit, name):
            return RedirectResponse(f"{root(request)}{path}", 303)
    return render(request, "home.html")
