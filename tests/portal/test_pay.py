"""Pay: one's own, where the bank has it on; nobody else's by any way."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan.portal.pages import pay
from mingdan.settings import Settings

from tests.portal.conftest import OWNER, Desk

AMOUNTS = {OWNER: Decimal("12345.67"), "M002": Decimal("76543.21")}


@pytest.fixture
def paid(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Pay is on and known of two people."""
    columns = {name for name, _, _ in pay.PARTS}
    rows = [
        {"staff_id": staff, "branch_id": "0001", "pay_month": date(2026, month, 1), "rank_band": 2,
         "as_of": date(2026, 6, 30), **dict.fromkeys(columns, amount)}
        for staff, amount in AMOUNTS.items() for month in (5, 6)
    ]  # fmt: skip
    (tmp_path / "home" / "pay").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "home" / "pay" / "pay.parquet")
    monkeypatch.setenv("MINGDAN_HOME", str(tmp_path / "home"))
    switch(desk, True)
    return desk


def switch(desk: Desk, on: bool) -> None:
    former: Settings = desk.app.state.settings
    monkey = {**former.values, "pay": on}
    object.__setattr__(former, "values", monkey)


def test_one_sees_ones_own_pay_and_every_opening_is_logged(paid: Desk) -> None:
    page = paid.of("rm").get("/pay").text
    assert "12,345.67" in page and "2026-06" in page and "76,543.21" not in page
    assert "76,543.21" in paid.of("second_rm").get("/pay").text
    details = [json.loads(row.detail) for row in paid.trail("pay")]
    assert details == [{"employee_id": "M002", "months": 2}, {"employee_id": OWNER, "months": 2}]
    assert "12345" not in "".join(paid.app.state.audit.export())


@pytest.mark.parametrize(
    "way",
    ["/pay?staff_id=M002", "/pay?employee_id=M002", "/pay?user_id=second_rm", "/pay/M002", "/pay/../pay?branch=0001"],
)
@pytest.mark.parametrize("user", ["rm", "branch_manager", "region", "head_office", "auditor", "data_engineer"])
def test_nobody_elses_pay_is_seen_by_any_way(paid: Desk, user: str, way: str) -> None:
    answer = paid.of(user).get(way, headers={"X-Remote-User": "second_rm", "X-Employee-Id": "M002"})
    assert "76,543.21" not in answer.text


def test_without_the_switch_or_a_number_there_is_no_pay(paid: Desk) -> None:
    assert "没有员工号" in paid.of("nobody").get("/pay").text
    assert "我的工资" in paid.of("rm").get("/today").text
    switch(paid, False)
    page = paid.of("rm").get("/pay").text
    assert "未启用" in page and "12,345.67" not in page
    assert 'href="/pay"' not in paid.of("rm").get("/today").text
