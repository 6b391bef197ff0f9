"""A bank's settings: the shipped defaults, overridden by key from one folder. The only reader of the environment."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
DBT_PROJECT = PROJECT / "dbt_project"
SEEDS = DBT_PROJECT / "seeds"
DEFAULTS = Path(__file__).with_name("settings.yml")

# The key columns of each settings table, and whether a bank may add rows of its own.
TABLES: dict[str, tuple[tuple[str, ...], bool]] = {
    "thresholds": (("name",), False),
    "tiers": (("tier",), False),
    "categories": (("category",), False),
    "offers": (("offer",), True),
    "benefits": (("offer", "value_tier"), True),
    "growth_benefits": (("benefit",), True),
    "talk_tracks": (("list", "variant", "part"), True),
    "patterns": (("kind", "pattern"), True),
}
CHOICES = {
    "environment": ("test", "production"),
    "consent": ("required", "assumed (test data)"),
    "language": ("zh", "en"),
    "contact_history": ("none", "expected"),
    "engine": ("duckdb", "spark"),
}
CAPPED_CHANNELS = ("call", "sms", "wecom", "visit", "app_push")  # those that delivery chooses among


def load_yaml(text: str) -> Any:
    """YAML read by libyaml where it is built in (its wheels have it): ten times faster than in Python."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class SettingsError(ValueError):
    """A setting that is unknown, malformed or forbidden; the message names file, key, expected and found."""


@dataclass(frozen=True)
class Home:
    """The folders of MINGDAN_HOME. `landing` and `published` may be object-store URLs, the rest are local."""

    root: Path
    landing: str
    published: str

    @property
    def accepted(self) -> Path:
        return self.root / "accepted"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def history(self) -> Path:
        return self.root / "history"

    @property
    def pay(self) -> Path:
        return self.root / "pay"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


@dataclass(frozen=True)
class Settings:
    """The effective settings: every key of settings.yml as `settings["key"]`, every table as `settings.rows(name)`."""

    values: dict[str, Any]
    tables: dict[str, list[dict[str, str]]]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __getattr__(self, key: str) -> Any:
        try:
            return self.__dict__["values"][key]
        except KeyError:
            raise AttributeError(key) from None

    def rows(self, name: str) -> list[dict[str, str]]:
        return self.tables.get(name, [])

    @cached_property
    def version(self) -> str:
        """Digest of everything that changes what is built or published (not where things are kept or told)."""
        places = (
            "landing",
            "published",
            "notices",
            "memory",
            "engine",
            "build_ahead",
            "wait_for_sources_hours",
            "retention",
            "portal",
        )
        kept = {key: value for key, value in self.values.items() if key not in places}
        text = json.dumps([kept, self.tables], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def thresholds(self) -> dict[str, dict[str, Any]]:
        found = {}
        for row in self.rows("thresholds"):
            enter = literal(row["enter"])
            found[row["name"]] = {"enter": enter, "keep": literal(row["keep"]) if row.get("keep") else enter}
        return found

    @property
    def policy(self) -> dict[str, Any]:
        """The numbers that delivery goes by, published with each day, so that an audit judges it by its own."""
        keys = (
            "environment", "consent", "sources_off", "default_branch_capacity", "control", "contact", "central",
            "takeover_ratio",
        )  # fmt: skip
        return {key: self.values[key] for key in keys} | {"thresholds": self.thresholds}

    @property
    def consent_assumed(self) -> bool:
        return self.values["consent"] != "required"

    def dbt_vars(self) -> dict[str, Any]:
        """What the models read of the settings; the day's own values are added by the run."""
        return {
            "thresholds": self.thresholds,
            "tiers": [
                {"tier": row["tier"], **{key: literal(row[key]) for key in ("rank", "floor_amount", "fall_months")}}
                for row in self.rows("tiers")
            ],
            # without a level nobody earns it: how a bank leaves out one that is shipped
            "growth_benefits": [
                {"benefit": row["benefit"], "level": literal(row["level"])}
                for row in self.rows("growth_benefits")
                if row["level"]
            ],
            "consent_assumed": self.consent_assumed,
            "pay": self.values["pay"],
            "core_categories": self.values["core_categories"],
            "default_branch_capacity": self.values["default_branch_capacity"],
            "control": self.values["control"],
            "contact": self.values["contact"],
            "central": self.values["central"],
            "sources_off": self.values["sources_off"],
            "takeover_ratio": self.values["takeover_ratio"],
            "history_starts_on": str(self.values["history_starts_on"] or "1900-01-01"),
        }

    def write_seeds(self, folder: Path) -> Path:
        """Write the merged tables as CSV files for dbt; the same settings give the same files.

        dbt-spark puts each cell between quotes as it is, so an apostrophe is escaped for that engine."""

        def cell(text: str) -> str:
            return text.replace("\\", "\\\\").replace("'", "\\'") if self.engine == "spark" else text

        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
        for shipped in SEEDS.glob("*.yml"):
            (folder / shipped.name).write_bytes(shipped.read_bytes())
        return folder


def literal(text: str) -> Any:
    """A CSV cell as a number where it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def load_shipped() -> Settings:
    """The shipped defaults alone."""
    values = load_yaml(DEFAULTS.read_text(encoding="utf-8"))
    return Settings(values, {name: read_csv(SEEDS / f"{name}.csv") for name in TABLES})


def load(folder: Path | str | None = None) -> Settings:
    """The shipped defaults with the bank's folder (argument, else MINGDAN_SETTINGS) laid over them.

    Raises SettingsError naming file and key for anything unknown, malformed or forbidden."""
    chosen = folder or os.environ.get("MINGDAN_SETTINGS")
    shipped = load_shipped()
    values, tables = shipped.values, shipped.tables
    if chosen:
        bank = Path(chosen)
        if not bank.is_dir():
            raise SettingsError(f"settings folder {bank}: expected a folder (MINGDAN_SETTINGS), found none.")
        own = bank / "settings.yml"
        if own.exists():
            values = overlay(values, load_yaml(own.read_text(encoding="utf-8")) or {}, str(own))
        for path in sorted(bank.glob("*.csv")):
            if path.stem not in tables:
                raise SettingsError(f"{path}: no such settings table; expected one of {', '.join(sorted(tables))}.")
            tables[path.stem] = merge(path, tables[path.stem], read_csv(path))
    for key, allowed in CHOICES.items():
        if values[key] not in allowed:
            raise SettingsError(f"settings.yml, {key}: expected one of {', '.join(allowed)}; found {values[key]!r}.")
    settings = Settings(values, tables)
    if settings.consent_assumed and values["environment"] == "production":
        raise SettingsError(
            "settings.yml: consent 'assumed (test data)' is accepted in environment 'test' only; found 'production'."
        )
    check_caps(values["contact"]["caps"])
    check_lists_off(values["lists_off"])
    check_shares({"control": values["control"]} | values["central"])
    if isinstance(values["history_starts_on"], str):
        values["history_starts_on"] = date.fromisoformat(values["history_starts_on"])
    return settings


def check_caps(caps: Any) -> None:
    """Raise SettingsError for a cap on contacts that could not be kept as it is meant."""
    where = "settings.yml, contact.caps"
    form = "{days: 7, most: 2, what: reached}, and with it channel: or list: for a cap on one of them"
    if not isinstance(caps, list):
        raise SettingsError(f"{where}: expected a list of caps such as {form}; found {caps!r}.")
    for cap in caps:
        required = {"days", "most", "what"}
        if not isinstance(cap, dict) or set(cap) not in (required, required | {"channel"}, required | {"list"}):
            raise SettingsError(f"{where}: expected a cap such as {form}; found {cap!r}.")
        expected = {
            "days": (range(1, 401), "whole days from 1 to 400"),
            "most": (range(1, 401), "a whole number from 1 to 400"),
            "what": (("reached", "attempts"), "reached or attempts"),
            "channel": (CAPPED_CHANNELS, f"one of {', '.join(CAPPED_CHANNELS)}"),
        }
        for key, (allowed, words) in expected.items():
            if key in cap and (isinstance(cap[key], bool) or cap[key] not in allowed):
                raise SettingsError(f"{where}, {key}: expected {words}; found {cap[key]!r}.")
        if "list" in cap and cap["list"] not in list_codes():
            raise SettingsError(f"{where}, list: expected the code of a list; found {cap['list']!r}.")


def list_codes() -> set[str]:
    found = (DBT_PROJECT / "models" / "lists").rglob("list_*.sql")
    return {path.stem.removeprefix("list_") for path in found}


def check_lists_off(codes: Any) -> None:
    """Raise SettingsError for a list to be left out that there is not: one misspelt would stay on."""
    known = list_codes()
    wrong = [code for code in codes if code not in known] if isinstance(codes, list) else [codes]
    if wrong:
        raise SettingsError(f"settings.yml, lists_off: expected codes of lists; found {wrong[0]!r}.")


def check_shares(groups: dict[str, dict[str, Any]]) -> None:
    """Raise SettingsError for a share that is none: 5 for 5 % would hold everybody out, and no list name anybody."""
    for group, values in groups.items():
        for key, value in values.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if key.endswith("_share") and not (number and 0 <= value <= 1):
                raise SettingsError(f"settings.yml, {group}, {key}: expected a share from 0 to 1; found {value!r}.")


def home(settings: Settings | None = None) -> Home:
    """The folders of MINGDAN_HOME (default ./var); MINGDAN_LANDING and MINGDAN_PUBLISHED go before settings.yml."""
    root = Path(os.environ.get("MINGDAN_HOME", "var")).resolve()
    values = (settings or load()).values
    return Home(
        root=root,
        landing=os.environ.get("MINGDAN_LANDING") or values["landing"] or str(root / "landing"),
        published=os.environ.get("MINGDAN_PUBLISHED") or values["published"] or str(root / "published"),
    )


def secret(name: str) -> str:
    """The value of an environment variable that settings.yml names instead of holding it. Raises SettingsError."""
    if not os.environ.get(name):
        raise SettingsError(f"environment variable {name}: expected a value (settings.yml names it); found none.")
    return os.environ[name]


def set_environment(values: dict[str, str]) -> None:
    """Set variables for this process and those it starts: components read theirs when they are imported."""
    os.environ.update(values)


def overlay(base: dict[str, Any], own: dict[str, Any], where: str) -> dict[str, Any]:
    unknown = sorted(set(own) - set(base))
    if unknown:
        raise SettingsError(f"{where}: unknown key {unknown[0]!r}; known keys are {', '.join(sorted(base))}.")
    merged = dict(base)
    for key, value in own.items():
        nested = isinstance(base[key], dict) and isinstance(value, dict)
        merged[key] = overlay(base[key], value, f"{where}, {key}") if nested else value
    return merged


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def merge(path: Path, base: list[dict[str, str]], own: list[dict[str, str]]) -> list[dict[str, str]]:
    """The bank's rows replace the shipped ones of the same key, column by column."""
    key_columns, may_add = TABLES[path.stem]
    columns = list(base[0])
    merged = {tuple(row[column] for column in key_columns): dict(row) for row in base}
    for number, row in enumerate(own, start=2):
        unknown = sorted(set(row) - set(columns))
        if unknown or any(not row.get(column) for column in key_columns):
            raise SettingsError(
                f"{path}, line {number}: expected columns {', '.join(columns)} with a key in "
                f"{', '.join(key_columns)}; found {', '.join(map(str, row))}."
            )
        key = tuple(row[column] for column in key_columns)
        if key not in merged and not may_add:
            raise SettingsError(
                f"{path}, line {number}: unknown or removed key {'/'.join(key)}; "
                f"known: {', '.join(sorted('/'.join(known) for known in merged))}."
            )
        merged[key] = {**dict.fromkeys(columns, ""), **merged.get(key, {}), **row}
    return list(merged.values())


MARK = "# ---- below: written by `python -m mingdan.settings`, kept true by tests/unit/test_settings.py ----\n"


def default_vars_block() -> str:
    """The vars block of dbt_project.yml, so that plain `dbt build` works with the shipped settings."""
    from mingdan import catalog

    settings = load_shipped()
    found = {"as_of": "2026-06-30", "list_date": "2026-07-01", **settings.dbt_vars()}
    found["lists"] = [name for name in catalog.list_names() if name not in settings["lists_off"]]
    found["segments"] = catalog.segment_names()
    found["label_families"] = catalog.label_families()
    return yaml.safe_dump({"vars": found}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)


if __name__ == "__main__":
    project_file = DBT_PROJECT / "dbt_project.yml"
    head = project_file.read_text(encoding="utf-8").split("# ---- below:")[0]
    project_file.write_text(head + MARK + default_vars_block(), encoding="utf-8")
