"""What each role may do: the one table that every route names its room of. A route without a room is not served."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request

if TYPE_CHECKING:
    from mingdan.portal.sessions import Visit

BRANCH = frozenset({"branch_staff", "lobby", "rm", "branch_manager"})
EVERYONE = BRANCH | {"region", "head_office", "collection", "analyst", "data_engineer", "auditor"}

ROOMS: dict[str, frozenset[str]] = {
    "home": EVERYONE,
    "today": BRANCH | {"region", "collection", "head_office"},     # the ranked leads of one's own branches, masked
    "work": BRANCH | {"collection"},                # report outcomes, claim, upload a filled-in workbook
    "reveal": frozenset({"rm", "branch_manager", "collection"}),   # a full name or mobile, lead by lead, by its owner
    "download": BRANCH | {"collection"},
    "who": BRANCH,
    "customer": BRANCH,
    "maps": BRANCH | {"region"},
    "pick": frozenset({"analyst", "branch_manager"}),
    "reports": EVERYONE - {"collection", "auditor", "data_engineer"},
    "pay": EVERYONE,                                # one's own only
    "projects": frozenset({"branch_manager", "rm", "region"}),
    "review": frozenset({"head_office", "branch_manager", "region"}),
    "preview": frozenset({"analyst"}),
    "dictionary": EVERYONE,
    "runs": frozenset({"data_engineer", "analyst", "head_office"}),
    "desk": frozenset({"branch_manager"}),          # reassign, absences; begin and end projects, approve work logs
    "audit": frozenset({"auditor"}),
}  # fmt: skip

# What the bar offers, in this order, to those whose role may enter: room, path, names.
NAVIGATION = (
    ("today", "/today", "今日名单", "Today"),
    ("who", "/who", "来客查询", "Who is this"),
    ("maps", "/maps", "两张图", "Maps"),
    ("pick", "/pick", "圈客", "Pick"),
    ("desk", "/desk", "队伍", "Desk"),
    ("projects", "/projects", "业绩项目", "Projects"),
    ("reports", "/reports", "报表", "Reports"),
    ("preview", "/preview", "预览", "Preview"),
    ("dictionary", "/dictionary", "标签字典", "Dictionary"),
    ("runs", "/runs", "数据质量", "Runs"),
    ("audit", "/audit", "审计", "Audit"),
)


def room(name: str) -> Callable[[Request], Visit]:
    """The dependency of a route: the visit of a person whose role may enter the room; else 403, logged."""
    allowed = ROOMS[name]

    def enter(request: Request) -> Visit:
        visit: Visit = request.state.visit
        if not visit.person.roles & allowed:
            request.app.state.audit.write(visit, "refused", room=name, path=request.url.path)
            raise HTTPException(403)
        return visit

    enter.room = name  # type: ignore[attr-defined]
    return enter


def may(visit: Visit, name: str) -> bool:
    """Whether the person may enter the room: what navigation shows."""
    return bool(visit.person.roles & ROOMS[name])
