"""What must hold after every day, told from what the day left: history, published files and landed sources.

A memory of the days before is kept here, apart from the project's own."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mingdan import publishing
from mingdan.publishing import CLOSED
from mingdan.stores import Store

SHOWN = ("listed", "central_channel")
OPEN = ("open", "attempted", "reached", "follow_up")
Rows = list[dict[str, Any]]


@dataclass
class Promises:
    """Judges days in their order; what is broken is told in sentences."""

    home: Path
    store: Store
    leads: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id, as last published while open
    opened: set[str] = field(default_factory=set)  # every lead id ever published
    closed: Counter[str] = field(default_factory=Counter)  # leads by how they closed
    refused: dict[str, set[str | None]] = field(default_factory=lambda: defaultdict(set))  # subject → channels
    before: Any = None  # the memory as it was before the last publication

    def told(self, contacts: Rows) -> None:
        """Remember what was recorded: who refused every channel (None), or one."""
        for each in contacts:
            if each["outcome"] == "deceased":
                self.refused[each["subject_id"]].add(None)
            if each["outcome"] == "do_not_contact":
                self.refused[each["subject_id"]].add(each.get("refused_channel"))

    def after_a_day(self, as_of: date) -> list[str]:
        """What is broken in a built day, published or not."""
        read = {name: self.history(name, as_of) for name in ("waterfall", "decisions", "leads")}
        return [*balance(read["waterfall"], self.customers(as_of)), *agreement(**read), *self.kept(read["decisions"])]

    def after_a_publication(self, as_of: date, list_date: date, managers: Rows) -> list[str]:
        """What is broken in a published day; then its leads are remembered."""
        decisions, leads = self.published("decisions", list_date), self.published("leads", list_date)
        self.before = (dict(self.leads), set(self.opened), Counter(self.closed))
        broken = [
            *publishing.verify(self.store, list_date),
            *self.kept(decisions),
            *self.wanted(leads),
            *owners(leads, managers, list_date),
        ]
        for row in decisions:
            if row["lead_id"] is None:
                continue
            self.opened.add(row["lead_id"])
            if row["lead_state"] in OPEN:
                self.leads[row["lead_id"]] = row
            elif self.leads.pop(row["lead_id"], None):
                self.closed[row["lead_state"]] += 1
        return broken

    def unpublish(self) -> None:
        """Forget the last publication: a correction takes its place."""
        self.leads, self.opened, self.closed = self.before

    def kept(self, decisions: Rows) -> list[str]:
        """No open lead is forgotten or closed without a reason; ids and arms stay; an id is what its rule says."""
        now = {row["lead_id"]: row for row in decisions if row["lead_id"]}
        broken = [
            f"lead {lead_id} of {self.leads[lead_id]['list']} is lost" for lead_id in self.leads.keys() - now.keys()
        ]
        for lead_id, row in now.items():
            name = f"lead {lead_id} of {row['list']}"
            if lead_id != lead_id_of(row):
                broken.append(f"{name} has another id than its list, subject and first day make")
            if row["lead_state"] not in (*OPEN, *CLOSED):
                broken.append(f"{name} is neither open nor closed but {row['lead_state']}")
            former = self.leads.get(lead_id)
            if former is None:
                if lead_id in self.opened:
                    broken.append(f"{name} was closed and is back")
                continue
            if (former["subject_id"], former["list"]) != (row["subject_id"], row["list"]):
                broken.append(f"{name} was another's")
            if former["is_ghost"] != row["is_ghost"]:
                broken.append(f"{name} changed its arm while open")
        return broken

    def wanted(self, leads: Rows) -> list[str]:
        """Nobody is shown twice, nor against what was told before."""
        often = Counter(row["customer_id"] for row in leads)
        broken = [f"a subject is shown {count} times" for count in often.values() if count > 1]
        for row in leads:
            ways = self.refused.get(row["customer_id"], set())
            if None in ways or row["channel"] in ways:
                broken.append(f"lead {row['lead_id']} of {row['list']} is shown although the contact was refused")
        return broken

    def customers(self, as_of: date) -> Counter[str | None]:
        rows = self.history("customer_labels", as_of, ["home_branch_id"])
        return Counter(row["home_branch_id"] for row in rows)

    def history(self, table: str, as_of: date, columns: list[str] | None = None) -> Rows:
        path = self.home / "history" / table / f"as_of={as_of}" / "part-0.parquet"
        return pq.read_table(path, columns=columns, partitioning=None).to_pylist()

    def published(self, table: str, list_date: date) -> Rows:
        """A table of the list date's current revision."""
        revision = publishing.current_revision(self.store, list_date)
        path = f"{list_date}/{publishing.path_of(revision or 0)}/{table}.parquet"
        return publishing.read_parquet(self.store, path).to_pylist()


def lead_id_of(row: dict[str, Any]) -> str:
    text = f"{row['list']}|{row['subject_id']}|{row['first_listed_on']}"
    return f"L{hashlib.md5(text.encode()).hexdigest()[:20]}"


def balance(waterfall: Rows, customers: Counter[str | None]) -> list[str]:
    """Every list's counts add up to all subjects of its kind, per branch; of customers to those there are."""
    sums: dict[tuple[str, str], Counter[str | None]] = defaultdict(Counter)
    for row in waterfall:
        sums[row["subject_type"], row["list"]][row["home_branch_id"]] += row["customer_count"]
    broken = [
        f"waterfall: {row['list']} counts {row['customer_count']}" for row in waterfall if row["customer_count"] < 0
    ]
    if not sums:
        broken.append("waterfall: is empty")
    for (kind, code), per_branch in sums.items():
        base = customers if kind == "customer" else sums[kind, "*"]
        broken += [
            f"waterfall: {code} counts {per_branch[branch]} of {base[branch]} {kind}s of branch {branch}"
            for branch in per_branch.keys() | base.keys()
            if per_branch[branch] != base[branch]
        ]
    return broken


def agreement(waterfall: Rows, decisions: Rows, leads: Rows) -> list[str]:
    """Waterfall, decisions and leads tell the same of every list and state."""
    counted: Counter[tuple[str, str]] = Counter()
    for row in waterfall:
        if row["list"] != "*" and row["state"] != "not_a_candidate":
            counted[row["list"], row["state"]] += row["customer_count"]
    decided = Counter((row["list"], row["state"]) for row in decisions if row["state"] != "not_a_candidate")
    broken = [
        f"waterfall: {code} has {counted[code, state]} {state}, decisions have {decided[code, state]}"
        for code, state in counted.keys() | decided.keys()
        if counted[code, state] != decided[code, state]
    ]
    handed = {row["lead_id"] for row in leads}
    strangers = handed - {row["lead_id"] for row in decisions if row["state"] in SHOWN}
    missing = {row["lead_id"] for row in decisions if row["state"] == "listed"} - handed
    return broken + [f"{len(each)} lead(s) differ from the decisions" for each in (strangers, missing) if each]


def owners(leads: Rows, managers: Rows, list_date: date) -> list[str]:
    """Who has a lead is still with the bank, at that branch, and at work on the list date."""
    known = {row["manager_id"]: row for row in managers}
    broken = []
    for row in leads:
        if row["owner_id"] is None or row["kept_from_revision"]:
            continue
        owner = known.get(row["owner_id"], {"is_active": False})
        away = owner.get("absent_from") and owner["absent_from"] <= list_date <= (owner["absent_until"] or list_date)
        if not owner["is_active"] or away or owner["branch_id"] != row["branch_id"]:
            broken.append(f"lead {row['lead_id']} of {row['list']} has an owner who is not there")
    return broken
