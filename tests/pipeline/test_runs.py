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

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan import day, lock, publishing
from mingdan.lock import RunLock
from mingdan.settings import Home
from mingdan.stores import Store

from tests.bank import FIRST, SECOND, Bank, Delivered, copied, run_day, run_id, steps_from


def digests(folder: Path) -> dict[str, str]:
    """Every published file but run.json and claims, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("run.json", "claim.json")
    }


def current(home: Path) -> str:
    return json.loads((home / "published" / "current.json").read_text())["list_date"]


# A file and not `python -c`, under which the processes that judge the sources would not start.
GO_ON = """
import sys
from datetime import date
from mingdan import day

if __name__ == "__main__":
    run = day.Run(date.fromisoformat(sys.argv[1]), sys.argv[2])
    names = [step.__name__ for step in day.STEPS]
    for step in day.STEPS[names.index(sys.argv[3]) :]:
        print(step.__name__, flush=True)
        step(run)
"""


def one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])


def test_the_same_day_elsewhere_gives_the_same_bytes_without_later_data(bank: Bank, tmp_path: Path) -> None:
    """Another home, another landing folder, none of the rows that landed after the business date; and what another
    machine would have: one core, another time zone, language and order of hashes."""
    landing = tmp_path / "landing"
    shutil.copytree(bank.landing, landing, copy_function=os.link)
    removed = 0
    for partition in landing.glob("*/*/biz_date=*"):
        if date.fromisoformat(partition.name.removeprefix("biz_date=")) > FIRST:
            shutil.rmtree(partition)
            removed += 1
    assert removed > 5
    script = tmp_path / "go_on.py"
    script.write_text(GO_ON)
    subprocess.run(
        [sys.executable, str(script), str(FIRST), run_id(FIRST), "accept"],
        env=os.environ
        | {"MINGDAN_HOME": str(tmp_path / "home"), "MINGDAN_LANDING": str(landing)}
        | {"TZ": "America/St_Johns", "LC_ALL": "C", "PYTHONHASHSEED": "7"},
        preexec_fn=one_core, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    there, here = (
        digests(tmp_path / "home" / "published" / "2026-07-01"),
        digests(bank.home / "published" / "2026-07-01"),
    )
    assert len(here) > 40
    assert there == here


def test_yesterday_again_publishes_nothing_new_and_changes_no_later_day(bank: Bank, tmp_path: Path) -> None:
    home = copied(bank.home, tmp_path / "home")
    before = digests(home / "published")
    shutil.rmtree(home / "warehouse")  # it holds nothing that a day rests on
    summary = run_day(home, bank.landing, FIRST, "yesterday")[-1]
    assert summary["published"] is False and "nothing has changed" in summary["why"]
    assert digests(home / "published") == before
    assert current(home) == "2026-07-02"


def test_a_delivery_run_again_after_its_publication_publishes_nothing_new(bank: Bank, tmp_path: Path) -> None:
    home = copied(bank.home, tmp_path / "home")
    before = digests(home / "published")
    summary = steps_from("deliver", home, bank.landing, SECOND)[-1]
    assert summary["published"] is False and "nothing has changed" in summary["why"]
    assert digests(home / "published") == before


def test_a_day_built_but_not_published_leaves_no_memory(bank: Bank, tmp_path: Path) -> None:
    home = copied(bank.undelivered, tmp_path / "home")
    assert (home / "history" / "leads" / f"as_of={FIRST}").exists(), "the first day was built"
    shutil.rmtree(home / "published")
    assert steps_from("deliver", home, bank.landing, SECOND, publish=False)[-1]["published"] is False
    assert not (home / "published" / "current.json").exists()
    assert steps_from("publish", home, bank.landing, SECOND)[-1]["published"] is True
    leads = pq.read_table(home / "published" / "2026-07-02" / "r001" / "leads.parquet")
    assert set(leads["first_listed_on"].to_pylist()) == {date(2026, 7, 2)}


def kill_in(step: str, home: Path, landing: Path, run: str, first: str) -> None:
    """Run the second day from its step `first` on in a process of its own, and kill that a moment into `step`."""
    script = home.parent / "go_on.py"
    script.write_text(GO_ON)
    process = subprocess.Popen(
        [sys.executable, str(script), str(SECOND), run, first],
        env=os.environ | {"MINGDAN_HOME": str(home), "MINGDAN_LANDING": str(landing)},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert step in (line.strip() for line in process.stdout), f"the run ended before {step}"
    time.sleep(0.3)  # into the step
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, f"the run ended before it was killed in {step}"


def test_a_killed_run_leaves_nothing_half_published_and_the_next_one_completes(bank: Bank, tmp_path: Path) -> None:
    """Killed in its delivery, again in publication when the same run goes on, and in the preparation of a new run."""
    home = copied(bank.undelivered, tmp_path / "home")
    before = digests(home / "published" / "2026-07-01")
    for step, run, first in (
        ("deliver", run_id(SECOND), "deliver"),
        ("publish", run_id(SECOND), "deliver"),
        ("prepare", "next", "accept"),
    ):
        kill_in(step, home, bank.landing, run, first)
        assert current(home) == "2026-07-01", step
        assert publishing.published(Store(home / "published"), date(2026, 7, 2)) is None, step
    scratch = home / "warehouse" / "publication"
    (scratch / "of a killed publication").mkdir(parents=True, exist_ok=True)
    run_day(home, bank.landing, SECOND, "after the kills")
    assert list(scratch.iterdir()) == []
    assert current(home) == "2026-07-02"
    assert publishing.verify(Store(home / "published"), date(2026, 7, 2)) == []
    assert digests(home / "published" / "2026-07-01") == before
    expected = digests(bank.home / "published" / "2026-07-02" / "r001")["leads.parquet"]
    assert expected in digests(home / "published" / "2026-07-02").values()


def test_a_second_run_stops_at_once_and_names_the_first(delivered: Delivered, tmp_path: Path) -> None:
    with (
        RunLock(Home(tmp_path, "", ""), "first"),
        pytest.raises(lock.RunLocked, match=rf"run first holds the lock .*pid {os.getpid()}"),
    ):
        run_day(tmp_path, delivered.landing, SECOND, "second")
    assert not (tmp_path / "warehouse").exists()


def test_a_step_of_another_run_does_not_take_this_ones_tables_for_its_own(bank: Bank, tmp_path: Path) -> None:
    home = copied(bank.undelivered, tmp_path / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_HOME", str(home))
        with pytest.raises(RuntimeError, match=f"last used with run_id {run_id(SECOND)}; expected two"):
            day.deliver(day.Run(SECOND, "two"))


def test_a_day_before_a_holiday_is_built_and_not_published(bank: Bank, tmp_path: Path) -> None:
    """No calendar is asked here: the list date is made a holiday in the delivered one. What the acceptance of that
    delivery finds is put into a built day, which then goes on to its end."""
    landing = tmp_path / "landing"
    shutil.copytree(bank.landing, landing, copy_function=os.link)
    for path in (landing / "core" / "calendar").glob("biz_date=*/*.parquet"):
        table = pq.read_table(path, partitioning=None)
        working = [
            False if each == date(2026, 7, 2) else value
            for each, value in zip(table["cal_date"].to_pylist(), table["is_business_day"].to_pylist(), strict=True)
        ]
        at = table.column_names.index("is_business_day")
        path.unlink()  # a link to the delivered one
        pq.write_table(table.set_column(at, "is_business_day", pa.array(working)), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_HOME", str(tmp_path / "accepted"))
        patch.setenv("MINGDAN_LANDING", str(landing))
        day.accept(day.Run(SECOND, run_id(SECOND)))
    home = copied(bank.undelivered, tmp_path / "home")
    found, state = (json.loads((each / "warehouse" / "run.json").read_text()) for each in (tmp_path / "accepted", home))
    assert (found["is_working_day"], state["is_working_day"]) == (False, True)
    (home / "warehouse" / "run.json").write_text(json.dumps(state | {"is_working_day": False}))
    before = digests(home / "published")
    summaries = steps_from("deliver", home, landing, SECOND)
    assert (home / "history" / "leads" / f"as_of={SECOND}").exists()
    assert summaries[-1]["why"] == "not published: 2026-07-02 is no working day"
    assert digests(home / "published") == before
