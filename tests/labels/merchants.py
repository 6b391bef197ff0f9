"""The second reading of merchants: every day of the last 200 judged in turn."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.labels.landed import ZERO, Customer, Landed, Row, cents, days, month_ends, plus_months, share
from tests.labels.oracle import holding

COLOURS = ("blue", "yellow", "orange", "red")


class Merchant:
    """One shop, as the landed files tell of it."""

    def __init__(self, bank: Landed, row: Row) -> None:
        self.bank, self.row, self.t, self.as_of = bank, row, bank.numbers, bank.as_of
        self.days = {
            each.biz_date: each for each in bank.ever("acquiring.merchant_daily", row.merchant_id, "merchant_id")
        }
        self.settled: dict[date, Decimal] = defaultdict(lambda: ZERO)
        for day, each in self.days.items():
            self.settled[day] = max(ZERO, each.amount - (each.refund_amount or ZERO))
        first = bank.kept("first takings", lambda: min(x.biz_date for x in bank.all_rows("acquiring.merchant_daily")))
        self.first_day = first
        self.from_day = max(first, row.signed_on)
        self.takings = sorted(day for day, amount in self.settled.items() if amount > 0)

    def sum_of(self, until: date, number: int) -> Decimal:
        """Settlement of so many days up to a day."""
        return sum((self.settled.get(until - days(back), ZERO) for back in range(number)), ZERO)

    def usual(self, day: date) -> Decimal | None:
        """Settlement per 30 days, of the days 119 to 30 before, those that count."""
        counted = [day - days(back) for back in range(30, 120) if day - days(back) >= self.from_day]
        if not counted:
            return None
        return cents(sum((self.settled.get(each, ZERO) for each in counted), ZERO) * 30 / len(counted))

    def is_holiday(self, day: date) -> bool:
        calendar = self.bank.kept(
            "calendar", lambda: {row.cal_date: row for row in self.bank.newest("core.calendar")}
        )  # fmt: skip
        told = calendar.get(day)
        return bool(told and not told.is_business_day and (told.holiday_name or day.weekday() < 5))

    def idle(self, day: date) -> int | None:
        """Open days since the last settlement."""
        before = bisect_right(self.takings, day)
        if not before:
            return None
        last = self.takings[before - 1]
        recent = self.takings[bisect_right(self.takings, last - days(56)) : before]
        open_weekdays = {each.weekday() for each in recent}
        silent = (last + days(n) for n in range(1, (day - last).days + 1))
        return sum(not self.is_holiday(each) and each.weekday() in open_weekdays for each in silent)

    def level(self, day: date, base: Decimal) -> int:
        part, idle = self.sum_of(day, 30), 0 if self.is_seasonal else self.idle(day) or 0
        for number, colour in reversed(list(enumerate(COLOURS, start=1))):
            if part < self.t[f"merchant_{colour}_below"] * base or idle >= self.t[f"merchant_{colour}_idle_days"]:
                return number
        return 0

    def base_of(self, day: date) -> Decimal | None:
        """What a day is compared with: of a seasonal trade the same 30 days of last year, once it is old enough."""
        if self.is_seasonal:
            return self.sum_of(day - days(364), 30) if self.from_day <= day - days(393) else None
        old = (day - self.row.signed_on).days >= self.t["merchant_rated_after_days"]
        return self.usual(day) if old else None

    def level_within(self, day: date, base: Decimal) -> int:
        """The level of a day in an episode: against its fixed base, of a seasonal trade against last year's."""
        if not self.is_seasonal:
            return self.level(day, base)
        last_year = self.base_of(day)
        return self.level(day, last_year) if last_year is not None and self.is_enough(last_year) else 0

    def is_enough(self, base: Decimal | None) -> bool:
        return base is not None and base >= self.t["merchant_rated_base"]

    def alert(self) -> dict[str, Any]:
        """The episode, if any, walked through day by day."""
        start: date | None = None
        base, better = ZERO, 0
        levels: dict[date, int] = {}
        for day in (self.as_of - days(back) for back in reversed(range(200))):
            if day < self.from_day:
                continue
            if start is None:
                usual = self.base_of(day)
                if usual is not None and self.is_enough(usual) and self.level(day, usual) > 0:
                    start, base, better, levels = day, usual, 0, {}
                else:
                    continue
            levels[day] = self.level_within(day, base)
            better = better + 1 if levels[day] == 0 else 0
            if better >= self.t["merchant_better_days"]:
                start = None
        usual = self.base_of(self.as_of)
        if start is None:
            return {
                "merchant_alert_level": 0 if self.is_enough(usual) else None, "merchant_alert_since_on": None,
                "merchant_base_amount": usual, "merchant_alert_raised_on": None,
            }  # fmt: skip
        shown = {day: max(levels[each] for each in levels if day - days(7) < each <= day) for day in levels}
        rises = [day for day in shown if shown[day] > shown.get(day - days(1), 0)]
        return {
            "merchant_alert_level": shown[self.as_of], "merchant_alert_since_on": start,
            "merchant_base_amount": usual if self.is_seasonal else base, "merchant_alert_raised_on": max(rises),
        }  # fmt: skip

    @cached_property
    def is_seasonal(self) -> bool:
        long = (self.as_of - self.from_day).days >= 393
        named = self.bank.has("seasonal_name", self.row.merchant_name)
        codes = {row["pattern"] for row in self.bank.patterns if row["kind"] == "seasonal_mcc"}
        return long and (named or self.row.mcc in codes)

    # ---- stars

    def weekly(self, day: date) -> list[Decimal] | None:
        """Settlement of the last 13 complete weeks, Monday to Sunday."""
        sunday = day if day.weekday() == 6 else day - days(day.weekday() + 1)
        if sunday - days(90) < self.from_day:
            return None
        return [self.sum_of(sunday - days(7 * back), 7) for back in range(13)]

    def variation(self, day: date) -> Decimal | None:
        weeks = self.weekly(day)
        if weeks is None or not sum(weeks):
            return None
        whole = sum(weeks, ZERO)
        spread = (sum((13 * each - whole) ** 2 for each in weeks) / 13).sqrt()
        return share(spread, whole)

    def retained(self, day: date) -> Decimal | None:
        owner = self.bank.customers[self.row.customer_id]
        account = next((each for each in owner.accounts if each.account_id == self.row.settlement_account_id), None)
        if account is None:
            return None
        held = sum((owner.evening(account, day - days(back)) for back in range(30)), ZERO)
        return share(held / 30, self.sum_of(day, 30))

    def score(self, day: date) -> int | None:
        if self.weekly(day) is None:
            return None
        settled, cv, kept = self.sum_of(day, 30), self.variation(day), self.retained(day)
        payers = sum(self.days[each].payer_count for each in self.days if day - days(30) < each <= day)
        products = int(holding(self.bank.customers[self.row.customer_id])["product_count"])
        steps: list[tuple[Any, list[tuple[Any, int]], bool]] = [
            (settled, [(100000, 40), (50000, 32), (20000, 20), (5000, 8)], True),
            (payers, [(300, 20), (100, 15), (30, 10), (10, 5)], True),
            (cv, [(Decimal("0.2"), 15), (Decimal("0.4"), 10), (Decimal("0.6"), 5)], False),
            (kept, [(Decimal("0.5"), 15), (Decimal("0.2"), 10), (Decimal("0.1"), 5)], True),
            (products, [(5, 10), (3, 6), (2, 3)], True),
        ]
        return sum(
            next((points for limit, points in parts if (amount >= limit if upwards else amount <= limit)), 0)
            for amount, parts, upwards in steps
            if amount is not None
        )

    def stars(self) -> dict[str, Any]:
        now = self.score(self.as_of)
        ends = [now if day == self.as_of else self.score(day) for day in month_ends(self.as_of, 2)]
        best = max((each for each in [now, *ends] if each is not None), default=None)
        star = None if now is None or best is None else next(
            (star for points, star in ((85, 5), (70, 4), (55, 3), (40, 2)) if best >= points), 1
        )  # fmt: skip
        above = {1: 40, 2: 55, 3: 70, 4: 85}
        near = None if now is None else (
            star in above and above[star] - now <= self.t["merchant_near_star_points"]
        )  # fmt: skip
        return {"merchant_star_score": now, "merchant_star_level": star, "is_merchant_near_star": near}


def read_merchant(bank: Landed, row: Row) -> dict[str, Any]:
    shop = Merchant(bank, row)
    now, before = shop.sum_of(bank.as_of, 30), shop.sum_of(bank.as_of - days(30), 30)
    seen = bank.as_of - days(59) >= shop.from_day
    months = {
        n for day, amount in shop.settled.items() for n in range(6)
        if amount > 0 and plus_months(bank.as_of, -n - 1) < day <= plus_months(bank.as_of, -n)
    }  # fmt: skip
    late = shop.first_day > max(plus_months(bank.as_of, -6) + days(1), row.signed_on)
    found = {
        "merchant_settlement_30d_amount": now,
        "merchant_idle_days": shop.idle(bank.as_of) if shop.sum_of(bank.as_of, 319) else None,
        "merchant_active_months_6m": None if late else len(months),
        "merchant_stability_cv": shop.variation(bank.as_of),
        "merchant_trend_rate": share(now - before, before) if seen else None,
        "merchant_retained_share": shop.retained(bank.as_of),
        **shop.stars(),
    }
    found |= shop.alert()
    base, star = found["merchant_base_amount"], found["merchant_star_level"]
    part = (shop.t["merchant_borderline_from"], shop.t["merchant_borderline_below"])
    borderline = None
    if star is not None and star < 4:
        borderline = False
    elif star is not None and base is not None and shop.is_enough(base):
        borderline = part[0] * base <= now < part[1] * base
    return {**found, "is_merchant_high_quality_borderline": borderline, "is_merchant_suspicious": is_suspicious(shop)}


def is_suspicious(shop: Merchant) -> bool:
    month = [each for day, each in shop.days.items() if shop.as_of - days(30) < day <= shop.as_of]
    payments = sum(each.txn_count for each in month)
    few = sum(each.payer_count for each in month) < shop.t["merchant_suspicious_payer_share"] * payments
    busy = [
        each for each in month
        if each.txn_count >= shop.t["merchant_top_payer_min_count"] and each.top_payer_amount is not None
    ]  # fmt: skip
    most = sum((each.top_payer_amount for each in busy), ZERO)
    return few or most > shop.t["merchant_suspicious_top_share"] * sum((each.amount for each in busy), ZERO)


def merchant(c: Customer) -> dict[str, Any]:
    """The weakest of a customer's shops speaks for all."""
    shops = [row for row in c.bank.of("acquiring.merchants", c.id) if row.status != "closed"]
    read = sorted(
        ((row.merchant_id, read_merchant(c.bank, row)) for row in shops),
        key=lambda each: (
            -(-1 if each[1]["merchant_alert_level"] is None else each[1]["merchant_alert_level"]),
            -(Decimal(-1) if each[1]["merchant_base_amount"] is None else each[1]["merchant_base_amount"]),
            each[0],
        ),
    )
    told = {"is_merchant": bool(shops), "merchant_count": len(shops)}
    if not read:
        return {**told, **dict.fromkeys(("merchant_id", "merchant_all_settlement_30d_amount", *WORDS))}
    return {
        **told,
        "merchant_all_settlement_30d_amount": sum((each["merchant_settlement_30d_amount"] for _, each in read), ZERO),
        "merchant_id": read[0][0],
        **read[0][1],
        "is_merchant_suspicious": any(each["is_merchant_suspicious"] for _, each in read),
    }


WORDS = (
    "merchant_settlement_30d_amount", "merchant_base_amount", "merchant_alert_level", "merchant_alert_since_on",
    "merchant_alert_raised_on", "merchant_idle_days", "merchant_active_months_6m", "merchant_stability_cv",
    "merchant_trend_rate", "merchant_retained_share", "merchant_star_score", "merchant_star_level",
    "is_merchant_near_star", "is_merchant_high_quality_borderline", "is_merchant_suspicious",
)  # fmt: skip
