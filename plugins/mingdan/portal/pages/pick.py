"""圈客 Pick customers: conditions over labels, what may be said of who meets them, a draft for review.

No customer leaves here: counts of five and more, and conditions. An analyst asks of the bank, a branch manager of their
own branch; a draft becomes a list when an analyst takes it into the project."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, QueryParams

from mingdan.branch_rows import words
from mingdan.portal import branch_leads, picking
from mingdan.portal.access import room
from mingdan.portal.app import language_of, render, root
from mingdan.portal.editions import Edition
from mingdan.portal.picking import PickError, Question
from mingdan.portal.sessions import Visit
from mingdan.portal.store import draft_reviews, drafts

router = APIRouter(default_response_class=Response)
LONGEST_NOTE = 500
MOST_DRAFTS = 50
KINDS = {"list": ("名单", "list"), "segment": ("客群", "segment")}
VERDICTS = {"agreed": ("同意", "agreed"), "declined": ("不同意", "declined")}


@router.get("/pick")
def pick(request: Request, visit: Annotated[Visit, Depends(room("pick"))]) -> Response:
    return page(request, visit, given_in(request.query_params))


def page(
    request: Request, visit: Visit, given: Mapping[str, Sequence[str]], status: int = 200,
    fault: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    """The form with what was asked and its answer, and the drafts."""
    edition = branch_leads.chosen_edition(request, None)
    known = picking.labels(edition)
    rows, answer = [], None
    try:
        rows = picking.rows(given, known)
    except PickError as said:
        status, fault = 422, said.both
    asked = question(request, visit, edition, given, rows)
    if asked is not None:
        request.app.state.limits.take("search", visit.person.user_id)
        answer = asked.answer(known)
        request.app.state.audit.write(
            visit, "picked", branches=sorted(asked.branches) if asked.branches is not None else "*",
            conditions=[each.as_json() for each in asked.conditions], match=asked.match, people=answer.count,
        )  # fmt: skip
    day = edition.in_language(language_of(request))
    return render(
        request, "pick.html", 422 if any(row.fault for row in rows) else status, edition=edition, rows=rows,
        numbers=range(1, picking.MOST + 1), labels=sorted(known.values(), key=lambda each: (each.family, each.code)),
        ops=picking.OPS, without_value=picking.WITHOUT_VALUE, match=match_of(given), answer=answer, fault=fault,
        known=known, fewest=fewest(request), branches=edition.branches, kinds=KINDS, verdicts=VERDICTS,
        drafts=own_drafts(request, visit), bank_wide=scope(visit) is None,
        given={name: next(iter(given.get(name, ())), "") for name in ("kind", "name", "note")},
        word=lambda column, code: words(column, str(code), day) if code is not None else None,
    )  # fmt: skip


def given_in(source: QueryParams | FormData) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in source.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found


def match_of(given: Mapping[str, Sequence[str]]) -> str:
    asked = next(iter(given.get("match", ())), "all")
    return asked if asked in picking.MATCHES else "all"


def fewest(request: Request) -> int:
    return int(request.app.state.rounding.fewest)


def scope(visit: Visit) -> frozenset[str] | None:
    """Whose customers one may count: all for an analyst (None), a branch manager's own; 404 for who has none."""
    if "analyst" in visit.person.roles:
        return None
    if visit.person.branch_id not in visit.branches:
        raise HTTPException(404)
    return frozenset({visit.person.branch_id})


def question(
    request: Request, visit: Visit, edition: Edition, given: Mapping[str, Sequence[str]], rows: Sequence[picking.Row]
) -> Question | None:
    """The question, once every line that was begun is a condition."""
    conditions = [row.condition for row in rows if row.condition is not None]
    if not conditions or len(conditions) < len(rows):
        return None
    return Question(edition, conditions, match_of(given), scope(visit), request.app.state.rounding)


# --- drafts -------------------------------------------------------------------------------------------------------


async def filled_in(request: Request) -> dict[str, list[str]]:
    return given_in(await request.form())


@router.post("/pick/drafts")
def save(
    request: Request,
    visit: Annotated[Visit, Depends(room("pick"))],
    given: Annotated[dict[str, list[str]], Depends(filled_in)],
) -> Response:
    """Keep the conditions as a draft; nobody's name or number is in it."""
    edition = branch_leads.chosen_edition(request, None)
    known = picking.labels(edition)
    try:
        rows = picking.rows(given, known)
        asked = question(request, visit, edition, given, rows)
        if asked is None:
            raise PickError("请先填好条件。", "Please complete the conditions first.")
        kind, name, note = (next(iter(given.get(each, ())), "").strip() for each in ("kind", "name", "note"))
        check(edition, kind, name, note)
    except PickError as fault:
        return page(request, visit, given, 422, fault.both)
    people = asked.answer({}).count
    draft_id = f"D{secrets.token_hex(8)}"
    with request.app.state.engine.begin() as connection:
        connection.execute(
            drafts.insert().values(
                draft_id=draft_id, kind=kind, name=name, note=note, match=asked.match,
                conditions=json.dumps([each.as_json() for each in asked.conditions], ensure_ascii=False),
                sql=picking.draft_sql(kind, name, asked.match, asked.conditions), people=people,
                list_date=edition.list_date, branch_id=None if asked.branches is None else visit.person.branch_id,
                made_by=visit.person.user_id, made_at=request.app.state.now(),
            )
        )  # fmt: skip
        request.app.state.audit.add(connection, visit, "draft_made", draft_id=draft_id, kind=kind, name=name)
    return RedirectResponse(f"{root(request)}/pick/drafts/{draft_id}", 303)


def check(edition: Edition, kind: str, name: str, note: str) -> None:
    """Raises PickError for a draft that cannot be kept under this kind, name and note."""
    if kind not in KINDS:
        raise PickError("请选择名单或客群。", "Expected a list or a segment.")
    if not re.fullmatch(picking.NAME, name):
        raise PickError(
            "代码应为3到40个小写字母、数字或下划线，以字母开头。",
            "Expected a code of 3 to 40 small letters, digits or underscores that begins with a letter.",
        )
    taken = {row["code"] for row in edition.dictionary if row["kind"] == kind}
    if name in (set(edition.day["lists"]) if kind == "list" else taken):
        raise PickError("该代码已被使用。", "This code is taken.")
    if not note or len(note) > LONGEST_NOTE:
        raise PickError(
            f"请写明用途（{LONGEST_NOTE}字以内）。", f"Please say what it is for, in up to {LONGEST_NOTE} signs."
        )


def seen_by(visit: Visit) -> Any:
    """Drafts that one may see: all for an analyst, those of the own branch for its manager."""
    own = scope(visit)
    return sa.true() if own is None else drafts.c.branch_id.in_(sorted(own))


def chosen() -> Any:
    return sa.select(
        drafts, draft_reviews.c.verdict, draft_reviews.c.note.label("review_note"),
        draft_reviews.c.made_by.label("reviewed_by"), draft_reviews.c.made_at.label("reviewed_at"),
    ).select_from(drafts.outerjoin(draft_reviews, drafts.c.draft_id == draft_reviews.c.draft_id))  # fmt: skip


def own_drafts(request: Request, visit: Visit) -> list[sa.Row]:
    with request.app.state.engine.connect() as connection:
        wanted = chosen().where(seen_by(visit)).order_by(drafts.c.made_at.desc(), drafts.c.draft_id)
        return list(connection.execute(wanted.limit(MOST_DRAFTS)))


def one_draft(request: Request, visit: Visit, draft_id: str) -> sa.Row:
    with request.app.state.engine.connect() as connection:
        found = connection.execute(chosen().where(drafts.c.draft_id == draft_id, seen_by(visit))).first()
    if found is None:
        request.app.state.audit.write(visit, "refused", draft_id=draft_id[:40], room="pick")
        raise HTTPException(404)
    return found


def may_review(visit: Visit, draft: sa.Row) -> bool:
    """An analyst reviews, and never one's own."""
    return "analyst" in visit.person.roles and draft.made_by != visit.person.user_id and draft.verdict is None


@router.get("/pick/drafts/{draft_id}")
def draft_page(request: Request, draft_id: str, visit: Annotated[Visit, Depends(room("pick"))]) -> Response:
    draft = one_draft(request, visit, draft_id)
    edition = branch_leads.chosen_edition(request, None)
    titles = {
        row["code"]: (row["title_zh"], row["title_en"])
        for row in edition.dictionary if row["kind"] == "label"
    }  # fmt: skip
    people = request.app.state.people()
    return render(
        request, "draft.html", edition=edition, draft=draft, conditions=json.loads(draft.conditions), titles=titles,
        ops=picking.OPS, kinds=KINDS, verdicts=VERDICTS, may_review=may_review(visit, draft), fewest=fewest(request),
        name_of=lambda user: people[user].name if user in people else user,
    )  # fmt: skip


@router.post("/pick/drafts/{draft_id}/review")
def review(
    request: Request,
    draft_id: str,
    visit: Annotated[Visit, Depends(room("pick"))],
    verdict: Annotated[str, Form(max_length=10)],
    note: Annotated[str, Form(max_length=LONGEST_NOTE)] = "",
) -> Response:
    """Another person's word on a draft; the first one stands."""
    draft = one_draft(request, visit, draft_id)
    if draft.verdict is None:
        if not may_review(visit, draft):
            request.app.state.audit.write(visit, "refused", draft_id=draft_id, room="review")
            raise HTTPException(403)
        if verdict not in VERDICTS:
            raise HTTPException(422)
        with request.app.state.engine.begin() as connection:
            there = sa.select(draft_reviews.c.draft_id).where(draft_reviews.c.draft_id == draft_id)
            if connection.execute(there).first() is None:
                connection.execute(
                    draft_reviews.insert().values(
                        draft_id=draft_id, verdict=verdict, note=note.strip(), made_by=visit.person.user_id,
                        made_at=request.app.state.now(),
                    )
                )  # fmt: skip
                request.app.state.audit.add(connection, visit, "draft_reviewed", draft_id=draft_id, verdict=verdict)
    return RedirectResponse(f"{root(request)}/pick/drafts/{draft_id}", 303)
