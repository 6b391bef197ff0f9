"""Every family that is read a second time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.labels import habits, leaving, merchants, offers, oracle, outside
from tests.labels.landed import Customer, Landed


def flow(c: Customer) -> dict[str, Any]:
    found = oracle.flow(c)
    return {**found, **outside.pay_elsewhere(c), **outside.pay_leaving(c, found["payroll_employer"])}


def value(c: Customer) -> dict[str, Any]:
    return {**oracle.value(c), **leaving.value_peak(c)}


FAMILIES: dict[str, Callable[[Customer], dict[str, Any]]] = {
    "activity": oracle.activity, "borrowing": offers.borrowing, "card": offers.card, "channel": oracle.channel,
    "card_use": habits.card_use, "churn": leaving.churn, "credit": offers.credit, "deposit": habits.deposit,
    "elsewhere": outside.elsewhere, "engagement": offers.engagement, "flow": flow, "holding": oracle.holding,
    "lending": oracle.lending, "lifecycle": leaving.lifecycle, "merchant": merchants.merchant,
    "payments": outside.payments, "potential": habits.potential, "preference": habits.preference,
    "profile": oracle.profile, "relation": habits.relation, "risk": habits.risk, "suitability": oracle.suitability,
    "value": value, "visits": offers.visits,
}  # fmt: skip


def read(bank: Landed, customers: list[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every family of every customer: (customer, family, labels)."""
    for each in customers:
        for family, reading in FAMILIES.items():
            yield each, family, reading(bank.customers[each])
