"""Reports: what each report's entry says of it, and one branch's rows as the tables and pictures it asks for.

A report is one SQL file models/reports/report_<name>.sql and one YAML entry; nothing else lists it. Its `meta`:

    title: {zh, en}
    columns: {column: {zh, en, words: {code: {zh, en}}}}    names of what is shown; words for codes, where it has any
    workbook: a view, or a list of views, each drawn as one chart with its table

A view: rows (the column it is counted by), sum (columns added up), rate {name: [numerator, denominator]}, and where it
helps: title {zh, en}, where {column: value or values}, chart (one of CHARTS), plot (columns drawn; rates beside other
figures become a line), order (a figure, largest first; else by rows), limit (the first n), latest (the last n).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mingdan import branch_rows, catalog

CHARTS = ("column", "stacked", "line", "bar", "none")
VIEW = {
    "title": dict, "rows": str, "where": dict, "sum": list, "rate": dict, "plot": list, "chart": str, "order": str,
    "limit": int, "latest": int,
}  # fmt: skip
WIDEST = 9  # columns of a view: what stays readable across one A4 page


@dataclass(frozen=True)
class View:
    """One table of a report with its chart: the first column is what is counted by, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    kinds: Sequence[str]  # per column: text, date, month, number, amount or rate
    plotted: Sequence[int] = ()
    chart: str = "column"


@cache
def entries() -> dict[str, dict[str, Any]]:
    """The meta of every report by its model's name. Raises CatalogError for an entry that is missing or not whole."""
    return {name: checked(name) for name in models()}


def models() -> list[str]:
    return [f"report_{name}" for name in catalog.names("reports", "report_")]


@cache
def keys() -> dict[str, list[str]]:
    """What one row of each report stands for, by its model's name: the columns of its grain test."""
    return {name: key(name) for name in models()}


def key(name: str) -> list[str]:
    entry = catalog.properties().get(name, {})
    for test in entry.get("data_tests") or []:
        if "unique_together" in test:
            found = test["unique_together"]
            return list(found.get("arguments", found)["columns"])
    for column in entry.get("columns") or []:
        if "key" in (column.get("data_tests") or []):
            return [column["name"]]
    raise fault(name, "a grain test (unique_together, or key on one column)", "none")


def fault(name: str, expected: str, found: Any) -> catalog.CatalogError:
    entry = catalog.properties().get(name)
    where = entry["_file"].relative_to(catalog.DBT_PROJECT) if entry else f"models/reports/{name}.sql"
    return catalog.CatalogError(f"{where}, {name}: expected {expected}; found {found}.")


def checked(name: str) -> dict[str, Any]:
    """The report's meta, when everything that it must say is there and every name in it is known."""
    entry = catalog.properties().get(name)
    if entry is None:
        raise fault(name, "a YAML entry beside it", "none")
    meta = entry.get("config", {}).get("meta", {})
    if not is_named(meta.get("title")):
        raise fault(name, "title: {zh, en}", meta.get("title"))
    titles = meta.get("columns") or {}
    for column, said in titles.items():
        for each in (said, *((said or {}).get("words") or {}).values()):
            if not is_named(each):
                raise fault(name, f"columns: {column}: {{zh, en}}, and {{zh, en}} for each of its words", each)
    given, grain = views(meta), key(name)
    if not given and "branch_id" in grain:
        raise fault(name, "workbook: at least one view, since its rows are a branch's", "none")
    sql = next((catalog.MODELS / "reports").rglob(f"{name}.sql")).read_text(encoding="utf-8")
    for number, view in enumerate(given, start=1):
        where = f"view {number}"
        for field, value in view.items():
            if field not in VIEW:
                raise fault(name, f"{where}: only {', '.join(VIEW)}", field)
            if not isinstance(value, VIEW[field]) or isinstance(value, bool):
                raise fault(name, f"{where}: {field}: a {VIEW[field].__name__}", repr(value))
        if "title" in view and not is_named(view["title"]):
            raise fault(name, f"{where}: title: {{zh, en}}", view["title"])
        if view.get("chart", "column") not in CHARTS:
            raise fault(name, f"{where}: chart: one of {', '.join(CHARTS)}", repr(view["chart"]))
        figures = figures_of(view)
        if "rows" not in view or not figures:
            raise fault(name, f"{where}: rows, and sum or rate", ", ".join(view))
        shown = [view["rows"], *figures]
        if len(shown) > WIDEST:
            raise fault(name, f"{where}: at most {WIDEST} columns, for one page in width", len(shown))
        for column in shown:
            if column not in titles:
                raise fault(name, f"{where}: a title under columns for {column}", f"titles of {', '.join(titles)}")
        for column in (*view.get("plot", ()), *([view["order"]] if "order" in view else ())):
            if column not in figures:
                raise fault(name, f"{where}: plot and order to name its figures ({', '.join(figures)})", repr(column))
        parts = [part for both in rates_of(view).values() for part in both]
        for column in (view["rows"], *view.get("sum", ()), *parts, *view.get("where", {})):
            if not catalog.named_in(column, sql):
                raise fault(name, f"{where}: columns of {name}.sql", repr(column))
    return meta


def is_named(value: Any) -> bool:
    return isinstance(value, dict) and set(value) >= {"zh", "en"}


def views(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = meta.get("workbook") or []
    return [given] if isinstance(given, dict) else list(given)


def figures_of(view: Mapping[str, Any]) -> list[str]:
    return [*view.get("sum", ()), *rates_of(view)]


def rates_of(view: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    return view.get("rate", {})


def added_up(view: Mapping[str, Any], table: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """A report's rows that the view wants, added up by branch and by what the view counts by; unknown stays unknown."""
    for column, value in view.get("where", {}).items():
        wanted = value if isinstance(value, list) else [value]
        table = table.filter(pc.is_in(table[column], pa.array(wanted, table[column].type)))
    summed = list(dict.fromkeys([*view.get("sum", ()), *(part for both in rates_of(view).values() for part in both)]))
    keys = ["branch_id", view["rows"]]
    sums = table.group_by(keys).aggregate([(column, "sum") for column in summed])
    sums = sums.select([*keys, *(f"{column}_sum" for column in summed)]).rename_columns([*keys, *summed])
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sums.to_pylist():
        found[row["branch_id"]].append(row)
    return found


def drawn(
    meta: Mapping[str, Any], view: Mapping[str, Any], day: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> View:
    """One branch's view: its rows, as `added_up` gives them, in order, with their words, rates, titles and kinds."""
    language, by, figures = day["language"], view["rows"], figures_of(view)
    found = []
    for row in sorted(rows, key=lambda row: natural(row[by])):
        rates = {rate: ratio(row[above], row[below]) for rate, (above, below) in rates_of(view).items()}
        found.append({**row, **rates})
    if "order" in view:
        column = view["order"]
        found.sort(key=lambda row: (row[column] is None, -(row[column] or 0)))
    found = found[: view.get("limit")]
    if "latest" in view:
        found = found[-view["latest"] :]
    words = meta["columns"][by].get("words", {})
    table = [[named(by, row[by], words, day), *(row[column] for column in figures)] for row in found]
    plotted = view.get("plot") or [column for column in figures if column.endswith("_amount")][:2] or figures[:1]
    title = meta["title"][language]
    if "title" in view:
        title = f"{title} · {view['title'][language]}"
    return View(
        title=title,
        columns=[meta["columns"][column][language] for column in (by, *figures)],
        rows=table,
        kinds=[kind_of(by, table[0][0] if table else ""), *(kind_of(column, 0) for column in figures)],
        plotted=() if view.get("chart") == "none" else [1 + figures.index(column) for column in plotted],
        chart=view.get("chart", "column"),
    )


def ratio(above: Any, below: Any) -> float | None:
    return float(above) / float(below) if above is not None and below else None


def named(by: str, value: Any, words: Mapping[str, Any], day: Mapping[str, Any]) -> Any:
    """What a row is called: a code's word by the entry, else by the day; numbers and dates as they are."""
    if str(value) in words:
        return words[str(value)][day["language"]]
    if isinstance(value, bool):
        return branch_rows.FLAG[day["language"]][0 if value else 1]
    return branch_rows.word(by, value, day) if isinstance(value, str) else value


def natural(value: Any) -> tuple[Any, ...]:
    """A place in the order people expect: 1-3 before 10+, unknown last."""
    if not isinstance(value, str):
        return (value is None, "", value if value is not None else 0)
    number = re.match(r"\d+", value)
    return (False, "" if number else "a", int(number[0]) if number else 0, value)


def kind_of(column: str, value: Any) -> str:
    if isinstance(value, date):
        return "month" if column.endswith("_month") else "date"
    if isinstance(value, str):
        return "text"
    if column.endswith(("_rate", "_share")):
        return "rate"
    return "amount" if column.endswith("_amount") or column == "aum" else "number"
