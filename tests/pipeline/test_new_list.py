"""An analyst adds a list with its two files and nothing else; whatever does not fit is named."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from mingdan import catalog
from mingdan.settings import PROJECT

from tests.bank import FIRST, SECOND, Delivered

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


LISTS = Path("dbt_project") / "models" / "lists" / "deposit"
KEPT_ON = ["idle_funds", "tier_upgrade", "deposit_maturity"]  # a few others suffice to compete with


def copy_of_the_project(folder: Path) -> Path:
    """A copy of the project that an analyst may change."""
    for name in ("plugins", "dags", "dbt_project", "expectations"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("target", "__pycache__"))
    return folder


def mingdan(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mingdan.cli", *arguments], capture_output=True, text=True, cwd=project,
        env=os.environ | {"PYTHONPATH": f"{project / 'plugins'}:{project}"} | environment,
    )  # fmt: skip


@dataclass
class Analyst:
    """A project that got a new list by its two files, and the home of its two days. On the second day the SQL of
    another list is broken, a third has everybody twice, and the new one is judged: it wants an outcome on the evening
    of the day it is shown."""

    home: Path
    said: list[str]

    def published(self, list_date: str) -> Path:
        return self.home / "published" / list_date / "r001"


@pytest.fixture(scope="module")
def analyst(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Analyst:
    root = tmp_path_factory.mktemp("analyst")
    project = copy_of_the_project(root / "project")
    (project / LISTS / "list_long_standing.sql").write_text(SQL, encoding="utf-8")
    # listed for 1 July and judged on its evening; of such weight that it wins its customers from the other lists
    due_next_day = ENTRY.replace("within_days: 90", "within_days: 0").replace("weight: 1.0", "weight: 500.0")
    (project / LISTS / "list_long_standing.yml").write_text(due_next_day, encoding="utf-8")
    (root / "settings").mkdir()
    off = sorted(set(catalog.list_names()) - set(KEPT_ON))
    (root / "settings" / "settings.yml").write_text(f"lists_off: {json.dumps(off)}\n")
    made = Analyst(root / "home", [])
    for as_of in (FIRST, SECOND):
        if as_of == SECOND:
            for code, was, is_now in (
                ("idle_funds", "idle_demand_balance >=", "idle_balance >="),
                ("deposit_maturity", "\nwhere ", "\ncross join (values (1), (2)) as twice\nwhere "),
            ):
                path = project / LISTS / f"list_{code}.sql"
                sql = path.read_text(encoding="utf-8")
                assert was in sql
                path.write_text(sql.replace(was, is_now), encoding="utf-8")
        finished = mingdan(
            project, "run", "--as-of", str(as_of), MINGDAN_HOME=str(made.home),
            MINGDAN_LANDING=str(delivered.landing), MINGDAN_SETTINGS=str(root / "settings"),
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr[-3000:]
        made.said.append(finished.stderr)
    return made


def test_a_new_list_needs_only_its_two_files(analyst: Analyst) -> None:
    branches = analyst.published("2026-07-01") / "branches"
    files = [path for path in branches.glob("*.csv") if "老客户回访" in path.read_text(encoding="utf-8-sig")]
    assert files
    assert all(path.with_suffix(".xlsx").exists() for path in files)


def test_the_new_list_is_in_workbook_checks_and_pages_by_itself(analyst: Analyst) -> None:
    project = analyst.home.parent / "project"
    here = {
        path.relative_to(project) for path in project.rglob("*.*") if path.suffix in (".sql", ".yml", ".csv", ".py")
    }
    added = {path for path in here if not (PROJECT / path).exists() and "target" not in path.parts}
    assert added == {LISTS / "list_long_standing.sql", LISTS / "list_long_standing.yml"}
    day = analyst.published("2026-07-01")
    books = [zipfile.ZipFile(path).read("xl/sharedStrings.xml").decode() for path in (day / "branches").glob("*.xlsx")]
    assert any("老客户回访" in texts for texts in books)
    checked = {each["suite"] for each in json.loads((day / "manifest.json").read_text(encoding="utf-8"))["checks"]}
    assert "candidates.long_standing" in checked
    page = subprocess.run(
        [sys.executable, "-c", "from mingdan.docs import lists_page; print(lists_page())"], capture_output=True,
        text=True, env=os.environ | {"PYTHONPATH": str(project / "plugins"), "PYTHONUTF8": "1"}, check=True,
    ).stdout  # fmt: skip
    assert "## long_standing" in page and "Customers of ten years or more with money here." in page


def test_success_is_judged_on_the_day_it_falls_due_for_shown_and_held_out_alike(analyst: Analyst) -> None:
    history = analyst.home / "history"
    judged = pq.read_table(history / "review_successes" / f"as_of={SECOND}" / "part-0.parquet").to_pylist()
    decided = pq.read_table(history / "decisions" / f"as_of={FIRST}" / "part-0.parquet").to_pylist()
    shown = {each["lead_id"]: each["is_ghost"] for each in decided
             if each["list"] == "long_standing"
             and each["state"] in ("listed", "held_out", "central_channel")}  # fmt: skip
    assert {each["lead_id"]: each["is_ghost"] for each in judged} == shown
    assert set(shown.values()) == {True, False}
    assert {each["is_success"] for each in judged} <= {True, False}


def test_a_list_that_fails_or_names_somebody_twice_is_withheld_and_the_others_go_out(analyst: Analyst) -> None:
    def states(list_date: str) -> set[tuple[str, str]]:
        manifest = json.loads((analyst.published(list_date) / "manifest.json").read_text())
        return {(each["list"], each["state"]) for each in manifest["lists"]}

    assert {("idle_funds", "published"), ("deposit_maturity", "published")} <= states("2026-07-01")
    assert "list idle_funds withheld" in analyst.said[1]
    assert "candidates.deposit_maturity: duplicate_subject" in analyst.said[1]
    found = states("2026-07-02")
    for code in ("idle_funds", "deposit_maturity"):
        assert (code, "withheld") in found and (code, "published") not in found
    assert ("tier_upgrade", "published") in found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_project(tmp_path_factory.mktemp("analyst") / "project")


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
    project: Path, tmp_path: Path, sql: str | None, entry: str | None, said: str
) -> None:
    for suffix, text in (("sql", sql), ("yml", entry)):
        path = project / LISTS / f"list_long_standing.{suffix}"
        path.unlink(missing_ok=True)
        if text:
            path.write_text(text, encoding="utf-8")
    finished = mingdan(project, "settings", "check", MINGDAN_HOME=str(tmp_path / "home"))
    assert finished.returncode == 1
    assert re.search(said, finished.stderr), finished.stderr
