"""One chunk's days: income, spending, term deposits, investments and leaving, day after day, state forward only."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from mingdan.sample_bank import books as b
from mingdan.sample_bank.bank import (
    DAY,
    PEOPLE,
    PRODUCT_AT,
    PRODUCT_CODES,
    TERM_PRODUCTS,
    TERMS,
    Bank,
    annual_rate,
    generator,
)
from mingdan.sample_bank.books import EXTERNAL, IN, OUT, Books
from mingdan.sample_bank.columns import NO_DATE, LandingPart, coded, day_of, numbered
from mingdan.sample_bank.holidays import days_to_spring_festival, is_working_day, working_day_before
from mingdan.sample_bank.people import FARMER, HOMEMAKER, OTHER, PROPRIETOR, SALARIED, People

YUAN = 100
# What outgoing money is for, by style of life (young, middle, older, old): shares of bookings, and size against the mean.
WALLET_BUY, POS_BUY, TO_PERSON, TO_TIE, TO_OWN, ATM_CASH, COUNTER_CASH, BILL_APP = range(8)
PURPOSES = np.array(
    [
        [0.70, 0.08, 0.06, 0.03, 0.07, 0.02, 0.00, 0.04],
        [0.58, 0.12, 0.09, 0.05, 0.06, 0.04, 0.01, 0.05],
        [0.40, 0.14, 0.09, 0.07, 0.04, 0.12, 0.07, 0.07],
        [0.12, 0.10, 0.06, 0.08, 0.02, 0.24, 0.34, 0.04],
    ]
)
PURPOSE_SIZE = np.array([0.45, 1.0, 2.5, 2.0, 3.0, 2.2, 2.4, 0.6])
PURPOSE_CUMULATIVE = np.cumsum(PURPOSES, axis=1)
PURPOSE_MEAN = (PURPOSES * PURPOSE_SIZE).sum(axis=1)


def add_months(days: np.ndarray, months: np.ndarray | int) -> np.ndarray:
    """The same day so many months later, the month's last day where there is none."""
    day = np.asarray(days, np.int64).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    place = (day - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.asarray(months, np.int64).astype("timedelta64[M]")
    last = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64) - 1
    return target.astype("datetime64[D]").astype(np.int64) + np.minimum(place, last)


def rounded(cents: np.ndarray, step_yuan: int) -> np.ndarray:
    """Whole steps of so many yuan, downwards."""
    step = step_yuan * YUAN
    return cents.astype(np.int64) // step * step


class Holdings:
    """Investments of a chunk in parallel arrays; value = cost × the product's path since the purchase."""

    FIELDS = ("number", "owner", "product", "cost", "bought", "matures", "next_open", "redeemed", "state")
    STATES = ["held", "redeemed", "matured"]

    def __init__(self, bank: Bank, part: int) -> None:
        self.part, self.size, self.first_day = part, 0, bank.first_day
        self.room = {name: np.zeros(0, np.int64) for name in self.FIELDS}
        self.path: dict[int, np.ndarray] = {}
        for place, (code, drift, shake) in enumerate(
            [("W090", 0.021, 0.0002), ("W180", 0.023, 0.0003), ("W365", 0.027, 0.0008), ("W000", 0.013, 0.0), ("F01", 0.028, 0.001), ("F02", 0.05, 0.011), ("I05", 0.02, 0.0), ("B03", 0.019, 0.0)]
        ):  # fmt: skip
            steps = generator(bank.seed, 5, place).standard_normal(6000) * shake + drift / 365
            self.path[PRODUCT_AT[code]] = np.exp(np.cumsum(steps))
        self.paths = np.ones((len(PRODUCT_CODES), 6000))
        for product, path in self.path.items():
            self.paths[product] = path

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            return self.__dict__["room"][name][: self.__dict__["size"]]
        except KeyError:
            raise AttributeError(name) from None

    def buy(self, owner: np.ndarray, product: np.ndarray, cost: np.ndarray, day: np.ndarray | int) -> None:
        rows, start = len(owner), self.size
        if start + rows > len(self.room["number"]):
            wider = int(1.5 * (start + rows)) + 64
            self.room = {
                name: np.concatenate([each[:start], np.zeros(wider - start, np.int64)])
                for name, each in self.room.items()
            }
        self.size += rows
        bought = np.broadcast_to(day, rows).astype(np.int64)
        length = np.select([product == PRODUCT_AT[code] for code in ("W090", "W365")], [90, 365], 0)
        months = np.select([product == PRODUCT_AT[code] for code in ("I05", "B03")], [60, 36], 0)
        matures = np.where(length > 0, bought + length, np.where(months > 0, add_months(bought, months), int(NO_DATE)))
        opens = np.where(product == PRODUCT_AT["W180"], bought + 180, int(NO_DATE))
        values = {
            "number": self.part * 10**8 + np.arange(start, self.size),
            "owner": owner,
            "product": product,
            "cost": cost,
        }
        values |= {"bought": bought, "matures": matures, "next_open": opens, "redeemed": int(NO_DATE), "state": 0}
        for name, value in values.items():
            self.room[name][start : self.size] = value

    def value(self, day: int, rows: np.ndarray | None = None) -> np.ndarray:
        """Market value in cents on a day, of held and gone positions alike."""
        rows = np.arange(self.size) if rows is None else rows
        now = np.clip(day - self.first_day + 2500, 0, 5999)
        then = np.clip(self.bought[rows] - self.first_day + 2500, 0, 5999)
        product = self.product[rows]
        return (self.cost[rows] * (self.paths[product, now] / self.paths[product, then])).astype(np.int64)

    def write(self, out: LandingPart, day: int, numbers: np.ndarray) -> None:
        rows = np.flatnonzero(self.bought <= day)
        categories = ["wealth", "fund", "insurance", "bond"]
        first = np.array([{"W": 0, "F": 1, "I": 2, "B": 3}.get(code[0], -1) for code in PRODUCT_CODES])
        held = self.state[rows] == 0
        out.write(
            "wealth.holdings",
            day,
            {
                "holding_id": numbered("H", self.number[rows], 12),
                "customer_id": numbered("C", numbers[self.owner[rows]], 9),
                "product_code": coded(self.product[rows], PRODUCT_CODES),
                "category": coded(first[self.product[rows]], categories),
                "market_value": np.where(held, self.value(day, rows), 0),
                "cost_amount": self.cost[rows],
                "bought_on": self.bought[rows],
                "matures_on": self.matures[rows],
                "next_open_on": np.where(held, self.next_open[rows], NO_DATE),
                "redeemed_on": self.redeemed[rows],
                "status": coded(self.state[rows], self.STATES),
            },
        )


class Life:
    """The chunk's customers living from day to day. Call `run_day` for each day in order."""

    def __init__(self, bank: Bank, people: People, books: Books) -> None:
        self.bank, self.people, self.books = bank, people, books
        self.holdings = Holdings(bank, people.chunk + 1)
        rng = self.rng = generator(bank.seed, PEOPLE, people.chunk, 1)
        rows = people.count
        self.demand_target = people.demand_target.copy()
        self.aum_target = people.aum_target.copy()
        self.leaving_until = np.full(rows, -1, np.int64)
        self.leaving_way = np.zeros(rows, np.int64)
        self.own_bank = people.number % len(bank.banks[:8])
        self.own_account = EXTERNAL + people.number * 1000 + 900
        self.later: dict[int, list[tuple[str, np.ndarray, np.ndarray]]] = {}
        self.app_today = np.zeros(rows, bool)
        self.purchases: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self.name_word = bank.counterparties.add(*people.name_list.tolist())
        self._open_accounts(rng)
        self._bills(rng)

    # ---- before the first day ----
    def _open_accounts(self, rng: np.random.Generator) -> None:
        people, books, first = self.people, self.books, self.bank.first_day
        rows = people.count
        everyone = np.arange(rows)
        opening = np.where(people.is_old, self.demand_target * np.exp(rng.normal(0, 0.35, rows)), 0).astype(np.int64)
        opening += np.where(people.is_old & (people.pace > 0), people.spend * rng.random(rows) * 0.6, 0).astype(
            np.int64
        )
        state = np.where(people.is_dormant, b.SLEEPING, b.ACTIVE)
        books.open(
            everyone,
            b.DEMAND,
            PRODUCT_AT["D01"],
            people.opened,
            balance=opening,
            rate=annual_rate("D01", first),
            state=state,
        )
        rest = np.where(people.is_old, people.aum_target - self.demand_target, 0)
        in_wealth = (rest * people.wealth_part).astype(np.int64)
        in_time = rest - in_wealth
        pieces = 1 + (in_time > 5_000_000) + (in_time > 20_000_000) + (rng.random(rows) < 0.35)
        for piece in range(4):
            owner = np.flatnonzero((pieces > piece) & (in_time > 20_000))
            share = in_time[owner] / pieces[owner]
            cents = np.where(share >= 1_000_000, rounded(share, 1000), rounded(share, 100))
            owner, cents = owner[cents > 0], cents[cents > 0]
            opened = first - 1
            self._open_time(owner, cents, opened, rng, None)
            slots = np.arange(books.size - len(owner), books.size)
            started = np.maximum(
                first - 1 - (rng.random(len(owner)) * books.term[slots] * 30.4).astype(np.int64), people.opened[owner]
            )
            books.opened[slots] = started
            has_end = books.matures[slots] != NO_DATE
            books.matures[slots] = np.where(has_end, add_months(started, books.term[slots]), NO_DATE)
            books.rate[slots] += 2500  # they were opened at the better rates of their day
        pieces = 1 + (in_wealth > 8_000_000) + (rng.random(rows) < 0.3)
        for piece in range(3):
            owner = np.flatnonzero((pieces > piece) & (in_wealth > 100_000))
            product = self._choose_investment(owner, rng)
            length = np.select([product == PRODUCT_AT[code] for code in ("W090", "W180", "W365")], [89, 179, 364], 900)
            bought = np.maximum(first - 1 - (rng.random(len(owner)) * length).astype(np.int64), people.opened[owner])
            cost = rounded(in_wealth[owner] / pieces[owner], 100)
            self.holdings.buy(owner, product, np.maximum(cost, 10_000), bought)

    def _open_time(
        self, owner: np.ndarray, cents: np.ndarray, day: int, rng: np.random.Generator, channel: np.ndarray | None
    ) -> None:
        """New term deposits; with a channel the money is booked from demand, without it was always there."""
        if len(owner) == 0:
            return
        books = self.books
        term = TERMS[rng.choice(5, len(owner), p=[0.12, 0.14, 0.38, 0.16, 0.20])]
        is_cd = (cents >= 20_000_000) & (term == 36)
        product = np.array([PRODUCT_AT[TERM_PRODUCTS[each]] for each in TERMS])[np.searchsorted(TERMS, term)]
        product = np.where(is_cd, PRODUCT_AT["CD36"], product)
        rates = np.array(
            [annual_rate(code, day) if code in ("CD36", *TERM_PRODUCTS.values()) else 0 for code in PRODUCT_CODES]
        )
        slots = books.open(
            owner, b.TIME, product, day, matures=add_months(np.full(len(owner), day), term), term=term,
            rate=rates[product], auto=rng.random(len(owner)) < 0.4,
        )  # fmt: skip
        books.kind[slots[is_cd]] = b.CD
        notice = slots[(cents >= 5_000_000) & ~is_cd & (rng.random(len(owner)) < 0.06)]  # no term: seven days' notice
        books.kind[notice], books.product[notice], books.rate[notice] = (
            b.NOTICE,
            PRODUCT_AT["N07"],
            annual_rate("N07", day),
        )
        books.matures[notice], books.term[notice], books.auto[notice] = NO_DATE, 0, -1
        pledged = rng.random(len(owner)) < 0.01
        if channel is None:
            books.balance[slots] = cents
            books.pledged[slots[pledged]] = cents[pledged]
            return
        memo = self.bank.memo_at["定期开户"]
        books.book(
            owner,
            OUT,
            cents,
            channel,
            b.TRANSFER,
            own=1,
            account=books.number[slots],
            name=self.name_word + owner,
            memo=memo,
        )
        books.book(
            slots,
            IN,
            cents,
            channel,
            b.TRANSFER,
            own=1,
            account=books.number[owner],
            name=self.name_word + owner,
            memo=memo,
            started=1,
        )

    def _choose_investment(self, owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        codes = np.array([PRODUCT_AT[code] for code in ("W090", "W180", "W365", "W000", "F01", "F02", "I05", "B03")])
        product = codes[rng.choice(8, len(owner), p=[0.2, 0.17, 0.15, 0.2, 0.08, 0.07, 0.06, 0.07])]
        careful = self.people.risk[owner] <= 2
        return np.where(
            careful & np.isin(product, [PRODUCT_AT["F02"], PRODUCT_AT["W365"]]), PRODUCT_AT["W090"], product
        )

    def _bills(self, rng: np.random.Generator) -> None:
        """Everything that is paid each month on a fixed day, in one table."""
        people, bank, rows = self.people, self.bank, self.people.count
        alive = people.pace > 0
        every = 0xFFF
        # (who, cents, type, channel, word, words, bank code or -1, own name, memo, months as bits)
        other_bank = len(bank.banks)
        plans = [
            (
                alive & (people.style == 0) & (rng.random(rows) < 0.14),
                people.spend * 0.25,
                b.STANDING,
                b.BATCH,
                bank.landlord_word,
                1,
                -1,
                0,
                "房租",
                every,
            ),
            (
                alive & (rng.random(rows) < 0.16),
                people.spend * 0.02,
                b.STANDING,
                b.BATCH,
                bank.utility_word,
                3,
                -1,
                0,
                "水电费",
                every,
            ),
            (alive & (rng.random(rows) < 0.22), np.full(rows, 200.0), b.FEE, b.BATCH, -1, 1, -1, 0, "消费", every),
            (
                alive & (people.tier > 0) & (rng.random(rows) < 0.09),
                people.spend * 0.5,
                b.STANDING,
                b.BATCH,
                bank.insurer_word,
                2,
                -1,
                0,
                "保费",
                1 << int(rng.integers(12)),
            ),
            (
                alive & np.isin(people.style, [1]) & (rng.random(rows) < 0.15),
                people.spend * 0.6,
                b.TRANSFER,
                b.APP,
                bank.school_word,
                2,
                -1,
                0,
                "学费",
                (1 << 1) | (1 << 8),
            ),
            (
                alive & (people.style < 2) & (rng.random(rows) < 0.07),
                people.spend * 0.18,
                b.TRANSFER,
                b.WALLET,
                bank.lender_word,
                4,
                -1,
                0,
                "还款",
                every,
            ),
            (
                alive & (people.style < 3) & (rng.random(rows) < 0.05),
                people.spend * 0.3,
                b.TRANSFER,
                b.BATCH,
                -2,
                1,
                other_bank,
                1,
                "还款",
                every,
            ),
        ]
        parts = []
        for who, cents, type_, channel, word, words, bank_code, own, memo, months in plans:
            owner = np.flatnonzero(who)
            name = (
                self.name_word + owner
                if word == -2
                else np.where(word < 0, -1, word + rng.integers(0, words, len(owner)))
            )
            code = self.own_bank[owner] if bank_code == other_bank else np.full(len(owner), bank_code)
            parts.append(
                {
                    "owner": owner, "cents": np.maximum(cents[owner] // 1000 * 1000, 200).astype(np.int64), "name": name, "bank": code,
                    "dom": rng.integers(1, 29, len(owner)), "type": np.full(len(owner), type_), "channel": np.full(len(owner), channel),
                    "own": np.full(len(owner), own), "memo": np.full(len(owner), bank.memo_at[memo]), "months": np.full(len(owner), months),
                }
            )  # fmt: skip
        self.bill = {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}
        self.has_lender = np.zeros(rows, bool)
        self.has_lender[self.bill["owner"][np.isin(self.bill["name"], bank.lender_word + np.arange(4))]] = True

    # ---- one day ----
    def run_day(self, out: LandingPart, day: int, all_open: bool, sides: list) -> None:
        """Live one day and write its events. `sides` are the other parts of life, each with `live(day, rng, life)`."""
        people, books = self.people, self.books
        rng = self.rng = generator(self.bank.seed, DAY, people.chunk, day)
        self.today = day_of(day)
        self.day = day
        books.begin_day()
        self.alive = people.alive(day)
        self.app_today[:] = False
        self._totals()
        self._reverse_purchases()
        self._income()
        self._interest()
        self._maturities()
        self._scheduled()
        for side in sides:
            if hasattr(side, "live"):
                side.live(self, out)
        self._pay_bills()
        self._change_of_mind()
        self._spend()
        self._sweep()
        unspecified = [each for each in books.batches if "branch" not in each]
        for each in unspecified:  # counters and machines stand in the home branch, now and then in another
            channel = np.broadcast_to(each["channel"], len(each["slot"]))
            home = people.unit[books.owner[each["slot"]]]
            each["branch"] = np.where((channel == b.COUNTER) | (channel == b.ATM), home, -1)
        booked = books.end_day(out, day, rng, all_open)
        in_app = booked["channel"] == b.APP
        by_self = in_app & (booked["way"] == OUT)
        self.app_transfers = np.bincount(books.owner[booked["slot"][by_self]], minlength=people.count)
        self.app_today |= self.app_transfers > 0
        bought = (booked["type"] == b.PURCHASE) & np.isin(booked["channel"], [b.POS, b.WALLET])
        for side in sides:
            if hasattr(side, "after"):
                side.after(self, out)
        self.purchases = (booked["slot"][bought], booked["cents"][bought], booked["number"][bought])

    def _reverse_purchases(self) -> None:
        """One purchase in a thousand comes back the day after."""
        if self.purchases is None:
            return
        slots, cents, numbers = self.purchases
        back = self.rng.random(len(slots)) < 0.001
        self.books.book(
            slots[back], IN, cents[back], b.POS, b.REVERSAL, reverses=numbers[back], memo=self.bank.memo_at["冲正"]
        )

    def _totals(self) -> None:
        books, people = self.books, self.people
        term = np.flatnonzero((books.kind != b.DEMAND) & (books.state != b.CLOSED))
        self.in_time = np.bincount(books.owner[term], weights=books.balance[term], minlength=people.count).astype(
            np.int64
        )
        held = np.flatnonzero(self.holdings.state == 0)
        self.in_wealth = np.bincount(
            self.holdings.owner[held], weights=self.holdings.cost[held], minlength=people.count
        ).astype(np.int64)

    def demand(self, owner: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Balance of the first demand accounts."""
        return self.books.balance[: self.people.count][owner]

    def remote(self, owner: np.ndarray) -> np.ndarray:
        """The channel by which a customer acts from home: the app where signed and used, else web, the old the counter."""
        people = self.people
        app = (people.app_since[owner] <= self.day) & (people.app_use[owner] > 0)
        return np.where(app, b.APP, np.where(people.age[owner] > 55, b.COUNTER, b.WEB))

    def at_counter(self, owner: np.ndarray) -> np.ndarray:
        """As `remote`, but the older rather go to the branch."""
        channel = self.remote(owner)
        return (
            np.where((self.people.age[owner] > 52) | (channel == b.WEB), b.COUNTER, channel)
            if is_working_day(self.today)
            else channel
        )

    def _nominal_days(self) -> list[int]:
        """The days of the month whose payment falls on today: what is due on a holiday comes the working day before."""
        if not is_working_day(self.today):
            return []
        ahead = [self.today + timedelta(days=number) for number in range(14)]
        return [each.day for each in ahead if working_day_before(each) == self.today]

    # ---- money coming in ----
    def _income(self) -> None:
        people, bank, rng, books, memo = self.people, self.bank, self.rng, self.books, self.bank.memo_at
        rows = people.count
        alive = self.alive
        nominal = self._nominal_days()
        near = days_to_spring_festival(self.today)
        self._first_deposits()
        if nominal:
            paid = np.flatnonzero(alive & people.has_pay & np.isin(bank.payday[people.employer], nominal))
            pay = (people.income[paid] * (1 + 0.04 * rng.standard_normal(len(paid)))).astype(np.int64)
            pay = np.clip(pay, 90_000, 9_000_000)
            word = bank.employer_word + people.employer[paid]
            books.book(paid, IN, pay, b.BATCH, b.PAYROLL, name=word, memo=memo["工资"])
            if 6 <= near <= 36:  # the year-end bonus
                lucky = rng.random(len(paid)) < 0.6
                bonus = rounded(pay[lucky] * rng.uniform(0.4, 2.5, lucky.sum()), 100)
                books.book(paid[lucky], IN, bonus, b.BATCH, b.PAYROLL, name=word[lucky], memo=memo["年终奖"])
            leaves = people.pay_leaves[paid]
            self._plan(
                self.day + 1,
                "leave",
                paid[leaves],
                (pay[leaves] * rng.uniform(0.55, 0.97, leaves.sum())).astype(np.int64),
            )
        if 15 in nominal:
            paid = np.flatnonzero(alive & people.has_pension)
            pension = people.income[paid]
            books.book(paid, IN, pension, b.BATCH, b.PENSION, name=bank.pension_word, memo=memo["养老金"])
            draws = people.draws_pension[paid]
            self._plan(self.day + 1, "draw", paid[draws], rounded(pension[draws] * 0.95, 100))
        if 20 in nominal and self.today.month in (4, 10):
            got = np.flatnonzero(alive & (people.kind == FARMER) & (people.number % 5 < 3))
            books.book(
                got,
                IN,
                rounded(rng.uniform(80, 900, len(got)) * YUAN, 1),
                b.BATCH,
                b.TRANSFER,
                name=bank.subsidy_word,
                memo=memo["惠农补贴"],
            )
        dom = self.today.day
        own = np.flatnonzero(alive & (people.pay_elsewhere_dom == dom) & (people.pace > 0))
        self._from_own_bank(own, rounded(people.income[own] * rng.uniform(0.65, 0.8, len(own)), 100))
        # Whatever else comes in, in step with what the customer spends here.
        rate = np.where(people.pace > 0, 0.03 + 0.06 * np.minimum(people.pace, 1.0), 0.0)
        rate = rate * np.where(near in range(2, 16), 1.4, 1.0)
        lively = np.flatnonzero(alive & (rng.random(rows) < rate))
        target = self.demand_target[lively] + people.spend[lively] // 2 + 1
        hunger = np.clip(1.6 - 0.6 * self.demand(lively) / target, 0.0, 2.5)
        size = (people.other_income[lively] + 0.06 * people.spend[lively]) / 30.4 / rate[lively]
        cents = np.maximum((size * hunger * rng.lognormal(-0.3, 0.8, len(lively))).astype(np.int64) // 1000 * 1000, 0)
        way = rng.random(len(lively))
        cash = np.where(people.style[lively] >= 2, 0.45, 0.12)
        in_cash = way < cash
        books.book(
            lively[in_cash],
            IN,
            rounded(cents[in_cash], 100),
            np.where(rng.random(in_cash.sum()) < 0.5, b.COUNTER if is_working_day(self.today) else b.ATM, b.ATM),
            b.CASH,
            memo=memo["存款"],
            started=1,
        )
        wallet = ~in_cash & (way < cash + 0.22)
        books.book(
            lively[wallet],
            IN,
            cents[wallet],
            b.WALLET,
            b.TRANSFER,
            own=1,
            bank=8 + rng.integers(0, 2, wallet.sum()),
            name=self.name_word + lively[wallet],
            memo=memo["转账"],
        )
        person = ~in_cash & ~wallet
        word = np.where(
            people.kind[lively] == FARMER,
            bank.buyer_word + rng.integers(0, 3, len(lively)),
            bank.person_word + rng.integers(0, 3000, len(lively)),
        )
        trade = np.isin(people.kind[lively], [FARMER, PROPRIETOR])
        books.book(
            lively[person],
            IN,
            cents[person],
            b.WEB,
            b.TRANSFER,
            name=word[person],
            bank=rng.integers(0, 8, person.sum()),
            account=EXTERNAL + rng.integers(10**11, 9 * 10**11, person.sum()),
            memo=np.where(trade[person], memo["货款"], memo["转账"]),
        )
        if 2 <= near <= 20:  # those who work far away come home with their savings
            home = np.flatnonzero(
                alive
                & np.isin(people.kind, [FARMER, OTHER, HOMEMAKER])
                & (people.pace > 0)
                & (rng.random(rows) < 0.006)
            )
            self._from_own_bank(home, rounded(people.income[home] * rng.uniform(1.5, 6, len(home)), 100))
        self._windfalls()
        signs = np.flatnonzero(alive & people.is_dormant & (rng.random(rows) < 0.0004))
        books.book(
            signs,
            IN,
            rounded(rng.uniform(100, 2500, len(signs)) * YUAN, 100),
            b.ATM,
            b.CASH,
            memo=memo["存款"],
            started=1,
        )

    def _from_own_bank(self, owner: np.ndarray, cents: np.ndarray) -> None:
        self.books.book(
            owner, IN, cents, b.WEB, b.TRANSFER, own=1, bank=self.own_bank[owner], account=self.own_account[owner],
            name=self.name_word + owner, memo=self.bank.memo_at["转账"],
        )  # fmt: skip

    def _first_deposits(self) -> None:
        people, rng = self.people, self.rng
        new = np.flatnonzero(people.opened == self.day)
        new = new[rng.random(len(new)) < 0.9]
        cents = np.maximum(rounded(self.demand_target[new] * rng.uniform(0.2, 1.0, len(new)), 10), 1000)
        self.books.book(new, IN, cents, b.COUNTER, b.CASH, memo=self.bank.memo_at["存款"], started=1)

    def _windfalls(self) -> None:
        """Large sums: a house sold, a settlement, business money. Some stay and count as new wealth, others pass through."""
        people, rng, bank = self.people, self.rng, self.bank
        lucky = np.flatnonzero(
            self.alive & (people.pace > 0) & (rng.random(people.count) < np.where(people.tier > 0, 0.0006, 0.00004))
        )
        cents = rounded(np.clip(rng.lognormal(11.7, 0.8, len(lucky)), 50_000, 5_000_000) * YUAN, 1000)
        kind = rng.integers(0, 3, len(lucky))
        own = kind == 2
        self._from_own_bank(lucky[own], cents[own])
        rest = ~own
        word = np.where(kind == 0, bank.developer_word, bank.person_word + rng.integers(0, 3000, len(lucky)))
        self.books.book(
            lucky[rest], IN, cents[rest], b.WEB, b.TRANSFER, name=word[rest], bank=rng.integers(0, 8, rest.sum()),
            account=EXTERNAL + rng.integers(10**11, 9 * 10**11, rest.sum()), memo=bank.memo_at["售房款"],
        )  # fmt: skip
        stays = rng.random(len(lucky)) < 0.85
        self.aum_target[lucky[stays]] += cents[stays] * 9 // 10
        parked = stays & (rng.random(len(lucky)) < 0.2)
        self.demand_target[lucky[parked]] += cents[parked] * 8 // 10

    def _interest(self) -> None:
        if self.today.day != 21 or self.today.month % 3:
            return
        rate = annual_rate("D01", self.day)
        slots = np.flatnonzero(
            (self.books.kind == b.DEMAND)
            & (self.books.balance > 0)
            & (self.books.state != b.CLOSED)
            & (self.books.opened < self.day)
        )
        cents = self.books.balance[slots] * rate // 4_000_000
        self.books.book(slots, IN, cents, b.BATCH, b.INTEREST, memo=self.bank.memo_at["利息"])

    # ---- term deposits and investments ----
    def _maturities(self) -> None:
        books, people, rng, memo = self.books, self.people, self.rng, self.bank.memo_at
        due = np.flatnonzero((books.matures <= self.day) & (books.matures != NO_DATE) & (books.state == b.ACTIVE))
        luck = rng.random(len(due))
        owner = books.owner[due]
        gone = self.leaving_until[owner] >= self.day
        rolls = (books.auto[due] == 1) & (books.matures[due] == self.day) & ~(gone & (luck < 0.5)) & (luck < 0.9)
        again = due[rolls]
        gained = books.balance[again] * books.rate[again] // 1_000_000 * books.term[again] // 12
        books.book(again, IN, gained, b.BATCH, b.INTEREST, memo=memo["利息"])
        rates = np.array(
            [annual_rate(code, self.day) if code in ("CD36", *TERM_PRODUCTS.values()) else 0 for code in PRODUCT_CODES]
        )
        books.opened[again] = self.day
        books.matures[again] = add_months(books.opened[again], books.term[again])
        books.rate[again] = rates[books.product[again]]
        visits = (
            ~rolls
            & self.alive[owner]
            & (luck < np.where(gone, 0.6, np.where(books.matures[due] == self.day, 0.4, 0.1)))
        )
        self._cash_in(due[visits], full=True)
        # Leavers break deposits early, at the demand rate.
        early = np.flatnonzero(
            (books.kind != b.DEMAND)
            & (books.state == b.ACTIVE)
            & (books.matures > self.day)
            & (books.opened < self.day)
        )
        early = early[(self.leaving_until[books.owner[early]] >= self.day) & self.alive[books.owner[early]]]
        early = early[rng.random(len(early)) < 0.015]
        noticed = np.flatnonzero(
            (books.kind == b.NOTICE)
            & (books.state == b.ACTIVE)
            & (books.opened < self.day)
            & (rng.random(books.size) < 0.006)
        )
        noticed = noticed[self.alive[books.owner[noticed]]] if is_working_day(self.today) else noticed[:0]
        self._cash_in(np.setdiff1d(np.concatenate([early, noticed]), due), full=False)
        held = np.flatnonzero((self.holdings.matures == self.day) & (self.holdings.state == 0))
        self._redeem(held, 2)
        rolling = self.holdings.next_open == self.day
        self.holdings.next_open[rolling] = self.day + 180

    def _cash_in(self, slots: np.ndarray, full: bool) -> None:
        """Close term deposits into demand, then decide what becomes of the money."""
        if len(slots) == 0:
            return
        books, rng, memo = self.books, self.rng, self.bank.memo_at
        _, first = np.unique(books.owner[slots], return_index=True)
        slots = slots[first]  # one a day and customer; the others come tomorrow
        owner = books.owner[slots]
        gained = (
            books.balance[slots] * books.rate[slots] // 1_000_000 * books.term[slots] // 12
            if full
            else books.balance[slots] // 5000
        )
        books.book(slots, IN, gained, b.BATCH, b.INTEREST, memo=memo["利息"])
        cents = books.balance[slots].copy()
        channel = self.at_counter(owner)
        books.book(
            slots,
            OUT,
            cents,
            channel,
            b.TRANSFER,
            own=1,
            account=books.number[owner],
            name=self.name_word + owner,
            memo=memo["定期销户"],
            started=1,
        )
        books.book(
            owner,
            IN,
            cents,
            channel,
            b.TRANSFER,
            own=1,
            account=books.number[slots],
            name=self.name_word + owner,
            memo=memo["定期销户"],
            started=1,
        )
        books.close(slots, self.day)
        books.pledged[slots] = 0
        staying = ~(self.leaving_until[owner] >= self.day)
        luck = rng.random(len(slots))
        renews = staying & (luck < 0.74)
        self._open_time(owner[renews], np.maximum(rounded(cents[renews], 100), 5000), self.day, rng, channel[renews])
        invests = staying & ~renews & (luck < 0.90) & (self.people.risk[owner] > 0) & (cents > 1_000_000)
        self._invest(owner[invests], rounded(cents[invests], 1000))
        idles = staying & ~renews & ~invests & (luck < 0.95)
        self.demand_target[owner[idles]] += cents[idles]
        leaves = staying & ~renews & ~invests & ~idles
        self._start_leaving(owner[leaves], np.full(leaves.sum(), 0))

    def _invest(self, owner: np.ndarray, cents: np.ndarray) -> None:
        cents = np.minimum(cents, rounded(self.demand(owner), 100))
        owner, cents = owner[cents >= 100_000], cents[cents >= 100_000]
        if len(owner) == 0:
            return
        product = self._choose_investment(owner, self.rng)
        self.books.book(
            owner, OUT, cents, self.at_counter(owner), b.INVESTMENT, name=self.bank.investment_word, own=0,
            memo=self.bank.memo_at["理财购买"], started=1,
        )  # fmt: skip
        self.holdings.buy(owner, product, cents, self.day)

    def _redeem(self, rows: np.ndarray, state: int) -> None:
        if len(rows) == 0:
            return
        holdings, rng = self.holdings, self.rng
        owner = holdings.owner[rows]
        cents = holdings.value(self.day, rows)
        self.books.book(
            owner,
            IN,
            cents,
            b.BATCH,
            b.INVESTMENT,
            name=self.bank.investment_word,
            memo=self.bank.memo_at["理财赎回"],
            started=0,
        )
        holdings.state[rows] = state
        holdings.redeemed[rows] = self.day
        if state == 2:
            again = (rng.random(len(rows)) < 0.72) & (self.leaving_until[owner] < self.day) & self.alive[owner]
            _, first = np.unique(owner[again], return_index=True)
            self._plan(self.day + 1, "invest", owner[again][first], rounded(cents[again][first], 100))

    # ---- what was planned for today ----
    def _plan(self, day: int, what: str, owner: np.ndarray, cents: np.ndarray) -> None:
        if len(owner):
            self.later.setdefault(day, []).append((what, owner, cents))

    def _scheduled(self) -> None:
        books, memo = self.books, self.bank.memo_at
        for what, owner, cents in self.later.pop(self.day, []):
            here = self.alive[owner]
            owner, cents = owner[here], cents[here]
            cents = books.affordable(owner, cents)
            if what == "draw":
                channel = (
                    np.where(self.people.age[owner] > 66, b.COUNTER, b.ATM) if is_working_day(self.today) else b.ATM
                )
                books.book(owner, OUT, cents, channel, b.CASH, memo=memo["取款"])
            elif what == "leave":
                to_wallet = self.people.number[owner] % 2 == 0
                bank = np.where(to_wallet, 8 + self.people.number[owner] // 2 % 2, self.own_bank[owner])
                channel = np.where(to_wallet, b.WALLET, self.remote(owner))
                books.book(
                    owner,
                    OUT,
                    cents,
                    channel,
                    b.TRANSFER,
                    own=1,
                    bank=bank,
                    name=self.name_word + owner,
                    account=self.own_account[owner],
                    memo=memo["转账"],
                )
            elif what == "invest":
                self._invest(owner, cents)

    # ---- money going out ----
    def _pay_bills(self) -> None:
        bill, day = self.bill, self.today
        due = np.flatnonzero((bill["dom"] == day.day) & ((bill["months"] >> (day.month - 1)) & 1 == 1))
        owner, cents = bill["owner"][due], bill["cents"][due]
        can = self.alive[owner] & (self.books.affordable(owner, cents) == cents)
        due, owner, cents = due[can], owner[can], cents[can]
        more = {name: bill[name][due] for name in ("name", "bank", "own", "memo")}
        self.books.book(owner, OUT, cents, bill["channel"][due], bill["type"][due], **more)
        borrows = np.flatnonzero(self.has_lender & self.alive & (self.rng.random(self.people.count) < 0.003))
        cents = rounded(self.rng.uniform(1000, 9000, len(borrows)) * YUAN, 500)
        word = self.bank.lender_word + self.people.number[borrows] % 4
        self.books.book(borrows, IN, cents, b.WALLET, b.TRANSFER, name=word, memo=self.bank.memo_at["贷款发放"])

    def _start_leaving(self, owner: np.ndarray, way: np.ndarray) -> None:
        """From here on this customer's money goes elsewhere, for one to four months."""
        rng = self.rng
        lost = np.clip(rng.beta(2.0, 1.3, len(owner)), 0.2, 0.97)
        self.aum_target[owner] = (self.aum_target[owner] * (1 - lost)).astype(np.int64)
        self.demand_target[owner] = np.maximum(self.demand_target[owner] * (1 - lost), 2_000).astype(np.int64)
        self.leaving_until[owner] = self.day + rng.integers(25, 130, len(owner))
        self.leaving_way[owner] = way

    def _change_of_mind(self) -> None:
        """On the first of a month: targets drift, jobs change. On any day: someone begins to leave."""
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
        chance = np.where(people.tier > 0, 0.00012, 0.0) * (people.pace > 0)
        leaves = np.flatnonzero(
            self.alive & people.is_old & (self.leaving_until < self.day) & (rng.random(people.count) < chance)
        )
        self._start_leaving(leaves, rng.choice(4, len(leaves), p=[0.55, 0.15, 0.15, 0.15]))

    def _spend(self) -> None:
        people, bank, books, rng, memo = self.people, self.bank, self.books, self.rng, self.bank.memo_at
        near = days_to_spring_festival(self.today)
        season = 1.0 + 0.12 * (self.today.weekday() >= 5)
        season *= 1.35 if 1 <= near <= 14 else 0.8 if -6 <= near <= 0 else 1.0
        season *= 1.25 if (self.today.month, self.today.day) in ((11, 11), (6, 18)) else 1.0
        count = rng.poisson(np.where(self.alive, people.pace * season, 0.0))
        who = np.repeat(np.arange(people.count), count)
        if len(who) == 0:
            return
        purpose = (PURPOSE_CUMULATIVE[people.style[who]] < rng.random(len(who))[:, None]).sum(axis=1)
        purpose = np.minimum(purpose, BILL_APP)
        purpose = np.where((purpose == COUNTER_CASH) & (not is_working_day(self.today)), ATM_CASH, purpose)
        purpose = np.where((purpose == TO_TIE) & (people.tie_strength[who] == 0), TO_PERSON, purpose)
        target = self.demand_target[who] + people.spend[who] * 0.5 + 1
        ease = np.clip(0.15 + 0.85 * self.demand(who) / target, 0.05, 2.5)
        mean = people.spend[who] / 30.4 / people.pace[who] / PURPOSE_MEAN[people.style[who]]
        cents = (mean * PURPOSE_SIZE[purpose] * ease * rng.lognormal(-0.4, 0.9, len(who))).astype(np.int64)
        round_hundreds = np.isin(purpose, [ATM_CASH, COUNTER_CASH])
        round_tens = np.isin(purpose, [TO_PERSON, TO_TIE, TO_OWN])
        cents = np.where(
            round_hundreds,
            np.maximum(cents // 10_000, 1) * 10_000,
            np.where(round_tens, np.maximum(cents // 1_000, 1) * 1_000, np.maximum(cents // 10 * 10, 100)),
        )
        fits = books.affordable(who, cents)
        keep = fits == cents  # nobody pays the half of a bill
        who, purpose, cents = who[keep], purpose[keep], cents[keep]

        def those(*wanted: int) -> np.ndarray:
            return np.flatnonzero(np.isin(purpose, wanted))

        rows = those(WALLET_BUY)
        books.book(
            who[rows],
            OUT,
            cents[rows],
            b.WALLET,
            b.PURCHASE,
            name=bank.wallet_word + rng.integers(0, 2, len(rows)),
            bank=8 + rng.integers(0, 2, len(rows)),
            memo=memo["消费"],
        )
        rows = those(POS_BUY)
        books.book(
            who[rows],
            OUT,
            cents[rows],
            b.POS,
            b.PURCHASE,
            name=bank.spot_word + rng.integers(0, 10, len(rows)),
            memo=memo["消费"],
        )
        rows = those(TO_PERSON)
        to = rng.integers(0, 3000, len(rows))
        books.book(
            who[rows],
            OUT,
            cents[rows],
            self.remote(who[rows]),
            b.TRANSFER,
            name=bank.person_word + to,
            bank=to % 8,
            account=EXTERNAL + 10**11 + to,
            memo=memo["转账"],
        )
        rows = those(TO_OWN)
        wallet = rng.random(len(rows)) < 0.6
        books.book(
            who[rows],
            OUT,
            cents[rows],
            np.where(wallet, b.WALLET, self.remote(who[rows])),
            b.TRANSFER,
            own=1,
            name=self.name_word + who[rows],
            bank=np.where(wallet, 8 + people.number[who[rows]] % 2, self.own_bank[who[rows]]),
            account=self.own_account[who[rows]],
            memo=memo["转账"],
        )
        rows = those(ATM_CASH)
        books.book(who[rows], OUT, cents[rows], b.ATM, b.CASH, memo=memo["取款"])
        rows = those(COUNTER_CASH)
        books.book(who[rows], OUT, cents[rows], b.COUNTER, b.CASH, memo=memo["取款"])
        rows = those(BILL_APP)
        books.book(
            who[rows],
            OUT,
            cents[rows],
            np.where(self.remote(who[rows]) == b.APP, b.APP, b.WALLET),
            b.PURCHASE,
            name=bank.utility_word + rng.integers(0, 3, len(rows)),
            memo=memo["水电费"],
        )
        rows = those(TO_TIE)
        other = people.partner[who[rows]]
        rows, other = rows[self.alive[other]], other[self.alive[other]]
        channel = self.remote(who[rows])
        books.book(
            who[rows],
            OUT,
            cents[rows],
            channel,
            b.TRANSFER,
            name=self.name_word + other,
            account=books.number[other],
            memo=memo["转账"],
        )
        books.book(
            other,
            IN,
            cents[rows],
            channel,
            b.TRANSFER,
            name=self.name_word + who[rows],
            account=books.number[who[rows]],
            memo=memo["转账"],
        )

    def _sweep(self) -> None:
        """Too much on demand is put to work or moved; too little is topped up; what a leaver has goes."""
        people, rng, books, memo, bank = self.people, self.rng, self.books, self.bank.memo_at, self.bank
        demand = self.demand()
        leaving = self.leaving_until >= self.day
        comfort = self.demand_target + people.spend // 2
        luck = rng.random(people.count)
        active = self.alive & (people.pace > 0) & people.is_old | (
            self.alive & (people.opened <= self.day - 7) & (people.pace > 0)
        )
        excess = np.flatnonzero(active & (demand > 2.2 * comfort + 50_000) & (luck < np.where(leaving, 0.18, 0.06)))
        spare = rounded(demand[excess] - comfort[excess], 100)
        aum = demand[excess] + self.in_time[excess] + self.in_wealth[excess]
        stays = (aum < self.aum_target[excess] * 1.15) & ~leaving[excess] & (people.tier[excess] > 0)
        fate = rng.random(len(excess))
        to_wealth = stays & people.likes_wealth[excess] & (fate < people.wealth_part[excess]) & (spare >= 1_000_000)
        to_time = stays & ~to_wealth & (spare >= 200_000)
        self._invest(excess[to_wealth], rounded(spare[to_wealth], 1000))
        self._open_time(excess[to_time], spare[to_time], self.day, rng, self.at_counter(excess[to_time]))
        away = ~to_wealth & ~to_time & (spare > 0)
        who, cents = excess[away], spare[away]
        way = np.where(leaving[who], self.leaving_way[who], 0)
        tail = (people.tier[who] == 0) & ~leaving[who]
        cents = np.where(tail, cents, rounded(cents * rng.uniform(0.3, 1.0, len(who)), 100))
        own = (way == 0) | (way == 3)
        bank_code = np.where(tail, 8 + people.number[who] % 2, self.own_bank[who])
        books.book(
            who[own],
            OUT,
            cents[own],
            np.where(tail, b.WALLET, self.remote(who))[own],
            b.TRANSFER,
            own=1,
            name=self.name_word + who[own],
            bank=bank_code[own],
            account=self.own_account[who[own]],
            memo=memo["转账"],
        )
        broker = way == 1
        books.book(
            who[broker],
            OUT,
            cents[broker],
            self.remote(who[broker]),
            b.TRANSFER,
            own=1,
            name=bank.broker_word,
            bank=10,
            account=self.own_account[who[broker]] + 1,
            memo=memo["银证转账"],
        )
        spent = way == 2
        books.book(
            who[spent],
            OUT,
            cents[spent],
            b.POS,
            b.PURCHASE,
            name=bank.developer_word + rng.integers(0, 2, spent.sum()),
            memo=memo["消费"],
        )
        # Top up: from the bank next door, or by redeeming.
        low = np.where(people.tier > 0, 0.55, 0.12)
        short = np.flatnonzero(active & ~leaving & (demand < low * comfort) & (luck > 0.93))
        rich = self.in_time[short] + self.in_wealth[short] + demand[short] > self.aum_target[short] * 0.98
        other = short[~rich]
        self._from_own_bank(other, rounded(comfort[other] * rng.uniform(0.5, 1.0, len(other)), 10))
        liquid = (
            np.isin(self.holdings.product, [PRODUCT_AT[code] for code in ("W000", "F01", "F02")])
            & (self.holdings.state == 0)
            & (self.holdings.bought < self.day)
        )
        wants = np.zeros(people.count, bool)
        wants[short[rich]] = True
        wants |= leaving & (luck < 0.06)
        rows = np.flatnonzero(liquid)
        rows = rows[wants[self.holdings.owner[rows]]]
        self._redeem(rows, 1)

    # ---- snapshots ----
    def write_snapshots(self, out: LandingPart, day: int) -> None:
        self.people.write_customers(out, day)
        self.people.write_relations(out, day)
        self.people.write_preferences(out, day)
        self.books.write_accounts(out, day)
        self.holdings.write(out, day, self.people.number)
