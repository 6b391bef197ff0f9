"""The warehouse on Spark, for banks that one machine cannot hold: the same steps, the same models, the same rows.

A session in this process (dbt's method `session`), its catalogue and tables below MINGDAN_HOME/warehouse/spark. Sources
are views over the accepted Parquet: `engine: spark` copies every partition on acceptance."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mingdan import catalog
from mingdan.contract import Contract, Table
from mingdan.warehouse import MEMORY, EarlierDays, Warehouse


class SparkWarehouse(Warehouse):
    """Overrides where rows are kept and read; what is built and in which order is the parent's."""

    target = "spark"
    schema = "mingdan"

    @property
    def folder(self) -> Path:
        return self.home.warehouse / "spark"

    @cached_property
    def session(self) -> Any:
        from pyspark.sql import SparkSession

        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "spark.sql.warehouse.dir": str(self.folder / "tables"),
            "spark.driver.extraJavaOptions": f"-Dderby.system.home={self.folder} -Djava.net.preferIPv4Stack=true",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": self.settings.memory.lower().removesuffix("b"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
        }
        # label_churn carries an episode through 14 month-ends, each step built on the one before: planning it with
        # constraint propagation does not end, and its generated Java is too large to compile; interpreted, it runs.
        options |= {
            "spark.sql.constraintPropagation.enabled": "false",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        }
        builder = SparkSession.builder.master("local[2]").appName("mingdan")
        for key, value in options.items():
            builder = builder.config(key, value)
        session = builder.enableHiveSupport().getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return session

    def start_afresh(self, as_of: date, made_from: Callable[[dict[str, str]], str]) -> EarlierDays | None:
        for schema in ("mingdan", "mingdan_earlier", "mingdan_settings", "mingdan_pay", "landing", "memory"):
            self.session.sql(f"drop database if exists {schema} cascade")
            self.session.sql(f"create database {schema}")
        shutil.rmtree(self.home.warehouse / "memory", ignore_errors=True)
        return None  # nothing is built ahead

    def register_sources(self, contract: Contract, files: Mapping[str, list[Any]]) -> None:
        for table in contract.tables.values():
            self.session.sql(
                f"create or replace view landing.{table.view} as {self.view(table, files.get(table.id, []))}"
            )

    def view(self, table: Table, partitions: list[Any]) -> str:
        """A view over the table's accepted folder that shows just the chosen versions of the chosen days."""
        kinds = {"biz_date": "date"} | {column.name: spark_type(column.sql_type) for column in table.columns}
        names = list(dict.fromkeys(["biz_date", *(column.name for column in table.columns)]))
        if not partitions:
            return f"select {', '.join(f'cast(null as {kinds[name]}) as {name}' for name in names)} where false"
        shown = ", ".join(f"cast({name} as {kinds[name]}) as {name}" for name in names)
        selects = []
        for is_standing in sorted({partition.standing for partition in partitions}):
            kept = self.home.accepted / "standing" if is_standing else self.home.accepted
            chosen: dict[int, list[str]] = {}
            for partition in partitions:
                if partition.standing == is_standing:
                    chosen.setdefault(partition.version, []).append(f"date'{partition.biz_date}'")
            wanted = " or ".join(
                f"(v = {version} and biz_date in ({', '.join(days)}))" for version, days in chosen.items()
            )
            selects.append(f"select {shown} from parquet.`{kept / table.source / table.name}` where {wanted}")
        return " union all ".join(selects)

    def register_memory(self, files: Mapping[str, Iterable[str]], verdicts: list[tuple[str, str]]) -> None:
        for table, (columns, where) in MEMORY.items():
            kinds = {name: spark_type(kind) for name, kind in columns.items()}
            paths = list(files[table])
            if paths:
                frame = self.session.read.parquet(*paths).where(where)
                frame = frame.selectExpr(*(f"cast({name} as {kind}) as {name}" for name, kind in kinds.items()))
            else:
                frame = self.session.createDataFrame([], ", ".join(f"{name} {kind}" for name, kind in kinds.items()))
            frame.write.mode("overwrite").format("parquet").saveAsTable(f"memory.{table}")
        rows = self.session.createDataFrame(verdicts, "list string, check_name string")
        rows.write.mode("overwrite").format("parquet").saveAsTable("memory.verdicts")

    def let_go(self) -> None:
        """The session stays: it is this process's only one."""

    def models_at_once(self) -> int:
        """One: the session runs each model in parallel itself."""
        return 1

    def query(self, sql: str) -> pa.Table:
        self.session.sql("use mingdan")
        return self.session.sql(sql).toArrow()

    def drop_schema(self, schema: str) -> None:
        self.session.sql(f"drop database if exists {schema} cascade")

    def held_open(self) -> AbstractContextManager[Any]:
        return nullcontext()  # the session is open

    def export(self, table: str, as_of: date, target: Path, order_by: str) -> None:
        rows = self.read(table, as_of, order_by)
        rows = rows.drop_columns(sorted(catalog.bureau_detail() & set(rows.column_names)))
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, target, compression="zstd")


def spark_type(sql_type: str) -> str:
    return {"varchar": "string", "integer": "int", "timestamp": "timestamp_ntz"}.get(sql_type, sql_type)
