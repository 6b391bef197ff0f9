"""How the warehouse builds: what it reads of the project, and how it tells of a grain that does not hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mingdan import catalog, settings
from mingdan.contract import load_contract
from mingdan.settings import Home
from mingdan.warehouse import MEMORY, Warehouse

MODELS = ["stg_core__customers", "earlier_customers", "customer_numbers"]
TWICE = "key_customer_numbers_customer_id"


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A bank of two customers, on a view that is a table here."""
    made = Warehouse(Home(tmp_path, "", ""), settings.load_shipped())
    made.register_sources(load_contract(), {})
    with made.connect() as connection:
        connection.execute("create table landing.customers as select * from landing.core__customers")
        connection.execute("create or replace view landing.core__customers as select * from landing.customers")
        connection.execute(
            "insert into landing.customers (biz_date, customer_id) values "
            "(date '2026-06-29', 'C1'), (date '2026-06-29', 'C2'), (date '2026-06-30', 'C1'), (date '2026-06-30', 'C1')"
        )
    return made


def test_a_day_is_read_from_the_project_as_the_day_before_it_and_a_key_that_stands_twice_is_named(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting = warehouse.settings.dbt_vars()
    first = warehouse.build(MODELS, {**lasting, "as_of": "2026-06-29"})
    assert first.failed == {} and set(MODELS) <= set(first.seconds)
    assert warehouse.query("select count(*) as n from customer_numbers")["n"].to_pylist() == [2]
    warehouse.expect("customer_numbers", date(2026, 6, 29))
    read = Warehouse.known

    second = warehouse.build(MODELS, {**lasting, "as_of": "2026-06-30"})
    assert Warehouse.known is read, "dbt read the project anew for another day"
    warehouse.expect("customer_numbers", date(2026, 6, 30))
    assert set(second.failed) == {TWICE, TWICE.replace("customer_id", "customer_no")}
    assert "1 keys are missing or stand more than once" in second.failed[TWICE]
    assert "C1" not in second.failed[TWICE], "a check tells counts, no customer"
    Warehouse(Home(tmp_path / "another", "", ""), warehouse.settings).project({**lasting, "as_of": "2026-06-30"})
    assert Warehouse.known is read, "dbt read the project anew for another home"
    log = (warehouse.home.logs / "dbt.log").read_text(encoding="utf-8")
    assert f"{TWICE}  {second.failed[TWICE]}" in log

    older = lasting | {"thresholds": lasting["thresholds"] | {"adult_age": {"enter": 7777, "keep": 7777}}}
    compiled = warehouse._dbt("compile", ["label_profile,resource_type:model"], {**older, "as_of": "2026-06-30"})
    assert Warehouse.known is read, "dbt read the project anew for another threshold"
    assert "7777" in compiled.results[0].node.compiled_code
    monkeypatch.setattr(Warehouse, "known", read)  # after this test too
    one_list = warehouse.project({**lasting, "lists": ["idle_funds"]}).manifest.nodes
    assert Warehouse.known is not read, "other lists are another project"
    models = {f"model.mingdan.list_{code}" for code in catalog.list_names()}
    assert models & one_list.keys() == {"model.mingdan.list_idle_funds"}, "a list that is off is no model"


def test_a_table_takes_the_place_of_a_view_and_a_failed_model_leaves_no_half_of_itself(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create view customer_numbers as select 1 as customer_no")
    assert warehouse.build(MODELS, {**warehouse.settings.dbt_vars(), "as_of": "2026-06-29"}).failed == {}
    kinds = "select table_type from information_schema.tables where table_name like 'customer_numbers%'"
    assert warehouse.query(kinds)["table_type"].to_pylist() == ["BASE TABLE"]
    with warehouse.connect() as connection:
        connection.execute("drop view landing.core__customers")
    result = warehouse.build(["customer_numbers"], {**warehouse.settings.dbt_vars(), "as_of": "2026-06-30"})
    assert list(result.failed) == ["customer_numbers"]
    warehouse.expect("customer_numbers", date(2026, 6, 29))


def test_a_model_that_meets_a_value_it_cannot_take_tells_its_place_and_not_the_value(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("update landing.customers set full_name = 'Wang 13800138000'")
        connection.execute(
            "create or replace view landing.core__customers as "
            "select * replace (cast(cast(full_name as date) as varchar) as customer_id) from landing.customers"
        )
    result = warehouse.build(MODELS, {**warehouse.settings.dbt_vars(), "as_of": "2026-06-29"})
    said = result.failed["customer_numbers"] + (warehouse.home.logs / "dbt.log").read_text(encoding="utf-8")
    assert "customer_numbers.sql" in said and "Conversion Error" in said
    assert "13800138000" not in said and "Wang" not in said


def test_success_is_judged_of_what_was_opened_at_branches_and_central_channels_and_held_out_of_either(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path, opened = tmp_path / "decisions.parquet", "date '2026-06-01' as first_listed_on"
    rows = " union all ".join(
        f"select '{lead}' as lead_id, '{state}' as state, {channel} as central_channel, {ghost} as is_ghost, {opened}, "
        f"date '{day}' as list_date, 'one' as list, 'C' as subject_id, 'B' as branch_id, 1 as score, '' as baseline"
        for lead, state, channel, ghost, day in (
            ("shown", "listed", "null", "false", "2026-06-01"), ("ghost", "held_out", "null", "true", "2026-06-01"),
            ("handed", "central_channel", "'sms'", "false", "2026-06-01"),
            ("kept_from_sms", "held_out", "'sms'", "true", "2026-06-01"),
            ("waits", "waiting", "null", "false", "2026-06-01"), ("older", "listed", "null", "false", "2026-06-02"),
        )
    )  # fmt: skip
    with warehouse.connect() as connection:
        connection.execute(f"copy ({rows}) to '{path}' (format parquet)")
    files = dict.fromkeys(MEMORY, []) | {"matured_decisions": [str(path)]}
    warehouse.register_memory(files, [])
    found = warehouse.query("select lead_id, central_channel, is_ghost from memory.matured_decisions order by lead_id")
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("ghost", None, True), ("handed", "sms", False), ("kept_from_sms", "sms", True), ("shown", None, False),
    ]  # fmt: skip


@pytest.mark.parametrize(("each", "models"), [(2_500_000_000, 2), (2_500_000_001, 1)])
def test_two_models_run_at_a_time_where_there_is_memory_for_each_customer(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, each: int, models: int
) -> None:
    assert warehouse.settings.memory == "5GB"
    monkeypatch.setattr("mingdan.warehouse.MEMORY_A_CUSTOMER", each)
    assert warehouse.models_at_once() == models
