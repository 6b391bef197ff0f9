"""dbt's data tests of single models, counted together: as a node of dbt, each costs more than a small bank's query."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

# Test → what its broken rows are, and those rows, of a table with the arguments that the YAML gives.
COUNTED: dict[str, tuple[str, Callable[[str, dict[str, Any]], str]]] = {
    "key": (
        "keys are missing or stand more than once",
        lambda rows, given: _groups(rows, column := given["column_name"], f"count(*) > 1 or {column} is null"),
    ),
    "unique_together": (
        "keys stand more than once",
        lambda rows, given: _groups(rows, ", ".join(given["columns"]), "count(*) > 1"),
    ),
    "not_null": (
        "rows have no value",
        lambda rows, given: f"select 1 from {rows} where {given['column_name']} is null",
    ),
    "accepted_values": (
        "rows have a value that is not among those accepted",
        lambda rows, given: f"select 1 from {rows} where {given['column_name']} not in ({_values(given)})",
    ),
}


@dataclass(frozen=True)
class DataTest:
    """A data test of one model: its name and file, the model's unique_id, whether it only warns, what is wrong with the
    rows that it counts, and the query of those rows."""

    name: str
    file: str
    model: str
    warns: bool
    wrong: str
    rows: str


def taken_from(manifest: Any) -> list[DataTest]:
    """Take the tests that can be counted together, and the unit tests, out of dbt's reading of the project: it looks
    through all it has read at each build, and what is not there it need not choose from."""
    found = []
    for unique_id, node in list(manifest.nodes.items()):
        of = getattr(node, "attached_node", None)
        if of is None or of not in manifest.nodes or node.test_metadata.name not in COUNTED:
            continue
        wrong, rows = COUNTED[node.test_metadata.name]
        table = manifest.nodes[of].relation_name
        table = f"(select * from {table} where {node.config.where}) as rows_asked" if node.config.where else table
        warns = node.config.severity.lower() == "warn"
        given = node.test_metadata.kwargs
        found.append(DataTest(node.name, node.original_file_path, of, warns, wrong, rows(table, given)))
        del manifest.nodes[unique_id]
    manifest.unit_tests.clear()
    return found


def statement(tests: Iterable[DataTest], made: Container[str]) -> str:
    """SQL: a row (test, broken) for each test of the models made; empty where there is none."""
    asked = (f"select '{each.name}' as test, count(*) as broken from ({each.rows}) as found"
             for each in tests if each.model in made)  # fmt: skip
    return " union all ".join(asked)


def _groups(rows: str, columns: str, having: str) -> str:
    return f"select 1 from {rows} group by {columns} having {having}"


def _values(given: dict[str, Any]) -> str:
    """As dbt does it: texts, unless `quote` is false."""
    values = map(str, given["values"])
    return ", ".join("'" + each.replace("'", "''") + "'" if given.get("quote", True) else each for each in values)
