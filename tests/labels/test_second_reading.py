"""Labels of random customers, read a second time from the landed files alone, are exactly those that were built."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from mingdan import dictionary
from mingdan.clusters import centroids
from mingdan.settings import Home

from tests.bank import FIRST, SECOND, Bank
from tests.labels import readings
from tests.labels.landed import Landed
from tests.labels.merchants import merchant

CUSTOMERS = 50  # each day others
# What few customers have is read of all who have it: the families that tell of it, and how it shows in a row.
RARE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "churn": lambda row: row["churn_stage"] != "not_rated",
    "deposit": lambda row: row["maturity_window_amount"] > 0 or row["matured_7d_amount"] > 0,
    "lifecycle": lambda row: row["lifecycle_stage"] not in ("mature", "dormant"),
    "relation": lambda row: row["best_introducer_id"] is not None,
    "risk": lambda row: (row["overdue_amount"] or 0) > 0,
}


@pytest.fixture(scope="module", params=[FIRST, SECOND], ids=str)
def landed(request, bank: Bank) -> Landed:
    as_of = request.param
    return Landed(bank.landing, as_of, as_of - timedelta(days=1), centroids(Home(bank.home, "", ""), as_of))


@pytest.fixture(scope="module")
def compared(bank: Bank, landed: Landed) -> tuple[Counter[str], dict[str, list[Any]]]:
    """How many values of each label agree, and those that do not."""
    as_of = landed.as_of
    built = {row["customer_id"]: row for row in bank.labels(as_of).to_pylist()}
    drawn = random.Random(as_of.toordinal()).sample(sorted(built), CUSTOMERS)
    equal: Counter[str] = Counter()
    different: dict[str, list[Any]] = defaultdict(list)
    rare = [
        (customer, family, readings.FAMILIES[family](landed.customers[customer]))
        for family, shows in RARE.items()
        for customer, row in built.items()
        if customer not in drawn and shows(row)
    ]
    assert {family for _, family, _ in rare} == set(RARE)
    for customer, family, labels in [*readings.read(landed, drawn), *rare]:
        for label, value in labels.items():
            if built[customer][label] == value:
                equal[f"{family}.{label}"] += 1
            else:
                different[f"{family}.{label}"].append((customer, "built", built[customer][label], "read", value))
    return equal, different


def test_labels_read_a_second_time_are_those_that_were_built(compared) -> None:
    equal, different = compared
    assert sum(equal.values()) > CUSTOMERS * 100
    assert dict(different) == {}


def test_shops_followed_through_two_hundred_days_are_at_the_level_that_was_built(bank: Bank, landed: Landed) -> None:
    owners = [row for row in bank.history("customer_labels", landed.as_of).to_pylist() if row["is_merchant"]]
    different = [
        (row["customer_id"], label, "built", row[label], "read", value)
        for row in owners
        for label, value in merchant(landed.customers[row["customer_id"]]).items()
        if row[label] != value
    ]
    assert len(owners) > 20 and different == []


def test_every_label_is_read_a_second_time(compared) -> None:
    read = set(compared[0]) | set(compared[1])
    assert sorted({f"{item.family}.{item.code}" for item in dictionary.labels()} - read) == []
