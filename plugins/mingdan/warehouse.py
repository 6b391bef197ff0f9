"""The warehouse: one run's working file, where dbt builds. The only module that imports dbt.

It is never the only copy of anything: each run starts a new file, registers the accepted sources as views, and what
outlives the run is written to history/ and published/."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from mingdan import reports
from mingdan.contract import Contract, Table
from mingdan.settings import DBT_PROJECT, Home, Settings

log = logging.getLogger(__name__)


class BuildError(RuntimeError):
    """A dbt layer that did not build; names the models or tests and what they said."""


class StaleTable(RuntimeError):
    """A table of another business date than the run's: an earlier step did not run or was killed."""


@dataclass(frozen=True)
class BuildResult:
    """What a layer's build said: nodes that failed (name → message) and warnings of tests (name → message)."""

    failed: dict[str, str] = field(default_factory=dict)
    warned: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class Warehouse:
    """The DuckDB file of one home. Every method opens it late and closes it early, since one opener locks it."""

    target = "duckdb"

    def __init__(self, home: Home, settings: Settings) -> None:
        self.home, self.settings = home, settings
        self.path = home.warehouse / "mingdan.duckdb"

    @contextmanager
    def connect(self, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(self.path), read_only=read_only)
        try:
            connection.execute(f"set memory_limit = '{self.settings.memory}'")
            yield connection
        finally:
            connection.close()

    def start_afresh(self) -> None:
        """Throw the working file away, so that nothing of an earlier run can be taken for this one's."""
        for path in (self.path, self.path.with_name(self.path.name + ".wal")):
            path.unlink(missing_ok=True)
        shutil.rmtree(f"{self.path}.tmp", ignore_errors=True)

    def register_sources(self, contract: Contract, files: dict[str, list[Any]]) -> None:
        """One view landing.<source>__<table> per contract table over its accepted files (by table id, each with
        biz_date, version, paths and absent columns); a table without files is a typed empty view."""
        with self.connect() as connection:
            connection.execute("create schema if not exists landing")
            for table in contract.tables.values():
                connection.execute(
                    f"create or replace view landing.{table.view} as {view_sql(table, files.get(table.id, []))}"
                )

    def register_memory(self, files: Mapping[str, Iterable[str]], verdicts: list[tuple[str, str]]) -> None:
        """memory.<table> for each table of MEMORY over the published Parquet files given for it; memory.verdicts from
        rows (list, check)."""
        with self.connect() as connection:
            connection.execute("create schema if not exists memory")
            for table, (columns, where) in MEMORY.items():
                paths = ", ".join(quoted(path) for path in files[table])
                shown = ", ".join(
                    f"cast({name if paths else 'null'} as {kind}) as {name}" for name, kind in columns.items()
                )
                rows = f"from read_parquet([{paths}]) where {where}" if paths else "where false"
                connection.execute(f"create or replace table memory.{table} as select {shown} {rows}")
            connection.execute("create or replace table memory.verdicts (list varchar, check_name varchar)")
            if verdicts:
                connection.executemany("insert into memory.verdicts values (?, ?)", verdicts)

    def build(self, select: list[str], variables: dict[str, Any], exclude: list[str] | None = None) -> BuildResult:
        """One dbt call: seeds, models and data tests of the selection, with the day's variables.

        Returns what failed and what merely warned; raises BuildError when dbt could not even start."""
        from dbt.cli.main import dbtRunner

        os.environ |= {
            "MINGDAN_TARGET": self.target,
            "MINGDAN_WAREHOUSE": str(self.path),
            "MINGDAN_SEEDS": str(self.settings.write_seeds(self.home.warehouse / "settings")),
            "MINGDAN_MEMORY": str(self.settings.memory),
            "DO_NOT_TRACK": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        arguments = [
            "build", "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
            "--target-path", str(self.home.warehouse / "dbt"), "--log-path", str(self.home.logs),
            "--vars", json.dumps(variables, sort_keys=True, default=str), "--exclude-resource-type", "unit_test",
            "--select", *select, "--quiet", "--no-use-colors", "--no-version-check", "--no-write-json",
            "--indirect-selection", "buildable",  # a test waits for the step that builds the last of its tables
        ]  # fmt: skip
        if exclude:
            arguments += ["--exclude", *exclude]
        try:
            outcome = dbtRunner().invoke(arguments)
        finally:
            self.let_go()
        if outcome.exception or outcome.result is None:
            raise BuildError(f"dbt could not read the project: {outcome.exception}")
        found = BuildResult()
        for result in outcome.result.results:
            name = result.node.name
            found.seconds[name] = result.execution_time
            if result.status in ("error", "fail"):
                found.failed[name] = f"{result.node.original_file_path}: {result.message}"
            elif result.status == "warn":
                found.warned[name] = str(result.message)
        return found

    def let_go(self) -> None:
        """Close dbt's own connection, which it would keep for as long as this process lives."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        if DuckDBConnectionManager._ENV is not None:
            DuckDBConnectionManager._ENV.close()
            DuckDBConnectionManager.close_all_connections()

    def query(self, sql: str) -> pa.Table:
        with self.connect(read_only=True) as connection:
            return connection.sql(sql).to_arrow_table()

    def expect(self, table: str, as_of: date) -> None:
        """Raise StaleTable when a built table holds rows of another business date."""
        found = self.query(f"select distinct as_of from {table}")["as_of"].to_pylist()
        if any(day != as_of for day in found):
            raise StaleTable(
                f"table {table}: expected rows of {as_of}; found {', '.join(map(str, found))}. Run the day again."
            )

    def read(self, table: str, as_of: date, order_by: str = "") -> pa.Table:
        """A built table whole."""
        self.expect(table, as_of)
        return self.query(f"select * from {table} {f'order by {order_by}' if order_by else ''}")

    def export(self, table: str, as_of: date, target: Path, order_by: str) -> None:
        """Write a built table to one Parquet file, ordered by a full key so that the same rows give the same bytes."""
        self.expect(table, as_of)
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.connect(read_only=True) as connection:
            rows = f"select * from {table} order by {order_by}"
            connection.execute(f"copy ({rows}) to {quoted(str(target))} (format parquet, compression zstd)")

    def keep_history(self, as_of: date) -> None:
        """Put the day's tables into history/<table>/as_of=D, each partition written aside and replaced whole."""
        for table, key in history_tables().items():
            partition = self.home.history / table / f"as_of={as_of}"
            aside = partition.with_name(f".as_of={as_of}.tmp")
            shutil.rmtree(aside, ignore_errors=True)
            self.export(table, as_of, aside / "part-0.parquet", key)
            former = partition.with_name(f".as_of={as_of}.old")
            shutil.rmtree(former, ignore_errors=True)
            if partition.exists():
                partition.rename(former)
            aside.rename(partition)
            shutil.rmtree(former, ignore_errors=True)


def history_tables() -> dict[str, str]:
    """Tables that outlive the run, with the full key that orders them: those below and every report."""
    return HISTORY | {name: ", ".join(key) for name, key in reports.keys().items()}


HISTORY = {
    "customer_labels": "customer_id",
    "customer_events": "customer_id, event_code, event_on, detail",
    "customer_segments": "customer_id, segment",
    "segment_marts": "branch_id, segment",
    "prospect_segments": "prospect_id, segment",
    "segment_migration": "branch_id, dimension, from_value, to_value",
    "decisions": "list, subject_id",
    "waterfall": "list, subject_type, home_branch_id, state, reason",
    "leads": "branch_id, rank, lead_id",
    "lead_labels": "customer_id",
    "review_successes": "lead_id",
}

# What delivery and reports remember: table → its columns with types, and which published rows it holds.
MEMORY: dict[str, tuple[dict[str, str], str]] = {
    "published_decisions": (
        {
            "list_date": "date", "lead_id": "varchar", "list": "varchar", "subject_type": "varchar",
            "subject_id": "varchar", "state": "varchar", "lead_state": "varchar", "is_ghost": "boolean",
            "first_listed_on": "date", "branch_id": "varchar", "branch_rank": "integer", "priority": "decimal(18,2)",
            "score": "integer", "value_amount": "decimal(18,2)",
        },
        "lead_id is not null",
    ),
    "matured_decisions": (
        {
            "lead_id": "varchar", "list": "varchar", "subject_id": "varchar", "branch_id": "varchar",
            "first_listed_on": "date", "is_ghost": "boolean", "score": "integer", "baseline": "varchar",
        },
        "list_date = first_listed_on and state in ('listed', 'held_out')",
    ),
    "published_leads": (
        {"list_date": "date", "lead_id": "varchar", "branch_id": "varchar", "owner_id": "varchar"},
        "central_channel is null",
    ),
}  # fmt: skip


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def view_sql(table: Table, partitions: list[Any]) -> str:
    """The select behind a source view: exact contract columns and types; snapshot tables lead with biz_date.

    Partitions that lack the same optional columns are read together; what they lack is a typed null."""
    names = [column.name for column in table.columns]
    dated = names if "biz_date" in names else ["biz_date", *names]
    kinds = {"biz_date": "date"} | {column.name: column.sql_type for column in table.columns}
    if not partitions:
        return f"select {', '.join(f'cast(null as {kinds[name]}) as {name}' for name in dated)} where false"
    groups: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for partition in partitions:
        # A copy lies one folder deeper (v=N) than a file read in place; one read takes one depth of folders only.
        groups.setdefault((tuple(partition.absent), partition.in_place), []).extend(partition.paths)
    selects = []
    for (absent, _), paths in groups.items():
        shown = [f"cast(null as {kinds[name]}) as {name}" if name in absent else name for name in dated]
        selects.append(
            f"select {', '.join(shown)} from read_parquet([{', '.join(map(quoted, paths))}], "
            "hive_partitioning = true, hive_types = {'biz_date': date})"
        )
    return " union all ".join(selects)
