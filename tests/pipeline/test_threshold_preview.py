"""Another threshold is tried on a copy of the day: what it says is what that threshold would have decided."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256

import pytest
from mingdan import settings
from mingdan.cli import app
from mingdan.lock import RunLock
from mingdan.settings import Home
from mingdan.threshold_preview import decided
from mingdan.warehouse import Warehouse
from typer.testing import CliRunner

from tests.bank import SECOND, Bank


@pytest.fixture
def preview(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MINGDAN_HOME", str(bank.home))
    monkeypatch.setenv("MINGDAN_LANDING", str(bank.landing))
    return lambda *arguments: CliRunner().invoke(app, ["preview", *map(str, arguments)])


def counts(text: str, heading: str) -> dict[str, int]:
    """The lines under a heading, up to the next one."""
    found = re.search(rf"^{heading}:\n((?:- .*\n)+)", text, re.M)
    return {name: int(n) for name, n in re.findall(r"^- (.*): (\d+)$", found[1], re.M)} if found else {}


def own_candidates(bank: Bank) -> list[dict]:
    rows = bank.history("decisions", SECOND, "list, state, subject_id").to_pylist()
    return [row for row in rows if row["list"] == "idle_funds" and row["state"] != "not_a_candidate"]


def test_a_lower_threshold_adds_exactly_who_lies_between_and_leaves_the_day_alone(preview, bank: Bank) -> None:
    warehouse = bank.home / "warehouse" / "mingdan.duckdb"
    before = sha256(warehouse.read_bytes()).hexdigest()
    said = preview("idle_funds", "--as-of", SECOND, "--threshold", "idle_funds_from=20000")
    assert said.exit_code == 0, said.stderr
    candidates = {row["subject_id"] for row in own_candidates(bank)}
    between = bank.warehouse("select customer_id from customer_labels where idle_demand_balance >= 20000")
    added = [customer for (customer,) in between if customer not in candidates]
    assert len(added) > 20
    assert f": {len(added)} added, 0 gone" in said.stdout
    assert sum(counts(said.stdout, "added by branch").values()) == len(added)
    becomes = counts(said.stdout, "what becomes of the added")
    assert sum(becomes.values()) == len(added)
    waiting = sum(number for state, number in becomes.items() if state.startswith(("waiting", "central_channel")))
    assert f"of the added {waiting} exceed capacity" in said.stdout
    assert sha256(warehouse.read_bytes()).hexdigest() == before
    assert not list(bank.home.glob(".preview-*"))


def test_candidates_of_a_closed_branch_are_told_where_its_business_goes(bank: Bank) -> None:
    sql = "select branch_id, successor_branch_id from stg_core__branches where closed_on is not null"
    closed = dict(bank.warehouse(sql))
    rows = decided(Warehouse(Home(bank.home, str(bank.landing), ""), settings.load_shipped()), SECOND)
    told = bank.warehouse("select list, subject_id, branch_id from decisions where state <> 'not_a_candidate'")
    at_closed = [row for row in told if row[2] in closed]
    assert at_closed and len(rows) == len(told)
    assert all(rows[code, subject]["branch_id"] == closed[branch] for code, subject, branch in at_closed)


def test_a_higher_threshold_takes_away_and_gives_room_to_others(preview, bank: Bank) -> None:
    said = preview("idle_funds", "--as-of", SECOND, "--threshold", "idle_funds_from=200000")
    assert said.exit_code == 0, said.stderr
    idle = dict(bank.warehouse("select customer_id, idle_demand_balance from customer_labels"))
    gone = [row for row in own_candidates(bank) if idle[row["subject_id"]] < 180_000]  # nine tenths keep an open lead
    at_most = [row for row in own_candidates(bank) if idle[row["subject_id"]] < 200_000]
    found = re.search(r": 0 added, (\d+) gone", said.stdout)
    assert gone and found and len(gone) <= int(found[1]) <= len(at_most)
    assert "leads it takes from other lists: none" in said.stdout
    lost = Counter(row["state"] for row in gone)["listed"]
    assert int(re.search(r"leads of its own: \d+ new, (\d+) no more", said.stdout)[1]) >= lost


def test_a_threshold_of_another_list_changes_nothing_here(preview) -> None:
    said = preview("idle_funds", "--as-of", SECOND, "--threshold", "birthday_days=3")
    assert said.exit_code == 0, said.stderr
    assert ": 0 added, 0 gone" in said.stdout
    assert "models it changes: list_birthday_care" in said.stdout


@pytest.mark.parametrize(
    ("threshold", "model"), [("experience_days=30", "report_experience"), ("young_age_to=30", "segment_young")]
)
def test_reports_and_segments_that_a_threshold_changes_are_named_too(preview, threshold: str, model: str) -> None:
    said = preview("idle_funds", "--as-of", SECOND, "--threshold", threshold)
    assert said.exit_code == 0, said.stderr
    assert model in said.stdout.rsplit("models it changes: ", 1)[1].strip().split(", ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("idle_funds", "--threshold", "idle_from=1"), "threshold 'idle_from': expected one of thresholds.csv"),
        (("idle_funds", "--threshold", "idle_funds_from=much"), "expected name=value with a number"),
        (("idle", "--threshold", "idle_funds_from=1"), "no list 'idle'; known lists are"),
        (("bureau_winover", "--threshold", "idle_funds_from=1"), "is not on for business date"),
    ],
)
def test_what_cannot_be_tried_is_said_in_one_paragraph(preview, arguments: tuple[str, ...], message: str) -> None:
    said = preview(*arguments, "--as-of", SECOND)
    assert said.exit_code == 1
    assert message in said.stderr and "Traceback" not in said.stderr


def test_only_the_day_that_the_warehouse_holds_can_be_tried(preview) -> None:
    said = preview("idle_funds", "--as-of", "2026-06-30", "--threshold", "idle_funds_from=20000")
    assert said.exit_code == 1
    assert f"the warehouse holds business date {SECOND}; expected 2026-06-30" in said.stderr


def test_a_run_under_way_is_not_copied(preview, bank: Bank) -> None:
    with RunLock(Home(bank.home, str(bank.landing), str(bank.home / "published")), "another"):
        said = preview("idle_funds", "--as-of", SECOND, "--threshold", "idle_funds_from=20000")
    assert said.exit_code == 1 and "run another holds the lock" in said.stderr
