"""The accounts of a chunk and each day's bookings on them: balances are always opening plus signed bookings."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from mingdan.sample_bank.bank import Bank
from mingdan.sample_bank.columns import NO_AMOUNT, NO_DATE, LandingPart, coded, day_of, looked_up, numbered
from mingdan.sample_bank.grown import Rows
from mingdan.sample_bank.products import PRODUCT_CODES

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
NEVER_BY_CUSTOMER = [PAYROLL, PENSION, INTEREST, FEE, TAX, COURT, STANDING, REVERSAL, DISBURSAL]
ACCOUNT_TYPES = ["demand", "time", "notice", "cd"]
DEMAND, TIME, NOTICE, CD = range(4)
STATES = ["active", "dormant", "closed"]
ACTIVE, SLEEPING, CLOSED = range(3)
EXTERNAL = 10**12  # an account number from here on is another bank's


class Kind(NamedTuple):
    """A kind of booking: what stands in txn_type, channel (UNSAID: said at each booking), memo and is_own_name."""

    type: int
    channel: int
    memo: str
    own: int = 0


UNSAID = -1
WAGE, BONUS = Kind(PAYROLL, BATCH, "工资"), Kind(PAYROLL, BATCH, "年终奖")
WAGE_FROM_ELSEWHERE = Kind(TRANSFER, WEB, "工资")
PENSION_PAID, SUBSIDY = Kind(PENSION, BATCH, "养老金"), Kind(TRANSFER, BATCH, "惠农补贴")
INTEREST_PAID, TAKINGS = Kind(INTEREST, BATCH, "利息"), Kind(TRANSFER, BATCH, "收单结算")
CASH_IN, CASH_OUT = Kind(CASH, UNSAID, "存款"), Kind(CASH, UNSAID, "取款")
RECEIVED, SENT = Kind(TRANSFER, WEB, "转账"), Kind(TRANSFER, UNSAID, "转账")
RECEIVED_FROM_OWN, SENT_TO_OWN = Kind(TRANSFER, WEB, "转账", 1), Kind(TRANSFER, UNSAID, "转账", 1)
GOODS_SOLD, GOODS_BOUGHT = Kind(TRANSFER, WEB, "货款"), Kind(TRANSFER, UNSAID, "货款")
WINDFALL, TO_BROKER = Kind(TRANSFER, WEB, "售房款"), Kind(TRANSFER, UNSAID, "银证转账", 1)
TERM_OPENED, TERM_CLOSED = Kind(TRANSFER, UNSAID, "定期开户", 1), Kind(TRANSFER, UNSAID, "定期销户", 1)
INVESTED, REDEEMED = Kind(INVESTMENT, UNSAID, "理财购买"), Kind(INVESTMENT, BATCH, "理财赎回")
BOUGHT_BY_WALLET, BOUGHT_AT_TILL = Kind(PURCHASE, WALLET, "消费"), Kind(PURCHASE, POS, "消费")
BILL_PAID, PURCHASE_REVERSED = Kind(PURCHASE, UNSAID, "水电费"), Kind(REVERSAL, POS, "冲正")
SEIZED = Kind(COURT, BATCH, "司法扣划")
LENT, REPAID, HOUSE_BOUGHT = (
    Kind(DISBURSAL, BATCH, "贷款发放"),
    Kind(REPAYMENT, BATCH, "还款"),
    Kind(TRANSFER, COUNTER, "消费"),
)
MEMOS = [
    "工资", "年终奖", "养老金", "惠农补贴", "利息", "收单结算", "存款", "取款", "转账", "货款", "售房款",
    "银证转账", "定期开户", "定期销户", "理财购买", "理财赎回", "消费", "水电费", "冲正", "贷款发放", "还款",
    "房租", "学费", "保费", "通行费", "税款", "司法扣划", "房贷", "保教费", "租赁款",
]  # fmt: skip
MEMO_AT = {word: place for place, word in enumerate(MEMOS)}

# Fields of a booking beyond slot, way and cents: type and value when not said.
BOOKING_FIELDS: dict[str, tuple[type, int]] = {
    "slot": (np.int64, 0), "way": (np.int8, 0), "cents": (np.int64, 0), "channel": (np.int8, 0), "type": (np.int8, 0),
    "memo": (np.int8, 0), "own": (np.int8, 0), "branch": (np.int32, -1), "name": (np.int32, -1),
    "account": (np.int64, -1),
    "bank": (np.int8, -1), "started": (np.int8, -1), "reverses": (np.int64, -1),
}  # fmt: skip


class Books:
    """Accounts are slots in parallel arrays: slot i is the first demand account of customer i, others follow."""

    def __init__(self, bank: Bank, numbers: np.ndarray, units: np.ndarray, part: int) -> None:
        self.bank, self.numbers, self.units, self.part = bank, numbers, units, part
        self.accounts = Rows(
            "number", "owner", "kind", "product", "opened", "matures", "term", "rate", "auto", "state", "closed",
            "balance", "pledged"
        )  # fmt: skip
        self.next_seq = np.ones(len(numbers), np.int64)
        self.batches: list[dict[str, Any]] = []

    def open(
        self, owner: np.ndarray, kind: int, product: np.ndarray | int, day: np.ndarray | int, **more: Any
    ) -> np.ndarray:
        """Open an account for each owner (each at most once a call) with nothing on it; the new slots."""
        number = self.numbers[owner] * 1000 + self.next_seq[owner]
        self.next_seq[owner] += 1
        usual = {"matures": NO_DATE, "term": -1, "rate": 0, "auto": -1, "state": ACTIVE, "balance": 0, **more}
        return self.accounts.add(
            len(owner), number=number, owner=owner, kind=kind, product=product, opened=day, closed=NO_DATE, pledged=0,
            **usual,
        )  # fmt: skip

    def close(self, slots: np.ndarray, day: int) -> None:
        self.accounts.state[slots] = CLOSED
        self.accounts.closed[slots] = day
        self.accounts.pledged[slots] = 0

    def begin_day(self) -> None:
        self.before = self.accounts.balance.copy()
        self.batches = []

    def book(self, way: int, kind: Kind, slot: np.ndarray, cents: np.ndarray, **more: Any) -> None:
        """Book amounts above zero in (0) or out (1); `more` are BOOKING_FIELDS, one value or one a row."""
        keep = cents > 0
        if not keep.all():
            slot, cents = slot[keep], cents[keep]
            more = {name: each[keep] if isinstance(each, np.ndarray) else each for name, each in more.items()}
        if len(slot) == 0:
            return
        np.add.at(self.accounts.balance, slot, cents if way == IN else -cents)
        batch = {"slot": slot, "way": way, "cents": cents, "channel": kind.channel, "type": kind.type, "own": kind.own}
        self.batches.append({**batch, "memo": MEMO_AT[kind.memo], **more})

    def affordable(self, slot: np.ndarray, cents: np.ndarray) -> np.ndarray:
        """The amounts cut down, account by account, to what its balance bears; whole yuan where cut."""
        wanted = np.bincount(slot, weights=cents, minlength=self.accounts.size)[slot]
        share = np.minimum(np.maximum(self.accounts.balance[slot], 0) / np.maximum(wanted, 1), 1.0)
        return np.where(share < 1.0, (cents * share / 100).astype(np.int64) * 100, cents)

    def end_day(self, out: LandingPart, day: int, rng: np.random.Generator, all_open: bool) -> dict[str, np.ndarray]:
        """Write the day's transactions and balances; the bookings in the order written, with their numbers."""
        lengths = [len(each["slot"]) for each in self.batches]
        count, ends = sum(lengths), np.cumsum(lengths).tolist()
        booked: dict[str, np.ndarray] = {}
        for name, (kind, usual) in BOOKING_FIELDS.items():
            column: np.ndarray = np.empty(count, kind)
            booked[name] = column
            for batch, end, rows in zip(self.batches, ends, lengths, strict=True):
                column[end - rows : end] = batch.get(name, usual)
        channel = booked["channel"]
        # Counters and machines stand in the home branch; counters are open from nine to half past four.
        home = self.units[self.accounts.owner[booked["slot"]]]
        booked["branch"] = np.where((channel == COUNTER) | (channel == ATM), home, -1)
        drawn = rng.integers(0, 870, count)
        minute = np.where(
            channel == COUNTER, 540 + drawn * 450 // 870, np.where(channel == BATCH, 60 + drawn % 200, 430 + drawn)
        )
        order = np.argsort(self.accounts.number[booked["slot"]] * 1440 + minute, kind="stable")
        booked = {name: each[order] for name, each in booked.items()}
        booked["number"] = day * 10**9 + self.part * 10**6 + np.arange(count)
        if count:
            self._write_transactions(out, day, booked, minute[order])
        self._write_balances(out, day, all_open)
        return booked

    def _write_transactions(
        self, out: LandingPart, day: int, booked: dict[str, np.ndarray], minute: np.ndarray
    ) -> None:
        type_, channel, bank = booked["type"], booked["channel"], self.bank
        incoming = (booked["way"] == IN) & ~np.isin(type_, [CASH, INVESTMENT])
        by_customer = ~(incoming | np.isin(type_, NEVER_BY_CUSTOMER) | (channel == BATCH))
        rows = {
            "txn_id": numbered(f"T{day_of(day):%y%m%d}", booked["number"] % 10**9, 9),
            "account_id": numbered("A", self.accounts.number[booked["slot"]], 12),
            "booked_at": (day * 86400 + minute * 60) * 1_000_000,
            "biz_date": np.full(len(type_), day, np.int32),
            "direction": coded(booked["way"], ["in", "out"]),
            "amount": booked["cents"],
            "channel": coded(channel, CHANNELS),
            "txn_type": coded(type_, TYPES),
            "branch_id": looked_up(booked["branch"], bank.unit_id_array),
            "counterparty_name": looked_up(booked["name"], bank.counterparties.arrow()),
            "counterparty_account": account_texts(booked["account"]),
            "counterparty_bank": coded(booked["bank"], bank.banks),
            "is_own_name": booked["own"] == 1,
            "is_customer_initiated": np.where(booked["started"] >= 0, booked["started"] == 1, by_customer),
            "reversed_txn_id": reversed_texts(booked["reverses"]),
            "memo": coded(booked["memo"], MEMOS),
        }
        out.write("core.transactions", day, rows)

    def _write_balances(self, out: LandingPart, day: int, all_open: bool) -> None:
        accounts = self.accounts
        moved = accounts.balance.copy()
        moved[: len(self.before)] -= self.before
        wanted = moved != 0
        if all_open:
            wanted |= (accounts.state != CLOSED) & (accounts.opened <= day)
        rows = np.flatnonzero(wanted)
        rows = rows[np.argsort(accounts.number[rows])]
        columns = {
            "account_id": numbered("A", accounts.number[rows], 12),
            "biz_date": np.full(len(rows), day, np.int32),
            "balance": accounts.balance[rows],
            "pledged_amount": np.where(accounts.pledged[rows] > 0, accounts.pledged[rows], NO_AMOUNT),
        }
        out.write("core.account_balances", day, columns)

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        accounts = self.accounts
        rows = np.flatnonzero(accounts.opened <= day)
        rows = rows[np.argsort(accounts.number[rows])]
        columns = {
            "account_id": numbered("A", accounts.number[rows], 12),
            "customer_id": numbered("C", accounts.number[rows] // 1000, 9),
            "branch_id": coded(self.units[accounts.owner[rows]], self.bank.unit_ids),
            "product_code": coded(accounts.product[rows], PRODUCT_CODES),
            "account_type": coded(accounts.kind[rows], ACCOUNT_TYPES),
            "currency": "CNY",
            "opened_on": accounts.opened[rows],
            "matures_on": accounts.matures[rows],
            "term_months": pa.array(accounts.term[rows].astype(np.int32), mask=accounts.term[rows] < 0),
            "annual_rate": accounts.rate[rows],
            "auto_rollover": pa.array(accounts.auto[rows] == 1, mask=accounts.auto[rows] < 0),
            "status": coded(accounts.state[rows], STATES),
            "closed_on": accounts.closed[rows],
        }
        out.write("core.accounts", day, columns)


def reversed_texts(numbers: np.ndarray) -> pa.Array:
    """Transaction ids of the day before, from their numbers; null below zero."""
    known = [
        None if each < 0 else f"T{day_of(each // 10**9):%y%m%d}{each % 10**9:09d}"
        for each in numbers[numbers >= 0].tolist()
    ]
    places = np.cumsum(numbers >= 0) - 1
    return pa.array(known, pa.string()).take(pa.array(places, mask=numbers < 0))


def account_texts(numbers: np.ndarray) -> pa.Array:
    """Account numbers as texts: ours A…, another bank's E…, none below zero."""
    ours = numbered("A", np.maximum(numbers, 0) % EXTERNAL, 12, numbers >= 0)
    foreign = numbers >= EXTERNAL
    if not foreign.any():
        return ours
    text = np.frombuffer(ours.buffers()[2], np.uint8).reshape(-1, 13).copy()
    text[foreign, 0] = ord("E")
    return pa.StringArray.from_buffers(len(numbers), ours.buffers()[1], pa.py_buffer(text), ours.buffers()[0])
