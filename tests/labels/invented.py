"""Small invented banks: a few source tables' rows, models built on them, and the same rows for the slow reading."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from mingdan import settings
from mingdan.contract import load_contract
from mingdan.settings import Home
from mingdan.warehouse import Warehouse

from tests.labels.landed import Landed, Row

ONE_DAY = timedelta(days=1)
CONTRACT = load_contract()
Rows = dict[str, list[dict[str, Any]]]


def built_on(root: Path, rows: Rows, as_of: date, model: str) -> Warehouse:
    """A home under the folder with a model, and all that it rests on, built from the rows on a business date."""
    effective = settings.load_shipped()
    warehouse = Warehouse(Home(root, "", ""), effective)
    land(warehouse, rows, as_of)
    days = {"as_of": str(as_of), "list_date": str(as_of + ONE_DAY), "previous_business_date": str(as_of - ONE_DAY)}
    assert warehouse.build([f"+{model}"], {**effective.dbt_vars(), **days}).failed == {}
    return warehouse


def land(warehouse: Warehouse, rows: Rows, as_of: date) -> None:
    """The sources of a business date: invented rows as far back as the table's window reaches, all else empty."""
    warehouse.register_sources(CONTRACT, {})
    with warehouse.connect() as connection:
        for name, told in rows.items():
            table = CONTRACT.tables[name]
            empty = connection.sql(f"select * from landing.{table.view}").to_arrow_table().schema
            connection.register("told", pa.Table.from_pylist(told, schema=empty))
            until = f"biz_date <= date '{as_of}' and biz_date > date '{as_of}' - {table.window_days}"
            shown = f"* replace (date '{as_of}' as biz_date)" if table.kind == "snapshot" else "*"
            where = "true" if table.kind == "snapshot" else until
            connection.execute(f"drop view landing.{table.view}")
            connection.execute(f"create table landing.{table.view} as select {shown} from told where {where}")


class Invented(Landed):
    """What the views of a warehouse tell, as if it had landed."""

    def __init__(self, warehouse: Path, as_of: date) -> None:
        super().__init__(warehouse, as_of, as_of - ONE_DAY)

    def read(self, table: str, where: str = "true") -> list[Row]:
        sql = f"select * from landing.{CONTRACT.tables[table].view} where biz_date <= date '{self.as_of}' and {where}"
        with duckdb.connect(str(self.folder), read_only=True) as connection:
            return [Row(**row) for row in connection.sql(sql).to_arrow_table().to_pylist()]

    def newest(self, table: str) -> list[Row]:
        return self.kept(f"newest {table}", lambda: self.read(table))  # one snapshot each
