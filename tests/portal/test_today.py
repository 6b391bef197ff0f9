"""Today's page beyond the list itself: what changed, what is withheld or older, one's own, what was said before."""

from __future__ import annotations

import json
from datetime import timedelta

import pyarrow as pa
import pytest

from tests.portal.conftest import BRANCH, OWNER, Desk

SAID = {"outcome": "interested", "channel_used": "call", "contacted_at": "2026-07-01 09:30"}


def test_states_and_ones_own_can_be_filtered(desk: Desk) -> None:
    boss, lead = desk.of("branch_manager"), desk.leads[BRANCH][0]["lead_id"]
    boss.post(f"/leads/{lead}/outcome", data=SAID)
    page = boss.get("/today", params={"state": "follow_up"}).text
    others = [row["lead_id"] for row in desk.leads[BRANCH][1:]]
    assert f'id="{lead}"' in page and not any(f'id="{each}"' in page for each in others)
    own = {row["lead_id"] for row in desk.leads[BRANCH] if row["owner_id"] == OWNER}
    mine = desk.of("rm").get("/today", params={"owner": "me"}).text
    assert all((f'id="{each["lead_id"]}"' in mine) == (each["lead_id"] in own) for each in desk.leads[BRANCH])
    assert 0 < len(own) < len(desk.leads[BRANCH])


def test_what_changed_shows_why_and_nothing_that_is_anothers(desk: Desk) -> None:
    page = desk.of("branch_manager").get("/today").text
    assert "与上一名单日相比" in page and "已成交" in page and "沈**" in page and "沈阳光" not in page
    changed = desk.of("second_rm").get("/today").text
    assert "沈**" not in changed  # gone, and never theirs
    queue = sum(row["owner_id"] is None for row in desk.leads[BRANCH])
    assert changed.split('id="changes"')[1].split("</details>")[0].count("<tr><td>") == queue


def test_who_refused_is_gone_from_what_changed_too(desk: Desk) -> None:
    boss, row = desk.of("branch_manager"), desk.leads[BRANCH][0]
    before = boss.get("/today").text.split('id="changes"')[1].count("<tr><td>")
    boss.post(f"/leads/{row['lead_id']}/outcome", data={**SAID, "outcome": "do_not_contact"})
    assert boss.get("/today").text.split('id="changes"')[1].count("<tr><td>") == before - 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_withheld_list_and_older_data_are_said_above_the_leads(desk: Desk, language: str) -> None:
    edition = desk.app.state.editions.on()
    edition.day["states"].append({"list": "tier_upgrade", "branch_id": BRANCH, "state": "withheld", "rows": 0,
                                  "why": "its SQL failed"})  # fmt: skip
    stale = desk.leads[BRANCH][0]["lead_id"]
    rows = edition.leads.to_pylist()
    flags = [True if row["lead_id"] == stale else row["data_stale"] for row in rows]
    at = edition.leads.column_names.index("data_stale")
    former = edition.leads
    try:
        edition.leads = former.set_column(at, "data_stale", pa.array(flags, pa.bool_()))
        client = desk.of("branch_manager")
        client.cookies.set("language", language)
        page = client.get("/today").text
    finally:
        edition.leads = former
    assert ("暂停发布" if language == "zh" else "Withheld") in page.split('class="tally"')[0]
    assert page.count('class="tag stale"') == 1


def test_a_lead_lists_what_was_reported_before_and_by_whom(desk: Desk) -> None:
    boss, lead = desk.of("branch_manager"), desk.leads[BRANCH][0]["lead_id"]
    for outcome in ("not_reached", "interested"):
        boss.post(f"/leads/{lead}/outcome", data={**SAID, "outcome": outcome, "note": f"说明{outcome}"})
        desk.at += timedelta(minutes=1)
    page = boss.get(f"/leads/{lead}").text
    assert page.index("说明interested") < page.index("说明not_reached") and "示例网点负责人" in page
    assert [json.loads(row.detail)["lead_id"] for row in desk.trail("lead_opened")] == [lead]
