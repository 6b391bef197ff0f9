"""The newest delivery of every table, looked into with SQL: keys, references, nulls and enumerations. Counts only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from mingdan.contract import Contract, Reference, Table
from mingdan.landing.problems import Problem
from mingdan.landing.report import PartitionFiles, SourceReport
from mingdan.settings import Home, Settings

# Of what names a file on any system and needs no quoting in an address; no leading or closing dot.
FILE_NAME = r"[\p{L}\p{N}_-]([\p{L}\p{N}._-]*[\p{L}\p{N}_-])?"


def content_problems(home: Home, settings: Settings, contract: Contract, report: SourceReport) -> list[Problem]:
    """Every problem in the rows of the report's newest partitions; fills report.consent. No value of a C2 or C3
    column leaves this function."""
    problems: list[Problem] = []
    with duckdb.connect(config={"threads": 2, "temp_directory": str(home.accepted / ".taking-spill")}) as database:
        opened: dict[str, PartitionFiles] = {}
        for table in contract.tables.values():
            state = report.tables[table.id]
            newest = [each for each in report.files(table.id) if each.biz_date == state.biz_date]
            if not newest:
                continue
            try:
                database.execute(_view(table, newest[0]))
                problems += _rows(database, table, newest[0])
                opened[table.id] = newest[0]
            except duckdb.Error as error:
                # Its text may quote a value.
                found = f"a file that breaks off while it is read ({type(error).__name__})"
                hint, on = "deliver the day again", (newest[0].biz_date,)
                problems.append(Problem("error", "unreadable", table.id, "whole files", found, hint, "", on))
        problems += _orphans(database, contract, report, opened)
        if "core.customers" in opened:
            problems += _consent(database, settings, report, opened["core.customers"])
    return problems


def _view(table: Table, files: PartitionFiles) -> str:
    """A view of one partition in the contract's columns. The folder's name must not become a column."""
    if not files.paths:
        empty = ", ".join(f'cast(null as {each.type}) as "{each.name}"' for each in table.columns)
        return f'create view "{table.view}" as select {empty} where false'
    paths = ", ".join("'{}'".format(each.replace("'", "''")) for each in files.paths)
    present = ", ".join(f'"{each.name}"' for each in table.columns if each.name not in files.absent)
    return (
        f'create view "{table.view}" as select {present} '
        f"from read_parquet([{paths}], union_by_name=true, hive_partitioning=false)"
    )


def _rows(database: duckdb.DuckDBPyConnection, table: Table, files: PartitionFiles) -> Iterator[Problem]:
    on = (files.biz_date,)
    there = [each for each in table.columns if each.name not in files.absent]
    checks: list[tuple[str, Problem]] = []
    for column in there:
        if not column.nullable:
            problem = Problem("error", "null", table.id, "a value in every row", "{} without", "", column.name, on)
            checks.append((f'"{column.name}" is null', problem))
        if column.values:
            severity = "error" if table.required and column.required else "warning"
            expected, hint = f"one of {', '.join(column.values)}", "translate the bank's codes before they land"
            known = ", ".join("'{}'".format(each.replace("'", "''")) for each in column.values)
            problem = Problem(
                severity, "enumeration", table.id, expected, "{} with another value", hint, column.name, on
            )
            checks.append((f'"{column.name}" not in ({known})', problem))
        if column.names_files:
            expected, hint = "letters, digits, -, _ and dots in between", "give it a number that can name a file"
            problem = Problem("error", "file_name", table.id, expected, "{} with others", hint, column.name, on)
            checks.append((f"not regexp_full_match(\"{column.name}\", '{FILE_NAME}')", problem))
    if table.date_column:
        expected = f"{files.biz_date}, the date of its folder"
        problem = Problem("error", "wrong_date", table.id, expected, "{} of another date", "", table.date_column, on)
        checks.append((f"\"{table.date_column}\" <> date '{files.biz_date}'", problem))
    if checks:
        counts = ", ".join(f"count_if({condition})" for condition, _ in checks)
        for count, (condition, problem) in zip(
            database.execute(f'select {counts} from "{table.view}"').fetchone() or (), checks, strict=True
        ):
            if count:
                found = problem.found.format(_counted(count, files.rows))
                if problem.kind in ("enumeration", "file_name") and table.column(problem.column).privacy == "C1":
                    found += f" ({_examples(database, table, problem.column, condition)})"
                yield Problem(**{**vars(problem), "found": found})
    if set(table.key) <= {each.name for each in there}:
        keys = ", ".join(f'"{each}"' for each in table.key)
        twice = f'select count(*) as n from "{table.view}" group by {keys} having count(*) > 1'
        count, rows = database.execute(f"select count(*), coalesce(sum(n), 0) from ({twice})").fetchone() or (0, 0)
        if count:
            found = f"{count} keys that occur more than once, in {_counted(rows, files.rows)}"
            hint = "deliver each row once"
            yield Problem("error", "duplicate_key", table.id, "each key once", found, hint, ", ".join(table.key), on)


def _orphans(
    database: duckdb.DuckDBPyConnection, contract: Contract, report: SourceReport, opened: dict[str, PartitionFiles]
) -> Iterator[Problem]:
    targets: dict[tuple[str, str], list[tuple[Table, Reference]]] = {}
    for name, files in opened.items():
        for link in contract.tables[name].references:
            target = opened.get(link.to_table)
            if target is not None and link.column not in files.absent and link.to_column not in target.absent:
                targets.setdefault((link.to_table, link.to_column), []).append((contract.tables[name], link))
    counted = [
        (table, link, count)
        for (to_table, to_column), links in targets.items()
        for (table, link), count in zip(
            links, _without_one(database, contract.tables[to_table], to_column, links), strict=True
        )
    ]
    for table, link, count in counted:
        if not count:
            continue
        files, target = opened[table.id], opened[link.to_table]
        # Deliveries of different days cannot agree on who exists. Nor can a bank mend what the portal delivered:
        # a customer spoken to in the morning may be gone from the evening's snapshot.
        states = {report.tables[table.id].status, report.tables[link.to_table].status}
        may_be = "stale" in states or table.source == "portal"
        expected = f"values that occur in {link.to_table}.{link.to_column} of {target.biz_date}"
        found = f"{_counted(count, files.rows)} without one"
        hint = "deliver the missing rows there, or leave these out"
        severity = "warning" if may_be else "error"
        yield Problem(severity, "orphan", table.id, expected, found, hint, link.column, (files.biz_date,))


def _without_one(
    database: duckdb.DuckDBPyConnection, target: Table, to_column: str, links: Sequence[tuple[Table, Reference]]
) -> list[int]:
    """How many rows of each link have a value that the target's column has not. All links to a target are asked at
    once, so that its values are gathered once and not two dozen times."""
    asked = " union all ".join(
        f'select {number} as link, "{link.column}" as value from "{table.view}" where "{link.column}" is not null'
        for number, (table, link) in enumerate(links)
    )
    sql = (
        f"select link, count(*) from ({asked}) as rows where not exists "
        f'(select 1 from "{target.view}" as target where target."{to_column}" = rows.value) group by link'
    )
    try:
        counts = dict(database.execute(sql).fetchall())
    except duckdb.Error:
        if len(links) == 1:
            return [0]  # a column that breaks off has been reported where it was read
        return [count for link in links for count in _without_one(database, target, to_column, [link])]
    return [counts.get(number, 0) for number in range(len(links))]


def _consent(
    database: duckdb.DuckDBPyConnection, settings: Settings, report: SourceReport, files: PartitionFiles
) -> Iterator[Problem]:
    """How many customers of each branch consent to marketing: what no list can go beyond."""
    column, on = "marketing_consent", (files.biz_date,)
    if column in files.absent:
        severity = "info" if settings.consent_assumed else "warning"
        found, hint = "the column not delivered", "no marketing list can name anybody"
        expected = "to know who consents" if not settings.consent_assumed else "consent assumed by the settings"
        yield Problem(
            severity, "consent", "core.customers", expected, found, "" if settings.consent_assumed else hint, column, on
        )
        return
    sql = f"select home_branch_id, count(*), count_if({column}) from core__customers group by 1 order by 1"
    report.consent = {branch: (count, consenting) for branch, count, consenting in database.execute(sql).fetchall()}
    count, consenting = (sum(each[place] for each in report.consent.values()) for place in (0, 1))
    found = f"{consenting} of {count} customers in {len(report.consent)} branches who consent"
    yield Problem("info", "consent", "core.customers", "consent as the bank recorded it", found, "", column, on)


def _examples(database: duckdb.DuckDBPyConnection, table: Table, column: str, condition: str) -> str:
    sql = f'select distinct "{column}" from "{table.view}" where {condition} order by 1 limit 3'
    return ", ".join(str(value)[:40] for (value,) in database.execute(sql).fetchall())


def _counted(count: int, rows: int) -> str:
    return f"{count} of {rows} rows"
