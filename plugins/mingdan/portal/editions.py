"""What was published, as the pages read it: a list date's current revision, kept in memory, branch by branch.

Only files that a manifest names are read. A revision never changes, so what was read once stays true."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mingdan import branch_rows, publishing, reasons
from mingdan.portal.customer_rows import CustomerRows
from mingdan.stores import Store

KEPT = 3  # revisions in memory: today's, the day before's, and one that somebody looks up
LOOK_AGAIN = 5.0  # seconds for which the pointer to the newest revision is believed
PAST = ["lead_id", "list", "purpose", "state", "list_date", "branch_id", "owner_id", "owner_name", "central_channel"]
LANGUAGES = ("zh", "en")
CUSTOMERS = "portal/customers.parquet"
LABELS = "portal/customer_labels.parquet"
# Files that every search and card asks for one customer, and the tables of the database that they become.
BY_CUSTOMER = {
    CUSTOMERS: "customers",
    "portal/customer_events.parquet": "customer_events",
    "portal/relations.parquet": "relations",
}


@dataclass
class Edition:
    """One published revision: the day's words and states, and its leads in order of branch and rank."""

    list_date: date
    revision: int
    manifest: Mapping[str, Any]
    day: Mapping[str, Any]
    leads: pa.Table
    store: Store
    tables: dict[str, pa.Table] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    in_memory: set[str] = field(default_factory=set)  # files of BY_CUSTOMER that stand in the database
    # In memory, for looking into published files; it holds nothing but those of BY_CUSTOMER.
    database: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(config={"threads": 1}))
    label_rows: CustomerRows | None = None

    @cached_property
    def spans(self) -> dict[str, tuple[int, int]]:
        """branch → (first row, rows) in leads, which are sorted by branch."""
        spans, at = {}, 0
        for branch, rows in sorted(Counter(self.leads["branch_id"].to_pylist()).items()):
            spans[branch] = (at, rows)
            at += rows
        return spans

    @cached_property
    def place(self) -> dict[str, int]:
        """lead_id → row in leads."""
        return {lead_id: at for at, lead_id in enumerate(self.leads["lead_id"].to_pylist())}

    @cached_property
    def places_of(self) -> dict[str, list[int]]:
        """customer_id → rows in leads."""
        found: dict[str, list[int]] = {}
        for at, customer_id in enumerate(self.leads["customer_id"].to_pylist()):
            found.setdefault(customer_id, []).append(at)
        return found

    @cached_property
    def branches(self) -> dict[str, dict[str, Any]]:
        return {row["branch_id"]: row for row in self.table("portal/branches.parquet").to_pylist()}

    @cached_property
    def parents(self) -> dict[str, str | None]:
        """Every unit of the branch tree with the unit above it; of the open branches alone where no tree came."""
        units = self.table("portal/units.parquet").to_pylist()
        return dict.fromkeys(self.branches) | {row["branch_id"]: row["parent_branch_id"] for row in units}

    @cached_property
    def managers(self) -> dict[str, list[dict[str, Any]]]:
        """branch → its managers on the list date; none where the bank delivers none."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.table("portal/managers.parquet").to_pylist():
            found.setdefault(row["branch_id"], []).append(row)
        return found

    @cached_property
    def refusing(self) -> frozenset[str]:
        """Who asked not to be contacted at all, or has died, as the build knew it; nobody on days of old."""
        rows = self.table("portal/refusals.parquet").to_pylist()
        return frozenset(row["customer_id"] for row in rows if row["is_refusing"])

    @cached_property
    def consented_anew(self) -> dict[str, date]:
        """Who took a refusal back, and the day."""
        rows = self.table("portal/refusals.parquet").to_pylist()
        return {row["customer_id"]: row["withdrawn_on"] for row in rows if row["withdrawn_on"]}

    @cached_property
    def dictionary(self) -> list[dict[str, Any]]:
        """Every label, event and segment as the day's dictionary tells it."""
        rows: list[dict[str, Any]] = self.table("portal/dictionary.parquet").to_pylist()
        return rows

    def of_branch(self, branch: str) -> list[dict[str, Any]]:
        """The branch's leads with their codes and full values, best first."""
        rows: list[dict[str, Any]] = self.leads.slice(*self.spans.get(branch, (0, 0))).to_pylist()
        return rows

    def lead(self, lead_id: str) -> dict[str, Any] | None:
        at = self.place.get(lead_id)
        return None if at is None else self.leads.slice(at, 1).to_pylist()[0]

    def of_customer(self, customer_id: str) -> list[dict[str, Any]]:
        """The customer's leads, at whichever branch."""
        return [self.leads.slice(at, 1).to_pylist()[0] for at in self.places_of.get(customer_id, ())]

    def query(self, path: str, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of one published Parquet file, named `file` in the query; none where the manifest names no such file."""
        return self.joined({"file": path}, sql, *values)

    def joined(self, files: Mapping[str, str], sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a query over published Parquet files, each under its name; none where the manifest lacks one.

        Values are bound, never written into the query."""
        if not all(self.names(path) for path in files.values()):
            return []
        named = ", ".join(f"{name} as not materialized (from {self.relation(path)})" for name, path in files.items())
        cursor = self.database.cursor()
        cursor.execute(f"with {named} {sql}", list(values))
        columns = [each[0] for each in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def relation(self, path: str) -> str:
        """Where a query reads the file: itself, or for what every search and card asks, memory."""
        if path not in BY_CUSTOMER:
            return f"read_parquet('{self.local(path)}')"
        with self.lock:
            if path not in self.in_memory:
                rows = f"from read_parquet('{self.local(path)}') order by customer_id"
                self.database.cursor().execute(f"create table {BY_CUSTOMER[path]} as {rows}")
                self.in_memory.add(path)
        return BY_CUSTOMER[path]

    def schema(self, path: str) -> pa.Schema:
        """Columns of a published Parquet file; none where the manifest names no such file, as on days of old."""
        return pq.read_schema(self.local(path)) if self.names(path) else pa.schema([])

    def local(self, path: str) -> Path:
        """The file on this machine, fetched once where the store is elsewhere."""
        whole = f"{self.list_date.isoformat()}/{publishing.path_of(self.revision)}/{path}"
        found = self.store.local(whole)
        if found is None:
            found = Path(self.fetched.name) / path.replace("/", "-")
            if not found.exists():
                self.store.fetch(whole, found)
        return found

    @cached_property
    def fetched(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="mingdan-edition-")

    def names(self, path: str) -> bool:
        return path in self.paths

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(each["path"] for each in self.manifest["files"])

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Who a customer is: home branch, full name and mobile."""
        sql = "select * from file where customer_id = ?"
        return next(iter(self.query(CUSTOMERS, sql, customer_id)), None)

    def labels(self, customer_id: str) -> dict[str, Any]:
        """Every published label of a customer; none where the manifest names no such file."""
        if not self.names(LABELS):
            return {}
        with self.lock:
            self.label_rows = self.label_rows or CustomerRows(self.local(LABELS))
        if self.label_rows.is_ready:
            return self.label_rows.of(customer_id)
        return next(iter(self.query(LABELS, "select * from file where customer_id = ?", customer_id)), {})

    def table(self, path: str) -> pa.Table:
        """A file of the revision that its manifest names; an empty table where it names none."""
        if path not in self.tables:
            self.tables[path] = self.read(path) if self.names(path) else pa.table({})
        return self.tables[path]

    def read(self, path: str) -> pa.Table:
        data = self.store.read_bytes(f"{self.list_date.isoformat()}/{publishing.path_of(self.revision)}/{path}")
        return pq.read_table(pa.BufferReader(data))

    def rows_of(self, path: str, branch: str) -> list[dict[str, Any]]:
        """A branch's rows of a table; none where the revision has no such table."""
        table = self.table(path)
        return table.filter(pc.equal(table["branch_id"], branch)).to_pylist() if table.num_columns else []

    def states(self, branch: str) -> list[dict[str, Any]]:
        """The state of each list for the branch, those switched off included."""
        return self.states_of.get(branch, []) + self.states_of.get(None, [])

    @cached_property
    def states_of(self) -> dict[str | None, list[dict[str, Any]]]:
        found: dict[str | None, list[dict[str, Any]]] = {}
        for row in self.day["states"]:
            found.setdefault(row["branch_id"], []).append(row)
        return found

    def changes(self, branch: str) -> list[dict[str, Any]]:
        return self.rows_of("portal/changes.parquet", branch)

    def in_language(self, language: str) -> Mapping[str, Any]:
        """The day's words as branch_rows reads them, in this language; here everybody is masked until revealed."""
        return {**self.day, "language": language if language in LANGUAGES else self.day["language"], "mask": True}

    def shown(self, rows: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
        """Leads as a branch reads them: masked, codes as words, reasons and offers in the language."""
        if not rows:
            return []
        day = self.in_language(language)
        cells = branch_rows.shown({name: [row.get(name) for row in rows] for name in rows[0]}, day)
        found = [dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)]
        for lead, row in zip(found, rows, strict=True):
            entry = self.day["lists"].get(row["list"], {})
            lead["code"] = row["list"]
            lead["list_name"] = entry.get("title", {}).get(day["language"], row["list"])
            lead["reason_list"] = self.reasons(row, entry, day)
            if day["language"] != self.day["language"]:
                lead |= self.words_of(row, day["language"])
        return found

    def reasons(self, row: Mapping[str, Any], entry: Mapping[str, Any], day: Mapping[str, Any]) -> list[str]:
        language = day["language"]
        said = reasons.strongest(
            entry, row.get("rule_ids"), json.loads(row["facts"]) if row.get("facts") else {}, language,
            currency=day["currency"], year=self.list_date.year, names=day["names"],
        )  # fmt: skip
        return [each for each in said.split(reasons.SEPARATOR[language]) if each]

    def words_of(self, row: Mapping[str, Any], language: str) -> dict[str, Any]:
        offers, benefits = self.offers
        return {
            "offer": offers.get(row.get("offer_code"), {}).get(f"title_{language}"),
            "benefit": benefits.get((row.get("offer_code"), row.get("value_tier")), {}).get(f"benefit_{language}"),
        }

    @cached_property
    def offers(self) -> tuple[dict[Any, Mapping[str, str]], dict[Any, Mapping[str, str]]]:
        return (
            {row["offer"]: row for row in self.day["offers"]},
            {(row["offer"], row["value_tier"]): row for row in self.day["benefits"]},
        )

    def talk(self, row: Mapping[str, Any]) -> list[Mapping[str, str]]:
        """The talk track of the lead's list and variant, part by part."""
        for variant in (row.get("talk_variant") or "default", "default"):
            found = [
                each for each in self.day["talk_tracks"] if each["list"] == row["list"] and each["variant"] == variant
            ]
            if found:
                return found
        return []


class Editions:
    """The published list dates. Thread-safe; every reader of a revision shares it."""

    def __init__(self, store: Store, test_days: bool = True) -> None:
        """test_days: whether a day on assumed consent is shown; a portal in production shows none."""
        self.store, self.test_days = store, test_days
        self._kept: dict[tuple[date, int], Edition] = {}
        self._believed: dict[date | None, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def dates(self) -> list[date]:
        """List dates that have a current revision, newest first."""
        return self._looked_up(
            None,
            lambda: sorted(
                (
                    date.fromisoformat(name)
                    for name in self.store.folders()
                    if len(name) == 10 and self.store.exists(f"{name}/current.json")
                ),
                reverse=True,
            ),
        )

    def on(self, list_date: date | None = None) -> Edition | None:
        """The current revision of a list date (default: the newest), or None where none is published."""
        if list_date is None:
            found = (self._on(each) for each in self.dates())
            return next((edition for edition in found if edition is not None), None)
        return self._on(list_date) if list_date in self.dates() else None

    def _on(self, chosen: date) -> Edition | None:
        revision = self._looked_up(chosen, lambda: publishing.current_revision(self.store, chosen))
        if revision is None:
            return None
        with self._lock:
            key = (chosen, revision)
            if key not in self._kept:
                self._kept[key] = self._read(*key)
                while len(self._kept) > KEPT:
                    self._kept.pop(next(iter(self._kept)))
            edition = self._kept[key] = self._kept.pop(key)  # used last, thrown away last
        return edition if self.test_days or not edition.day.get("consent") else None

    def leads_of(self, list_date: date, customer_id: str) -> list[dict[str, Any]]:
        """A customer's leads of a list date, without keeping that date in memory."""
        revision = self._looked_up(list_date, lambda: publishing.current_revision(self.store, list_date))
        if revision is None:
            return []
        with self.store.open(f"{list_date.isoformat()}/{publishing.path_of(revision)}/leads.parquet") as file:
            found = pq.read_table(file, columns=PAST, filters=[("customer_id", "=", customer_id)])
        return [row for row in found.to_pylist() if row.pop("central_channel") is None]

    def _looked_up(self, key: date | None, look: Any) -> Any:
        at, value = self._believed.get(key, (0.0, None))
        if time.monotonic() - at > LOOK_AGAIN or at == 0.0:
            value = look()
            self._believed[key] = (time.monotonic(), value)
        return value

    def _read(self, list_date: date, revision: int) -> Edition:
        prefix = f"{list_date.isoformat()}/{publishing.path_of(revision)}"
        manifest = publishing.read_manifest(self.store, list_date, revision)
        day = json.loads(self.store.read_bytes(f"{prefix}/portal/day.json"))
        leads = publishing.read_parquet(self.store, f"{prefix}/leads.parquet")
        # What a central channel works is no lead of the branch's.
        leads = leads.filter(pc.is_null(leads["central_channel"]))
        return Edition(list_date, revision, manifest, day, leads, self.store)
