"""Days past their term go whole; month-ends, what was published last and lead labels stay."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mingdan import settings as settings_module
from mingdan.retention import prune
from mingdan.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for table in ("customer_labels", "decisions", "lead_labels"):
        for day in ("2023-01-15", "2026-04-30", "2026-05-26", "2026-05-27", "2026-06-30"):
            folder = tmp_path / "history" / table / f"as_of={day}"
            folder.mkdir(parents=True)
            (folder / "part-0.parquet").write_bytes(b"rows")
    for day in ("2023-01-16", "2026-07-01"):
        (tmp_path / "published" / day).mkdir(parents=True)
    (tmp_path / "published" / "current.json").write_text('{"list_date": "2026-07-01"}')
    return Home(tmp_path, str(tmp_path / "landing"), str(tmp_path / "published"))


def gone(home: Home, **asked) -> set[str]:
    settings = settings_module.load_shipped()
    found = prune(home, settings, asked.get("today"), asked.get("do_it", False))
    return {str(path.relative_to(home.root)) for path in found}


def test_the_35th_day_back_stays_the_36th_goes_and_month_ends_stay(home: Home) -> None:
    assert gone(home) == {
        "history/customer_labels/as_of=2023-01-15",
        "history/customer_labels/as_of=2026-05-26",
        "history/decisions/as_of=2023-01-15",
        "published/2023-01-16",
    }


def test_a_dry_run_removes_nothing_and_the_real_one_just_what_it_said(home: Home) -> None:
    said = gone(home)
    assert all((home.root / path).exists() for path in said)
    assert gone(home, do_it=True) == said
    assert not any((home.root / path).exists() for path in said)
    assert gone(home) == set()
    assert (home.history / "lead_labels" / "as_of=2023-01-15").exists()


def test_the_day_that_is_current_stays_however_old(home: Home) -> None:
    assert "published/2026-07-01" not in gone(home, today=date(2040, 1, 1))


def test_nothing_published_and_no_day_given_is_said(tmp_path: Path) -> None:
    empty = Home(tmp_path, str(tmp_path / "landing"), str(tmp_path / "published"))
    with pytest.raises(LookupError, match="nothing is published"):
        gone(empty)
