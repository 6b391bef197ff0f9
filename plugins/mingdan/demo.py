"""`make demo`: a sample bank, the real DAG on it, and a look at what its branches receive."""

from __future__ import annotations

import csv
import sys
import time
import unicodedata
from datetime import date
from pathlib import Path

from mingdan import airflow_local, publishing, settings
from mingdan.sample_bank import write_sample_bank
from mingdan.stores import Store

UNTIL = date(2026, 6, 29)  # a Monday: the lists are for Tuesday
SHOWN = 8
COLUMNS = {0: 4, 4: 8, 8: 8, 10: 14, 15: 5, 16: 70}  # place in the csv → width on the screen


def main() -> int:
    home = settings.home()
    started = time.monotonic()
    if not Path(home.landing).exists():
        write_sample_bank(
            Path(home.landing), home.root / "truth.parquet", customers=2000, branches=20, months=15, until=UNTIL, seed=7
        )
    say(f"sample bank: 2 000 customers, 20 branches, 15 months, in {home.landing}  ({since(started)})")
    states = airflow_local.run(UNTIL, {})
    for task, state in states.items():
        say(f"  {task}: {state}")
    if any(state != "success" for state in states.values()):
        return 1
    found = publishing.published(Store(home.published))
    assert found is not None  # the DAG has just published
    folder = Path(home.published) / found["list_date"] / f"r{found['revision']:03d}"
    say(f"published list date {found['list_date']}, revision {found['revision']}  ({since(started)})\n")
    branch_files = sorted((folder / "branches").glob("*.csv"), key=lambda path: (-path.stat().st_size, path.name))
    show(branch_files[0])
    say(f"\nthe same as a workbook: {branch_files[0].with_suffix('.xlsx')}")
    say(f"all branches: {folder / 'branches'}")
    return 0


def show(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.reader(source))
    say(f"{path.name}: {len(rows) - 1} leads, the first {min(SHOWN, len(rows) - 1)}:")
    for row in rows[: SHOWN + 1]:
        say("  ".join(fitted(row[place], width) for place, width in COLUMNS.items()))


def fitted(text: str, width: int) -> str:
    """Cut or filled to so many columns of the screen; a Chinese character takes two."""
    shown, taken = "", 0
    for character in text:
        wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if taken + wide > width:
            break
        shown, taken = shown + character, taken + wide
    return shown + " " * (width - taken)


def since(started: float) -> str:
    return f"{time.monotonic() - started:.0f} s"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
