"""A day is published whole or not at all, revision by revision, and the same day gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan import branch_rows, edition, publishing, settings
from mingdan.contract import load_contract
from mingdan.publishing import PublicationError
from mingdan.stores import Store

from tests import one_day
from tests.one_day import LIST_DATE


class Killed(BaseException):
    """Stands for the kill of a process: nothing catches it."""


class FailingStore(Store):
    """A store whose n-th write does not happen any more."""

    def __init__(self, url: Path, writes: int) -> None:
        super().__init__(url)
        self.left = writes

    def spend(self) -> None:
        if self.left <= 0:
            raise Killed
        self.left -= 1

    def create_if_absent(self, path: str, data: bytes) -> bool:
        self.spend()
        return super().create_if_absent(path, data)

    def copy_in(self, source: Path, path: str) -> None:
        self.spend()
        super().copy_in(source, path)

    def write_bytes(self, path: str, data: bytes) -> None:
        self.spend()
        super().write_bytes(path, data)

    def replace(self, path: str, data: bytes) -> None:
        self.spend()
        super().replace(path, data)


def digests(folder: Path, leave_out: tuple[str, ...] = ()) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in leave_out)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def manifest(folder: Path, revision: int = 1) -> dict[str, Any]:
    return json.loads((folder / "2026-07-01" / f"r{revision:03d}" / "manifest.json").read_text(encoding="utf-8"))


def what_readers_see(store: Store) -> tuple[Any, list[str]]:
    """The day that the pointers name, and what is wrong with it."""
    if publishing.current_list_date(store) is None and publishing.current_revision(store, LIST_DATE) is None:
        return None, []
    return publishing.current_revision(store, LIST_DATE), publishing.verify(store, LIST_DATE)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "published")


@pytest.fixture
def root(store: Store) -> Path:
    folder = store.local()
    assert folder is not None
    return folder


def test_a_first_publication_has_every_file_of_the_layout(store: Store, root: Path, tmp_path: Path) -> None:
    outcome = publishing.publish(store, one_day.day(tmp_path / "in"), {"run_id": "first"})
    assert (outcome.revision, outcome.published) == (1, True)
    assert json.loads((root / "current.json").read_text()) == {"list_date": "2026-07-01"}
    assert json.loads((root / "2026-07-01" / "current.json").read_text()) == {"revision": 1}
    files = {each["path"]: each for each in manifest(root)["files"]}
    assert set(files) == {
        "leads.parquet", "decisions.parquet", "waterfall.parquet",
        "portal/day.json", "portal/branches.parquet", "portal/changes.parquet",
        "portal/reports/maturity_ladder.parquet", "portal/reports/product_penetration.parquet",
        "portal/reports/branch_progress.parquet", "portal/reports/maturity_days.parquet",
        *(f"branches/{branch}.{kind}" for branch in ("0001", "0002", "0003") for kind in ("csv", "xlsx")),
    }  # fmt: skip
    assert files["leads.parquet"]["rows"] == 12
    assert files["branches/0001.csv"]["rows"] == files["branches/0001.xlsx"]["rows"] == 4
    assert publishing.verify(store, LIST_DATE) == []


def test_the_manifest_has_the_agreed_keys_and_is_canonical(store: Store, root: Path, tmp_path: Path) -> None:
    publishing.publish(store, one_day.day(tmp_path / "in"), {"run_id": "first"})
    text = (root / "2026-07-01" / "r001" / "manifest.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert set(found) == {
        "business_date", "list_date", "revision", "code_version", "settings_version",
        "sources", "checks", "lists", "files",
    }  # fmt: skip
    assert set(found["sources"][0]) == {"source", "table", "biz_date", "rows", "version"}
    assert set(found["checks"][0]) == {"suite", "verdict", "failed"}
    assert {key for row in found["lists"] for key in row} == {"list", "branch_id", "state", "rows", "why"}
    assert {key for row in found["files"] for key in row} == {"path", "rows", "sha256"}
    assert text == json.dumps(found, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"
    assert "first" not in text


def test_every_open_branch_and_list_has_exactly_one_state(store: Store, root: Path, tmp_path: Path) -> None:
    publishing.publish(store, one_day.day(tmp_path / "in"), {})
    states = {(row["list"], row["branch_id"]): row for row in manifest(root)["lists"]}
    assert len(states) == len(manifest(root)["lists"]) == 3 * 3 + 1
    assert states["deposit_maturity", "0001"]["rows"] == 2
    assert states["tier_upgrade", "0003"] == {
        "list": "tier_upgrade", "branch_id": "0003", "state": "empty", "rows": 0,
        "why": "nobody meets: near the next tier",
    }  # fmt: skip
    assert states["bureau_winover", None]["state"] == "off"


def test_parquet_holds_full_values_under_the_english_names_in_the_csv_order(
    store: Store, root: Path, tmp_path: Path
) -> None:
    publishing.publish(store, one_day.day(tmp_path / "in"), {})
    table = pq.read_table(root / "2026-07-01" / "r001" / "leads.parquet")
    assert table.column_names[: len(branch_rows.COLUMNS)] == [column.name for column in branch_rows.COLUMNS]
    first = table.slice(0, 1).to_pylist()[0]
    assert "*" not in first["name"] and first["mobile"] == "13800100001"
    assert first["value_tier"] in ("basic", "growth", "wealth", "platinum")
    assert first["stake_amount"] == Decimal("52001.00") and first["revision"] == 1 and first["purpose"] == "service"
    assert table.schema.field("stake_amount").type == pa.decimal128(18, 2)
    assert table.schema.field("last_contact_on").type == pa.date32()  # empty today, typed all the same
    assert table.schema.metadata is None


def test_two_publications_of_one_day_are_the_same_bytes(tmp_path: Path) -> None:
    for name, run in (("a", {"run_id": "1", "host": "x"}), ("b", {"run_id": "2", "host": "y"})):
        shuffled = one_day.leads().sample(frac=1, random_state=ord(name))
        day = one_day.day(tmp_path / f"in-{name}")
        publishing.publish(Store(tmp_path / name), day, run, workers=1)
        other_order = replace(day, leads=shuffled, lists=day.lists[::-1])
        publishing.publish(Store(tmp_path / f"{name}-shuffled"), other_order, run, workers=2)
    outside = ("run.json", "claim.json")
    told = [digests(tmp_path / name, outside) for name in ("a", "b", "a-shuffled", "b-shuffled")]
    assert len(told[0]) > 10
    assert told[0] == told[1] == told[2] == told[3]


def test_a_day_that_has_not_changed_publishes_nothing_and_says_so(store: Store, root: Path, tmp_path: Path) -> None:
    publishing.publish(store, one_day.day(tmp_path / "in"), {"run_id": "first"})
    before = digests(root)
    outcome = publishing.publish(store, one_day.day(tmp_path / "in"), {"run_id": "second"})
    assert (outcome.revision, outcome.published) == (1, False)
    assert outcome.why == "nothing has changed since revision 1"
    assert digests(root) == before


@pytest.mark.parametrize(
    "changed",
    [{"settings_version": "abd"}, {"code_version": "0.1.1"}, {"talk_tracks": []}, {"mask": False}, {"language": "en"},
     {"checks": []}, {"reports": {}}],
)  # fmt: skip
def test_any_change_is_a_new_revision_and_the_old_one_stays(
    store: Store, root: Path, tmp_path: Path, changed: dict[str, Any]
) -> None:
    publishing.publish(store, one_day.day(tmp_path / "in"), {})
    old = digests(root / "2026-07-01" / "r001")
    outcome = publishing.publish(store, one_day.day(tmp_path / "in", **changed), {})
    assert (outcome.revision, outcome.published, outcome.why[:19]) == (2, True, "replaces revision 1")
    assert digests(root / "2026-07-01" / "r001") == old
    assert publishing.current_revision(store, LIST_DATE) == 2
    assert publishing.verify(store, LIST_DATE) == []
    assert pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet")["revision"].to_pylist() == [2] * 12


def count_writes(tmp_path: Path) -> int:
    counting = FailingStore(tmp_path / "counted", 10**6)
    publishing.publish(counting, one_day.day(tmp_path / "in", branches=1, frame=one_day.leads(1)), {})
    return 10**6 - counting.left


def test_a_kill_before_any_write_leaves_the_old_day_or_the_new_and_a_second_run_completes(tmp_path: Path) -> None:
    old = one_day.day(tmp_path / "old", one_day.leads(1), branches=1)
    new = one_day.day(tmp_path / "new", one_day.leads(1, per_branch=5), branches=1)
    writes = count_writes(tmp_path)
    assert writes > 8
    for fresh in (True, False):
        for at in range(writes if fresh else writes - 1):  # published/current.json already names the day
            folder = tmp_path / f"{fresh}-{at}"
            store = Store(folder)
            if not fresh:
                publishing.publish(store, old, {})
            with pytest.raises(Killed):
                publishing.publish(FailingStore(folder, at), new, {})
            revision, problems = what_readers_see(store)
            assert problems == []
            if fresh:
                assert revision in (None, 1)
            else:
                assert revision in (1, 2)
                leads = pq.read_table(folder / "2026-07-01" / f"r{revision:03d}" / "leads.parquet").num_rows
                assert leads == (4 if revision == 1 else 5)
            publishing.publish(store, new, {})
            revision, problems = what_readers_see(store)
            assert problems == []
            assert publishing.current_list_date(store) == LIST_DATE
            assert pq.read_table(folder / "2026-07-01" / f"r{revision:03d}" / "leads.parquet").num_rows == 5


def test_a_killed_process_leaves_a_dead_claim_that_everybody_ignores(store: Store, root: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        publishing.publish(FailingStore(root, 3), one_day.day(tmp_path / "in"), {})
    assert (root / "2026-07-01" / "r001" / "claim.json").exists()
    assert publishing.published(store) is None
    assert publishing.history_of_leads(store, date(2026, 8, 1)) == []
    assert publishing.publish(store, one_day.day(tmp_path / "in"), {}).revision == 2
    assert publishing.verify(store, LIST_DATE) == []


def test_a_claimed_number_is_never_written_by_two(
    store: Store, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers: Iterator[int] = iter([1, 2])
    store.create_if_absent("2026-07-01/r001/claim.json", b"{}")
    monkeypatch.setattr(publishing, "next_revision", lambda *_: next(numbers))
    assert publishing.publish(store, one_day.day(tmp_path / "in"), {}).revision == 2
    assert [path.name for path in (root / "2026-07-01" / "r001").iterdir()] == ["claim.json"]
    assert pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet")["revision"].to_pylist() == [2] * 12


def test_a_correction_of_an_older_day_does_not_become_the_newest(store: Store, tmp_path: Path) -> None:
    frame = one_day.leads()
    later = frame.assign(list_date=date(2026, 7, 2))
    publishing.publish(
        store,
        replace(one_day.day(tmp_path / "b", later), business_date=date(2026, 7, 1), list_date=date(2026, 7, 2)),
        {},
    )
    publishing.publish(store, one_day.day(tmp_path / "a", frame), {})
    assert publishing.current_list_date(store) == date(2026, 7, 2)
    summary = publishing.published(store, LIST_DATE)
    assert summary is not None and not summary["is_newest"]


def test_a_correction_keeps_the_leads_that_have_an_outcome(store: Store, root: Path, tmp_path: Path) -> None:
    frame = one_day.leads(branches=2)
    publishing.publish(store, one_day.day(tmp_path / "a", frame, branches=2), {})
    worked = frame["lead_id"][1]  # rank 2 of branch 0001
    corrected = frame.drop(index=[1, 2]).assign(score=50)
    outcome = publishing.publish(
        store, one_day.day(tmp_path / "b", corrected, branches=2), {}, keep={worked, "Lunknown"}
    )
    assert outcome.revision == 2
    leads = pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet").to_pylist()
    kept = [row for row in leads if row["lead_id"] == worked]
    assert [(row["rank"], row["kept_from_revision"], row["score"]) for row in kept] == [(3, 1, 88)]
    assert frame["lead_id"][2] not in {row["lead_id"] for row in leads}
    assert worked in (root / "2026-07-01" / "r002" / "branches" / "0001.csv").read_text(encoding="utf-8-sig")
    states = {(row["list"], row["branch_id"]): row for row in manifest(root, 2)["lists"]}
    assert states[frame["list"][1], "0001"]["rows"] == 2
    assert "1 kept" in states[frame["list"][1], "0001"]["why"]
    # Later days remember decisions: the worked lead stands there as listed, as it was.
    decisions = pq.read_table(root / "2026-07-01" / "r002" / "decisions.parquet").to_pylist()
    assert [row["state"] for row in decisions if row["lead_id"] == worked] == ["listed"]
    assert publishing.verify(store, LIST_DATE) == []
    again = publishing.publish(store, one_day.day(tmp_path / "b", corrected, branches=2), {}, keep={worked})
    assert (again.revision, again.published) == (2, False)


@pytest.mark.parametrize(("moved", "owner"), [({}, None), ({"M002": "0001"}, "M002"), ({"M002": "0003"}, None)])
def test_a_kept_lead_of_a_branch_that_was_closed_since_goes_where_its_business_goes(
    store: Store, root: Path, tmp_path: Path, moved: dict[str, str], owner: str | None
) -> None:
    """With its manager where they have moved along, else to the queue, and said."""
    frame = one_day.leads(branches=2).assign(moved_from_branch_id=None, moved_from_manager_id=None)
    frame = frame.assign(also_credited_branch_id=None)
    publishing.publish(store, one_day.day(tmp_path / "a", frame, branches=2), {})
    worked = frame["lead_id"][5]  # of branch 0002
    here = frame[frame["branch_id"] == "0001"]
    corrected = one_day.day(tmp_path / "b", here, branches=1, homes={"0001": "0001", "0002": "0001"}, present=moved)
    assert publishing.publish(store, corrected, {}, keep={worked}).revision == 2
    leads = pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet").to_pylist()
    (row,) = [row for row in leads if row["lead_id"] == worked]
    told = ("branch_id", "branch_name", "rank", "kept_from_revision", "moved_from_branch_id", "owner_id")
    assert tuple(row[name] for name in told) == ("0001", "第1支行", 5, 1, "0002", owner)
    assert row["moved_from_manager_id"] == (None if owner else "M002")
    assert worked in (root / "2026-07-01" / "r002" / "branches" / "0001.csv").read_text(encoding="utf-8-sig")
    decisions = pq.read_table(root / "2026-07-01" / "r002" / "decisions.parquet").to_pylist()
    found = [(each["branch_id"], each["state"]) for each in decisions if each["lead_id"] == worked]
    assert found == [("0001", "listed")]
    assert publishing.verify(store, LIST_DATE) == []
    assert publishing.publish(store, corrected, {}, keep={worked}).published is False


def test_a_kept_lead_that_no_branch_can_have_any_more_is_remembered_and_the_correction_goes_out(
    store: Store, root: Path, tmp_path: Path
) -> None:
    frame = one_day.leads(branches=2)
    publishing.publish(store, one_day.day(tmp_path / "a", frame, branches=2), {})
    worked = frame["lead_id"][5]
    here = frame[frame["branch_id"] == "0001"]
    corrected = one_day.day(tmp_path / "b", here, branches=1, homes={"0001": "0001", "0002": None})
    assert publishing.publish(store, corrected, {}, keep={worked}).revision == 2
    leads = pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet")
    assert worked not in leads["lead_id"].to_pylist() and leads.num_rows == 4
    decisions = pq.read_table(root / "2026-07-01" / "r002" / "decisions.parquet").to_pylist()
    (row,) = [row for row in decisions if row["lead_id"] == worked]
    told = tuple(row[name] for name in ("state", "reason", "lead_state", "branch_id", "branch_rank"))
    assert told == ("dropped", "no_open_branch", "open", None, None)


def test_a_lead_counts_as_worked_in_whatever_format_the_bank_delivers_its_contacts(tmp_path: Path) -> None:
    head = "contact_id,lead_id,customer_id,contacted_at,recorded_at,channel,outcome,note\n"
    files = {
        "crm/contacts/biz_date=2026-07-01/part-0.csv": (1, "Lcsv", "utf-8"),
        "crm/contacts/biz_date=2026-07-02/part-0.csv.gz": (2, "Lgz", "gb18030"),
        "crm/contacts/biz_date=2026-06-30/part-0.csv": (3, "Learlier", "utf-8"),
        "portal/contacts/biz_date=2026-07-01/part-0.parquet": (4, "Lportal", ""),
    }
    for path, (number, lead, encoding) in files.items():
        file = tmp_path / "landing" / path
        file.parent.mkdir(parents=True)
        text = f"{head}{number},{lead},,2026-07-01 10:00:00,2026-07-01 10:05:00,call,interested,约好\n".encode(
            encoding or "utf-8"
        )
        if encoding:
            file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)
        else:
            kinds = {each.name: each.arrow_type for each in load_contract().tables["portal.contacts"].columns}
            pq.write_table(
                pa.table({name: pa.array([lead if name == "lead_id" else None], kind) for name, kind in kinds.items()}),
                file,
            )
        (file.parent / "_SUCCESS").touch()
    unfinished = tmp_path / "landing" / "crm/contacts/biz_date=2026-07-03"
    unfinished.mkdir()
    (unfinished / "part-0.csv").write_text(head[:20], encoding="utf-8")
    home = settings.Home(tmp_path, str(tmp_path / "landing"), str(tmp_path / "published"))
    assert edition.worked_leads(settings.load(), home, LIST_DATE) == {"Lcsv", "Lgz", "Lportal"}


def test_whoever_was_reached_by_a_kept_lead_gets_no_other_one(store: Store, root: Path, tmp_path: Path) -> None:
    frame = one_day.leads(branches=1)
    publishing.publish(store, one_day.day(tmp_path / "a", frame, branches=1), {})
    worked, subject = frame["lead_id"][0], frame["subject_id"][0]
    corrected = frame.copy()
    corrected.loc[0, ["lead_id", "list", "rule_ids"]] = ["Lother", "tier_upgrade", "r1,"]
    publishing.publish(store, one_day.day(tmp_path / "b", corrected, branches=1), {}, keep={worked})
    leads = pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet").to_pylist()
    assert [row["lead_id"] for row in leads if row["customer_id"] == subject] == [worked]
    decisions = pq.read_table(root / "2026-07-01" / "r002" / "decisions.parquet").to_pylist()
    # the other list's lead was never shown: later days do not take it for one that holds the customer
    states = {row["list"]: (row["state"], row["lead_id"]) for row in decisions if row["subject_id"] == subject}
    assert states == {frame["list"][0]: ("listed", worked), "tier_upgrade": ("listed_elsewhere", None)}
    assert [row["rank"] for row in leads] == [1, 2, 3, 4]  # and its place is taken
    changes = pq.read_table(root / "2026-07-01" / "r002" / "portal" / "changes.parquet").to_pylist()
    ranks = {row["lead_id"]: row["rank"] for row in leads if row["lead_id"] != worked}
    assert {row["lead_id"]: row["rank_now"] for row in changes if row["change"] != "gone"} == ranks
    assert {(row["list"], row["state"]) for row in manifest(root, 2)["lists"] if row["list"] == "tier_upgrade"} == {
        ("tier_upgrade", "empty")
    }


@pytest.mark.parametrize("since", [LIST_DATE, date(2026, 6, 20)])
def test_a_kept_lead_ends_its_customers_lead_at_a_central_channel_and_counts_none_of_the_channels_ranks(
    store: Store, root: Path, tmp_path: Path, since: date
) -> None:
    """The corrected day hands one customer of the branch's worked leads to sms, where 300 others are."""
    frame = one_day.leads(branches=1).assign(central_channel=None)
    publishing.publish(store, one_day.day(tmp_path / "a", frame, branches=1), {})
    worked, subject = list(frame["lead_id"][:2]), frame["subject_id"][0]
    corrected = frame.drop(index=1).copy()
    corrected.loc[0, ["lead_id", "list", "rule_ids", "central_channel"]] = ["Lsms", "tier_upgrade", "r1,", "sms"]
    corrected.loc[0, "first_listed_on"] = since
    corrected.loc[3, ["rank", "central_channel"]] = [300, "sms"]
    day = one_day.day(tmp_path / "b", corrected, branches=1)
    states = [{**row, "state": "empty", "why": "x"} if row["list"] == "tier_upgrade" else row for row in day.lists]
    publishing.publish(store, replace(day, lists=states), {}, keep=set(worked))
    rows = pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet").to_pylist()
    here = [(row["rank"], row["lead_id"]) for row in rows if row["central_channel"] is None]
    assert here == [(1, frame["lead_id"][2]), (2, worked[0]), (3, worked[1])]
    assert [(row["rank"], row["lead_id"]) for row in rows if row["central_channel"]] == [(1, frame["lead_id"][3])]
    decisions = pq.read_table(root / "2026-07-01" / "r002" / "decisions.parquet").to_pylist()
    (lost,) = [row for row in decisions if row["subject_id"] == subject and row["list"] == "tier_upgrade"]
    found = tuple(lost[name] for name in ("state", "reason", "central_channel", "lead_id", "lead_state"))
    ended = (None, None) if since == LIST_DATE else ("Lsms", "superseded")
    assert found == ("listed_elsewhere", frame["list"][0], None, *ended)


def test_a_lead_that_a_correction_keeps_at_a_central_channel_is_none_of_the_branchs(
    store: Store, root: Path, tmp_path: Path
) -> None:
    frame = one_day.leads(branches=1).assign(central_channel=None)
    frame.loc[3, ["list", "rule_ids", "central_channel"]] = ["tier_upgrade", "r1,", "sms"]
    handed = one_day.day(tmp_path / "a", frame, branches=1)
    states = [{**row, "state": "empty", "why": "x"} if row["list"] == "tier_upgrade" else row for row in handed.lists]
    publishing.publish(store, replace(handed, lists=states), {})
    corrected = one_day.day(tmp_path / "b", frame.drop(index=3), branches=1)
    publishing.publish(store, corrected, {}, keep={frame["lead_id"][3]})
    rows = pq.read_table(root / "2026-07-01" / "r002" / "leads.parquet").to_pylist()
    assert [(row["rank"], row["kept_from_revision"]) for row in rows if row["central_channel"]] == [(1, 1)]
    (state,) = [row for row in manifest(root, 2)["lists"] if row["list"] == "tier_upgrade"]
    assert (state["state"], state["rows"], state["why"]) == ("empty", 0, "nobody meets: near the next tier")


def test_assumed_consent_is_stamped_in_test_and_refused_in_production(store: Store, root: Path, tmp_path: Path) -> None:
    stamp = "assumed (test data)"
    with pytest.raises(PublicationError, match="accepted in environment 'test' only. Nothing was published"):
        publishing.publish(store, one_day.day(tmp_path / "in", consent_stamp=stamp, environment="production"), {})
    assert not root.exists()
    publishing.publish(store, one_day.day(tmp_path / "in", consent_stamp=stamp), {})
    assert manifest(root)["consent"] == stamp


def test_a_list_date_that_is_not_the_day_after_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(
        PublicationError, match="expected the list date to be the day after the business date 2026-06-29"
    ):
        publishing.publish(store, one_day.day(tmp_path / "in", business_date=date(2026, 6, 29)), {})


def test_bureau_detail_is_refused_wherever_it_comes_from(store: Store, root: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"customer_id": ["C1"], "bureau_loan_count": [7]}), labels)
    with pytest.raises(PublicationError, match="no bureau detail .* found bureau_loan_count. Nothing was published"):
        publishing.publish(store, one_day.day(tmp_path / "in", portal={"customer_labels": labels}), {})
    assert not root.exists()


def states_with(change: str) -> list[dict[str, Any]]:
    rows = one_day.states(one_day.leads(), ["0001", "0002", "0003"])
    if change == "missing":
        return rows[1:]
    if change == "twice":
        return [*rows, rows[0]]
    if change == "silent":
        return [{**row, "why": None} if row["state"] == "empty" else row for row in rows]
    if change == "contradiction":
        return [{**row, "state": "withheld", "why": "x"} if row["state"] == "published" else row for row in rows]
    return [{**row, "state": "gone"} for row in rows]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("missing", "expected exactly one state per open branch and list"),
        ("twice", "expected one state per list and branch; found two"),
        ("silent", "expected why a list is empty"),
        ("contradiction", "expected no lead for a list that is withheld; found 2"),
        ("unknown", "found 'gone'"),
    ],
)
def test_states_that_do_not_add_up_stop_the_publication(
    store: Store, root: Path, tmp_path: Path, change: str, said: str
) -> None:
    with pytest.raises(PublicationError, match=said):
        publishing.publish(store, one_day.day(tmp_path / "in", lists=states_with(change)), {})
    assert not root.exists()


@pytest.mark.parametrize("fault", ["branch", "twice", "column"])
def test_leads_that_do_not_add_up_stop_the_publication(store: Store, root: Path, tmp_path: Path, fault: str) -> None:
    frame = one_day.leads()
    day = one_day.day(tmp_path / "in", frame)
    broken = {
        "branch": lambda: pd.concat([frame, frame.head(1).assign(branch_id="0009", lead_id="Lx")]),
        "twice": lambda: pd.concat([frame, frame.head(1)]),
        "column": lambda: frame.drop(columns="lead_id"),
    }[fault]()
    with pytest.raises(
        PublicationError, match="0009|expected each lead_id once; found 1 repeated|expected a column lead_id"
    ):
        publishing.publish(store, replace(day, leads=broken), {})
    assert not root.exists()


def test_verify_finds_a_flipped_byte_a_lost_file_and_a_stranger(store: Store, root: Path, tmp_path: Path) -> None:
    publishing.publish(store, one_day.day(tmp_path / "in"), {})
    folder = root / "2026-07-01" / "r001"
    flipped = bytearray((folder / "leads.parquet").read_bytes())
    flipped[100] ^= 1
    (folder / "leads.parquet").write_bytes(flipped)
    (folder / "branches" / "0002.csv").unlink()
    (folder / "branches" / "0009.csv").write_text("x")
    problems = publishing.verify(store, LIST_DATE)
    assert len(problems) == 3
    assert any("0002.csv: expected the file that the manifest names; found none" in each for each in problems)
    assert any("0009.csv: expected only files that the manifest names" in each for each in problems)
    assert any("leads.parquet: expected sha256" in each for each in problems)
    assert publishing.verify(store, date(2026, 7, 9)) == [
        "2026-07-09: expected a published list date; found no current.json."
    ]
    (root / "2026-07-01" / "current.json").write_text('{"revision": 7}')
    assert "found 7 without one" in publishing.verify(store, LIST_DATE)[0]


def test_published_sums_up_what_is_current(store: Store, tmp_path: Path) -> None:
    assert publishing.published(store) is None
    publishing.publish(store, one_day.day(tmp_path / "in"), {})
    found = publishing.published(store)
    assert found is not None
    assert (found["list_date"], found["revision"], found["branches"], found["leads"], found["is_newest"]) == (
        "2026-07-01",
        1,
        3,
        12,
        True,
    )
    assert found["lists"]["tier_upgrade"] == {
        "rows": 0, "published": 0, "empty": 3, "withheld": 0, "off": 0, "why": ["nobody meets: near the next tier"],
    }  # fmt: skip
    assert publishing.published(store, date(2026, 7, 9)) is None


def test_history_is_the_current_revisions_of_earlier_list_dates(store: Store, root: Path, tmp_path: Path) -> None:
    publishing.publish(store, one_day.day(tmp_path / "a"), {})
    publishing.publish(store, one_day.day(tmp_path / "a", settings_version="x"), {})
    assert publishing.history_of_leads(store, LIST_DATE) == []
    assert publishing.history_of_leads(store, date(2026, 7, 2)) == [root / "2026-07-01" / "r002" / "leads.parquet"]
    assert publishing.history_of_leads(store, date(2026, 7, 2), "decisions")[0].name == "decisions.parquet"


def test_central_channels_get_a_csv_of_their_own(store: Store, root: Path, tmp_path: Path) -> None:
    frame = one_day.leads()
    frame["central_channel"] = [None] * 11 + ["sms"]
    publishing.publish(store, one_day.day(tmp_path / "in", frame), {})
    files = {each["path"]: each["rows"] for each in manifest(root)["files"]}
    assert (files["channels/sms.csv"], files["branches/0003.csv"], files["branches/0002.csv"]) == (1, 3, 4)


def test_an_object_store_gets_the_same_bytes_as_a_folder(store: Store, root: Path, tmp_path: Path, bucket: str) -> None:
    remote = Store(f"{bucket}/publishing")
    for each in (store, remote):
        assert publishing.publish(each, one_day.day(tmp_path / "in"), {}).published
        assert not publishing.publish(each, one_day.day(tmp_path / "in"), {}).published
        assert publishing.verify(each, LIST_DATE) == []
    assert remote.read_bytes("2026-07-01/r001/manifest.json") == store.read_bytes("2026-07-01/r001/manifest.json")
    fetched = publishing.history_of_leads(remote, date(2026, 7, 2), "leads", tmp_path / "scratch")
    assert fetched[0].read_bytes() == (root / "2026-07-01" / "r001" / "leads.parquet").read_bytes()


def test_a_process_killed_while_it_uploads_leaves_nothing_half_published(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    code = f"""
import os, signal, pathlib
from mingdan import publishing
from mingdan.stores import Store
from tests import one_day
class Dying(Store):
    def copy_in(self, source, path):
        super().copy_in(source, path)
        if path.endswith("0002.csv"):
            os.kill(os.getpid(), signal.SIGKILL)
publishing.publish(Dying({str(folder)!r}), one_day.day(pathlib.Path({str(tmp_path / "in")!r})), {{}})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True)
    assert done.returncode == -9
    store = Store(folder)
    assert (folder / "2026-07-01" / "r001").exists()
    assert publishing.published(store) is None
    assert publishing.publish(store, one_day.day(tmp_path / "in"), {}).revision == 2
    assert publishing.verify(store, LIST_DATE) == []
