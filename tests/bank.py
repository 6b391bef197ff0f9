"""One sample bank and two consecutive business dates of it, built once for every test that asks for it.

30 June 2026 is a Tuesday and a month-end, so that both days have snapshots; lists are for 1 and 2 July. Building them
takes longer than most tests together: a test that changes something takes a copy, and begins with the step it is about.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from mingdan import day
from mingdan.sample_bank import write_sample_bank

FIRST, SECOND = date(2026, 6, 30), date(2026, 7, 1)


@dataclass(frozen=True)
class Delivered:
    """What the bank delivered, and its truth table. Read only: copy it with `copied` to change a delivery."""

    landing: Path
    truth: Path


@dataclass(frozen=True)
class Bank(Delivered):
    """A landing zone and a home whose two days are built and published. Read only.

    The second day's earlier days were built ahead, after the first was published; `first` is the home as it stood then.
    `undelivered` is the same home as it stood on the second day once its candidates were checked: `copied`, it goes on
    from there with the steps that `steps_from("deliver", …)` takes."""

    home: Path
    first: Path
    undelivered: Path

    def history(self, table: str, as_of: date, columns: str = "*") -> pa.Table:
        path = self.home / "history" / table / f"as_of={as_of}" / "part-0.parquet"
        return duckdb.sql(f"select {columns} from read_parquet('{path}')").to_arrow_table()

    def labels(self, as_of: date) -> pa.Table:
        """Every label as it stood in the day's working file, bureau detail included, which history leaves out."""
        home = self.home if as_of == SECOND else self.first
        with duckdb.connect(str(home / "warehouse" / "mingdan.duckdb"), read_only=True) as connection:
            return connection.sql("select * from customer_labels").to_arrow_table()

    def warehouse(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.home / "warehouse" / "mingdan.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def run_id(as_of: date) -> str:
    """The run that built a day of the bank."""
    return f"day-{as_of}"


def run_day(home: Path, landing: Path, as_of: date, run_id: str = "test", **asked) -> list[dict]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_HOME", str(home))
        patch.setenv("MINGDAN_LANDING", str(landing))
        return list(day.run_day(day.Run(as_of, run_id, **asked)))


def steps_from(first: str, home: Path, landing: Path, as_of: date, **asked) -> list[dict]:
    """Go on with a day of the bank in a copy of its home, as the same run, from a step to the last."""
    names = [step.__name__ for step in day.STEPS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_HOME", str(home))
        patch.setenv("MINGDAN_LANDING", str(landing))
        return [step(day.Run(as_of, run_id(as_of), **asked)) for step in day.STEPS[names.index(first) :]]


def copied(folder: Path, target: Path) -> Path:
    """A copy of a home to change; what has been accepted and built is linked, as files of it are only ever replaced."""
    for path in folder.iterdir():
        if path.is_dir():
            linked = path.name in ("accepted", "history")
            shutil.copytree(path, target / path.name, copy_function=os.link if linked else shutil.copy2)
    return target


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this test run that all of its processes know."""
    root = factory.getbasetemp()
    return root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` of this test run, filled by whichever of its processes asks first; the others wait for it."""
    root = shared_folder(factory)
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed at it
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """The sample bank as delivered until the second day; nothing is built."""

    def write(folder: Path) -> None:
        sizes = {"customers": 2000, "branches": 20, "months": 15}
        write_sample_bank(folder / "landing", folder / "truth.parquet", **sizes, until=SECOND, seed=7)

    folder = made_once(tmp_path_factory, "delivered", write)
    return Delivered(folder / "landing", folder / "truth.parquet")


@pytest.fixture(scope="session")
def bank(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The sample bank with both days built and published."""

    def build(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MINGDAN_HOME", str(folder / "home"))
            patch.setenv("MINGDAN_LANDING", str(delivered.landing))
            for as_of in (FIRST, SECOND):
                for summary in day.run_day(day.Run(as_of, run_id(as_of))):
                    if (as_of, summary["step"]) == (SECOND, "check_candidates"):
                        copied(folder / "home", folder / "undelivered")
                if as_of == FIRST:
                    day.build_ahead(day.Run(as_of, run_id(as_of)))
                    copied(folder / "home", folder / "first")

    folder = made_once(tmp_path_factory, "bank", build)
    return Bank(delivered.landing, delivered.truth, folder / "home", folder / "first", folder / "undelivered")
