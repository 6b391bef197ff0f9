"""What came of a contact: checked, written once, effective at once."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from mingdan.branch_rows import CHANNELS, OUTCOMES
from mingdan.portal.editions import Edition
from mingdan.portal.store import outcomes

BACK_DAYS = 31  # days before the list date from which a contact may still be reported
LONGEST_NOTE = 500
# What an outcome makes of the lead at once, until the next build says so itself.
STATE_AFTER = {
    "not_reached": "attempted", "call_again": "follow_up", "interested": "follow_up", "appointment": "follow_up",
    "done": "won", "not_interested": "lost", "already_elsewhere": "lost", "unsuitable": "lost", "complaint": "lost",
    "wrong_person": "lost", "not_my_customer": "reassigned", "deceased": "deceased", "do_not_contact": "refused",
}  # fmt: skip
ENDS = ("won", "lost", "reassigned", "deceased", "refused")
NEEDS_A_DAY = ("call_again", "appointment")
OF_NEWEST = (
    "contact_id", "lead_id", "outcome", "contacted_at", "recorded_at", "call_again_on", "note", "actor", "origin",
)  # fmt: skip


class OutcomeError(ValueError):
    """An outcome that cannot be kept; `faults` are (zh, en) sentences."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(en for _, en in faults))
        self.faults = faults


@dataclass(frozen=True)
class Said:
    """One checked outcome, ready to be written."""

    outcome: str
    channel: str
    contacted_at: datetime
    product_code: str | None = None
    amount: Decimal | None = None
    call_again_on: date | None = None
    note: str | None = None
    refused_channel: str | None = None


def checked(given: Mapping[str, Any], list_date: date, now: datetime, at: datetime | None = None) -> Said:
    """The fields of a form or a workbook's row as an outcome; `at` (default: now) stands in for a contact's time that
    was left out. Raises OutcomeError with every fault, not the first."""
    faults: list[tuple[str, str]] = []

    def code(name: str, words: Mapping[str, tuple[str, str]], zh: str, en: str) -> str:
        text = plain(given.get(name))
        for known, both in words.items():
            if text in (known, *both):
                return known
        faults.append((f"{zh}：请从列表中选择，现为“{text}”。", f"{en}: expected one of the list; found {text!r}."))
        return ""

    outcome = code("outcome", OUTCOMES, "联系结果", "Outcome")
    channel = code("channel_used", CHANNELS, "联系渠道", "Channel")
    contacted_at = moment(given.get("contacted_at"), faults) or at or now
    if contacted_at > now + timedelta(minutes=5):
        faults.append(("联系时间：不能晚于现在。", "Contacted at: expected a time not after now."))
    if contacted_at.date() < list_date - timedelta(days=BACK_DAYS):
        faults.append((f"联系时间：不能早于名单日前{BACK_DAYS}天。",
                       f"Contacted at: expected at most {BACK_DAYS} days before the list date."))  # fmt: skip
    again = day_of(given.get("call_again_on"), faults)
    if again is not None and again < contacted_at.date():
        faults.append(("再联系日：不能早于联系日。", "Call again on: expected the day of the contact or later."))
    if outcome in NEEDS_A_DAY and again is None and not faults:
        faults.append(("再联系日：请填写日期。", "Call again on: expected a day for this outcome; found none."))
    amount = sum_of(given.get("amount"), faults)
    note = plain(given.get("note"))
    if len(note) > LONGEST_NOTE:
        faults.append((f"备注：最多{LONGEST_NOTE}字。", f"Note: expected at most {LONGEST_NOTE} characters."))
    refused = plain(given.get("refused_channel"))
    if refused and refused not in CHANNELS:
        faults.append(("拒绝的渠道：请从列表中选择。", "Refused channel: expected one of the list."))
    if faults:
        raise OutcomeError(faults)
    product = plain(given.get("product_code"))[:60] or None
    return Said(outcome, channel, contacted_at, product, amount, again, note or None, refused or None)


def plain(value: Any) -> str:
    return "" if value is None else str(value).strip()


def moment(value: Any, faults: list[tuple[str, str]]) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, microsecond=0)
    if isinstance(value, date):
        return datetime.combine(value, datetime.min.time())
    text = plain(value)
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y/%m/%d %H:%M", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    if text:
        faults.append((f"联系时间：请按 2026-07-03 10:30 填写，现为“{text[:30]}”。",
                       f"Contacted at: expected a time such as 2026-07-03 10:30; found {text[:30]!r}."))  # fmt: skip
    return None


def day_of(value: Any, faults: list[tuple[str, str]]) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = plain(value)
    for form in ("%Y-%m-%d", "%Y/%m/%d"):
        try:
            return datetime.strptime(text[:10], form).date()
        except ValueError:
            continue
    if text:
        faults.append((f"再联系日：请按 2026-07-03 填写，现为“{text[:30]}”。",
                       f"Call again on: expected a day such as 2026-07-03; found {text[:30]!r}."))  # fmt: skip
    return None


def sum_of(value: Any, faults: list[tuple[str, str]]) -> Decimal | None:
    text = plain(value).replace(",", "")
    if not text:
        return None
    try:
        found = Decimal(text).quantize(Decimal("0.01"))
        if 0 <= found < Decimal(10) ** 15:
            return found
    except InvalidOperation:
        pass
    faults.append((f"办理金额：请填写不小于0的数字，现为“{text[:30]}”。",
                   f"Amount: expected a number of 0 or more; found {text[:30]!r}."))  # fmt: skip
    return None


def write(
    connection: sa.Connection, lead: Mapping[str, Any], said: Said, actor: str, now: datetime, origin: str
) -> str | None:
    """Keep one outcome of a lead; its contact_id, or None when exactly this was said before."""
    same = hashlib.sha256(
        json.dumps(
            [lead["lead_id"], said.outcome, said.channel, said.contacted_at, said.product_code, said.amount,
             said.call_again_on, said.note, said.refused_channel],
            default=str,
        ).encode()
    ).hexdigest()  # fmt: skip
    if connection.execute(sa.select(outcomes.c.contact_id).where(outcomes.c.same == same)).first():
        return None
    contact_id = f"P{secrets.token_hex(12)}"
    connection.execute(
        outcomes.insert().values(
            contact_id=contact_id, lead_id=lead["lead_id"], list=lead["list"], subject_type=lead["subject_type"],
            subject_id=lead["customer_id"], branch_id=lead["branch_id"], list_date=lead["list_date"],
            contacted_at=said.contacted_at, recorded_at=now, channel=said.channel, outcome=said.outcome,
            refused_channel=said.refused_channel, product_code=said.product_code, amount=said.amount,
            call_again_on=said.call_again_on, note=said.note, actor=actor, origin=origin, same=same,
        )
    )  # fmt: skip
    return contact_id


def told_last(connection: sa.Connection, lead_id: str) -> sa.Row | None:
    """The lead's newest outcome, with the lead held until this transaction ends: nobody else reports meanwhile."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(sa.text("select pg_advisory_xact_lock(hashtext(:lead))"), {"lead": lead_id})
    return newest(connection, [lead_id]).get(lead_id)


def newest(connection: sa.Connection, lead_ids: Collection[str]) -> dict[str, sa.Row]:
    """lead → its newest outcome, of those leads that have one."""
    found: dict[str, sa.Row] = {}
    ids = sorted(lead_ids)
    for at in range(0, len(ids), 500):
        rows = connection.execute(
            sa.select(*(outcomes.c[name] for name in OF_NEWEST))
            .where(outcomes.c.lead_id.in_(ids[at : at + 500]))
            .order_by(outcomes.c.recorded_at, outcomes.c.contact_id)
        )
        found |= {row.lead_id: row for row in rows}
    return found


def refused(connection: sa.Connection, newest: Edition, subject_ids: Iterable[str]) -> set[str]:
    """Subjects whom nobody shall contact on any channel, or who have died: as the newest edition knows it, and as told
    here, unless consent was given anew on a later day."""
    ids = sorted(set(subject_ids))
    found = set(newest.refusing.intersection(ids))
    for at in range(0, len(ids), 500):
        rows = connection.execute(
            sa.select(outcomes.c.subject_id, outcomes.c.outcome, outcomes.c.contacted_at).where(
                outcomes.c.subject_id.in_(ids[at : at + 500]),
                outcomes.c.outcome.in_(("do_not_contact", "deceased")),  # by the index of both columns
                sa.or_(outcomes.c.refused_channel.is_(None), outcomes.c.outcome == "deceased"),
            )
        )
        found |= {
            row.subject_id for row in rows
            if row.outcome == "deceased"
            or row.contacted_at.date() >= newest.consented_anew.get(row.subject_id, date.min)
        }  # fmt: skip
    return found
