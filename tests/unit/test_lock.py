"""One run at a time, whatever becomes of the run that holds the lock."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mingdan.lock import RunLock, RunLocked
from mingdan.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, str(tmp_path / "landing"), str(tmp_path / "published"))


def lock_file(home: Home) -> dict:
    return json.loads((home.root / "run.lock").read_text())


def age(home: Home, minutes: float, **changes: object) -> None:
    """Make the lock file look as if its last heartbeat was so long ago."""
    moment = datetime.now(UTC) - timedelta(minutes=minutes)
    found = {**lock_file(home), "heartbeat": moment.isoformat(), **changes}
    aside = home.root / "aged"
    aside.write_text(json.dumps(found))
    aside.replace(home.root / "run.lock")


def files(home: Home) -> list[str]:
    return sorted(path.name for path in home.root.iterdir())


def test_holding_names_run_host_and_process_and_leaving_removes_the_file(home: Home) -> None:
    with RunLock(home, "monday"):
        found = lock_file(home)
        assert (found["run_id"], found["pid"]) == ("monday", os.getpid())
        assert found["host"] and found["since"] and found["heartbeat"]
    assert files(home) == ["run.lock.guard"]


def test_a_second_run_stops_at_once_and_is_told_who_holds_the_lock(home: Home) -> None:
    with RunLock(home, "monday"):
        with pytest.raises(RunLocked) as refused, RunLock(home, "tuesday"):
            pass
        assert refused.value.run_id == "monday" and refused.value.pid == os.getpid()
        message = str(refused.value)
        assert "monday" in message and str(os.getpid()) in message and refused.value.host in message
        assert f"{refused.value.since:%Y-%m-%d %H:%M}" in message
        assert lock_file(home)["run_id"] == "monday"
    with RunLock(home, "tuesday"):
        assert lock_file(home)["run_id"] == "tuesday"


def test_the_same_run_enters_again_in_its_process_and_the_outer_block_keeps_the_file(home: Home) -> None:
    with RunLock(home, "monday"):
        with RunLock(home, "monday"):
            pass
        assert lock_file(home)["pid"] == os.getpid()


def test_between_two_tasks_the_lock_stays_and_only_the_same_run_goes_on(home: Home) -> None:
    with RunLock(home, "monday", keep=True):
        since = lock_file(home)["since"]
    assert lock_file(home)["pid"] is None
    with pytest.raises(RunLocked, match="between two of its tasks"), RunLock(home, "tuesday"):
        pass
    with RunLock(home, "monday"):
        assert (lock_file(home)["pid"], lock_file(home)["since"]) == (os.getpid(), since)
    assert files(home) == ["run.lock.guard"]


def test_a_failed_step_removes_the_lock_although_it_was_to_be_kept(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), RunLock(home, "monday", keep=True):
        raise ZeroDivisionError
    assert files(home) == ["run.lock.guard"]


@pytest.mark.parametrize(("minutes", "free"), [(14.9, False), (15.1, True)])
def test_between_tasks_or_on_another_host_it_lapses_after_15_minutes_without_a_heartbeat(
    home: Home, minutes: float, free: bool
) -> None:
    for changes in ({"pid": None}, {"pid": 1, "host": "another-host"}):
        RunLock(home, "monday", keep=True).__enter__().release(keep=True)
        age(home, minutes, **changes)
        if free:
            with RunLock(home, "tuesday"):
                assert lock_file(home)["run_id"] == "tuesday"
        else:
            with pytest.raises(RunLocked), RunLock(home, "tuesday"):
                pass
            (home.root / "run.lock").unlink()


def test_it_lapses_at_once_when_its_process_was_killed(home: Home) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    with pytest.raises(RunLocked, match=f"pid {holder.pid}"), RunLock(home, "tuesday"):
        pass
    holder.kill()
    holder.communicate()
    with RunLock(home, "tuesday"):
        assert lock_file(home)["run_id"] == "tuesday"


HOLD = """
import sys
from pathlib import Path
from mingdan.lock import RunLock
from mingdan.settings import Home
with RunLock(Home(Path(sys.argv[1]), "", ""), "monday"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_of_many_that_find_a_lapsed_lock_only_one_takes_it_over(home: Home) -> None:
    runs = 12
    for _ in range(5):
        RunLock(home, "monday", keep=True).__enter__().release(keep=True)
        age(home, 20)
        start, done, outcomes = threading.Barrier(runs), threading.Barrier(runs), []

        def contend(number: int, start: threading.Barrier, done: threading.Barrier, outcomes: list[str]) -> None:
            start.wait()
            try:
                with RunLock(home, f"run {number}"):
                    outcomes.append("held")
                    done.wait()
            except RunLocked:
                outcomes.append("refused")
                done.wait()

        threads = [threading.Thread(target=contend, args=(n, start, done, outcomes)) for n in range(runs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["held"] + ["refused"] * (runs - 1)


def test_the_heartbeat_goes_on_while_the_lock_is_held_and_keeps_it_from_lapsing(home: Home, monkeypatch) -> None:
    beaten = threading.Event()
    refresh = RunLock.refresh

    def refresh_and_tell(self: RunLock) -> bool:
        kept = refresh(self)
        beaten.set()
        return kept

    monkeypatch.setattr(RunLock, "refresh", refresh_and_tell)
    with RunLock(home, "monday", heartbeat=0.001):
        age(home, 20)
        for _ in range(2):  # the first may have begun before the file was aged
            beaten.clear()
            assert beaten.wait(30)
        with pytest.raises(RunLocked), RunLock(home, "tuesday"):
            pass


def test_a_run_that_lost_its_lock_fails_and_leaves_the_new_holder_alone(home: Home) -> None:
    with pytest.raises(RunLocked, match="expected to hold it still as run monday"), RunLock(home, "monday") as lock:
        age(home, 0, run_id="tuesday", host="another-host", entry="its own")
        assert lock.refresh() is False
    assert lock_file(home)["run_id"] == "tuesday"


def test_a_lock_file_that_cannot_be_read_holds_until_it_is_15_minutes_old(home: Home) -> None:
    path = home.root / "run.lock"
    path.write_text("")
    with pytest.raises(RunLocked, match="unknown"), RunLock(home, "monday"):
        pass
    old = datetime.now().timestamp() - 16 * 60
    os.utime(path, (old, old))
    with RunLock(home, "monday"):
        assert lock_file(home)["run_id"] == "monday"
