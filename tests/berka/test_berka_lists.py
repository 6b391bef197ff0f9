"""The real files all the way: what is published for two days of 1993 is what a second reading finds in them."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from berka_reading import LISTS, TIERS, Bank, delivered, read
from fastapi.testclient import TestClient
from mingdan import catalog, cli, publishing, settings
from mingdan.portal import server
from mingdan.stores import Store
from typer.testing import CliRunner

from tests.bank import run_day

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "examples" / "berka" / "settings"
BY_DAG, BY_RUN = date(1993, 9, 29), date(1993, 12, 14)
BRANCHES = {str(number) for number in range(1, 78)}
# Of the optional tables, those that lists may need; the first card was issued in November.
DELIVERED = {
    BY_DAG: {"lending.loans", "crm.relations"},
    BY_RUN: {"lending.loans", "crm.relations", "cards.debit_cards"},
}
SWITCHED_OFF = "switched off in settings (lists_off)"


def reasons_off(as_of: date) -> dict[str, str]:
    """Why each list is off that is not among those read a second time here."""
    by_settings = settings.load(SETTINGS).lists_off
    found = {}
    for code, entry in catalog.entries().items():
        missing = [table for table in entry.meta["needs"] if table not in DELIVERED[as_of]]
        if code in by_settings:
            found[code] = SWITCHED_OFF
        elif missing:
            found[code] = f"needs {', '.join(missing)}: absent"
    return found


# Labels of every customer, and the column of the second reading that says the same.
LABELS = {
    "aum": "aum", "aum_avg_30d": "avg30", "aum_avg_90d": "avg90", "gap_to_next_tier_amount": "gap",
    "churn_stage": "churn_stage", "churn_drop_fast": "drop_fast", "churn_base_avg90_amount": "base",
    "churn_episode_started_on": "falling_since", "dormant_since_on": "dormant_since", "idle_demand_balance": "idle",
    "monthly_inflow_median_amount": "median_inflow", "inflow_90d_amount": "inflow_90d",
    "inflow_prior_90d_amount": "inflow_prior", "has_performing_loan": "has_loan", "is_overdue": "is_overdue",
}  # fmt: skip
# What a reason may show, and the column of the second reading that says the same. Absent: not in the data, so null.
FIGURES = {
    "aum": "aum", "inflow_90d_amount": "inflow_90d",
    "aum_avg_90d": "avg90", "aum_change_30d_amount": "grown_30d", "age": "age", "tenure_months": "tenure",
    "churn_base_avg90_amount": "base", "churn_drop_slow": "drop_slow", "churn_episode_started_on": "falling_since",
    "gap_to_next_tier_amount": "gap", "pension_median_amount": "pension", "pension_drawn_rate": "pension_drawn",
}  # fmt: skip
# An authorised person lacks an account and a loan.
ALWAYS = {
    "own_name_outflow_90d_amount": None, "time_balance": 0, "matures_90d_amount": 0, "core_products_missing_count": 2
}  # fmt: skip


# What becomes of those who meet a list, as docs/berka.md names it.
OUTCOMES = {
    "lead": ("listed", "priority"), "lead, explore": ("listed", "explore"), "no room": ("waiting", "capacity"),
    "control group": ("held_out", "control_group"), "universal control": ("dropped", "universal_control"),
    "under 18": ("dropped", "minor"), "loan overdue": ("dropped", "overdue"),
}  # fmt: skip


class Published:
    """One list date's current revision."""

    def __init__(self, home: Path, as_of: date) -> None:
        self.home = home
        self.as_of, self.list_date = as_of, as_of + timedelta(days=1)
        self.store = Store(str(home / "published"))
        self.folder = home / "published" / str(self.list_date) / "r001"
        self.manifest: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text())
        self.leads = pq.read_table(self.folder / "leads.parquet").to_pandas()
        self.decisions = pq.read_table(self.folder / "decisions.parquet").to_pandas()
        labels = pq.read_table(home / "history" / "customer_labels" / f"as_of={as_of}" / "part-0.parquet")
        self.labels = labels.to_pandas().astype({"customer_id": int}).set_index("customer_id").sort_index()

    def members(self, code: str) -> set[int]:
        """Everybody who meets the list's Who, whatever became of them."""
        return set(self.decisions.loc[self.decisions["list"] == code, "subject_id"].astype(int))


@pytest.fixture(scope="module")
def days(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[date, Published]:
    """One day by the DAG, in a process of its own, while this one takes the steps of `mingdan run` for the other; each
    in a home of its own, as the first day of a bank that has published nothing before."""
    homes = {as_of: tmp_path_factory.mktemp(f"home-{as_of}") for as_of in (BY_DAG, BY_RUN)}
    dag = subprocess.Popen(
        [sys.executable, "-m", "mingdan.airflow_local", "run", "--as-of", str(BY_DAG)],
        env=os.environ
        | {"MINGDAN_HOME": str(homes[BY_DAG]), "MINGDAN_LANDING": str(landing), "MINGDAN_SETTINGS": str(SETTINGS)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MINGDAN_SETTINGS", str(SETTINGS))
            run_day(homes[BY_RUN], landing, BY_RUN)
        said, _ = dag.communicate()
    finally:
        dag.kill()
    assert dag.returncode == 0, said
    assert said.count(": success") == 9, said
    return {as_of: Published(home, as_of) for as_of, home in homes.items()}


@pytest.fixture(scope="module")
def people(bank: Bank) -> dict[date, pd.DataFrame]:
    return {as_of: read(bank, pd.Timestamp(as_of)) for as_of in (BY_DAG, BY_RUN)}


def documented(column: str) -> dict[str, int]:
    """Counts by the first column, from the table of docs/berka.md whose head names this one."""
    lines = (ROOT / "docs" / "berka.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    place = next(row.index(column) for row in cells if column in row)
    head = next(number for number, row in enumerate(cells) if column in row)
    counts = itertools.takewhile(lambda row: row[-1].isdigit(), cells[head + 2 :])
    return {row[0]: int(row[place]) for row in counts}


def test_both_ways_publish_a_csv_and_a_workbook_for_each_of_the_77_branches(days: dict[date, Published]) -> None:
    for day in days.values():
        assert publishing.verify(day.store, day.list_date) == []
        for kind in ("csv", "xlsx"):
            assert {path.stem for path in (day.folder / "branches").glob(f"*.{kind}")} == BRANCHES
        assert set(day.leads["branch_id"]) <= BRANCHES and len(day.leads) > 300
        assert day.leads["customer_id"].is_unique


@pytest.mark.parametrize("as_of", [BY_DAG, BY_RUN], ids=str)
def test_the_lists_hold_exactly_the_customers_read_from_the_raw_files(
    days: dict[date, Published], people: dict[date, pd.DataFrame], as_of: date
) -> None:
    read_again = {code: set(people[as_of].index[people[as_of][code].astype(bool)]) for code in LISTS}
    assert {code: days[as_of].members(code) for code in LISTS} == read_again
    assert set(days[as_of].decisions["list"]) <= set(LISTS)
    assert {code: len(members) for code, members in read_again.items()} == documented(f"meet it {as_of}")


@pytest.mark.parametrize("as_of", [BY_DAG, BY_RUN], ids=str)
def test_every_customers_labels_are_those_read_from_the_raw_files(
    days: dict[date, Published], people: dict[date, pd.DataFrame], as_of: date
) -> None:
    told, raw = days[as_of].labels, people[as_of].sort_index()
    assert told.index.equals(raw.index) and len(raw) > 1000
    differing = {}
    for label, column in LABELS.items():
        expected = raw[column]
        if expected.dtype.kind == "M":
            same = pd.to_datetime(told[label]).eq(expected)
        elif expected.dtype.kind == "f":
            same = (told[label].astype(float) - expected).abs() < 0.005
        else:
            same = told[label].eq(expected)
        wrong = ~(same | (told[label].isna() & expected.isna()))
        differing[label] = list(raw.index[wrong])[:5]
    assert differing == dict.fromkeys(LABELS, [])


@pytest.mark.parametrize("as_of", [BY_DAG, BY_RUN], ids=str)
def test_as_many_leads_are_published_as_documented(days: dict[date, Published], as_of: date) -> None:
    listed = days[as_of].leads.groupby("list").size().reindex(LISTS, fill_value=0)
    assert listed.to_dict() == documented(f"leads {as_of}")


@pytest.mark.parametrize("as_of", [BY_DAG, BY_RUN], ids=str)
def test_every_candidate_became_what_the_rules_of_delivery_make_of_the_raw_files(
    days: dict[date, Published], people: dict[date, pd.DataFrame], as_of: date
) -> None:
    told = {(row.list, int(row.subject_id)): (row.state, row.reason) for row in days[as_of].decisions.itertuples()}
    assert told == delivered(people[as_of], pd.Timestamp(as_of))
    counted = Counter(told.values())
    found = {name: counted.pop(outcome) for name, outcome in OUTCOMES.items()}
    assert {state for state, _ in counted} == {"listed_elsewhere"}
    assert found | {"lead of another list": counted.total()} == documented(f"candidacies {as_of}")


@pytest.mark.parametrize("as_of", [BY_DAG, BY_RUN], ids=str)
def test_every_figure_in_a_reason_is_the_one_read_from_the_raw_files(
    days: dict[date, Published], people: dict[date, pd.DataFrame], as_of: date
) -> None:
    compared: dict[str, int] = defaultdict(int)
    for lead in days[as_of].leads.itertuples():
        raw = people[as_of].loc[int(lead.customer_id)]
        assert lead.value_tier == TIERS[raw["tier"]], lead.customer_id
        for name, told in json.loads(lead.facts).items():
            if name in ALWAYS:
                assert told is None if ALWAYS[name] is None else float(told) == ALWAYS[name], (lead.customer_id, name)
                continue
            expected = raw[FIGURES[name]]
            if told is None:
                assert pd.isna(expected), (lead.customer_id, name)
            elif name.endswith("_on"):
                assert told == str(expected.date()), (lead.customer_id, name)
            else:
                assert float(told) == pytest.approx(expected, abs=2e-6), (lead.customer_id, name)
            compared[name] += 1
    assert set(compared) == set(FIGURES) and min(compared.values()) > 30


def test_each_list_is_published_empty_by_rule_or_off_and_says_why(days: dict[date, Published]) -> None:
    for day in days.values():
        states = pd.DataFrame(day.manifest["lists"])
        off = states[states["state"] == "off"]
        assert (
            dict(zip(off["list"], off["why"], strict=True)) == reasons_off(day.as_of) and off["branch_id"].isna().all()
        )
        on = states[states["state"] != "off"]
        assert set(on["list"]) == set(LISTS) and set(on["list"]) | set(reasons_off(day.as_of)) == set(catalog.entries())
        assert on.groupby("list")["branch_id"].agg(set).map(BRANCHES.__eq__).all()
        assert set(on["state"]) == {"published", "empty"}
        published = on[on["state"] == "published"].groupby("list")["rows"].sum().to_dict()
        assert published == day.leads.groupby("list").size().to_dict()
        for code in LISTS:
            members = day.members(code)
            empty = on[(on["list"] == code) & (on["state"] == "empty")]
            assert empty["why"].notna().all() and (empty["rows"] == 0).all()
            if not members:
                assert len(empty) == 77 and set(empty["why"]) == {"nobody meets the list's Who"}


def test_manifest_and_workbook_say_that_consent_is_assumed(days: dict[date, Published]) -> None:
    for day in days.values():
        assert day.manifest["consent"] == "assumed (test data)"
        book = openpyxl.load_workbook(day.folder / "branches" / "1.xlsx")
        notes = [cell for row in book["Notes"].iter_rows(values_only=True) for cell in row if cell]
        assert any("Consent: assumed (test data)" in str(cell) for cell in notes)
        assert not day.leads["name"].str.strip().any() and day.leads["mobile"].fillna("").eq("").all()


def test_reports_say_nothing_of_products_that_are_not_delivered(days: dict[date, Published]) -> None:
    for day in days.values():
        held = pq.read_table(day.folder / "portal" / "reports" / "product_penetration.parquet").to_pandas()
        assert set(held["category"]) == {"*", "demand", "time", "loan_product"}
        customers = held[held["category"] == "demand"]["customer_count"]
        assert customers.sum() == len(day.labels)


def test_the_portal_shows_the_day_to_every_role(
    days: dict[date, Published], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGDAN_HOME", str(tmp_path))
    monkeypatch.setenv("MINGDAN_SETTINGS", str(SETTINGS))
    (tmp_path / "published").symlink_to(days[BY_RUN].home / "published")
    app = server.from_settings()
    with TestClient(app) as anybody:
        roles = re.findall(r'name="user_id" value="([^"]+)"', anybody.get("/sign-in").text)
    assert {"branch_staff", "branch_manager", "head_office"} <= set(roles)
    seen: dict[str, set[str]] = {}
    for role in roles:
        with TestClient(app) as browser:
            page = browser.post("/sign-in", data={"user_id": role, "next": "/"}).text
            rooms = {path for path in re.findall(r'href="(/[^"#?]*)"', page) if not path.startswith("/static")}
            answers = {path: browser.get(path) for path in rooms}
        assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
        seen[role] = rooms
        if role == "branch_manager":
            assert "1993-12-15" in page
    assert min(map(len, seen.values())) > 0


def test_a_production_bank_cannot_run_on_assumed_consent(
    landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = tmp_path / "settings", tmp_path / "home"
    folder.mkdir()
    text = (SETTINGS / "settings.yml").read_text(encoding="utf-8")
    (folder / "settings.yml").write_text(text.replace("environment: test ", "environment: production "))
    for name, value in {"HOME": home, "LANDING": landing, "SETTINGS": folder}.items():
        monkeypatch.setenv(f"MINGDAN_{name}", str(value))
    outcome = CliRunner().invoke(cli.app, ["run", "--as-of", str(BY_DAG)])
    assert outcome.exit_code == 1
    assert "'assumed (test data)' is accepted in environment 'test' only; found 'production'" in outcome.output
    assert not (home / "published").exists()


def test_the_settings_bend_no_threshold() -> None:
    bank, shipped = settings.load(SETTINGS), settings.load_shipped()
    assert bank.tables == shipped.tables
    changed = {key for key, value in bank.values.items() if value != shipped.values[key]}
    assert changed == {
        "consent", "time_zone", "currency", "language", "history_starts_on", "core_categories", "lists_off", "portal"
    }  # fmt: skip
    assert set(bank.lists_off) > {*shipped.lists_off, "deposit_maturity"}
