"""The language of planted cases: customers scripted with exact balances, bookings and ties, beside the random ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np

from mingdan.sample_bank import books as b
from mingdan.sample_bank.books import EXTERNAL
from mingdan.sample_bank.columns import NO_DATE, day_number, day_of
from mingdan.sample_bank.dates import add_months
from mingdan.sample_bank.products import TERM_PRODUCTS

Role = Literal["member", "near_miss"]
STRANGER = "周小云"


def customer(person: Person) -> tuple[str, str]:
    return "customer", person.id


Subject = Callable[["Person"], tuple[str, str]]  # subject_type and subject_id of the case that comes with a customer


@dataclass(frozen=True)
class Own:
    """In a row that a customer tells: their own value, by name; what only the bank knows when it writes."""

    name: Literal["latitude", "longitude", "village_code", "id_hash", "mobile"]


@dataclass(frozen=True)
class Case:
    """One planted subject of a list, mostly a customer. `build` scripts the person, or what the person tells of the
    subject; the case counts where history has `needs_days`."""

    role: Role
    why: str
    build: Callable[[Person], None]
    needs_days: int = 150
    subject: Subject = customer


CASES: dict[str, Callable[[], Iterator[Case]]] = {}


def cases_of(list_name: str) -> Callable[[Callable[[], Iterator[Case]]], Callable[[], Iterator[Case]]]:
    """Register the function that yields a list's cases."""

    def register(function: Callable[[], Iterator[Case]]) -> Callable[[], Iterator[Case]]:
        if list_name in CASES:
            raise ValueError(f"sample bank cases: list {list_name} has cases already.")
        CASES[list_name] = function
        return function

    return register


@dataclass(frozen=True)
class Shown:
    """One planted customer of no list, for whom a label takes a value that is rare; otherwise as a case."""

    label: str
    value: Any
    why: str
    build: Callable[[Person], None]
    needs_days: int = 185


SEATS = 100
SHOWN: list[Callable[[], Iterator[Shown]]] = []


def showing(function: Callable[[], Iterator[Shown]]) -> Callable[[], Iterator[Shown]]:
    """Register the function that yields customers who show values of labels."""
    SHOWN.append(function)
    return function


@dataclass
class Account:
    """An account of a scripted customer; dates are day numbers."""

    seq: int
    kind: int
    product: str
    opened: int
    balance: int = 0  # cents before the first delivered day
    matures: int = NO_DATE
    term: int | None = None
    rate: int = 0  # millionths a year
    auto: bool | None = None
    closed: int = NO_DATE


@dataclass
class Loan:
    """A loan of a scripted customer; amounts are cents, dates day numbers."""

    type: str
    principal: int
    balance: int
    opened: int
    matures: int
    settled: int
    how: str
    state: str
    overdue: int
    graduates: int
    under_limit: bool
    instalment: int
    due: dict[int, int]  # day of an instalment: days late


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
    log_ins: set[int] = field(default_factory=set)  # day numbers
    services: list[tuple[str, int]] = field(default_factory=list)  # product code, signed on
    relations: list[tuple[int, str]] = field(default_factory=list)  # the other's number, kind
    holdings: list[tuple[str, int, int, int, int]] = field(default_factory=list)  # product, cents, bought, ends, opens
    opened_days: int | None = None  # days since the relation began; long ago, unless said
    home: int | None = None  # place of the home unit among the open ones, where it matters
    lives_km: float | None = None  # from the unit of their own place, which is nearest; else anywhere around it
    friend_since: int = NO_DATE  # of the manager, on WeCom
    referrer: int | None = None  # the number of the customer who sent this one
    voices: list[tuple[int, str, Any]] = field(default_factory=list)  # day, mark, complaint or contact, what of it
    loans: list[Loan] = field(default_factory=list)
    limits: list[tuple[int, int, int]] = field(default_factory=list)  # cents granted, cents used, granted on
    whitelists: list[tuple[int, int, str]] = field(default_factory=list)  # cents, valid to, origin
    tolls: list[tuple[int, str]] = field(default_factory=list)  # cents a month, status of the contract
    businesses: list[tuple[int, str, bool]] = field(default_factory=list)  # registered on, status, has identity hash
    company: int = 0  # cents that the company of this representative keeps here
    has_card: bool = False
    takings: dict[int, int] = field(default_factory=dict)  # of the customer's shop: day number, yuan
    shop_signed: int = 0
    payers_per_sale: float = 0.9
    about: dict[str, Any] = field(default_factory=dict)  # columns of core.customers that differ from the others'
    told: list[tuple[str, Callable[[int], dict[str, Any] | None]]] = field(default_factory=list)  # table, row of a day

    @property
    def id(self) -> str:
        return f"C{self.number:09d}"

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

    def birthday_in(self, days: int, years: int) -> None:
        """So many years old on a birthday so many days ahead."""
        ahead = day_of(self.stage.today + days)
        self.age_days = self.stage.today - day_number(ahead.replace(year=ahead.year - years, day=min(ahead.day, 28)))
        self.age_days -= max(ahead.day - 28, 0)

    def opens(self, days_ago: int) -> None:
        """A customer only since then, who has yet to take up the mobile bank."""
        self.opened_days = days_ago
        self.uses_app = self.is_busy = False

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
        """A booking on the demand account; `more` are name (a text, or a customer's number), account, bank, own."""
        if self.on(days_ago) >= self.stage.first_day and yuan > 0:
            said = {
                "day": self.on(days_ago),
                "seq": 1,
                "way": way,
                "cents": round(yuan * 100),
                "type": type_,
                "channel": channel,
            }
            self.bookings.append({**said, **more})

    def receives(self, days_ago: int, yuan: float, **more: Any) -> None:
        """Money from somebody at another bank, unless said otherwise."""
        self.moves(days_ago, yuan, b.IN, **{"bank": 0, "name": STRANGER, "account": EXTERNAL + 77, **more})

    def pays(self, days_ago: int, yuan: float, **more: Any) -> None:
        """A purchase at a till, unless said otherwise."""
        self.moves(days_ago, yuan, b.OUT, **{"type_": b.PURCHASE, "channel": b.POS, "name": "永辉超市", **more})

    def turns_over(self, days_ago: int, yuan: float) -> None:
        """So much in and out on one day: life goes on, and no balance moves."""
        self.receives(days_ago, yuan)
        self.pays(days_ago, yuan)

    @property
    def elsewhere(self) -> dict[str, Any]:
        """The customer's own account at another bank, as the other side of a booking."""
        return {"own": 1, "bank": 1, "name": self.number, "account": EXTERNAL + self.number * 1000 + 900}

    def sends_to_own(self, days_ago: int, yuan: float) -> None:
        self.moves(days_ago, yuan, b.OUT, channel=b.APP, **self.elsewhere)

    def receives_from_own(self, days_ago: int, yuan: float) -> None:
        self.moves(days_ago, yuan, b.IN, **self.elsewhere)

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
        self, yuan: float, matures_in: int, term: int = 12, auto: bool = False, rate: float = 0.015,
        closed: int | None = None,
    ) -> None:  # fmt: skip
        """A term deposit from before the history, or opened from demand; `closed` days ago it went back to demand."""
        matures, seq, cents = self.on(-matures_in), len(self.accounts) + 1, round(yuan * 100)
        opened = int(add_months(np.array([matures]), -term)[0])
        account = Account(seq, b.TIME, TERM_PRODUCTS[term], opened, 0, matures, term, round(rate * 1_000_000), auto)
        self.accounts.append(account)
        if opened < self.stage.first_day:
            account.balance = cents
        else:
            self.accounts[0].balance += cents
            self._within(opened, 1, seq, cents)
        if closed is not None:
            account.closed = self.on(closed)
            self._within(account.closed, seq, 1, cents)

    def _within(self, day: int, source: int, target: int, cents: int) -> None:
        """A transfer between two accounts of the customer here."""
        both = {"day": day, "cents": cents, "type": b.TRANSFER, "channel": b.COUNTER, "own": 1, "name": self.number}
        self.bookings.append({**both, "seq": source, "way": b.OUT, "account": self.number * 1000 + target})
        self.bookings.append({**both, "seq": target, "way": b.IN, "account": self.number * 1000 + source})

    def investment(
        self, product: str, yuan: float, bought_days_ago: int = 500, matures_in: int | None = None,
        opens_in: int | None = None,
    ) -> None:  # fmt: skip
        """Held since before the history, at cost: its value does not move."""
        ends, opens = (NO_DATE if days is None else self.on(-days) for days in (matures_in, opens_in))
        self.holdings.append((product, round(yuan * 100), self.on(bought_days_ago), ends, opens))

    def loan(
        self, type_: str, yuan: float, opened: int = 400, matures: int | None = None, settled: int | None = None,
        how: str = "matured", state: str = "performing", overdue: int = 0, graduates: int | None = None,
        instalment: float = 0, late: int = 0, under_limit: bool = False,
    ) -> None:  # fmt: skip
        """A loan from `opened` days ago on, settled so many days ago, maturing or graduating so many days ahead.

        Instalments fall due on the twelfth and are paid on time, but for the `late`-th latest, paid nine days late."""
        ends = self.on(opened) + 1800 if matures is None else self.on(-matures)
        done = NO_DATE if settled is None else self.on(settled)
        due: dict[int, int] = {}
        if instalment:
            self.every_month(12, lambda ago: due.update({self.on(ago): 0}))
            due = {day: 0 for day in due if self.on(opened) < day and (settled is None or day <= done)}
            if 0 < late <= len(due):
                due[sorted(due)[-late]] = 9
        cents = round(yuan * 100)
        self.loans.append(
            Loan(
                type_, cents, 0 if settled is not None else cents, self.on(opened), ends, done, how,
                "settled" if settled is not None else state, overdue,
                NO_DATE if graduates is None else self.on(-graduates), under_limit, round(instalment * 100), due,
            )
        )  # fmt: skip

    def limit(self, yuan: float, used: float = 0, granted: int = 400) -> None:
        """A revolving limit for online loans, granted so many days ago."""
        self.limits.append((round(yuan * 100), round(used * 100), self.on(granted)))

    def whitelisted(self, yuan: float, days_left: int = 200, *origins: str) -> None:
        """On the whitelist for an online loan, by each of the origins (internal, unless said otherwise)."""
        for origin in origins or ("internal",):
            self.whitelists.append((round(yuan * 100), self.on(-days_left), origin))

    def earns(self, yuan: float) -> None:
        """Pay on the tenth of every month, spent at once."""
        self.every_month(10, lambda ago: self.receives(ago, yuan, type_=b.PAYROLL, channel=b.BATCH, bank=None,
                                                       account=None, name="青石县恒达建材公司"))  # fmt: skip
        self.every_month(10, lambda ago: self.pays(ago, yuan))

    def tells(self, table: str, row_of: Callable[[int], dict[str, Any] | None]) -> None:
        """A row of a table that no verb writes, or none, for each day with rows of it.

        The customer and their branch need not be said."""
        self.told.append((table, row_of))

    # ---- channels and trade ----
    def befriended(self, days_ago: int) -> None:
        self.friend_since = self.on(days_ago)

    def answers(self, days_ago: int, mark: int) -> None:
        """A mark in a survey."""
        self.voices.append((self.on(days_ago), "mark", mark))

    def complains(self, days_ago: int) -> None:
        """A complaint that is still open."""
        self.voices.append((self.on(days_ago), "complaint", "queue"))

    def is_called(self, days_ago: int, outcome: str = "interested") -> None:
        self.voices.append((self.on(days_ago), "contact", outcome))

    def logs_in(self, days_ago: int) -> None:
        if self.on(days_ago) >= self.stage.first_day:
            self.log_ins.add(self.on(days_ago))

    def keeps_shop(self, takings: Callable[[int], float], signed_days_ago: int = 700) -> None:
        """A shop whose takings each day are a function of the days-ago; the money goes to suppliers at once."""
        self.kind = "sole_proprietor"
        self.shop_signed = self.on(signed_days_ago)
        first = max(self.stage.first_day, self.shop_signed)
        self.takings = {day: round(takings(self.stage.today - day)) for day in range(first, self.stage.today + 1)}
        for day, yuan in self.takings.items():
            ago = self.stage.today - day - 1
            if ago >= 0:
                self.moves(ago, yuan, b.IN, channel=b.BATCH, name="收单业务清算专户")
                self.moves(ago, yuan, b.OUT, channel=b.APP, name=STRANGER, bank=0, account=EXTERNAL + 78)


class Stage:
    """The scripted customers of a bank: its first delivered day, the day the cases are made for, and who is on it."""

    def __init__(self, first_day: int, today: int, first_number: int) -> None:
        self.first_day, self.today, self.first_number = first_day, today, first_number
        self.people: list[Person] = []
        self.truth: list[dict[str, Any]] = []
        for list_name, function in CASES.items():
            for number, case in enumerate(function(), start=1):
                person = self.person()
                case.build(person)
                if case.needs_days <= today - first_day + 1:
                    subject_type, subject_id = case.subject(person)
                    said: dict[str, Any] = {"list": list_name, "subject_type": subject_type, "subject_id": subject_id}
                    said |= {
                        "expected": case.role == "member",
                        "case": f"{list_name}_{number}_{case.role}",
                        "why": case.why,
                    }
                    self.truth.append(said)
        self.shown: list[tuple[str, Shown]] = []  # customer and what is shown, where history is long enough
        for shows in SHOWN:
            for each in shows():
                person = self.person()
                each.build(person)
                if each.needs_days <= today - first_day + 1:
                    self.shown.append((person.id, each))
        # whole hundreds, so that a new case leaves the random customers beside them as they were
        while len(self.people) % SEATS:
            self.person()
        for person in self.people:
            person.accounts[0].opened = first_day - 900 - person.number % 700
            if person.opened_days is not None:
                person.accounts[0].opened = today - person.opened_days
                self._deposit_first(person)
            if person.uses_app:
                person.services.append(("app", first_day - 300))
                for days_ago in range(2 + person.number % 9, today - first_day + 1, 9):
                    person.logs_in(days_ago)
            if person.is_busy:
                person.every_month(8, partial(person.turns_over, yuan=200))

    def _deposit_first(self, person: Person) -> None:
        """What lies on an account opened within the history was paid in on its first day."""
        account = person.accounts[0]
        if account.opened >= self.first_day and account.balance:
            yuan, account.balance = account.balance / 100, 0
            person.moves(self.today - account.opened, yuan, b.IN, type_=b.CASH, channel=b.COUNTER)

    def person(self) -> Person:
        person = Person(self, self.first_number + len(self.people))
        person.aged(34 + len(self.people) % 17, 30 + 3 * len(self.people))
        person.accounts.append(Account(1, b.DEMAND, "D01", 0, 0, rate=500))
        self.people.append(person)
        return person


@lru_cache
def planted_count() -> int:
    """How many customers the planted cases take, with the plain ones who make them up to a multiple of SEATS."""
    from mingdan.sample_bank import (  # noqa: F401  registers the cases
        cases,
        cases_card,
        cases_credit,
        cases_growth,
        cases_labels,
        cases_outreach,
    )

    return len(Stage(day_number(date(2025, 4, 1)), day_number(date(2026, 6, 30)), 1).people)
