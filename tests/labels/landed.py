"""What has landed, read anew for the second reading of the labels: files, one customer's part of them, and arithmetic.

Nothing here knows the SQL. Everything is plain Python with decimals, day by day."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property, partial, wraps
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import duckdb
from mingdan.contract import load_contract
from mingdan.settings import load_shipped

ZERO = Decimal(0)
Row = SimpleNamespace


def days(number: int) -> timedelta:
    return timedelta(days=number)


def plus_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where it is shorter."""
    month = day.year * 12 + day.month - 1 + months
    year, month = divmod(month, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def is_month_end(day: date) -> bool:
    return (day + days(1)).day == 1


def month_ends(until: date, number: int) -> list[date]:
    """The newest month-ends on or before a day, newest first."""
    found = []
    day = until if is_month_end(until) else until.replace(day=1) - days(1)
    for _ in range(number):
        found.append(day)
        day = day.replace(day=1) - days(1)
    return found


def full_months(later: date, earlier: date) -> int:
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months - (later.day < earlier.day and not is_month_end(later))


def share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Rounded half up at the sixth place and held within 999, as every rate; none of nothing."""
    if part is None or not whole:
        return None
    exact = max(Decimal(-999), min(Decimal(999), Decimal(part) / Decimal(whole))).scaleb(6) + Decimal("0.5")
    return exact.to_integral_value(ROUND_FLOOR).scaleb(-6)


def cents(amount: Decimal) -> Decimal:
    """Rounded half up, also below 0."""
    return (amount.scaleb(2) + Decimal("0.5")).to_integral_value(ROUND_FLOOR).scaleb(-2)


def mean(amounts: list[Decimal], number: int | None = None) -> Decimal:
    return cents(sum(amounts, ZERO) / (number or len(amounts)))


def middle(amounts: list[Decimal]) -> Decimal | None:
    return cents(Decimal(median(amounts))) if amounts else None


@dataclass
class Landed:
    """What has landed by a business date. Snapshot tables as their newest day tells, event tables whole."""

    folder: Path
    as_of: date
    previous_business_date: date
    centroids: dict[str, dict[str, float]] = field(
        default_factory=dict
    )  # of ways of dealing with the bank, an artefact
    cache: dict[Hashable, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = load_shipped()
        self.numbers = {name: Decimal(str(row["enter"])) for name, row in settings.thresholds.items()}
        self.tiers = sorted(
            (Decimal(row["floor_amount"]), int(row["rank"]), row["tier"]) for row in settings.rows("tiers")
        )
        self.patterns = settings.rows("patterns")
        self.growth_benefits = settings.rows("growth_benefits")
        self.windows = {name: table.window_days for name, table in load_contract().tables.items()}

    def read(self, table: str, where: str = "true") -> list[Row]:
        source, name = table.split(".")
        files = f"{self.folder}/{source}/{name}/*/*.parquet"
        sql = f"""select * from read_parquet('{files}', union_by_name = true, hive_partitioning = true,
            hive_types = {{'biz_date': date}}) where biz_date <= date '{self.as_of}' and {where}"""
        with duckdb.connect() as connection:
            return [Row(**row) for row in connection.sql(sql).to_arrow_table().to_pylist()]

    def newest(self, table: str) -> list[Row]:
        source, name = table.split(".")
        landed = sorted(path.name.removeprefix("biz_date=") for path in (self.folder / source / name).iterdir())
        day = max(day for day in landed if date.fromisoformat(day) <= self.as_of)
        return self.kept(f"newest {table}", lambda: self.read(table, f"biz_date = date '{day}'"))

    def all_rows(self, table: str) -> list[Row]:
        """An event table as far back as its window reaches; every snapshot of a snapshot table."""
        window = self.windows.get(table)
        since = f"biz_date > date '{self.as_of - days(window)}'" if window else "true"
        return self.kept(f"all {table}", lambda: self.read(table, since))

    def kept(self, key: Hashable, work: Callable[[], Any]) -> Any:
        if key not in self.cache:
            self.cache[key] = work()
        return self.cache[key]

    def by(self, key: str, rows: Callable[[], list[Row]], name: str) -> dict[str, list[Row]]:
        def grouped() -> dict[str, list[Row]]:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in rows():
                found[getattr(row, key)].append(row)
            return found

        return self.kept(f"{name} by {key}", grouped)

    def of(self, table: str, customer: str, key: str = "customer_id") -> list[Row]:
        """Rows of a customer (or another key) in the newest snapshot."""
        return self.by(key, lambda: self.newest(table), f"newest {table}").get(customer, [])

    def ever(self, table: str, customer: str, key: str = "customer_id") -> list[Row]:
        """Rows of a customer (or another key) in all that has landed within the table's window."""
        return self.by(key, lambda: self.all_rows(table), f"all {table}").get(customer, [])

    @cached_property
    def transactions_from(self) -> date:
        return min(row.biz_date for row in self.all_rows("core.transactions"))

    @cached_property
    def balances_from(self) -> date:
        """The first day in the window with a balance of four fifths of the accounts open then, else a month-end."""
        rows = self.all_rows("core.account_balances")
        first = min(row.biz_date for row in rows)
        told = sum(row.biz_date == first for row in rows)
        is_open = [
            row
            for row in self.newest("core.accounts")
            if row.opened_on <= first and (row.closed_on is None or row.closed_on > first)
        ]
        if told * 5 >= len(is_open) * 4:
            return first
        return min(row.biz_date for row in rows if is_month_end(row.biz_date))

    @cached_property
    def reversed_ids(self) -> set[str]:
        return {row.reversed_txn_id for row in self.all_rows("core.transactions") if row.txn_type == "reversal"}

    @cached_property
    def customers(self) -> dict[str, Customer]:
        return {row.customer_id: Customer(self, row) for row in self.newest("core.customers")}

    @cached_property
    def owner_of(self) -> dict[str, str]:
        return {row.account_id: row.customer_id for row in self.newest("core.accounts")}

    def since_news(self, number: int) -> date:
        """First day of "the last n days": further back after a long holiday."""
        return min(self.as_of - days(number - 1), self.previous_business_date + days(1))

    def has(self, kind: str, *texts: str | None) -> bool:
        """Whether one of the texts contains a pattern of the kind."""
        return any(self.kept((kind, text), partial(self.says, kind, text.lower())) for text in texts if text)

    def says(self, kind: str, text: str) -> bool:
        return any(row["pattern"].lower() in text for row in self.patterns if row["kind"] == kind)

    def tier_rank(self, average: Decimal | None) -> int | None:
        return None if average is None else max(rank for floor, rank, _ in self.tiers if average >= floor)


class Customer:
    """One customer, as the landed files tell of them."""

    def __init__(self, bank: Landed, core: Row) -> None:
        self.bank, self.core, self.id, self.as_of = bank, core, core.customer_id, bank.as_of
        self.t = bank.numbers

    # ---- what the customer has here

    @cached_property
    def accounts(self) -> list[Row]:
        return self.bank.of("core.accounts", self.id)

    @cached_property
    def transactions(self) -> list[Row]:
        return [
            row for each in self.accounts for row in self.bank.ever("core.transactions", each.account_id, "account_id")
        ]

    @cached_property
    def loans(self) -> list[Row]:
        return self.bank.of("lending.loans", self.id)

    @cached_property
    def running_loans(self) -> list[Row]:
        return [row for row in self.loans if row.status in ("performing", "overdue", "npl")]

    @cached_property
    def cards(self) -> list[Row]:
        return list(self.bank.of("cards.credit_cards", self.id))

    @cached_property
    def signups(self) -> list[Row]:
        return [row for row in self.bank.of("core.product_signups", self.id)
                if row.cancelled_on is None or row.cancelled_on > self.as_of]  # fmt: skip

    @cached_property
    def log_ins(self) -> set[date]:
        return {row.biz_date for row in self.bank.ever("channels.app_activity", self.id) if row.login_count > 0}

    def free(self, row: Row) -> Decimal:
        """A balance without pledged money; an overdraft is nothing."""
        return max(ZERO, row.balance - (row.pledged_amount or ZERO))

    @cached_property
    def balance_steps(self) -> dict[str, list[tuple[date, Decimal]]]:
        return {
            each.account_id: sorted(
                (row.biz_date, self.free(row))
                for row in self.bank.ever("core.account_balances", each.account_id, "account_id")
            )
            for each in self.accounts
        }

    def evening(self, account: Row, day: date) -> Decimal:
        told = [amount for on, amount in self.balance_steps[account.account_id] if on <= day]
        return told[-1] if told else ZERO

    @cached_property
    def holding_stories(self) -> dict[str, tuple[date, date | None, list[tuple[date, Decimal]]]]:
        """By holding: bought, gone (the newest snapshot's redemption or maturity), and its values as they came."""
        stories = {}
        for holding, rows in grouped(self.bank.ever("wealth.holdings", self.id), "holding_id").items():
            rows.sort(key=lambda row: row.biz_date)
            last = rows[-1]
            ends = [day for day in (last.redeemed_on, last.matures_on) if day is not None]
            values = [(row.biz_date, row.market_value) for row in rows if row.status == "held"]
            if not values:
                values = [(rows[0].biz_date, rows[0].market_value or rows[0].cost_amount or ZERO)]
            stories[holding] = (last.bought_on, min(ends) if ends else None, values)
        return stories

    def invested(self, day: date) -> Decimal:
        return self.invested_in(set(self.holding_stories), day)

    def invested_in(self, holdings: set[str], day: date) -> Decimal:
        total = ZERO
        for bought, gone, values in (self.holding_stories[each] for each in holdings):
            if bought <= day and (gone is None or day < gone):
                known = [amount for on, amount in values if on <= day]
                total += known[-1] if known else values[0][1]
        return total

    @cached_property
    def aum_by_day(self) -> dict[date, Decimal]:
        """Aum of every evening since balances are complete."""
        found = {}
        day = self.bank.balances_from
        while day <= self.as_of:
            deposits = sum((self.evening(each, day) for each in self.accounts), ZERO)
            found[day] = deposits + self.invested(day)
            day += days(1)
        return found

    def average(self, number: int, until: date | None = None) -> Decimal | None:
        """Mean aum of so many days up to a day; unknown when they begin before balances are complete."""
        last = until or self.as_of
        if last - days(number - 1) < self.bank.balances_from:
            return None
        counted = [last - days(back) for back in range(number)]
        return mean([self.aum_by_day[day] if day >= self.core.opened_on else ZERO for day in counted])

    @property
    def known_from(self) -> date:
        return max(self.core.opened_on, self.bank.transactions_from)

    @property
    def known_days(self) -> int:
        """Days of transactions, this one included."""
        return (self.as_of - self.bank.transactions_from).days + 1

    @cached_property
    def own_accounts(self) -> set[str]:
        return {each.account_id for each in self.accounts}

    @cached_property
    def flows(self) -> list[Row]:
        """Money from outside and to it."""
        return [
            row
            for row in self.transactions
            if row.txn_type not in ("interest", "loan_disbursal", "investment", "reversal")
            and row.counterparty_account not in self.own_accounts
        ]

    @cached_property
    def own_days(self) -> list[date]:
        """Own-initiative days: log-ins, and transactions that the customer began."""
        found = {day for day in self.log_ins if day > self.as_of - days(180)}
        for row in self.transactions:
            began = row.direction == "out" or (row.txn_type == "cash" and row.channel in ("counter", "atm"))
            if (
                began
                and row.channel != "batch"
                and row.txn_type not in ("interest", "fee", "tax", "court", "reversal", "standing_order")
                and row.is_customer_initiated is not False
            ):
                found.add(row.biz_date)
        return sorted(found)

    @cached_property
    def standing(self) -> list[Row]:
        """Transactions that stand: what a later one reverses is left out."""
        return [row for row in self.transactions if row.txn_id not in self.bank.reversed_ids]

    @cached_property
    def relations(self) -> list[Row]:
        """Rows of crm.relations with this customer on either side; `other` is who stands on the far one."""
        here = [(row, row.related_customer_id) for row in self.bank.of("crm.relations", self.id)]
        there = [(row, row.customer_id) for row in self.bank.of("crm.relations", self.id, "related_customer_id")]
        return [Row(**{**row.__dict__, "other": other}) for row, other in here + there if other != self.id]

    @cached_property
    def aum(self) -> Decimal:
        """Today's."""
        return sum((self.evening(each, self.as_of) for each in self.accounts), ZERO) + self.invested(self.as_of)

    def within(self, rows: list[Row], number: int) -> list[Row]:
        """Rows of the last so many days."""
        return [row for row in rows if row.biz_date > self.as_of - days(number)]


def grouped(rows: list[Row], key: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append(row)
    return found


def once(reading: Callable[[Customer], dict[str, Any]]) -> Callable[[Customer], dict[str, Any]]:
    """A reading that others ask for too is done once for each customer."""

    @wraps(reading)
    def kept(c: Customer) -> dict[str, Any]:
        return c.bank.kept(f"{reading.__module__}.{reading.__name__} {c.id}", lambda: reading(c))

    return kept
