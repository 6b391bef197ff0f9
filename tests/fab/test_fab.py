"""The portal within Airflow whose users are FAB's: its form lets in, its log-out closes, nothing else opens."""

from __future__ import annotations

import re
import sqlite3
from urllib.parse import urlsplit

import httpx
import jwt
import pytest

from tests.fab.conftest import KNOWN, STRANGER, VARIABLES, Airflow, has_form
from tests.portal.conftest import BRANCH, OTHER
from tests.services.native import until


def is_sent_to_sign_in(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and "/auth/login" in answer.headers["location"]


def test_without_a_session_the_portal_sends_to_fabs_form_which_leads_back(fab: Airflow) -> None:
    browser = fab.browser()
    assert is_sent_to_sign_in(browser.get("/portal/")) and is_sent_to_sign_in(browser.get("/portal/today"))
    assert browser.get("/portal/today", headers={"hx-request": "true"}).status_code == 401
    refused = fab.sign_in(browser, KNOWN, "wrong")
    assert has_form(refused) and "_token" not in browser.cookies
    page = fab.sign_in(browser, KNOWN, fab.installed.password)
    assert page.status_code == 200 and str(page.url) == f"{fab.address}/portal/today"


def test_a_known_user_sees_and_works_the_own_branchs_leads_only(fab: Airflow) -> None:
    browser, leads = fab.signed_in(KNOWN), fab.installed.leads
    page = browser.get("/portal/today")
    assert page.status_code == 200 and leads[BRANCH] and leads[OTHER]
    assert all(f'id="{lead}"' in page.text for lead in leads[BRANCH])
    assert not any(lead in page.text for lead in leads[OTHER])
    token = re.search(r'name="csrf" content="([^"]+)"', page.text)
    assert token
    said = {"outcome": "interested", "channel_used": "call", "contacted_at": "2026-07-01 09:30", "csrf": token[1]}
    own, others = leads[BRANCH][0], leads[OTHER][0]
    assert browser.post(f"/portal/leads/{own}/outcome", data={**said, "csrf": "another's"}).status_code == 403
    kept = browser.post(f"/portal/leads/{own}/outcome", data=said)
    assert kept.status_code == 303 and kept.headers["location"].startswith(f"{urlsplit(fab.address).path}/portal/")
    assert browser.post(f"/portal/leads/{others}/outcome", data=said).status_code == 404
    assert browser.get(f"/portal/leads/{others}").status_code == 404


def test_airflows_menu_leads_to_the_portal(fab: Airflow) -> None:
    browser = fab.signed_in(KNOWN)
    plugins = browser.get("/api/v2/plugins").json()["plugins"]
    (view,) = [each for plugin in plugins for each in plugin["external_views"] if each["url_route"] == "mingdan"]
    assert view["href"] == f"{urlsplit(fab.address).path}/portal/"
    assert fab.signed_in(STRANGER).get("/api/v2/plugins").status_code == 403  # not even the menu


def test_airflows_user_whom_the_portal_does_not_know_is_refused(fab: Airflow) -> None:
    browser = fab.signed_in(STRANGER)
    assert browser.get("/api/v2/dags").status_code == 200
    for path in ("/portal/", "/portal/today", "/portal/runs", f"/portal/leads/{fab.installed.leads[BRANCH][0]}"):
        assert browser.get(path).status_code == 403, path


def test_a_cookie_that_airflow_did_not_sign_or_that_has_run_out_opens_nothing(fab: Airflow) -> None:
    good = fab.signed_in(KNOWN).cookies["_token"]
    said, headers = jwt.decode(good, options={"verify_signature": False}), jwt.get_unverified_header(good)

    def signed(
        key: str = VARIABLES["AIRFLOW__API_AUTH__JWT_SECRET"], algorithm: str = headers["alg"], **changed: object
    ) -> str:
        return jwt.encode(said | changed, key, algorithm, {"kid": headers.get("kid")})

    for right in (good, signed()):  # so what follows fails for its own reason
        assert fab.browser(_token=right).get("/portal/today").status_code == 200
    head, body, _ = good.split(".")
    other_head, _, other_signature = fab.signed_in(STRANGER).cookies["_token"].split(".")
    for name, cookie in {
        "another signature": f"{head}.{body}.{other_signature}",
        "another head and signature": f"{other_head}.{body}.{other_signature}",
        "another key": signed(key="0" * 64),
        "no signature": signed(key="", algorithm="none"),
        "run out": signed(iat=said["iat"] - 90_000, nbf=said["iat"] - 90_000, exp=said["iat"] - 3_600),
        "of an account that is not": signed(sub="4711"),
        "of an account that has no number": signed(sub=KNOWN),
        "no token at all": "forged",
    }.items():
        assert is_sent_to_sign_in(fab.browser(_token=cookie).get("/portal/today")), name


def test_a_lost_cookie_is_renewed_by_fabs_session_without_going_in_circles(fab: Airflow) -> None:
    browser = fab.signed_in(KNOWN)
    browser.cookies.delete("_token")
    came_to = browser.get("/portal/today", follow_redirects=True)
    assert came_to.status_code == 200 and "/portal" not in came_to.url.path  # FAB leads such a one to Airflow's home
    assert browser.get("/portal/today").status_code == 200


@pytest.mark.parametrize("way_out", ["/api/v2/auth/logout", "/auth/logout"])
def test_after_logging_out_the_portal_is_closed(fab: Airflow, way_out: str) -> None:
    browser = fab.signed_in(KNOWN)
    kept = browser.cookies["_token"]
    assert browser.get("/portal/today").status_code == 200
    browser.get(way_out, follow_redirects=True)
    assert is_sent_to_sign_in(browser.get("/portal/today"))
    if way_out.startswith("/api/"):  # Airflow's own button: a copy of the cookie is worthless too
        assert is_sent_to_sign_in(fab.browser(_token=kept).get("/portal/today"))
    fab.sign_in(browser, STRANGER, fab.installed.password)
    assert browser.get("/portal/today").status_code == 403  # nothing of the one before is left in this browser


def test_the_portals_own_button_ends_airflows_session_too(fab: Airflow) -> None:
    browser = fab.signed_in(KNOWN)
    kept = browser.cookies["_token"]
    token = re.search(r'name="csrf" content="([^"]+)"', browser.get("/portal/today").text)
    assert token
    told = browser.post("/portal/sign-out", data={"csrf": token[1]})
    way_out = f"{urlsplit(fab.address).path}/api/v2/auth/logout"
    assert told.status_code == 200 and f'content="0;url={way_out}"' in told.text
    browser.get("/api/v2/auth/logout", follow_redirects=True)
    assert is_sent_to_sign_in(browser.get("/portal/today"))
    assert is_sent_to_sign_in(fab.browser(_token=kept).get("/portal/today"))


def test_an_account_that_was_switched_off_is_out(fab: Airflow) -> None:
    browser = fab.signed_in(KNOWN)
    assert browser.get("/portal/today").status_code == 200
    switch(fab, active=False)
    try:
        until(30, "the end of the account", lambda: is_sent_to_sign_in(browser.get("/portal/today")))
    finally:
        switch(fab, active=True)


def switch(fab: Airflow, active: bool) -> None:
    with sqlite3.connect(fab.installed.database, timeout=30) as airflow:
        changed = airflow.execute("update ab_user set active = ? where username = ?", [active, KNOWN])
        assert changed.rowcount == 1
