"""Scripted customers: exact balances, bookings and ties, laid over no randomness but their names and homes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from mingdan.sample_bank import books as b
from mingdan.sample_bank import names
from mingdan.sample_bank.bank import PEOPLE, PRODUCT_CODES, TERM_PRODUCTS, Bank, generator
from mingdan.sample_bank.books import ACCOUNT_TYPES, CHANNELS, EXTERNAL, TYPES, account_texts
from mingdan.sample_bank.columns import NO_DATE, LandingPart, coded, day_number, day_of, numbered, texts
from mingdan.sample_bank.credit import CARD_STATES, LOAN_PRODUCT, LOAN_RATE, LOAN_STATES, LOAN_TYPES
from mingdan.sample_bank.life import add_months
from mingdan.sample_bank.people import OCCUPATIONS, hash_texts

LUNCH = 2_500  # cents
Role = Literal["member", "near_miss"]


@dataclass(frozen=True)
class Case:
    """One planted customer of a list. `build` scripts the person; the case counts where history has `needs_days`."""

    role: Role
    why: str
    build: Callable[[Person], None]
    needs_days: int = 150


CASES: dict[str, Callable[[], Iterator[Case]]] = {}


def cases_of(list_name: str) -> Callable[[Callable[[], Iterator[Case]]], Callable[[], Iterator[Case]]]:
    """Register the function that yields a list's cases."""

    def register(function: Callable[[], Iterator[Case]]) -> Callable[[], Iterator[Case]]:
        if list_name in CASES:
            raise ValueError(f"sample bank cases: list {list_name} has cases already.")
        CASES[list_name] = function
        return function

    return register


@dataclass
class Account:
    seq: int
    kind: int
    product: str
    opened: int
    balance: int = 0  # cents before the first delivered day
    matures: int = int(NO_DATE)
    term: int = -1
    rate: int = 0
    auto: bool | None = None
    closed: int = int(NO_DATE)


@dataclass
class Person:
    """The script of one customer. Days are counted back from the day the cases are made for: 0 is that day itself.

    Amounts are yuan. What would happen before the first delivered day is left out."""

    stage: Stage
    number: int
    age_days: int = 0
    kind: str = "salaried"
    uses_app: bool = True
    is_busy: bool = True  # 200 in and 200 out on the eighth of each month: an ordinary life that moves no balance
    accounts: list[Account] = field(default_factory=list)
    bookings: list[dict[str, Any]] = field(default_factory=list)
    log_ins: set[int] = field(default_factory=set)
    services: list[tuple[str, int]] = field(default_factory=list)
    relations: list[tuple[int, str]] = field(default_factory=list)
    holdings: list[dict[str, Any]] = field(default_factory=list)
    loans: list[dict[str, Any]] = field(default_factory=list)
    has_card: bool = False
    shop: dict[int, int] | None = None  # day number: takings in yuan
    shop_signed: int = 0
    payers_per_sale: float = 0.9

    def on(self, days_ago: int) -> int:
        return self.stage.today - days_ago

    # ---- who ----
    def aged(self, years: int, and_days: int = 100) -> None:
        """So many years and days old on the day of the cases."""
        today = day_of(self.stage.today)
        birthday = date(today.year - years, today.month, min(today.day, 28) if today.month == 2 else today.day)
        self.age_days = self.stage.today - (day_number(birthday) - and_days)

    def related(self, other: Person, kind: str) -> None:
        self.relations.append((other.number, kind))

    def companion(self) -> Person:
        """Another scripted customer, who is no case."""
        return self.stage.person()

    # ---- money ----
    def holds(self, yuan: float) -> None:
        """Demand balance before the first delivered day."""
        self.accounts[0].balance = round(yuan * 100)

    def moves(
        self, days_ago: int, yuan: float, way: int, type_: int = b.TRANSFER, channel: int = b.WEB, **more: Any
    ) -> None:
        if self.on(days_ago) >= self.stage.first_day and yuan > 0:
            self.bookings.append(
                {
                    "day": self.on(days_ago),
                    "seq": 1,
                    "way": way,
                    "cents": round(yuan * 100),
                    "type": type_,
                    "channel": channel,
                    **more,
                }
            )

    def receives(self, days_ago: int, yuan: float, **more: Any) -> None:
        """Money from somebody at another bank, unless said otherwise."""
        self.moves(days_ago, yuan, b.IN, **{"bank": 0, "name": self.stage.stranger, "account": EXTERNAL + 77, **more})

    def pays(self, days_ago: int, yuan: float, **more: Any) -> None:
        """A purchase at a till, unless said otherwise."""
        self.moves(
            days_ago, yuan, b.OUT, **{"type_": b.PURCHASE, "channel": b.POS, "name": self.stage.stranger, **more}
        )

    def sends_to_own(self, days_ago: int, yuan: float) -> None:
        """A transfer to the customer's own account at another bank."""
        self.moves(
            days_ago,
            yuan,
            b.OUT,
            channel=b.APP,
            own=1,
            bank=1,
            name="self",
            account=EXTERNAL + self.number * 1000 + 900,
        )

    def receives_from_own(self, days_ago: int, yuan: float) -> None:
        self.moves(days_ago, yuan, b.IN, own=1, bank=1, name="self", account=EXTERNAL + self.number * 1000 + 900)

    def sends_to(self, other: Person, days_ago: int, yuan: float) -> None:
        """A transfer to another scripted customer, booked on both sides."""
        self.moves(days_ago, yuan, b.OUT, channel=b.APP, name=other.number, account=other.number * 1000 + 1)
        other.moves(days_ago, yuan, b.IN, channel=b.APP, name=self.number, account=self.number * 1000 + 1)

    def every_month(self, day_of_month: int, what: Callable[[int], None], months: int = 99) -> None:
        """Call with the days-ago of that day in each of the last so many months, the current one included if past."""
        first = day_of(self.stage.today).replace(day=1)
        while months > 0 and day_number(first) + 31 > self.stage.first_day:
            day = first + timedelta(days=day_of_month - 1)
            if day_number(day) <= self.stage.today:
                what(self.stage.today - day_number(day))
                months -= 1
            first = (first - timedelta(days=1)).replace(day=1)

    def time_deposit(
        self,
        yuan: float,
        matures_in: int,
        term: int = 12,
        auto: bool = False,
        rate: float = 0.015,
        closed: int | None = None,
    ) -> None:
        """A term deposit held since before the history, or opened from demand. `closed` days ago it went back to demand."""
        matures = self.on(-matures_in)
        opened = int(add_months(np.array([matures]), -term)[0])
        seq = len(self.accounts) + 1
        account = Account(seq, b.TIME, TERM_PRODUCTS[term], opened, 0, matures, term, round(rate * 1_000_000), auto)
        self.accounts.append(account)
        both = {"type": b.TRANSFER, "channel": b.COUNTER, "own": 1, "name": "self", "cents": round(yuan * 100)}
        if opened < self.stage.first_day:
            account.balance = round(yuan * 100)
        else:
            self.accounts[0].balance += round(yuan * 100)
            self.bookings.append({**both, "day": opened, "seq": 1, "way": b.OUT, "account": self.number * 1000 + seq})
            self.bookings.append({**both, "day": opened, "seq": seq, "way": b.IN, "account": self.number * 1000 + 1})
        if closed is not None:
            account.closed = self.on(closed)
            self.bookings.append(
                {**both, "day": account.closed, "seq": seq, "way": b.OUT, "account": self.number * 1000 + 1}
            )
            self.bookings.append(
                {**both, "day": account.closed, "seq": 1, "way": b.IN, "account": self.number * 1000 + seq}
            )

    def investment(self, product: str, yuan: float, bought_days_ago: int = 500) -> None:
        """Held since before the history, at cost: its value does not move."""
        self.holdings.append({"product": product, "cents": round(yuan * 100), "bought": self.on(bought_days_ago)})

    def loan(self, type_: str, yuan: float) -> None:
        """A running loan, on time."""
        self.loans.append({"type": LOAN_TYPES.index(type_), "cents": round(yuan * 100), "opened": self.on(400)})

    # ---- channels and trade ----
    def logs_in(self, days_ago: int) -> None:
        if self.on(days_ago) >= self.stage.first_day:
            self.log_ins.add(self.on(days_ago))

    def keeps_shop(self, takings: Callable[[int], float], signed_days_ago: int = 700) -> None:
        """A shop whose takings each day are a function of the days-ago; the money goes to suppliers the day it comes."""
        self.kind = "sole_proprietor"
        self.shop_signed = self.on(signed_days_ago)
        first = max(self.stage.first_day, self.shop_signed)
        self.shop = {day: round(takings(self.stage.today - day)) for day in range(first, self.stage.today + 1)}
        for day, yuan in self.shop.items():
            ago = self.stage.today - day - 1
            if ago >= 0 and yuan > 0:
                self.moves(ago, yuan, b.IN, channel=b.BATCH, name="settlement")
                self.moves(ago, yuan, b.OUT, channel=b.APP, name=self.stage.stranger, bank=0, account=EXTERNAL + 78)


class Stage:
    """The scripted customers of a bank: its first delivered day, the day the cases are made for, and who is on it."""

    def __init__(self, first_day: int, today: int, first_number: int) -> None:
        self.first_day, self.today, self.first_number = first_day, today, first_number
        self.stranger = "stranger"
        self.people: list[Person] = []
        self.truth: list[dict[str, Any]] = []
        for list_name, function in CASES.items():
            for number, case in enumerate(function(), start=1):
                person = self.person()
                case.build(person)
                if case.needs_days <= today - first_day + 1:
                    self.truth.append(
                        {
                            "list": list_name, "subject_type": "customer", "subject_id": f"C{person.number:09d}",
                            "expected": case.role == "member", "case": f"{list_name}_{number}_{case.role}", "why": case.why,
                        }
                    )  # fmt: skip
        for person in self.people:
            person.accounts[0].opened = first_day - 900 - person.number % 700
            if person.uses_app:
                person.services.append(("app", first_day - 300))
                for days_ago in range(2 + person.number % 9, today - first_day + 1, 9):
                    person.logs_in(days_ago)
            if person.is_busy:
                person.every_month(8, lambda ago, who=person: (who.receives(ago, 200), who.pays(ago, 200)))

    def person(self) -> Person:
        person = Person(self, self.first_number + len(self.people))
        person.aged(34 + len(self.people) % 17, 30 + 3 * len(self.people))
        person.accounts.append(Account(1, b.DEMAND, "D01", 0, 0, rate=500))
        self.people.append(person)
        return person


@lru_cache
def planted_count() -> int:
    """How many customers the planted cases take."""
    from mingdan.sample_bank import cases  # noqa: F401  registers the cases

    return len(Stage(day_number(date(2025, 4, 1)), day_number(date(2026, 6, 30)), 1).people)


class Planted:
    """The scripted customers as tables: the same methods as the living chunks have."""

    def __init__(self, bank: Bank, first_number: int, part: int) -> None:
        planted_count()
        self.bank, self.part = bank, part
        self.stage = Stage(bank.first_day, bank.horizon, first_number)
        people = self.people = self.stage.people
        rng = generator(bank.seed, PEOPLE, 10**6)
        self.is_male = rng.random(len(people)) < 0.5
        self.names = names.person_names(rng, self.is_male).tolist()
        self.hashes = hash_texts(rng, len(people))
        self.unit = np.arange(len(people)) % bank.open_units
        self.at = bank.unit_at[self.unit] + rng.normal(0, 0.01, (len(people), 2))
        self.place = {each.number: place for place, each in enumerate(people)}
        start = bank.counterparties.add(*self.names)
        self.word = {each.number: start + place for place, each in enumerate(people)}
        self.by_day: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.balance: dict[int, int] = {}
        self.accounts: list[tuple[Person, Account]] = [(each, account) for each in people for account in each.accounts]
        for person, account in self.accounts:
            self.balance[person.number * 1000 + account.seq] = account.balance
        for person in people:
            for each in person.bookings:
                name = {
                    "self": self.word[person.number],
                    "stranger": bank.person_word + 5,
                    "settlement": bank.settlement_word,
                }
                word = name.get(each.get("name"), self.word.get(each.get("name"), -1))
                self.by_day[each["day"]].append(
                    {
                        **each,
                        "account_number": person.number * 1000 + each["seq"],
                        "word": word,
                        "unit": int(self.unit[self.place[person.number]]),
                    }
                )

    def truth(self) -> list[dict[str, Any]]:
        return self.stage.truth

    def write_events(self, out: LandingPart, day: int, all_open: bool) -> None:
        rows = sorted(self.by_day.pop(day, []), key=lambda each: (each["account_number"], each["way"]))
        before = dict(self.balance)
        for each in rows:
            self.balance[each["account_number"]] += each["cents"] if each["way"] == b.IN else -each["cents"]
        if rows:
            self._write_transactions(out, day, rows)
        changed = [
            number
            for person, account in self.accounts
            if (number := person.number * 1000 + account.seq)
            and (
                self.balance[number] != before[number]
                or (all_open and account.opened <= day and not NO_DATE < account.closed <= day)
            )
        ]
        out.write(
            "core.account_balances",
            day,
            {
                "account_id": numbered("A", np.array(changed, np.int64), 12),
                "biz_date": np.full(len(changed), day, np.int32),
                "balance": np.array([self.balance[number] for number in changed], np.int64),
            },
        )
        active = [each for each in self.people if day in each.log_ins]
        some = np.ones(len(active), np.int32)
        out.write(
            "channels.app_activity",
            day,
            {
                "customer_id": ids(active),
                "biz_date": np.full(len(active), day, np.int32),
                "login_count": some,
                "transfer_count": some * 0,
                "payment_count": some * 0,
                "wealth_view_count": some * 0,
                "loan_view_count": some * 0,
            },
        )
        open_shops = [each for each in self.people if each.shop and each.shop.get(day)]
        takings = np.array([each.shop[day] for each in open_shops if each.shop], np.int64)
        sales = np.maximum(takings // 40, 1)
        share = np.array([each.payers_per_sale for each in open_shops])
        out.write(
            "acquiring.merchant_daily",
            day,
            {
                "merchant_id": merchant_ids(open_shops),
                "biz_date": np.full(len(open_shops), day, np.int32),
                "amount": takings * 100,
                "txn_count": sales.astype(np.int32),
                "payer_count": np.maximum(sales * share, 1).astype(np.int32),
                "refund_amount": takings * 0,
                "top_payer_amount": np.minimum(takings * 100, takings * 5 + 4000),
            },
        )

        holders = [each for each in self.people if each.has_card]  # lunch, every day: the table may not be empty
        out.write(
            "cards.card_transactions",
            day,
            {
                "txn_id": numbered(f"K{day_of(day):%y%m%d}", self.part * 10**6 + np.arange(len(holders)), 9),
                "card_id": numbered("K", self.part * 10**8 + np.arange(len(holders)), 9),
                "booked_at": np.full(len(holders), (day * 86400 + 12 * 3600) * 1_000_000),
                "biz_date": np.full(len(holders), day, np.int32),
                "amount": np.full(len(holders), LUNCH),
                "mcc": "5814",
                "merchant_name": "快餐店",
                "is_instalment": False,
                "is_refund": False,
                "channel": "qr",
            },
        )

    def _write_transactions(self, out: LandingPart, day: int, rows: list[dict[str, Any]]) -> None:
        count = len(rows)

        def column(name: str, default: Any, kind: type = np.int64) -> np.ndarray:
            return np.array([each.get(name, default) for each in rows], kind)

        type_, channel, way = column("type", 0), column("channel", 0), column("way", 0)
        passive = np.isin(type_, [b.PAYROLL, b.PENSION, b.INTEREST]) | (channel == b.BATCH)
        started = ~(passive | ((way == b.IN) & (type_ != b.CASH) & (column("own", 0) == 0)))
        at_branch = np.isin(channel, [b.COUNTER, b.ATM])
        out.write(
            "core.transactions",
            day,
            {
                "txn_id": numbered(f"T{day_of(day):%y%m%d}", self.part * 10**6 + np.arange(count), 9),
                "account_id": numbered("A", column("account_number", 0), 12),
                "booked_at": (day * 86400 + (600 + np.arange(count) % 300) * 60).astype(np.int64) * 1_000_000,
                "biz_date": np.full(count, day, np.int32),
                "direction": coded(way, ["in", "out"]),
                "amount": column("cents", 0),
                "channel": coded(channel, CHANNELS),
                "txn_type": coded(type_, TYPES),
                "branch_id": coded(np.where(at_branch, column("unit", 0), -1), self.bank.unit_ids),
                "counterparty_name": self.bank.counterparties.arrow().take(
                    pa.array(column("word", 0), mask=column("word", 0) < 0)
                ),
                "counterparty_account": account_texts(column("account", -1)),
                "counterparty_bank": coded(column("bank", -1), self.bank.banks),
                "is_own_name": column("own", 0) == 1,
                "is_customer_initiated": started,
            },
        )

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        people, bank, unit = self.people, self.bank, self.unit
        wealth = [bank.wealth_manager[each][place % len(bank.wealth_manager[each])] for place, each in enumerate(unit)]
        out.write(
            "core.customers",
            day,
            {
                "customer_id": ids(people),
                "full_name": texts(self.names),
                "id_hash": self.hashes,
                "gender": coded(np.where(self.is_male, 0, 1), ["M", "F"]),
                "birth_date": np.array([self.stage.today - each.age_days for each in people]),
                "mobile": numbered("14", 250_000_000 + np.arange(len(people)), 9),
                "address": texts(
                    f"{bank.region_names[bank.units[u]['region']]}{bank.units[u]['town']}镇人民路{n + 1}号"
                    for n, u in enumerate(unit)
                ),
                "latitude": np.round(self.at[:, 0], 6),
                "longitude": np.round(self.at[:, 1], 6),
                "occupation": texts(each.kind if each.kind in OCCUPATIONS else "other" for each in people),
                "education": "college",
                "marital_status": "married",
                "home_branch_id": coded(unit, bank.unit_ids),
                "manager_id": coded(np.array(wealth), bank.manager_ids),
                "opened_on": np.array([each.accounts[0].opened for each in people]),
                "is_staff": False,
                "is_deceased": False,
                "marketing_consent": True,
                "profiling_refused": False,
                "do_not_contact": False,
                "consent_updated_on": np.full(len(people), self.stage.first_day - 20),
                "risk_level": "C3",
                "risk_assessed_on": np.full(len(people), day - (day - self.stage.today) % 300 - 5),
            },
        )
        pairs = [(each, account) for each, account in self.accounts if account.opened <= day]
        closed = np.array([account.closed if account.closed <= day else NO_DATE for _, account in pairs])
        term = np.array([account.term for _, account in pairs], np.int32)
        out.write(
            "core.accounts",
            day,
            {
                "account_id": numbered(
                    "A", np.array([each.number * 1000 + account.seq for each, account in pairs]), 12
                ),
                "customer_id": ids([each for each, _ in pairs]),
                "branch_id": coded(np.array([unit[self.place[each.number]] for each, _ in pairs]), bank.unit_ids),
                "product_code": texts(account.product for _, account in pairs),
                "account_type": coded(np.array([account.kind for _, account in pairs]), ACCOUNT_TYPES),
                "currency": "CNY",
                "opened_on": np.array([account.opened for _, account in pairs]),
                "matures_on": np.array([account.matures for _, account in pairs]),
                "term_months": pa.array(term, mask=term < 0),
                "annual_rate": np.array([account.rate for _, account in pairs], np.int64),
                "auto_rollover": pa.array([account.auto for _, account in pairs], pa.bool_()),
                "status": coded(np.where(closed == NO_DATE, 0, 2), b.STATES),
                "closed_on": closed,
            },
        )
        self._write_more(out, day)

    def _write_more(self, out: LandingPart, day: int) -> None:
        bank = self.bank
        ties = [(each, other, kind) for each in self.people for other, kind in each.relations]
        out.write(
            "crm.relations",
            day,
            {
                "customer_id": ids([each for each, _, _ in ties]),
                "related_customer_id": numbered("C", np.array([other for _, other, _ in ties], np.int64), 9),
                "relation_type": texts(kind for _, _, kind in ties),
                "since": np.full(len(ties), self.stage.first_day - 500),
            },
        )
        signed = [(each, code, since) for each in self.people for code, since in each.services]
        last = [max((login for login in each.log_ins if login <= day), default=int(NO_DATE)) for each, _, _ in signed]
        out.write(
            "core.product_signups",
            day,
            {
                "customer_id": ids([each for each, _, _ in signed]),
                "product_code": texts(code for _, code, _ in signed),
                "signed_on": np.array([since for _, _, since in signed]),
                "last_used_on": np.array(last),
            },
        )
        held = [(each, item) for each in self.people for item in each.holdings]
        category = {"W": "wealth", "F": "fund", "I": "insurance", "B": "bond"}
        cents = np.array([item["cents"] for _, item in held], np.int64)
        out.write(
            "wealth.holdings",
            day,
            {
                "holding_id": numbered("H", self.part * 10**8 + np.arange(len(held)), 12),
                "customer_id": ids([each for each, _ in held]),
                "product_code": texts(item["product"] for _, item in held),
                "category": texts(category[item["product"][0]] for _, item in held),
                "market_value": cents,
                "cost_amount": cents,
                "bought_on": np.array([item["bought"] for _, item in held], np.int64),
                "status": "held",
            },
        )
        lent = [(each, item) for each in self.people for item in each.loans]
        unit = np.array([self.unit[self.place[each.number]] for each, _ in lent], np.int64)
        kind = np.array([item["type"] for _, item in lent], np.int64)
        opened = np.array([item["opened"] for _, item in lent], np.int64)
        cents = np.array([item["cents"] for _, item in lent], np.int64)
        out.write(
            "lending.loans",
            day,
            {
                "loan_id": numbered("N", self.part * 10**8 + np.arange(len(lent)), 9),
                "customer_id": ids([each for each, _ in lent]),
                "branch_id": coded(unit, bank.unit_ids),
                "manager_id": coded(np.array(bank.credit_manager)[unit], bank.manager_ids),
                "product_code": coded(LOAN_PRODUCT[kind], PRODUCT_CODES),
                "loan_type": coded(kind, LOAN_TYPES),
                "principal": cents,
                "balance": cents,
                "annual_rate": LOAN_RATE[kind],
                "opened_on": opened,
                "matures_on": opened + 1800,
                "status": LOAN_STATES[0],
                "overdue_days": np.zeros(len(lent), np.int32),
            },
        )
        holders = [each for each in self.people if each.has_card]
        count = len(holders)
        out.write(
            "cards.credit_cards",
            day,
            {
                "card_id": numbered("K", self.part * 10**8 + np.arange(count), 9),
                "customer_id": ids(holders),
                "branch_id": coded(
                    np.array([self.unit[self.place[each.number]] for each in holders], np.int64), bank.unit_ids
                ),
                "product_code": "K01",
                "credit_limit": np.full(count, 2_000_000),
                "current_balance": np.full(count, LUNCH * day_of(day).day),
                "instalment_balance": np.zeros(count, np.int64),
                "overdue_days": np.zeros(count, np.int32),
                "approved_on": np.full(count, self.stage.first_day - 600),
                "activated_on": np.full(count, self.stage.first_day - 590),
                "first_used_on": np.full(count, self.stage.first_day - 580),
                "status": CARD_STATES[1],
                "acquisition_channel": "counter",
            },
        )
        shops = [each for each in self.people if each.shop is not None and each.shop_signed <= day]
        unit = np.array([self.unit[self.place[each.number]] for each in shops], np.int64)
        at = bank.unit_at[unit] if shops else np.zeros((0, 2))
        out.write(
            "acquiring.merchants",
            day,
            {
                "merchant_id": merchant_ids(shops),
                "customer_id": ids(shops),
                "branch_id": coded(unit, bank.unit_ids),
                "manager_id": coded(np.array(bank.merchant_manager)[unit], bank.manager_ids),
                "merchant_name": texts(
                    f"{bank.units[u]['town']}{self.names[self.place[each.number]][:1]}记便利店"
                    for each, u in zip(shops, unit, strict=True)
                ),
                "mcc": "5411",
                "latitude": np.round(at[:, 0], 6),
                "longitude": np.round(at[:, 1], 6),
                "signed_on": np.array([each.shop_signed for each in shops], np.int64),
                "status": "active",
                "settlement_account_id": numbered(
                    "A", np.array([each.number * 1000 + 1 for each in shops], np.int64), 12
                ),
            },
        )


def ids(people: Iterable[Person]) -> pa.Array:
    return numbered("C", np.array([each.number for each in people], np.int64), 9)


def merchant_ids(people: Iterable[Person]) -> pa.Array:
    return numbered("S", np.array([each.number for each in people], np.int64), 9)
