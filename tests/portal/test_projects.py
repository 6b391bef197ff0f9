"""Projects, the top ten, the morning page and work logs: a branch's own, counted from what was reported."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from mingdan.portal import projects as reading
from mingdan.portal.store import care_notes, care_plans, project_customers, projects, work_logs

from tests import one_day
from tests.portal.conftest import BRANCH, OTHER, OWNER, Desk

BOSS = "branch_manager"
TODAY = one_day.LIST_DATE
PROJECT = {
    "title": "到期留存月", "segment": "payroll", "goal": "到期存款留存", "attainable": "上季度留存七成",
    "relevant": "稳住存款",
    "begins_on": TODAY.isoformat(), "ends_on": (TODAY + timedelta(days=9)).isoformat(), "member": [OWNER, "M002"],
    "target_contacted": "10", "points_contacted": "1", "target_won": "2", "points_won": "10",
    "target_amount": "500,000", "points_amount": "1",
}  # fmt: skip


def all_of(desk: Desk, table: sa.Table) -> list[sa.Row]:
    with desk.app.state.engine.connect() as connection:
        return list(connection.execute(sa.select(table)))


def say(desk: Desk, user: str, at: int, outcome: str, **more: str) -> None:
    lead = [row for row in desk.leads[BRANCH] if row["owner_id"] == OWNER][at]["lead_id"]
    data = {"outcome": outcome, "channel_used": "call", "contacted_at": f"{TODAY} 09:30", "seen": "", **more}
    assert desk.of(user).post(f"/leads/{lead}/outcome", data=data).status_code == 303


def progress(desk: Desk) -> reading.Progress:
    state = desk.app.state
    with state.engine.connect() as connection:
        (project,) = reading.of_branch(connection, BRANCH)
        return reading.progress(connection, project, state.people, state.now().date())


def test_a_projects_progress_is_what_its_team_reported_of_its_customers(desk: Desk) -> None:
    assert desk.of(BOSS).post("/projects/new", data=PROJECT).status_code == 303
    group = {row.customer_id for row in all_of(desk, project_customers)}
    assert group and not group & {row["customer_id"] for row in desk.leads[OTHER]}
    say(desk, "rm", 0, "not_reached")
    say(desk, "rm", 0, "done", amount="120000")
    say(desk, "rm", 1, "interested")
    say(desk, BOSS, 2, "done", amount="900000")  # not of the team
    found = progress(desk)
    assert {name: found.values[name] for name in ("contacted", "won")} == {"contacted": 2, "won": 1}
    assert found.values["amount"] == Decimal(120000)
    assert found.rates["won"] == Decimal("0.5") and found.time_rate == Decimal("0.1")
    first, second = found.members
    assert (first["employee_id"], first["points"]) == (OWNER, 2 * 1 + 10 + 12) and second["points"] == 0
    page = desk.of("rm").get("/projects").text
    assert "到期留存月" in page and "50" in page


def test_what_was_reported_outside_the_period_does_not_count(desk: Desk) -> None:
    later = {"begins_on": (TODAY + timedelta(days=1)).isoformat()}
    desk.of(BOSS).post("/projects/new", data={**PROJECT, **later})
    say(desk, "rm", 0, "done", amount="120000")
    assert set(progress(desk).values.values()) == {0}


@pytest.mark.parametrize(
    "changed",
    [
        {"goal": " "}, {"segment": "no_such"}, {"ends_on": "2020-01-01"}, {"ends_on": "soon"}, {"member": []},
        {"member": ["M101"]}, {"target_contacted": "-1"}, {"target_won": "viele"}, {"target_amount": "NaN"},
        {"target_contacted": "", "target_won": "", "target_amount": "0"},
    ],
    ids=str,
)  # fmt: skip
def test_a_goal_that_is_not_smart_does_not_begin(desk: Desk, changed: dict) -> None:
    answer = desk.of(BOSS).post("/projects/new", data={**PROJECT, **changed})
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert all_of(desk, projects) == []


def test_a_project_is_its_branchs_and_a_managers_who_are_in_it(desk: Desk) -> None:
    desk.of(BOSS).post("/projects/new", data={**PROJECT, "member": [OWNER]})
    (row,) = all_of(desk, projects)
    assert "到期留存月" not in desk.of("second_rm").get("/projects").text
    assert "到期留存月" not in desk.of("other").get("/projects").text
    assert desk.of("other").get("/projects", params={"branch": BRANCH}).status_code == 404
    assert desk.of("other").post("/projects/end", data={"project_id": row.project_id}).status_code == 404
    assert desk.of("rm").post("/projects/end", data={"project_id": row.project_id}).status_code == 403
    assert all_of(desk, projects)[0].closed_at is None
    assert desk.of(BOSS).post("/projects/end", data={"project_id": row.project_id}).status_code == 303
    assert all_of(desk, projects)[0].closed_at is not None


def planned(desk: Desk, at: int = 0, owner: str = OWNER) -> str:
    number = desk.leads[BRANCH][at]["customer_id"]
    desk.of(BOSS).post("/projects/care", data={"customer_id": number, "owner_id": owner})
    return number


def test_the_top_ten_are_planned_for_step_by_step_by_who_looks_after_them(desk: Desk) -> None:
    number = planned(desk)
    (plan,) = all_of(desk, care_plans)
    note = {"plan_id": plan.plan_id, "step": "plan", "text": "月内上门一次", "due_on": TODAY.isoformat()}
    assert desk.of("rm").post("/projects/care/note", data=note).status_code == 303
    assert desk.of(BOSS).post("/projects/care/note", data={**note, "step": "do", "text": "已上门"}).status_code == 303
    page = desk.of("rm").get("/projects/care").text
    assert "月内上门一次" in page and "已上门" in page and f"/customers/{number}" in page
    assert not any(row["name"] in page for row in desk.leads[BRANCH])
    for user in ("second_rm", "other", "region"):
        assert desk.of(user).post("/projects/care/note", data=note).status_code == 404
    assert "月内上门一次" not in desk.of("second_rm").get("/projects/care").text
    assert desk.of(BOSS).post("/projects/care/note", data={**note, "step": "dream"}).status_code == 422
    assert [row.step for row in all_of(desk, care_notes)] == ["plan", "do"]
    desk.of(BOSS).post("/projects/care/close", data={"plan_id": plan.plan_id})
    assert "月内上门一次" not in desk.of("rm").get("/projects/care").text and len(all_of(desk, care_notes)) == 2


def test_who_refused_contact_is_gone_from_the_top_ten_at_once(desk: Desk) -> None:
    number = planned(desk)
    refusal = {"outcome": "do_not_contact", "channel_used": "call", "contacted_at": f"{TODAY} 09:30"}
    desk.of(BOSS).post(f"/leads/{desk.leads[BRANCH][0]['lead_id']}/outcome", data=refusal)
    assert number not in desk.of(BOSS).get("/projects/care").text
    (plan,) = all_of(desk, care_plans)
    note = {"plan_id": plan.plan_id, "step": "do", "text": "又打了一次"}
    assert desk.of(BOSS).post("/projects/care/note", data=note).status_code == 404


def test_the_top_ten_are_ten_of_the_branch_each_once(desk: Desk) -> None:
    stranger = desk.leads[OTHER][0]["customer_id"]
    assert desk.of(BOSS).post("/projects/care", data={"customer_id": stranger}).status_code == 422
    number = planned(desk)
    assert desk.of(BOSS).post("/projects/care", data={"customer_id": number}).status_code == 422
    with desk.app.state.engine.begin() as connection:
        for at in range(9):
            connection.execute(
                care_plans.insert().values(
                    plan_id=f"C{at}", branch_id=BRANCH, customer_id=f"x{at}", made_by="t", made_at=desk.at
                )
            )
    answer = desk.of(BOSS).post("/projects/care", data={"customer_id": desk.leads[BRANCH][1]["customer_id"]})
    assert answer.status_code == 422 and len(all_of(desk, care_plans)) == 10


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_morning_page_has_the_days_figures_and_no_name(desk: Desk, language: str) -> None:
    client = desk.of(BOSS)
    client.cookies.set("language", language)
    page = client.get("/projects/morning").text
    month = next(
        row for row in desk.app.state.editions.on().rows_of("portal/reports/branch_progress.parquet", BRANCH)
        if (row["unit"], row["period"]) == ("branch", "month")
    )  # fmt: skip
    assert str(month["contacted_count"]) in page and "何经理" in page
    assert "本月之星" if language == "zh" else "star" in page.lower()
    assert not any(row["name"] in page or row["mobile"] in page for row in desk.leads[BRANCH])
    assert client.get("/projects/morning", params={"branch": OTHER}).status_code == 404
    for path in ("/projects", "/projects/new", "/projects/care", "/logs", "/desk", "/pay"):
        assert client.get(path).status_code == 200


def test_a_work_log_counts_itself_and_is_approved_by_the_manager(desk: Desk) -> None:
    say(desk, "rm", 0, "not_reached")
    say(desk, "rm", 1, "done")
    assert desk.of("rm").post("/logs", data={"day": TODAY.isoformat(), "text": "明日上门"}).status_code == 303
    verdict = {"user_id": "rm", "day": TODAY.isoformat(), "state": "approved"}
    assert desk.of("rm").post("/logs/verdict", data=verdict).status_code == 403
    assert desk.of("other").post("/logs/verdict", data=verdict).status_code == 404
    assert "明日上门" in desk.of(BOSS).get("/logs").text and "明日上门" not in desk.of("second_rm").get("/logs").text
    assert desk.of(BOSS).post("/logs/verdict", data={**verdict, "state": "great"}).status_code == 404
    assert desk.of(BOSS).post("/logs/verdict", data=verdict).status_code == 303
    assert desk.of(BOSS).post("/logs/verdict", data=verdict).status_code == 404  # it waits no more
    assert desk.of("rm").post("/logs", data={"day": TODAY.isoformat(), "text": "anders"}).status_code == 409
    rows = sorted(all_of(desk, work_logs), key=lambda row: row.turn)
    assert [(row.state, row.contacted, row.reached, row.won, row.actor) for row in rows] == [
        ("handed_in", 2, 1, 1, "rm"), ("approved", 2, 1, 1, BOSS),
    ]  # fmt: skip


def test_nobody_approves_their_own_log_nor_writes_one_for_another_day(desk: Desk) -> None:
    desk.of(BOSS).post("/logs", data={"day": TODAY.isoformat(), "text": "x"})
    verdict = {"user_id": BOSS, "day": TODAY.isoformat(), "state": "approved"}
    assert desk.of(BOSS).post("/logs/verdict", data=verdict).status_code == 404
    for day in ((TODAY + timedelta(days=1)).isoformat(), "2020-01-01", "someday"):
        assert desk.of("rm").post("/logs", data={"day": day}).status_code == 404
    assert [row.state for row in all_of(desk, work_logs)] == ["handed_in"]
