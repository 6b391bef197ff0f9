"""An analyst adds a list with its two files and nothing else; whatever does not fit is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from mingdan.settings import PROJECT

from tests.bank import FIRST, SECOND, Bank

SQL = """-- list_long_standing 老客户回访: which customers of many years have nobody spoken to?
--
-- Who: a customer for ten years or more with money here.
-- Order: tenure, assets.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    aum as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where tenure_months >= 120 and aum >= {{ threshold('app_activation_aum_from', rule) }}
{% endcall %}
"""
ENTRY = """version: 2
models:
  - name: list_long_standing
    description: Customers of ten years or more with money here.
    config:
      meta:
        title: {zh: 老客户回访, en: Long-standing customers}
        line: deposit
        purpose: marketing
        origin: existing
        subject: customer
        owner: wealth
        branch_rule: home
        product_family: care
        needs: []
        offer: tier_benefits
        weight: 1.0
        base_rate: 0.05
        valid_days: 30
        cool_down_days: 30
        channels: [call]
        baseline: {core_missing: core_products_missing_count}
        success: {event: core_product_added, within_days: 90, when: core_products_missing_count < baseline_core_missing}
        score:
          - when: tenure_months >= 180
            points: 40
            reason: {zh: "{tenure_months:count}个月老客户", en: "a customer for {tenure_months:count} months"}
          - when: tenure_months < 180
            points: 20
            reason: {zh: "{tenure_months:count}个月老客户", en: "a customer for {tenure_months:count} months"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that an analyst may change."""
    for name in ("plugins", "dags", "dbt_project", "expectations"):
        shutil.copytree(
            PROJECT / name, tmp_path / "project" / name, ignore=shutil.ignore_patterns("target", "__pycache__")
        )
    return tmp_path / "project"


def mingdan(project: Path, home: Path, landing: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mingdan.cli", *arguments], capture_output=True, text=True, cwd=project,
        env=os.environ | {"PYTHONPATH": f"{project / 'plugins'}:{project}", "MINGDAN_HOME": str(home),
                          "MINGDAN_LANDING": str(landing)},
    )  # fmt: skip


def test_a_new_list_needs_only_its_two_files(bank: Bank, project: Path, tmp_path: Path) -> None:
    folder = project / "dbt_project" / "models" / "lists" / "deposit"
    (folder / "list_long_standing.sql").write_text(SQL, encoding="utf-8")
    (folder / "list_long_standing.yml").write_text(ENTRY, encoding="utf-8")
    finished = mingdan(project, tmp_path / "home", bank.landing, "run", "--as-of", str(FIRST))
    assert finished.returncode == 0, finished.stderr[-3000:]
    branches = tmp_path / "home" / "published" / "2026-07-01" / "r001" / "branches"
    files = [path for path in branches.glob("*.csv") if "老客户回访" in path.read_text(encoding="utf-8-sig")]
    assert files
    assert all(path.with_suffix(".xlsx").exists() for path in files)


def test_success_is_judged_on_the_day_it_falls_due_for_shown_and_held_out_alike(
    bank: Bank, project: Path, tmp_path: Path
) -> None:
    folder = project / "dbt_project" / "models" / "lists" / "deposit"
    (folder / "list_long_standing.sql").write_text(SQL, encoding="utf-8")
    # listed for 1 July and judged on its evening; of such weight that it wins its customers from the other lists
    due_next_day = ENTRY.replace("within_days: 90", "within_days: 0").replace("weight: 1.0", "weight: 500.0")
    (folder / "list_long_standing.yml").write_text(due_next_day, encoding="utf-8")
    home = tmp_path / "home"
    for as_of in (FIRST, SECOND):
        finished = mingdan(project, home, bank.landing, "run", "--as-of", str(as_of))
        assert finished.returncode == 0, finished.stderr[-3000:]
    judged = pq.read_table(home / "history" / "review_successes" / f"as_of={SECOND}" / "part-0.parquet").to_pylist()
    decided = pq.read_table(home / "history" / "decisions" / f"as_of={FIRST}" / "part-0.parquet").to_pylist()
    shown = {each["lead_id"]: each["is_ghost"] for each in decided
             if each["list"] == "long_standing" and each["state"] in ("listed", "held_out")}  # fmt: skip
    assert {each["lead_id"]: each["is_ghost"] for each in judged} == shown
    assert set(shown.values()) == {True, False}
    assert {each["is_success"] for each in judged} <= {True, False}


@pytest.mark.parametrize(
    ("sql", "entry", "said"),
    [
        (SQL, None, "list_long_standing.sql has no YAML entry"),
        (None, ENTRY, "describes list_long_standing, but models/lists has no list_long_standing.sql"),
        (SQL, ENTRY.replace("purpose: marketing", "purpose: selling"), "purpose: expected one of .*; found 'selling'"),
        (SQL, ENTRY.replace("offer: tier_benefits", "offer: tier_benefit"), "offer: .*tier_benefit"),
        (SQL, ENTRY.replace("< baseline_core_missing", "< baseline_missing"), "success.when: .*baseline_missing"),
    ],
    ids=["no entry", "no sql", "bad purpose", "no such offer", "success of an unknown value"],
)  # fmt: skip
def test_files_that_do_not_fit_are_named(
    bank: Bank, project: Path, tmp_path: Path, sql: str | None, entry: str | None, said: str
) -> None:
    folder = project / "dbt_project" / "models" / "lists" / "deposit"
    if sql:
        (folder / "list_long_standing.sql").write_text(sql, encoding="utf-8")
    if entry:
        (folder / "list_long_standing.yml").write_text(entry, encoding="utf-8")
    finished = mingdan(project, tmp_path / "home", bank.landing, "settings", "check")
    assert finished.returncode == 1
    import re

    assert re.search(said, finished.stderr), finished.stderr


def test_a_list_whose_sql_fails_is_withheld_and_the_others_go_out(bank: Bank, project: Path, tmp_path: Path) -> None:
    path = project / "dbt_project" / "models" / "lists" / "deposit" / "list_idle_funds.sql"
    path.write_text(
        path.read_text(encoding="utf-8").replace("idle_demand_balance >=", "idle_balance >="), encoding="utf-8"
    )
    finished = mingdan(project, tmp_path / "home", bank.landing, "run", "--as-of", str(FIRST))
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert "list idle_funds withheld" in finished.stderr
    import json

    manifest = json.loads((tmp_path / "home" / "published" / "2026-07-01" / "r001" / "manifest.json").read_text())
    states = {(each["list"], each["state"]) for each in manifest["lists"]}
    assert ("idle_funds", "withheld") in states and ("idle_funds", "published") not in states
    assert ("tier_upgrade", "published") in states
