"""Leads made at the counter: a customer who is there, one of their own opportunities, one click.

Shown are opportunities that delivery would have let through: what was dropped, withheld or held out stays unseen, so
that the control group is not spoiled at the counter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit
from mingdan.portal.store import walk_ins

# Who owes is no opportunity, and not for the counter to know.
OPEN_STATES = ("listed", "listed_elsewhere", "waiting", "central_channel")
SHOWN = 2


def opportunities(edition: Edition, customer_id: str) -> list[dict[str, Any]]:
    """The customer's two best candidacies of the day, by priority, with their codes; none for who is held out."""
    rows = edition.query(
        "decisions.parquet",
        "select list, state, score, priority, coalesce(is_ghost, false) as is_ghost from file where subject_id = ?",
        customer_id,
    )
    if any(row["state"] == "held_out" or row["is_ghost"] for row in rows):
        return []
    owing = {code for code, entry in edition.day["lists"].items() if entry.get("purpose") == "recovery"}
    if any(row["list"] in owing and row["state"] == "listed" for row in rows):
        return []  # the collectors' lead is their one of the day
    found = [row for row in rows if row["state"] in OPEN_STATES and row["list"] not in owing]
    return sorted(found, key=lambda row: (-(row["priority"] or 0), row["list"]))[:SHOWN]


def lead_id(list_code: str, subject_id: str, list_date: date) -> str:
    """As every lead's: 'L' and 20 hex digits of md5(list | subject | first listed on)."""
    return "L" + hashlib.md5(f"{list_code}|{subject_id}|{list_date}".encode()).hexdigest()[:20]


def rows_of(connection: sa.Connection, edition: Edition, branch: str) -> list[dict[str, Any]]:
    """The branch's walk-in leads of the edition's list date, as rows like the published ones."""
    found = connection.execute(
        sa.select(walk_ins)
        .where(walk_ins.c.branch_id == branch, walk_ins.c.list_date == edition.list_date)
        .order_by(walk_ins.c.made_at, walk_ins.c.lead_id)
    )
    return [as_lead(row._asdict(), edition) for row in found]


def row_of(connection: sa.Connection, edition: Edition, lead_id: str) -> dict[str, Any] | None:
    found = connection.execute(
        sa.select(walk_ins).where(walk_ins.c.lead_id == lead_id, walk_ins.c.list_date == edition.list_date)
    ).first()
    return as_lead(found._asdict(), edition) if found else None


def as_lead(made: Mapping[str, Any], edition: Edition) -> dict[str, Any]:
    """A walk-in under the names of leads.parquet; what only delivery knows (rank, score, reasons) is empty."""
    entry = edition.day["lists"].get(made["list"], {})
    known = edition.customer(made["subject_id"]) or {}
    return dict.fromkeys(edition.leads.column_names) | {
        "rank": 0, "lead_id": made["lead_id"], "subject_type": "customer", "customer_id": made["subject_id"],
        "name": known.get("full_name"), "mobile": known.get("mobile"), "list": made["list"], "origin": "walk_in",
        "purpose": entry.get("purpose"), "offer_code": entry.get("offer"), "owner_id": made["owner_id"],
        "owner_name": made["owner_name"], "channel": "lobby", "state": "open", "first_listed_on": edition.list_date,
        "days_open": 0, "list_date": edition.list_date, "branch_id": made["branch_id"], "talk_variant": "default",
        "branch_name": edition.branches.get(made["branch_id"], {}).get("branch_name"), "revision": edition.revision,
    }  # fmt: skip


def make(state: Any, visit: Visit, edition: Edition, branch: str, customer_id: str, list_code: str) -> str:
    """Write the walk-in lead and its audit row, unless the customer is on that list already; the lead's id."""
    listed = next((row for row in edition.of_branch(branch) if row["customer_id"] == customer_id), None)
    if listed is not None:
        return str(listed["lead_id"])
    made = lead_id(list_code, customer_id, edition.list_date)
    with state.engine.begin() as connection:
        if connection.execute(sa.select(walk_ins.c.lead_id).where(walk_ins.c.lead_id == made)).first() is None:
            connection.execute(
                walk_ins.insert().values(
                    lead_id=made, list=list_code, subject_id=customer_id, branch_id=branch,
                    list_date=edition.list_date, owner_id=visit.person.employee_id,
                    owner_name=visit.person.name if visit.person.employee_id else None,
                    made_by=visit.person.user_id, made_at=state.now(),
                )
            )  # fmt: skip
            state.audit.add(connection, visit, "walk_in", lead_id=made, list=list_code)
    return made
