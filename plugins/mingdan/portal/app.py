"""The portal as one application: `create_app(identity)`. Sessions, headers, errors; the pages are in pages/.

Every route but PUBLIC names its room of access.ROOMS; a test walks them all. Nothing here opens the warehouse."""

from __future__ import annotations

import re
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool

from mingdan import branch_rows, reasons
from mingdan.portal import access, groups
from mingdan.portal.audit import Audit
from mingdan.portal.editions import Editions
from mingdan.portal.identity import Identity
from mingdan.portal.people import AT_A_BRANCH, ROLES, Person
from mingdan.portal.sessions import Sessions, Visit
from mingdan.portal.store import open_store
from mingdan.settings import Settings
from mingdan.stores import Store

HERE = Path(__file__).parent
PUBLIC = {"/health", "/static", "/language", "/sign-out"}
LARGEST_BODY = 8 * 1024 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}  # fmt: skip
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Portal:
    """What create_app stands on. people: by user id, as they are now. counts_secret: what counts of groups are rounded
    by. now: the bank's time without zone; pinned by the demo and by tests."""

    published: Store
    store_url: str
    people: Callable[[], Mapping[str, Person]]
    settings: Settings
    counts_secret: bytes = field(repr=False)
    secure: bool = True
    now: Callable[[], datetime] | None = None


def create_app(identity: Identity, portal: Portal) -> FastAPI:
    """The application over a published store and the portal's own store. Refuses to start with what is not allowed."""
    app = FastAPI(
        title="mingdan", openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(same_session)]
    )
    zone = ZoneInfo(portal.settings["time_zone"])
    now = portal.now or (lambda: datetime.now(zone).replace(tzinfo=None))
    engine = open_store(portal.store_url)
    app.state.now, app.state.engine, app.state.settings = now, engine, portal.settings
    app.state.people, app.state.identity, app.state.secure = portal.people, identity, portal.secure
    app.state.editions = Editions(portal.published, portal.settings["environment"] == "test")
    app.state.sessions, app.state.audit = Sessions(engine, now), Audit(engine, now)
    smallest = int(portal.settings.thresholds["small_group_from"]["enter"])
    app.state.limits, app.state.rounding = Limits(), groups.Rounding(smallest, portal.counts_secret)
    app.state.pages = templates()
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    identity.install(app)
    from mingdan.portal.pages import ROUTERS

    for router in ROUTERS:
        app.include_router(router)
    common_routes(app)
    app.middleware("http")(guarded)
    app.exception_handler(HTTPException)(told)
    app.exception_handler(404)(told)
    app.exception_handler(Exception)(broken)
    return app


class Limits:
    """So many calls in so many seconds, per key and process: sign-in, search, reveal, upload."""

    RATES = {
        "sign_on": (60, 60), "sign_in": (20, 60), "search": (60, 60), "reveal": (60, 3600), "upload": (20, 600),
        "download": (60, 600),
    }  # fmt: skip

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def take(self, what: str, key: str) -> None:
        """Count one call; 429 when there were too many."""
        most, seconds = self.RATES[what]
        calls, now = self._calls[what, key], time.monotonic()
        while calls and now - calls[0] > seconds:
            calls.popleft()
        if len(calls) >= most:
            raise HTTPException(429)
        calls.append(now)


def cookie_name(app: FastAPI) -> str:
    return "__Host-mingdan" if app.state.secure else "mingdan"


async def guarded(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Every request: its size, its session and person, and the headers of the answer."""
    length = request.headers.get("content-length")
    if request.method in UNSAFE and (length is None or not length.isdigit() or int(length) > LARGEST_BODY):
        answer: Response = PlainTextResponse("413", status_code=413)
    elif "\0" in unquote(f"{request.scope['path']}?{request.url.query}"):
        answer = PlainTextResponse("404", status_code=404)
    else:
        claimed = await request.app.state.identity.user_id(request)
        refused: Response | None = await run_in_threadpool(visit_of, request, claimed)
        answer = refused or await go_on(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.app.state.secure:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not own_path(request).startswith("/static/"):
        answer.headers.setdefault("Cache-Control", "no-store")
    if getattr(request.state, "new_cookie", None):
        set_cookie(request, answer, request.state.new_cookie)
    return answer


def visit_of(request: Request, claimed: str | None) -> Response | None:
    """Put the visit on the request; the answer instead, where nobody known is there. claimed: who the request itself
    says it is from."""
    app = request.app
    request.state.visit = None
    path = own_path(request)
    is_public = path in PUBLIC or path.startswith("/static/")
    address = request.client.host if request.client else ""
    cookie = request.cookies.get(cookie_name(app))
    session = app.state.sessions.find(cookie)
    user_id = session.user_id if session else None
    csrf = session.csrf if session else ""
    if app.state.identity.per_request:
        user_id = claimed
        if user_id and (session is None or session.user_id != user_id):
            request.state.new_cookie, csrf = app.state.sessions.begin(user_id)
    person = app.state.people().get(user_id) if user_id else None
    if person is not None:
        edition = app.state.editions.on()
        branches = person.branches(edition.parents) if edition else frozenset()
        if edition and not person.roles & AT_A_BRANCH:  # who looks at many: units above branches have no leads
            branches &= frozenset(edition.branches)
        request.state.visit = Visit(person, csrf, address, branches)
    elif not is_public:
        if user_id:
            app.state.audit.write(Visit(Person(user_id, user_id, frozenset()), "", address), "unknown_person")
            return told_status(request, 403)
        sign_in = app.state.identity.sign_in(request, path)
        if sign_in is None or request.method != "GET":
            return told_status(request, 401)
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"HX-Redirect": sign_in})
        return RedirectResponse(sign_in, 303)
    return None


async def same_session(request: Request) -> None:
    """Every change carries the session's token: another site's form does not know it. Signing on is guarded by its
    same-origin check, since no session exists yet."""
    if request.method not in UNSAFE:
        return
    origin = request.headers.get("origin")
    visit = request.state.visit
    if origin is not None and re.sub(r"^https?://", "", origin) != request.headers.get("host"):
        await run_in_threadpool(request.app.state.audit.write, visit, "refused", origin=origin[:200])
        raise HTTPException(403)
    if visit is None:
        if own_path(request) in PUBLIC:
            return
        raise HTTPException(401)
    form = await request.form()
    if any("\0" in value for value in form.values() if isinstance(value, str)):  # PostgreSQL keeps no such text
        raise HTTPException(422)
    given = request.headers.get("x-csrf-token") or form.get("csrf")
    if not visit.csrf or not isinstance(given, str) or not secrets.compare_digest(given.encode(), visit.csrf.encode()):
        await run_in_threadpool(request.app.state.audit.write, visit, "refused", csrf="not this session's")
        raise HTTPException(403)


def begin_session(request: Request, user_id: str, then: str) -> Response:
    """Sign on: a fresh session for a person who is known; 403, logged, for anybody else."""
    app = request.app
    address = request.client.host if request.client else ""
    app.state.limits.take("sign_in", address)
    person = app.state.people().get(user_id)
    if person is None:
        app.state.audit.write(Visit(Person(user_id[:200], user_id, frozenset()), "", address), "unknown_person")
        raise HTTPException(403)
    app.state.sessions.end(request.cookies.get(cookie_name(app)))
    cookie, _ = app.state.sessions.begin(user_id)
    app.state.audit.write(Visit(person, "", address), "signed_in")
    answer = RedirectResponse(f"{root(request)}{then}", 303)
    set_cookie(request, answer, cookie)
    return answer


def end_session(request: Request) -> None:
    if request.state.visit:
        request.app.state.audit.write(request.state.visit, "signed_out")
    request.app.state.sessions.end(request.cookies.get(cookie_name(request.app)))


def set_cookie(request: Request, answer: Response, value: str) -> None:
    app = request.app
    answer.set_cookie(cookie_name(app), value, httponly=True, secure=app.state.secure, samesite="strict", path="/")


def safe_path(path: str) -> str:
    """A path of this application, or its home: nobody is sent elsewhere."""
    return path if re.fullmatch(r"/(?![/\\])[\w\-./?=&%]*", path) else "/"


def own_path(request: Request) -> str:
    """The path within this application, wherever it is mounted."""
    return str(request.scope["path"]).removeprefix(root(request)) or "/"


def root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


# --- pages and errors --------------------------------------------------------------------------------------------


def templates() -> Environment:
    pages = Environment(
        loader=PackageLoader("mingdan.portal"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    pages.globals |= {
        "may": access.may, "ROLES": ROLES, "OUTCOMES": branch_rows.OUTCOMES, "TALK_PARTS": branch_rows.TALK_PARTS,
        "NAVIGATION": access.NAVIGATION,
    }  # fmt: skip
    pages.filters["query"] = lambda asked: urlencode({key: value for key, value in asked.items() if value})
    return pages


def language_of(request: Request) -> str:
    chosen = request.cookies.get("language")
    return chosen if chosen in ("zh", "en") else request.app.state.settings["language"]


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the reader's language. `t(zh, en)` picks the words; `money`, `day` write values as reasons do."""
    language = language_of(request)
    at = 0 if language == "zh" else 1
    currency = request.app.state.settings["currency"]
    edition = values.get("edition") or request.app.state.editions.on()
    page = request.app.state.pages.get_template(template)
    return HTMLResponse(
        page.render(
            {
                "t": lambda *both: both[at],
                "language": language,
                "lang_at": at,
                "visit": request.state.visit,
                "root": root(request),
                "path": own_path(request),
                "now": request.app.state.now(),
                "edition": edition,
                "is_stale": is_stale(request, edition),
                "money": lambda value: "" if value is None else reasons.money(value, language, currency),
                "day": lambda value: "" if value is None else reasons.day(value, language),
                "cell": lambda value, kind: cell(value, kind, language, currency),
                "percent": lambda value: "" if value is None else reasons.percent(value),
                "dates": request.app.state.editions.dates()[:20],
                "pays": request.app.state.settings.pay,
                **values,
            }
        ),
        status_code=status,
    )


def cell(value: Any, kind: str, language: str, currency: str) -> str:
    """One figure of a report's table, by its kind."""
    if value is None:
        return "—"
    if kind == "amount":
        return reasons.money(value, language, currency)
    if kind == "rate":
        return reasons.percent(value)
    if kind == "number":
        return reasons.short(reasons.number(value), 2)
    return f"{value:%Y-%m}" if kind == "month" else str(value)


def is_stale(request: Request, edition: Any) -> bool:
    """Whether a later working day has begun than the newest list date: branches then see the last good day, marked.

    The next list date is the bank's calendar's where the edition tells it, else the next Monday to Friday."""
    if edition is None:
        return False
    following = edition.list_date + timedelta(days=1)
    while following.weekday() > 4:
        following += timedelta(days=1)
    told = edition.day.get("next_list_date") or following.isoformat()
    return bool(request.app.state.now().date().isoformat() >= told)


SAID = {
    401: ("请先登录", "Please sign in first"),
    403: ("您的岗位不包含此操作", "Your role does not include this"),
    404: ("没有这个页面", "There is no such page"),
    405: ("不支持的操作", "This cannot be done here"),
    413: ("文件太大", "Too large"),
    422: ("输入不正确", "Something in the input is not as expected"),
    429: ("操作过于频繁，请稍后再试", "Too many requests; please wait a moment"),
    503: ("统一认证暂时无法使用，请稍后再试", "Signing on is not possible at the moment; please try again"),
    500: ("系统出错，已记录", "Something went wrong here; it has been logged"),
}


def told_status(request: Request, status: int) -> Response:
    if not hasattr(request.state, "visit"):
        request.state.visit = None
    zh, en = SAID.get(status, SAID[500])
    if not request.headers.get("hx-request"):
        return render(request, "error.html", status, code=status, said=(zh, en))
    answer = render(request, "error_part.html", status, code=status, said=(zh, en))
    if request.method in UNSAFE:  # below the button that was pressed; what was typed stays
        answer.headers.update({"HX-Retarget": "this", "HX-Reswap": "beforeend"})
    return answer


async def told(request: Request, fault: Any) -> Response:
    status = fault.status_code
    if 300 <= status < 400:
        return Response(status_code=status, headers=fault.headers)
    return told_status(request, status)


async def broken(request: Request, fault: Exception) -> Response:
    return told_status(request, 500)


def common_routes(app: FastAPI) -> None:
    @app.get("/health", include_in_schema=False)
    def health(request: Request) -> dict[str, Any]:
        """For a probe: the store answers, and which list date is the newest. Nothing personal."""
        with request.app.state.engine.connect() as connection:
            connection.execute(sa.text("select 1"))
        edition = request.app.state.editions.on()
        return {"ok": True, "list_date": edition.list_date.isoformat() if edition else None}

    @app.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        await run_in_threadpool(end_session, request)
        answer = await request.app.state.identity.sign_out(request) or RedirectResponse(f"{root(request)}/", 303)
        answer.delete_cookie(cookie_name(request.app), path="/", secure=request.app.state.secure, httponly=True)
        return answer

    @app.get("/language", include_in_schema=False)
    def language(request: Request, to: str, back: str = "/") -> Response:
        answer = RedirectResponse(f"{root(request)}{safe_path(back)}", 303)
        if to in ("zh", "en"):
            answer.set_cookie("language", to, max_age=31_536_000, samesite="strict", secure=request.app.state.secure)
        return answer


__all__ = ["PUBLIC", "Portal", "begin_session", "create_app", "render", "replace", "safe_path"]
