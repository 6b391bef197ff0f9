"""The bank that delivers: a sample bank whose coming days are kept aside and land one by one, late or broken too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mingdan.sample_bank import write_sample_bank
from mingdan.sample_bank.columns import day_number, day_of
from mingdan.sample_bank.dates import add_months

MONTHS = 15  # of history before the first day
OWN = "portal.contacts"  # handed over by the simulated branches, not by the sample bank


class Bank:
    """A landing zone in which, at first, only days before `first` stand; `land` adds a day."""

    def __init__(self, root: Path, first: date, last: date, customers: int, branches: int, seed: int) -> None:
        self.landing, self.coming = root / "landing", root / "coming"
        self.changes: list[tuple[str, date, Callable[[pa.Table], pa.Table]]] = []
        starts_on = day_of(int(add_months(np.array([day_number(first) + 1]), -MONTHS)[0]))
        write_sample_bank(
            self.landing, root / "truth.parquet", customers=customers, branches=branches, months=MONTHS, until=last,
            seed=seed, snapshots="daily", starts_on=starts_on, daily_from=first,
        )  # fmt: skip
        for folder in self.landing.glob("*/*/biz_date=*"):
            if folder.name >= f"biz_date={first}":
                target = self.coming / folder.relative_to(self.landing)
                target.parent.mkdir(parents=True, exist_ok=True)
                folder.rename(target)

    def land(self, day: date, without: str = "") -> None:
        """Deliver what is still to come up to a day: all of it, or all but one table, which is late."""
        for folder in sorted(self.coming.glob("*/*/biz_date=*")):
            source, table, name = folder.parts[-3:]
            if name > f"biz_date={day}" or f"{source}.{table}" in (OWN, without):
                continue
            for changed, since, change in self.changes:
                if changed == f"{source}.{table}" and name >= f"biz_date={since}":
                    self._rewrite(folder, change)
            (self.landing / source / table).mkdir(parents=True, exist_ok=True)
            folder.rename(self.landing / source / table / name)

    def change(self, table: str, since: date, change: Callable[[pa.Table], pa.Table]) -> None:
        """Change what is delivered of a table from a day on."""
        self.changes.append((table, since, change))

    def correct(self, table: str, day: date, change: Callable[[pa.Table], pa.Table]) -> Callable[[], None]:
        """Deliver a table of a landed day with other rows; what is returned delivers it as it was."""
        former = {path: path.read_bytes() for path in self.files(table, day)}
        self._rewrite(self.folder(table, day), change)
        return lambda: restore(former)

    def truncate(self, table: str, day: date) -> Callable[[], None]:
        """Break off a landed file of a table in its middle; what is returned delivers it as it was."""
        path = self.files(table, day)[0]
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        return lambda: restore({path: whole})

    def rows(self, table: str, day: date) -> list[dict[str, Any]]:
        """A landed table of a day."""
        return [row for path in self.files(table, day) for row in pq.read_table(path, partitioning=None).to_pylist()]

    def folder(self, table: str, day: date) -> Path:
        return self.landing / table.replace(".", "/") / f"biz_date={day}"

    def files(self, table: str, day: date) -> list[Path]:
        return sorted(self.folder(table, day).glob("*.parquet"))

    def _rewrite(self, folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
        for path in sorted(folder.glob("*.parquet")):
            pq.write_table(change(pq.read_table(path, partitioning=None)), path)


def restore(files: dict[Path, bytes]) -> None:
    for path, whole in files.items():
        path.write_bytes(whole)


def twice(rows: pa.Table) -> pa.Table:
    """The change of any table by which each row comes twice."""
    return pa.concat_tables([rows, rows])


def leaves(manager_id: str) -> Callable[[pa.Table], pa.Table]:
    """The change of core.managers by which somebody has left."""

    def change(rows: pa.Table) -> pa.Table:
        stays = pc.and_(rows["is_active"], pc.not_equal(rows["manager_id"], manager_id))
        return rows.set_column(rows.column_names.index("is_active"), "is_active", stays)

    return change


def in_cents_without_payroll(rows: pa.Table) -> pa.Table:
    """The change of crm.corporates by a bad extract: yearly averages a hundredfold, and nobody paid through us."""
    hundredfold = [None if each is None else each * 100 for each in rows["avg_balance_year"].to_pylist()]
    for name, values in (("avg_balance_year", hundredfold), ("payroll_headcount", [0] * rows.num_rows)):
        field = rows.schema.field(name)
        rows = rows.set_column(rows.column_names.index(name), field, pa.array(values, field.type))
    return rows


def withdraws_consent(customers: list[str]) -> Callable[[pa.Table], pa.Table]:
    """The change of core.customers by which these allow no marketing any more."""

    def change(rows: pa.Table) -> pa.Table:
        stays = pc.and_(
            rows["marketing_consent"], pc.invert(pc.is_in(rows["customer_id"], pa.array(customers, pa.string())))
        )
        return rows.set_column(rows.column_names.index("marketing_consent"), "marketing_consent", stays)

    return change
