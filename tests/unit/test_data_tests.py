"""dbt's data tests counted together: what each finds, and what is left for dbt."""

from __future__ import annotations

from types import SimpleNamespace as Node
from typing import Any

import duckdb
import pytest
from mingdan import data_tests

ROWS = """
    create table marts as select * from (
        values ('a', 'x', 1), ('b', 'y', 2), ('b', 'y', 3), (null, 'it''s', null)
    ) as given(code, kind, number)
"""
MODEL = "model.mingdan.some"


def data_test(kind: str, arguments: dict[str, Any], severity: str = "ERROR", where: str | None = None) -> Node:
    return Node(
        name="asked", original_file_path="models/some.yml", attached_node=MODEL,
        test_metadata=Node(name=kind, kwargs=arguments), config=Node(severity=severity, where=where),
    )  # fmt: skip


def project(*tests: Node) -> Node:
    named = {f"test.{number}": each for number, each in enumerate(tests)}
    return Node(nodes={MODEL: Node(relation_name="marts"), **named}, unit_tests={"unit_test.one": Node()})


@pytest.mark.parametrize(
    ("kind", "arguments", "where", "broken"),
    [
        ("key", {"column_name": "code"}, None, 2),  # b stands twice, one has none
        ("key", {"column_name": "code"}, "code <> 'b'", 0),
        ("unique_together", {"columns": ["code", "kind"]}, None, 1),
        ("unique_together", {"columns": ["code", "number"]}, None, 0),
        ("not_null", {"column_name": "number"}, None, 1),
        ("not_null", {"column_name": "number"}, "kind <> 'it''s'", 0),
        ("accepted_values", {"column_name": "kind", "values": ["x", "it's"]}, None, 2),
        ("accepted_values", {"column_name": "number", "values": [1, 2, 3], "quote": False}, None, 0),  # none is none
    ],
)
def test_what_a_test_finds(kind: str, arguments: dict[str, Any], where: str | None, broken: int) -> None:
    found = data_tests.taken_from(project(data_test(kind, arguments, where=where)))
    with duckdb.connect() as connection:
        connection.execute(ROWS)
        assert connection.execute(data_tests.statement(found, {MODEL})).fetchall() == [("asked", broken)]


def test_dbt_keeps_models_and_tests_of_other_kinds_and_of_what_is_off() -> None:
    kept = data_test("relationships", {"column_name": "code", "to": "ref('other')", "field": "code"})
    of_a_model_that_is_off = data_test("key", {"column_name": "code"})
    of_a_model_that_is_off.attached_node = "model.mingdan.off"
    singular = Node(name="parts_add_up")
    asked = project(kept, of_a_model_that_is_off, singular, data_test("key", {"column_name": "code"}, "warn"))
    (found,) = data_tests.taken_from(asked)
    assert found.warns and found.model == MODEL
    assert list(asked.nodes.values())[1:] == [kept, of_a_model_that_is_off, singular]
    assert asked.unit_tests == {}
    assert data_tests.statement([found], {"model.mingdan.other"}) == "", "of what was made alone"
