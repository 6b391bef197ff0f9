"""A day run again, killed, beside another, with later data, somewhere else: nothing wrong, nothing lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from mingdan import day, lock, publishing
from mingdan.stores import Store

from tests.bank import FIRST, SECOND, Bank, run_day


def digests(folder: Path) -> dict[str, str]:
    """Every published file but run.json and claims, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("run.json", "claim.json")
    }


def test_an_unchanged_day_run_again_publishes_nothing_new(bank: Bank) -> None:
    before = digests(bank.home / "published")
    summary = run_day(bank.home, bank.landing, SECOND, "again")[-1]
    assert summary["published"] is False and "nothing has changed" in summary["why"]
    assert digests(bank.home / "published") == before


def test_the_same_day_elsewhere_gives_the_same_bytes_without_later_data(bank: Bank, tmp_path: Path) -> None:
    """Another home, another landing folder, and none of the rows that landed after the business date."""
    landing = tmp_path / "landing"
    shutil.copytree(bank.landing, landing)
    removed = 0
    for partition in landing.glob("*/*/biz_date=*"):
        if date.fromisoformat(partition.name.removeprefix("biz_date=")) > FIRST:
            shutil.rmtree(partition)
            removed += 1
    assert removed > 5
    run_day(tmp_path / "home", landing, FIRST)
    there, here = (
        digests(tmp_path / "home" / "published" / "2026-07-01"),
        digests(bank.home / "published" / "2026-07-01"),
    )
    assert len(here) > 40
    assert there == here


def test_yesterday_again_changes_no_later_day(bank: Bank, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(bank.home, home)
    before = digests(home / "published")
    run_day(home, bank.landing, FIRST, "yesterday")
    assert digests(home / "published") == before
    assert json.loads((home / "published" / "current.json").read_text())["list_date"] == "2026-07-02"


def test_a_day_built_but_not_published_leaves_no_memory(bank: Bank, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert run_day(home, bank.landing, FIRST, publish=False)[-1]["published"] is False
    assert not (home / "published" / "current.json").exists()
    run_day(home, bank.landing, SECOND)
    rows = Store(home / "published").read_bytes("2026-07-02/r001/manifest.json")
    assert json.loads(rows)["list_date"] == "2026-07-02"
    import pyarrow.parquet as pq

    leads = pq.read_table(home / "published" / "2026-07-02" / "r001" / "leads.parquet")
    assert set(leads["first_listed_on"].to_pylist()) == {date(2026, 7, 2)}


def start(home: Path, landing: Path, as_of: date, until_step: str) -> subprocess.Popen[str]:
    """`mingdan run` in a process of its own, returned once it has reported the step before `until_step`."""
    order = [step.__name__ for step in day.STEPS]
    before = order[order.index(until_step) - 1]
    process = subprocess.Popen(
        [sys.executable, "-m", "mingdan.cli", "run", "--as-of", str(as_of)],
        env=os.environ | {"MINGDAN_HOME": str(home), "MINGDAN_LANDING": str(landing)},
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(before):
            return process
    raise AssertionError(f"the run ended before {until_step}")


@pytest.mark.parametrize("killed_in", ["prepare", "deliver", "publish"])
def test_a_killed_run_leaves_nothing_half_published_and_the_next_one_completes(
    bank: Bank, tmp_path: Path, killed_in: str
) -> None:
    home = tmp_path / "home"
    process = start(home, bank.landing, FIRST, killed_in)
    time.sleep(0.7)  # into the step
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert publishing.published(Store(home / "published")) is None
    run_day(home, bank.landing, FIRST, "after the kill")
    assert publishing.verify(Store(home / "published"), date(2026, 7, 1)) == []
    expected = digests(bank.home / "published" / "2026-07-01")
    found = digests(home / "published" / "2026-07-01")
    assert {name for name in found if name.startswith("r001/branches")} or killed_in == "publish"
    assert expected["r001/leads.parquet"] in found.values()


def test_a_second_run_stops_at_once_and_names_the_first(bank: Bank, tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = start(home, bank.landing, FIRST, "prepare")
    try:
        with pytest.raises(lock.RunLocked, match=r"run cli-.* holds the lock .*pid \d+"):
            run_day(home, bank.landing, SECOND, "second")
    finally:
        process.kill()
        process.wait()


def test_a_step_of_another_run_does_not_take_this_ones_tables_for_its_own(bank: Bank, tmp_path: Path) -> None:
    home = tmp_path / "home"
    run_day(home, bank.landing, FIRST, "one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_HOME", str(home))
        with pytest.raises(RuntimeError, match="last used with run_id one; expected two"):
            day.deliver(day.Run(FIRST, "two"))


def test_a_day_before_a_holiday_is_built_and_not_published(bank: Bank, tmp_path: Path) -> None:
    """No calendar is asked here: the list date is made a holiday in the delivered one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    landing = tmp_path / "landing"
    shutil.copytree(bank.landing, landing)
    for path in (landing / "core" / "calendar").glob("biz_date=*/*.parquet"):
        table = pq.read_table(path, partitioning=None)
        working = [
            False if each == date(2026, 7, 1) else value
            for each, value in zip(table["cal_date"].to_pylist(), table["is_business_day"].to_pylist(), strict=True)
        ]
        at = table.column_names.index("is_business_day")
        pq.write_table(table.set_column(at, "is_business_day", pa.array(working)), path)
    summary = run_day(tmp_path / "home", landing, FIRST)[-1]
    assert summary["why"] == "not published: 2026-07-01 is no working day"
    assert not (tmp_path / "home" / "published").exists() or not any((tmp_path / "home" / "published").iterdir())
