"""Reports: one's own branch, the same figures as the revision's file, and nobody else's."""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal

from tests import one_day
from tests.portal.conftest import BRANCH, OTHER, Desk


def charts(page: str) -> list[dict]:
    return [json.loads(html.unescape(found)) for found in re.findall(r'data-chart="([^"]+)"', page)]


def maturing(desk: Desk, branches: set[str]) -> Decimal:
    rows = desk.app.state.editions.on().table("portal/reports/maturity_ladder.parquet").to_pylist()
    return sum((row["maturing_amount"] for row in rows if row["branch_id"] in branches), Decimal(0))


def test_a_branch_sees_its_own_figures_and_no_other_branchs(desk: Desk) -> None:
    client = desk.of("branch_manager")
    (drawn, *_) = charts(client.get("/reports/maturity_ladder").text)
    assert sum(drawn["series"][0]["values"]) == float(maturing(desk, {BRANCH})) > 0
    assert client.get("/reports/maturity_ladder", params={"branch": OTHER}).status_code == 404
    assert client.get("/reports/maturity_ladder", params={"branch": "*"}).status_code == 404
    assert client.get("/reports/no_such_report").status_code == 404


def test_head_office_sees_all_branches_added_up_and_each_alone(desk: Desk) -> None:
    client = desk.of("head_office")
    everything = set(desk.leads)
    (drawn, *_) = charts(client.get("/reports/maturity_ladder").text)
    assert sum(drawn["series"][0]["values"]) == float(maturing(desk, everything))
    (drawn, *_) = charts(client.get("/reports/maturity_ladder", params={"branch": OTHER}).text)
    assert sum(drawn["series"][0]["values"]) == float(maturing(desk, {OTHER}))


def test_the_dictionary_finds_by_either_language_and_shows_a_lists_rules(desk: Desk) -> None:
    client = desk.of("rm")
    assert "/dictionary/list/deposit_maturity" in client.get("/dictionary", params={"q": "到期"}).text
    assert "/dictionary/list/deposit_maturity" not in client.get("/dictionary", params={"q": "zzz"}).text
    assert "35" in client.get("/dictionary/list/deposit_maturity").text
    assert client.get("/dictionary/list/no_such_list").status_code == 404


def test_runs_show_each_check_and_each_lists_states(desk: Desk) -> None:
    page = desk.of("data_engineer").get("/runs").text
    edition = desk.app.state.editions.on()
    assert all(check["suite"] in page for check in edition.manifest["checks"])
    assert all(f"{row['source']}.{row['table']}" in page for row in edition.manifest["sources"])


def test_runs_link_to_airflow_and_data_docs_where_settings_say_where(desk: Desk) -> None:
    client, chosen = desk.of("data_engineer"), desk.app.state.settings["portal"]
    assert "Airflow" not in client.get("/runs").text
    both = {"airflow": "https://airflow.bank.example/a/", "data_docs": "https://docs.bank.example"}
    object.__setattr__(desk.app.state.settings, "values", {**desk.app.state.settings.values, "portal": chosen | both})
    page = client.get("/runs").text
    assert 'href="https://airflow.bank.example/a/dags/daily_lists"' in page
    assert f'href="https://docs.bank.example/{one_day.BUSINESS_DATE}/index.html"' in page


def test_the_dictionarys_figures_are_said_in_their_own_measure(desk: Desk) -> None:
    item = next(each for each in desk.app.state.editions.on().dictionary if each["code"] == "aum")
    item |= {"distribution": '{"low": 0.0, "high": 3800000.0}', "customer_count": 2000, "coverage_rate": 0.995}
    client = desk.of("analyst")
    assert all(each in client.get("/dictionary/label/aum").text for each in ("380万元", "2,000", "99.5%"))
    client.cookies.set("language", "en")
    assert "CNY 3,800,000" in client.get("/dictionary/label/aum").text
