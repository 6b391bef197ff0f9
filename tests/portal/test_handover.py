"""Outcomes reach the landing zone exactly once, in the contract's form, whatever happens on the way."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from mingdan.contract import load_contract
from mingdan.portal.handover import HandOverError, hand_over, of_list_dates
from mingdan.stores import Store

from tests.portal.conftest import BRANCH, Desk

DAY = date(2026, 7, 1)
SAID = {
    "outcome": "call_again",
    "channel_used": "app",
    "contacted_at": "2026-07-01 09:30",
    "call_again_on": "2026-07-03",
}


def report(desk: Desk, at: int = 0, **more: str) -> None:
    lead_id = desk.leads[BRANCH][at]["lead_id"]
    assert desk.of("branch_staff").post(f"/leads/{lead_id}/outcome", data={**SAID, **more}).status_code == 303


def given(desk: Desk, landing: Path, day: date = DAY) -> dict:
    return hand_over(desk.app.state.engine, Store(landing), day, desk.at)


def test_a_day_is_handed_over_once_in_the_contracts_form(desk: Desk, tmp_path: Path) -> None:
    report(desk)
    report(desk, 1, outcome="do_not_contact", refused_channel="sms")
    desk.at += timedelta(days=1)
    assert given(desk, tmp_path)["written"] is True
    folder = tmp_path / "portal" / "contacts" / f"biz_date={DAY}"
    assert (folder / "_SUCCESS").exists()
    table = pq.read_table(folder / "part-0.parquet", partitioning=None)
    contract = load_contract().tables["portal.contacts"].columns
    assert [(each.name, each.type) for each in table.schema] == [(each.name, each.arrow_type) for each in contract]
    assert sorted(table["outcome"].to_pylist()) == ["call_again", "do_not_contact"]
    assert set(table["channel"].to_pylist()) == {"app_push"}
    before = (folder / "part-0.parquet").read_bytes()
    assert given(desk, tmp_path) == {"biz_date": DAY, "rows": 2, "written": False}
    assert (folder / "part-0.parquet").read_bytes() == before


def test_a_day_without_outcomes_is_delivered_empty(desk: Desk, tmp_path: Path) -> None:
    desk.at += timedelta(days=1)
    assert given(desk, tmp_path)["rows"] == 0
    assert [each.name for each in (tmp_path / "portal/contacts" / f"biz_date={DAY}").iterdir()] == ["_SUCCESS"]


def test_killed_before_its_success_file_a_day_is_written_again_the_same(desk: Desk, tmp_path: Path) -> None:
    report(desk)
    desk.at += timedelta(days=1)
    given(desk, tmp_path)
    folder = tmp_path / "portal" / "contacts" / f"biz_date={DAY}"
    written = (folder / "part-0.parquet").read_bytes()
    (folder / "_SUCCESS").unlink()
    (folder / "part-0.parquet").write_bytes(written[:10])
    assert given(desk, tmp_path)["written"] is True
    assert (folder / "part-0.parquet").read_bytes() == written


def test_a_day_that_is_not_over_and_a_partition_of_others_are_refused(desk: Desk, tmp_path: Path) -> None:
    report(desk)
    with pytest.raises(HandOverError, match="over"):
        given(desk, tmp_path)
    desk.at += timedelta(days=1)
    given(desk, tmp_path)
    (tmp_path / "portal" / "contacts" / f"biz_date={DAY}" / "part-0.parquet").write_bytes(b"somebody else's")
    with pytest.raises(HandOverError, match="other files"):
        given(desk, tmp_path)


def test_a_lead_with_an_outcome_is_known_before_it_is_handed_over(desk: Desk) -> None:
    report(desk)
    assert of_list_dates(desk.app.state.engine, DAY) == {desk.leads[BRANCH][0]["lead_id"]}
    assert of_list_dates(desk.app.state.engine, DAY + timedelta(days=1)) == set()
