"""Two hundred invented shops, half a year of good and bad days: levels and stars are those of a slow reading."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mingdan.sample_bank.holidays import day_kind

from tests.labels.invented import ONE_DAY, Invented, built_on
from tests.labels.landed import cents, is_month_end
from tests.labels.merchants import read_merchant

SHOPS, FIRST, LAST = 200, date(2024, 10, 1), date(2026, 6, 30)
KINDS = ("wealth", "fund", "insurance", "bond")


def every_day(first: date, last: date = LAST) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY


def life_of(draw: random.Random, day: date) -> list[tuple[date, float]]:
    """From which day on a shop settles what share of its usual: weeks and months of it, silences among them."""
    found = []
    while day <= LAST:
        found.append((day, draw.choice([1, 1, 1, 1, 0.9, 0.75, 0.55, 0.35, 0.1, 0, 1.3])))
        day += timedelta(days=draw.choice([4, 9, 20, 35, 60, 120]))
    return found


def takings(draw: random.Random, shop: dict[str, Any]) -> Iterator[dict[str, Any]]:
    usual = draw.choice([20, 45, 200, 900, 3000, 6000])
    closed = draw.choice([(), (), (7,), (6, 7), (1,), (1, 3)])
    wild, life = draw.choice([0.05, 0.3, 0.9]), life_of(draw, max(FIRST, shop["signed_on"]))
    crowd = draw.choice([1, 3, 12])
    if shop["is_star"]:
        usual, closed, wild, crowd, life = 6000, (), 0.05, 25, [(date.min, 1)]
    for day in every_day(max(FIRST, shop["signed_on"])):
        share = [part for since, part in life if since <= day][-1]
        stands = day.isoweekday() in closed or (shop["mcc"] == "8211" and (day.month in (7, 8) or day.day < 9))
        holiday = not day_kind(day)[0] and day.isoweekday() < 6
        if share and not stands and not (holiday and draw.random() < 0.8):
            amount = Decimal(round(usual * share * (1 + wild * (draw.random() * 2 - 1)) * 100)) / 100
            payers = draw.randint(1, crowd)
            yield {
                "merchant_id": shop["merchant_id"], "biz_date": day, "amount": amount, "payer_count": payers,
                "txn_count": payers + draw.choice([0, 1, 2, 9]), "top_payer_amount": amount * draw.choice([1, 0]),
                "refund_amount": cents(amount * draw.choice([0, 0, 0, 0, 0, 1, 2]) / 2),
            }  # fmt: skip


def invented(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of the source tables that the labels of merchants read."""
    draw = random.Random(seed)
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("core.customers", "core.accounts", "core.account_balances", "wealth.holdings",
                              "acquiring.merchants", "acquiring.merchant_daily")
    }  # fmt: skip
    for number in range(SHOPS):
        customer, account = f"C{number:03}", f"A{number:03}"
        opened, is_star = FIRST - timedelta(days=draw.randint(0, 900)), number % 25 == 3
        known = {"biz_date": LAST, "customer_id": customer, "opened_on": opened}
        rows["core.customers"].append(known | {"is_deceased": False, "is_staff": False})
        rows["core.accounts"].append(known | {"account_id": account, "account_type": "demand", "status": "active"})
        for kind in KINDS[: 4 if is_star else draw.randint(0, 4)]:
            bought = known | {"holding_id": f"{customer}{kind}", "category": kind, "bought_on": opened}
            rows["wealth.holdings"].append(bought | {"market_value": Decimal(5), "status": "held"})
        level = 90000 if is_star else draw.choice([1, 400, 9000, 90000])
        for day in every_day(LAST - timedelta(days=420)):
            if is_month_end(day) or draw.random() < 0.1:
                balance = Decimal(draw.randint(-10, 100) * level) / 50
                rows["core.account_balances"].append({"account_id": account, "biz_date": day, "balance": balance})
        shop = {
            "biz_date": LAST, "merchant_id": f"M{number:03}", "customer_id": customer, "branch_id": "B",
            "merchant_name": "食堂" if number % 20 == 0 else "小店", "mcc": "8211" if number % 20 == 1 else "5411",
            "signed_on": draw.choice([opened, opened, LAST - timedelta(days=draw.randint(1, 500))]),
            "status": "closed" if number % 50 == 49 else "active", "settlement_account_id": account,
        }  # fmt: skip
        rows["acquiring.merchants"].append(shop)
        rows["acquiring.merchant_daily"].extend(takings(draw, shop | {"is_star": is_star}))
    rows["core.calendar"] = [
        {"biz_date": LAST, "cal_date": day, "is_business_day": day_kind(day)[0], "holiday_name": day_kind(day)[1]}
        for day in every_day(FIRST)
    ]
    return rows


@pytest.mark.parametrize(("as_of", "seed"), [(date(2026, 4, 7), 2), (LAST, 3)], ids=lambda each: str(each))
def test_levels_and_stars_of_two_hundred_shops_are_those_of_a_slow_reading(
    tmp_path: Path, as_of: date, seed: int
) -> None:
    rows = invented(seed)
    warehouse = built_on(tmp_path, rows, as_of, "merchant_labels")
    built = {row["merchant_id"]: row for row in warehouse.read("merchant_labels", as_of).to_pylist()}

    landed = Invented(warehouse.path, as_of)
    categories = Counter(row["customer_id"] for row in rows["wealth.holdings"])
    for customer in landed.customers:  # what a customer holds is read elsewhere; here it is known
        landed.cache[f"tests.labels.oracle.holding {customer}"] = {"product_count": 1 + categories[customer]}
    read = {
        row.merchant_id: read_merchant(landed, row)
        for row in landed.newest("acquiring.merchants")
        if row.status != "closed" and row.signed_on <= as_of
    }
    different = [
        (shop, label, "built", built[shop][label], "read", value)
        for shop, labels in read.items()
        for label, value in labels.items()
        if built[shop][label] != value
    ]
    assert different == [], different[:20]
    levels = Counter(labels["merchant_alert_level"] for labels in read.values())
    stars = Counter(labels["merchant_star_level"] for labels in read.values())
    assert min(levels[level] for level in (None, 0, 1, 2, 3, 4)) >= 3, levels
    assert min(stars[star] for star in (None, 1, 2, 3, 4)) >= 3 and stars[5], stars
