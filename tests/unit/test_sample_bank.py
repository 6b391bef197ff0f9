"""The sample bank: by the contract, the same each time, and with its planted people in place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan import catalog
from mingdan.contract import Table, load_contract
from mingdan.sample_bank import columns, write, write_sample_bank
from mingdan.sample_bank.bank import Bank
from mingdan.sample_bank.columns import day_number, numbered
from mingdan.sample_bank.holidays import is_working_day, working_day_before
from mingdan.sample_bank.people import People
from mingdan.sample_bank.script import CASES, Stage, planted_count

UNTIL = date(2026, 6, 30)
CONTRACT = load_contract()
CUSTOMERS = planted_count() + 120


class SmallBank:
    """120 ordinary customers and six months, with a DuckDB view of each table's partitions."""

    def __init__(self, root: Path) -> None:
        self.landing, self.truth = root / "landing", root / "truth.parquet"
        write_sample_bank(self.landing, self.truth, customers=CUSTOMERS, branches=5, months=6, until=UNTIL, seed=3)
        self.connection = duckdb.connect()
        for table in CONTRACT.tables.values():
            files = f"{self.landing}/{table.source}/{table.name}/*/*.parquet"
            on = "true" if table.date_column is None else "false"  # else the folder's date would hide the column's
            empty = ", ".join(f'cast(null as {each.sql_type}) as "{each.name}"' for each in table.columns)
            rows = f"from read_parquet('{files}', hive_partitioning = {on}, hive_types_autocast = true)"
            none = f"select {empty}, cast(null as date) as biz_date limit 0"
            some = list(self.landing.glob(f"{table.source}/{table.name}/*/*.parquet"))
            self.connection.execute(f"create view {table.view} as " + (f"select * {rows}" if some else none))

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def folders(self, table: Table) -> list[Path]:
        return sorted((self.landing / table.source / table.name).iterdir())


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallBank]:
    yield SmallBank(tmp_path_factory.mktemp("small"))


def written(landing: Path) -> dict[str, bytes]:
    return {str(path.relative_to(landing)): path.read_bytes() for path in sorted(landing.rglob("*.parquet"))}


def test_every_file_has_the_contracts_exact_columns_and_types(bank: SmallBank) -> None:
    files = 0
    for table in CONTRACT.tables.values():
        expected = [(each.name, each.type) for each in table.arrow_schema]
        for path in bank.landing.glob(f"{table.source}/{table.name}/*/*.parquet"):
            files += 1
            assert [(each.name, each.type) for each in pq.read_schema(path)] == expected, path
    assert files > 1000


def test_every_table_is_delivered_on_the_days_it_should_be(bank: SmallBank) -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(181)]
    month_ends = [day for day in days if (day + timedelta(days=1)).day == 1]
    assert len(CONTRACT.tables) >= 40
    for table in CONTRACT.tables.values():
        due = days if table.kind == "event" else month_ends
        assert [each.name for each in bank.folders(table)] == [f"biz_date={day}" for day in due], table.id
        assert all((each / "_SUCCESS").exists() for each in bank.folders(table)), table.id
        if not table.may_be_empty:
            assert all(list(each.glob("*.parquet")) for each in bank.folders(table)), table.id


def test_no_value_breaks_a_rule_of_the_contract(bank: SmallBank) -> None:
    checked, broken = 0, []
    for table in CONTRACT.tables.values():
        for column in table.columns:
            rules = [] if column.nullable else [f'"{column.name}" is null']
            if column.values:
                rules.append(f'"{column.name}" not in {column.values}' if len(column.values) > 1 else "false")
            if column.minimum is not None:
                rules.append(f'"{column.name}" < {column.minimum}')
            for rule in rules:
                checked += 1
                if bank.rows(f"select count(*) from {table.view} where {rule}")[0][0]:
                    broken.append(f"{table.id}: {rule}")
        key = ", ".join(dict.fromkeys((*table.key, "biz_date")))
        if bank.rows(f"select 1 from {table.view} group by {key} having count(*) > 1 limit 1"):
            broken.append(f"{table.id}: key {key} twice")
    assert checked > 300
    assert broken == []


def test_no_reference_leads_nowhere(bank: SmallBank) -> None:
    checked, orphans = 0, []
    for table in CONTRACT.tables.values():
        for link in table.references:
            target = CONTRACT.tables[link.to_table]
            same_day = "and t.biz_date = s.biz_date" if table.kind == "snapshot" else ""
            checked += 1
            if bank.rows(
                f"select 1 from {table.view} as s where s.{link.column} is not null and not exists "
                f"(select 1 from {target.view} as t where t.{link.to_column} = s.{link.column} {same_day}) limit 1"
            ):
                orphans.append(f"{table.id}.{link.column}")
    assert checked > 40
    assert orphans == []


def test_event_rows_carry_the_date_of_their_folder(bank: SmallBank) -> None:
    tables = [each for each in CONTRACT.tables.values() if each.date_column]
    assert len(tables) >= 5
    for table in tables:
        for path in bank.landing.glob(f"{table.source}/{table.name}/*/*.parquet"):
            (day,) = set(pq.read_table(path, columns=[table.date_column])[table.date_column].to_pylist())
            assert path.parent.name == f"biz_date={day}"


def test_balances_are_the_balance_before_plus_the_days_bookings(bank: SmallBank) -> None:
    compared, different = bank.rows(
        """
        with moved as (
            select account_id, biz_date, sum(case direction when 'in' then amount else -amount end) as net
            from core__transactions group by all
        ), steps as (
            select coalesce(b.account_id, m.account_id) as account_id, coalesce(b.biz_date, m.biz_date) as biz_date,
                b.balance, coalesce(m.net, 0) as net
            from core__account_balances as b full join moved as m using (account_id, biz_date)
        ), chained as (
            select *, last_value(balance ignore nulls) over before as previous,
                sum(net) over (partition by account_id order by biz_date) as moved_so_far
            from steps window before as (
                partition by account_id order by biz_date rows between unbounded preceding and 1 preceding)
        )
        select count(*), count(*) filter (
            coalesce(balance, previous) <> coalesce(previous, case when biz_date > date '2026-01-01' then 0 end) + net)
        from chained
        """
    )[0]
    assert compared > 10_000
    assert different == 0


def test_balances_come_on_change_and_for_every_open_account_at_month_end(bank: SmallBank) -> None:
    missing = bank.rows(
        """select count(*) from core__accounts as a where (closed_on is null or closed_on > biz_date) and not exists (
            select 1 from core__account_balances as b where b.account_id = a.account_id and b.biz_date = a.biz_date)"""
    )
    assert missing == [(0,)]
    idle = bank.rows(
        """select count(*) from (select *, lag(balance) over (partition by account_id order by biz_date) as before
            from core__account_balances) where balance = before and last_day(biz_date) <> biz_date"""
    )
    assert idle == [(0,)]


def test_nobody_is_overdrawn(bank: SmallBank) -> None:
    assert bank.rows("select count(*) from core__account_balances where balance < 0") == [(0,)]


def test_nobody_has_a_number_in_use(bank: SmallBank) -> None:
    assert bank.rows(
        "select distinct left(mobile, 3) in ('142', '143', '144') from core__customers where mobile is not null"
    ) == [(True,)]


def test_every_list_has_three_members_and_two_near_misses_planted() -> None:
    assert planted_count() > 60  # which registers the cases
    assert set(CASES) == set(catalog.list_names()) - {
        "bureau_winover"
    }  # off as shipped: the bureau must allow it first
    assert len(CASES) > 50
    for name, cases in CASES.items():
        roles = [each.role for each in cases()]
        assert roles.count("member") >= 3, name
        assert roles.count("near_miss") >= 2, name


def test_planted_customers_exist_and_may_be_contacted(bank: SmallBank) -> None:
    planted = bank.rows(
        f"select list, subject_id, expected, \"case\", why from '{bank.truth}' where subject_type = 'customer'"
    )
    assert len(planted) > 50
    assert len({row[3] for row in planted}) == len(planted)
    fit = bank.rows(
        """select customer_id from core__customers where biz_date = '2026-06-30' and marketing_consent
            and mobile is not null and address is not null
            and not is_staff and not is_deceased and not do_not_contact and not profiling_refused"""
    )
    assert {row[1] for row in planted} <= {row[0] for row in fit}
    listed = f"(select subject_id from '{bank.truth}')"
    branches = bank.rows(f"select count(distinct home_branch_id) from core__customers where customer_id in {listed}")
    assert branches == [(5,)]


def test_customers_who_show_a_label_are_no_cases_and_have_rows_of_their_own(bank: SmallBank) -> None:
    first, last = date(2025, 4, 1), UNTIL  # who they are does not depend on how long a history they have
    shown = Stage(day_number(first), day_number(last), CUSTOMERS - planted_count()).shown
    people = {customer for customer, _ in shown}
    assert len(people) == len(shown) > 30
    assert people.isdisjoint(row[0] for row in bank.rows(f"select subject_id from '{bank.truth}'"))
    customers = bank.rows(f"select customer_id from core__customers where biz_date = '{last}'")
    assert people <= {row[0] for row in customers}
    cards = bank.rows(
        f"select distinct customer_id from cards__credit_cards where biz_date = '{last}' and card_id like 'K8%'"
    )
    assert {row[0] for row in cards} <= people and len(cards) > 10


def test_ordinary_customers_show_what_is_rare() -> None:
    """Facts that hardly any bank of this size would have by chance alone, each a rule of the simulation."""
    bank = Bank(7, 2000, 20, day_number(date(2025, 7, 1)), day_number(UNTIL))
    people = People(bank, 0, 0, 1700, 12)
    assert (people.father >= 0).sum() > 3
    assert (people.age[people.father[people.father >= 0]] > people.age[people.father >= 0] + 18).all()
    fresh = ~people.is_old & (people.referrer >= 0)
    assert fresh.sum() > 5
    assert (people.opened[people.referrer[fresh]] < people.opened[fresh]).all()
    away = bank.pays_elsewhere[people.employer[people.has_pay]]
    assert np.bincount(people.employer[people.has_pay][away]).max() >= 5


def test_the_same_arguments_give_the_same_bytes_whatever_the_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "CHUNK", 60)
    for processes in (1, 2):
        landing = tmp_path / str(processes)
        write_sample_bank(
            landing, landing / "truth.parquet", CUSTOMERS, 3, 1, date(2026, 6, 10), 1, processes=processes
        )
    one, two = written(tmp_path / "1"), written(tmp_path / "2")
    assert any(name.endswith("part-003.parquet") for name in one)
    assert one == two


def test_a_day_of_many_parts_is_delivered_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "CHUNK", 20)
    monkeypatch.setattr(columns, "ROWS_AT_ONCE", 50)
    for name, most in (("parts", 99), ("together", columns.MOST_PARTS)):
        monkeypatch.setattr(columns, "MOST_PARTS", most)
        truth = tmp_path / f"{name}.parquet"
        write_sample_bank(tmp_path / name, truth, CUSTOMERS, 3, 1, date(2026, 6, 10), 1, processes=1)
    day = Path("core") / "transactions" / "biz_date=2026-06-10"
    parts, together = (sorted((tmp_path / name / day).iterdir()) for name in ("parts", "together"))
    assert len(parts) > columns.MOST_PARTS + 1 and len(together) == 2, "one file, and _SUCCESS"
    read = partial(pq.read_table, partitioning=None)
    assert read(together[1]).equals(pa.concat_tables(map(read, parts[1:])))
    assert pq.ParquetFile(together[1]).num_row_groups > 1, "as many rows as memory shall hold"
    write_sample_bank(
        tmp_path / "parts", tmp_path / "parts.parquet", CUSTOMERS, 3, 1, date(2026, 6, 10), 1, processes=1
    )
    assert sorted((tmp_path / "parts" / day).iterdir()) == parts, "what was delivered stays as it is"


def test_another_seed_gives_another_bank(bank: SmallBank, tmp_path: Path) -> None:
    write_sample_bank(tmp_path / "landing", tmp_path / "truth.parquet", CUSTOMERS, 5, 1, UNTIL, 4)
    name = f"core/customers/biz_date={UNTIL}/part-001.parquet"
    mine, other = (pq.read_table(landing / name) for landing in (bank.landing, tmp_path / "landing"))
    assert mine["full_name"].to_pylist() != other["full_name"].to_pylist()


def test_a_later_until_extends_the_bank_and_leaves_what_was_delivered(tmp_path: Path) -> None:
    def bank(name: str, until: date, snapshots: str) -> None:
        write_sample_bank(
            tmp_path / name,
            tmp_path / f"{name}.parquet",
            CUSTOMERS,
            4,
            1,
            until,
            5,
            snapshots,
            starts_on=date(2026, 5, 12),
        )  # type: ignore[arg-type]

    bank("short", date(2026, 6, 11), "daily")
    bank("long", date(2026, 6, 14), "daily")
    slow = {
        f"{each.source}/{each.name}" for each in CONTRACT.tables.values() if each.cadence in ("monthly", "on_change")
    }
    first = written(tmp_path / "short")
    short = {name: content for name, content in first.items() if name.rsplit("/", 2)[0] not in slow}
    long = written(tmp_path / "long")
    assert len(short) > 500
    assert short == {name: long.get(name) for name in short}
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "short").rglob("*.parquet")}
    bank("short", date(2026, 6, 14), "daily")
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert written(tmp_path / "short") == first | long
    assert pq.read_table(tmp_path / "short.parquet").equals(pq.read_table(tmp_path / "long.parquet"))


def test_a_landing_zone_of_another_bank_is_refused(bank: SmallBank, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected an empty landing zone.*seed 9.*found.*seed 3"):
        write_sample_bank(bank.landing, bank.truth, CUSTOMERS, 5, 6, UNTIL, 9)


@pytest.mark.parametrize(
    ("customers", "branches", "snapshots"), [(20, 3, "daily"), (CUSTOMERS, 0, "daily"), (CUSTOMERS, 3, "weekly")]
)
def test_sizes_that_make_no_bank_are_refused(tmp_path: Path, customers: int, branches: int, snapshots: str) -> None:
    with pytest.raises(ValueError, match="sample bank: expected"):
        write_sample_bank(tmp_path, tmp_path / "t.parquet", customers, branches, 6, UNTIL, 1, snapshots)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 2, 4), True),
        (date(2025, 1, 28), False),
        (date(2025, 10, 11), True),
        (date(2026, 2, 14), True),
        (date(2026, 2, 23), False),
        (date(2026, 6, 19), False),
        (date(2026, 6, 20), False),
        (date(2026, 6, 30), True),
    ],
)
def test_the_calendar_knows_holidays_and_make_up_days(day: date, works: bool) -> None:
    assert is_working_day(day) is works


def test_what_falls_due_on_a_holiday_is_paid_the_working_day_before() -> None:
    assert working_day_before(date(2026, 2, 20)) == date(2026, 2, 14)
    assert working_day_before(date(2026, 6, 15)) == date(2026, 6, 15)


def test_a_number_that_does_not_fit_its_digits_is_refused_and_not_cut_to_another_id() -> None:
    assert numbered("N", np.array([999_999_999]), 9).to_pylist() == ["N999999999"]
    with pytest.raises(ValueError, match="at most 9 digits, found 1000000000"):
        numbered("N", np.array([1_000_000_000]), 9)
