"""One chunk's days: income, spending, term deposits, investments and leaving, day after day, state forward only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from mingdan.sample_bank import books as b
from mingdan.sample_bank.bank import DAY, PEOPLE, Bank, generator
from mingdan.sample_bank.books import EXTERNAL, IN, OUT, Books
from mingdan.sample_bank.columns import NO_DATE, LandingPart, day_of
from mingdan.sample_bank.dates import YUAN, add_months, rounded
from mingdan.sample_bank.holidays import days_to_spring_festival, is_working_day, working_day_before
from mingdan.sample_bank.investments import HELD, LIQUID, MATURED, REDEEMED, Holdings
from mingdan.sample_bank.names import OTHER_BANKS, PERSON_NAMES, SPOTS, WALLETS
from mingdan.sample_bank.people import FARMER, HOMEMAKER, OTHER, PROPRIETOR, SALARIED, People
from mingdan.sample_bank.products import PRODUCT_AT, TERM_PRODUCTS, TERMS, annual_rate, rates_on_sale

# What outgoing money is for, by style of life (young, middle, older, old): share of the bookings, and size to the mean.
PURPOSES = np.array(
    [  # wallet, till, person, tie, own account, machine, counter, bill
        [0.70, 0.08, 0.06, 0.03, 0.07, 0.02, 0.00, 0.04],
        [0.58, 0.12, 0.09, 0.05, 0.06, 0.04, 0.01, 0.05],
        [0.40, 0.14, 0.09, 0.07, 0.04, 0.12, 0.07, 0.07],
        [0.12, 0.10, 0.06, 0.08, 0.02, 0.24, 0.34, 0.04],
    ]
)
WALLET_BUY, TILL_BUY, TO_PERSON, TO_TIE, TO_OWN, MACHINE_CASH, COUNTER_CASH, BILL = range(8)
PURPOSE_SIZE = np.array([0.45, 1.0, 2.5, 2.0, 3.0, 2.2, 2.4, 0.6])
PURPOSE_STEP = np.array([10, 10, 1_000, 1_000, 1_000, 10_000, 10_000, 10])  # cents to which amounts are rounded
PURPOSE_CUMULATIVE = np.cumsum(PURPOSES, axis=1)
PURPOSE_MEAN = (PURPOSES * PURPOSE_SIZE).sum(axis=1)
TERM_PRODUCT_AT = np.array([PRODUCT_AT[code] for code in TERM_PRODUCTS.values()])
FIRST_WALLET = len(OTHER_BANKS)  # in the bank's list of other banks, where the broker comes last
BROKER = FIRST_WALLET + len(WALLETS)
# Ways to leave.
BY_OWN_ACCOUNT, BY_BROKER, BY_PURCHASE, BY_OWN_ACCOUNT_SLOWLY = range(4)


class Side:
    """Another part of a chunk's life, with state and snapshots of its own."""

    def live(self, life: Life, out: LandingPart) -> None:
        """Live a day before it closes: what is booked here is in its balances."""

    def after(self, life: Life, out: LandingPart) -> None:
        """What follows from the day's bookings."""

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        """Write the snapshot tables of a day."""


class Life:
    """The chunk's customers living from day to day. Call `run_day` for each day in order."""

    def __init__(self, bank: Bank, people: People, books: Books) -> None:
        self.bank, self.people, self.books = bank, people, books
        self.holdings = Holdings(bank, people.chunk + 1)
        rng = generator(bank.seed, PEOPLE, people.chunk, 1)
        rows = people.count
        self.demand_target, self.aum_target = people.demand_target.copy(), people.aum_target.copy()
        self.leaving_until = np.full(rows, -1, np.int64)
        self.leaving_way = np.zeros(rows, np.int64)
        self.own_bank = people.number % FIRST_WALLET
        self.own_account = EXTERNAL + people.number * 1000 + 900
        self.later: dict[int, list[tuple[str, np.ndarray, np.ndarray]]] = {}
        self.purchases: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self.name_word = bank.counterparties.add(*people.name_list.tolist())
        self._open_accounts(rng)
        self._draw_bills(rng)

    # ---- before the first day ----
    def _open_accounts(self, rng: np.random.Generator) -> None:
        people, first, rows = self.people, self.bank.first_day, self.people.count
        accounts = self.books.accounts
        opening = self.demand_target * np.exp(rng.normal(0, 0.35, rows)) + people.spend * rng.random(rows) * 0.6
        state = np.where(people.is_dormant, b.SLEEPING, b.ACTIVE)
        self.books.open(
            np.arange(rows), b.DEMAND, PRODUCT_AT["D01"], people.opened, rate=annual_rate("D01", first), state=state,
            balance=np.where(people.is_old, opening, 0).astype(np.int64),
        )  # fmt: skip
        rest = np.where(people.is_old, people.aum_target - self.demand_target, 0)
        in_wealth = (rest * people.wealth_part).astype(np.int64)
        in_time = rest - in_wealth
        pieces = 1 + (in_time > 5_000_000) + (in_time > 20_000_000) + (rng.random(rows) < 0.35)
        for piece in range(4):
            owner = np.flatnonzero((pieces > piece) & (in_time > 20_000))
            share = in_time[owner] / pieces[owner]
            slots = self._new_term(
                owner, np.where(share >= 1_000_000, rounded(share, 1000), rounded(share, 100)), first - 1, rng
            )
            began = first - 1 - (rng.random(len(owner)) * accounts.term[slots] * 30.4).astype(np.int64)
            accounts.opened[slots] = began = np.maximum(began, people.opened[owner])
            has_end = accounts.matures[slots] != NO_DATE
            accounts.matures[slots] = np.where(has_end, add_months(began, accounts.term[slots]), NO_DATE)
            accounts.rate[slots] += 2500  # they were opened at the better rates of their day
        pieces = 1 + (in_wealth > 8_000_000) + (rng.random(rows) < 0.3)
        for piece in range(3):
            owner = np.flatnonzero((pieces > piece) & (in_wealth > 100_000))
            product = self.holdings.choose(rng, people.risk[owner])
            length = np.select([product == PRODUCT_AT[code] for code in ("W090", "W180", "W365")], [89, 179, 364], 900)
            bought = np.maximum(first - 1 - (rng.random(len(owner)) * length).astype(np.int64), people.opened[owner])
            self.holdings.buy(
                owner, product, np.maximum(rounded(in_wealth[owner] / pieces[owner], 100), 10_000), bought
            )

    def _draw_bills(self, rng: np.random.Generator) -> None:
        """Everything that is paid on a fixed day of the month, in one table."""
        people, bank, rows = self.people, self.bank, self.people.count
        lives = people.pace > 0
        young, middle = people.style == 0, people.style == 1
        every, school = 0xFFF, (1 << 1) | (1 << 8)
        once = 1 << rng.integers(0, 12, rows)  # a year, in the month of the contract
        # (who, share of them, cents, type, channel, first word, words, is it the own bank, memo, months as bits)
        plans: list[tuple[Any, ...]] = [
            (young, 0.14, people.spend * 0.25, b.STANDING, b.BATCH, bank.landlord_word, 1, False, "房租", every),
            (lives, 0.16, people.spend * 0.02, b.STANDING, b.BATCH, bank.utility_word, 3, False, "水电费", every),
            (lives, 0.22, np.full(rows, 200), b.FEE, b.BATCH, -1, 1, False, "消费", every),
            (people.tier > 0, 0.09, people.spend * 0.5, b.STANDING, b.BATCH, bank.insurer_word, 2, False, "保费", once),
            (middle, 0.15, people.spend * 0.6, b.TRANSFER, b.APP, bank.school_word, 2, False, "学费", school),
            (
                young | middle,
                0.07,
                people.spend * 0.18,
                b.TRANSFER,
                b.WALLET,
                bank.lender_word,
                4,
                False,
                "还款",
                every,
            ),
            (people.style < 3, 0.05, people.spend * 0.3, b.TRANSFER, b.BATCH, -1, 1, True, "还款", every),
            (
                people.kind == PROPRIETOR,
                0.25,
                people.spend * 0.04,
                b.TAX,
                b.BATCH,
                bank.tax_word,
                1,
                False,
                "税款",
                every,
            ),
            (people.has_etc, 1.0, people.toll, b.STANDING, b.BATCH, bank.toll_word, 1, False, "通行费", every),
            (middle, 0.07, people.spend * 0.15, b.TRANSFER, b.APP, bank.school_word + 1, 1, False, "保教费", every),
            (young, 0.06, people.spend * 0.05, b.TRANSFER, b.WALLET, bank.shopping_word, 1, False, "还款", every),
            (
                people.style < 3,
                0.03,
                people.spend * 0.3,
                b.STANDING,
                b.BATCH,
                bank.mortgage_word,
                1,
                False,
                "房贷",
                every,
            ),
            (
                people.kind == PROPRIETOR,
                0.12,
                people.spend * 0.2,
                b.STANDING,
                b.BATCH,
                bank.lessor_word,
                1,
                False,
                "租赁款",
                every,
            ),
        ]
        parts = []
        for who, share, cents, type_, channel, word, words, own, memo, months in plans:
            owner = np.flatnonzero(who & lives & (rng.random(rows) < share))
            name = word + rng.integers(0, words, len(owner)) if word >= 0 else np.full(len(owner), -1)
            elsewhere = own or word == bank.mortgage_word
            part: dict[str, Any] = {
                "owner": owner, "cents": np.maximum(cents[owner] // 1000 * 1000, 200),
                "dom": rng.integers(1, 29, len(owner)),
                "name": self.name_word + owner if own else name, "bank": self.own_bank[owner] if elsewhere else -1,
                "type": type_, "channel": channel, "own": int(own), "memo": b.MEMO_AT[memo],
                "months": np.broadcast_to(months, rows)[owner],
            }  # fmt: skip
            parts.append({key: np.broadcast_to(value, len(owner)).astype(np.int64) for key, value in part.items()})
        self.bill = {key: np.concatenate([each[key] for each in parts]) for key in parts[0]}
        lent = np.isin(self.bill["name"], bank.lender_word + np.arange(4))
        self.has_lender = np.isin(np.arange(rows), self.bill["owner"][lent])

    def owe_elsewhere(self, owner: np.ndarray, cents: np.ndarray) -> None:
        """From the first day on these pay another bank each month for a loan of its own."""
        terms = {
            "owner": owner, "cents": cents, "dom": 3 + self.people.number[owner] % 25, "name": self.bank.mortgage_word,
            "bank": self.own_bank[owner], "type": b.STANDING, "channel": b.BATCH, "own": 0, "memo": b.MEMO_AT["房贷"],
            "months": 0xFFF,
        }  # fmt: skip
        self.bill = {
            key: np.concatenate([self.bill[key], np.broadcast_to(value, len(owner)).astype(np.int64)])
            for key, value in terms.items()
        }

    # ---- one day ----
    def run_day(self, out: LandingPart, day: int, all_open: bool, sides: Sequence[Side]) -> None:
        """Live one day, and the sides with it, and write its events."""
        people, books = self.people, self.books
        self.rng = rng = generator(self.bank.seed, DAY, people.chunk, day)
        self.day, self.today, self.is_work = day, day_of(day), is_working_day(day_of(day))
        self.near = days_to_spring_festival(self.today)
        self.alive = people.alive(day)
        books.begin_day()
        self._reverse_purchases()
        self._income()
        self._interest()
        self._maturities()
        self._do_planned()
        for side in sides:
            side.live(self, out)
        self._pay_bills()
        self._change_minds()
        self._spend()
        self._sweep()
        booked = books.end_day(out, day, rng, all_open)
        in_app = (booked["channel"] == b.APP) & (booked["way"] == OUT)
        owner = books.accounts.owner[booked["slot"][in_app]]
        self.app_transfers = np.bincount(owner, minlength=people.count)
        bought = (booked["type"] == b.PURCHASE) & (booked["channel"] != b.APP)
        self.purchases = (booked["slot"][bought], booked["cents"][bought], booked["number"][bought])
        for side in sides:
            side.after(self, out)

    def demand(self, owner: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Balances of the first demand accounts, in cents."""
        return self.books.accounts.balance[: self.people.count][owner]

    def from_home(self, owner: np.ndarray) -> np.ndarray:
        """The channel by which a customer acts at home: the app where used, else web; the old the counter."""
        people = self.people
        app = (people.app_since[owner] <= self.day) & (people.app_use[owner] > 0)
        return np.where(app, b.APP, np.where(people.age[owner] > 55, b.COUNTER, b.WEB))

    def in_person(self, owner: np.ndarray) -> np.ndarray:
        """As `from_home`, but on working days the older, and those without the app, rather go to the branch."""
        channel = self.from_home(owner)
        goes = (self.people.age[owner] > 52) | (channel == b.WEB)
        return np.where(goes, b.COUNTER, channel) if self.is_work else channel

    def happens(self, chance: np.ndarray | float) -> np.ndarray:
        """For each customer whether it happens today, only to the living; chances are for one day."""
        return self.alive & (self.rng.random(self.people.count) < chance)

    # ---- money coming in ----
    def from_own_bank(self, owner: np.ndarray, cents: np.ndarray) -> None:
        """A transfer from the customer's own account at another bank."""
        self.books.book(
            IN, b.RECEIVED_FROM_OWN, owner, cents, bank=self.own_bank[owner], account=self.own_account[owner],
            name=self.name_word + owner,
        )  # fmt: skip

    def _from_strangers(self, kind: b.Kind, owner: np.ndarray, cents: np.ndarray, word: np.ndarray) -> None:
        account = EXTERNAL + self.rng.integers(10**11, 9 * 10**11, len(owner))
        self.books.book(IN, kind, owner, cents, name=word, bank=account % FIRST_WALLET, account=account)

    def _income(self) -> None:
        people, bank, rng, book = self.people, self.bank, self.rng, self.books.book
        due = self._days_paid_today()
        self._first_deposits()
        if due:
            self._pay_wages(due)
        if 15 in due:
            paid = np.flatnonzero(self.alive & people.has_pension)
            book(IN, b.PENSION_PAID, paid, people.income[paid], name=bank.pension_word)
            draws = paid[people.draws_pension[paid]]
            self._plan(self.day + 1, "draw", draws, rounded(people.income[draws] * 0.95, 100))
        if 20 in due and self.today.month in (4, 10):
            got = np.flatnonzero(self.alive & (people.kind == FARMER) & (people.number % 5 < 3))
            book(IN, b.SUBSIDY, got, rounded(rng.uniform(80, 900, len(got)) * YUAN, 1), name=bank.subsidy_word)
        own = np.flatnonzero(self.alive & (people.pay_elsewhere_dom == self.today.day) & (people.pace > 0))
        self.from_own_bank(own, rounded(people.income[own] * rng.uniform(0.65, 0.8, len(own)), 100))
        self._other_income()
        if 2 <= self.near <= 20:  # those who work far away come home with their savings
            away = np.isin(people.kind, [FARMER, OTHER, HOMEMAKER]) & (people.pace > 0)
            home = np.flatnonzero(away & self.happens(0.006))
            self.from_own_bank(home, rounded(people.income[home] * rng.uniform(1.5, 6, len(home)), 100))
        self._windfalls()
        stirs = np.flatnonzero(people.is_dormant & self.happens(0.0004))
        book(IN, b.CASH_IN, stirs, rounded(rng.uniform(100, 2500, len(stirs)) * YUAN, 100), channel=b.ATM, started=1)

    def _days_paid_today(self) -> list[int]:
        """Days of the month whose payments come today: what is due on a holiday comes the working day before."""
        if not self.is_work:
            return []
        ahead = [self.today + timedelta(days=number) for number in range(14)]
        return [each.day for each in ahead if working_day_before(each) == self.today]

    def _pay_wages(self, due: list[int]) -> None:
        people, bank, rng = self.people, self.bank, self.rng
        paid = np.flatnonzero(self.alive & people.has_pay & np.isin(bank.payday[people.employer], due))
        wage = np.clip(people.income[paid] * (1 + 0.04 * rng.standard_normal(len(paid))), 90_000, 9_000_000).astype(
            np.int64
        )
        word = bank.employer_word + people.employer[paid]
        away = bank.pays_elsewhere[people.employer[paid]]
        self.books.book(IN, b.WAGE, paid[~away], wage[~away], name=word[~away])
        payer = people.employer[paid[away]]
        self.books.book(
            IN, b.WAGE_FROM_ELSEWHERE, paid[away], wage[away], name=word[away], bank=payer % FIRST_WALLET,
            account=EXTERNAL + 5 * 10**11 + payer,
        )  # fmt: skip
        if 6 <= self.near <= 36:
            lucky = (rng.random(len(paid)) < 0.6) & ~away
            self.books.book(
                IN,
                b.BONUS,
                paid[lucky],
                rounded(wage[lucky] * rng.uniform(0.4, 2.5, lucky.sum()), 100),
                name=word[lucky],
            )
        leaves = people.pay_leaves[paid]
        self._plan(
            self.day + 1, "leave", paid[leaves], rounded(wage[leaves] * rng.uniform(0.55, 0.97, leaves.sum()), 1)
        )

    def _first_deposits(self) -> None:
        new = np.flatnonzero(self.people.opened == self.day)
        new = new[self.rng.random(len(new)) < 0.9]
        cents = rounded(self.demand_target[new] * self.rng.uniform(0.2, 1.0, len(new)), 10)
        self.books.book(IN, b.CASH_IN, new, np.maximum(cents, 1000), channel=b.COUNTER, started=1)

    def _other_income(self) -> None:
        """Whatever else comes in, in step with what the customer spends here and with how much is left."""
        people, bank, rng, book = self.people, self.bank, self.rng, self.books.book
        rate = np.where(people.pace > 0, 0.03 + 0.06 * np.minimum(people.pace, 1.0), 0.0) * (
            1.4 if 2 <= self.near < 16 else 1.0
        )
        who = np.flatnonzero(self.happens(rate))
        hunger = np.clip(
            1.6 - 0.6 * self.demand(who) / (self.demand_target[who] + people.spend[who] // 2 + 1), 0.0, 2.5
        )
        size = (people.other_income[who] + 0.06 * people.spend[who]) / 30.4 / rate[who]
        cents = rounded(size * hunger * rng.lognormal(-0.3, 0.8, len(who)), 10)
        luck = rng.random(len(who))
        cash = luck < np.where(people.style[who] >= 2, 0.45, 0.12)
        wallet = ~cash & (luck > 0.78)
        at = np.where((rng.random(len(who)) < 0.5) & self.is_work, b.COUNTER, b.ATM)
        book(IN, b.CASH_IN, who[cash], rounded(cents[cash], 100), channel=at[cash], started=1)
        mine = who[wallet]
        book(
            IN,
            b.RECEIVED_FROM_OWN,
            mine,
            cents[wallet],
            channel=b.WALLET,
            bank=FIRST_WALLET + mine % 2,
            name=self.name_word + mine,
        )
        rest = ~cash & ~wallet
        trades = np.isin(people.kind[who], [FARMER, PROPRIETOR])
        buyer, person = (
            bank.buyer_word + rng.integers(0, 3, len(who)),
            bank.person_word + rng.integers(0, PERSON_NAMES, len(who)),
        )
        word = np.where(people.kind[who] == FARMER, buyer, person)
        for kind, some in ((b.GOODS_SOLD, rest & trades), (b.RECEIVED, rest & ~trades)):
            self._from_strangers(kind, who[some], cents[some], word[some])

    def _windfalls(self) -> None:
        """Large sums: a house sold, a settlement, business money. Most stay as new wealth, some pass through."""
        people, rng, bank = self.people, self.rng, self.bank
        who = np.flatnonzero((people.pace > 0) & self.happens(np.where(people.tier > 0, 0.0004, 0.00004)))
        cents = rounded(np.clip(rng.lognormal(11.7, 0.8, len(who)), 50_000, 5_000_000) * YUAN, 1000)
        source = rng.integers(0, 3, len(who))
        own = source == 2
        self.from_own_bank(who[own], cents[own])
        word = np.where(source == 0, bank.developer_word, bank.person_word + rng.integers(0, PERSON_NAMES, len(who)))
        self._from_strangers(b.WINDFALL, who[~own], cents[~own], word[~own])
        stays = rng.random(len(who)) < 0.85
        self.aum_target[who[stays]] += cents[stays] * 9 // 10
        parked = stays & (rng.random(len(who)) < 0.2)
        self.demand_target[who[parked]] += cents[parked] * 8 // 10

    def _interest(self) -> None:
        if self.today.day != 21 or self.today.month % 3:
            return
        accounts = self.books.accounts
        slots = np.flatnonzero((accounts.kind == b.DEMAND) & (accounts.opened < self.day))
        cents = accounts.balance[slots] * annual_rate("D01", self.day) // 4_000_000
        self.books.book(IN, b.INTEREST_PAID, slots, cents)

    # ---- term deposits and investments ----
    def _new_term(self, owner: np.ndarray, cents: np.ndarray, day: int, rng: np.random.Generator) -> np.ndarray:
        """Term deposits with so much on them, opened from nothing; their slots."""
        term = TERMS[rng.choice(len(TERMS), len(owner), p=[0.12, 0.14, 0.38, 0.16, 0.20])]
        is_cd = (cents >= 20_000_000) & (term == 36)
        is_notice = (cents >= 5_000_000) & ~is_cd & (rng.random(len(owner)) < 0.06)  # no term: seven days' notice
        product = np.where(is_cd, PRODUCT_AT["CD36"], TERM_PRODUCT_AT[np.searchsorted(TERMS, term)])
        product = np.where(is_notice, PRODUCT_AT["N07"], product)
        slots = self.books.open(
            owner, b.TIME, product, day, balance=cents, rate=rates_on_sale(day)[product],
            matures=np.where(is_notice, NO_DATE, add_months(np.full(len(owner), day), term)),
            term=np.where(is_notice, 0, term), auto=np.where(is_notice, -1, rng.random(len(owner)) < 0.4),
        )  # fmt: skip
        accounts = self.books.accounts
        accounts.kind[slots[is_cd]], accounts.kind[slots[is_notice]] = b.CD, b.NOTICE
        pledged = slots[rng.random(len(owner)) < 0.01]
        accounts.pledged[pledged] = accounts.balance[pledged]
        return slots

    def _open_term(self, owner: np.ndarray, cents: np.ndarray, channel: np.ndarray) -> None:
        """New term deposits, the money booked from demand."""
        cents = self.books.affordable(owner, cents)
        owner, cents, channel = owner[cents > 0], cents[cents > 0], channel[cents > 0]
        slots = self._new_term(owner, cents, self.day, self.rng)
        accounts, name = self.books.accounts, self.name_word + owner
        accounts.balance[slots] = 0
        self.books.book(OUT, b.TERM_OPENED, owner, cents, channel=channel, account=accounts.number[slots], name=name)
        self.books.book(
            IN, b.TERM_OPENED, slots, cents, channel=channel, account=accounts.number[owner], name=name, started=1
        )

    def _maturities(self) -> None:
        accounts, rng = self.books.accounts, self.rng
        running = (accounts.kind != b.DEMAND) & (accounts.state == b.ACTIVE) & (accounts.opened < self.day)
        running &= self.alive[accounts.owner]
        leaving = self.leaving_until[accounts.owner] >= self.day
        has_end = accounts.matures != NO_DATE
        is_due = running & has_end & (accounts.matures <= self.day)
        # Leavers break deposits early; notice deposits are called now and then.
        chance = np.where(has_end, np.where(leaving, 0.015, 0.0), 0.006 if self.is_work else 0.0)
        early = np.flatnonzero(running & ~is_due & (rng.random(len(running)) < chance))
        due = np.flatnonzero(is_due)
        luck = rng.random(len(due))
        today = accounts.matures[due] == self.day
        rolls = (accounts.auto[due] == 1) & today & (luck < np.where(leaving[due], 0.4, 0.9))
        again = due[rolls]
        self._credit_interest(again)
        accounts.opened[again] = self.day
        accounts.matures[again] = add_months(accounts.opened[again], accounts.term[again])
        accounts.rate[again] = rates_on_sale(self.day)[accounts.product[again]]
        comes = ~rolls & (luck < np.where(leaving[due], 0.6, np.where(today, 0.4, 0.1)))
        self._close_term(due[comes], is_full_term=True)
        self._close_term(early, is_full_term=False)
        self._redeem(
            np.flatnonzero((self.holdings.rows.matures == self.day) & (self.holdings.rows.state == HELD)), MATURED
        )
        self.holdings.reopen(self.day)

    def _credit_interest(self, slots: np.ndarray, is_full_term: bool = True) -> None:
        accounts = self.books.accounts
        full = accounts.balance[slots] * accounts.rate[slots] // 1_000_000 * accounts.term[slots] // 12
        self.books.book(IN, b.INTEREST_PAID, slots, full if is_full_term else accounts.balance[slots] // 5000)

    def _close_term(self, slots: np.ndarray, is_full_term: bool) -> None:
        """Close term deposits into demand, then decide what becomes of the money."""
        books, accounts, rng = self.books, self.books.accounts, self.rng
        slots = slots[np.unique(accounts.owner[slots], return_index=True)[1]]  # one a day; the others come tomorrow
        owner = accounts.owner[slots]
        self._credit_interest(slots, is_full_term)
        cents, channel, name = accounts.balance[slots].copy(), self.in_person(owner), self.name_word + owner
        books.book(OUT, b.TERM_CLOSED, slots, cents, channel=channel, account=accounts.number[owner], name=name)
        books.book(
            IN, b.TERM_CLOSED, owner, cents, channel=channel, account=accounts.number[slots], name=name, started=1
        )
        books.close(slots, self.day)
        luck = np.where(self.leaving_until[owner] >= self.day, 2.0, rng.random(len(slots)))  # leavers decided already
        renews = luck < 0.74
        invests = ~renews & (luck < 0.90) & (self.people.risk[owner] > 0) & (cents > 1_000_000)
        idles = ~renews & ~invests & (luck < 0.95)
        leaves = ~renews & ~invests & ~idles & (luck < 1.0)
        self._open_term(owner[renews], np.maximum(rounded(cents[renews], 100), 5000), channel[renews])
        self._invest(owner[invests], rounded(cents[invests], 1000))
        self.demand_target[owner[idles]] += cents[idles]
        self._start_leaving(owner[leaves], np.full(leaves.sum(), BY_OWN_ACCOUNT))

    def _invest(self, owner: np.ndarray, cents: np.ndarray) -> None:
        cents = np.minimum(cents, rounded(self.demand(owner), 100))
        owner, cents = owner[cents >= 100_000], cents[cents >= 100_000]
        product = self.holdings.choose(self.rng, self.people.risk[owner])
        self.books.book(
            OUT, b.INVESTED, owner, cents, channel=self.in_person(owner), name=self.bank.investment_word, started=1
        )
        self.holdings.buy(owner, product, cents, self.day)

    def _redeem(self, rows: np.ndarray, state: int) -> None:
        holdings = self.holdings.rows
        owner, cents = holdings.owner[rows], self.holdings.value(self.day, rows)
        self.books.book(IN, b.REDEEMED, owner, cents, name=self.bank.investment_word, started=0)
        holdings.state[rows], holdings.redeemed[rows] = state, self.day
        if state == MATURED:
            again = np.flatnonzero((self.rng.random(len(rows)) < 0.72) & (self.leaving_until[owner] < self.day))
            again = again[np.unique(owner[again], return_index=True)[1]]
            self._plan(self.day + 1, "invest", owner[again], rounded(cents[again], 100))

    # ---- what was planned for today ----
    def _plan(self, day: int, what: str, owner: np.ndarray, cents: np.ndarray) -> None:
        self.later.setdefault(day, []).append((what, owner, cents))

    def _do_planned(self) -> None:
        people = self.people
        for what, owner, cents in self.later.pop(self.day, []):
            owner, cents = owner[self.alive[owner]], cents[self.alive[owner]]
            cents = self.books.affordable(owner, cents)
            if what == "draw":
                at = np.where((people.age[owner] > 66) & self.is_work, b.COUNTER, b.ATM)
                self.books.book(OUT, b.CASH_OUT, owner, cents, channel=at)
            elif what == "leave":
                self._to_own(owner, cents, people.number[owner] % 2 == 0)
            else:
                self._invest(owner, cents)

    # ---- money going out ----
    def _to_own(self, owner: np.ndarray, cents: np.ndarray, by_wallet: np.ndarray) -> None:
        """A transfer to the customer's own wallet or account elsewhere."""
        self.books.book(
            OUT, b.SENT_TO_OWN, owner, cents, channel=np.where(by_wallet, b.WALLET, self.from_home(owner)),
            bank=np.where(by_wallet, FIRST_WALLET + self.people.number[owner] // 2 % 2, self.own_bank[owner]),
            name=self.name_word + owner, account=self.own_account[owner],
        )  # fmt: skip

    def _pay_bills(self) -> None:
        bill = self.bill
        due = np.flatnonzero((bill["dom"] == self.today.day) & ((bill["months"] >> (self.today.month - 1)) & 1 == 1))
        owner, cents = bill["owner"][due], bill["cents"][due]
        can = self.alive[owner] & (self.books.affordable(owner, cents) == cents)
        due, owner, cents = due[can], owner[can], cents[can]
        said = {name: bill[name][due] for name in ("type", "channel", "name", "bank", "own", "memo")}
        self.books.book(OUT, b.SENT, owner, cents, **said)
        seized = np.flatnonzero(self.happens(0.00001))
        cents = self.books.affordable(seized, rounded(self.rng.uniform(200, 20_000, len(seized)) * YUAN, 1))
        self.books.book(OUT, b.SEIZED, seized, cents, name=self.bank.court_word)
        borrows = np.flatnonzero(self.has_lender & self.happens(0.003))
        cents = rounded(self.rng.uniform(1000, 9000, len(borrows)) * YUAN, 500)
        word = self.bank.lender_word + self.people.number[borrows] % 4
        self.books.book(IN, b.RECEIVED, borrows, cents, channel=b.WALLET, name=word)

    def _start_leaving(self, owner: np.ndarray, way: np.ndarray) -> None:
        """From here on this customer's money goes elsewhere, for one to four months."""
        lost = np.clip(self.rng.beta(2.0, 1.3, len(owner)), 0.2, 0.97)
        self.aum_target[owner] = (self.aum_target[owner] * (1 - lost)).astype(np.int64)
        self.demand_target[owner] = np.maximum(self.demand_target[owner] * (1 - lost), 2_000).astype(np.int64)
        self.leaving_until[owner] = self.day + self.rng.integers(25, 130, len(owner))
        self.leaving_way[owner] = way

    def _change_minds(self) -> None:
        """On the first of a month targets drift and jobs change; on any day someone begins to leave."""
        people, rng = self.people, self.rng
        if self.today.day == 1:
            drift = np.exp(rng.normal(0.001, 0.02, people.count))
            self.aum_target = (self.aum_target * drift).astype(np.int64)
            self.demand_target = np.maximum(self.demand_target * drift, 2_000).astype(np.int64)
            people.has_pay &= rng.random(people.count) > 0.006
            starts = (
                (people.kind == SALARIED) & ~people.has_pay & (people.pace > 0) & (rng.random(people.count) < 0.004)
            )
            job = rng.choice(len(self.bank.employers), people.count, p=self.bank.employer_weight)
            people.employer = np.where(starts, job, people.employer)
            people.has_pay |= starts
        settled = people.is_old & (people.tier > 0) & (people.pace > 0) & (self.leaving_until < self.day)
        leaves = np.flatnonzero(settled & self.happens(0.00012))
        self._start_leaving(leaves, rng.choice(4, len(leaves), p=[0.55, 0.15, 0.15, 0.15]))

    def _reverse_purchases(self) -> None:
        """One purchase in a thousand comes back the day after."""
        if self.purchases is not None:
            slots, cents, numbers = self.purchases
            back = self.rng.random(len(slots)) < 0.001
            self.books.book(IN, b.PURCHASE_REVERSED, slots[back], cents[back], reverses=numbers[back])

    def _spend(self) -> None:
        people, bank, rng = self.people, self.bank, self.rng
        season = 1.12 if self.today.weekday() >= 5 else 1.0
        season *= 1.35 if 1 <= self.near <= 14 else 0.8 if -6 <= self.near <= 0 else 1.0
        season *= 1.25 if (self.today.month, self.today.day) in ((11, 11), (6, 18)) else 1.0
        who = np.repeat(np.arange(people.count), rng.poisson(np.where(self.alive, people.pace * season, 0.0)))
        style = people.style[who]
        purpose = np.minimum((PURPOSE_CUMULATIVE[style] < rng.random(len(who))[:, None]).sum(axis=1), BILL)
        if not self.is_work:
            purpose[purpose == COUNTER_CASH] = MACHINE_CASH
        purpose[(purpose == TO_TIE) & ~people.has_tie[who]] = TO_PERSON
        ease = np.clip(
            0.15 + 0.85 * self.demand(who) / (self.demand_target[who] + people.spend[who] * 0.5 + 1), 0.05, 2.5
        )
        mean = people.spend[who] / 30.4 / people.pace[who] / PURPOSE_MEAN[style]
        cents = (mean * PURPOSE_SIZE[purpose] * ease * rng.lognormal(-0.4, 0.9, len(who))).astype(np.int64)
        step = PURPOSE_STEP[purpose]
        cents = np.maximum(cents // step, 100 // step + 1) * step
        kept = self.books.affordable(who, cents) == cents  # nobody pays the half of a bill
        who, purpose, cents = who[kept], purpose[kept], cents[kept]
        luck = rng.integers(0, 1 << 30, len(who))
        home = self.from_home(who)

        def book(wanted: int, kind: b.Kind, channel: np.ndarray | None = None, **more: np.ndarray) -> None:
            rows = np.flatnonzero(purpose == wanted)
            said = {"channel": channel[rows]} if channel is not None else {}
            self.books.book(
                OUT, kind, who[rows], cents[rows], **said, **{name: each[rows] for name, each in more.items()}
            )

        at_machine, at_counter = np.full(len(who), b.ATM), np.full(len(who), b.COUNTER)
        word = bank.person_word + luck % PERSON_NAMES
        book(WALLET_BUY, b.BOUGHT_BY_WALLET, name=bank.wallet_word + luck % 2, bank=FIRST_WALLET + luck % 2)
        book(TILL_BUY, b.BOUGHT_AT_TILL, name=bank.spot_word + luck % len(SPOTS))
        book(
            TO_PERSON,
            b.SENT,
            home,
            name=word,
            bank=luck % FIRST_WALLET,
            account=EXTERNAL + 10**11 + luck % PERSON_NAMES,
        )
        book(MACHINE_CASH, b.CASH_OUT, at_machine)
        book(COUNTER_CASH, b.CASH_OUT, at_counter)
        book(BILL, b.BILL_PAID, np.where(home == b.APP, b.APP, b.WALLET), name=bank.utility_word + luck % 3)
        own = purpose == TO_OWN
        self._to_own(who[own], cents[own], luck[own] % 5 < 3)
        rows = np.flatnonzero((purpose == TO_TIE) & self.alive[people.partner[who]])
        one, other, channel, number = who[rows], people.partner[who[rows]], home[rows], self.books.accounts.number
        self.books.book(
            OUT, b.SENT, one, cents[rows], channel=channel, name=self.name_word + other, account=number[other]
        )
        self.books.book(
            IN, b.RECEIVED, other, cents[rows], channel=channel, name=self.name_word + one, account=number[one]
        )

    def _sweep(self) -> None:
        """Too much on demand is put to work or moved; too little is topped up; what a leaver has goes."""
        people, rng, accounts = self.people, self.rng, self.books.accounts
        term = np.flatnonzero((accounts.kind != b.DEMAND) & (accounts.state != b.CLOSED))
        in_time = np.bincount(accounts.owner[term], weights=accounts.balance[term], minlength=people.count).astype(
            np.int64
        )
        aum = self.demand() + in_time + self.holdings.invested(people.count)
        leaving = self.leaving_until >= self.day
        comfort = self.demand_target + people.spend // 2
        luck = rng.random(people.count)
        active = self.alive & (people.pace > 0) & (people.opened <= self.day - 7)
        over = self.demand() > 2.2 * comfort + 50_000
        self._use_excess(np.flatnonzero(active & over & (luck < np.where(leaving, 0.18, 0.06))), comfort, aum, leaving)
        low = self.demand() < np.where(people.tier > 0, 0.55, 0.12) * comfort
        short = np.flatnonzero(active & ~leaving & low & (luck > 0.93))
        rich = aum[short] > self.aum_target[short] * 0.98
        poor = short[~rich]
        self.from_own_bank(poor, rounded(comfort[poor] * rng.uniform(0.5, 1.0, len(poor)), 10))
        wants = leaving & (luck < 0.06)
        wants[short[rich]] = True
        holdings = self.holdings.rows
        liquid = np.isin(holdings.product, LIQUID) & (holdings.state == HELD) & (holdings.bought < self.day)
        self._redeem(np.flatnonzero(liquid & wants[holdings.owner]), REDEEMED)

    def _use_excess(self, who: np.ndarray, comfort: np.ndarray, aum: np.ndarray, leaving: np.ndarray) -> None:
        people, rng, bank = self.people, self.rng, self.bank
        spare = rounded(self.demand(who) - comfort[who], 100)
        stays = (aum[who] < self.aum_target[who] * 1.15) & ~leaving[who] & (people.tier[who] > 0)
        invests = (
            stays & people.likes_wealth[who] & (rng.random(len(who)) < people.wealth_part[who]) & (spare >= 1_000_000)
        )
        saves = stays & ~invests & (spare >= 200_000)
        self._invest(who[invests], rounded(spare[invests], 1000))
        self._open_term(who[saves], spare[saves], self.in_person(who[saves]))
        goes = np.flatnonzero(~invests & ~saves & (spare > 0))
        who, spare = who[goes], spare[goes]
        is_tail = (people.tier[who] == 0) & ~leaving[who]  # small sums sit in a wallet
        cents = np.where(is_tail, spare, rounded(spare * rng.uniform(0.3, 1.0, len(who)), 100))
        way = np.where(leaving[who], self.leaving_way[who], BY_OWN_ACCOUNT)
        own, broker, spent = np.isin(way, [BY_OWN_ACCOUNT, BY_OWN_ACCOUNT_SLOWLY]), way == BY_BROKER, way == BY_PURCHASE
        self._to_own(who[own], cents[own], is_tail[own])
        one = who[broker]
        self.books.book(
            OUT, b.TO_BROKER, one, cents[broker], channel=self.from_home(one), name=bank.broker_word, bank=BROKER,
            account=self.own_account[one] + 1,
        )  # fmt: skip
        word = bank.developer_word + people.number[who[spent]] % 2
        self.books.book(OUT, b.BOUGHT_AT_TILL, who[spent], cents[spent], name=word)

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        self.people.write_snapshots(out, day)
        self.books.write_snapshots(out, day)
        self.holdings.write(out, day, self.people.number)
