"""Ten thousand hostile inputs to search, paths, forms and uploads, and every route by its own description.

Nothing is lost (no outcome appears or goes), nothing leaks (no other branch's customer, no name or mobile in the
trail), nothing breaks (no 5xx). Seeds are fixed: a failure comes again."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections import Counter
from urllib.parse import quote

import openpyxl
import pytest
import schemathesis
import sqlalchemy as sa
from fastapi.openapi.utils import get_openapi
from hypothesis import HealthCheck, given, settings
from mingdan.portal.app import HEADERS, Limits
from mingdan.portal.store import audit, outcomes

from tests.portal.conftest import BRANCH, OTHER, Desk
from tests.portal.conftest import desk as desk
from tests.portal.conftest import published as published
from tests.portal.test_access import routes

INPUTS = 10_000
FORM = {"content-type": "application/x-www-form-urlencoded"}
PIECES = (
    "' or 1=1 --", '"; drop table outcomes; --', "%' union select mobile from customers --", "../", "..\\", "%2e%2e%2f",
    "/etc/passwd", "\x00", "\r\nSet-Cookie: a=b", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "=1+1",
    "@SUM(A1)", "\ud800", "\u202e", "零", "🙂", "9" * 400, "-1", "1e309", "NaN", "2026-02-30", "0001-01-01", "null",
    "[]", "L" + "0" * 20, "P1", "%", "_", "*", "\\", "a" * 5000, "true", "\ufeff", "file:///", "//evil.example", "\t",
)  # fmt: skip


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "RATES", dict.fromkeys(Limits.RATES, (10**9, 60)))


def made(rng: random.Random, known: list[str]) -> str:
    """A hostile text: pieces put together, ids changed a little, random characters."""
    kind = rng.randrange(4)
    if kind == 0:
        return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 3)))
    if kind == 1:
        text = list(rng.choice(known))
        text[rng.randrange(len(text))] = rng.choice("0123456789abcdefLP'%/")
        return "".join(text)
    if kind == 2:
        return "".join(chr(rng.choice((rng.randrange(1, 128), rng.randrange(0x4E00, 0x9FFF)))) for _ in range(12))
    return rng.choice(PIECES) + rng.choice(known)


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def book(rng: random.Random, texts: list[str]) -> bytes:
    """A workbook of hostile cells, or a file that is none."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(rng.randrange(2000))
    out = io.BytesIO()
    if kind == 1:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/workbook.xml", rng.choice(("<a/>", "", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")))
            packed.writestr("../../evil", "x")
        return out.getvalue()
    made_book = openpyxl.Workbook()
    sheet = made_book.active
    sheet.append(["线索编号", "名单日", "联系结果", "联系渠道", "联系时间", "再联系日", "办理金额", "备注"])
    for _ in range(rng.randint(1, 8)):
        sheet.append([re.sub(r"[\x00-\x1f\ud800-\udfff]", "", rng.choice(texts))[:300] for _ in range(8)])
    made_book.save(out)
    data = out.getvalue()
    if kind == 2:
        data = data[: rng.randrange(len(data))]
    if kind == 3:
        at = rng.randrange(len(data))
        data = data[:at] + rng.randbytes(8) + data[at + 8 :]
    return data


def kept(desk: Desk) -> list[sa.Row]:
    with desk.app.state.engine.connect() as connection:
        return list(connection.execute(sa.select(outcomes).order_by(outcomes.c.contact_id)))


def test_hostile_inputs_lose_nothing_and_leak_nothing(desk: Desk) -> None:
    rng = random.Random(20260701)
    client = desk.of("branch_manager")
    own, theirs = desk.leads[BRANCH], desk.leads[OTHER]
    said = {"outcome": "interested", "channel_used": "call"}
    assert client.post(f"/leads/{own[0]['lead_id']}/outcome", data=said).status_code == 303
    before = kept(desk)
    known = [row[name] for row in (*own, *theirs) for name in ("lead_id", "customer_id")]
    secrets = [row[name] for row in theirs for name in ("mobile", "name")]
    texts = [made(rng, known) for _ in range(INPUTS)]
    gets = [path for method, path, _ in routes(desk) if method == "GET" and "export" not in path]
    posts = [path for method, path, _ in routes(desk) if method == "POST" and path != "/upload"]
    tried: Counter[str] = Counter()
    fields = ("outcome", "channel_used", "contacted_at", "call_again_on", "amount", "note", "seen", "customer_id",
              "list", "q", "branch", "date", "kind", "employee_id", "name", "lead_id")  # fmt: skip
    for number, text in enumerate(texts):
        what = ("search", "path", "form", "path")[number % 4] if number % 50 else "upload"
        if what == "search" and number % 8:
            answer = client.post(rng.choice(("/today", "/who")), content=f"q={encoded(text)}", headers=FORM)
        elif what == "search":
            path = rng.choice([each for each in gets if "{" not in each])
            name = rng.choice(("q", "branch", "date", "list", "owner", "page", "sort", "when", "sheet", "name"))
            answer = client.get(f"{path}?{name}={encoded(text)}")
        elif what == "path":
            path = rng.choice([each for each in gets if "{" in each])
            answer = client.get(re.sub(r"{[^}]+}", lambda _, text=text: encoded(text) or "x", path))
        elif what == "form":
            path = re.sub(r"{[^}]+}", lambda _, text=text: encoded(text) or "x", rng.choice(posts))
            body = "&".join(f"{name}={encoded(rng.choice(texts))}" for name in rng.sample(fields, 5))
            answer = client.post(path, content=body, headers=FORM)
        else:
            answer = client.post("/upload", files={"file": ("a.xlsx", book(rng, texts))})
        tried[what] += 1
        assert answer.status_code < 500, (number, what, text[:80], answer.status_code)
        shown = [each for each in secrets if each in answer.text and each not in text]
        assert shown == [], (number, what, text[:80])
        if number % 100 == 0:
            assert all(answer.headers.get(name.lower()) == value for name, value in HEADERS.items()), (what, text[:80])
            assert "a=b" not in answer.headers.get("set-cookie", "")
    assert sum(tried.values()) == INPUTS and min(tried.values()) >= INPUTS // 60
    now = kept(desk)
    assert [row for row in now if row in before] == before, "what was there is there"
    branches = {row["lead_id"]: row["branch_id"] for row in (*own, *theirs)}
    assert all(branches.get(row.lead_id, BRANCH) == BRANCH and row.branch_id == BRANCH for row in now)
    assert desk.app.state.audit.check() == []
    with desk.app.state.engine.connect() as connection:
        trail = "\n".join(connection.execute(sa.select(audit.c.detail)).scalars())
    assert [each for row in (*own, *theirs) for each in (row["mobile"],) if each in trail] == []


def test_every_tampered_id_is_the_same_404(desk: Desk) -> None:
    client, rng = desk.of("branch_manager"), random.Random(5)
    there = desk.leads[BRANCH][0]["lead_id"]
    stranger = desk.leads[OTHER][0]["lead_id"]
    ids = {there[:at] + other + there[at + 1 :] for at in range(1, 21) for other in rng.sample("0123456789abcdef", 6)}
    mine = {row["lead_id"] for row in desk.leads[BRANCH]}
    told = {re.sub(each, "", client.get(f"/leads/{each}").text) for each in (*sorted(ids - mine), stranger)}
    assert len(ids - mine) > 50
    assert len(told) == 1, "whoever asks for another branch's lead learns no more than of one that is not there"
    assert client.get(f"/leads/{stranger}").status_code == 404


def test_what_the_description_allows_and_more_breaks_no_route(desk: Desk) -> None:
    """schemathesis over a description made here: the portal itself serves none."""
    assert desk.app.openapi_url is None and desk.of("analyst").get("/openapi.json").status_code == 404
    described = get_openapi(title="portal", version="1", routes=desk.app.routes)
    assert len(described["paths"]) > 8
    schema = schemathesis.openapi.from_dict(described)
    clients = [desk.of(role) for role in ("branch_manager", "analyst", "auditor")]
    found: list[tuple[str, str, int]] = []
    tried: Counter[str] = Counter()

    def asks(case: schemathesis.Case) -> None:
        asked = case.as_transport_kwargs(base_url="http://testserver")
        for client in clients:
            answer = client.request(
                asked["method"], asked["url"], params=asked.get("params"), data=asked.get("data"),
                headers={"x-csrf-token": client.headers["x-csrf-token"]},
            )  # fmt: skip
            tried[case.path] += 1
            if answer.status_code >= 500:
                found.append((case.method, case.path, answer.status_code))

    few = settings(
        max_examples=25, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    for result in schema.get_all_operations():
        few(given(case=result.ok().as_strategy())(asks))()
    assert len(tried) == len(described["paths"]), sorted(set(described["paths"]) - set(tried))
    assert Counter(found) == Counter()
