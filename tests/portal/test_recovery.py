"""Who owes is the collectors' and the branch manager's to know: at the counter, on the card, in files, by any way."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.portal.conftest import BRANCH, Desk

OWES = "npl_recovery"
SAID = {"outcome": "interested", "channel_used": "call", "contacted_at": "2026-07-01 09:30"}
KNOW = ("branch_manager", "collection")
NOT_TO_KNOW = ("branch_staff", "lobby", "rm", "second_rm")


@pytest.fixture
def owing(desk: Desk) -> dict:
    """The branch's first lead, as one of the recovery list."""
    edition, lead = desk.app.state.editions.on(), desk.leads[BRANCH][0]
    entry = edition.day["lists"][lead["list"]]
    edition.day["lists"][OWES] = {**entry, "purpose": "recovery", "title": {"zh": "不良清收", "en": "Bad debts"}}
    for name, value in (("purpose", "recovery"), ("list", OWES)):
        values = edition.leads[name].to_pylist()
        values[edition.place[lead["lead_id"]]] = value
        at = edition.leads.column_names.index(name)
        edition.leads = edition.leads.set_column(at, name, pa.array(values, pa.string()))
    return edition.lead(lead["lead_id"])


@pytest.mark.parametrize("user", NOT_TO_KNOW)
def test_nobody_else_learns_who_owes_by_any_way(desk: Desk, owing: dict, user: str) -> None:
    said = desk.of("collection").post(f"/leads/{owing['lead_id']}/outcome", data={**SAID, "note": "承诺月底还款"})
    assert said.status_code == 303
    client, lead = desk.of(user), owing["lead_id"]
    assert client.get(f"/leads/{lead}").status_code == 404
    assert client.post(f"/leads/{lead}/outcome", data=SAID).status_code == 404
    assert client.post(f"/leads/{lead}/claim").status_code == 404
    pages = [client.get(path) for path in ("/today", "/download/csv", f"/customers/{owing['customer_id']}", "/maps")]
    pages.append(client.post("/who", data={"q": owing["customer_id"]}))
    for page in pages:
        assert page.status_code == 200
        assert not any(each in page.text for each in (lead, "不良清收", "承诺月底还款")), page.url


@pytest.mark.parametrize("user", KNOW)
def test_collectors_and_the_manager_work_it(desk: Desk, owing: dict, user: str) -> None:
    client = desk.of(user)
    assert owing["lead_id"] in client.get("/today").text
    assert client.post(f"/leads/{owing['lead_id']}/outcome", data=SAID).status_code == 303
    assert owing["mobile"] in client.post(f"/leads/{owing['lead_id']}/reveal").text


def test_who_owes_is_offered_nothing_at_the_counter(desk: Desk) -> None:
    day, number = desk.app.state.editions.on().day, f"55500{BRANCH}"
    asked = {"customer_id": number, "list": "deposit_maturity"}
    day["lists"]["deposit_outflow"]["purpose"] = "recovery"  # waits elsewhere: no opportunity
    page = desk.of("lobby").post("/who", data={"q": number}).text
    assert "到期承接" in page and "流失预警" not in page
    day["lists"]["deposit_maturity"]["purpose"] = "recovery"
    assert desk.of("lobby").post("/who/lead", data=asked).status_code == 404


def test_the_card_shows_a_manager_their_own_leads_as_they_are_now(desk: Desk) -> None:
    row = next(row for row in desk.leads[BRANCH] if row["owner_id"])
    path = f"/customers/{row['customer_id']}"
    assert row["lead_id"] in desk.of("rm").get(path).text and row["lead_id"] not in desk.of("second_rm").get(path).text
    assert "1万-5万" in desk.of("second_rm").get(path).text
    desk.of("branch_manager").post("/desk/assign", data={"lead": row["lead_id"], "to": "M002"})
    assert row["lead_id"] in desk.of("second_rm").get(path).text and row["lead_id"] not in desk.of("rm").get(path).text
    assert "3.21万元" in desk.of("second_rm").get(path).text and "3.21万元" not in desk.of("rm").get(path).text


def test_a_colleagues_lead_is_said_to_be_theirs_at_the_counter(desk: Desk) -> None:
    row = next(row for row in desk.leads[BRANCH] if row["owner_id"])
    page = desk.of("second_rm").post("/who", data={"q": row["customer_id"]}).text
    assert row["customer_id"] in page and row["lead_id"] not in page
