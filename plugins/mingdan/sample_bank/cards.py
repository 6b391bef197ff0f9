"""Credit cards of a chunk and their use; debit cards, which only exist."""

from __future__ import annotations

import numpy as np

from mingdan.sample_bank import books as b
from mingdan.sample_bank.bank import PEOPLE, generator
from mingdan.sample_bank.books import OUT
from mingdan.sample_bank.columns import NO_DATE, LandingPart, coded, day_of, numbered
from mingdan.sample_bank.dates import rounded
from mingdan.sample_bank.grown import Rows
from mingdan.sample_bank.life import Life, Side
from mingdan.sample_bank.people import STUDENT
from mingdan.sample_bank.products import PRODUCT_AT, PRODUCT_CODES

MCCS = [
    "5411",
    "5812",
    "5814",
    "5541",
    "5651",
    "5732",
    "5912",
    "7230",
    "4511",
    "7011",
    "8299",
    "5311",
    "5977",
    "5641",
    "7832",
]
MCC_NAMES = [
    "超市",
    "餐厅",
    "快餐店",
    "加油站",
    "服饰店",
    "数码店",
    "药房",
    "美容院",
    "航空票务",
    "酒店",
    "培训学校",
    "百货商场",
    "化妆品店",
    "母婴店",
    "影城",
]
CARD_STATES = ["not_activated", "active", "frozen", "closed"]


class Cards(Side):
    """Credit cards and their use; debit cards, which only exist."""

    def __init__(self, life: Life) -> None:
        self.bank, self.people, self.number_base = life.bank, life.people, (life.people.chunk + 1) * 10**6
        self.rows = Rows(
            "owner", "product", "limit", "balance", "instalments", "approved", "activated", "used", "closed", "state",
            "channel",
            "pace", "dom", "late_since", "pays_here",
        )  # fmt: skip
        people, first = life.people, life.bank.first_day
        rng = generator(life.bank.seed, PEOPLE, people.chunk, 5)
        appetite = (
            np.array([0.28, 0.26, 0.06, 0.02, 0.03, 0.12, 0.12])[people.kind] * (people.pace > 0) * (people.age < 65)
        )
        owner = np.flatnonzero(people.is_old & (rng.random(people.count) < appetite))
        approved = np.maximum(first - 3 - (rng.random(len(owner)) ** 2 * 2500).astype(np.int64), people.opened[owner])
        self._issue(rng, owner, approved)
        rows = self.rows
        fate = rng.random(rows.size)
        used = fate > 0.14
        rows.state[fate > 0.07] = 1
        rows.activated[fate > 0.07] = (approved + 4)[fate > 0.07]
        rows.used[used] = np.minimum(rows.activated[used] + 2, first - 1)
        rows.pace[(fate > 0.88) | ((fate > 0.1) & (fate <= 0.14))] = 0  # left in a drawer, some before the first use
        shut = (fate > 0.96) & (approved < first - 400)
        rows.state[shut], rows.closed[shut] = 3, first - rng.integers(1, 300, shut.sum())

    def _issue(self, rng: np.random.Generator, owner: np.ndarray, approved: np.ndarray | int) -> None:
        """Cards just approved; `pace` is purchases in ten thousand days."""
        rich = self.people.tier[owner] >= 3
        limit = rounded(
            np.clip(self.people.income[owner] * rng.uniform(1.0, 4.0, len(owner)), 300_000, 20_000_000), 1000
        )
        self.rows.add(
            len(owner), owner=owner, product=np.where(rich, PRODUCT_AT["K02"], PRODUCT_AT["K01"]), limit=limit,
            balance=0,
            instalments=0, approved=approved, activated=NO_DATE, used=NO_DATE, closed=NO_DATE, state=0,
            channel=rng.integers(0, 4, len(owner)), pace=np.clip(rng.lognormal(7.4, 0.9, len(owner)), 100, 20_000),
            dom=rng.integers(1, 29, len(owner)), late_since=0, pays_here=rng.random(len(owner)) < 0.85,
        )  # fmt: skip

    def live(self, life: Life, out: LandingPart) -> None:
        rows, rng, day, people = self.rows, life.rng, life.day, self.people
        luck = rng.random(rows.size)
        wakes = (rows.state == 0) & (luck < 0.02) & (rows.approved < day - 2) & (rows.pace > 1000)  # not everybody does
        rows.state[wakes], rows.activated[wakes] = 1, day
        leaves = (rows.state == 1) & (luck > 0.99994)
        rows.state[leaves], rows.closed[leaves] = 3, day
        rows.pace[(rows.state == 1) & (luck > 0.9993) & (luck < 0.9999)] //= 5  # use cools down
        count = np.where((rows.state == 1) & life.alive[rows.owner], rng.poisson(rows.pace / 10_000), 0)
        which = np.repeat(np.arange(rows.size), count)
        cents = np.maximum(rng.lognormal(9.2, 1.1, len(which)).astype(np.int64) // 10 * 10, 100)
        spent = np.bincount(which, weights=cents, minlength=rows.size)
        fits = (rows.balance + spent <= rows.limit)[which]
        which, cents = which[fits], cents[fits]
        back = (rng.random(len(which)) < 0.008) & (rows.balance[which] > cents)
        parts = ~back & (cents > 100_000) & (rng.random(len(which)) < 0.15)
        np.add.at(rows.balance, which, np.where(back, -cents, cents))
        np.add.at(rows.instalments, which[parts], cents[parts])
        bought = which[~back]
        rows.used[bought] = np.where(rows.used[bought] == NO_DATE, day, rows.used[bought])
        mcc = np.minimum((rng.random(len(which)) ** 1.6 * len(MCCS)).astype(int), len(MCCS) - 1)
        channel = rng.choice(3, len(which), p=[0.25, 0.4, 0.35])
        out.write(
            "cards.card_transactions",
            day,
            {
                "txn_id": numbered(f"K{day_of(day):%y%m%d}", self.number_base + np.arange(len(which)), 9),
                "card_id": numbered("K", self.number_base + which, 9),
                "booked_at": (day * 86400 + rng.integers(420, 1400, len(which)).astype(np.int64) * 60) * 1_000_000,
                "biz_date": np.full(len(which), day, np.int32),
                "amount": cents,
                "mcc": coded(mcc, MCCS),
                "merchant_name": coded(mcc, MCC_NAMES),
                "is_instalment": parts,
                "is_refund": back,
                "channel": coded(channel, ["pos", "online", "qr"]),
            },
        )
        self._repay(life)
        fit = (people.pace > 0.15) & (people.age < 60) & life.happens(0.00014)
        self._issue(rng, np.setdiff1d(np.flatnonzero(fit), rows.owner), day)

    def _repay(self, life: Life) -> None:
        rows, day = self.rows, life.day
        bill = np.flatnonzero(
            (rows.dom == life.today.day) & (rows.balance > 0) & (rows.state == 1) & life.alive[rows.owner]
        )
        asked = rows.balance[bill] - rows.instalments[bill] * 11 // 12
        misses = life.rng.random(len(bill)) < 0.006
        owner = rows.owner[bill]
        here = (rows.pays_here[bill] == 1) & ~misses
        short = here & (asked > life.demand(owner))
        life.from_own_bank(owner[short], asked[short])
        life.books.book(OUT, b.REPAID, owner[here], asked[here], name=self.bank.card_word)
        paid = bill[~misses]
        rows.balance[paid] -= asked[~misses]
        rows.instalments[paid] = rows.instalments[paid] * 11 // 12
        rows.late_since[paid] = 0
        late = bill[misses]
        rows.late_since[late] = np.where(rows.late_since[late] == 0, day, rows.late_since[late])

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        rows, people, bank = self.rows, self.people, self.bank
        owner = rows.owner
        late = np.where((rows.late_since > 0) & (rows.state == 1), day - rows.late_since, 0)
        out.write(
            "cards.credit_cards",
            day,
            {
                "card_id": numbered("K", self.number_base + np.arange(rows.size), 9),
                "customer_id": numbered("C", people.number[owner], 9),
                "branch_id": coded(people.unit[owner], bank.unit_ids),
                "product_code": coded(rows.product, PRODUCT_CODES),
                "credit_limit": rows.limit,
                "current_balance": rows.balance,
                "instalment_balance": rows.instalments,
                "overdue_days": late.astype(np.int32),
                "approved_on": rows.approved,
                "activated_on": rows.activated,
                "first_used_on": rows.used,
                "closed_on": rows.closed,
                "status": coded(rows.state, CARD_STATES),
                "acquisition_channel": coded(rows.channel, ["counter", "app", "referral", "outreach"]),
            },
        )
        here = np.flatnonzero((people.opened <= day) & (people.number % 13 != 0))
        social = people.number[here] % 20 < 7
        kind = np.where(social, 1, np.where(people.kind[here] == STUDENT, 3, 0))
        sleeping = people.is_dormant[here]
        out.write(
            "cards.debit_cards",
            day,
            {
                "card_id": numbered("J", people.number[here], 9),
                "customer_id": numbered("C", people.number[here], 9),
                "account_id": numbered("A", people.number[here] * 1000 + 1, 12),
                "kind": coded(kind, ["standard", "social_security", "veteran", "student"]),
                "issued_on": people.opened[here],
                "status": coded(np.where(sleeping, 1, 0), ["active", "inactive", "lost", "closed"]),
            },
        )
