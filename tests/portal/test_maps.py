"""Two maps and a circle: one's own branch, its customers masked; a region reads counts that name nobody."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.portal.conftest import BRANCH, OTHER, Desk, centre_of

LATITUDE, LONGITUDE = centre_of(BRANCH)
EVERYBODY = {"km": "6"}  # 8 living customers, 0 to 3.9 km north of the branch


def drawn(page: str) -> list[dict]:
    return [json.loads(html.unescape(found)) for found in re.findall(r'data-map="([^"]+)"', page)]


def inside(page: str) -> set[str]:
    return set(re.findall(r'href="/customers/(\w+)"', page))


def test_both_maps_stand_in_kilometres_around_the_branch_with_the_reports_figures(desk: Desk) -> None:
    page = desk.of("branch_manager").get("/maps").text
    around, living = drawn(page)
    (village,) = around["series"][0]["points"]
    assert around["series"][0]["name"] == "村" and village[:2] == [0.0, pytest.approx(1.11, abs=0.01)]
    cell, small = living["series"][0]["points"]
    assert living["series"][0]["name"] == "潜力" and cell[3] == "潜力 5，财富 3" and small[3] == "潜力 4"
    assert cell[0] == pytest.approx(0.48, abs=0.02) and cell[1] == pytest.approx(0.56, abs=0.02)
    assert living["rings"] == [1, 3] and living["circle"] is None
    assert f"示例村{BRANCH}" in page and "批发零售" in page and f"示例村{OTHER}" not in page


def test_a_tier_narrows_the_map_and_its_table(desk: Desk) -> None:
    page = desk.of("rm").get("/maps", params={"tier": "wealth"}).text
    _, living = drawn(page)
    assert living["series"][0]["points"][0][3] == "财富 3"
    assert "养老" in page and ">代发<" not in page


def test_a_circle_has_the_customers_within_its_radius_masked_and_nobody_who_died(desk: Desk) -> None:
    client = desk.of("rm")
    near = {"lat": str(LATITUDE), "lon": str(LONGITUDE), "km": "0.6"}
    first, second = (row["customer_id"] for row in desk.leads[BRANCH][:2])
    assert inside(client.get("/maps", params=near).text) == {first, second}  # at 0 and 0.56 km; the next is at 1.11
    page = client.get("/maps", params=EVERYBODY).text
    assert len(inside(page)) == 8 and f"7030{BRANCH}" not in page
    assert f"示例村{BRANCH}" in page and f"示例百货{BRANCH}" in page
    for row in desk.leads[BRANCH]:
        assert row["name"] not in page and row["mobile"] not in page
    said = json.loads(desk.trail("circle")[0].detail)
    assert said["branch"] == BRANCH and len(said["customers"]) == 8


def test_a_circle_around_another_branch_holds_nobody(desk: Desk) -> None:
    latitude, longitude = centre_of(OTHER)
    page = desk.of("branch_manager").get("/maps", params={"lat": latitude, "lon": longitude, "km": "20"}).text
    assert inside(page) == set() and "没有本网点的客户" in page
    assert not any(row["customer_id"] in page for row in desk.leads[OTHER])
    assert desk.of("branch_manager").get("/maps", params={"branch": OTHER, "km": "5"}).status_code == 404
    assert desk.trail("refused")


def test_who_refused_is_not_inside(desk: Desk) -> None:
    client, row = desk.of("branch_manager"), desk.leads[BRANCH][0]
    client.post(f"/leads/{row['lead_id']}/outcome", data={"outcome": "do_not_contact", "channel_used": "call"})
    found = inside(client.get("/maps", params=EVERYBODY).text)
    assert len(found) == 7 and row["customer_id"] not in found


def test_a_region_reads_counts_and_nothing_of_fewer_than_five(desk: Desk) -> None:
    client = desk.of("region")
    page = client.get("/maps", params=EVERYBODY).text
    assert inside(page) == set() and ("<b>5</b>" in page or "<b>10</b>" in page) and f"示例百货{BRANCH}" not in page
    _, living = drawn(page)
    assert [point[3] for point in living["series"][0]["points"]] == ["潜力 5，财富 3"]  # the cell of four is left out
    # 5 growth and 3 wealth: the three could be told by subtraction; 5 seniors of 8 likewise
    counted = page[page.index('id="inside"') :]
    assert "其他层级合计" in counted and "财富" not in counted and "潜力" not in counted
    assert "代发" in counted and "养老" not in counted
    few = client.get("/maps", params={"km": "1.2"}).text  # 3 people
    assert "少于5人" in few and inside(few) == set()


def test_a_circle_that_is_none_is_told_and_not_drawn(desk: Desk) -> None:
    asked_for = [("x", "1", "1"), ("nan", "1", "1"), ("91", "1", "1"), ("30", "181", "1"), ("30", "", "1")]
    asked_for += [("", "", km) for km in ("0", "21", "inf", "1; drop")]
    for asked in (dict(zip(("lat", "lon", "km"), each, strict=True)) for each in asked_for):
        page = desk.of("rm").get("/maps", params=asked)
        assert page.status_code == 200 and 'role="alert"' in page.text and 'id="inside"' not in page.text, asked
    assert not desk.trail("circle")


def test_maps_stand_without_javascript_and_in_english(desk: Desk) -> None:
    client = desk.of("lobby")
    page = client.get("/maps", params=EVERYBODY, headers={"cookie": "language=en; " + cookies(client)}).text
    assert "Inside the circle" in page and "customers of the branch" in page
    assert 'name="lat"' in page and 'name="km"' in page and " onclick" not in page


def cookies(client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())
