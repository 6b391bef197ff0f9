"""Delivery's SQL against a slow and plain reference, row for row, over small worlds that hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mingdan.settings import Home, load_shipped
from mingdan.warehouse import Warehouse

from tests.delivery.reference import Delivery, World
from tests.delivery.worlds import AS_OF, LIST_DATE, POLICY, TABLES, world

MODELS = (
    "contact_pressure", "members_once", "candidates", "screened", "contenders", "managers_present", "branch_capacity",
    "placed", "decisions", "leads",
)  # fmt: skip
IN_MEMORY = ("published_decisions", "verdicts")
SAME = (
    "state", "reason", "is_ghost", "branch_rank", "waiting_rank", "central_rank", "lead_id", "lead_state",
    "first_listed_on", "also_relevant", "channel", "owner_id", "owner_rank",
)  # fmt: skip


class Models:
    """Delivery's models as dbt compiles them once, run in memory on a world at a time."""

    def __init__(self, folder: Path) -> None:
        shipped = load_shipped()
        own = replace(shipped, values=shipped.values | POLICY)
        warehouse = Warehouse(Home(folder, str(folder), str(folder)), own)
        variables = own.dbt_vars() | {
            "as_of": str(AS_OF), "list_date": str(LIST_DATE), "previous_business_date": "2026-08-06", "lists": [],
            "segments": [], "label_families": [],
        }  # fmt: skip
        results = warehouse._dbt("compile", list(MODELS), variables).results
        self.sql = {each.node.name: each.node.compiled_code for each in results if each.node.name in MODELS}
        assert set(self.sql) == set(MODELS)

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        found = duckdb.connect()
        found.execute("attach ':memory:' as mingdan; create schema mingdan.memory; use mingdan")
        found.execute("set threads = 1; pragma disable_optimizer")  # of so few rows the planning is the cost
        for name, columns in TABLES.items():
            typed = ", ".join(each if " " in each.strip() else f"{each} varchar" for each in columns.split(", "))
            found.execute(f"create table {place(name)} ({typed})")
        return found

    def run(self, made: World) -> dict[tuple[str, str], dict[str, Any]]:
        for name, rows in made.items():
            columns = [each.split()[0] for each in TABLES[name].split(", ")]
            values = ", ".join(f"({', '.join(literal(row.get(column)) for column in columns)})" for row in rows)
            self.connection.execute(
                f"truncate {place(name)}; " + (f"insert into {place(name)} values {values}" if rows else "")
            )
        for name in MODELS:
            self.connection.execute(f"create or replace table mingdan.main.{name} as {self.sql[name]}")
        rows = self.connection.execute("""
            select decisions.*, leads.owner_id, leads.owner_rank
            from decisions left join leads on decisions.list = leads.list and decisions.subject_id = leads.subject_id
        """)
        names = [each[0] for each in rows.description]
        found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        return {(row["list"], row["subject_id"]): row for row in found}


def place(table: str) -> str:
    return f"mingdan.{'memory' if table in IN_MEMORY else 'main'}.{table}"


def literal(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return "null" if value is None else str(value).lower()
    return f"'{value}'"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    found = Models(tmp_path_factory.mktemp("delivery"))
    yield found
    found.connection.close()


worlds = st.builds(
    world, seed=st.integers(0, 2**32), branches=st.integers(1, 6), subjects=st.integers(1, 20),
    lists=st.integers(1, 5), strictness=st.sampled_from([0.0, 0.2, 1.0]),
)  # fmt: skip


def known(row: dict[str, Any]) -> dict[str, Any]:
    """What both sides say of a candidacy, in one form."""
    told = {name: row.get(name) for name in SAME}
    if row["state"] != "not_a_candidate":
        told |= {name: Fraction(row[name]) for name in ("priority", "value_amount")}
        told["p"] = int(row["p"] * 10**6)
    if row["state"] in ("listed", "held_out", "waiting", "central_channel", "not_a_candidate"):
        told["branch_id"] = row["branch_id"]
    return told


def test_every_decision_rank_and_owner_is_the_references_and_the_worlds_held_every_state_and_reason(
    models: Models,
) -> None:
    seen: set[tuple[str, str]] = set()

    @settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(made=worlds)
    def compare(made: World) -> None:
        expected = Delivery(made, POLICY, AS_OF, LIST_DATE).deliver()
        found = models.run(made)
        assert {key: known(row) for key, row in found.items()} == {key: known(row) for key, row in expected.items()}
        seen.update((row["state"], row["reason"]) for row in expected.values())

    compare()
    # else the comparison proves less than it seems to
    states = {state for state, _ in seen}
    assert states == {
        "listed", "held_out", "central_channel", "waiting", "withheld", "listed_elsewhere", "dropped",
        "not_a_candidate",
    }  # fmt: skip
    reasons = {reason for state, reason in seen if state in ("dropped", "waiting", "listed", "central_channel")}
    assert reasons == {
        "priority", "explore", "capacity", "list_full", "branch_not_at_work", "remote", "sms", "wecom", "app_push",
        "control_family", "no_open_branch", "deceased", "staff", "minor", "do_not_contact", "no_marketing_consent",
        "profiling_refused", "no_channel", "overdue", "product_risk", "open_complaint", "universal_control",
        "already_worked", "unreachable_pause", "cool_down_refused", "cool_down", "contact_cap_7d", "contact_cap_45d",
        "contact_cap_10d", "contact_cap_list", "refusals_pause",
    }  # fmt: skip
