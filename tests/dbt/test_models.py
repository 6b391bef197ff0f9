"""dbt's own unit tests, run on the warehouse of a built day; every model has its grain and its entry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mingdan import catalog
from mingdan.settings import DBT_PROJECT

from tests.bank import Bank

MODELS = sorted((DBT_PROJECT / "models").rglob("*.sql"))


def test_every_dbt_unit_test_holds(bank: Bank, tmp_path: Path) -> None:
    shutil.copy(bank.home / "warehouse" / "mingdan.duckdb", tmp_path / "mingdan.duckdb")
    finished = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "test", "--project-dir", str(DBT_PROJECT), "--profiles-dir",
         str(DBT_PROJECT), "--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path),
         "--select", "test_type:unit", "--no-use-colors", "--vars",
         json.dumps({"success_rules": catalog.success_rules()})],
        env=os.environ | {"MINGDAN_WAREHOUSE": str(tmp_path / "mingdan.duckdb")}, capture_output=True, text=True,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-6000:]
    total = int(finished.stdout.rsplit("TOTAL=", 1)[1].split()[0])
    assert total >= 60, total


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_has_a_description_and_a_key_test(path: Path) -> None:
    entry = catalog.properties().get(path.stem)
    assert entry is not None and entry.get("description"), f"{path.name} has no YAML entry with a description"
    if path.is_relative_to(DBT_PROJECT / "models" / "staging") or path.stem.startswith("list_"):
        return  # sources' keys are checked where they land, lists' in list_members
    if "materialized='view'" in path.read_text(encoding="utf-8"):
        return  # rows of one source table, whose key is checked where it lands
    tests = [
        *entry.get("data_tests", []),
        *(test for column in entry.get("columns", []) for test in column.get("data_tests", [])),
    ]
    kinds = {test if isinstance(test, str) else next(iter(test)) for test in tests}
    assert kinds & {"key", "unique_together"}, f"{path.name} has no key test"
