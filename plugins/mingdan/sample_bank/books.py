"""The accounts of a chunk and each day's bookings on them: balances are always opening plus signed bookings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from mingdan.sample_bank.bank import PRODUCT_CODES, Bank
from mingdan.sample_bank.columns import NO_AMOUNT, NO_DATE, LandingPart, coded, day_of, looked_up, numbered

CHANNELS = ["counter", "atm", "app", "web", "pos", "third_party", "batch"]
COUNTER, ATM, APP, WEB, POS, WALLET, BATCH = range(7)
TYPES = [
    "transfer", "cash", "payroll", "pension", "purchase", "loan_disbursal", "loan_repayment", "interest", "fee", "tax",
    "court", "investment", "standing_order", "reversal",
]  # fmt: skip
(
    TRANSFER,
    CASH,
    PAYROLL,
    PENSION,
    PURCHASE,
    DISBURSAL,
    REPAYMENT,
    INTEREST,
    FEE,
    TAX,
    COURT,
    INVESTMENT,
    STANDING,
    REVERSAL,
) = range(14)
IN, OUT = 0, 1
ACCOUNT_TYPES = ["demand", "time", "notice", "cd"]
DEMAND, TIME, NOTICE, CD = range(4)
STATES = ["active", "dormant", "closed"]
ACTIVE, SLEEPING, CLOSED = range(3)
EXTERNAL = 10**12  # an account number from here on is another bank's

ACCOUNT_FIELDS: dict[str, type] = {
    "number": np.int64, "owner": np.int64, "kind": np.int8, "product": np.int16, "opened": np.int32, "matures": np.int32,
    "term": np.int32, "rate": np.int64, "auto": np.int8, "state": np.int8, "closed": np.int32, "balance": np.int64,
    "pledged": np.int64,
}  # fmt: skip
# name of a booking's field: (type, value when not said)
BOOKING_FIELDS: dict[str, tuple[type, Any]] = {
    "slot": (np.int64, None), "way": (np.int8, None), "cents": (np.int64, None), "channel": (np.int8, None),
    "type": (np.int8, None), "minute": (np.int32, -1), "branch": (np.int32, -1), "name": (np.int32, -1),
    "account": (np.int64, -1), "bank": (np.int32, -1), "own": (np.int8, 0), "started": (np.int8, -1),
    "reverses": (np.int64, -1), "memo": (np.int32, -1),
}  # fmt: skip


class Books:
    """Accounts are slots in parallel arrays; slot i is the first demand account of customer i, later slots come as they open."""

    def __init__(self, bank: Bank, numbers: np.ndarray, units: np.ndarray, part: int) -> None:
        self.bank, self.numbers, self.units, self.part = bank, numbers, units, part
        self.size = 0
        self.room = {name: np.zeros(0, kind) for name, kind in ACCOUNT_FIELDS.items()}
        self.next_seq = np.ones(len(numbers), np.int64)
        self.batches: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            return self.__dict__["room"][name][: self.__dict__["size"]]
        except KeyError:
            raise AttributeError(name) from None

    def open(
        self, owner: np.ndarray, kind: int, product: np.ndarray | int, day: np.ndarray | int, **more: Any
    ) -> np.ndarray:
        """Open an account for each owner (each at most once a call) with nothing on it; the new slots."""
        rows, start = len(owner), self.size
        if start + rows > len(self.room["number"]):
            wider = max(start + rows, int(1.5 * len(self.room["number"])) + 64)
            self.room = {
                name: np.concatenate([each[:start], np.zeros(wider - start, each.dtype)])
                for name, each in self.room.items()
            }
        self.size += rows
        values = {
            "matures": NO_DATE,
            "term": -1,
            "rate": 0,
            "auto": -1,
            "state": ACTIVE,
            "closed": NO_DATE,
            "balance": 0,
            "pledged": 0,
            **more,
        }
        values |= {
            "number": self.numbers[owner] * 1000 + self.next_seq[owner],
            "owner": owner,
            "kind": kind,
            "product": product,
            "opened": day,
        }
        self.next_seq[owner] += 1
        for name, value in values.items():
            self.room[name][start : self.size] = value
        return np.arange(start, self.size)

    def close(self, slots: np.ndarray, day: int) -> None:
        self.state[slots] = CLOSED
        self.closed[slots] = day

    def begin_day(self) -> None:
        self.before = self.balance.copy()
        self.batches = []

    def book(self, slot: np.ndarray, way: int, cents: np.ndarray, channel: Any, type_: Any, **more: Any) -> None:
        """Book amounts above zero in (0) or out (1); fields as in BOOKING_FIELDS, one value or one a row."""
        if len(slot) == 0:
            return
        keep = cents > 0
        if not keep.all():
            slot, cents = slot[keep], cents[keep]
            channel, type_ = (each[keep] if isinstance(each, np.ndarray) else each for each in (channel, type_))
            more = {name: each[keep] if isinstance(each, np.ndarray) else each for name, each in more.items()}
            if len(slot) == 0:
                return
        np.add.at(self.balance, slot, cents if way == IN else -cents)
        self.batches.append({"slot": slot, "way": way, "cents": cents, "channel": channel, "type": type_, **more})

    def affordable(self, slot: np.ndarray, cents: np.ndarray, keep: int = 0) -> np.ndarray:
        """The amounts cut down, account by account, to what its balance above `keep` bears; whole yuan where cut."""
        wanted = np.bincount(slot, weights=cents, minlength=self.size)
        left = np.maximum(self.balance - keep, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.minimum(np.where(wanted > 0, left / wanted, 0.0), 1.0)
        cut = share[slot] < 1.0
        return np.where(cut, (cents * share[slot] / 100).astype(np.int64) * 100, cents)

    def end_day(self, out: LandingPart, day: int, rng: np.random.Generator, all_open: bool) -> dict[str, np.ndarray]:
        """Write the day's transactions and balances; the bookings in the order written, with their numbers."""
        count = sum(len(each["slot"]) for each in self.batches)
        booked: dict[str, np.ndarray] = {}
        for name, (kind, default) in BOOKING_FIELDS.items():
            column = np.empty(count, kind)
            at = 0
            for batch in self.batches:
                rows = len(batch["slot"])
                column[at : at + rows] = batch.get(name, default)
                at += rows
            booked[name] = column
        drawn = rng.integers(0, 870, count)
        opens = np.where(booked["channel"] == COUNTER, 540, 430)  # counters from nine to half past four
        minute = opens + np.where(booked["channel"] == COUNTER, drawn * 450 // 870, drawn)
        minute = np.where(booked["channel"] == BATCH, 60 + drawn % 200, minute)
        booked["minute"] = np.where(booked["minute"] >= 0, booked["minute"], minute)
        order = np.argsort(self.number[booked["slot"]] * 1440 + booked["minute"], kind="stable")
        booked = {name: each[order] for name, each in booked.items()}
        booked["number"] = day * 10**9 + self.part * 10**6 + np.arange(count)
        if count:
            self._write_transactions(out, day, booked)
        self._write_balances(out, day, all_open)
        return booked

    def _write_transactions(self, out: LandingPart, day: int, booked: dict[str, np.ndarray]) -> None:
        type_, channel = booked["type"], booked["channel"]
        passive = np.isin(type_, [PAYROLL, PENSION, INTEREST, FEE, TAX, COURT, STANDING, REVERSAL, DISBURSAL]) | (
            channel == BATCH
        )
        incoming = (booked["way"] == IN) & ~np.isin(type_, [CASH, INVESTMENT])
        started = np.where(booked["started"] >= 0, booked["started"], ~(passive | incoming)).astype(bool)
        other = booked["account"]
        bank = self.bank
        out.write(
            "core.transactions",
            day,
            {
                "txn_id": numbered(f"T{day_of(day):%y%m%d}", booked["number"] % 10**9, 9),
                "account_id": numbered("A", self.number[booked["slot"]], 12),
                "booked_at": (day * 86400 + booked["minute"].astype(np.int64) * 60) * 1_000_000,
                "biz_date": np.full(len(type_), day, np.int32),
                "direction": coded(booked["way"], ["in", "out"]),
                "amount": booked["cents"],
                "channel": coded(channel, CHANNELS),
                "txn_type": coded(type_, TYPES),
                "branch_id": coded(booked["branch"], bank.unit_ids)
                if len(bank.unit_ids) < 300
                else looked_up(booked["branch"], pa.array(bank.unit_ids)),
                "counterparty_name": looked_up(booked["name"], bank.counterparties.arrow()),
                "counterparty_account": account_texts(other),
                "counterparty_bank": coded(booked["bank"], bank.banks),
                "is_own_name": booked["own"].astype(bool),
                "is_customer_initiated": started,
                "reversed_txn_id": self._reversed(booked["reverses"]),
                "memo": coded(booked["memo"], bank.memos),
            },
        )

    def _reversed(self, numbers: np.ndarray) -> pa.Array:
        known = numbers >= 0
        if not known.any():
            return pa.nulls(len(numbers), pa.string())
        return pa.array(
            [f"T{day_of(n // 10**9):%y%m%d}{n % 10**9:09d}" if n >= 0 else None for n in numbers.tolist()], pa.string()
        )

    def _write_balances(self, out: LandingPart, day: int, all_open: bool) -> None:
        new = self.balance.copy()
        new[: len(self.before)] -= self.before
        touched = new != 0
        if all_open:
            touched |= (self.state != CLOSED) & (self.opened <= day)
        rows = np.flatnonzero(touched)
        rows = rows[np.argsort(self.number[rows])]
        out.write(
            "core.account_balances",
            day,
            {
                "account_id": numbered("A", self.number[rows], 12),
                "biz_date": np.full(len(rows), day, np.int32),
                "balance": self.balance[rows],
                "pledged_amount": np.where(self.pledged[rows] > 0, self.pledged[rows], NO_AMOUNT),
            },
        )

    def write_accounts(self, out: LandingPart, day: int) -> None:
        rows = np.flatnonzero(self.opened <= day)
        rows = rows[np.argsort(self.number[rows])]
        out.write(
            "core.accounts",
            day,
            {
                "account_id": numbered("A", self.number[rows], 12),
                "customer_id": numbered("C", self.number[rows] // 1000, 9),
                "branch_id": coded(self.units[self.owner[rows]], self.bank.unit_ids),
                "product_code": coded(self.product[rows], PRODUCT_CODES),
                "account_type": coded(self.kind[rows], ACCOUNT_TYPES),
                "currency": "CNY",
                "opened_on": self.opened[rows],
                "matures_on": self.matures[rows],
                "term_months": pa.array(self.term[rows], mask=self.term[rows] < 0),
                "annual_rate": self.rate[rows],
                "auto_rollover": pa.array(self.auto[rows] == 1, mask=self.auto[rows] < 0),
                "status": coded(self.state[rows], STATES),
                "closed_on": self.closed[rows],
            },
        )


def account_texts(numbers: np.ndarray) -> pa.Array:
    """Account numbers as texts: ours A…, another bank's E…, none below zero."""
    ours = numbered("A", np.maximum(numbers, 0) % EXTERNAL, 12, numbers >= 0)
    foreign = numbers >= EXTERNAL
    if not foreign.any():
        return ours
    text = np.frombuffer(ours.buffers()[2], np.uint8).reshape(-1, 13).copy()
    text[foreign, 0] = ord("E")
    return pa.StringArray.from_buffers(len(numbers), ours.buffers()[1], pa.py_buffer(text), ours.buffers()[0])
