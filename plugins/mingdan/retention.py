"""What is kept how long. Days past their term go whole; what branches were told last is never touched."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

from mingdan.settings import Home, Settings
from mingdan.stores import Store

DAILY = (
    "customer_labels", "customer_events", "customer_segments", "prospect_segments", "segment_marts",
    "segment_migration", "dictionary",
)  # fmt: skip
FOR_EVER = ("lead_labels",)


def prune(home: Home, settings: Settings, today: date | None, do_it: bool) -> list[Path]:
    """Days past their term, oldest first; removed when `do_it`. Counts from `today`, else the newest list date.

    Raises LookupError when nothing was ever published and no day was given."""
    published = Path(home.published)
    if Store(home.published).local() is None:
        raise ValueError(f"published files on {home.published} are kept by the object store's own lifecycle rules.")
    current = published / "current.json"
    newest = date.fromisoformat(json.loads(current.read_text())["list_date"]) if current.exists() else None
    counted_from = today or newest
    if counted_from is None:
        raise LookupError(f"nothing is published in {published}; give --today to count terms from.")
    terms = settings.retention
    daily = counted_from - timedelta(days=terms["labels_daily_days"])
    month_ends = months_before(counted_from, terms["labels_month_end_months"])
    gone = []
    for table in sorted(path for path in home.history.glob("*") if path.is_dir() and path.name not in FOR_EVER):
        for partition in sorted(table.glob("as_of=*")):
            day = date.fromisoformat(partition.name.removeprefix("as_of="))
            is_month_end = (day + timedelta(days=1)).day == 1
            if table.name in DAILY:
                past = day < (month_ends if is_month_end else daily)
            else:
                past = day < months_before(counted_from, terms["decisions_months"])
            if past:
                gone.append(partition)
    for folder in sorted(published.glob("????-??-??")):
        day = date.fromisoformat(folder.name)
        if day < months_before(counted_from, terms["published_months"]) and day != newest:
            gone.append(folder)
    if do_it:
        for path in gone:
            shutil.rmtree(path)
    return gone


def months_before(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)
