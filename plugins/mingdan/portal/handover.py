"""Outcomes go to the landing zone, each exactly once: one partition of `portal.contacts` per day they were recorded.

A day that is over gets no further rows, so its partition follows from the store alone: handing it over again writes the
same bytes or, where the bank's own checks have taken it in, nothing. A day without outcomes is delivered empty."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from mingdan import settings as settings_module
from mingdan.contract import load_contract
from mingdan.portal.store import open_store, outcomes
from mingdan.settings import Home, Settings
from mingdan.stores import Store

CHANNELS = {"app": "app_push"}  # the page's word for the contract's


class HandOverError(RuntimeError):
    """A day that cannot be handed over; names the day, what was expected and found."""


def hand_over(engine: sa.Engine, landing: Store, day: date, now: datetime) -> dict[str, Any]:
    """Write portal/contacts/biz_date=`day`: every outcome recorded on that day, and _SUCCESS last.

    Raises HandOverError for a day that is not over, and when the partition stands there with other rows."""
    if day >= now.date():
        raise HandOverError(f"portal.contacts of {day}: expected a day that is over; found today's or a later one.")
    folder = f"portal/contacts/biz_date={day}"
    with engine.begin() as connection:
        rows = [dict(row._mapping) for row in connection.execute(of_day(day))]
        data = as_parquet(rows) if rows else None
        if landing.exists(f"{folder}/_SUCCESS"):
            there = [each.name for each in landing.files(folder) if each.name.endswith(".parquet")]
            same = [landing.read_bytes(f"{folder}/{name}") for name in there] == ([data] if data else [])
            if not same:
                raise HandOverError(
                    f"portal.contacts of {day}: expected the {len(rows)} outcomes of the store; found other files."
                )
            return {"biz_date": day, "rows": len(rows), "written": False}
        if data:
            landing.write_bytes(f"{folder}/part-0.parquet", data)
        landing.write_bytes(f"{folder}/_SUCCESS", b"")
        connection.execute(
            outcomes.update()
            .where(outcomes.c.contact_id.in_([row["contact_id"] for row in rows]))
            .values(handed_over_on=now.date())
        )
    return {"biz_date": day, "rows": len(rows), "written": True}


def of_day(day: date) -> sa.Select[Any]:
    begins = datetime.combine(day, datetime.min.time())
    return (
        sa.select(outcomes)
        .where(outcomes.c.recorded_at >= begins, outcomes.c.recorded_at < begins + timedelta(days=1))
        .order_by(outcomes.c.contact_id)
    )


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """The rows in the contract's exact columns and types; the same rows give the same bytes."""
    for row in rows:
        row["customer_id"] = row["subject_id"] if row["subject_type"] == "customer" else None
        row["channel"] = CHANNELS.get(row["channel"], row["channel"])
        row["refused_channel"] = CHANNELS.get(row["refused_channel"], row["refused_channel"])
    columns = load_contract().tables["portal.contacts"].columns
    table = pa.table({each.name: pa.array([row[each.name] for row in rows], each.arrow_type) for each in columns})
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "part-0.parquet"
        pq.write_table(table, path, compression="zstd")
        return path.read_bytes()


def of_list_dates(engine: sa.Engine, since: date) -> set[str]:
    with engine.connect() as connection:
        found = connection.execute(sa.select(outcomes.c.lead_id).where(outcomes.c.list_date >= since))
        return {row.lead_id for row in found}


def store_url(home: Home, chosen: Mapping[str, Any]) -> str:
    """The store's URL from the environment variable that settings name, since it may hold a password."""
    if chosen["store"]:
        return settings_module.secret(chosen["store"])
    return f"sqlite:///{home.root / 'portal' / 'portal.db'}"


def hand_over_day(day: date) -> dict[str, Any]:
    """Deliver a day's outcomes (hand_over), and those of days before it that were left out, with the bank's clock.

    A day that was missed would be a gap in the source, and `daily_lists` would stop at it."""
    settings = settings_module.load()
    home = settings_module.home(settings)
    now = datetime.now(ZoneInfo(settings["time_zone"])).replace(tzinfo=None)
    engine, landing = open_store(store_url(home, settings["portal"])), Store(home.landing)
    there = [date.fromisoformat(name.removeprefix("biz_date=")) for name in landing.folders("portal/contacts")]
    begin = min(day, max(there) + timedelta(days=1)) if there else day
    days = [begin + timedelta(days=n) for n in range((day - begin).days + 1)]
    found = [hand_over(engine, landing, each, now) for each in days]
    return {"biz_date": day.isoformat(), "days": len(days), "rows": sum(each["rows"] for each in found)}


def worked_leads(settings: Settings, home: Home, since: date) -> set[str]:
    """Leads with an outcome in the portal's store on a list date from `since` on; none where there is no store yet."""
    url = store_url(home, settings["portal"])
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return set()
    return of_list_dates(open_store(url), since)
