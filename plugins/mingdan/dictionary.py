"""The dictionary: what every label, event and segment is called, means and rests on, read from the project itself.

`items()` reads SQL files and YAML entries alone. `write_dictionary` adds how a built day's values are spread and keeps
it in history/dictionary; no figure there tells of fewer than five people."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from mingdan import catalog
from mingdan.settings import DBT_PROJECT, Home, load_shipped

KEYS = ("customer_id", "as_of")
ORIGINS = {"customer": ("客户动向", "Customer"), "product": ("产品到期", "Product"), "market": ("市场", "Market")}
TYPES = ("flag", "count", "amount", "rate", "date", "band", "text", "code")
FEWEST = 5  # no figure of a distribution stands for fewer people
MOST_VALUES = 40  # of a code with more values (branches, managers) only their number is told


@dataclass(frozen=True)
class Item:
    """One label, event or segment. Sources and thresholds are those of the model it stands in (of a segment: of the
    families of the labels it reads), not of the one column."""

    kind: str
    code: str
    family: str
    family_zh: str
    family_en: str
    title_zh: str
    title_en: str
    definition: str
    family_definition: str
    type: str
    owner: str
    privacy: str
    sources: tuple[str, ...]
    thresholds: tuple[str, ...]


# ---- what the project says --------------------------------------------------------------------------------------


def items() -> list[Item]:
    """Every label, event and segment, in this order."""
    return [*labels(), *events(), *segments()]


def gaps() -> list[str]:
    """What is missing from the dictionary, a line each: an entry, a name, a definition, an owner; a code twice."""
    found = items()
    said = [problem for item in found for problem in problems(item)]
    described = {item.code for item in found if item.kind == "event"}
    said += [f"event {code}: in the SQL, but has no entry" for code in sorted(codes_in_sql() - described)]
    said += [f"event {code}: has an entry, but no SQL writes it" for code in sorted(described - codes_in_sql())]
    named = [(item.kind, item.code) for item in found]
    return said + [f"{kind} {code}: defined twice" for kind, code in sorted({n for n in named if named.count(n) > 1})]


def problems(item: Item) -> Iterator[str]:
    """What an item lacks."""
    where = f"{item.kind} {item.family}.{item.code}" if item.kind == "label" else f"{item.kind} {item.code}"
    for field in ("title_zh", "title_en", "family_zh", "family_en", "definition", "owner", "privacy"):
        if not getattr(item, field).strip():
            yield f"{where}: no {field}"
    if item.title_zh and not re.search(r"[\u4e00-\u9fff]", item.title_zh):
        yield f"{where}: title_zh {item.title_zh!r} is not Chinese"
    if item.kind == "label" and item.type not in TYPES:
        yield f"{where}: type {item.type!r} is none of {', '.join(TYPES)}"
    if item.privacy and item.privacy not in ("C1", "C2", "C3"):
        yield f"{where}: privacy {item.privacy!r} is none of C1, C2, C3"
    if not item.sources:
        yield f"{where}: rests on no source"


def labels() -> Iterator[Item]:
    """Every column of every label family."""
    for family in catalog.label_families():
        model = entry(f"label_{family}")
        sources, thresholds = rests_on(f"label_{family}")
        for column in model.get("columns") or []:
            if column["name"] in KEYS:
                continue
            meta = meta_of(column)
            yield Item(
                "label", column["name"], family, *both(meta_of(model).get("title", {})), *both(meta),
                text(column, "description"),
                text(model, "description"), text(meta, "type"), text(meta, "owner"), text(meta, "privacy"),
                sources, thresholds,
            )  # fmt: skip


def events() -> Iterator[Item]:
    """Every event code: the meta `events` of customer_events, code → zh, en, definition, origin, owner."""
    model = entry("customer_events")
    meta = meta_of(model)
    for code, event in (meta.get("events") or {}).items():
        sources, thresholds = event_rests_on(code)
        yield Item(
            "event", code, text(event, "origin"), *ORIGINS.get(text(event, "origin"), ("", "")), *both(event),
            text(event, "definition"),
            text(model, "description"), "event", text(event, "owner") or text(meta, "owner"),
            text(event, "privacy") or text(meta, "privacy") or "C2", sources, thresholds,
        )  # fmt: skip


def segments() -> Iterator[Item]:
    """Every segment model."""
    families = {column: family for family in catalog.label_families() for column in columns_of(family)}
    for name in catalog.segment_names():
        model = entry(f"segment_{name}")
        meta = meta_of(model)
        code = without_comments(sql_of(f"segment_{name}"))
        read = {f"label_{family}" for column, family in families.items() if re.search(rf"\b{column}\b", code)}
        reached = read | (refs(code) - {"customer_labels"})
        sources = tuple(sorted({source for each in reached for source in rests_on(each)[0]}))
        yield Item(
            "segment", name, "segments", "客群", "Segments", *both(meta.get("title", {})),
            text(model, "description"), text(meta, "purpose"), "segment", text(meta, "owner"),
            text(meta, "privacy") or "C2", sources, tuple(sorted(thresholds_in(code))),
        )  # fmt: skip


def entry(model: str) -> dict[str, Any]:
    return catalog.properties().get(model, {})


def columns_of(family: str) -> list[str]:
    return [each["name"] for each in entry(f"label_{family}").get("columns") or [] if each["name"] not in KEYS]


def meta_of(properties: dict[str, Any]) -> dict[str, Any]:
    return properties.get("config", {}).get("meta", {}) or {}


def both(names: dict[str, Any]) -> tuple[str, str]:
    return text(names, "zh"), text(names, "en")


def text(values: dict[str, Any], key: str) -> str:
    return " ".join(str(values.get(key) or "").split())


# ---- what the SQL files read ------------------------------------------------------------------------------------

REF = re.compile(r"\bref\(\s*['\"](\w+)['\"]\s*\)")
SOURCE = re.compile(r"\bsource\(\s*['\"](\w+)['\"]\s*,\s*['\"](\w+)['\"]\s*\)")
THRESHOLD = re.compile(r"\bthreshold\(\s*([^),]+)")
MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\(.*?\{%-?\s*endmacro", re.DOTALL)
STEP = re.compile(r"^(?:with )?(\w+) as \($", re.MULTILINE)
EVENT_CODE = re.compile(r"'(\w+)'(?:\s+end)? as event_code|then '(\w+)'(?: else '(\w+)')? end as event_code")


@cache
def models() -> dict[str, Path]:
    """Every model's file by name."""
    return {path.stem: path for path in sorted(catalog.MODELS.rglob("*.sql"))}


@cache
def sql_of(model: str) -> str:
    path = models().get(model)
    return path.read_text(encoding="utf-8") if path else ""  # a seed has none


@cache
def macros() -> dict[str, str]:
    """Every macro's text by name."""
    found = {}
    for path in sorted((DBT_PROJECT / "macros").rglob("*.sql")):
        for match in MACRO.finditer(path.read_text(encoding="utf-8")):
            found[match[1]] = match[0]
    return found


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", sql, flags=re.DOTALL)


def refs(sql: str) -> set[str]:
    """Models and seeds that an SQL text names, those of the macros that it calls included."""
    called = " ".join(macros()[name] for name in macros_in(sql))
    return set(REF.findall(without_comments(f"{sql}\n{called}")))


def macros_in(sql: str) -> set[str]:
    """Macros that an SQL text calls, directly or through another."""
    found: set[str] = set()
    waiting = [without_comments(sql)]
    while waiting:
        body = waiting.pop()
        new = (set(re.findall(r"\b(\w+)\(", body)) & macros().keys()) - found
        found |= new
        waiting += [without_comments(macros()[name]) for name in new]
    return found


@cache
def thresholds() -> frozenset[str]:
    """Names of the shipped thresholds."""
    return frozenset(load_shipped().thresholds)


def thresholds_in(sql: str) -> set[str]:
    """Thresholds that an SQL text asks for, its macros included; a name put together ('a_' ~ x ~ '_b') means all that
    fit."""
    bodies = [without_comments(sql), *(macros()[name] for name in macros_in(sql) if name != "threshold")]
    found: set[str] = set()
    for asked in (match for body in bodies for match in THRESHOLD.findall(body)):
        parts = [re.escape(part.strip()[1:-1]) if part.strip()[:1] in "'\"" else r"\w+" for part in asked.split("~")]
        if any(part != r"\w+" for part in parts):
            found |= {name for name in thresholds() if re.fullmatch("".join(parts), name)}
    return found


@cache
def reach(model: str) -> frozenset[str]:
    """A model and every model below it."""
    return frozenset(walk(model, lambda name: True))


def walk(model: str, wanted: Callable[[str], bool]) -> set[str]:
    """A model and the models below it that are wanted, as far as they are reached through wanted ones."""
    found, waiting = {model}, [model]
    while waiting:
        new = {name for name in refs(sql_of(waiting.pop())) if wanted(name)} - found
        found |= new
        waiting += sorted(new)
    return found


@cache
def rests_on(model: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Contract tables below a model, and the thresholds that it and its facts ask for (not those of other labels).

    Nothing rests on earlier days: facts can make all of them themselves."""
    below = walk(model, lambda name: layer_of(name) != "earlier")
    sources = {".".join(pair) for each in below for pair in SOURCE.findall(without_comments(sql_of(each)))}
    own = walk(model, lambda name: layer_of(name) == "facts")
    return tuple(sorted(sources)), tuple(sorted({name for each in own for name in thresholds_in(sql_of(each))}))


def layer_of(model: str) -> str | None:
    """The folder of a model; None for a seed."""
    return models()[model].parent.name if model in models() else None


def event_models() -> list[str]:
    return sorted(each for each in reach("customer_events") if "as event_code" in without_comments(sql_of(each)))


def codes_in_sql() -> set[str]:
    """Event codes that the SQL writes."""
    text_of_all = "\n".join(without_comments(sql_of(each)) for each in event_models())
    return {code for found in EVENT_CODE.findall(text_of_all) for code in found if code}


def event_rests_on(code: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """As rests_on, for the steps (CTEs) that lead to the one which writes the code."""
    for model in event_models():
        steps = steps_of(without_comments(sql_of(model)))
        wanted = [name for name, body in steps.items() if re.search(rf"'{code}'[^,]* as event_code", body)]
        seen = set(wanted)
        while wanted:
            body = steps[wanted.pop()]
            new = {name for name in steps if name not in seen and re.search(rf"(from|join)\s+{name}\b", body)}
            seen |= new
            wanted += sorted(new)
        if seen:
            sql = "\n".join(steps[name] for name in sorted(seen))
            sources = {source for each in refs(sql) for source in rests_on(each)[0]}
            return tuple(sorted(sources)), tuple(sorted(thresholds_in(sql)))
    return (), ()


def steps_of(sql: str) -> dict[str, str]:
    """The steps (CTEs) of a model by name, each with its text."""
    places = list(STEP.finditer(sql))
    ends = [match.start() for match in places[1:]] + [len(sql)]
    return {match[1]: sql[match.end() : end] for match, end in zip(places, ends, strict=True)}


# ---- how a day's values are spread ------------------------------------------------------------------------------

SCHEMA = pa.schema([
    *((name, pa.string()) for name in ("kind", "code", "family", "family_zh", "family_en")),
    *((name, pa.string()) for name in ("title_zh", "title_en", "definition")),
    *((name, pa.string()) for name in ("family_definition", "type", "owner", "privacy", "sources", "thresholds")),
    ("customer_count", pa.int64()), ("known_count", pa.int64()), ("coverage_rate", pa.float64()),
    ("distribution", pa.string()), ("as_of", pa.date32()),
])  # fmt: skip


@dataclass(frozen=True)
class Spread:
    """How many customers have a value (of an event or a segment: are in it), and how the values are spread."""

    known: int = 0
    distribution: Any = None


def write_dictionary(home: Home, as_of: date, memory: str = "2GB") -> Path:
    """Write history/dictionary/as_of=D from the project and that day's history of labels, events and segments.

    Raises FileNotFoundError when the day was not built."""
    found = items()
    parts = {
        table: history(home, table, as_of) for table in ("customer_labels", "customer_events", "customer_segments")
    }
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{memory}'")
        for table, path in parts.items():
            connection.execute(f"create view {table} as select * from read_parquet('{path}')")
        spreads = spread_of(connection, found)
        customers = number(connection, "select count(*) from customer_labels")
    rows = [row(item, spreads.get((item.kind, item.code), Spread()), customers, as_of) for item in found]
    partition = home.history / "dictionary" / f"as_of={as_of}"
    aside = partition.with_name(f".as_of={as_of}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), aside / "part-0.parquet", compression="zstd")
    shutil.rmtree(partition, ignore_errors=True)
    aside.rename(partition)
    return partition / "part-0.parquet"


def history(home: Home, table: str, as_of: date) -> Path:
    path = home.history / table / f"as_of={as_of}" / "part-0.parquet"
    if not path.exists():
        raise FileNotFoundError(f"business date {as_of} was not built: no {path}.")
    return path


def row(item: Item, spread: Spread, customers: int, as_of: date) -> dict[str, Any]:
    distribution = json.dumps(spread.distribution or {}, ensure_ascii=False)
    known = None if item.privacy == "C3" else spread.known  # bureau detail is not in history: nothing is told of it
    return asdict(item) | {
        "sources": ", ".join(item.sources), "thresholds": ", ".join(item.thresholds),
        "customer_count": customers, "known_count": known,
        "coverage_rate": None if known is None or not customers else round(known / customers, 6),
        "distribution": distribution, "as_of": as_of,
    }  # fmt: skip


def spread_of(connection: duckdb.DuckDBPyConnection, found: list[Item]) -> dict[tuple[str, str], Spread]:
    """The spread of every item that the day's tables have: a pass per family, one for events and segments each."""
    built = {name for name, *_ in connection.execute("describe customer_labels").fetchall()}
    spreads: dict[tuple[str, str], Spread] = {}
    for family in dict.fromkeys(item.family for item in found if item.kind == "label"):
        own = [item for item in found if item.kind == "label" and item.family == family and item.code in built]
        measures = [f"count({item.code}), {measure(item)}" for item in own]
        if measures:
            values = connection.execute(f"select {', '.join(measures)} from customer_labels").fetchone() or ()
            for item, known, value in zip(own, values[::2], values[1::2], strict=True):
                spreads["label", item.code] = Spread(known, shown(item.type, known, value))
    sql = "select event_code, count(distinct customer_id), count(*) from customer_events group by all"
    for code, customers, count in connection.execute(sql).fetchall():
        spreads["event", code] = Spread(customers, {"events": count} if customers >= FEWEST else None)
    sql = "select segment, count(distinct customer_id) from customer_segments group by all"
    for code, customers in connection.execute(sql).fetchall():
        spreads["segment", code] = Spread(customers)
    return spreads


def measure(item: Item) -> str:
    """The aggregate that `shown` turns into a distribution."""
    name = item.code
    if item.type in ("amount", "rate", "count"):
        # the fifth from either end: the outermost four people are nobody's business
        return (
            f"list_concat([list_last(min({name}, {FEWEST}))], quantile_disc({name}, [0.25, 0.5, 0.75]),"
            f" [list_last(max({name}, {FEWEST}))])"
        )
    if item.type == "date":
        return f"[list_last(min({name}, {FEWEST})), list_last(max({name}, {FEWEST}))]"
    if item.type == "text":
        return f"count(distinct {name})"
    if item.type == "flag":
        return f"map(['true', 'false'], [count_if({name}), count_if(not {name})])"  # a quarter of a histogram's time
    return f"histogram(cast({name} as varchar))"


def shown(kind: str, known: int, value: Any) -> Any:
    """A distribution as it may be read by anyone: nothing of fewer than five people, numbers with two digits."""
    if known < FEWEST:
        return None
    if kind in ("amount", "rate", "count"):
        return dict(zip(("low", "quarter", "median", "three_quarters", "high"), map(rounded, value), strict=True))
    if kind == "date":
        return {"from": str(value[0])[:7], "to": str(value[1])[:7]}
    if kind == "text" or len(value) > MOST_VALUES:
        return {"values": value if kind == "text" else len(value)}
    counts = {key: count for key, count in sorted(value.items()) if count >= FEWEST}
    few = known - sum(counts.values())
    return counts | ({f"<{FEWEST}": few if few >= FEWEST else None} if few else {})


def rounded(value: Any) -> float:
    return float(f"{float(value):.2g}")


def number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    (found,) = connection.execute(sql).fetchone() or (0,)
    return int(found)


# ---- told in words ----------------------------------------------------------------------------------------------


def tell(home: Home, code: str | None = None) -> Iterator[str]:
    """Lines of plain words: every item in brief, or one whole with its spread on the last built day.

    Raises LookupError for a code that nobody defines."""
    found = items()
    if code is None:
        for item in found:
            yield f"{item.kind:<8} {item.code:<34} {item.title_zh} · {item.title_en}"
        return
    wanted = [item for item in found if item.code == code]
    if not wanted:
        raise LookupError(
            f"no label, event or segment {code!r}; `mingdan dictionary` names them all; lists stand in docs/lists.md."
        )
    days = sorted(home.history.glob("dictionary/as_of=*/part-0.parquet"))
    for item in wanted:
        yield f"{item.kind} {item.code} ({item.family}): {item.title_zh} · {item.title_en}"
        yield item.definition
        if item.kind == "label":
            yield f"The family: {item.family_definition}"
        yield f"type {item.type}, owner {item.owner}, privacy {item.privacy}"
        yield f"rests on {', '.join(item.sources)}"
        yield f"thresholds {', '.join(item.thresholds) or 'none'}"
        for line in pq.read_table(days[-1]).to_pylist() if days else []:
            if (line["kind"], line["code"]) != (item.kind, item.code):
                continue
            if line["known_count"] is None:
                yield "its spread is not told: bureau detail is not kept in history"
            else:
                yield "on {as_of}: {known_count} of {customer_count} customers, {distribution}".format(**line)
