"""The promises of a simulated day can be broken: each is, once, by invented rows."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan.simulation import Lived, line, report
from mingdan.simulation.bank import Bank, in_cents_without_payroll, leaves, twice, withdraws_consent
from mingdan.simulation.promises import Promises, agreement, balance, lead_id_of, owners
from mingdan.stores import Store

LIST_DATE = date(2026, 6, 16)


def decision(subject: str = "C1", **changed: Any) -> dict[str, Any]:
    row = {
        "list": "idle_funds", "subject_id": subject, "state": "listed", "lead_state": "open", "is_ghost": False,
        "first_listed_on": LIST_DATE,
    }  # fmt: skip
    return row | {"lead_id": lead_id_of(row)} | changed


def lead(subject: str = "C1", **changed: Any) -> dict[str, Any]:
    row = {
        "lead_id": decision(subject)["lead_id"], "list": "idle_funds", "customer_id": subject, "channel": "call",
        "owner_id": "M1", "branch_id": "B1", "kept_from_revision": None,
    }  # fmt: skip
    return row | changed


def manager(**changed: Any) -> dict[str, Any]:
    row = {"manager_id": "M1", "branch_id": "B1", "is_active": True, "absent_from": None, "absent_until": None}
    return row | changed


@pytest.fixture
def promises(tmp_path: Path) -> Promises:
    """What a published day left: an open lead, a held-out one, and one that was closed."""
    found = Promises(tmp_path, Store(tmp_path / "published"))
    found.leads = {row["lead_id"]: row for row in (decision("C1"), decision("C2", is_ghost=True))}
    found.opened = {*found.leads, decision("C3")["lead_id"]}
    return found


def test_a_lead_that_stays_or_closes_with_its_reason_is_kept(promises: Promises) -> None:
    assert promises.kept([decision("C1", lead_state="won"), decision("C2", is_ghost=True), decision("C9")]) == []


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (decision("C9"), "is lost"),
        (decision("C2", is_ghost=False), "changed its arm"),
        (decision("C2", is_ghost=True, lead_state="gone"), "neither open nor closed"),
        (decision("C2", is_ghost=True, list="pension_care"), "another id than"),
    ],
)
def test_a_lost_changed_or_unexplained_lead_is_told(promises: Promises, second: dict[str, Any], said: str) -> None:
    assert any(said in each for each in promises.kept([decision("C1"), second]))


def test_a_closed_lead_does_not_come_back_under_its_id(promises: Promises) -> None:
    rows = [decision("C1"), decision("C2", is_ghost=True), decision("C3")]
    assert [each for each in promises.kept(rows) if "is back" in each]


@pytest.mark.parametrize(
    ("refusal", "channel", "is_wrong"),
    [
        ({"outcome": "do_not_contact"}, "wecom", True),
        ({"outcome": "deceased"}, "wecom", True),
        ({"outcome": "do_not_contact", "refused_channel": "wecom"}, "wecom", True),
        ({"outcome": "do_not_contact", "refused_channel": "wecom"}, "call", False),
        ({"outcome": "not_interested"}, "wecom", False),
    ],
)
def test_who_refused_is_not_shown(promises: Promises, refusal: dict[str, Any], channel: str, is_wrong: bool) -> None:
    promises.told([{"subject_id": "C1", **refusal}])
    assert bool(promises.wanted([lead("C1", channel=channel), lead("C2")])) == is_wrong


def test_nobody_is_shown_twice(promises: Promises) -> None:
    assert promises.wanted([lead("C1"), lead("C1")]) == ["a subject is shown 2 times"]


@pytest.mark.parametrize(
    ("changed", "is_wrong"),
    [
        ({}, False),
        ({"is_active": False}, True),
        ({"branch_id": "B2"}, True),
        ({"absent_from": LIST_DATE}, True),
        ({"absent_from": date(2026, 6, 10), "absent_until": date(2026, 6, 15)}, False),
        ({"absent_from": date(2026, 6, 17)}, False),
    ],
)
def test_an_owner_is_with_the_bank_at_the_branch_and_at_work(changed: dict[str, Any], is_wrong: bool) -> None:
    assert bool(owners([lead()], [manager(**changed)], LIST_DATE)) == is_wrong


def count(state: str, customers: int, code: str = "idle_funds") -> dict[str, Any]:
    return {"subject_type": "customer", "list": code, "home_branch_id": "B1", "state": state,
            "customer_count": customers}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        ([count("listed", 2), count("not_a_candidate", 8)], True),
        ([count("listed", 2), count("not_a_candidate", 7)], False),
        ([count("listed", 11), count("not_a_candidate", -1)], False),
        ([count("listed", 10), count("listed", 9, "*")], False),
        ([], False),
    ],
)
def test_a_waterfall_adds_up_to_the_customers(rows: list[dict[str, Any]], holds: bool) -> None:
    assert (balance(rows, Counter({"B1": 10})) == []) == holds


def test_waterfall_decisions_and_leads_agree() -> None:
    assert agreement([count("listed", 1)], [decision()], [lead()]) == []
    assert agreement([count("listed", 2)], [decision()], [lead()])
    assert agreement([count("listed", 1)], [decision()], [])
    assert agreement([count("listed", 1)], [decision()], [lead(), lead("C2")])


@pytest.fixture
def landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bank:
    """Two days of managers and one of customers that are still to come, of a bank that was not drawn for it."""

    def write(landing: Path, *_: Any, **__: Any) -> None:
        for table, day in (
            ("core/managers", 15),
            ("core/managers", 16),
            ("core/customers", 15),
            ("core/customers", 14),
        ):
            folder = landing / table / f"biz_date=2026-06-{day}"
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"manager_id": ["M1", "M2"], "is_active": [True, True]}), folder / "part-0.parquet")

    monkeypatch.setattr("mingdan.simulation.bank.write_sample_bank", write)
    return Bank(tmp_path, date(2026, 6, 15), date(2026, 6, 16), 800, 8, 7)


def test_a_day_lands_whole_or_late_and_never_before_its_time(landed: Bank) -> None:
    def there() -> list[str]:
        return sorted("/".join(path.parts[-3:-1]) + path.name[-3:] for path in landed.landing.glob("*/*/*"))

    assert there() == ["core/customers-14"]
    landed.land(date(2026, 6, 15), without="core.managers")
    assert there() == ["core/customers-14", "core/customers-15"]
    landed.land(date(2026, 6, 15))
    assert there() == ["core/customers-14", "core/customers-15", "core/managers-15"]


def test_changes_of_a_delivery_last_and_breaks_are_mended(landed: Bank) -> None:
    landed.change("core.managers", date(2026, 6, 16), leaves("M2"))
    landed.land(date(2026, 6, 16))

    def active(day: int) -> list[Any]:
        return [row["is_active"] for row in landed.rows("core.managers", date(2026, 6, day))]

    assert (active(15), active(16)) == ([True, True], [True, False])
    mend = landed.correct("core.managers", date(2026, 6, 15), twice)
    assert len(active(15)) == 4
    mend()
    assert len(active(15)) == 2
    mend = landed.truncate("core.managers", date(2026, 6, 15))
    with pytest.raises(pa.ArrowInvalid):
        active(15)
    mend()
    assert len(active(15)) == 2


def test_the_report_tells_every_day_its_faults_and_what_is_broken() -> None:
    whole = Lived(date(2026, 6, 15), True, ["killed in deliver: nothing published, run again"], revision=2)
    whole.leads, whole.told = Counter(listed=5, new=5), Counter(done=2, complaint=1)
    built = Lived(date(2026, 6, 19), False, broken=["lead L1 is lost"])
    page = report([whole, built], "800 customers", ["    2 list dates"])
    assert "| 2026-06-15 Mon | 2026-06-16 | r002 |" in page and "| 2026-06-15 | killed in deliver" in page
    assert "1 list dates published, 1 days built only" in page and "3 contacts: 2 done, 1 complaint" in page
    assert "- **2026-06-19, broken:** lead L1 is lost" in page and page.endswith("    2 list dates\n")
    assert "BROKEN: lead L1 is lost" in line(built)


def test_what_is_delivered_wrongly_is_wrong_in_the_contracts_types() -> None:
    money = pa.decimal128(18, 2)
    rows = pa.table({
        "avg_balance_year": pa.array([Decimal("10.00"), None], money), "payroll_headcount": pa.array([5, 0], pa.int32())
    })  # fmt: skip
    changed = in_cents_without_payroll(rows)
    assert changed.schema == rows.schema
    assert changed.to_pydict() == {"avg_balance_year": [Decimal("1000.00"), None], "payroll_headcount": [0, 0]}
    customers = pa.table({"customer_id": ["C1", "C2", "C3"], "marketing_consent": [True, True, False]})
    assert withdraws_consent(["C1"])(customers)["marketing_consent"].to_pylist() == [False, True, False]
