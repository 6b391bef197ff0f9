"""Every family that is read a second time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.labels import offers, oracle, outside
from tests.labels.landed import Customer, Landed


def flow(c: Customer) -> dict[str, Any]:
    found = oracle.flow(c)
    return {**found, **outside.pay_elsewhere(c), **outside.pay_leaving(c, found["payroll_employer"])}


FAMILIES: dict[str, Callable[[Customer], dict[str, Any]]] = {
    "activity": oracle.activity, "borrowing": offers.borrowing, "card": offers.card, "channel": oracle.channel,
    "credit": offers.credit, "deposit": oracle.deposit, "elsewhere": outside.elsewhere, "engagement": offers.engagement,
    "flow": flow, "holding": oracle.holding, "lending": oracle.lending, "payments": outside.payments,
    "potential": offers.potential, "profile": oracle.profile, "relation": oracle.relation, "risk": offers.risk,
    "suitability": oracle.suitability, "value": oracle.value, "visits": offers.visits,
}  # fmt: skip


def read(bank: Landed, customers: list[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every family of every customer: (customer, family, labels)."""
    for each in customers:
        for family, reading in FAMILIES.items():
            yield each, family, reading(bank.customers[each])
