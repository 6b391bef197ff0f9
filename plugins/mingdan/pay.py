"""Staff pay, apart from everything else: one file under MINGDAN_HOME/pay that holds each employee's last 13 months.

Only where settings turn `pay` on. The file is readable by the service account alone and replaced whole; it is in no
history, no publication and no branch's file. `of` is its only reader: it gives one employee their own rows."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from mingdan.settings import Home, Settings

if TYPE_CHECKING:
    from mingdan.warehouse import Warehouse

MODELS = ["stg_hr__staff_pay", "path:models/pay"]


def models(settings: Settings) -> list[str]:
    """What dbt builds of it: nothing where the switch is off."""
    return MODELS if settings.pay else []


def keep(warehouse: Warehouse, home: Home, settings: Settings, as_of: date) -> None:
    """Take the day's pay out of the warehouse into its own file; where the switch is off, remove that file.

    A day rebuilt later leaves the file of a newer one as it is."""
    if not settings.pay:
        shutil.rmtree(home.pay, ignore_errors=True)
        return
    home.pay.mkdir(parents=True, exist_ok=True)
    home.pay.chmod(0o700)
    path, aside = home.pay / "pay.parquet", home.pay / ".pay.parquet.tmp"
    schema = f"{warehouse.schema}_pay"
    if not path.exists() or newest(path) <= as_of:
        aside.unlink(missing_ok=True)
        os.close(os.open(aside, os.O_CREAT | os.O_WRONLY, 0o600))
        warehouse.export(f"{schema}.pay_structure", as_of, aside, "staff_id, pay_month")
        aside.chmod(0o600)
        aside.replace(path)
    warehouse.drop_schema(schema)


def newest(path: Path) -> date:
    """The business date a pay file is of."""
    days = pq.read_table(path, columns=["as_of"])["as_of"]
    return max(days.to_pylist(), default=date.min)


def of(home: Home, staff_id: str) -> list[dict[str, Any]]:
    """One employee's own months, newest first; none where pay is off or nothing is known of them."""
    path = home.pay / "pay.parquet"
    if not path.exists():
        return []
    rows = pq.read_table(path, filters=[("staff_id", "==", staff_id)]).to_pylist()
    return sorted(rows, key=lambda row: row["pay_month"], reverse=True)
