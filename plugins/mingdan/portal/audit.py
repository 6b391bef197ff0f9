"""The audit trail: who did what, when, from where. Append-only, one writer at a time, each row chained to the former.

A row that was changed, removed or put in between breaks the chain, and `check` names it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mingdan.branch_rows import harmless
from mingdan.portal.store import audit

if TYPE_CHECKING:
    from mingdan.portal.sessions import Visit

FIRST = "0" * 64
PARTS = ("number", "at", "user_id", "branch_id", "what", "detail", "address", "former")


def digest_of(row: dict[str, Any]) -> str:
    said = json.dumps([str(row[name]) if row[name] is not None else None for name in PARTS], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


class Audit:
    def __init__(self, engine: sa.Engine, now: Callable[[], datetime]) -> None:
        self.engine, self.now = engine, now

    def write(self, visit: Visit | None, what: str, **detail: Any) -> None:
        """Add one row, before the answer leaves: what cannot be logged does not happen."""
        with self.engine.begin() as connection:
            self.add(connection, visit, what, **detail)

    def add(self, connection: sa.Connection, visit: Visit | None, what: str, **detail: Any) -> None:
        """Add one row within the caller's transaction, so that a deed and its row stand or fall together."""
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(20260622)"))
        last = connection.execute(
            sa.select(audit.c.number, audit.c.digest).order_by(audit.c.number.desc()).limit(1)
        ).first()
        row = {
            "number": last.number + 1 if last else 1,
            "at": self.now().replace(microsecond=0),
            "user_id": visit.person.user_id if visit else "",
            "branch_id": visit.person.branch_id if visit else None,
            "what": what,
            "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str),
            "address": visit.address if visit else None,
            "former": last.digest if last else FIRST,
        }
        connection.execute(audit.insert().values(**row, digest=digest_of(row)))

    def rows(self, newest: int = 200, user_id: str = "", what: str = "", before: int | None = None) -> list[sa.Row]:
        wanted = sa.select(audit).order_by(audit.c.number.desc()).limit(newest)
        for column, value in ((audit.c.user_id, user_id), (audit.c.what, what)):
            wanted = wanted.where(column == value) if value else wanted
        wanted = wanted.where(audit.c.number < before) if before else wanted
        with self.engine.connect() as connection:
            return list(connection.execute(wanted))

    def check(self, newest: int | None = None) -> list[str]:
        """Problems of the chain, or of its newest rows alone; none when nothing was touched."""
        problems: list[str] = []
        with self.engine.connect() as connection:
            last = connection.execute(sa.select(sa.func.max(audit.c.number))).scalar() or 0
            number = max(0, last - newest) if newest else 0
            before = connection.execute(sa.select(audit.c.digest).where(audit.c.number == number)).scalar()
            former = before or FIRST
            wanted = sa.select(audit).where(audit.c.number > number).order_by(audit.c.number)
            for found in connection.execution_options(yield_per=1000).execute(wanted):
                row = dict(found._mapping)
                if row["number"] != number + 1:
                    problems.append(f"audit row {number + 1}: expected it after {number}; found {row['number']}.")
                if row["former"] != former or row["digest"] != digest_of(row):
                    problems.append(f"audit row {row['number']}: expected its chained digest; found another.")
                former, number = row["digest"], row["number"]
        return problems

    def export(self) -> Iterator[str]:
        """The whole trail as csv, line by line, oldest first; cells are harmless in a spreadsheet, as in every file."""
        with self.engine.connect() as connection:
            columns = (*PARTS, "digest")
            yield ",".join(columns) + "\r\n"
            for row in connection.execution_options(yield_per=1000).execute(sa.select(audit).order_by(audit.c.number)):
                out = io.StringIO()
                csv.writer(out, lineterminator="\r\n").writerow(
                    [harmless(str(value)) if (value := getattr(row, name)) is not None else "" for name in columns]
                )
                yield out.getvalue()
