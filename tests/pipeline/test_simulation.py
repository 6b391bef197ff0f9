"""Eight simulated days: a weekend and a holiday, refusals, a leaver, late and broken sources, kills, a withheld list.

The bank is small and has a list of each kind only, so that a day costs less; the command's defaults have every list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from mingdan import publishing
from mingdan.cli import app
from mingdan.stores import Store
from typer.testing import CliRunner

LISTS = (
    "deposit_maturity", "deposit_outflow", "idle_funds", "pension_care", "wecom_add", "app_activation",
    "card_and_debit", "payroll_employer", "npl_recovery", "village_visit",
)  # fmt: skip


@dataclass(frozen=True)
class Simulated:
    """The simulated home, what the command said and how it ended."""

    home: Path
    said: str
    errors: str
    status: int

    def day(self, as_of: str) -> str:
        """The line of a day."""
        return next(line for line in self.said.splitlines() if line.startswith(f"{as_of} "))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    home = tmp_path_factory.mktemp("simulated")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "LANDING", "PUBLISHED"):  # the command points its process at the simulated home
            patch.setenv(f"MINGDAN_{name}", str(home / name.lower()) if name != "HOME" else str(home))
        asked = ["simulate", "--days", "8", "--customers", "800", "--branches", "8", "--lists", ",".join(LISTS)]
        done = CliRunner().invoke(app, [*asked, "--report", str(home / "report.md")])
        yield Simulated(home / "simulation", done.stdout, done.stderr, done.exit_code)


def test_nothing_is_broken_and_the_audit_finds_nothing(simulated: Simulated) -> None:
    assert simulated.status == 0, simulated.errors
    assert "8 simulated days" in simulated.said and "BROKEN" not in simulated.said
    assert "5 published list date(s), 2026-06-16 to 2026-06-23" in simulated.said
    assert (simulated.home.parent / "report.md").read_text(encoding="utf-8") in simulated.said


def test_a_weekend_and_a_holiday_are_built_and_not_published(simulated: Simulated) -> None:
    store = Store(simulated.home / "published")
    assert [day.isoformat() for day in publishing.list_dates(store)] == [
        "2026-06-16", "2026-06-17", "2026-06-18", "2026-06-22", "2026-06-23"
    ]  # fmt: skip
    for as_of in ("2026-06-18", "2026-06-19", "2026-06-20"):  # before the Dragon Boat Festival, Saturday and Sunday
        assert "built only" in simulated.day(as_of)
        assert (simulated.home / "history" / "waterfall" / f"as_of={as_of}").exists()


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        ("2026-06-16", "has left, with"),
        ("2026-06-16", "core.transactions late: the day stopped and named it; mended, run again"),
        ("2026-06-17", "core.accounts broken off: the day stopped and named it; mended, run again"),
        ("2026-06-18", "killed in prepare: nothing published, run again"),
        ("2026-06-19", "channels.wecom late: the day before is used, marked stale"),
        ("2026-06-21", "killed in deliver: nothing published, run again"),
        ("2026-06-21", "killed in publish: nothing published, run again"),
        ("2026-06-22", "payroll_employer withheld (too_many_subjects)"),
    ],
)
def test_what_befell_a_day_ended_as_it_must(simulated: Simulated, as_of: str, said: str) -> None:
    assert said in simulated.day(as_of)


def test_a_list_is_withheld_everywhere_while_others_go_out(simulated: Simulated) -> None:
    store = Store(simulated.home / "published")
    rows = publishing.read_manifest(store, date(2026, 6, 23), 1)["lists"]
    assert {row["state"] for row in rows if row["list"] == "payroll_employer"} == {"withheld"}
    assert len({row["list"] for row in rows if row["state"] == "published"}) > 3


def test_branches_worked_refused_and_sold_and_what_they_told_has_come_back(simulated: Simulated) -> None:
    contacts = simulated.said.split(" contacts: ")[1].splitlines()[0]
    assert all(outcome in contacts for outcome in ("done", "not_interested", "do_not_contact", "complaint"))
    handed = sorted((simulated.home / "landing" / "portal" / "contacts").glob("biz_date=2026-06-1[5-9]/*.parquet"))
    assert [path.parent.name[-2:] for path in handed] == ["16", "17", "18", "19"]  # told late on the holiday too
