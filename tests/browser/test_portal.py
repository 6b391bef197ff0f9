"""A branch's day in a real browser, another branch that sees nothing of it, and every page looked at by axe-core."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def filled_in(path: str, desk: Desk) -> str:
    """A route's path with an invented example for each of its parts."""
    row = desk.leads[BRANCH][0]
    examples = {"lead_id": row["lead_id"], "customer_id": row["customer_id"], "kind": "csv", "name": "maturity_ladder",
                "code": "aum"}  # fmt: skip
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: examples.get(found[1], "no_such"), path)


def pages_of(site: Site) -> Iterator[tuple[str, str]]:
    """(role, path) of every page, with the first role that may enter it."""
    seen = set()
    for method, path, room in routes(site.desk):
        role = next((each for each in ROLES if each in ROOMS[room]), None)
        url = filled_in(path, site.desk)
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
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
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
                if each["impact"] in ("serious", "critical"):
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
