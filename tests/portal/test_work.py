"""A day's work: outcomes, refusals, uploads, downloads, and a trail that cannot be changed."""

from __future__ import annotations

import csv
import hashlib
import inspect
import io
import random
import re
import zipfile
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from mingdan.branch_rows import COLUMNS, FILL_IN
from mingdan.portal import outcomes as kept_outcomes
from mingdan.portal import sessions
from mingdan.portal.app import Limits
from mingdan.portal.pages import downloads
from mingdan.portal.pages.uploads import UploadError, read_rows
from mingdan.portal.store import audit, outcomes

from tests.portal.conftest import BRANCH, Desk

HX = {"hx-request": "true"}
SAID = {"outcome": "interested", "channel_used": "call", "contacted_at": "2026-07-01 09:30"}


def written(desk: Desk) -> list[sa.Row]:
    with desk.app.state.engine.connect() as connection:
        return list(connection.execute(sa.select(outcomes)))


def lead(desk: Desk, at: int = 0) -> str:
    return desk.leads[BRANCH][at]["lead_id"]


def test_an_outcome_is_one_click_and_said_twice_is_there_once(desk: Desk) -> None:
    client = desk.of("branch_staff")
    for _ in range(2):
        assert client.post(f"/leads/{lead(desk)}/outcome", data=SAID).status_code == 303
    (row,) = written(desk)
    assert (row.lead_id, row.outcome, row.channel, row.actor) == (lead(desk), "interested", "call", "branch_staff")
    assert len(desk.trail("outcome")) == 1
    assert "有意向" in client.get("/today").text


def test_a_bad_outcome_says_every_fault_and_keeps_nothing(desk: Desk) -> None:
    bad = {"outcome": "call_again", "channel_used": "pigeon", "amount": "-3", "contacted_at": "2027-01-01 10:00"}
    answer = desk.of("branch_staff").post(f"/leads/{lead(desk)}/outcome", data=bad)
    assert answer.status_code == 422
    assert all(word in answer.text for word in ("联系渠道", "办理金额", "联系时间"))
    assert written(desk) == []


def test_who_reports_second_is_told_who_was_first(desk: Desk) -> None:
    desk.of("branch_staff").post(f"/leads/{lead(desk)}/outcome", data=SAID)
    again = {**SAID, "outcome": "done", "seen": ""}
    told = desk.of("branch_manager").post(f"/leads/{lead(desk)}/outcome", data=again)
    assert told.status_code == 409 and "示例网点员工" in told.text
    assert len(written(desk)) == 1
    seen = written(desk)[0].contact_id
    desk.of("branch_manager").post(f"/leads/{lead(desk)}/outcome", data={**again, "seen": seen})
    assert len(written(desk)) == 2


def test_of_two_people_at_the_same_moment_the_second_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one's outcome is written while the second one's is being read."""
    staff, boss, told = desk.of("branch_staff"), desk.of("branch_manager"), []
    read = kept_outcomes.checked

    def meanwhile(*given: object) -> object:
        if not told:
            told.append(None)
            assert staff.post(f"/leads/{lead(desk)}/outcome", data=SAID).status_code == 303
        return read(*given)

    monkeypatch.setattr(kept_outcomes, "checked", meanwhile)
    answer = boss.post(f"/leads/{lead(desk)}/outcome", data={**SAID, "outcome": "done", "seen": ""})
    assert answer.status_code == 409 and "示例网点员工" in answer.text
    assert [row.actor for row in written(desk)] == ["branch_staff"]


def test_one_click_in_the_row_reports_and_the_row_says_so(desk: Desk) -> None:
    client = desk.of("branch_staff")
    page = client.get("/today").text
    body = page.split(f'id="{lead(desk)}"')[1].split("</tbody>")[0]
    form = body.split('class="quick"')[1].split("</form>")[0]
    assert f'hx-post="/leads/{lead(desk)}/outcome"' in form and 'name="outcome" value="not_reached"' in form
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.split("<button")[0]))
    assert given["csrf"] == client.headers["x-csrf-token"]
    told = client.post(f"/leads/{lead(desk)}/outcome", data={**given, "outcome": "not_reached"}, headers=HX)
    assert told.status_code == 200 and f'id="state-{lead(desk)}" hx-swap-oob="true"' in told.text
    assert [(row.outcome, row.channel) for row in written(desk)] == [("not_reached", desk.leads[BRANCH][0]["channel"])]
    for user, path in (("region", "/today"), ("branch_staff", "/today?date=2020-01-01")):
        assert 'class="quick"' not in desk.of(user).get(path).text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_goes_wrong_in_place_is_told_in_place_and_keeps_what_was_typed(desk: Desk, language: str) -> None:
    client = desk.of("branch_staff")
    client.cookies.set("language", language)
    strange = client.post("/leads/Lnobody/outcome", data=SAID, headers=HX)
    client.cookies.delete("mingdan")
    ended = client.post(f"/leads/{lead(desk)}/outcome", data=SAID, headers=HX)
    assert (strange.status_code, ended.status_code) == (404, 401)
    for answer in (strange, ended):
        assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("this", "beforeend")
        assert 'role="alert"' in answer.text
        assert "<html" not in answer.text and "<nav" not in answer.text
    assert ("重新登录" if language == "zh" else "Sign in") in ended.text
    assert client.get(f"/leads/{lead(desk)}", headers=HX).headers["hx-redirect"].startswith("/sign-in")


def test_a_workbook_says_what_somebody_else_had_reported(desk: Desk) -> None:
    desk.of("branch_staff").post(f"/leads/{lead(desk)}/outcome", data=SAID)
    data = filled(desk, [{"联系结果": "未接通", "联系渠道": "电话"}])
    page = desk.of("branch_manager").post("/upload", files={"file": ("filled.xlsx", data)}).text
    assert "保存1" in page and "示例网点员工此前已登记“有意向”" in page
    assert len(written(desk)) == 2


def test_who_may_not_be_contacted_is_gone_from_every_view_and_download_at_once(desk: Desk) -> None:
    client, row = desk.of("branch_manager"), desk.leads[BRANCH][0]
    assert row["lead_id"] in client.get("/today").text
    client.post(f"/leads/{row['lead_id']}/outcome", data={**SAID, "outcome": "do_not_contact"})
    assert row["lead_id"] not in client.get("/today").text
    assert row["lead_id"] not in client.get("/download/csv").text
    book = openpyxl.load_workbook(io.BytesIO(client.get("/download/xlsx").content))
    assert row["lead_id"] not in {cell.value for line in book.worksheets[0].iter_rows() for cell in line}
    assert client.get(f"/leads/{row['lead_id']}").status_code == 404
    assert client.post(f"/leads/{row['lead_id']}/reveal").status_code == 404


def test_a_refused_channel_alone_leaves_the_lead(desk: Desk) -> None:
    client = desk.of("branch_manager")
    client.post(f"/leads/{lead(desk)}/outcome", data={**SAID, "outcome": "do_not_contact", "refused_channel": "sms"})
    assert lead(desk) in client.get("/today").text


def test_a_lead_of_the_queue_is_claimed_once(desk: Desk) -> None:
    queue = next(row["lead_id"] for row in desk.leads[BRANCH] if row["owner_id"] is None)
    assert desk.of("second_rm").post(f"/leads/{queue}/claim").status_code == 303
    assert desk.of("rm").post(f"/leads/{queue}/claim").status_code == 404  # the other's now
    assert queue not in desk.of("rm").get("/today").text
    assert len(desk.trail("claimed")) == 1


def test_follow_ups_come_first_when_their_day_is_there(desk: Desk) -> None:
    client, last = desk.of("branch_manager"), desk.leads[BRANCH][-1]["lead_id"]
    again = {**SAID, "outcome": "call_again", "call_again_on": "2026-07-02"}
    client.post(f"/leads/{last}/outcome", data=again)
    page = client.get("/today").text
    assert page.index(last) > page.index(lead(desk))
    desk.at += timedelta(days=1)
    client = fresh(desk, "branch_manager")
    page = client.get("/today").text
    assert page.index(last) < page.index(lead(desk)) and "今日跟进" in page
    desk.at += timedelta(days=1)
    assert "逾期跟进 7月2日" in fresh(desk, "branch_manager").get("/today").text


def fresh(desk: Desk, user: str) -> TestClient:
    desk.clients.pop(user)
    return desk.of(user)


def filled(desk: Desk, rows: list[dict]) -> bytes:
    """The downloaded workbook with outcomes typed into its first rows."""
    book = openpyxl.load_workbook(io.BytesIO(desk.of("branch_manager").get("/download/xlsx").content))
    sheet = book.worksheets[0]
    place = {cell.value: at for at, cell in enumerate(sheet[1], start=1)}
    for number, row in enumerate(rows, start=2):
        for title, value in row.items():
            sheet.cell(number, place[title], value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_uploaded_workbook_keeps_the_good_rows_names_the_bad_and_is_taken_once(desk: Desk) -> None:
    client = desk.of("branch_manager")
    data = filled(
        desk,
        [
            {"联系结果": "有意向", "联系渠道": "电话"},
            {"联系结果": "不知道", "联系渠道": "电话"},
            {"联系结果": "已办理", "联系渠道": "上门", "办理金额": "很多"},
            {"联系结果": "已办理", "联系渠道": "上门", "线索编号": "Lsomebodyelse"},
        ],
    )
    first = client.post("/upload", files={"file": ("filled.xlsx", data)})
    assert first.status_code == 200 and "保存1" in first.text and "有误3" in first.text
    assert all(word in first.text for word in ("不知道", "很多", "没有该线索编号"))
    second = client.post("/upload", files={"file": ("filled.xlsx", data)})
    assert "保存0" in second.text and "已有1" in second.text
    assert [row.origin for row in written(desk)] == ["workbook"]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * (80 * 1024 * 1024))
    return out.getvalue()


def test_a_workbook_damaged_at_any_byte_is_read_or_refused_with_a_reason() -> None:
    book, out, rng = openpyxl.Workbook(), io.BytesIO(), random.Random(1)
    book.active.append([each.zh for each in (*COLUMNS, *FILL_IN)])
    book.active.append(["L1"] * 8)
    book.save(out)
    data, refused = out.getvalue(), 0
    for at in range(len(data)):
        try:
            read_rows(data[:at] + rng.randbytes(8) + data[at + 8 :])
        except UploadError:
            refused += 1
    assert len(data) // 2 < refused < len(data)


@pytest.mark.parametrize(
    "data", [b"", b"no zip at all", b"PK\x03\x04broken", bomb()], ids=["empty", "text", "cut", "bomb"]
)
def test_a_hostile_file_is_refused_with_a_sentence(desk: Desk, data: bytes) -> None:
    answer = desk.of("branch_manager").post("/upload", files={"file": ("x.xlsx", data)})
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert written(desk) == []


def test_too_large_a_body_is_refused_before_it_is_read(desk: Desk) -> None:
    answer = desk.of("branch_manager").post("/upload", files={"file": ("x.xlsx", b"0" * (9 * 1024 * 1024))})
    assert answer.status_code == 413


def test_a_download_names_its_reader_is_masked_and_its_digest_is_on_the_trail(desk: Desk) -> None:
    answer = desk.of("branch_staff").get("/download/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == len(desk.leads[BRANCH])
    assert all("*" in row["姓名"] and "****" in row["手机号"] for row in rows)
    book = openpyxl.load_workbook(io.BytesIO(desk.of("branch_staff").get("/download/xlsx").content))
    assert "示例网点员工" in book.worksheets[0].oddHeader.left.text
    assert all("sha256" in row.detail for row in desk.trail("downloaded"))


def test_a_large_download_leaves_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "A_PIECE", 100)
    whole = desk.of("branch_staff").get("/download/csv")
    sizes = [len(each) for each in downloads.pieces(io.BytesIO(whole.content))]
    assert set(sizes[:-1]) == {100} and len(sizes) > 10 and sum(sizes) == len(whole.content)
    assert whole.headers["content-length"] == str(len(whole.content)) and whole.content.startswith(b"\xef\xbb\xbf")
    (said,) = desk.trail("downloaded")
    assert hashlib.sha256(whole.content).hexdigest() in said.detail
    assert inspect.isgeneratorfunction(downloads.pieces)


@pytest.mark.parametrize(("user", "unmasked"), [("branch_staff", False), ("lobby", False), ("rm", True)])
def test_a_download_is_unmasked_only_where_setting_and_role_allow(desk: Desk, user: str, unmasked: bool) -> None:
    row = next(row for row in desk.leads[BRANCH] if row["owner_id"])
    assert row["mobile"] not in desk.of(user).get("/download/csv").text
    desk.app.state.editions.on().day["mask"] = False
    assert (row["mobile"] in desk.of(user).get("/download/csv").text) is unmasked
    book = openpyxl.load_workbook(io.BytesIO(desk.of(user).get("/download/xlsx").content))
    told = {str(cell.value) for sheet in book.worksheets for line in sheet.iter_rows() for cell in line}
    assert any(row["mobile"] in each for each in told) is unmasked


def test_the_exported_trail_is_harmless_in_a_spreadsheet(desk: Desk) -> None:
    TestClient(desk.app).post("/sign-in", data={"user_id": "=HYPERLINK(1)"})
    (line,) = [row for row in csv.DictReader(desk.app.state.audit.export()) if row["what"] == "unknown_person"]
    assert line["user_id"] == "'=HYPERLINK(1)" and len(line["digest"]) == 64


def test_the_trail_cannot_be_changed_and_a_change_beside_it_shows(desk: Desk) -> None:
    desk.of("branch_staff").get("/today")
    assert desk.app.state.audit.check() == []
    with pytest.raises(sa.exc.DatabaseError), desk.app.state.engine.begin() as connection:
        connection.execute(audit.update().values(user_id="somebody else"))
    with pytest.raises(sa.exc.DatabaseError), desk.app.state.engine.begin() as connection:
        connection.execute(audit.delete())
    with desk.app.state.engine.begin() as connection:  # as someone with the file in their hands would
        connection.exec_driver_sql("drop trigger audit_refuses_update")
        connection.execute(audit.update().where(audit.c.number == 1).values(user_id="somebody else"))
    assert "row 1" in desk.app.state.audit.check()[0]
    assert desk.app.state.audit.check(newest=1) == [], "the newest rows alone are whole"
    assert "链条已被改动" in desk.of("auditor").get("/audit", params={"whole": True}).text
    assert "链条已被改动" in desk.of("auditor").get("/audit").text


def test_a_session_ends_by_sign_out_by_idleness_and_by_age(desk: Desk) -> None:
    client = desk.of("branch_staff")
    desk.at += sessions.IDLE - timedelta(minutes=1)
    assert client.get("/today").status_code == 200
    desk.at += sessions.IDLE + timedelta(minutes=1)
    assert client.get("/today").status_code == 303
    client = fresh(desk, "branch_staff")
    cookie = dict(client.cookies)
    assert client.post("/sign-out", data={"csrf": client.headers["x-csrf-token"]}).status_code == 303
    stolen = TestClient(desk.app, follow_redirects=False, cookies=cookie)
    assert stolen.get("/today").status_code == 303
    client = fresh(desk, "branch_staff")
    for _ in range(25):
        desk.at += sessions.IDLE - timedelta(minutes=1)
        client.get("/today")
    assert client.get("/today").status_code == 303


def test_a_change_without_the_sessions_token_or_from_elsewhere_is_refused(desk: Desk) -> None:
    client = desk.of("branch_staff")
    path = f"/leads/{lead(desk)}/outcome"
    right = client.headers.pop("x-csrf-token")
    assert client.post(path, data=SAID).status_code == 403
    assert client.post(path, data=SAID, headers={"x-csrf-token": "wrong"}).status_code == 403
    elsewhere = {"x-csrf-token": right, "origin": "https://evil.example"}
    assert client.post(path, data=SAID, headers=elsewhere).status_code == 403
    assert written(desk) == [] and len(desk.trail("refused")) == 3
    client.headers["x-csrf-token"] = right


def test_answers_carry_the_headers_that_keep_a_browser_safe(desk: Desk) -> None:
    answer = desk.of("branch_staff").get("/today")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "<script>" not in answer.text and " style=" not in answer.text and "onclick" not in answer.text
    cookie = TestClient(desk.app, follow_redirects=False).post("/sign-in", data={"user_id": "rm"}).headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()


def test_what_is_done_too_often_is_slowed_down_for_that_person_alone(desk: Desk) -> None:
    manager, stranger = desk.of("branch_manager"), TestClient(desk.app, follow_redirects=False)
    ways = {
        "search": lambda: manager.post("/today", data={"q": "1"}),
        "reveal": lambda: manager.post(f"/leads/{lead(desk)}/reveal"),
        "download": lambda: manager.get("/download/csv"),
        "upload": lambda: manager.post("/upload", files={"file": ("filled.xlsx", b"no workbook")}),
        "sign_in": lambda: stranger.post("/sign-in", data={"user_id": "no such person"}),
    }
    assert set(ways) | {"sign_on"} == set(Limits.RATES)  # sign_on: tests/portal/test_openid.py
    other = desk.of("other")
    for what, call in ways.items():
        found = [call().status_code for _ in range(Limits.RATES[what][0] + 1)]
        assert found[0] != 429 and found[-1] == 429, what
    assert other.post("/today", data={"q": "1"}).status_code == 200


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_reads_in_both_languages(desk: Desk, language: str) -> None:
    for user, paths in {
        "branch_manager": ("/today", f"/leads/{lead(desk)}", "/upload", "/who"),
        "auditor": ("/audit",),
        "head_office": ("/reports", "/reports/maturity_ladder", "/dictionary", "/dictionary/list/deposit_maturity"),
        "data_engineer": ("/runs",),
    }.items():
        client = desk.of(user)
        client.cookies.set("language", language)
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)
            assert ("English" if language == "zh" else "中文") in answer.text


def test_a_reason_and_an_offer_change_language_with_the_reader(desk: Desk) -> None:
    client = desk.of("branch_manager")
    zh = client.get("/today").text
    client.cookies.set("language", "en")
    en = client.get("/today").text
    assert "万元" in zh and "CNY" in en and "万元" not in en
