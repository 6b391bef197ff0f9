"""Who may import what, as docs/architecture.md says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from mingdan.settings import PROJECT

PLUGINS = PROJECT / "plugins" / "mingdan"
# package → the only files that may import it, relative to the project
ALLOWED = {
    "airflow": ("dags/", "plugins/mingdan/airflow_tasks.py", "plugins/mingdan_portal.py"),
    "dbt": ("plugins/mingdan/warehouse.py",),
    "great_expectations": ("plugins/mingdan/checks.py", "expectations/"),
    "fsspec": ("plugins/mingdan/stores.py", "plugins/mingdan/landing/"),
    "xlsxwriter": ("plugins/mingdan/workbook.py", "plugins/mingdan/sheets.py"),
    "sklearn": ("plugins/mingdan/clusters.py",),
    "pyspark": ("plugins/mingdan/spark_warehouse.py",),
    "fastapi": ("plugins/mingdan/portal/", "plugins/mingdan_portal.py"),
    "sqlalchemy": ("plugins/mingdan/portal/",),
}
FILES = sorted(
    path for folder in ("plugins", "dags", "expectations", "examples") for path in (PROJECT / folder).rglob("*.py")
)


def imports(path: Path, top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_the_walk_finds_the_project() -> None:
    assert len(FILES) > 20


@pytest.mark.parametrize("package", ALLOWED)
def test_a_library_is_imported_only_where_the_house_keeps_it(package: str) -> None:
    users = [str(path.relative_to(PROJECT)) for path in FILES if package in imports(path)]
    assert users, f"nothing imports {package}"
    assert [user for user in users if not user.startswith(ALLOWED[package])] == []


def test_the_portal_never_opens_what_the_days_build() -> None:
    walked = [path for path in FILES if "portal" in path.parts]
    assert len(walked) > 10
    forbidden = ("mingdan.warehouse", "mingdan.day", "mingdan.checks", "mingdan.spark_warehouse")
    for path in walked:
        text = path.read_text(encoding="utf-8")
        assert not [name for name in forbidden if f"import {name}" in text or f"from {name} " in text], path
        for name in forbidden:
            assert f"from mingdan import {name.split('.')[1]}" not in text, path


def test_a_dag_file_imports_nothing_heavy_at_its_top() -> None:
    for path in (PROJECT / "dags").glob("*.py"):
        assert imports(path, top_only=True) <= {"airflow", "mingdan", "datetime", "__future__"}
        assert len(path.read_text().splitlines()) <= 70


def test_only_settings_reads_the_environment() -> None:
    for path in FILES:
        if path.name in (
            "settings.py",
            "warehouse.py",
            "bench.py",
            "load.py",
        ):  # the last three write it, for dbt, for themselves, for a portal they start
            continue
        names = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and node.attr == "environ"
        ]
        assert not names, path


def test_no_model_asks_a_clock_and_engines_differ_in_one_folder_only() -> None:
    for path in (PROJECT / "dbt_project").rglob("*.sql"):
        if "target" in path.parts:
            continue
        text = path.read_text(encoding="utf-8").lower()
        code = "\n".join(line.split("--")[0] for line in text.splitlines())
        for forbidden in ("current_date", "now()", "current_timestamp", "random("):
            assert forbidden not in code, (path, forbidden)
        if "engines" not in path.parts:
            assert "adapter.dispatch" not in code and "target.type" not in code, path
            assert not re.search(r"[\w)]::\w", code), path


def test_every_sql_file_begins_with_the_question_it_answers() -> None:
    for path in (PROJECT / "dbt_project" / "models").rglob("*.sql"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("{{ config")]
        assert lines[0].startswith(f"-- {path.stem}"), path
        assert "?" in " ".join(lines[:3]), path


def test_the_engine_is_given_all_that_the_dockerfile_copies():
    told = (PROJECT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    given = [Path(line[1:]) for line in told if line.startswith("!")]
    copied = [
        Path(source)
        for line in (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ")
        for source in line.split()[1:-1]
    ]
    assert "*" in told and copied
    left_out = [str(each) for each in copied if not any(each == way or way in each.parents for way in given)]
    assert not left_out, f".dockerignore: expected a line ! for all that the Dockerfile copies; none for {left_out}"
