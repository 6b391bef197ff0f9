"""The source contract: what a bank delivers. The YAML in dbt_project/models/sources is the one place that states it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import yaml

from mingdan.settings import load_yaml

SOURCES_FOLDER = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "sources"
ARROW_TYPES: dict[str, pa.DataType] = {
    "varchar": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),  # bank-local, so without a zone
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "decimal(18,2)": pa.decimal128(18, 2),
    "decimal(9,6)": pa.decimal128(9, 6),
}
TABLE_META = (
    "title", "kind", "cadence", "required", "may_be_empty", "late", "key",
    "references", "band", "window_days", "stands", "date_column", "switch",
)  # fmt: skip
COLUMN_META = ("zh", "required", "privacy", "nullable", "min", "values", "names_files")


class ContractError(Exception):
    """The contract's YAML is wrong; the text and the attributes name file, table, column, expected and found."""

    def __init__(self, file: str, table: str, column: str, expected: str, found: object) -> None:
        self.file, self.table, self.column, self.expected, self.found = file, table, column, expected, found
        super().__init__(
            f"{file}: table {table or '(none)'}, column {column or '(none)'}: expected {expected}, found {found!r}"
        )


@dataclass(frozen=True)
class Column:
    """One column of a source table. `minimum` is in its own unit; no `values` means that any may occur."""

    name: str
    type: str
    required: bool
    nullable: bool  # always true of an optional column
    privacy: str  # C1 internal, C2 identity, contact and assets, C3 bureau detail
    zh: str
    description: str
    values: tuple[str, ...] = ()
    minimum: int | None = None
    names_files: bool = False  # a value is part of the names of published files

    @property
    def arrow_type(self) -> pa.DataType:
        """The exact Parquet type that is used in place."""
        return ARROW_TYPES[self.type]

    @property
    def sql_type(self) -> str:
        """The type as the YAML's data_type writes it, such as decimal(18,2)."""
        return self.type


@dataclass(frozen=True)
class Reference:
    """Values of `column` must occur in `to_column` of the table with id `to_table`; nulls are no orphans."""

    column: str
    to_table: str
    to_column: str


class Band(NamedTuple):
    """How far the row count may move against the day before, as shares: 0.2 is 20 percent; a rise may exceed 1."""

    fall: float
    rise: float


@dataclass(frozen=True)
class Table:
    """One source table. `late_days` (with late = use_last) and `window_days` (event tables) count calendar days."""

    source: str
    name: str
    zh: str
    en: str
    description: str
    kind: str  # snapshot, event
    cadence: str  # daily, monthly, on_change
    required: bool
    may_be_empty: bool
    late: str  # stop, off, use_last
    late_days: int | None
    key: tuple[str, ...]
    references: tuple[Reference, ...]
    band: Band | None
    window_days: int | None
    stands: tuple[str, tuple[str, ...]] | None  # of events: a column and the values that are read however old
    date_column: str | None  # must equal the partition's date
    switch: str | None  # a setting that must be on before the table is read at all
    columns: tuple[Column, ...]

    @property
    def id(self) -> str:
        """Source and table, as in core.customers."""
        return f"{self.source}.{self.name}"

    @property
    def view(self) -> str:
        """The view's name in the landing schema, as in core__customers."""
        return f"{self.source}__{self.name}"

    @property
    def arrow_schema(self) -> pa.Schema:
        """Every column, optional ones too, in the contract's order and exact types; nulls are checked as content."""
        return pa.schema([(each.name, each.arrow_type) for each in self.columns])

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the contract has none."""
        found = [each for each in self.columns if each.name == name]
        if not found:
            raise KeyError(f"{self.id} has no column {name}")
        return found[0]


@dataclass(frozen=True)
class Contract:
    """The whole contract: its version and its tables by id, sorted by source file, then in the file's order."""

    version: str
    tables: dict[str, Table]


def load_contract(folder: Path | None = None) -> Contract:
    """The contract in `folder` (default: the project's own), read once per folder; ContractError when malformed."""
    return _load((folder or SOURCES_FOLDER).resolve())


@lru_cache
def _load(folder: Path) -> Contract:
    tables: dict[str, Table] = {}
    files: dict[str, str] = {}
    versions: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        top = (path.name, "", "")
        try:
            document = load_yaml(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ContractError(*top, "readable YAML", str(error)) from error
        for source in _need(top, document, "sources", list):
            versions += map(str, _meta(top, source, ("contract_version",)).values())
            for entry in _need(top, source, "tables", list):
                table = _table(path.name, _need(top, source, "name", str), entry)
                if table.id in tables:
                    raise ContractError(path.name, table.id, "", "each table once", f"again after {files[table.id]}")
                tables[table.id], files[table.id] = table, path.name
    if len(versions) != 1:
        raise ContractError(str(folder), "", "", "exactly one contract_version", versions)
    for table in tables.values():
        for link in table.references:
            target = tables.get(link.to_table)
            if target is None or link.to_column not in target.arrow_schema.names:
                found = f"{link.to_table}.{link.to_column}"
                raise ContractError(files[table.id], table.id, link.column, "a reference to a column we have", found)
    return Contract(versions[0], tables)


def _table(file: str, source: str, entry: Any) -> Table:
    name = _need((file, source, ""), entry, "name", str)
    here = (file, f"{source}.{name}", "")
    meta = _meta(here, entry, TABLE_META)
    columns = tuple(_column(here, each) for each in _need(here, entry, "columns", list))
    title, late = _need(here, meta, "title", dict), _need(here, meta, "late", dict)
    kind = _need(here, meta, "kind", ("snapshot", "event"))
    action = _need(here, late, "do", ("stop", "off", "use_last"))  # off needs quotes: YAML reads a bare one as false
    band = _need(here, meta, "band", dict) if "band" in meta else None
    stands = _need(here, meta, "stands", dict) if "stands" in meta else None
    references = []
    for each in meta.get("references", ()):
        to_table, _, to_column = _need(here, each, "to", str).rpartition(".")
        references.append(Reference(_need(here, each, "column", str), to_table, to_column))
    table = Table(
        source, name, _need(here, title, "zh", str), _need(here, title, "en", str),
        _need(here, entry, "description", str), kind, _need(here, meta, "cadence", ("daily", "monthly", "on_change")),
        _need(here, meta, "required", bool), _need(here, meta, "may_be_empty", bool),
        action, _need(here, late, "days", int) if action == "use_last" else None,
        tuple(_need(here, meta, "key", list)), tuple(references),
        Band(_need(here, band, "fall", float), _need(here, band, "rise", float)) if band else None,
        _need(here, meta, "window_days", int) if kind == "event" else None,
        (_need(here, stands, "column", str), tuple(_need(here, stands, "values", list))) if stands else None,
        meta.get("date_column"), meta.get("switch"), columns,
    )  # fmt: skip
    _need(here, entry, "identifier", (table.view,))
    names = table.arrow_schema.names
    also = (table.date_column, table.stands and table.stands[0])
    used = (*table.key, *(link.column for link in references), *filter(None, also))
    for column in (*names, *used):
        if names.count(column) != 1:
            raise ContractError(file, table.id, column, "exactly one column of this name", names)
    return table


def _column(place: tuple[str, str, str], entry: Any) -> Column:
    name = _need(place, entry, "name", str)
    here = (*place[:2], name)
    meta = _meta(here, entry, COLUMN_META)
    required = _need(here, meta, "required", bool)
    return Column(
        name, _need(here, entry, "data_type", tuple(ARROW_TYPES)), required,
        not required or ("nullable" in meta and _need(here, meta, "nullable", bool)),
        _need(here, meta, "privacy", ("C1", "C2", "C3")), _need(here, meta, "zh", str),
        _need(here, entry, "description", str), tuple(_need(here, meta, "values", list) if "values" in meta else ()),
        _need(here, meta, "min", int) if "min" in meta else None, "names_files" in meta,
    )  # fmt: skip


def _meta(place: tuple[str, str, str], entry: Any, known: tuple[str, ...]) -> dict[str, Any]:
    config = entry.get("config") if isinstance(entry, dict) else None
    meta = config.get("meta") if isinstance(config, dict) else None
    if meta is None:
        return {}
    for name in meta:
        if name not in known:
            raise ContractError(*place, f"only the meta names {', '.join(known)}", name)
    return meta


def _need(place: tuple[str, str, str], entry: Any, name: str, expected: type | tuple[str, ...]) -> Any:
    """The entry's value under `name`: of that very type and not empty, or one of the given texts."""
    value = entry.get(name) if isinstance(entry, dict) else entry
    if isinstance(expected, tuple):
        if isinstance(value, str) and value in expected:
            return value
        raise ContractError(*place, f"{name}, one of {', '.join(expected)}", value)
    right = type(value) is expected or (expected is float and type(value) is int)
    if right and isinstance(entry, dict) and value not in ("", [], {}):
        return value
    raise ContractError(*place, f"{name} as a {expected.__name__}, not empty", value)
