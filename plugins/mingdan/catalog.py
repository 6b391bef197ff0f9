"""The catalogue: which lists, segments and labels exist, found by listing their files and reading their entries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mingdan.settings import DBT_PROJECT, load_yaml

MODELS = DBT_PROJECT / "models"
PURPOSES = ("marketing", "service", "recovery")
SUBJECTS = ("customer", "prospect", "corporate")
BRANCH_RULES = ("home", "loan", "merchant", "nearest")


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
        for model in (load_yaml(path.read_text(encoding="utf-8")) or {}).get("models") or []:
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
    "subject": SUBJECTS, "owner": str, "branch_rule": BRANCH_RULES, "product_family": str, "offer": str,
    "weight": (int, float), "base_rate": (int, float), "valid_days": int, "cool_down_days": int, "score": list,
    "success": dict, "channels": list, "needs": list,
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
    for number, rule in enumerate(entry.meta["score"], start=1):
        if not (isinstance(rule.get("when"), str) and isinstance(rule.get("points"), int)
                and set(rule.get("reason", {})) == {"zh", "en"}):  # fmt: skip
            raise CatalogError(
                f"{where}: score rule {number}: expected when, points and reason {{zh, en}}; found {rule}."
            )


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


def label_columns() -> set[str]:
    """Names of every label, from the families' entries."""
    known = properties()
    families = [known.get(f"label_{family}", {}) for family in label_families()]
    return {column["name"] for family in families for column in family.get("columns", [])}


def validate(settings: Any) -> None:
    """Whatever an entry names must be there: its offer, and the values its reasons show.

    Raises CatalogError naming the list, what was expected and what was found."""
    from mingdan import reasons

    offers = {row["offer"] for row in settings.rows("offers")}
    known = label_columns()
    for entry in entries().values():
        where = f"{entry.path.relative_to(DBT_PROJECT)}, list_{entry.code}"
        if entry.meta["offer"] not in offers:
            raise CatalogError(
                f"{where}: offer: expected one of seeds/offers.csv ({', '.join(sorted(offers))}); "
                f"found {entry.meta['offer']!r}."
            )
        try:
            reasons.validate(entry.meta, known | set(entry.meta.get("facts", [])))
        except ValueError as error:
            raise CatalogError(f"{where}: {error}") from error


def named_in(column: str, sql: str) -> bool:
    """Whether an SQL text names the column, comments left out."""
    code = re.sub(r"--[^\n]*", "", sql)
    return re.search(rf"\b{re.escape(column)}\b", code) is not None


def report_entries() -> dict[str, dict[str, Any]]:
    """The meta of every report model by model name: title, columns (their names), workbook (how it is drawn)."""
    known = properties()
    return {f"report_{name}": known[f"report_{name}"]["config"]["meta"] for name in names("reports", "report_")}
