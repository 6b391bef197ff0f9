"""One sample bank and two consecutive business dates of it, built once for every test here.

30 June 2026 is a Tuesday and a month-end, so that both days have snapshots; lists are for 1 and 2 July."""

from __future__ import annotations

from collections.abc import Iterator
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
class Bank:
    """A landing zone, its truth table and a home whose two days are built and published."""

    landing: Path
    truth: Path
    home: Path
    summaries: dict[date, list[dict]]

    def history(self, table: str, as_of: date, columns: str = "*") -> pa.Table:
        path = self.home / "history" / table / f"as_of={as_of}" / "part-0.parquet"
        return duckdb.sql(f"select {columns} from read_parquet('{path}')").to_arrow_table()

    def warehouse(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.home / "warehouse" / "mingdan.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def run_day(home: Path, landing: Path, as_of: date, run_id: str = "test", **asked) -> list[dict]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_HOME", str(home))
        patch.setenv("MINGDAN_LANDING", str(landing))
        return list(day.run_day(day.Run(as_of, run_id, **asked)))


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    root = tmp_path_factory.mktemp("bank")
    landing, truth, home = root / "landing", root / "truth.parquet", root / "home"
    write_sample_bank(landing, truth, customers=2000, branches=20, months=15, until=SECOND, seed=7)
    summaries = {each: run_day(home, landing, each, f"day-{each}") for each in (FIRST, SECOND)}
    yield Bank(landing, truth, home, summaries)
