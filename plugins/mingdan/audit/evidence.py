"""What an auditor looks at: the published files of a list date, what earlier ones said, and the sources as accepted.

Nothing is read of the warehouse or of `history/`, and no rule is taken from the models: what was published and what the
bank delivered must be enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mingdan import publishing
from mingdan.contract import Contract, Table
from mingdan.landing.acceptance import paths_of, standing_path
from mingdan.landing.ledger import Entry, Ledger, read_ledger
from mingdan.settings import Home, Settings
from mingdan.stores import Store

CLOSED = ("won", "lost", "expired", "unreachable", "superseded", "no_longer_true", "became_customer", "reassigned")
SHOWN = ("listed", "central_channel")
PLACED = (*SHOWN, "held_out", "waiting")  # what the one-lead rule let forward
ALLOWED = (*PLACED, "listed_elsewhere")  # what every rule of "may we" let through
REMEMBERED_DAYS = 400
MEMORY = [
    "lead_id", "list", "subject_type", "subject_id", "branch_id", "state", "is_ghost", "is_explore", "central_channel",
    "lead_state", "first_listed_on", "list_date", "cycle", "priority",
]  # fmt: skip
WORDS = ["baseline", "facts", "talk_variant", "due_on", "as_of"]  # columns of decisions that no rule looks at
FORMER = ["lead_id", "branch_id", "rank", "central_channel", "list"]


def frame(table: pa.Table) -> pd.DataFrame:
    """A table in pandas: amounts as float (rules allow for their rounding), dates as timestamps."""
    for at, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type):
            table = table.set_column(at, column.name, table.column(at).cast(pa.float64()))
    return table.to_pandas(date_as_object=False)


def looked_at(table: Table) -> pa.Schema:
    """The columns of a source table that rules look at; of events all."""
    return pa.schema([each for each in table.arrow_schema if each.name in SNAPSHOTS.get(table.id, (each.name,))])


class Sources:
    """Accepted partitions, read through the ledgers; those of events once for all days."""

    def __init__(self, home: Home, contract: Contract) -> None:
        self.home, self.contract = home, contract
        self.ledgers: dict[str, Ledger] = {}
        self.read: dict[tuple[str, date, int, bool], pd.DataFrame] = {}
        self.unreadable: list[str] = []

    def ledger(self, table: Table) -> Ledger:
        if table.id not in self.ledgers:
            self.ledgers[table.id] = read_ledger(self.home.accepted, table)
        return self.ledgers[table.id]

    def partition(self, table: Table, entry: Entry | None, wanted: str, standing: bool = False) -> pd.DataFrame | None:
        """The rows of one accepted version (all, or those that stand), in the contract's columns that rules look at;
        None, and noted, when it is gone."""
        if entry is None or (entry.gone and not standing):
            self.unreadable.append(f"{table.id} {wanted}")
            return None
        key = (table.id, entry.biz_date, entry.version, standing)
        if key in self.read:
            return self.read[key]
        schema = looked_at(table)
        parts = [schema.empty_table()]
        paths = paths_of(self.home, table, entry) if entry.rows else []
        if standing:
            paths = [str(standing_path(self.home.accepted, table, entry.biz_date, entry.version))]
        for path in paths:
            file = pq.ParquetFile(path)
            there = [each.name for each in schema if each.name in file.schema_arrow.names]
            found = file.read(columns=there)
            columns = [
                found[each.name].cast(each.type) if each.name in there else pa.nulls(found.num_rows, each.type)
                for each in schema
            ]
            parts.append(pa.table(columns, schema=schema))
        rows = frame(pa.concat_tables(parts)).assign(recorded_on=pd.Timestamp(entry.biz_date))
        if table.kind == "event":  # days share these, but each has snapshots of its own
            self.read[key] = rows
        return rows

    def absent(self, name: str, on: date) -> set[str]:
        """Optional columns that the partition of that day did not have."""
        entry = self.ledger(self.contract.tables[name]).newest(on)
        return set(entry.absent) if entry else set()


@dataclass
class Evidence:
    """One published list date. `policy`: the settings that delivery's rules read. `memory`: each lead as the published
    days before left it, with `closed_on`. `tables`: source tables as of the business date; what was not delivered is
    an empty one."""

    store: Store
    list_date: date
    revision: int
    manifest: dict[str, Any]
    told: dict[str, Any]
    policy: dict[str, Any]
    decisions: pd.DataFrame
    leads: pd.DataFrame
    waterfall: pd.DataFrame
    tiers: dict[str, str]
    memory: pd.DataFrame
    held: pd.DataFrame  # subject_id, family, cycle of earlier days' ghosts
    previous: date | None  # the published list date before
    former: pd.DataFrame  # its leads: lead_id, branch_id, rank, central_channel
    changes: pd.DataFrame
    environment: str  # of the settings that the audit runs with
    tables: dict[str, pd.DataFrame]
    delivered: set[str]  # source tables that the day's manifest names
    absent_columns: dict[str, set[str]]
    unreadable: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        return f"{self.list_date}/{publishing.path_of(self.revision)}"

    @property
    def today(self) -> pd.Timestamp:
        return pd.Timestamp(self.list_date)

    @property
    def business_date(self) -> pd.Timestamp:
        return pd.Timestamp(self.manifest["business_date"])

    @property
    def cycle(self) -> str:
        return f"{self.list_date.year}Q{(self.list_date.month + 2) // 3}"

    @cached_property
    def lists(self) -> dict[str, dict[str, Any]]:
        """The entry of each list, as it was published."""
        return self.told["lists"]

    @cached_property
    def kept(self) -> set[str]:
        """Leads that a correction kept because somebody had worked them; today's rules do not look at these."""
        return set(self.leads.loc[self.leads["kept_from_revision"].notna(), "lead_id"])

    @cached_property
    def decided(self) -> pd.DataFrame:
        """Today's decisions without subjects whose lead a correction kept, beside what the entry and the memory say:
        purpose, family, was_open (an open lead since an earlier day), was_ghost, was_central."""
        rows = self.decisions
        subjects = set(rows.loc[rows["lead_id"].isin(self.kept), "subject_id"])
        rows = rows[~rows["subject_id"].isin(subjects)].copy()
        for column, field_name in (("purpose", "purpose"), ("family", "product_family")):
            rows[column] = rows["list"].map({code: entry[field_name] for code, entry in self.lists.items()})
        open_before = self.memory[~self.memory["lead_state"].isin(CLOSED)]
        open_before = open_before.drop_duplicates(["list", "subject_id"], keep="last")
        before = open_before.set_index(["list", "subject_id"])[["is_ghost", "central_channel", "lead_id", "state"]]
        before.columns = ["was_ghost", "was_central", "was_lead_id", "was_state"]
        rows = rows.join(before, on=["list", "subject_id"])
        rows["was_open"] = rows["was_lead_id"].notna()
        return rows

    @property
    def marketing(self) -> pd.Series:
        return self.decided["purpose"] == "marketing"

    @cached_property
    def contacts(self) -> pd.DataFrame:
        """Every contact of every system recorded by the business date, with its subject, day, and list if it has any,
        and whether it reached somebody or was a refusal."""
        own = pd.concat([self.tables["crm.contacts"], self.tables["portal.contacts"]], ignore_index=True)
        own = own.drop_duplicates("contact_id", keep="last")
        leads = self.memory.drop_duplicates("lead_id").set_index("lead_id")
        named = own["customer_id"].where(own["customer_id"].notna(), own["subject_id"])
        subject_id = named.where(named.notna(), own["lead_id"].map(leads["subject_id"]))
        own = own.assign(subject_id=subject_id, list=own["lead_id"].map(leads["list"]))
        outside = self.tables["crm.outside_contacts"].rename(columns={"customer_id": "subject_id"})
        found = pd.concat([own, outside], ignore_index=True)
        found["day"] = pd.to_datetime(found["contacted_at"]).dt.normalize()
        found["is_reached"] = found["outcome"] != "not_reached"
        found["is_refusal"] = found["outcome"].isin(("not_interested", "do_not_contact", "refused"))
        return found

    @cached_property
    def customers(self) -> pd.DataFrame:
        return self.tables["core.customers"].drop_duplicates("customer_id").set_index("customer_id")

    @cached_property
    def allowed(self) -> pd.DataFrame:
        """Rows that passed every rule of "may we", with the customer's own data beside (empty for other subjects)."""
        rows = self.decided[self.decided["state"].isin(ALLOWED)]
        return rows.join(self.customers.drop(columns=["home_branch_id", "recorded_on"]), on="subject_id")

    def read_text(self, path: str) -> str:
        return self.store.read_bytes(f"{self.folder}/{path}").decode("utf-8-sig")


SNAPSHOTS = {  # of each table the columns that rules look at: a million customers have many
    "core.customers": (
        "customer_id", "birth_date", "mobile", "address", "home_branch_id", "manager_id", "is_staff", "is_deceased",
        "marketing_consent", "profiling_refused", "do_not_contact", "consent_updated_on", "risk_level",
        "risk_assessed_on",
    ),
    "core.branches": (
        "branch_id", "parent_branch_id", "daily_capacity", "open_weekdays", "closed_on", "successor_branch_id",
    ),
    "core.managers": (
        "manager_id", "branch_id", "role", "daily_capacity", "is_active", "absent_from", "absent_until",
        "substitute_id",
    ),
    "core.calendar": ("cal_date", "is_business_day"),
    "crm.channel_preferences": ("customer_id", "channel", "is_refused", "updated_on"),
    "channels.wecom": ("customer_id", "deleted_on"),
    "lending.loans": ("customer_id", "branch_id", "status", "overdue_days"),
    "cards.credit_cards": ("customer_id", "overdue_days"),
    "acquiring.merchants": ("customer_id", "branch_id"),
    "crm.corporates": ("corporate_id", "branch_id"),
}  # fmt: skip
EVENTS = ("crm.contacts", "portal.contacts", "crm.outside_contacts", "crm.complaints")


def days(home: Home, settings: Settings, contract: Contract, first: date, last: date) -> Iterator[Evidence]:
    """The published list dates from first to last, in order. Earlier ones are read for what they remember."""
    store, sources = Store(home.published), Sources(home, contract)
    memory = pd.DataFrame(columns=[*MEMORY, "closed_on"])
    held = pd.DataFrame(columns=["subject_id", "family", "cycle"])
    previous: date | None = None
    former = pd.DataFrame(columns=FORMER)
    for day in publishing.list_dates(store):
        if day > last or day < first - timedelta(days=REMEMBERED_DAYS):
            continue
        revision = publishing.current_revision(store, day) or 0
        folder = f"{day}/{publishing.path_of(revision)}"
        told = json.loads(store.read_bytes(f"{folder}/portal/day.json"))
        decisions = frame(publishing.read_parquet(store, f"{folder}/decisions.parquet").drop_columns(WORDS))
        leads = frame(publishing.read_parquet(store, f"{folder}/leads.parquet"))
        if day >= first:
            manifest = publishing.read_manifest(store, day, revision)
            sources.unreadable = []
            tables, delivered, absent = source_tables(sources, manifest, revision)
            labels = publishing.read_parquet(store, f"{folder}/portal/customer_labels.parquet")
            yield Evidence(
                store, day, revision, manifest, told, told.get("policy") or settings.policy, decisions,
                leads, frame(publishing.read_parquet(store, f"{folder}/waterfall.parquet")),
                dict(zip(labels["customer_id"].to_pylist(), labels["value_tier"].to_pylist(), strict=True)),
                memory, held, previous, former,
                frame(publishing.read_parquet(store, f"{folder}/portal/changes.parquet")),
                settings.environment, tables, delivered, absent, list(sources.unreadable),
            )  # fmt: skip
        former = leads[FORMER]
        memory, held, previous = remembered(memory, decisions), held_families(held, decisions, told), day


def source_tables(
    sources: Sources, manifest: dict[str, Any], revision: int
) -> tuple[dict[str, pd.DataFrame], set[str], dict[str, set[str]]]:
    """Snapshots in the very version that the manifest names; events of every day up to the business date, and what
    stands of days before the window."""
    as_of = date.fromisoformat(manifest["business_date"])
    named = {f"{each['source']}.{each['table']}": each for each in manifest["sources"]}
    known_by = as_of if revision == 1 else None  # a correction reads what has come since
    tables: dict[str, pd.DataFrame] = {}
    absent: dict[str, set[str]] = {}
    for name in (*SNAPSHOTS, *EVENTS):
        table = sources.contract.tables[name]
        found: list[pd.DataFrame | None] = []
        if name in named:
            newest = date.fromisoformat(named[name]["biz_date"])
            absent[name] = sources.absent(name, newest)
            versions = sources.ledger(table).entries
            if table.kind == "snapshot":
                wanted = [each for each in versions.get(newest, ()) if each.version == named[name]["version"]]
                found = [sources.partition(table, wanted[0] if wanted else None, str(newest))]
            else:
                oldest = as_of - timedelta(days=(table.window_days or 1) - 1)
                for day in sorted(each for each in versions if each < oldest):
                    entry = sources.ledger(table).last_word(day, known_by)
                    if entry and entry.standing:
                        found.append(sources.partition(table, entry, str(day), standing=True))
                for day in sorted(each for each in versions if oldest <= each <= as_of):
                    entry = sources.ledger(table).readable(day, known_by)
                    if entry or any(each.known_on <= (known_by or as_of) for each in versions[day]):
                        found.append(sources.partition(table, entry, str(day)))
        none = frame(looked_at(table).empty_table()).assign(recorded_on=pd.Series(dtype="datetime64[s]"))
        kept = [each for each in found if each is not None and len(each)]
        tables[name] = pd.concat(kept, ignore_index=True) if kept else none
    return tables, set(named), absent


def remembered(memory: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """The memory with a published day's leads as that day left them."""
    rows = decisions.loc[decisions["lead_id"].notna(), MEMORY].copy()
    rows["closed_on"] = rows["list_date"].where(rows["lead_state"].isin(CLOSED))
    found = rows if memory.empty else pd.concat([memory, rows], ignore_index=True)
    return found.drop_duplicates("lead_id", keep="last")


def held_families(held: pd.DataFrame, decisions: pd.DataFrame, told: dict[str, Any]) -> pd.DataFrame:
    """Whom a control group of a list holds out, with the product family, cycle by cycle."""
    rows = decisions[(decisions["state"] == "held_out") & decisions["central_channel"].isna()]
    family = {code: entry["product_family"] for code, entry in told["lists"].items()}
    rows = rows.assign(family=rows["list"].map(family))[["subject_id", "family", "cycle"]]
    found = rows if held.empty else pd.concat([held, rows], ignore_index=True)
    return found.drop_duplicates()
