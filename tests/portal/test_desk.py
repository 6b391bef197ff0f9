"""The branch manager's desk: whose leads are whose today, at once and everywhere, within the branch only."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from mingdan.portal import handover
from mingdan.portal.store import assignments, outcomes
from mingdan.portal.team import Member, standing_in
from mingdan.stores import Store

from tests import one_day
from tests.portal.conftest import BRANCH, OTHER, OWNER, Desk

BOSS = "branch_manager"
TODAY, LATER = one_day.LIST_DATE.isoformat(), (one_day.LIST_DATE + timedelta(days=2)).isoformat()


def own(desk: Desk) -> list[str]:
    """Leads that the published day gives to OWNER."""
    found = [row["lead_id"] for row in desk.leads[BRANCH] if row["owner_id"] == OWNER]
    assert len(found) > 2
    return found


def owners_in_csv(desk: Desk, user: str) -> dict[str, str]:
    text = desk.of(user).get("/download/csv").content.decode("utf-8-sig")
    return {row["线索编号"]: row["责任人工号"] for row in csv.DictReader(io.StringIO(text))}


def given(desk: Desk) -> list[sa.Row]:
    with desk.app.state.engine.connect() as connection:
        return list(connection.execute(sa.select(assignments).order_by(assignments.c.lead_id, assignments.c.turn)))


def test_the_desk_shows_each_manager_with_load_capacity_and_who_is_away(desk: Desk) -> None:
    page = desk.of(BOSS).get("/desk", params={"owner": OWNER}).text
    assert all(name in page for name in ("何经理", "第二客户经理", "清收员", "休假者"))
    assert "邻行经理" not in page and "缺勤" in page
    assert page.count(" checked") == len(own(desk)) - 2  # beyond a capacity of two
    assert not any(row["name"] in page or row["mobile"] in page for row in desk.leads[BRANCH])


def test_leads_given_to_a_colleague_are_theirs_at_once_and_everywhere(desk: Desk) -> None:
    first, second, *_ = own(desk)
    assert first not in desk.of("second_rm").get("/today").text
    answer = desk.of(BOSS).post("/desk/assign", data={"lead": [first, second], "to": "M002", "owner": OWNER})
    assert answer.status_code == 303
    assert first in desk.of("second_rm").get("/today").text and first not in desk.of("rm").get("/today").text
    assert desk.of("rm").get(f"/leads/{first}").status_code == 404
    assert desk.of("second_rm").post(f"/leads/{first}/reveal").status_code == 200
    assert owners_in_csv(desk, BOSS)[first] == "M002" and first not in owners_in_csv(desk, "rm")
    assert [(row.former_id, row.employee_id, row.kind) for row in given(desk)] == [(OWNER, "M002", "reassigned")] * 2
    (row,) = desk.trail("reassigned")
    assert json.loads(row.detail) == {"lead_ids": [first, second], "to": "M002"}


def test_a_lead_given_back_to_the_queue_can_be_claimed_and_every_step_is_kept(desk: Desk) -> None:
    lead = own(desk)[0]
    desk.of(BOSS).post("/desk/assign", data={"lead": lead, "to": "-"})
    assert desk.of("second_rm").post(f"/leads/{lead}/claim").status_code == 303
    assert desk.of("rm").post(f"/leads/{lead}/claim").status_code == 404
    desk.of(BOSS).post("/desk/assign", data={"lead": lead, "to": OWNER})
    assert lead in desk.of("rm").get("/today").text
    assert [(row.turn, row.kind, row.employee_id) for row in given(desk)] == [
        (1, "reassigned", None), (2, "claimed", "M002"), (3, "reassigned", OWNER),
    ]  # fmt: skip
    page = desk.of(BOSS).get("/desk").text
    assert "认领" in page and "网点公共" in page


def test_an_absent_managers_leads_are_the_substitutes_until_they_are_back(desk: Desk) -> None:
    lead = own(desk)[0]
    away = {"employee_id": OWNER, "absent_from": TODAY, "absent_until": LATER, "substitute_id": "M002"}
    assert desk.of(BOSS).post("/desk/absence", data=away).status_code == 303
    assert lead in desk.of("second_rm").get("/today").text and lead not in desk.of("rm").get("/today").text
    assert owners_in_csv(desk, BOSS)[lead] == "M002"
    assert "代何经理" in desk.of("second_rm").get("/today").text
    assert desk.of("second_rm").post(f"/leads/{lead}/reveal").status_code == 200
    desk.of(BOSS).post("/desk/absence", data={"employee_id": OWNER, "present": "1"})
    assert lead in desk.of("rm").get("/today").text and lead not in desk.of("second_rm").get("/today").text
    desk.of(BOSS).post("/desk/absence", data={**away, "substitute_id": ""})
    assert owners_in_csv(desk, BOSS)[lead] == ""  # nobody stands in: the queue's
    desk.at += timedelta(days=3)
    desk.clients.clear()
    assert owners_in_csv(desk, BOSS)[lead] == OWNER  # the absence is over


def test_a_substitute_who_is_away_as_well_hands_on(desk: Desk) -> None:
    lead, boss = own(desk)[0], desk.of(BOSS)
    boss.post("/desk/absence", data={"employee_id": OWNER, "absent_from": TODAY, "substitute_id": "M002"})
    boss.post("/desk/absence", data={"employee_id": "M002", "absent_from": TODAY, "substitute_id": "M003"})
    assert owners_in_csv(desk, BOSS)[lead] == "M003"


def test_a_circle_of_absent_people_ends_in_the_queue() -> None:
    today = one_day.LIST_DATE
    away = {number: Member(number, number, None, None, today, today, other) for number, other in ("AB", "BA", "CD")}
    assert standing_in("A", away, today) is None
    assert standing_in("C", away, today) == "D" and standing_in("E", away, today) == "E"


def test_todays_capacity_is_todays_alone(desk: Desk) -> None:
    boss = desk.of(BOSS)
    assert boss.post("/desk/capacity", data={"employee_id": OWNER, "capacity": "1"}).status_code == 303
    assert boss.get("/desk", params={"owner": OWNER}).text.count(" checked") == len(own(desk)) - 1
    desk.at += timedelta(days=1)
    desk.clients.clear()
    assert desk.of(BOSS).get("/desk", params={"owner": OWNER}).text.count(" checked") == len(own(desk)) - 2


def test_a_lead_returned_is_told_as_not_my_customer_and_handed_over(desk: Desk, tmp_path) -> None:
    lead, boss = own(desk)[0], desk.of(BOSS)
    answer = boss.post("/desk/return", data={"lead": lead, "reason": "moved", "note": "去年搬走"})
    assert answer.status_code == 303
    with desk.app.state.engine.connect() as connection:
        (row,) = connection.execute(sa.select(outcomes))
    assert (row.outcome, row.origin, row.note) == ("not_my_customer", "desk", "客户已迁离本地；去年搬走")
    assert lead not in owners_in_csv(desk, BOSS) and "已退回总行" in boss.get("/today").text
    assert lead not in boss.get("/desk", params={"owner": OWNER}).text
    assert [json.loads(each.detail)["reason"] for each in desk.trail("returned")] == ["moved"]
    landing = Store(tmp_path / "landing")
    found = handover.hand_over(desk.app.state.engine, landing, desk.at.date(), desk.at + timedelta(days=1))
    assert found["rows"] == 1


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("assign", {"to": "M101"}, 404),  # another branch's manager
        ("assign", {"to": "nobody"}, 404),
        ("assign", {"to": "M004"}, 422),  # absent today
        ("assign", {"to": "M002", "lead": []}, 422),
        ("return", {"reason": "tired of it"}, 422),
        ("absence", {"employee_id": "M101", "absent_from": TODAY}, 404),
        ("absence", {"employee_id": OWNER, "absent_from": "tomorrow"}, 422),
        ("absence", {"employee_id": OWNER, "absent_from": LATER, "absent_until": TODAY}, 422),
        ("absence", {"employee_id": OWNER, "absent_from": "2020-01-01", "absent_until": "2020-01-02"}, 422),
        ("absence", {"employee_id": OWNER, "absent_from": TODAY, "substitute_id": OWNER}, 422),
        ("absence", {"employee_id": OWNER, "absent_from": TODAY, "substitute_id": "M101"}, 422),
        ("absence", {"employee_id": OWNER, "absent_from": TODAY, "substitute_id": "M004"}, 422),
        ("capacity", {"employee_id": "M101", "capacity": "3"}, 404),
        ("capacity", {"employee_id": OWNER, "capacity": "-1"}, 422),
        ("capacity", {"employee_id": OWNER, "capacity": "many"}, 422),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(desk: Desk, path: str, data: dict, status: int) -> None:
    before = owners_in_csv(desk, BOSS)
    answer = desk.of(BOSS).post(f"/desk/{path}", data={"lead": own(desk)[0], **data})
    assert answer.status_code == status
    assert owners_in_csv(desk, BOSS) == before and given(desk) == []


def test_another_branchs_lead_is_neither_given_nor_returned(desk: Desk) -> None:
    stranger = desk.leads[OTHER][0]["lead_id"]
    data = {"lead": [own(desk)[0], stranger], "to": "M002", "reason": "moved"}
    for path in ("/desk/assign", "/desk/return"):
        assert desk.of(BOSS).post(path, data=data).status_code == 404
    assert given(desk) == [] and len(desk.trail("refused")) == 2


@pytest.mark.parametrize("user", ["rm", "branch_staff", "region", "head_office"])
def test_nobody_but_the_branch_manager_has_a_desk(desk: Desk, user: str) -> None:
    assert desk.of(user).get("/desk").status_code == 403
    assert desk.of(user).post("/desk/assign", data={"lead": own(desk)[0], "to": "M002"}).status_code == 403
    assert given(desk) == []
