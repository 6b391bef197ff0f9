"""A branch's day in a real browser, another branch that sees nothing of it, and every page looked at by axe-core."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from mingdan.portal.access import ROOMS
from mingdan.portal.openid import OpenID
from mingdan.portal.people import ROLES
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PICTURES, Site, free_port, open_site
from tests.portal.conftest import BRANCH, OTHER, Desk
from tests.portal.provider import CLIENT, SECRET, Provider
from tests.portal.test_access import routes

SERIOUS = ("serious", "critical")
ANSWERS = ("interested", "not_reached", "call_again", "done", "not_interested")


def worked(page: Page, lead_id: str, outcome: str) -> None:
    """Open a lead in place, say what came of it, and see that it was kept."""
    row = page.locator(f"tbody#{lead_id}")
    row.get_by_role("link", name="话术与结果").click()
    panel = row.locator(".panel")
    panel.locator(f"label[for={outcome}-{lead_id}]").click()
    if outcome == "call_again":
        panel.locator("[name=call_again_on]").fill("2026-07-03")
    panel.get_by_role("button", name="保存结果").click()
    row.get_by_role("status").get_by_text("已保存").wait_for()


def test_a_branch_works_ten_leads_uploads_a_workbook_with_three_bad_rows_and_downloads(
    site: Site, tmp_path: Path
) -> None:
    page = site.page("branch_staff")
    page.goto("/today")
    leads = [row["lead_id"] for row in site.desk.leads[BRANCH]]
    assert len(leads) == 12
    for number, lead_id in enumerate(leads[:10]):
        if number % 5 == 1:  # by one click in the row
            row = page.locator(f"tbody#{lead_id}")
            row.get_by_role("button", name="未接通").click()
            row.get_by_role("status").get_by_text("已保存").wait_for()
            assert row.locator(f"#state-{lead_id}").inner_text() == "未接通", "the row says so at once"
        else:
            worked(page, lead_id, ANSWERS[number % len(ANSWERS)])
    assert len(site.desk.trail("outcome")) == 10

    page.goto("/today")
    with page.expect_download() as coming:
        page.get_by_role("link", name="下载Excel").click()
    filled = tmp_path / "filled.xlsx"
    coming.value.save_as(filled)
    book = openpyxl.load_workbook(filled)
    sheet = book.worksheets[0]
    place = {cell.value: at for at, cell in enumerate(sheet[1], start=1)}
    stranger = site.desk.leads[OTHER][0]["lead_id"]
    typed = [
        {"线索编号": leads[10], "联系结果": "有意向", "联系渠道": "电话"},
        {"线索编号": leads[11], "联系结果": "未接通", "联系渠道": "电话"},
        {"线索编号": leads[0], "联系结果": "也许", "联系渠道": "电话"},
        {"线索编号": leads[1], "联系结果": "有意向", "联系渠道": "信鸽"},
        {"线索编号": stranger, "联系结果": "有意向", "联系渠道": "电话"},
    ]
    for number, row in enumerate(typed, start=2):
        for title, value in row.items():
            sheet.cell(number, place[title], value)
    book.save(filled)

    page.get_by_role("link", name="上传填好的表").click()
    for said in ("保存2，已有0，有误3", "保存0，已有2，有误3"):  # the same file twice changes nothing
        page.locator("input[type=file]").set_input_files(filled)
        page.get_by_role("button", name="上传").click()
        page.get_by_text(said).wait_for()
    assert page.locator("table tr", has_text="有误").count() == 3
    assert len(site.desk.trail("outcome")) == 12

    page.goto("/today")
    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV").click()
    told = Path(coming.value.path()).read_text(encoding="utf-8-sig")
    assert all(lead_id in told for lead_id in leads)


def test_another_branch_sees_nothing_of_it_by_any_route(site: Site) -> None:
    mine = site.page("branch_manager")
    mine.goto("/today")
    ours = site.desk.leads[BRANCH]
    worked(mine, ours[0]["lead_id"], "interested")
    other = site.page("other")
    secrets = [row[name] for row in ours for name in ("lead_id", "customer_id", "mobile")]
    asked = {name: ours[0].get(name) or ours[0]["lead_id"] for name in ("customer_id", "list", "lead_id", "lead")}
    asked |= {"csrf": other.locator("meta[name=csrf]").get_attribute("content"), "branch": BRANCH, "plan_id": "C1"}
    tried = 0
    for method, path, room in routes(site.desk):
        if "branch_manager" not in ROOMS[room]:
            continue
        url = filled_in(path, site.desk)
        ways = [url] if "{" in path else [url, f"{url}?branch={BRANCH}", f"{url}?q={ours[0]['customer_id']}"]
        for way in ways:
            form = {**asked, "q": ours[0]["name"]} if method == "POST" else None
            answer = other.request.fetch(way, method=method, max_redirects=0, form=form)
            told = answer.text() if "octet" not in answer.headers.get("content-type", "") else ""
            shown = [each for each in secrets if each in told and each not in way]
            assert shown == [], (method, way)
            assert answer.status < 500, (method, way)
            tried += 1
    assert tried > 20


def test_who_may_not_be_contacted_is_gone_from_the_page_and_the_keyboard_goes_on(site: Site) -> None:
    page, leads = site.page("branch_staff"), [row["lead_id"] for row in site.desk.leads[BRANCH]]
    page.goto("/today")
    for key in ("j", "j", "k", "Enter"):
        page.keyboard.press(key)
    panel = page.locator(f"tbody#{leads[0]} .panel")
    panel.wait_for()
    page.keyboard.press("Escape")
    panel.wait_for(state="detached")
    assert page.evaluate("document.activeElement.closest('tbody').id") == leads[0]
    worked(page, leads[0], "interested")
    assert page.evaluate("document.activeElement.closest('tbody').id") == leads[0], "the keyboard stays where it was"
    page.locator(f"tbody#{leads[1]}").get_by_role("link", name="话术与结果").click()
    page.locator(f"label[for=do_not_contact-{leads[1]}]").click()
    page.locator(f"tbody#{leads[1]}").get_by_role("button", name="保存结果").click()
    page.locator(f"tbody#{leads[1]} [data-gone]").wait_for()
    assert page.locator(f"tbody#{leads[1]} tr.lead").count() == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_goes_wrong_in_place_is_told_there_and_what_was_typed_stays(site: Site, language: str) -> None:
    page, lead = site.page("branch_staff", language=language), site.desk.leads[BRANCH][0]["lead_id"]
    page.goto("/today")
    row = page.locator(f"tbody#{lead}")
    row.locator(".actions a").click()
    row.locator(f"label[for=interested-{lead}]").click()
    row.locator("textarea").fill("客户周五有空")
    PICTURES.mkdir(parents=True, exist_ok=True)

    def told(words: str, name: str) -> None:
        row.locator("button.main").click()
        alert = row.get_by_role("alert")
        alert.get_by_text(words).wait_for()
        assert alert.evaluate("""each => { const box = each.getBoundingClientRect();
            return each.contains(document.elementFromPoint(box.x + 20, box.y + 8)); }"""), "in sight, nothing over it"
        assert row.get_by_role("alert").count() == 1 and row.locator("textarea").input_value() == "客户周五有空"
        page.screenshot(path=PICTURES / f"fault-{name}-{language}-1280.png")

    page.context.set_offline(True)
    told("网络不通" if language == "zh" else "No connection", "offline")
    page.context.set_offline(False)
    page.context.clear_cookies(name="mingdan")
    told("登录已失效" if language == "zh" else "Your session has ended", "session")
    assert not site.desk.trail("outcome")


STATES = {
    "empty": "今日没有分配给您的线索", "filtered": "没有符合筛选条件的线索", "withheld": "暂停发布",
    "stale": "数据滞后",
    "found-nobody": "本网点没有找到该客户", "test-data": "未取得客户真实授权", "not-there": "没有这个页面",
    "not-allowed": "您的岗位不包含此操作", "busy": "操作过于频繁", "nothing-yet": "还没有发布过名单",
    "broken": "系统出错", "counted": "位客户符合条件",
}  # fmt: skip


def in_state(site: Site, page: Page, state: str) -> None:
    """Bring the page before the reader into a state that is not the usual one."""
    edition, limits = site.desk.app.state.editions.on(), site.desk.app.state.limits
    if state == "empty":
        edition.spans.pop(BRANCH)
    elif state == "withheld":
        row = {"list": "tier_upgrade", "branch_id": BRANCH, "state": "withheld", "rows": 0, "why": "its SQL failed"}
        edition.day["states"].append(row)
        edition.__dict__.pop("states_of", None)
    elif state == "stale":
        site.desk.at += timedelta(days=4)
        site.desk.app.state.sessions.now = lambda: site.desk.at - timedelta(days=4)
    elif state == "test-data":
        edition.day["consent"] = "assumed (test data)"
    elif state == "nothing-yet":
        site.desk.app.state.editions.dates = list
    elif state == "broken":
        edition.__dict__["states_of"] = None
    elif state == "busy":
        limits.RATES = {**limits.RATES, "search": (0, 60)}
    paths = {"filtered": "/today?state=won", "not-there": "/leads/Lnobody", "not-allowed": "/audit",
             "counted": "/pick?label1=is_payroll&op1=yes&match=all"}  # fmt: skip
    page.goto(paths.get(state, "/who" if state == "found-nobody" else "/today"))
    if state in ("found-nobody", "busy"):
        page.locator("input[name=q]").fill("不在册的人")
        with page.expect_navigation():
            page.keyboard.press("Enter")


@pytest.mark.parametrize("state", STATES)
def test_a_state_that_is_not_the_usual_one_is_designed_too(site: Site, state: str) -> None:
    """Each with its words, at both widths, in both languages, without a serious fault of accessibility."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = site.page("branch_manager")
    in_state(site, page, state)
    assert STATES[state] in page.locator("main").inner_text()
    for language in ("zh", "en"):
        page.context.add_cookies([{"name": "language", "value": language, "url": site.address}])
        in_state(site, page, state) if state in ("found-nobody", "busy") else page.reload()
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=PICTURES / f"state-{state}-{language}-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 2
            faults = [each for each in Axe().run(page).response["violations"] if each["impact"] in SERIOUS]
            assert faults == []


def filled_in(path: str, desk: Desk) -> str:
    """A route's path with an invented example for each of its parts."""
    row = desk.leads[BRANCH][0]
    if path == "/pick/drafts/{draft_id}":
        return a_draft(desk)
    if path == "/dictionary/{kind}/{code}":
        return "/dictionary/list/deposit_maturity"
    examples = {"lead_id": row["lead_id"], "customer_id": row["customer_id"], "kind": "csv", "name": "maturity_ladder",
                "code": "aum"}  # fmt: skip
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: examples.get(found[1], "no_such"), path)


def a_draft(desk: Desk) -> str:
    """A branch's draft, kept once."""
    client = desk.of("branch_manager")
    found = re.search(r"/pick/drafts/\w+", client.get("/pick").text)
    if found:
        return found[0]
    said = {"label1": "is_payroll", "op1": "yes", "match": "all", "kind": "list", "name": "payroll_saver", "note": "n"}
    return str(client.post("/pick/drafts", data=said).headers["location"])


def pages_of(site: Site) -> Iterator[tuple[str, str]]:
    """(role, path) of every page, with the first role that may enter it."""
    seen = set()
    for method, path, room in routes(site.desk):
        role = next((each for each in ROLES if each in ROOMS[room]), None)
        url = filled_in(path, site.desk)
        role = "branch_manager" if "/drafts/" in path else role  # whose draft it is
        if method == "GET" and role and url not in seen and not re.search("download|export", path):
            seen.add(url)
            yield role, url


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_has_a_serious_fault_of_accessibility_or_a_script_that_was_refused(site: Site, language: str) -> None:
    """Every page at both widths; what axe-core calls serious or critical, and what the console says, fails."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    site.desk.app.state.limits.RATES = dict.fromkeys(site.desk.app.state.limits.RATES, (10_000, 60))
    found, looked_at = [], 0
    wanted = [(None, "/sign-in"), *pages_of(site)]
    browsers = {role: site.page(role, language=language) for role in {each[0] for each in wanted}}
    said: list[str] = []
    for page in browsers.values():
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    for role, path in wanted:
        page = browsers[role]
        answer = page.goto(path)
        assert answer is not None and answer.status == 200, path
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        open_panel(page)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)
            name = f"{path.strip('/').replace('/', '-') or 'home'}-{language}-{width}"
            page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 2:
                found.append(f"{path} at {width}: {wide} px wider than the screen")
            for each in Axe().run(page).response["violations"]:
                if each["impact"] in SERIOUS:
                    where = "; ".join(node["html"][:120] for node in each["nodes"][:2])
                    found.append(f"{path} at {width}: {each['id']} ({len(each['nodes'])}): {where}")
        looked_at += 1
        page.set_viewport_size({"width": 1280, "height": 900})
    assert looked_at > 12
    refused = [each for each in said if "404" not in each and "403" not in each]
    assert (sorted(set(found)), sorted(set(refused))) == ([], [])


def open_panel(page: Page) -> None:
    """The first lead of today's page is opened in place, so that its panel is looked at too."""
    link = page.locator("tr.lead a.button[hx-get]").first
    if page.url.rstrip("/").endswith("/today") and link.count():
        link.click()
        page.locator(".panel").first.wait_for()


def test_signing_on_at_a_provider_of_another_site_leads_to_the_page_and_out_again(
    published: Path, tmp_path: Path, chromium: Browser
) -> None:
    """Strict cookies: the browser comes from another site, and is in all the same."""
    provider, port = Provider("localhost"), free_port()
    provider.user = "branch_manager"
    signing_on = OpenID(provider.issuer, CLIENT, SECRET, f"http://127.0.0.1:{port}", "preferred_username", "test")
    try:
        for site in open_site(signing_on, published, tmp_path, chromium, port):
            page = site.page()
            page.goto("/today")
            page.wait_for_url("**/today")
            page.get_by_role("heading", name="今日名单").wait_for()
            page.get_by_role("button", name="退出").click()
            page.wait_for_url(f"{provider.issuer}/end?**")
            assert page.request.get("/today", max_redirects=0).status == 303
    finally:
        provider.stop()


def test_without_scripts_a_lead_is_worked_all_the_same(site: Site) -> None:
    context = site.chromium.new_context(java_script_enabled=False, base_url=site.address)
    page = context.new_page()
    page.goto("/sign-in")
    page.locator("form:has(input[name=user_id][value='branch_staff']) button").click()
    lead_id = site.desk.leads[BRANCH][0]["lead_id"]
    page.locator(f"tbody#{lead_id}").get_by_role("link", name="话术与结果").click()
    page.locator(f"label[for=interested-{lead_id}]").click()
    page.get_by_role("button", name="保存结果").click()
    assert "有意向" in page.locator(f"tbody#{lead_id}").inner_text()
