"""Reports: entries that must be whole, and figures as a branch reads them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from mingdan import catalog, reports, warehouse

NAME = "report_maturity_ladder"
DAY = {"language": "zh", "names": {}}


@pytest.fixture
def meta(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The meta of one report's entry, to be broken; the true entries come back afterwards."""
    known = deepcopy(catalog.properties())
    monkeypatch.setattr(catalog, "properties", lambda: known)
    yield known[NAME]["config"]["meta"]


def test_every_report_has_a_whole_entry_and_stands_in_history_by_its_grain() -> None:
    found = reports.entries()
    assert len(found) >= 4
    kept = warehouse.history_tables()
    for name in found:
        assert kept[name] == ", ".join(reports.key(name))
    assert set(kept) == set(found) | set(warehouse.HISTORY)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"title": {"zh": "到期结构视图"}}, "title: {zh, en}"),
        ({"workbook": None}, "at least one view"),
        ({"columns": {"matures_month": {"zh": "到期月份"}}}, "columns: matures_month"),
        ({"workbook": {"sum": ["deposit_count"]}}, "rows, and sum or rate"),
        ({"workbook": {"rows": "matures_month"}}, "rows, and sum or rate"),
        ({"workbook": {"rows": "matures_month", "sum": ["customer_count"]}}, "a title under columns for"),
        ({"workbook": {"rows": "matures_month", "sum": ["deposit_count"], "plot": ["x_amount"]}}, "plot and order"),
        ({"workbook": {"rows": "matures_month", "sum": ["deposit_count"], "order": "term_months"}}, "plot and order"),
        ({"workbook": {"rows": "matures_month", "sum": ["deposit_count"], "chart": "pie"}}, "chart: one of column"),
        ({"workbook": {"rows": "matures_month", "sum": ["deposit_count"], "top": 3}}, "view 1: only title, rows"),
        ({"workbook": {"rows": "matures_month", "sum": "deposit_count"}}, "sum: a list"),
        ({"workbook": [{"rows": "matures_month", "sum": ["deposit_count"]},
                       {"rows": "matures_month", "sum": ["deposit_count"], "where": {"kind": "x"}}]},
         "view 2: columns of report_maturity_ladder.sql; found 'kind'"),
        ({"workbook": {"rows": "matures_month", "sum": ["deposit_count"], "title": "Terms"}}, "title: a dict"),
    ],
)  # fmt: skip
def test_an_entry_that_is_not_whole_is_refused_by_name(meta: dict[str, Any], broken: dict[str, Any], said: str) -> None:
    meta |= broken
    with pytest.raises(catalog.CatalogError) as refused:
        reports.checked(NAME)
    assert said in str(refused.value)
    assert f"models/reports/reports.yml, {NAME}" in str(refused.value)


def test_a_report_without_entry_or_grain_is_refused(meta: dict[str, Any]) -> None:
    del catalog.properties()[NAME]["data_tests"]
    with pytest.raises(catalog.CatalogError, match="a grain test"):
        reports.checked(NAME)
    del catalog.properties()[NAME]
    with pytest.raises(catalog.CatalogError, match="a YAML entry beside it"):
        reports.checked(NAME)


# --- figures -----------------------------------------------------------------------------------------------------

ENTRY = {
    "title": {"zh": "年龄", "en": "Age"},
    "columns": {
        name: {"zh": name.upper(), "en": name} for name in ("band", "on", "customer_count", "aum_amount", "loan_rate")
    },
}
ROWS = pa.table({
    "branch_id": ["1", "1", "1", "1", "1", "2"],
    "band": ["10+", "1-3", "1-3", None, "3-5", "1-3"],
    "kind": ["a", "a", "b", "a", "c", "a"],
    "customer_count": pa.array([5, 2, 4, 1, 9, 100], pa.int32()),
    "loan_count": pa.array([1, 1, 2, None, 0, 50], pa.int32()),
    "aum_amount": pa.array([Decimal("10.10"), Decimal("0.20"), Decimal("0.30"), None, Decimal("5.00"), Decimal("1.00")],
                           pa.decimal128(18, 2)),
})  # fmt: skip


def view(branch: str = "1", entry: dict[str, Any] = ENTRY, **said: Any) -> reports.View:
    chosen = {"rows": "band", "sum": ["customer_count"], **said}
    return reports.drawn(entry, chosen, DAY, reports.added_up(chosen, ROWS)[branch])


def test_figures_are_added_up_and_bands_stand_in_the_order_people_expect() -> None:
    found = view(sum=["customer_count", "aum_amount"])
    assert [row[0] for row in found.rows] == ["1-3", "3-5", "10+", None]
    assert found.rows[0] == ["1-3", 6, Decimal("0.50")]
    assert found.rows[-1] == [None, 1, None]  # unknown everywhere stays unknown
    assert (found.columns, found.kinds) == (["BAND", "CUSTOMER_COUNT", "AUM_AMOUNT"], ["text", "number", "amount"])
    assert found.plotted == [2]  # amounts before counts


def test_a_rate_is_the_sums_ratio_and_unknown_over_nothing() -> None:
    found = view(rate={"loan_rate": ["loan_count", "customer_count"]}, where={"kind": ["a", "b"]})
    assert [row[2] for row in found.rows] == [0.5, 0.2, None]
    assert found.kinds[2] == "rate"


def test_where_order_limit_and_latest_choose_rows() -> None:
    assert [row[0] for row in view(where={"kind": "a"}).rows] == ["1-3", "10+", None]
    assert [row[0] for row in view(order="customer_count").rows] == ["3-5", "1-3", "10+", None]
    assert [row[0] for row in view(order="customer_count", limit=2).rows] == ["3-5", "1-3"]
    assert [row[0] for row in view(latest=2).rows] == ["10+", None]


def test_one_branch_does_not_see_another_and_one_without_rows_has_none() -> None:
    assert view("2").rows == [["1-3", 100]]
    empty = view("3")
    assert (empty.rows, empty.title) == ([], "年龄")


def test_codes_are_words_and_a_view_may_have_a_title_of_its_own() -> None:
    entry = deepcopy(ENTRY)
    entry["columns"]["band"]["words"] = {"1-3": {"zh": "一至三", "en": "one to three"}}  # type: ignore[index]
    found = view(entry=entry, title={"zh": "近", "en": "near"}, chart="bar")
    assert found.rows[0][0] == "一至三"
    assert (found.title, found.chart) == ("年龄 · 近", "bar")


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [("matures_month", date(2026, 7, 1), "month"), ("due_on", date(2026, 7, 1), "date"), ("band", "1-3", "text"),
     ("aum_amount", 0, "amount"), ("won_rate", 0, "rate"), ("market_share", 0, "rate"), ("lead_count", 0, "number")],
)  # fmt: skip
def test_a_columns_ending_says_how_it_is_written(column: str, value: Any, kind: str) -> None:
    assert reports.kind_of(column, value) == kind


def test_no_model_file_is_left_out(tmp_path: Path) -> None:
    files = {path.stem for path in (catalog.MODELS / "reports").rglob("report_*.sql")}
    assert set(reports.entries()) == files
