"""Acceptance and source checks: every way a delivery can be wrong is named before anything is computed.

Each test delivers a tiny bank of invented people: three days of events, one snapshot, all of it right; then it breaks
one thing."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan import settings as settings_module
from mingdan import warehouse as warehouse_module
from mingdan.contract import Column, load_contract
from mingdan.landing import Problem, SourceReport, SourcesError, accept, check_sources, required_ready
from mingdan.landing.acceptance import DAY_FOLDER, month_ends, window_start
from mingdan.landing.ledger import Ledger, read_ledger
from mingdan.landing.structure import convert
from mingdan.settings import Home, Settings
from mingdan.stores import Store
from mingdan.warehouse import BuildError, Warehouse

DAY = date(2026, 6, 30)
DAYS = [DAY - timedelta(days=each) for each in (2, 1, 0)]
CONTRACT = load_contract()
Row = dict[str, Any]

CUSTOMERS: list[Row] = [
    {"customer_id": "C1", "full_name": "张一", "gender": "F", "home_branch_id": "B1", "marketing_consent": True},
    {"customer_id": "C2", "full_name": "李二", "gender": "M", "home_branch_id": "B1", "marketing_consent": False},
    {"customer_id": "C3", "full_name": "王三", "gender": "U", "home_branch_id": "B2", "marketing_consent": True},
]
BRANCHES: list[Row] = [{"branch_id": "B1", "level": "branch"}, {"branch_id": "B2", "level": "branch"}]
ACCOUNTS: list[Row] = [
    {"account_id": "A1", "customer_id": "C1", "branch_id": "B1", "account_type": "demand", "status": "active"},
    {"account_id": "A2", "customer_id": "C2", "branch_id": "B2", "account_type": "time", "status": "active"},
]


def balances(day: date) -> list[Row]:
    return [{"account_id": "A1", "biz_date": day, "balance": Decimal("12.30")}]


def transactions(day: date) -> list[Row]:
    return [
        {"txn_id": f"T{day}{n}", "account_id": "A1", "biz_date": day, "direction": "in", "channel": "app"}
        | {"txn_type": "transfer", "amount": Decimal("100.05")}
        for n in range(2)
    ]


FILLING: dict[str, Any] = {
    "varchar": "x", "date": date(2020, 1, 1), "timestamp": datetime(2026, 6, 1, 9), "boolean": False, "integer": 1,
    "bigint": 1, "double": 1.5, "decimal(18,2)": Decimal("1.00"), "decimal(9,6)": Decimal("0.010000"),
}  # fmt: skip


def filled(table_id: str, rows: list[Row]) -> pa.Table:
    """The rows as the contract wants them; a column that a row does not name is filled where it is required."""
    table = CONTRACT.tables[table_id]

    def value(row: Row, column: Column) -> Any:
        if column.name in row or not column.required:
            return row.get(column.name)
        return column.values[0] if column.values else FILLING[column.type]

    columns = [pa.array([value(row, each) for row in rows], each.arrow_type) for each in table.columns]
    return pa.table(columns, schema=table.arrow_schema)


class Bank:
    """A landing zone under a folder of the test, and what the project makes of it."""

    def __init__(self, root: Path, landing: str = "") -> None:
        self.home = Home(
            root=root / "home", landing=landing or str(root / "landing"), published=str(root / "published")
        )
        self.store = Store(self.home.landing)
        self.settings = settings_module.load_shipped()

    def set(self, **values: Any) -> None:
        self.settings = Settings(self.settings.values | values, self.settings.tables)

    def folder(self, table_id: str, day: date) -> str:
        return f"{table_id.replace('.', '/')}/{DAY_FOLDER}{day}"

    def put(self, table_id: str, day: date, name: str, data: bytes) -> None:
        self.store.write_bytes(f"{self.folder(table_id, day)}/{name}", data)

    def take(self, table_id: str, day: date, name: str) -> None:
        path = self.store.local(f"{self.folder(table_id, day)}/{name}")
        assert path is not None
        path.unlink()

    def land(self, table_id: str, day: date, rows: list[Row] | pa.Table, name: str = "part-0.parquet") -> None:
        """Deliver a day: rows as a file of the name's kind, then _SUCCESS."""
        table = rows if isinstance(rows, pa.Table) else filled(table_id, rows)
        self.put(table_id, day, name, written(table, name))
        self.put(table_id, day, "_SUCCESS", b"")

    def land_all(self, name: str = "part-0.parquet") -> Bank:
        self.land("core.customers", DAY, CUSTOMERS, name)
        self.land("core.branches", DAY, BRANCHES, name)
        self.land("core.accounts", DAY, ACCOUNTS, name)
        for day in DAYS:
            self.land("core.account_balances", day, balances(day), name)
            self.land("core.transactions", day, transactions(day), name)
        return self

    def check(self, as_of: date = DAY, known_by: date | None = None) -> SourceReport:
        return check_sources(self.home, self.settings, CONTRACT, as_of, known_by)

    def problem(self, kind: str, severity: str = "error") -> Problem:
        """The one problem of that kind; of that severity, and of that severity's only kind."""
        found = [each for each in self.check().problems if each.severity == severity]
        assert {each.kind for each in found} == {kind}, [each.text for each in found]
        assert len(found) == 1, [each.text for each in found]
        return found[0]

    def ledger(self, table_id: str) -> Ledger:
        return read_ledger(self.home.accepted, CONTRACT.tables[table_id])


def written(table: pa.Table, name: str, encoding: str = "utf-8") -> bytes:
    if name.endswith(".parquet"):
        out = pa.BufferOutputStream()
        pq.write_table(table, out)
        return out.getvalue().to_pybytes()
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(table.schema.names)
    rows.writerows(table.to_pylist() and zip(*table.to_pydict().values(), strict=True))
    data = text.getvalue().encode(encoding)
    return gzip.compress(data) if name.endswith(".gz") else data


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path).land_all()


def read(report: SourceReport, table_id: str) -> list[Row]:
    """Every row of every partition that models would read, as plain values."""
    paths = [path for each in report.files(table_id) for path in each.paths]
    columns = ", ".join(f'"{each.name}"' for each in CONTRACT.tables[table_id].columns)
    sql = f"select {columns} from read_parquet({paths}, union_by_name=true, hive_partitioning=false) order by all"
    return duckdb.sql(sql).to_arrow_table().to_pylist()


def changed(table_id: str, rows: list[Row], **columns: pa.Array) -> pa.Table:
    """The filled rows, with columns replaced (None: left out)."""
    table = filled(table_id, rows)
    for name, array in columns.items():
        place = table.schema.get_field_index(name)
        table = table.remove_column(place) if array is None else table.set_column(place, name, array)
    return table


def renamed(table: pa.Table, old: str, new: str) -> pa.Table:
    return table.rename_columns([new if each == old else each for each in table.schema.names])


# What is right


def test_a_right_delivery_has_no_errors_and_says_which_optional_tables_are_absent(bank: Bank) -> None:
    report = bank.check()
    assert report.errors == []
    report.raise_for_errors()
    assert report.tables["core.customers"].status == "ok"
    assert (report.tables["core.customers"].rows, report.tables["core.customers"].biz_date) == (3, DAY)
    absent = {each.table for each in report.problems if each.kind == "not_delivered"}
    assert "wealth.holdings" in absent and report.tables["wealth.holdings"].status == "absent"
    assert absent == {name for name, state in report.tables.items() if state.status == "absent"} - {"hr.staff_pay"}
    assert report.files("wealth.holdings") == []


def test_files_give_the_whole_window_of_events_and_the_newest_snapshot_with_its_month_ends(bank: Bank) -> None:
    for end in (date(2026, 5, 31), date(2026, 4, 30), date(2026, 4, 15)):
        bank.land("core.customers", end, CUSTOMERS)
    report = bank.check()
    assert [each.biz_date for each in report.files("core.transactions")] == DAYS
    assert [each.biz_date for each in report.files("core.customers")] == [date(2026, 4, 30), date(2026, 5, 31), DAY]
    assert len(read(report, "core.transactions")) == 6


def test_parquet_of_the_contract_is_read_where_it_lies_and_extra_columns_are_reported(bank: Bank) -> None:
    table = filled("core.branches", BRANCHES).append_column("swift", pa.array(["a", "b"]))
    table = table.select(sorted(table.schema.names))
    bank.land("core.branches", DAY, table)
    report = bank.check()
    assert report.errors == []
    assert report.files("core.branches")[0].paths == (
        f"{bank.home.landing}/{bank.folder('core.branches', DAY)}/part-0.parquet",
    )
    assert any(each.kind == "extra_columns" and "swift" in each.found for each in report.problems)
    assert not (bank.home.accepted / "core").exists()


def test_strings_that_pandas_writes_as_categories_or_large_strings_count_as_the_contracts_type(bank: Bank) -> None:
    ids = pa.array(["B1", "B2"], pa.large_string())
    level = pa.array(["branch", "branch"]).dictionary_encode()
    bank.land("core.branches", DAY, changed("core.branches", BRANCHES, branch_id=ids, level=level))
    report = bank.check()
    assert report.errors == [] and bank.ledger("core.branches").entries[DAY][0].in_place
    assert [each["level"] for each in read(report, "core.branches")] == ["branch", "branch"]


def test_other_parquet_types_are_converted_once_when_nothing_is_lost(bank: Bank) -> None:
    table = changed(
        "core.account_balances",
        balances(DAY),
        balance=pa.array([12.3], pa.float64()),
        biz_date=pa.array([datetime(2026, 6, 30)], pa.timestamp("ms")),
        pledged_amount=pa.nulls(1),
    )
    bank.land("core.account_balances", DAY, table)
    report = bank.check()
    assert report.errors == []
    assert [each for each in read(report, "core.account_balances") if each["biz_date"] == DAY] == [
        {"account_id": "A1", "biz_date": DAY, "balance": Decimal("12.30"), "pledged_amount": None}
    ]
    copy = bank.home.accepted / "core/account_balances/biz_date=2026-06-30/v=1/part-0.parquet"
    assert pq.read_schema(copy).equals(CONTRACT.tables["core.account_balances"].arrow_schema)


@pytest.mark.parametrize("name", ["part-0.csv", "part-0.csv.gz"])
def test_csv_and_gzipped_csv_give_the_rows_that_parquet_gives(tmp_path: Path, bank: Bank, name: str) -> None:
    text = Bank(tmp_path / "csv").land_all(name)
    report, expected = text.check(), bank.check()
    assert report.errors == []
    for table_id in ("core.customers", "core.accounts", "core.account_balances", "core.transactions"):
        assert read(report, table_id) == read(expected, table_id)
        assert report.tables[table_id].rows == expected.tables[table_id].rows


@pytest.mark.parametrize("name", ["part-0.csv", "part-0.csv.gz"])
def test_gb18030_csv_keeps_every_chinese_character(bank: Bank, name: str) -> None:
    people = [row | {"full_name": text, "address": "北京市朝阳区建国路８８号,\n二层"}
              for row, text in zip(CUSTOMERS, ("张䶮", "欧阳芸", "𠮷田"), strict=True)]  # fmt: skip
    data = written(filled("core.customers", people), "part-0.csv", "gb18030")
    bank.take("core.customers", DAY, "part-0.parquet")
    bank.put("core.customers", DAY, name, gzip.compress(data) if name.endswith("gz") else data)
    report = bank.check()
    assert report.errors == []
    assert [each["full_name"] for each in read(report, "core.customers")] == ["张䶮", "欧阳芸", "𠮷田"]
    assert read(report, "core.customers")[0]["address"] == people[0]["address"]


def test_utf8_csv_with_a_byte_order_mark_is_read(bank: Bank) -> None:
    bank.take("core.branches", DAY, "part-0.parquet")
    data = written(filled("core.branches", BRANCHES), "a.csv", "utf-8-sig")
    bank.put("core.branches", DAY, "a.csv", data)
    assert bank.check().errors == []


def test_an_object_store_gives_the_rows_that_a_folder_gives(bank: Bank, bucket: str, tmp_path: Path) -> None:
    remote = Bank(tmp_path / "remote", f"{bucket}/{tmp_path.name}/landing").land_all()
    report, expected = remote.check(), bank.check()
    assert report.errors == []
    for table_id in ("core.customers", "core.transactions"):
        assert read(report, table_id) == read(expected, table_id)
        there, here = remote.ledger(table_id).entries, bank.ledger(table_id).entries
        assert {d: v[0].digest for d, v in there.items()} == {d: v[0].digest for d, v in here.items()}
    assert required_ready(remote.home, remote.settings, CONTRACT, DAY) == []
    again = accept(remote.home, remote.settings, CONTRACT, DAY)
    assert (again.new, again.changed, again.gone) == ([], [], [])


def test_an_empty_day_of_a_table_that_may_be_empty_is_a_folder_with_success_alone(bank: Bank) -> None:
    for day in DAYS:
        bank.put("crm.contacts", day, "_SUCCESS", b"")
    report = bank.check()
    assert report.errors == []
    assert (report.tables["crm.contacts"].status, report.tables["crm.contacts"].rows) == ("ok", 0)
    assert report.files("crm.contacts") == []


def test_an_emptied_snapshot_hides_its_earlier_states(bank: Bank) -> None:
    refusal = {"customer_id": "C1", "channel": "call", "is_refused": True}
    bank.land("crm.channel_preferences", date(2026, 5, 31), [refusal])
    bank.put("crm.channel_preferences", DAY, "_SUCCESS", b"")
    report = bank.check()
    assert report.errors == [] and report.files("crm.channel_preferences") == []


def test_consent_is_counted_for_each_branch(bank: Bank) -> None:
    report = bank.check()
    assert report.consent == {"B1": (2, 1), "B2": (1, 1)}
    assert any(each.kind == "consent" and "2 of 3 customers" in each.found for each in report.problems)


def test_reports_are_rows_of_plain_values(bank: Bank) -> None:
    bank.land("core.customers", DAY, [*CUSTOMERS, CUSTOMERS[0]])
    report = bank.check()
    first = report.to_rows()[0]
    assert set(first) == {"source", "table", "status", "biz_date", "rows", "version"}
    assert len(report.to_rows()) == len(CONTRACT.tables)
    worst = report.problem_rows()[0]
    assert (worst["severity"], worst["table"], worst["days"]) == ("error", "core.customers", "2026-06-30")


# What is wrong


def test_a_landing_zone_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    problem = Bank(tmp_path).problem("missing_landing")
    assert str(tmp_path / "landing") in problem.found


def test_a_missing_required_table_is_named_with_the_folder_that_looks_like_it(bank: Bank) -> None:
    os.rename(f"{bank.home.landing}/core/accounts", f"{bank.home.landing}/core/acounts")
    problem = bank.problem("missing_table")
    assert (problem.table, problem.expected) == ("core.accounts", "a folder core/accounts")
    assert problem.found == "no such folder, but one named core/acounts"


def test_a_table_still_being_delivered_is_named(bank: Bank) -> None:
    bank.take("core.customers", DAY, "_SUCCESS")
    problem = bank.problem("missing_success")
    assert (problem.table, problem.days) == ("core.customers", (DAY,))
    assert "_SUCCESS" in problem.expected and "still being delivered" in problem.found
    assert required_ready(bank.home, bank.settings, CONTRACT, DAY) == ["core.customers"]


def test_a_required_table_without_the_day_names_its_newest(bank: Bank) -> None:
    for name in ("part-0.parquet", "_SUCCESS"):
        bank.take("core.transactions", DAY, name)
    os.rmdir(f"{bank.home.landing}/{bank.folder('core.transactions', DAY)}")
    problem = bank.problem("late")
    assert (problem.table, problem.expected) == ("core.transactions", "a delivery for 2026-06-30")
    assert problem.found == "none; the newest that can be read is of 2026-06-29"


def test_a_missing_column_is_named_with_its_type(bank: Bank) -> None:
    bank.land("core.accounts", DAY, changed("core.accounts", ACCOUNTS, currency=None))
    problem = bank.problem("missing_column")
    assert (problem.table, problem.column) == ("core.accounts", "currency")
    assert problem.expected == "a column currency of type varchar" and problem.found == "no such column"


@pytest.mark.parametrize("name", ["part-0.parquet", "part-0.csv"])
@pytest.mark.parametrize("other", ["cust_id", "客户号"])
def test_a_renamed_column_is_named_with_the_name_it_was_found_under(bank: Bank, name: str, other: str) -> None:
    bank.take("core.customers", DAY, "part-0.parquet")
    bank.land("core.customers", DAY, renamed(filled("core.customers", CUSTOMERS), "customer_id", other), name)
    problem = bank.problem("renamed_column")
    assert (problem.table, problem.column, problem.found) == ("core.customers", "customer_id", other)
    assert f"rename {other} to customer_id" in problem.text


def test_an_optional_column_under_another_name_is_a_warning(bank: Bank) -> None:
    table = renamed(filled("core.customers", CUSTOMERS), "marketing_consent", "marketing_consents")
    bank.land("core.customers", DAY, table)
    found = [each for each in bank.check().problems if each.severity == "warning"]
    assert {each.column for each in found} == {"marketing_consent"}
    assert {each.kind for each in found} == {"renamed_column", "consent"}


@pytest.mark.parametrize(
    ("column", "array", "expected", "found"),
    [
        ("customer_id", pa.array([1, 2, 3]), "varchar", "bigint"),
        ("opened_on", pa.array(["2020-01-01"] * 3), "date", "varchar"),
        ("opened_on", pa.array([datetime(2020, 1, 1, 9)] * 3), "date", "timestamp that lose"),
        (
            "birth_date",
            pa.array([date(1990, 1, 1)] * 3).cast(pa.timestamp("us", "UTC")),
            "date",
            "timestamp[us, tz=UTC]",
        ),
        ("is_staff", pa.array([0, 1, 2]), "boolean", "bigint that lose"),
    ],
)
def test_a_retyped_column_is_named_with_both_types(
    bank: Bank, column: str, array: pa.Array, expected: str, found: str
) -> None:
    bank.land("core.customers", DAY, changed("core.customers", CUSTOMERS, **{column: array}))
    problem = bank.problem("retyped_column")
    assert (problem.table, problem.column, problem.expected) == ("core.customers", column, expected)
    assert found in problem.found


def test_an_amount_with_more_places_than_the_contract_is_not_rounded(bank: Bank) -> None:
    table = changed("core.account_balances", balances(DAY), balance=pa.array([12.345]))
    bank.land("core.account_balances", DAY, table)
    problem = bank.problem("retyped_column")
    assert (problem.column, problem.expected) == ("balance", "decimal(18,2)")
    assert problem.found == "values of type double that lose something in it"


def test_a_csv_value_of_another_type_is_named_by_column_never_by_value(bank: Bank) -> None:
    bank.take("core.customers", DAY, "part-0.parquet")
    table = changed("core.customers", CUSTOMERS, opened_on=pa.array(["2020-01-01", "13800138000", "2020-01-01"]))
    bank.land("core.customers", DAY, table, "part-0.csv")
    problem = bank.problem("retyped_column")
    assert (problem.column, problem.expected, problem.found) == ("opened_on", "date", "a text that is no date")
    with pytest.raises(SourcesError) as error:
        bank.check().raise_for_errors()
    assert "13800138000" not in str(error.value)


def test_an_empty_table_that_may_not_be_is_named(bank: Bank) -> None:
    bank.land("core.customers", DAY, [])
    problem = bank.problem("empty_table")
    assert (problem.table, problem.expected, problem.found) == ("core.customers", "rows", "none")


def test_duplicate_keys_are_counted_and_never_shown(bank: Bank) -> None:
    bank.land("core.customers", DAY, [*CUSTOMERS, CUSTOMERS[0]])
    problem = bank.problem("duplicate_key")
    assert (problem.table, problem.column) == ("core.customers", "customer_id")
    assert problem.found == "1 keys that occur more than once, in 2 of 4 rows" and "C1" not in problem.text


def test_orphans_are_counted_with_the_column_they_should_be_found_in(bank: Bank) -> None:
    bank.land("core.accounts", DAY, [*ACCOUNTS, ACCOUNTS[0] | {"account_id": "A3", "customer_id": "C999"}])
    problem = bank.problem("orphan")
    assert (problem.table, problem.column) == ("core.accounts", "customer_id")
    assert "core.customers.customer_id" in problem.expected
    assert problem.found == "1 of 3 rows without one" and "C999" not in problem.text


def test_a_null_reference_is_no_orphan_and_an_absent_target_is_not_asked(bank: Bank) -> None:
    bank.land("core.customers", DAY, [row | {"manager_id": "M1"} for row in CUSTOMERS])
    assert bank.check().errors == []


@pytest.mark.parametrize("name", ["part-0.parquet", "part-0.csv"])
def test_a_business_date_other_than_the_folders_is_named(bank: Bank, name: str) -> None:
    bank.take("core.transactions", DAY, "part-0.parquet")
    bank.land("core.transactions", DAY, [*transactions(DAY), *transactions(date(2026, 6, 12))], name)
    problem = bank.problem("wrong_date")
    assert (problem.table, problem.column) == ("core.transactions", "biz_date")
    assert problem.expected.startswith("2026-06-30") and problem.found == "2026-06-12"


def test_a_gap_in_the_event_days_names_the_days(bank: Bank) -> None:
    for back in (3, 6, 7, 8):
        day = DAY - timedelta(days=back)
        bank.land("core.transactions", day, transactions(day))
    problem = bank.problem("gap")
    assert problem.table == "core.transactions"
    assert problem.days == (date(2026, 6, 25), date(2026, 6, 26))
    assert "2026-06-25 to 2026-06-26 (2 days)" in problem.text and problem.found == "2 missing"


def test_days_before_the_history_starts_are_no_gap_and_are_not_read(bank: Bank) -> None:
    bank.land("core.transactions", date(2026, 6, 1), transactions(date(2026, 6, 1)))
    assert bank.problem("gap").days[0] == date(2026, 6, 2)
    bank.set(history_starts_on=DAYS[0])
    report = bank.check()
    assert report.errors == [] and report.history_starts_on == DAYS[0]
    assert [each.biz_date for each in report.files("core.transactions")] == DAYS


def test_a_required_table_that_begins_after_the_history_starts_has_a_gap(bank: Bank) -> None:
    bank.set(history_starts_on=date(2026, 6, 26))
    errors = bank.check().errors
    assert {each.table for each in errors} == {"core.account_balances", "core.transactions"}
    assert {each.days for each in errors} == {(date(2026, 6, 26), date(2026, 6, 27))}


def test_a_gap_counts_inside_the_tables_window_only(bank: Bank) -> None:
    assert CONTRACT.tables["crm.outside_contacts"].window_days == 90
    for back in (120, *range(85, -1, -1)):
        bank.put("crm.outside_contacts", DAY - timedelta(days=back), "_SUCCESS", b"")
    assert bank.problem("gap").days == tuple(DAY - timedelta(days=back) for back in (89, 88, 87, 86))


def test_a_day_in_the_history_without_success_is_named(bank: Bank) -> None:
    bank.take("core.transactions", DAYS[0], "_SUCCESS")
    problem = bank.problem("missing_success")
    assert (problem.table, problem.days, problem.found) == ("core.transactions", (DAYS[0],), "1 without _SUCCESS")


@pytest.mark.parametrize("name", ["part-0.parquet", "part-0.csv", "part-0.csv.gz"])
def test_a_file_cut_in_half_is_named(bank: Bank, name: str) -> None:
    for day in DAYS[:2]:
        bank.take("core.transactions", day, "part-0.parquet")
        data = written(filled("core.transactions", transactions(day) * 50), name)
        bank.put("core.transactions", day, name, data[: len(data) // 2 - 3])
    problems = bank.check().errors
    assert {(each.kind, each.table) for each in problems} == {("unreadable", "core.transactions")}
    assert {day for each in problems for day in each.days} == set(DAYS[:2])
    assert all(name in each.found and "cut short?" in each.found for each in problems)
    assert all("T2026" not in each.text for each in problems)


def test_a_parquet_file_spoilt_in_the_middle_is_found_where_the_day_is_read(bank: Bank) -> None:
    people = [CUSTOMERS[0] | {"customer_id": f"C{n}"} for n in range(5000)]
    data = bytearray(written(filled("core.customers", people), "part-0.parquet"))
    data[50:2000] = bytes(1950)
    bank.put("core.customers", DAY, "part-0.parquet", bytes(data))
    problem = bank.problem("unreadable")
    assert problem.table == "core.customers" and "breaks off" in problem.found


@pytest.mark.parametrize(
    ("encoding", "address"),
    [
        ("big5", "臺北市中正區重慶南路一段"),
        ("utf-16", "北京市朝阳区"),
        ("shift_jis", "東京都中央区一丁目"),
        ("latin-1", "Zürich"),
    ],
)
def test_another_encoding_is_named(bank: Bank, encoding: str, address: str) -> None:
    people = [CUSTOMERS[0] | {"full_name": None, "address": address}]
    bank.take("core.customers", DAY, "part-0.parquet")
    bank.put("core.customers", DAY, "a.csv", written(filled("core.customers", people), "a.csv", encoding))
    problem = next(each for each in bank.check().errors if each.kind == "encoding")
    assert (problem.table, problem.expected) == ("core.customers", "UTF-8 or GB18030")
    assert problem.found == "a.csv in another encoding"


def test_columns_separated_by_something_else_are_named(bank: Bank) -> None:
    bank.take("core.branches", DAY, "part-0.parquet")
    data = written(filled("core.branches", BRANCHES), "a.csv").replace(b",", b"|")
    bank.put("core.branches", DAY, "a.csv", data)
    found = bank.problem("unreadable")
    assert (found.table, found.expected) == ("core.branches", "columns separated by commas")


def test_a_file_of_an_unknown_kind_is_named(bank: Bank) -> None:
    bank.put("core.branches", DAY, "part-1.xlsx", b"PK")
    problem = bank.problem("file_type")
    assert problem.expected == "files named .parquet, .csv or .csv.gz" and "part-1.xlsx" in problem.found


def test_nulls_in_a_required_column_are_counted(bank: Bank) -> None:
    bank.land("core.customers", DAY, [*CUSTOMERS[:2], CUSTOMERS[2] | {"opened_on": None}])
    problem = bank.problem("null")
    assert (problem.table, problem.column, problem.found) == ("core.customers", "opened_on", "1 of 3 rows without")


def test_values_outside_the_enumeration_are_counted_and_shown_only_when_internal(bank: Bank) -> None:
    bank.land("core.customers", DAY, [*CUSTOMERS[:2], CUSTOMERS[2] | {"gender": "女"}])
    problem = bank.problem("enumeration")
    assert (problem.column, problem.expected) == ("gender", "one of M, F, U")
    assert problem.found == "1 of 3 rows with another value" and "女" not in problem.text
    bank.land("core.customers", DAY, CUSTOMERS)
    bank.land("core.branches", DAY, [BRANCHES[0], BRANCHES[1] | {"level": "kiosk"}])
    assert bank.problem("enumeration").found == "1 of 2 rows with another value (kiosk)"


@pytest.mark.parametrize("branch", ["B/2", "..", "B 2", "B%2", "B2.", "支行?", ""])
def test_a_branch_whose_number_cannot_name_a_file_stops_and_is_named(bank: Bank, branch: str) -> None:
    bank.land("core.customers", DAY, [each | {"home_branch_id": "B1"} for each in CUSTOMERS])
    bank.land("core.accounts", DAY, [each | {"branch_id": "B1"} for each in ACCOUNTS])
    bank.land("core.branches", DAY, [BRANCHES[0], BRANCHES[1] | {"branch_id": branch}])
    problem = bank.problem("file_name")
    assert (problem.table, problem.column) == ("core.branches", "branch_id")
    assert problem.found == f"1 of 2 rows with others ({branch})"
    bank.land("core.branches", DAY, [BRANCHES[0], BRANCHES[1] | {"branch_id": "浙江-2_a.b"}])
    assert bank.check().errors == []


def test_a_required_snapshot_whose_rows_leave_the_band_stops(bank: Bank) -> None:
    bank.land("core.customers", DAYS[1], [CUSTOMERS[0] | {"customer_id": f"C{n}"} for n in range(9)])
    accept(bank.home, bank.settings, CONTRACT, DAYS[1])
    problem = bank.problem("row_count")
    assert problem.table == "core.customers" and problem.found == "3"
    assert problem.expected == "7 to 14 rows, after 9 on 2026-06-29"
    bank.set(jumps_accepted=["core.customers 2026-06-29"])  # another day's word does not count
    assert bank.problem("row_count").severity == "error"
    bank.set(jumps_accepted=[f"core.customers {DAY}"])
    assert bank.problem("row_count", "warning").found == "3"


def test_an_event_table_whose_rows_leave_the_band_warns(bank: Bank) -> None:
    bank.land("core.transactions", DAY, [transactions(DAY)[0] | {"txn_id": f"T{n}"} for n in range(20)])
    assert bank.problem("row_count", "warning").table == "core.transactions"
    assert bank.check().errors == []


def test_every_problem_is_found_in_one_go_and_the_error_lists_each(bank: Bank) -> None:
    bank.land("core.accounts", DAY, changed("core.accounts", ACCOUNTS, currency=None, status=pa.array([1, 2])))
    bank.land("core.customers", DAY, [*CUSTOMERS, CUSTOMERS[0]])
    bank.take("core.branches", DAY, "_SUCCESS")
    bank.put("core.transactions", DAYS[0], "part-0.parquet", b"PAR1")
    with pytest.raises(SourcesError) as error:
        bank.check().raise_for_errors()
    kinds = {each.kind for each in error.value.problems if each.severity == "error"}
    assert kinds == {"missing_column", "retyped_column", "duplicate_key", "missing_success", "unreadable"}
    assert str(error.value).count("\n- ") == 5
    assert all(name in str(error.value) for name in ("core.accounts", "core.customers", "core.branches"))


def test_folders_that_are_no_days_or_no_tables_are_said(bank: Bank) -> None:
    bank.store.write_bytes("core/customers/biz_date=20260629/part-0.parquet", b"")
    bank.store.write_bytes("core/customer/biz_date=2026-06-29/part-0.parquet", b"")
    problems = {each.kind: each for each in bank.check().problems}
    assert (
        problems["misnamed_folder"].severity == "warning" and "biz_date=20260629" in problems["misnamed_folder"].found
    )
    assert "core/customer" in problems["unknown_table"].found and "core/customers" in problems["unknown_table"].hint


# Late, off, expected


@pytest.mark.parametrize(("age", "status"), [(0, "ok"), (1, "stale"), (3, "stale"), (4, "late_off")])
def test_a_late_optional_table_is_used_stale_for_its_days_and_off_after_them(bank: Bank, age: int, status: str) -> None:
    assert CONTRACT.tables["wealth.holdings"].late_days == 3
    bank.land("wealth.holdings", DAY - timedelta(days=age), [{"holding_id": "H1", "customer_id": "C1"}])
    report = bank.check()
    assert report.errors == [] and report.tables["wealth.holdings"].status == status
    assert bool(report.files("wealth.holdings")) == (status != "late_off")
    late = [each for each in report.problems if each.kind == "late"]
    assert [each.severity for each in late] == ([] if age == 0 else ["warning"])
    assert age == 0 or late[0].table == "wealth.holdings"


def test_a_late_table_of_kind_off_counts_as_absent_today(bank: Bank) -> None:
    bank.put("external.market_events", DAYS[1], "_SUCCESS", b"")
    report = bank.check()
    assert report.errors == [] and report.tables["external.market_events"].status == "late_off"
    assert any(each.kind == "late" and "counts as absent" in each.text for each in report.problems)


def test_references_into_a_stale_table_only_warn(bank: Bank) -> None:
    bank.land("core.managers", DAYS[1], [{"manager_id": "M1", "branch_id": "B1", "role": "wealth"}])
    bank.land("core.customers", DAY, [row | {"manager_id": "M2"} for row in CUSTOMERS])
    report = bank.check()
    assert report.errors == []
    assert any(each.kind == "orphan" and each.severity == "warning" for each in report.problems)


def test_a_customer_who_is_gone_on_the_evening_after_a_contact_in_the_portal_stops_nobodys_lists(bank: Bank) -> None:
    """The portal's partition is written once, by ourselves: a bank could neither leave the row out nor mend it."""
    bank.land("portal.contacts", DAY, [{"contact_id": "K1", "lead_id": "L1", "customer_id": "C999"}])
    report = bank.check()
    assert report.errors == []
    assert [(each.table, each.severity) for each in report.problems if each.kind == "orphan"] == [
        ("portal.contacts", "warning")
    ]
    bank.land("crm.contacts", DAY, [{"contact_id": "K2", "lead_id": "L1", "customer_id": "C999"}])
    assert bank.problem("orphan").table == "crm.contacts"


def test_a_table_delivered_on_change_is_current_until_it_changes(bank: Bank) -> None:
    bank.land("core.calendar", date(2026, 1, 1), [{"cal_date": DAY, "is_business_day": True}])
    report = bank.check()
    assert report.tables["core.calendar"].status == "ok"
    assert report.tables["core.calendar"].biz_date == date(2026, 1, 1)


def test_a_table_turned_off_in_the_settings_is_not_read(bank: Bank) -> None:
    bank.land("wealth.holdings", DAY, [{"holding_id": "H1", "customer_id": "C1"}])
    bank.set(sources_off=["wealth.holdings"])
    report = bank.check()
    assert report.tables["wealth.holdings"].status == "absent" and report.files("wealth.holdings") == []
    assert any(each.kind == "off" and each.table == "wealth.holdings" for each in report.problems)


def test_pay_is_not_read_unless_its_own_switch_is_on(bank: Bank) -> None:
    bank.put("hr.staff_pay", DAY, "part-0.parquet", b"whatever it is")
    bank.put("hr.staff_pay", DAY, "_SUCCESS", b"")
    assert bank.check().errors == [] and "hr.staff_pay" not in accept(bank.home, bank.settings, CONTRACT, DAY).tables


def test_no_contact_history_is_allowed_but_an_expected_one_that_is_missing_stops(bank: Bank) -> None:
    assert bank.check().errors == []
    bank.set(contact_history="expected")
    assert bank.problem("missing_table").table == "crm.contacts"
    assert required_ready(bank.home, bank.settings, CONTRACT, DAY) == ["crm.contacts"]


def test_the_sensor_waits_for_every_table_that_stops_a_run(bank: Bank) -> None:
    assert required_ready(bank.home, bank.settings, CONTRACT, DAY) == []
    waiting = required_ready(bank.home, bank.settings, CONTRACT, DAY + timedelta(days=1))
    assert waiting == [each.id for each in CONTRACT.tables.values() if each.required]
    assert len(waiting) == 5


# Versions


def test_a_second_acceptance_does_nothing(bank: Bank) -> None:
    assert len(accept(bank.home, bank.settings, CONTRACT, DAY).new) == 9
    before = {path: path.stat().st_mtime_ns for path in bank.home.accepted.rglob("*.json")}
    again = accept(bank.home, bank.settings, CONTRACT, DAY)
    assert (again.new, again.changed, again.gone, again.problems) == ([], [], [], [])
    assert {path: path.stat().st_mtime_ns for path in bank.home.accepted.rglob("*.json")} == before


def test_a_touched_file_of_the_same_content_makes_no_new_version(bank: Bank) -> None:
    accept(bank.home, bank.settings, CONTRACT, DAY)
    os.utime(f"{bank.home.landing}/{bank.folder('core.customers', DAY)}/part-0.parquet", ns=(1, 1))
    again = accept(bank.home, bank.settings, CONTRACT, DAY)
    assert (again.new, again.changed, again.gone) == ([], [], [])
    assert len(bank.ledger("core.customers").entries[DAY]) == 1


@pytest.mark.parametrize(("worth_opening", "kind"), [(1000, "tables"), (0, "views")])
def test_the_warehouse_reads_days_in_place_and_copied_days_as_one_table(
    bank: Bank, worth_opening: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few rows are copied, many are read from their files; and so in a file that takes over another's sources."""
    monkeypatch.setattr(warehouse_module, "ROWS_WORTH_OPENING", worth_opening)
    bank.take("core.account_balances", DAYS[1], "part-0.parquet")
    bank.land("core.account_balances", DAYS[1], balances(DAYS[1]), "part-0.csv")
    bank.land("core.account_balances", DAY, changed("core.account_balances", balances(DAY), pledged_amount=None))
    bank.land("core.customers", date(2026, 5, 31), CUSTOMERS[:2], "part-0.csv.gz")
    report = bank.check()
    assert report.errors == []
    warehouse, ahead = (Warehouse(bank.home, bank.settings, ahead) for ahead in (False, True))
    warehouse.register_sources(CONTRACT, {name: report.files(name) for name in report.tables})
    files = report.files("core.account_balances")
    ahead.register_sources_of(warehouse, CONTRACT, {"core.account_balances": files[:-1]})
    for each, days in ((warehouse, DAYS), (ahead, DAYS[:-1])):
        found = each.query(f"select * from duckdb_{kind}() where schema_name = 'landing'").to_pylist()
        assert {"core__account_balances", "core__customers"} <= {row[kind[:-1] + "_name"] for row in found}
        sql = "select biz_date, balance, pledged_amount from landing.core__account_balances order by biz_date"
        assert [tuple(row.values()) for row in each.query(sql).to_pylist()] == [
            (day, Decimal("12.30"), None) for day in days
        ]
        sql = "select biz_date, count(*) as n from landing.core__customers group by all order by all"
        assert [tuple(row.values()) for row in each.query(sql).to_pylist()] == [(date(2026, 5, 31), 2), (DAY, 3)]


def test_a_file_damaged_after_its_acceptance_is_named_with_its_source(bank: Bank) -> None:
    """Its footer, size and time are what they were: only who reads its rows can tell."""
    report = bank.check()
    path = Path(report.files("core.customers")[-1].paths[0])
    was, whole = path.stat(), path.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    path.write_bytes(whole[:4] + bytes(len(whole) - 4 - footer) + whole[-footer:])
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    files = {name: bank.check().files(name) for name in CONTRACT.tables}
    with pytest.raises(BuildError, match="source core.customers: .* anew") as told:
        Warehouse(bank.home, bank.settings).register_sources(CONTRACT, files)
    assert str(path) in str(told.value)


def test_overwritten_parquet_is_a_new_version_and_the_old_one_is_marked_gone(bank: Bank) -> None:
    bank.check()
    bank.land("core.customers", DAY, CUSTOMERS[:2])
    bank.set(history_starts_on=None)
    report = bank.check()
    gone = next(each for each in report.problems if each.kind == "gone")
    assert (gone.severity, gone.table, gone.days) == ("warning", "core.customers", (DAY,))
    assert "can be rebuilt on what is there now only" in gone.text
    first, second = bank.ledger("core.customers").entries[DAY]
    assert (first.gone, second.gone, second.version, second.rows) == (True, False, 2, 2)
    assert report.tables["core.customers"].version == 2


def test_kept_copies_outlive_an_overwritten_file(bank: Bank) -> None:
    bank.set(keep_copies=True)
    bank.check()
    bank.land("core.accounts", DAY, ACCOUNTS[:1])
    accepted = accept(bank.home, bank.settings, CONTRACT, DAY)
    assert accepted.changed == [("core.accounts", DAY, 2)] and accepted.gone == []
    folder = bank.home.accepted / "core/accounts/biz_date=2026-06-30"
    assert [pq.read_metadata(folder / f"v={n}/part-0.parquet").num_rows for n in (1, 2)] == [2, 1]


def test_spark_gets_a_copy_of_what_was_accepted_in_place(bank: Bank) -> None:
    bank.check()
    bank.set(engine="spark")
    report = bank.check()
    assert all("/v=1/" in path for each in report.files("core.transactions") for path in each.paths)
    assert report.tables["core.transactions"].version == 1 and len(read(report, "core.transactions")) == 6


def test_a_removed_file_is_gone_and_its_day_a_gap(bank: Bank) -> None:
    bank.check()
    for name in ("part-0.parquet", "_SUCCESS"):
        bank.take("core.transactions", DAYS[1], name)
    os.rmdir(f"{bank.home.landing}/{bank.folder('core.transactions', DAYS[1])}")
    report = bank.check()
    assert [(each.kind, each.days) for each in report.errors] == [("gap", (DAYS[1],))]
    assert report.errors[0].found == "1 gone"
    bank.land("core.transactions", DAYS[1], transactions(DAYS[1]))
    assert bank.check().errors == []
    assert [each.version for each in bank.ledger("core.transactions").entries[DAYS[1]]] == [1]


def test_known_by_reads_the_versions_of_that_day(bank: Bank) -> None:
    bank.set(keep_copies=True)
    bank.check(DAYS[1])
    assert {v[0].known_on for v in bank.ledger("core.transactions").entries.values()} == set(DAYS[:2])
    more = [*transactions(DAYS[0]), transactions(DAYS[0])[0] | {"txn_id": "T9"}]
    bank.land("core.transactions", DAYS[0], more)
    report = bank.check()
    assert [each.known_on for each in bank.ledger("core.transactions").entries[DAYS[0]]] == [DAYS[0], DAY]
    assert [each.version for each in report.files("core.transactions")] == [2, 1, 1]
    then = bank.check(DAYS[1], known_by=DAYS[1])
    assert [each.version for each in then.files("core.transactions")] == [1, 1]


def test_a_change_found_by_a_rebuild_of_an_old_day_is_known_no_earlier_than_the_newest_run(bank: Bank) -> None:
    bank.set(keep_copies=True)
    bank.check()
    bank.land("core.transactions", DAYS[0], transactions(DAYS[0])[:1])
    bank.check(DAYS[0])
    assert [each.known_on for each in bank.ledger("core.transactions").entries[DAYS[0]]] == [DAYS[0], DAY]


def test_rows_landed_after_the_business_date_change_nothing(bank: Bank) -> None:
    before = bank.check()
    later = DAY + timedelta(days=1)
    bank.land("core.transactions", later, transactions(later))
    bank.land("core.customers", later, CUSTOMERS[:1])
    after = bank.check()
    assert after.tables == before.tables and after.partitions == before.partitions


def test_a_rejected_redelivery_stops_and_the_mended_one_passes(bank: Bank) -> None:
    bank.check()
    bank.land("core.customers", DAY, changed("core.customers", CUSTOMERS, gender=None))
    assert {each.kind for each in bank.check().errors} == {"missing_column"}
    bank.land("core.customers", DAY, CUSTOMERS[:2])
    report = bank.check()
    assert report.errors == [] and report.tables["core.customers"].version == 2


def test_a_killed_acceptance_leaves_nothing_half_accepted(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in DAYS:
        bank.take("core.transactions", day, "part-0.parquet")
        bank.land("core.transactions", day, transactions(day), "part-0.csv")
    calls = []

    def die_at_the_third(*arguments: Any) -> int:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return convert(*arguments)

    monkeypatch.setattr("mingdan.landing.acceptance.convert", die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        accept(bank.home, bank.settings, CONTRACT, DAY)
    assert bank.ledger("core.transactions").entries == {}
    monkeypatch.undo()
    report = bank.check()
    assert report.errors == [] and len(read(report, "core.transactions")) == 6
    assert [path.name for path in bank.home.accepted.iterdir() if path.name.startswith(".taking")] == []


def test_a_kill_between_the_copy_and_the_ledger_is_taken_up_again(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.set(keep_copies=True)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mingdan.landing.acceptance.write_ledger", die)
    with pytest.raises(KeyboardInterrupt):
        accept(bank.home, bank.settings, CONTRACT, DAY)
    monkeypatch.undo()
    bank.land("core.customers", DAY, CUSTOMERS[:2])
    report = bank.check()
    assert report.errors == [] and report.tables["core.customers"].version == 1
    assert [each["customer_id"] for each in read(report, "core.customers")] == ["C1", "C2"]


def test_month_ends_reach_as_far_back_as_the_first_month_end_of_the_balances() -> None:
    """Else what a customer holds would be known of fewer days than what stands in their accounts."""
    balances = load_contract().tables["core.account_balances"]
    assert month_ends(DAY)[-1] == date(2026, 5, 31) and month_ends(date(2026, 3, 1))[-1] == date(2026, 2, 28)
    for as_of in (DAY + timedelta(days=n) for n in range(800)):
        first = window_start(balances, as_of, None)
        complete = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        assert complete in month_ends(as_of), as_of


ASKED: Row = {"lead_id": "L1", "customer_id": "C1", "outcome": "do_not_contact", "channel": "call"}
LONG_AGO = DAY - timedelta(days=900)


def land_outcomes(bank: Bank) -> None:
    """Outcomes of long ago: a refusal, a death, and one that is forgotten; of the last day a refusal."""
    rows = [ASKED | {"contact_id": "K1"}, ASKED | {"contact_id": "K2", "customer_id": "C2", "outcome": "deceased"}]
    bank.land("crm.contacts", LONG_AGO, [*rows, ASKED | {"contact_id": "K3", "outcome": "interested"}])
    window = CONTRACT.tables["crm.contacts"].window_days or 0
    for back in range(window):
        bank.put("crm.contacts", DAY - timedelta(days=back), "_SUCCESS", b"")
    bank.land("crm.contacts", DAY, [ASKED | {"contact_id": "K4"}])


def told(report: SourceReport) -> list[str]:
    return [row["contact_id"] for row in read(report, "crm.contacts")]


def test_who_refused_or_died_long_ago_is_read_still_and_nothing_else_of_that_day(bank: Bank) -> None:
    land_outcomes(bank)
    report = bank.check()
    assert report.errors == [] and told(report) == ["K1", "K2", "K4"]
    assert report.tables["crm.contacts"].biz_date == DAY
    warehouse = Warehouse(bank.home, bank.settings)
    warehouse.register_sources(CONTRACT, {name: report.files(name) for name in report.tables})
    rows = warehouse.query("select biz_date, contact_id from landing.crm__contacts order by contact_id").to_pylist()
    assert [(row["biz_date"], row["contact_id"]) for row in rows] == [(LONG_AGO, "K1"), (LONG_AGO, "K2"), (DAY, "K4")]


def test_a_refusal_outlives_the_delivery_that_told_it(bank: Bank) -> None:
    land_outcomes(bank)
    bank.check()
    for name in ("part-0.parquet", "_SUCCESS"):
        bank.take("crm.contacts", LONG_AGO, name)
    report = bank.check()
    assert report.errors == [] and told(report) == ["K1", "K2", "K4"]
    assert "gone" not in {each.kind for each in report.problems}


def test_a_refusal_stands_in_the_version_that_was_known_and_on_no_day_before_it_was_recorded(bank: Bank) -> None:
    land_outcomes(bank)
    bank.check(LONG_AGO)
    bank.check()
    bank.land("crm.contacts", LONG_AGO, [ASKED | {"contact_id": "K1"}])
    assert told(bank.check()) == ["K1", "K4"]
    assert told(bank.check(known_by=DAY - timedelta(days=1))) == ["K1", "K2"]
    assert bank.check(LONG_AGO - timedelta(days=1)).files("crm.contacts") == []


def test_outcomes_accepted_before_refusals_were_kept_are_looked_through_once(bank: Bank) -> None:
    land_outcomes(bank)
    bank.check()
    ledger = bank.home.accepted / "ledger" / "crm__contacts.json"
    ledger.write_text(re.sub(r'"standing": \d+, ', "", ledger.read_text()))
    shutil.rmtree(bank.home.accepted / "standing")
    report = bank.check()
    assert told(report) == ["K1", "K2", "K4"]
    assert [each.version for each in bank.ledger("crm.contacts").entries[LONG_AGO]] == [1]
