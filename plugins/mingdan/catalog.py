"""The catalogue: which lists, segments and labels exist, found by listing their files and reading their entries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mingdan.branch_rows import TALK_PARTS
from mingdan.settings import DBT_PROJECT, load_yaml

MODELS = DBT_PROJECT / "models"
PURPOSES = ("marketing", "service", "recovery")
SUBJECTS = ("customer", "prospect", "corporate")
BRANCH_RULES = ("home", "loan", "merchant", "nearest")
OWNERS = ("wealth", "credit", "merchant", "lobby", "corporate", "collection", "teller")  # roles of core.managers
CHANNELS = ("call", "sms", "wecom", "visit")  # those that delivery chooses among (macros/channels.sql)


class CatalogError(ValueError):
    """An entry and its SQL do not fit; the message names the file, what was expected and what was found."""


@dataclass(frozen=True)
class Entry:
    """One list: its code (list_<code>.sql), its file and the `meta` of its YAML entry."""

    code: str
    path: Path
    description: str
    meta: dict[str, Any]

    def title(self, language: str) -> str:
        return self.meta["title"][language]

    @property
    def sql(self) -> str:
        return next((MODELS / "lists").rglob(f"list_{self.code}.sql")).read_text(encoding="utf-8")


def names(folder: str, prefix: str) -> list[str]:
    found = (MODELS / folder).rglob(f"{prefix}*.sql")
    return sorted(path.stem.removeprefix(prefix) for path in found)


def list_names() -> list[str]:
    """Codes of every list model, on or off."""
    return names("lists", "list_")


def segment_names() -> list[str]:
    return [name for name in names("segments", "segment_") if name != "marts"]


@cache
def properties() -> dict[str, dict[str, Any]]:
    """Every model's properties entry by name, with the file it stands in as `_file`."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(MODELS.rglob("*.yml")):
        if path.name.endswith("unit_tests.yml"):
            continue
        try:
            document = load_yaml(path.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise CatalogError(f"{path.relative_to(DBT_PROJECT)} is no YAML: {error}") from error
        for model in document.get("models") or []:
            found[model["name"]] = {**model, "_file": path}
    return found


@cache
def entries() -> dict[str, Entry]:
    """Every list's entry by code. Raises CatalogError for a list without entry, or an entry without SQL or field."""
    found = {}
    known = properties()
    for code in list_names():
        name = f"list_{code}"
        if name not in known:
            raise CatalogError(f"models/lists/…/{name}.sql has no YAML entry named {name}; expected one beside it.")
        meta = known[name].get("config", {}).get("meta", {})
        entry = Entry(code, known[name]["_file"], known[name].get("description", ""), meta)
        check(entry)
        found[code] = entry
    orphans = [name for name in known if name.startswith("list_") and name.removeprefix("list_") not in found]
    orphans = [name for name in orphans if known[name]["_file"].is_relative_to(MODELS / "lists")]
    if orphans:
        where = known[orphans[0]]["_file"].relative_to(DBT_PROJECT)
        raise CatalogError(f"{where} describes {orphans[0]}, but models/lists has no {orphans[0]}.sql.")
    return found


REQUIRED: dict[str, Any] = {
    "title": dict, "line": str, "purpose": PURPOSES, "origin": ("existing", "walk_in", "outreach"),
    "subject": SUBJECTS, "owner": OWNERS, "branch_rule": BRANCH_RULES, "product_family": str, "offer": str,
    "weight": (int, float), "base_rate": (int, float), "valid_days": int, "cool_down_days": int, "score": list,
    "success": dict, "baseline": dict, "channels": list, "needs": list,
}  # fmt: skip


def check(entry: Entry) -> None:
    """Every field an entry must have, of the right kind; every score rule whole."""
    where = f"{entry.path.relative_to(DBT_PROJECT)}, list_{entry.code}"
    for field, kind in REQUIRED.items():
        value = entry.meta.get(field)
        if isinstance(kind, tuple) and isinstance(kind[0], str):
            if value not in kind:
                raise CatalogError(f"{where}: {field}: expected one of {', '.join(kind)}; found {value!r}.")
        elif not isinstance(value, kind) or isinstance(value, bool):
            expected = kind.__name__ if isinstance(kind, type) else "number"
            raise CatalogError(f"{where}: {field}: expected a {expected}; found {value!r}.")
    channels = entry.meta["channels"]
    if not channels or not set(map(str, channels)) <= set(CHANNELS):
        raise CatalogError(f"{where}: channels: expected some of {', '.join(CHANNELS)}; found {channels}.")
    for number, rule in enumerate(entry.meta["score"], start=1):
        if not (isinstance(rule.get("when"), str) and isinstance(rule.get("points"), int)
                and set(rule.get("reason", {})) == {"zh", "en"}):  # fmt: skip
            raise CatalogError(
                f"{where}: score rule {number}: expected when, points and reason {{zh, en}}; found {rule}."
            )
    for name, sql in entry.meta["baseline"].items():
        if not (re.fullmatch(r"[a-z]\w*", str(name)) and isinstance(sql, str)):
            raise CatalogError(
                f"{where}: baseline: expected names with an SQL expression each, in quotes where it has a comma; "
                f"found {name}: {sql}."
            )
    success = entry.meta["success"]
    if not (is_judged(entry) or (set(success) == {"event", "why"} and set(success["why"]) == {"zh", "en"})):
        raise CatalogError(
            f"{where}: success: expected event, within_days and when (kind kept, where standing still meets it), or "
            f"event none and why {{zh, en}}; found {success}."
        )


def is_judged(entry: Entry) -> bool:
    """Whether a list's leads get a verdict; care gets none."""
    success = entry.meta["success"]
    return (
        isinstance(success.get("event"), str) and isinstance(success.get("within_days"), int)
        and isinstance(success.get("when"), str) and success.get("kind", "won") in ("won", "kept")
    )  # fmt: skip


def rule_id(number: int) -> str:
    """Rules are named by their place in the entry: r1, r2, …"""
    return f"r{number}"


PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def reason_facts(meta: dict[str, Any]) -> list[str]:
    """Names of the values that an entry's reasons show, in order of first appearance."""
    found: dict[str, None] = {}
    for rule in meta["score"]:
        for text in rule["reason"].values():
            for name, _ in PLACEHOLDER.findall(text):
                found[name] = None
    return list(found)


def label_families() -> list[str]:
    """Label models that go into customer_labels, one per family."""
    return names("labels", "label_")


def label_entries() -> list[dict[str, Any]]:
    """Every column of every family's entry: the labels, and the keys as often as there are families."""
    known = properties()
    families = [known.get(f"label_{family}", {}) for family in label_families()]
    return [column for family in families for column in family.get("columns", [])]


@cache
def label_columns() -> dict[str, str]:
    """Every label with its SQL type."""
    return {column["name"]: column["data_type"] for column in label_entries()}


def bureau_detail() -> set[str]:
    """Labels of privacy class C3, which are read in the warehouse and kept nowhere else."""
    return {each["name"] for each in label_entries() if each.get("config", {}).get("meta", {}).get("privacy") == "C3"}


CODE_TABLES = ("tiers", "categories", "growth_benefits")  # settings' tables whose first column is a code with names


def code_names(settings: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Names of codes: label (or table of settings) → code → {zh, en}, from the `codes` of the labels' entries.

    `codes` gives the names, or says whose they are: a table of CODE_TABLES, or another label."""
    tables: dict[str, dict[str, dict[str, str]]] = {}
    for table in CODE_TABLES:
        rows = settings.rows(table)
        tables[table] = {next(iter(row.values())): {"zh": row["name_zh"], "en": row["name_en"]} for row in rows}
    given = {column["name"]: column.get("config", {}).get("meta", {}).get("codes") for column in label_entries()}
    own = {name: codes for name, codes in given.items() if isinstance(codes, dict)}
    for name, codes in given.items():
        if isinstance(codes, str) and codes not in tables | own:
            raise CatalogError(
                f"label {name}: codes: expected names, one of {', '.join(CODE_TABLES)}, or a label that gives names; "
                f"found {codes!r}."
            )
    named = {name: (tables | own)[codes] for name, codes in given.items() if isinstance(codes, str)}
    return tables | own | named


def validate(settings: Any) -> None:
    """Whatever an entry names must be there: its offer, and the values its reasons show.

    Raises CatalogError naming the list, what was expected and what was found."""
    from mingdan import reasons

    offers = {row["offer"] for row in settings.rows("offers")}
    for entry in entries().values():
        where = f"{entry.path.relative_to(DBT_PROJECT)}, list_{entry.code}"
        if entry.meta["offer"] not in offers:
            raise CatalogError(
                f"{where}: offer: expected one of seeds/offers.csv ({', '.join(sorted(offers))}); "
                f"found {entry.meta['offer']!r}."
            )
        central = entry.meta.get("central_channel")
        if central is not None and central not in settings.central:
            known = ", ".join(settings.central)
            raise CatalogError(f"{where}: central_channel: expected one of {known}; found {central!r}.")
        most = entry.meta.get("most_per_branch")
        if most is not None and most not in settings.thresholds:
            raise CatalogError(f"{where}: most_per_branch: expected the name of a threshold; found {most!r}.")
        try:
            reasons.validate(entry.meta, set(columns_of(entry.meta["subject"])) | set(entry.meta.get("facts", [])))
        except ValueError as error:
            raise CatalogError(f"{where}: {error}") from error
    for row in settings.rows("talk_tracks"):
        if row["list"] not in entries() or row["part"] not in TALK_PARTS:
            raise CatalogError(
                f"talk_tracks.csv, {row['list']}, {row['variant']}, {row['part']}: expected a list that there is, and "
                f"one of the parts {', '.join(TALK_PARTS)}."
            )
    validate_score()
    validate_success()


def columns_of(subject: str) -> dict[str, str]:
    """What the rules of a list may name of its subjects, with SQL types: labels of customers, or the columns of the
    prospects or corporates."""
    if subject == "customer":
        return label_columns()
    return {column["name"]: column["data_type"] for column in properties()[f"{subject}s"]["columns"]}


def success_rules() -> dict[str, dict[str, Any]]:
    """Each judged list's success rule by code: `subject`, `when` (SQL over its later columns and baseline_<name>),
    `within_days`, `kind` (won, or kept where standing still meets it), and the SQL types of its baseline by name: the
    column's own where it is one, else a number."""
    return {
        code: {
            "subject": entry.meta["subject"],
            "when": entry.meta["success"]["when"],
            "within_days": entry.meta["success"]["within_days"],
            "kind": entry.meta["success"].get("kind", "won"),
            "baseline": {
                name: columns_of(entry.meta["subject"]).get(sql, "decimal(28,6)")
                for name, sql in entry.meta["baseline"].items()
            },
        }
        for code, entry in entries().items()
        if is_judged(entry)
    }


def validate_score() -> None:
    """Every score rule must be SQL over labels, the entry's facts and what the list's own SQL names: one that is not
    would only show in a run, as a failure of the list's SQL in which the rule cannot be found."""
    import duckdb

    with duckdb.connect() as connection:
        for entry in entries().values():
            known = {*columns_of(entry.meta["subject"]), *entry.meta.get("facts", [])}
            for number, rule in enumerate(entry.meta["score"], start=1):
                where = f"{entry.path.relative_to(DBT_PROJECT)}, list_{entry.code}, score rule {number}"
                found = connection.execute("select json_serialize_sql(?)", [f"select {rule['when']}"]).fetchall()
                tree = json.loads(found[0][0])
                if tree["error"]:
                    raise CatalogError(f"{where}: expected an SQL condition; found {rule['when']!r}.")
                for name in columns_in(tree):
                    if name not in known and not named_in(name, entry.sql):
                        raise CatalogError(
                            f"{where}: expected labels, facts of the entry or columns of its SQL; found {name!r}."
                        )


def columns_in(tree: Any) -> Iterator[str]:
    """The columns that a parsed SQL text (json_serialize_sql) names."""
    if isinstance(tree, dict):
        if tree.get("class") == "COLUMN_REF":
            yield tree["column_names"][-1].lower()  # SQL does not tell letters' cases apart
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from columns_in(part)


def validate_success() -> None:
    """Every success rule must be a condition over labels and its entry's own baseline. One that is not would only show
    when the list's first leads fall due, and then stop the day for all lists."""
    import duckdb

    with duckdb.connect() as connection:
        for code, rule in success_rules().items():
            # a prospect is judged on the customer they have become
            later = columns_of("corporate" if rule["subject"] == "corporate" else "customer")
            kinds = later | {f"baseline_{name}": kind for name, kind in rule["baseline"].items()}
            columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            connection.execute(f"create or replace temp table subject ({columns})")
            try:
                connection.execute(f"select cast({rule['when']} as boolean) from subject")
            except duckdb.Error as error:
                where = f"{entries()[code].path.relative_to(DBT_PROJECT)}, list_{code}"
                said = str(error).splitlines()[0]
                raise CatalogError(
                    f"{where}: success.when: expected a condition over labels and baseline_<name>; found "
                    f"{rule['when']!r}, which does not hold together: {said}"
                ) from error


def named_in(column: str, sql: str) -> bool:
    """Whether an SQL text names the column, comments left out."""
    code = re.sub(r"--[^\n]*", "", sql)
    return re.search(rf"\b{re.escape(column)}\b", code) is not None
