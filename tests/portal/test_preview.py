"""A list's preview: the figures of the published decisions, a masked sample, for analysts alone."""

from __future__ import annotations

import json

import pytest
from mingdan import preview

from tests.portal.conftest import BRANCH, OTHER, Desk


def test_the_preview_has_the_decisions_of_the_day(desk: Desk) -> None:
    page = desk.of("analyst").get("/preview", params={"list": "deposit_maturity"}).text
    assert "<b>1</b>" in page and "候补" in page and "超出今日可联系数" in page
    assert "第1支行" in page and "40–59" in page
    assert "流失预警" in page[page.index("从其他名单取得") :]  # one customer whom deposit_outflow loses to it
    assert json.loads(desk.trail("previewed")[0].detail)["candidates"] == 1


def test_the_sample_is_masked_and_says_why(desk: Desk) -> None:
    page = desk.of("analyst").get("/preview", params={"list": "deposit_maturity"}).text
    assert "贾***" in page and "到期金额60万元" in page
    assert "贾不在单" not in page and f"55500{BRANCH}" not in page and f"1390000{BRANCH}" not in page


def test_a_list_that_is_off_or_has_nobody_says_so(desk: Desk) -> None:
    client = desk.of("analyst")
    assert "未启用" in client.get("/preview", params={"list": "bureau_winover"}).text
    assert "选择一个名单" in client.get("/preview").text
    assert client.get("/preview", params={"list": "no_such"}).status_code == 404
    assert client.get("/preview", params={"list": "deposit_maturity", "date": "2020-01-01"}).status_code == 404


@pytest.mark.parametrize("user", ["branch_manager", "head_office", "data_engineer", "other"])
def test_nobody_else_previews(desk: Desk, user: str) -> None:
    assert desk.of(user).get("/preview", params={"list": "tier_upgrade"}).status_code == 403


def test_the_same_look_serves_the_command_line_and_the_page(desk: Desk) -> None:
    edition = desk.app.state.editions.on()
    seen = preview.look(
        lambda sql, *values: edition.joined({"decisions": "decisions.parquet"}, sql, *values), "tier_upgrade"
    )
    assert seen.count == 2 and seen.states == {("dropped", "cool_down"): 1, ("held_out", "control_group"): 1}
    assert {branch: bands.total() for branch, bands in seen.branches.items()} == {BRANCH: 1, OTHER: 1}
    assert [row["subject_id"] for row in seen.sample] == [f"55500{BRANCH}", f"55500{OTHER}"]
