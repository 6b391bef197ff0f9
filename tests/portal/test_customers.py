"""Who stands at the counter, and the customer card: one's own branch, masked, banded, logged."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from mingdan import publishing
from mingdan.portal import outcomes
from mingdan.portal.identity import Development
from mingdan.stores import Store

from tests import one_day
from tests.portal.conftest import BRANCH, OTHER, OWNER, Desk, desk_with

NOT_LISTED = f"55500{BRANCH}"


def test_a_customer_is_found_by_the_end_of_a_number_or_by_name_in_ones_own_branch_only(desk: Desk) -> None:
    client = desk.of("lobby")
    page = client.post("/who", data={"q": NOT_LISTED[-6:]}).text
    assert NOT_LISTED in page and "贾***" in page and "贾不在单" not in page
    by_name = client.post("/who", data={"q": "不在单"}).text
    assert NOT_LISTED in by_name and f"55500{OTHER}" not in by_name
    assert "没有找到" in client.post("/who", data={"q": f"55500{OTHER}"}).text


def test_too_short_a_search_finds_nobody_and_says_why(desk: Desk) -> None:
    page = desk.of("lobby").post("/who", data={"q": "001"}).text
    assert "至少四位" in page and NOT_LISTED not in page


def test_opportunities_are_those_delivery_lets_through_and_one_click_makes_a_lead(desk: Desk) -> None:
    client = desk.of("lobby")
    page = client.post("/who", data={"q": NOT_LISTED}).text
    assert "deposit_maturity" in page and "tier_upgrade" not in page
    made = [client.post("/who/lead", data={"customer_id": NOT_LISTED, "list": "deposit_maturity"}) for _ in range(2)]
    assert {each.status_code for each in made} == {303} and len({each.headers["location"] for each in made}) == 1
    lead_id = made[0].headers["location"].rsplit("/", 1)[1]
    assert lead_id in desk.of("branch_staff").get("/today").text
    said = {"outcome": "done", "channel_used": "lobby"}
    assert desk.of("branch_manager").post(f"/leads/{lead_id}/outcome", data=said).status_code == 303
    assert len(desk.trail("walk_in")) == 1
    refused = client.post("/who/lead", data={"customer_id": NOT_LISTED, "list": "tier_upgrade"})
    assert refused.status_code == 404


def test_who_is_held_out_is_offered_nothing_at_the_counter(desk: Desk) -> None:
    held_out = f"55500{OTHER}"
    page = desk.of("other").post("/who", data={"q": held_out}).text
    assert held_out in page and "tier_upgrade" not in page
    answer = desk.of("other").post("/who/lead", data={"customer_id": held_out, "list": "tier_upgrade"})
    assert answer.status_code == 404


def test_who_refused_is_not_found_and_has_no_card(desk: Desk) -> None:
    client, row = desk.of("branch_manager"), desk.leads[BRANCH][0]
    client.post(f"/leads/{row['lead_id']}/outcome", data={"outcome": "do_not_contact", "channel_used": "call"})
    assert row["lead_id"] not in client.post("/who", data={"q": row["customer_id"]}).text
    assert client.get(f"/customers/{row['customer_id']}").status_code == 404


def test_who_refused_elsewhere_is_not_found_either(desk: Desk) -> None:
    """By the newest edition: told to another system, or years ago."""
    desk.app.state.editions.on().__dict__["refusing"] = frozenset({NOT_LISTED, desk.leads[BRANCH][0]["customer_id"]})
    for user in ("lobby", "branch_manager"):
        assert NOT_LISTED not in desk.of(user).get("/who", params={"q": "不在单"}).text
    client, row = desk.of("branch_manager"), desk.leads[BRANCH][0]
    assert client.post("/who/lead", data={"customer_id": NOT_LISTED, "list": "deposit_maturity"}).status_code == 404
    assert client.get(f"/customers/{row['customer_id']}").status_code == 404
    assert client.get(f"/leads/{row['lead_id']}").status_code == 404
    assert row["lead_id"] not in client.get("/today").text


def test_a_refusal_told_here_ends_with_consent_given_on_a_later_day_and_a_death_never(desk: Desk) -> None:
    first, second = desk.leads[BRANCH][:2]
    for row, outcome in ((first, "do_not_contact"), (second, "deceased")):
        said = {"outcome": outcome, "channel_used": "call"}
        desk.of("branch_manager").post(f"/leads/{row['lead_id']}/outcome", data=said)
    ids = [first["customer_id"], second["customer_id"]]
    edition = desk.app.state.editions.on()
    for days, refusing in ((0, set(ids)), (1, {second["customer_id"]})):
        edition.__dict__["consented_anew"] = dict.fromkeys(ids, desk.at.date() + timedelta(days=days))
        with desk.app.state.engine.connect() as connection:
            assert outcomes.refused(connection, edition, ids) == refusing, days


def test_the_card_bands_amounts_for_all_but_who_is_in_charge_and_shows_no_bureau_detail(desk: Desk) -> None:
    row = next(row for row in desk.leads[BRANCH] if row["owner_id"])
    path = f"/customers/{row['customer_id']}"
    for user, exact in (("branch_staff", False), ("rm", True), ("branch_manager", True)):
        page = desk.of(user).get(path).text
        assert ("3.21万元" in page) is exact and ("1万-5万" in page) is not exact, user
        assert "代发客户" in page and "征信贷款数" not in page
        assert row["name"] not in page and row["mobile"] not in page
    assert {json.loads(each.detail)["customer_id"] for each in desk.trail("customer_opened")} == {row["customer_id"]}


def test_the_card_is_the_same_before_and_after_labels_stand_row_by_row(desk: Desk) -> None:
    edition = desk.app.state.editions.on()
    pages = []
    for _ in range(2):
        page = desk.of("branch_manager").get(f"/customers/{desk.leads[BRANCH][0]['customer_id']}")
        assert page.status_code == 200 and "代发客户" in page.text
        pages.append(page.text)
        edition.label_rows.turning.join()
        assert edition.label_rows.is_ready
    assert pages[0] == pages[1]


def test_a_tie_to_another_branchs_customer_has_no_name_and_no_link(desk: Desk) -> None:
    first, second = desk.leads[BRANCH][0]["customer_id"], desk.leads[BRANCH][1]["customer_id"]
    page = desk.of("branch_manager").get(f"/customers/{first}").text
    assert f"/customers/{second}" in page and "非本网点客户" in page
    assert desk.leads[OTHER][0]["customer_id"] not in page


def test_another_branchs_customer_does_not_exist(desk: Desk) -> None:
    client = desk.of("branch_manager")
    for customer in (desk.leads[OTHER][0]["customer_id"], "no_such_customer"):
        assert client.get(f"/customers/{customer}").status_code == 404


@pytest.fixture
def after_days(published: Path, tmp_path: Path) -> Desk:
    """The day of every test, with two list dates before it: one lead on both, another's customer on the first."""
    shutil.copytree(published, tmp_path / "published")
    store = Store(tmp_path / "published")
    for days_before, owner in ((3, "M002"), (2, OWNER)):
        on = one_day.LIST_DATE - timedelta(days=days_before)
        leads = one_day.leads(1).assign(list_date=on, owner_id=owner, state="follow_up", first_listed_on=on)
        day = one_day.day(tmp_path / f"day{days_before}", leads, 1, business_date=on - timedelta(days=1), list_date=on)
        publishing.publish(store, day, {"run_id": "earlier"})
    return desk_with(Development("test"), tmp_path / "published", tmp_path / "portal.db")


def test_past_leads_are_those_one_might_have_seen_a_line_for_each(after_days: Desk) -> None:
    row = next(row for row in after_days.leads[BRANCH] if row["owner_id"])
    path, first, last = f"/customers/{row['customer_id']}/past", "2026-06-28", "2026-06-29"
    page = after_days.of("branch_manager").get(path).text
    assert f"{first} – {last}" in page and page.count("<tr><td>") == 1 and "跟进" in page
    assert first not in after_days.of("rm").get(path).text and last in after_days.of("rm").get(path).text  # M002's then
    assert "<nav" not in after_days.of("rm").get(path, headers={"hx-request": "true"}).text
    assert path in after_days.of("rm").get(path.removesuffix("/past")).text
    assert after_days.of("other").get(path).status_code == 404
    assert after_days.of("branch_manager").get(f"/customers/55500{OTHER}/past").status_code == 404
    assert "没有该客户的线索" in after_days.of("rm").get(f"/customers/{NOT_LISTED}/past").text
    assert len(after_days.trail("past_leads")) == 5
    refusal = {"outcome": "do_not_contact", "channel_used": "call"}
    after_days.of("branch_manager").post(f"/leads/{row['lead_id']}/outcome", data=refusal)
    assert after_days.of("branch_manager").get(path).status_code == 404
