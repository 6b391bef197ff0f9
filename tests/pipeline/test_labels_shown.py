"""The sample bank shows every label: each band and code, both sides of each flag, and what was planted for it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from mingdan import catalog, settings
from mingdan.branch_rows import words
from mingdan.sample_bank.columns import day_number
from mingdan.sample_bank.script import Shown, Stage, planted_count

from tests.bank import SECOND, Bank

CUSTOMERS, MONTHS_IN_DAYS = 2000, 456  # of the bank in tests.bank
LABELS = Path(__file__).parents[2] / "dbt_project" / "models" / "labels"
TIERS = [row.split(",")[0] for row in (LABELS.parents[1] / "seeds" / "tiers.csv").read_text().splitlines()[1:]]
# Values of bands and codes whose YAML entry has no test of accepted values.
MORE_VALUES: dict[str, list[str]] = {
    "value_tier": TIERS, "value_tier_now": TIERS, "next_tier": TIERS[1:], "best_introducer_tier": TIERS[1:],
    "best_introducer_tie": ["spouse", "parent", "co_holder", "guarantor", "referrer", "transfer"],
    "age_band": ["<18", "18-24", "25-34", "35-44", "45-54", "55-64", "65+"], "gender": ["M", "F", "U"],
    "customer_kind": ["salaried", "sole_proprietor", "villager", "student", "retiree", "other"],
    "app_tier": ["high", "medium", "low", "asleep", "never"], "preferred_channel": ["app", "branch"],
    "holding_pattern": ["none", "deposit", "loan", "deposit+investment+loan+card+digital"],
}  # fmt: skip
# label: (values that need not occur, why)
NEVER_SHOWN: dict[str, tuple[set[Any], str]] = {}


def described() -> dict[str, dict[str, Any]]:
    """The columns of every label family's YAML entry, by name."""
    found = {}
    for path in sorted(LABELS.glob("label_*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            found |= {column["name"]: column for column in model["columns"] if column["name"] != "customer_id"}
    return found


def accepted(column: dict[str, Any]) -> list[Any]:
    """What the column's accepted_values test allows; nothing where it has none."""
    tests = [each["accepted_values"] for each in column.get("data_tests", []) if "accepted_values" in each]
    return [value for each in tests for value in each["arguments"]["values"]]


# The planted people are made for the day until which the bank is written, which is the second.
@pytest.fixture(scope="module")
def labels(bank: Bank) -> dict[str, list[Any]]:
    return bank.labels(SECOND).to_pydict()


def test_every_label_is_known_for_somebody(labels: dict[str, list[Any]]) -> None:
    names = described()
    assert len(names) > 250
    assert set(names) <= set(labels)
    assert [name for name in names if all(value is None for value in labels[name])] == []


def test_every_flag_is_true_for_some_and_false_for_others(labels: dict[str, list[Any]]) -> None:
    flags = [name for name, column in described().items() if column["data_type"] == "boolean"]
    assert len(flags) > 50
    missing = {
        name: absent
        for name in flags
        if (absent := {True, False} - set(labels[name]) - NEVER_SHOWN.get(name, (set(), ""))[0])
    }
    assert missing == {}


def test_every_accepted_value_occurs(labels: dict[str, list[Any]]) -> None:
    tested = {name: values for name, column in described().items() if (values := accepted(column))}
    assert len(tested) > 15
    bands = tested | MORE_VALUES
    missing = {
        name: absent
        for name, values in bands.items()
        if (
            absent := {str(each) for each in values}
            - set(map(str, labels[name]))
            - NEVER_SHOWN.get(name, (set(), ""))[0]
        )
    }
    assert missing == {}


def test_every_amount_and_count_differs_between_customers(labels: dict[str, list[Any]]) -> None:
    numbers = [
        name for name, column in described().items() if column["data_type"].startswith(("decimal", "integer", "date"))
    ]
    assert len(numbers) > 100
    assert [name for name in numbers if len(set(labels[name]) - {None}) < 2] == []


def test_an_exception_is_still_one(labels: dict[str, list[Any]]) -> None:
    for name, (values, why) in NEVER_SHOWN.items():
        assert why
        assert values.isdisjoint(map(str, labels[name])), name


def shown() -> list[tuple[str, Shown]]:
    last = day_number(SECOND)
    return Stage(last - MONTHS_IN_DAYS, last, CUSTOMERS - planted_count()).shown


def test_who_was_planted_for_a_label_shows_it(labels: dict[str, list[Any]]) -> None:
    place = {customer: number for number, customer in enumerate(labels["customer_id"])}
    planted = shown()
    assert len(planted) > 30
    wrong = [
        (each.label, each.value, found, each.why)
        for customer, each in planted
        if comparable(found := labels[each.label][place[customer]]) != comparable(each.value)
    ]
    assert wrong == []


def comparable(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal | float) else str(value)


def test_no_code_of_a_label_reaches_people_as_it_is(labels: dict[str, list[Any]]) -> None:
    names = catalog.code_names(settings.load())
    assert len(names) > 30
    for language, code in (("zh", r"[a-z]{2,}"), ("en", r"[a-z]_[a-z]")):
        day = {"language": language, "names": names}
        shown = {
            (name, value): words(name, value, day)
            for name in described()
            for value in set(labels[name])
            if isinstance(value, str)
        }
        assert len(shown) > 300
        assert {key: said for key, said in shown.items() if re.search(code, said)} == {}
