"""The two borders: sources are checked before we believe them, candidates and leads before they leave.

What must hold stands in expectations/, as code. Here it is counted (one SQL statement a table), judged by Great
Expectations on a frame of those counts, and told: with rules, severities and counts, never with a value of anybody.
A critical failure stops or withholds; a warning never blocks and is never silent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from expectations import candidates, leads, sources
from expectations.rules import PREVIOUS, Rule, great_expectations
from mingdan import catalog
from mingdan.contract import Contract
from mingdan.settings import Home
from mingdan.warehouse import Warehouse

Counts = dict[str, dict[str, int]]  # suite → rule → how many rows failed, or what else the rule counts


class CheckError(RuntimeError):
    """Something that could not be judged: our fault, not the data's. Names the suite and rule, or the table."""


@dataclass(frozen=True)
class Failure:
    """A rule that does not hold: `count` of `of` rows, or a count beside another; no values."""

    rule: str
    severity: str  # critical | warning
    count: int
    of: int
    who_fixes: str


@dataclass(frozen=True)
class Judged:
    """A rule as it was judged, for the page; None where there was nothing to count or to compare with."""

    rule: str
    severity: str
    says: str
    who_fixes: str
    holds: bool
    count: int | None
    of: int | None
    before: int | None  # the count of the run before


@dataclass(frozen=True)
class Verdict:
    """What a suite said of its subject (a table's id, a list's code, or 'leads')."""

    suite: str
    subject: str
    verdict: str  # passed | warned | failed
    failures: tuple[Failure, ...]
    judged: tuple[Judged, ...] = ()

    def to_manifest(self) -> dict[str, Any]:
        """As the published manifest shows it: suite, verdict, failed rules with severity, counts and who fixes them."""
        return {"suite": self.suite, "verdict": self.verdict, "failed": [asdict(each) for each in self.failures]}


# The three checks


def check_source_content(
    warehouse: Warehouse,
    contract: Contract,
    report: Sequence[Mapping[str, Any]],
    as_of: date,
    previous: Counts | None = None,
) -> list[Verdict]:
    """One verdict for each table that the source report (rows with source, table, status and biz_date) says is read.

    Judged are the rows of that biz_date in the view landing.<source>__<table>; a table without any has no verdict.
    `previous`: counts of an earlier run to show beside today's; by default those kept in history/check_counts.
    Raises CheckError when a required table is not in the report."""
    landed = sources.Landed(as_of, contract, days_read(contract, report), warehouse.settings.currency)
    judge = Judge(counts_before(warehouse.home, as_of) if previous is None else previous)
    for table_id in landed.days:
        table = contract.tables[table_id]
        rules = sources.rules(table, landed)
        counted = warehouse.query(sources.statement(table, landed, columns_of(rules))).to_pylist()[0]
        if counted["row_count"]:
            judge.counts_hold(sources.suite_of(table, landed), table_id, rules, counted)
    keep_counts(warehouse.home, as_of, judge.counts)
    return judge.verdicts


def check_candidates(
    warehouse: Warehouse, lists: Sequence[str], as_of: date, previous: Counts | None = None
) -> list[Verdict]:
    """One verdict for each of the lists, from list_members; a list without candidates is judged too.

    `previous`: counts of an earlier run, as {'candidates.idle_funds': {'unlike_previous_run': rows}}; by default those
    kept in history/check_counts. Raises StaleTable when a table is of another date, KeyError for an unknown list."""
    entries = {code: catalog.entries()[code] for code in lists}
    judge = Judge(counts_before(warehouse.home, as_of) if previous is None else previous)
    counted: dict[str, dict[str, Any]] = {}
    for subject in sorted({entry.meta["subject"] for entry in entries.values()}):
        codes = [code for code, entry in entries.items() if entry.meta["subject"] == subject]
        expect_day(warehouse, ("list_members", candidates.SUBJECTS[subject][0]), as_of)
        # Lists may differ in which rules they have, not in how a rule is counted.
        rules = list({rule.name: rule for code in codes for rule in candidates.rules(entries[code])}.values())
        rows = warehouse.query(candidates.statement(subject, codes, columns_of(rules))).to_pylist()
        counted |= {row["list"]: row for row in rows}
    for code, entry in entries.items():
        judge.counts_hold(candidates.suite_of(entry), code, candidates.rules(entry), counted.get(code, {}))
    keep_counts(warehouse.home, as_of, judge.counts)
    return judge.verdicts


def check_leads(warehouse: Warehouse, as_of: date, list_date: date) -> list[Verdict]:
    """Two verdicts: on the leads themselves, row by row, and on their agreement with decisions and waterfall.

    Raises StaleTable when a table is of another business date."""
    expect_day(
        warehouse, ("leads", "decisions", "waterfall", "customer_labels", "branch_capacity", "list_rules"), as_of
    )
    judge = Judge({})
    may_go_out = "select list from list_rules anti join memory.verdicts as withheld on list_rules.list = withheld.list"
    lists = sorted(row["list"] for row in warehouse.query(may_go_out).to_pylist())
    frame = warehouse.query(leads.frame_sql(warehouse.settings.central)).to_pandas()
    judge.rows_hold(leads.suite_of(lists, list_date), "leads", frame)
    rules = leads.balance_rules()
    counted = warehouse.query(f"select {columns_of(rules)}").to_pylist()[0]
    judge.counts_hold(leads.balance_suite(), "leads", rules, counted)
    return judge.verdicts


# Counting


def days_read(contract: Contract, report: Sequence[Mapping[str, Any]]) -> dict[str, date]:
    """The partition of each table that is judged, by table id."""
    used = [row for row in report if row["status"] in ("ok", "stale")]
    days = {f"{row['source']}.{row['table']}": date.fromisoformat(str(row["biz_date"])) for row in used}
    for table in contract.tables.values():
        if table.required and table.id not in days:
            raise CheckError(f"source report: expected the biz_date of {table.id}, which is required; found none.")
    return days


def columns_of(rules: Iterable[Rule]) -> str:
    """SQL: the select list that counts the rules; a count that rules share is taken once."""
    texts = dict.fromkeys(sql for rule in rules for sql in (rule.count, rule.of) if sql != PREVIOUS)
    return ", ".join(["count(*) as row_count", *(f"cast({sql} as bigint) as {alias(sql)}" for sql in texts)])


def alias(sql: str) -> str:
    """The column that a count's text stands under, whatever else is counted beside it."""
    return "n_" + hashlib.md5(sql.encode(), usedforsecurity=False).hexdigest()[:12]


def expect_day(warehouse: Warehouse, tables: Iterable[str], as_of: date) -> None:
    for table in tables:
        warehouse.expect(table, as_of)


# Judging


class Judge:
    """Great Expectations at work for one border: judges suite by suite and gathers verdicts and counts."""

    def __init__(self, previous: Counts) -> None:
        self.previous, self.counts, self.verdicts = previous, Counts(), list[Verdict]()
        context = great_expectations().get_context(mode="ephemeral")
        context.enable_analytics(False)
        context.variables.progress_bars = {"globally": False}
        frames = context.data_sources.add_pandas("mingdan").add_dataframe_asset("frame")
        self.batch = frames.add_batch_definition_whole_dataframe("whole")

    def counts_hold(self, suite: Any, subject: str, rules: Sequence[Rule], counted: Mapping[str, Any]) -> None:
        """Judge rules by their counts (columns as in columns_of); what was not counted is 0."""
        before = self.previous.get(suite.name, {})
        counts = {rule.name: counted.get(alias(rule.count), 0) for rule in rules}
        of = {
            rule.name: before.get(rule.name) if rule.of == PREVIOUS else counted.get(alias(rule.of), 0)
            for rule in rules
        }
        frame = pd.DataFrame(
            [{rule.name: rule.value(counts[rule.name], of[rule.name]) for rule in rules}], dtype="float64"
        )
        found, worst = self._validate(suite, frame, "BOOLEAN_ONLY")
        judged = [
            Judged(rule.name, rule.severity, rule.says, rule.who_fixes, found[rule.name]["success"],
                   counts[rule.name], of[rule.name], before.get(rule.name))
            for rule in rules
        ]  # fmt: skip
        self._conclude(suite.name, subject, judged, worst)

    def rows_hold(self, suite: Any, subject: str, frame: pd.DataFrame) -> None:
        """Judge a frame row by row; of the results only the counts are asked for."""
        found, worst = self._validate(suite, frame, {"result_format": "BASIC", "partial_unexpected_count": 0})
        judged = [
            Judged(name, result["expectation_config"]["severity"], result["expectation_config"]["meta"]["says"],
                   result["expectation_config"]["meta"]["who_fixes"], result["success"],
                   result["result"]["unexpected_count"], result["result"]["element_count"], None)
            for name, result in found.items()
        ]  # fmt: skip
        self._conclude(suite.name, subject, judged, worst)

    def _validate(self, suite: Any, frame: pd.DataFrame, result_format: Any) -> tuple[dict[str, Any], str | None]:
        """Result by rule, in the suite's order, and the worst severity among those that do not hold."""
        outcome = self.batch.get_batch({"dataframe": frame}).validate(suite, result_format=result_format)
        results = {each.expectation_config.meta["rule"]: each.to_json_dict() for each in outcome.results}
        for name, result in results.items():
            if raised(result["exception_info"]):
                # Its own text may quote a value.
                raise CheckError(f"suite {suite.name}, rule {name}: expected to be judged, found that it could not be.")
        names = [each.meta["rule"] for each in suite.expectations]
        worst = outcome.get_max_severity_failure()
        return {name: results[name] for name in names}, worst.value if worst else None

    def _conclude(self, suite: str, subject: str, judged: list[Judged], worst: str | None) -> None:
        verdict = {"critical": "failed", None: "passed"}.get(worst, "warned")
        failures = tuple(
            Failure(each.rule, each.severity, each.count or 0, each.of or 0, each.who_fixes)
            for each in judged
            if not each.holds
        )
        self.verdicts.append(Verdict(suite, subject, verdict, failures, tuple(judged)))
        # What failed is nothing to compare the next run with: the counts before it stay.
        counts = {each.rule: each.count for each in judged if each.count is not None}
        self.counts[suite] = self.previous.get(suite, {}) if verdict == "failed" else counts


def raised(info: Mapping[str, Any]) -> bool:
    """Whether GX's exception_info, of one expectation or by metric, tells of an exception."""
    parts = [info, *(each for each in info.values() if isinstance(each, Mapping))]
    return any(each.get("raised_exception") for each in parts)


# What a run leaves to the next


def counts_before(home: Home, as_of: date, among: Collection[date] | None = None) -> Counts:
    """The counts of the newest run of an earlier business date (among these, where given); none when there is none."""
    found = (home.history / "check_counts").glob("as_of=*/counts.json")
    kept = sorted(path for path in found if day_of(path) < as_of and (among is None or day_of(path) in among))
    return json.loads(kept[-1].read_text(encoding="utf-8")) if kept else {}


def keep_counts(home: Home, as_of: date, counts: Counts) -> None:
    """Put counts beside those that the day's other check kept, replacing the file whole."""
    path = home.history / "check_counts" / f"as_of={as_of}" / "counts.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(kept | counts, indent=1, sort_keys=True), encoding="utf-8")
    aside.replace(path)


def day_of(path: Path) -> date:
    return date.fromisoformat(path.parent.name.removeprefix("as_of="))


# Data Docs

BORDERS = {"source": "Sources 数据源", "candidates": "Candidates 候选名单", "leads": "Leads 线索"}
WORDS = {"passed": "passed 通过", "warned": "warned 警告", "failed": "failed 不通过"}
COLUMNS = ("Rule 规则", "What must hold 要求", "Severity 级别", "Holds 结果", "Count 数量", "Of 总数",
           "Run before 上次", "Who fixes it 责任方")  # fmt: skip
STYLE = """
body{font:14px/1.5 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;
margin:2em auto;max-width:76em;padding:0 1em}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}
td.n{text-align:right}.failed,.critical{background:#f8d7da}.warned,.warning{background:#fff3cd}.passed{background:#e6f4ea}
h2 span{font-size:80%;font-weight:normal;padding:.1em .5em}
"""


def write_data_docs(verdicts: Sequence[Verdict], folder: Path) -> None:
    """A static page for each border among the verdicts, and an index of the pages in the folder: every rule with its
    severity, counts and who fixes it. Counts only, so that anybody may read them; no script, nothing from outside."""
    folder.mkdir(parents=True, exist_ok=True)
    for border, title in BORDERS.items():
        own = [each for each in verdicts if each.suite.split(".")[0] == border]
        if own:
            body = "".join(section(each) for each in own)
            (folder / f"{border}.html").write_text(page(title, body), encoding="utf-8")
    links = "".join(
        f'<li><a href="{border}.html">{title}</a></li>'
        for border, title in BORDERS.items()
        if (folder / f"{border}.html").exists()
    )
    (folder / "index.html").write_text(page("Checks 数据检查", f"<ul>{links}</ul>"), encoding="utf-8")


def section(verdict: Verdict) -> str:
    rows = []
    for each in verdict.judged:
        shade = "" if each.holds else f' class="{each.severity}"'
        texts = (each.rule, each.says, each.severity, "yes 是" if each.holds else "no 否")
        numbers = ("–" if number is None else f"{number:,}" for number in (each.count, each.of, each.before))
        cells = [f"<td>{escape(text)}</td>" for text in texts] + [f'<td class="n">{number}</td>' for number in numbers]
        rows.append(f"<tr{shade}>{''.join(cells)}<td>{escape(each.who_fixes)}</td></tr>")
    heads = "".join(f"<th>{each}</th>" for each in COLUMNS)
    said = f'<span class="{verdict.verdict}">{WORDS[verdict.verdict]}</span>'
    return f"<h2>{escape(verdict.suite)} {said}</h2><table><tr>{heads}</tr>{''.join(rows)}</table>"


def page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body><h1>{title}</h1>{body}</body></html>"
    )
