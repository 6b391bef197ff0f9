"""What delivery did on two whole days: shares of control groups, one lead each, central channels, memory."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from datetime import date, datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan import audit, catalog, publishing, settings, why
from mingdan.contract import load_contract
from mingdan.landing import accept
from mingdan.portal.editions import Editions
from mingdan.settings import Home
from mingdan.stores import Store

from tests.bank import FIRST, SECOND, Bank, copied, run_day

CYCLE = "2026Q3"


def decisions(bank: Bank, as_of: date) -> list[dict]:
    return bank.history("decisions", as_of).to_pylist()


def drawn(text: str, share: float) -> bool:
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) < int(share * 2**32)


def test_every_arm_is_the_documented_draw(bank: Bank) -> None:
    control = settings.load().control
    tiers = dict(bank.warehouse("select customer_id, value_tier from customer_labels"))
    rows = [row for row in decisions(bank, SECOND) if row["state"] != "not_a_candidate"]
    ghosts = 0
    for row in rows:
        marketing = catalog.entries()[row["list"]].meta["purpose"] == "marketing"
        subject, code = row["subject_id"], row["list"]
        held = drawn(f"holdout|{subject}|{code}|{CYCLE}", control["holdout_share"])
        held = held and marketing and tiers.get(subject) != "private"
        ghosts += held
        was_open = row["first_listed_on"] not in (None, date(2026, 7, 2))  # such a lead keeps its arm
        if not was_open and not row["central_channel"]:
            assert row["is_ghost"] == held, row["list"]
        assert row["is_explore"] == (marketing and drawn(f"explore|{subject}|{code}|{CYCLE}", control["explore_share"]))
        if marketing and drawn(f"universal|{subject}|2026", control["universal_share"]):
            assert row["state"] in ("dropped", "withheld"), row["reason"]
    assert 0.03 < ghosts / len(rows) < 0.07


def test_nobody_is_shown_twice_and_a_held_out_family_sells_nothing_else(bank: Bank) -> None:
    rows = decisions(bank, SECOND)
    shown = [row for row in rows if row["state"] in ("listed", "central_channel")]
    assert shown and max(Counter(row["subject_id"] for row in shown).values()) == 1
    meta = {code: entry.meta for code, entry in catalog.entries().items()}
    held = {
        (row["subject_id"], meta[row["list"]]["product_family"])
        for day in (FIRST, SECOND)
        for row in decisions(bank, day)
        if row["state"] == "held_out" and row["list_date"] >= date(2026, 7, 1)
    }
    assert held
    for row in shown:
        if meta[row["list"]]["purpose"] == "marketing" and row["list_date"] == date(2026, 7, 2):
            assert (row["subject_id"], meta[row["list"]]["product_family"]) not in held


def test_who_waits_goes_to_central_channels_once_and_into_their_files(bank: Bank) -> None:
    central = settings.load().central
    handed = {day: [row for row in decisions(bank, day) if row["central_rank"]] for day in (FIRST, SECOND)}
    assert handed[FIRST]
    for day, rows in handed.items():
        published = bank.home / "published" / str(rows[0]["list_date"]) / "r001"
        for channel, count in Counter(row["central_channel"] for row in rows).items():
            assert count <= central[channel]["capacity"]
            lines = (published / "channels" / f"{channel}.csv").read_text(encoding="utf-8-sig").splitlines()
            assert len(lines) == count + 1
        leads = bank.history("leads", day).to_pylist()
        assert {row["lead_id"] for row in leads if row["central_channel"]} == {row["lead_id"] for row in rows}
        assert all(row["owner_id"] is None for row in leads if row["central_channel"])
    again = {row["lead_id"] for row in handed[FIRST]} & {row["lead_id"] for row in handed[SECOND]}
    assert not again
    after = {row["lead_id"]: row["state"] for row in decisions(bank, SECOND)}
    states = {after[row["lead_id"]] for row in handed[FIRST] if row["lead_id"] in after}
    assert "central_channel" in states and "listed" not in states


def test_why_has_words_for_every_state(bank: Bank) -> None:
    rows = {row["state"]: row for day in (FIRST, SECOND) for row in decisions(bank, day)}
    assert len(rows) > 5
    for state, row in rows.items():
        assert why.STATES[state].format(**row)


def test_no_manager_gets_more_than_a_day_of_work_and_every_owner_is_there(bank: Bank) -> None:
    managers = {
        row[0]: row[1:]
        for row in bank.warehouse("select manager_id, branch_id, daily_capacity, is_present from managers_present")
    }
    leads = [row for row in bank.history("leads", SECOND).to_pylist() if row["owner_id"]]
    assert leads
    for owner, count in Counter(row["owner_id"] for row in leads).items():
        assert count <= managers[owner][1] and managers[owner][2]
    for row in leads:
        assert row["branch_id"] == managers[row["owner_id"]][0]


def test_what_one_more_contact_is_worth_is_the_best_that_waits(bank: Bank) -> None:
    best: dict[str, object] = {}
    for row in decisions(bank, SECOND):
        if row["state"] == "waiting" and row["reason"] == "capacity" and not row["is_ghost"]:
            best[row["branch_id"]] = max(best.get(row["branch_id"], row["priority"]), row["priority"])
    loads = bank.history("branch_loads", SECOND).to_pylist()
    assert best and {row["branch_id"]: row["next_contact_amount"] for row in loads} == {
        row["branch_id"]: best.get(row["branch_id"]) for row in loads
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three published days of decisions; a lead is in each until it is closed, and once closed no more."""
    days = {
        date(2025, 5, 1): [("old", "won", "dropped")],
        date(2026, 6, 1): [("first", "open", "listed"), ("second", "open", "held_out"), (None, None, "waiting")],
        date(2026, 6, 2): [("first", "won", "dropped"), ("second", "open", "dropped")],
        date(2026, 6, 3): [("second", "follow_up", "dropped"), ("third", "open", "listed")],
        date(2026, 6, 9): [("later", "open", "listed")],
    }
    found = Store(tmp_path / "published")
    for day, rows in days.items():
        folder = tmp_path / "published" / str(day) / "r001"
        folder.mkdir(parents=True)
        columns = ("lead_id", "lead_state", "state")
        table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(columns)} | {"more": rows})
        pq.write_table(table, folder / "decisions.parquet")
        found.write_bytes(f"{day}/current.json", b'{"revision": 1}')
    return found


def test_memory_holds_each_lead_as_it_was_last_and_held_out_with_or_without_what_was_kept(
    store: Store, tmp_path: Path
) -> None:
    columns = ["lead_id", "lead_state"]

    def remembered() -> list[tuple]:
        paths = publishing.memory_of_leads(store, date(2026, 6, 9), columns, tmp_path / "memory")
        rows = [row for path in paths for row in pq.read_table(path, columns=columns).to_pylist()]
        return [(row["lead_id"], row["lead_state"]) for row in rows]

    # nothing later, nothing of 400 days ago
    expected = [("second", "open"), ("first", "won"), ("second", "follow_up"), ("third", "open")]
    assert remembered() == expected
    assert len(list((tmp_path / "memory").iterdir())) == 2
    assert remembered() == expected
    # of an object store each look is a request: as many as there are days, not as many for each of them
    looks: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Store, "exists", lambda _, path="": looks.append(path) or (tmp_path / "published" / path).exists()
        )
        publishing.memory_of_leads(store, date(2026, 6, 9), columns, tmp_path / "memory of nothing")
    assert len(looks) == 5
    # an upgrade that remembers more reads it of every day, whatever was kept for the former one
    paths = publishing.memory_of_leads(store, date(2026, 6, 9), [*columns, "state"], tmp_path / "memory")
    assert all("state" in pq.read_schema(path).names for path in paths)


ASKED_ON = date(2025, 3, 4)


def test_who_refused_years_ago_is_on_no_list_nor_in_the_portal_and_the_audit_knows(bank: Bank, tmp_path: Path) -> None:
    """Told as an outcome long before the window that outcomes are read in, and nowhere else."""
    since = dict(bank.warehouse("select customer_id, consent_updated_on from stg_core__customers"))
    row = next(
        row for row in decisions(bank, SECOND)
        if row["state"] == "listed" and row["subject_type"] == "customer"
        and (since[row["subject_id"]] or ASKED_ON) <= ASKED_ON
    )  # fmt: skip
    landing, home = tmp_path / "landing", tmp_path / "home"
    shutil.copytree(bank.landing, landing, copy_function=os.link)
    copied(bank.home, home)
    told = {
        "contact_id": "K-old", "lead_id": "L-old", "customer_id": row["subject_id"], "channel": "call",
        "contacted_at": datetime.combine(ASKED_ON, time(10)), "recorded_at": datetime.combine(ASKED_ON, time(11)),
        "actor": "M", "outcome": "do_not_contact",
    }  # fmt: skip
    schema = pa.schema([each for each in load_contract().tables["crm.contacts"].arrow_schema if each.name in told])
    folder = landing / "crm" / "contacts" / f"biz_date={ASKED_ON}"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist([told], schema), folder / "part-0.parquet")
    (folder / "_SUCCESS").touch()

    # the day as it stands was published without it
    places = Home(home, str(landing), str(home / "published"))
    accept(places, settings.load_shipped(), load_contract(), SECOND)
    known = audit.audit(places, settings.load_shipped(), date(2026, 7, 2), date(2026, 7, 2))[1]
    broken = {each.rule.name: [name for found in each.wrong.values() for name in found] for each in known if each.wrong}
    assert list(broken) == ["do_not_contact"] and row["lead_id"] in broken["do_not_contact"]

    assert run_day(home, landing, SECOND, "again")[-1]["published"] is True
    rows = pq.read_table(home / "history" / "decisions" / f"as_of={SECOND}" / "part-0.parquet").to_pylist()
    found = {(each["state"], each["reason"]) for each in rows if each["subject_id"] == row["subject_id"]}
    assert ("dropped", "do_not_contact") in found and not {state for state, _ in found} & {"listed", "central_channel"}
    edition = Editions(Store(places.published)).on()
    assert edition is not None and row["subject_id"] in edition.refusing
    _, results = audit.audit(places, settings.load_shipped(), date(2026, 7, 2), date(2026, 7, 2))
    assert [each.rule.name for each in results if each.wrong] == []
