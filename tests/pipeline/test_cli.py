"""The command line on a built bank: what it says, and how it fails."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from mingdan.cli import app
from typer.testing import CliRunner, Result

from tests.bank import SECOND, Bank


@pytest.fixture
def mingdan(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MINGDAN_HOME", str(bank.home))
    monkeypatch.setenv("MINGDAN_LANDING", str(bank.landing))
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


def test_why_tells_a_listed_customers_place_and_reasons(mingdan, bank: Bank) -> None:
    lead = bank.history("leads", SECOND).to_pylist()[0]
    said: Result = mingdan("why", lead["subject_id"], "--as-of", SECOND)
    assert said.exit_code == 0
    assert f"listed at branch {lead['branch_id']}, place {lead['rank']}" in said.stdout
    assert lead["lead_id"] in said.stdout


def test_why_shows_a_non_candidate_the_who_beside_their_own_values(mingdan, bank: Bank) -> None:
    members = {row[0] for row in bank.warehouse("select subject_id from list_members where list = 'idle_funds'")}
    other = next(
        row[0] for row in bank.warehouse("select customer_id from customer_labels order by 1") if row[0] not in members
    )
    said = mingdan("why", other, "--as-of", SECOND, "--list", "idle_funds")
    assert "not a candidate. Who: " in said.stdout
    assert "idle_demand_balance = " in said.stdout


def test_why_says_that_bureau_detail_is_not_kept(mingdan, bank: Bank) -> None:
    said = mingdan("why", "C000000001", "--as-of", SECOND, "--list", "bureau_winover")
    assert "bureau_loan_count: bureau detail, not kept in history" in said.stdout


def test_preview_counts_what_was_decided_and_names_no_customer(mingdan, bank: Bank) -> None:
    said = mingdan("preview", "tier_upgrade", "--as-of", SECOND)
    assert said.exit_code == 0
    decided = bank.history("decisions", SECOND, "list, state, reason, subject_id").to_pylist()
    candidates = [row for row in decided if row["list"] == "tier_upgrade" and row["state"] != "not_a_candidate"]
    assert f"{len(candidates)} candidates" in said.stdout
    listed = sum(row["state"] == "listed" for row in candidates)
    assert sum(int(n) for n in re.findall(r"^- listed \(\w+\): (\d+)$", said.stdout, re.M)) == listed
    lost = [row for row in decided if row["state"] == "listed_elsewhere" and row["reason"] == "tier_upgrade"]
    taken = Counter(row["list"] for row in lost)
    assert {f"- {code}: {count}" for code, count in taken.items()} <= set(said.stdout.splitlines())
    people = "select full_name from subjects where subject_type = 'customer' and full_name is not null"
    names = {row[0] for row in bank.warehouse(people)}
    assert not [name for name in names if name in said.stdout]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("why", "NOBODY", "--as-of", "2026-07-01"), "no customer 'NOBODY' on business date 2026-07-01"),
        (("why", "C1", "--as-of", "2020-01-01"), "business date 2020-01-01 was not built"),
        (("why", "C1", "--as-of", "2026-07-01", "--list", "idle"), "no list 'idle'; known lists are app_activation"),
        (("run", "--as-of", "2026-07-01", "--lists", "idle"), "no list 'idle'; known lists are app_activation"),
        (("check-sources", "--as-of", "2026-08-15"), "core.customers"),
        (("preview", "idle", "--as-of", "2026-07-01"), "no list 'idle'; known lists are app_activation"),
        (("preview", "idle_funds", "--as-of", "2020-01-01"), "business date 2020-01-01 was not built"),
        (("verify", "2020-01-01"), "2020-01-01"),
    ],
)
def test_a_mistake_is_one_paragraph_on_stderr_and_exit_status_1(
    mingdan, arguments: tuple[str, ...], message: str
) -> None:
    said = mingdan(*arguments)
    assert said.exit_code == 1
    assert message in said.stderr
    assert "Traceback" not in said.stderr


def test_published_and_verify_show_the_current_day(mingdan) -> None:
    found = json.loads(mingdan("published").stdout)
    assert found["list_date"] == "2026-07-02"
    said = mingdan("verify", "2026-07-02")
    assert said.exit_code == 0 and "is what its manifest says" in said.stdout


def test_verify_finds_a_changed_file(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    shutil.copytree(bank.home / "published", home / "published")
    changed = next((home / "published" / "2026-07-02" / "r001" / "branches").glob("*.csv"))
    changed.write_bytes(changed.read_bytes() + b"x")
    monkeypatch.setenv("MINGDAN_HOME", str(home))
    said = CliRunner().invoke(app, ["verify", "2026-07-02"])
    assert said.exit_code == 1 and changed.name in said.stderr


def test_check_sources_says_what_is_there_and_computes_nothing(mingdan, bank: Bank) -> None:
    before = (bank.home / "warehouse" / "mingdan.duckdb").stat().st_mtime_ns
    said = mingdan("check-sources", "--as-of", SECOND)
    assert said.exit_code == 0 and "core.transactions" in said.stdout
    assert (bank.home / "warehouse" / "mingdan.duckdb").stat().st_mtime_ns == before


def test_settings_check_shows_what_the_bank_changed(mingdan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yml").write_text("default_branch_capacity: 12\n")
    monkeypatch.setenv("MINGDAN_SETTINGS", str(tmp_path))
    assert "default_branch_capacity: 12   (shipped: 30)" in mingdan("settings", "check").stdout


def test_prune_reads_every_folder_that_a_day_leaves(mingdan, bank: Bank) -> None:
    assert (bank.home / "history" / "preference_clusters").exists()
    said = mingdan("prune", "--today", "2031-01-01")
    assert said.exit_code == 0, said.stderr
    kept = {path.name for path in (bank.home / "history").iterdir() if f"history/{path.name}/as_of=" not in said.stdout}
    assert kept == {"lead_labels"}
