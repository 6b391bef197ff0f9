"""The warehouse: one run's working file, where dbt builds. The only module that imports dbt.

It is never the only copy of anything: each run starts a new file, registers the accepted sources as views, and what
outlives the run is written to history/ and published/."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from mingdan import catalog, data_tests, reports
from mingdan.contract import Contract, Table
from mingdan.settings import DBT_PROJECT, SEEDS, Home, Settings, load_shipped

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


@dataclass(frozen=True)
class EarlierDays:
    """Earlier days built ahead: for which business date they stand, a digest of what they are made from, and of each
    table whose days may come late the newest day in them (table id → YYYY-MM-DD)."""

    as_of: date
    made_from: str
    late_to: dict[str, str]


@dataclass(frozen=True)
class Project:
    """dbt's reading of the project, without the data tests that are counted apart."""

    manifest: Any
    tests: list[data_tests.DataTest]


class Warehouse:
    """The DuckDB file of one home. Every method opens it late and closes it early, since one opener locks it."""

    target = "duckdb"
    schema = "main"
    known: ClassVar[tuple[Any, Project] | None] = None  # dbt's last reading of the project, and what it rests on

    def __init__(self, home: Home, settings: Settings, ahead: bool = False) -> None:
        """`ahead`: the file in which earlier days are built ahead. It bears the same name, as views in it say that."""
        self.home, self.settings = home, settings
        self.path = (home.warehouse / "ahead" if ahead else home.warehouse) / "mingdan.duckdb"

    @contextmanager
    def connect(self, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(self.path), read_only=read_only)
        try:
            connection.execute(f"set memory_limit = '{self.settings.memory}'")
            yield connection
        finally:
            connection.close()

    def start_afresh(self, as_of: date, made_from: Callable[[dict[str, str]], str]) -> EarlierDays | None:
        """Throw the working file away, so that nothing of an earlier run can be taken for this one's. Earlier days that
        stand for this date, and are made from what `made_from` says of their `late_to`, are kept, alone: returned if
        there are any."""

        def fits(stands: EarlierDays | None) -> bool:
            return stands is not None and stands == EarlierDays(as_of, made_from(stands.late_to), stands.late_to)

        if fits(stands := self.stands_for()):  # the day again
            with suppress(duckdb.Error):
                self.keep_earlier_alone()
                return stands
        self.remove()
        ahead = Warehouse(self.home, self.settings, ahead=True)
        stands, compiled = ahead.stands_for(), ahead.compiled / "earlier"
        is_ahead = fits(stands) and compiled.exists()
        if is_ahead:
            shutil.copytree(compiled, self.compiled / "earlier", dirs_exist_ok=True)
            ahead.path.replace(self.path)
        if stands is None or stands.as_of == as_of:  # else it is left for its day
            ahead.remove()
        return stands if is_ahead else None

    def remove(self) -> None:
        """The file, and what a killed process may have left beside it."""
        for path in (self.path, self.path.with_name(self.path.name + ".wal")):
            path.unlink(missing_ok=True)
        shutil.rmtree(f"{self.path}.tmp", ignore_errors=True)

    def stand_for(self, days: EarlierDays) -> None:
        """Say which earlier days stand whole in this file."""
        with self.connect() as connection:
            connection.execute(
                f"create or replace table {STANDS_FOR} as "
                f"select ?::date as as_of, ? as made_from, ? as late_to, {EARLIER} as tables",
                [days.as_of, days.made_from, json.dumps(days.late_to)],
            )

    def stands_for(self) -> EarlierDays | None:
        """What stand_for said, as long as no table has been made anew since, by a dbt called by hand; None of a file
        that says nothing, or that cannot be read, as of another version of the engine."""
        if not self.path.exists():
            return None
        try:
            with self.connect() as connection:
                found = connection.execute(
                    f"select as_of, made_from, late_to from {STANDS_FOR} where tables = {EARLIER}"
                ).fetchone()
        except duckdb.Error:
            return None
        return EarlierDays(found[0], found[1], json.loads(found[2])) if found else None

    def keep_earlier_alone(self) -> None:
        """Drop everything but the earlier days."""
        with self.connect() as connection:
            others = connection.execute(
                "select 'view', schema_name, view_name from duckdb_views() "
                "where not internal and schema_name <> 'main_earlier' union all "
                "select 'table', schema_name, table_name from duckdb_tables() where schema_name <> 'main_earlier'"
            ).fetchall()
            for kind, schema, name in others:
                connection.execute(f'drop {kind} {schema}."{name}"')

    def register_sources(self, contract: Contract, files: Mapping[str, list[Any]]) -> None:
        """landing.<source>__<table> per contract table over its accepted files (by table id, each with biz_date,
        version, rows, paths and absent columns); a table without files is a typed empty view."""
        with self.connect() as connection:
            connection.execute("create schema if not exists landing; set preserve_insertion_order = false")
            for table in contract.tables.values():
                register(connection, table, files.get(table.id, []))

    def register_sources_of(self, other: Warehouse, contract: Contract, files: Mapping[str, list[Any]]) -> None:
        """The same sources as another file's, but for the tables that `files` names."""
        with self.connect() as connection:
            connection.execute(f"attach {quoted(str(other.path))} as other (read_only)")
            connection.execute("create schema landing; set preserve_insertion_order = false")
            for name, found in files.items():
                register(connection, contract.tables[name], found)
            own = [contract.tables[name].view for name in files]
            there = connection.execute(
                "select view_name, sql from duckdb_views() where database_name = 'other' and schema_name = 'landing' "
                "union all select table_name, 'create table landing.' || table_name || ' as from other.landing.' || "
                "table_name from duckdb_tables() where database_name = 'other' and schema_name = 'landing'"
            ).fetchall()
            for name, sql in there:
                if name not in own:
                    connection.execute(sql)

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
        # a test waits for the step that builds the last of its tables
        how = ("--indirect-selection", "buildable", "--threads", str(self.models_at_once()))
        outcome = self._dbt("build", select, variables, exclude, *how)
        found, made = BuildResult(), set()
        for result in outcome.results:
            name = result.node.name
            found.seconds[name] = result.execution_time
            if result.status in ("error", "fail"):
                found.failed[name] = f"{result.node.original_file_path}: {without_values(str(result.message))}"
            elif result.status == "warn":
                found.warned[name] = str(result.message)
            elif result.status == "success":
                made.add(result.node.unique_id)
        tests = self.project(variables).tests
        asked = data_tests.statement(tests, made)
        broken = {row["test"]: row["broken"] for row in (self.query(asked).to_pylist() if asked else [])}
        for test in tests:
            if count := broken.get(test.name):
                said = found.warned if test.warns else found.failed
                said[test.name] = f"{test.file}: {count} {test.wrong}"
        self.tell(found)
        return found

    def models_at_once(self) -> int:
        """Two where there is memory for both, so that one core goes on while the other writes a table's last rows. What
        does not fit is spilled, and a spilled median takes far longer than a model that waits for the other."""
        newest = "(select max(biz_date) from landing.core__customers)"
        room = f"count(*) * {MEMORY_A_CUSTOMER} <= parse_formatted_bytes('{self.settings.memory}')"
        sql = f"select {room} as fit from landing.core__customers where biz_date = {newest}"
        with suppress(duckdb.Error):  # the models that read the source say what is wrong with it
            return 2 if self.query(sql)["fit"][0].as_py() else 1
        return 1

    def tell(self, found: BuildResult) -> None:
        """Add a line a node to logs/dbt.log: seconds, name, and what dbt said of a failure or warning."""
        said = found.warned | found.failed
        self.home.logs.mkdir(parents=True, exist_ok=True)
        with (self.home.logs / "dbt.log").open("a", encoding="utf-8") as out:
            for name in dict.fromkeys([*found.seconds, *said]):
                out.write(f"{found.seconds.get(name, 0):9.2f} s  {name}  {said.get(name, '')}".rstrip() + "\n")

    def changed(self, select: list[str], variables: dict[str, Any], before: Path) -> list[str]:
        """Models of the selection whose SQL with these variables is not what the folder `before` holds of a build."""
        compiled = {
            result.node.name: (Path(result.node.path), result.node.compiled_code)
            for result in self._dbt("compile", select, variables).results
            if result.node.resource_type == "model"
        }
        return sorted(
            name
            for name, (path, sql) in compiled.items()
            if not (before / path).exists() or (before / path).read_text(encoding="utf-8") != sql
        )

    def project(self, variables: dict[str, Any]) -> Project:
        """dbt's reading of the project: without what belongs to one day, one home or one threshold, so that a new one
        costs no new reading, and once in a process, while no file has changed."""
        lasting = {name: value for name, value in variables.items() if name not in LITERALS}
        files = sorted(path for path in DBT_PROJECT.rglob("*.*") if "target" not in path.parts)
        stamps = [(path, path.stat().st_mtime_ns) for path in files]
        key = (self.target, self.seeds, self.settings.version, lasting, stamps)
        if Warehouse.known is None or Warehouse.known[0] != key:
            gc.disable()  # what is read stays: looking through it again and again is a sixth of the reading
            try:
                read = self._call("parse", lasting, target_path=self.home.warehouse / "dbt")
                Warehouse.known = (key, Project(read, data_tests.taken_from(read)))
            finally:
                gc.enable()
        return Warehouse.known[1]

    @property
    def seeds(self) -> Path:
        """The folder whose seeds dbt loads, as dbt_project.yml takes it: the shipped one, unless the bank's settings or
        the engine want others, which are written into the home."""
        if self.target == "duckdb" and self.settings.tables == load_shipped().tables:
            return SEEDS.relative_to(DBT_PROJECT)
        return self.settings.write_seeds(self.home.warehouse / "settings")

    def _dbt(self, verb: str, select: list[str], variables: dict[str, Any], exclude: list[str] | None = None,
             *more: str) -> Any:  # fmt: skip
        arguments = ["--select", *select, *more]
        if exclude:
            arguments += ["--exclude", *exclude]
        try:
            return self._call(verb, variables, arguments, self.project(variables).manifest)
        finally:
            self.let_go()

    def _call(self, verb: str, variables: dict[str, Any], arguments: Sequence[str] = (), project: Any = None,
              target_path: Path | None = None) -> Any:  # fmt: skip
        """What one call of dbt in this process gives. dbt keeps no log: writing it takes as long as its small models,
        and what went wrong stands in the results. To read the project it is told no place: what it keeps of its reading
        would else be worth nothing to another file, nor to a copy of the home."""
        from dbt.cli.main import dbtRunner

        os.environ |= {
            "MINGDAN_TARGET": self.target,
            "MINGDAN_WAREHOUSE": str(self.path) if project else self.path.name,
            "MINGDAN_SEEDS": str(self.seeds),
            "MINGDAN_MEMORY": str(self.settings.memory),
            "DO_NOT_TRACK": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        outcome = dbtRunner(project).invoke([
            verb, "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
            "--target-path", str(target_path or self.target_path), "--log-path", str(self.home.logs),
            "--log-level", "none", "--log-level-file", "none",
            "--vars", json.dumps(variables, sort_keys=True, default=str), "--no-use-colors",
            "--no-version-check", "--no-write-json", *arguments,
        ])  # fmt: skip
        if outcome.exception or outcome.result is None:
            raise BuildError(f"dbt could not read the project: {outcome.exception}")
        return outcome.result

    @property
    def target_path(self) -> Path:
        """Where dbt leaves what it read and compiled."""
        return self.path.parent / "dbt"

    @property
    def compiled(self) -> Path:
        """The SQL that models were last built with."""
        return self.target_path / "compiled" / "mingdan" / "models"

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
        """Write a built table to one Parquet file, ordered by a full key so that the same rows give the same bytes.
        Bureau detail (C3) is left out: what is written outlives the run."""
        self.expect(table, as_of)
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.connect(read_only=True) as connection:
            built = connection.table(table).columns
            kept = ", ".join(name for name in built if name not in catalog.bureau_detail())
            rows = f"select {kept} from {table} order by {order_by}"
            # at the engine's own level 3 the file is no smaller, and takes a third longer
            how = "format parquet, compression zstd, compression_level 1"
            connection.execute(f"copy ({rows}) to {quoted(str(target))} ({how})")

    def drop_schema(self, schema: str) -> None:
        with self.connect() as connection:
            connection.execute(f"drop schema if exists {schema} cascade")

    def keep_history(self, as_of: date) -> None:
        """Put the day's tables into history/<table>/as_of=D, each partition written aside and replaced whole. Two at a
        time: rows in order are written by one thread, so that the labels of all customers take as long as the rest."""

        def keep(table: str, key: str) -> None:
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

        with self.held_open(), ThreadPoolExecutor(2) as pool:
            tables = history_tables()
            for _ in pool.map(keep, tables, tables.values()):
                pass

    def held_open(self) -> AbstractContextManager[Any]:
        """While it lasts, reading opens the file no more: opening it for each of sixty readings takes seconds."""
        return self.connect(read_only=True)


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
    "branch_loads": "branch_id",
    "lead_labels": "customer_id",
    "review_successes": "lead_id",
}

# The table that says for which business date the earlier days beside it stand, and the sizes of those.
STANDS_FOR = "main_earlier.stands_for"
EARLIER = (
    "(select string_agg(table_name || ' ' || estimated_size, ', ' order by table_name) from duckdb_tables() "
    "where schema_name = 'main_earlier' and table_name <> 'stands_for')"
)

# Variables that belong to one business date.
OF_THE_DAY = {
    "as_of",
    "list_date",
    "previous_business_date",
    "history_starts_on",
    "preference_centroids",
    "earlier_to",
    "late_to",
}
# Variables that are literals in models and no more: which models there are, and what they read, hangs on none of them.
LITERALS = OF_THE_DAY | {"thresholds"}

# What delivery and reports remember: table → its columns with types, and which published rows it holds.
MEMORY: dict[str, tuple[dict[str, str], str]] = {
    "published_decisions": (
        {
            "list_date": "date", "lead_id": "varchar", "list": "varchar", "subject_type": "varchar",
            "subject_id": "varchar", "state": "varchar", "lead_state": "varchar", "is_ghost": "boolean",
            "first_listed_on": "date", "branch_id": "varchar", "central_channel": "varchar", "branch_rank": "integer",
            "priority": "decimal(18,2)", "score": "integer", "value_amount": "decimal(18,2)",
        },
        "lead_id is not null",
    ),
    "matured_decisions": (
        {
            "lead_id": "varchar", "list": "varchar", "subject_id": "varchar", "branch_id": "varchar",
            "first_listed_on": "date", "is_ghost": "boolean", "central_channel": "varchar", "score": "integer",
            "baseline": "varchar",
        },
        "list_date = first_listed_on and state in ('listed', 'held_out', 'central_channel')",
    ),
    "published_leads": (
        {"list_date": "date", "lead_id": "varchar", "branch_id": "varchar", "owner_id": "varchar"},
        "central_channel is null",
    ),
}  # fmt: skip


# Memory in bytes a customer with which two models run beside each other. One may need 5 000 (with 2 000 a model with
# medians took a minute longer); as much again for the other, and twice that to spare.
MEMORY_A_CUSTOMER = 20_000

# To open a Parquet file costs as much as reading about so many rows.
ROWS_WORTH_OPENING = 1000

# Of an engine's error that is about a value: its kind, what it says of the value, and where in the SQL it stands.
ABOUT_A_VALUE = re.compile(
    r"((?:Conversion|Out of Range|Invalid Input|Constraint) Error: "
    r"|\[(?:CAST|NUMERIC|ARITHMETIC|DATETIME)_\w+(?:\.\w+)*\] )"
    r".*?(?=\n\s*LINE \d+: |\Z)",
    re.DOTALL,
)


def without_values(said: str) -> str:
    """What dbt said of a failed model, without the value that it met: errors go to logs and notices."""
    return ABOUT_A_VALUE.sub(r"\1a value cannot be taken (left out here, as it may be somebody's)", said)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def rows_of(table: Table, partitions: list[Any]) -> pa.Table:
    """What accepted files of a table hold, before there is a warehouse over them."""
    with duckdb.connect() as connection:
        return connection.sql(view_sql(table, partitions)).to_arrow_table()


def register(connection: duckdb.DuckDBPyConnection, table: Table, partitions: list[Any]) -> None:
    """Make a source's relation: a view over its files, or a copy of their rows where they are so few that opening the
    files costs more than the rows: models read a source dozens of times a day. What is read only where a setting says
    so (staff pay) is not copied. Raises BuildError for a file that was damaged after its acceptance."""
    paths, rows = [path for each in partitions for path in each.paths], sum(each.rows for each in partitions)
    kind = "table" if rows < len(paths) * ROWS_WORTH_OPENING and not table.switch else "view"
    try:
        connection.execute(f"create or replace {kind} landing.{table.view} as {view_sql(table, partitions)}")
    except duckdb.Error as error:
        damaged = next((path for path in paths if not is_readable(path)), None)
        if damaged is None:  # no fault of the files, as on a full disk
            raise
        raise BuildError(
            f"source {table.id}: expected accepted files that can be read; found that {damaged} cannot "
            f"({without_values(str(error))}). Put it back as it was accepted, or deliver its day anew, then run again."
        ) from error


def is_readable(path: str) -> bool:
    with duckdb.connect() as connection:
        try:
            connection.execute(f"select max(hash(rows_of_it)) from read_parquet({quoted(path)}) as rows_of_it")
        except duckdb.Error:
            return False
    return True


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
