"""Money that leaves along known paths, from balances as they land to the stage of churn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.labels.invented import ONE_DAY, Invented, Rows, built_on
from tests.labels.landed import is_month_end
from tests.labels.leaving import churn

FIRST, EARLIER, LATER = date(2025, 4, 30), date(2026, 3, 31), date(2026, 6, 30)
Path_ = Callable[[date], int]


def steps(*levels: tuple[date, int]) -> Path_:
    """The newest level that holds on a day."""
    return lambda day: [level for since, level in levels if since <= day][-1]


def tenth_a_month(day: date) -> int:
    """100 000 until January, then a tenth less each month."""
    months = max(0, (day.year - 2026) * 12 + day.month - 2)
    return int(100_000 * 0.9**months)


def salary(day: date) -> int:
    """Low before each pay day on the 15th: 20 000 more for half of each month. A fall in autumn, and all of it back."""
    level = 100_000 if day < date(2025, 10, 10) else 20_000 if day < date(2026, 3, 20) else 95_000
    return level + (10_000 if day.day >= 15 else -10_000)


PATHS: dict[str, Path_] = {
    "seven_tenths_gone": steps((FIRST, 100_000), (date(2025, 12, 10), 30_000)),
    "tenth_a_month": tenth_a_month,
    "emptied_today": steps((FIRST, 100_000), (LATER, 20_000)),
    "salary_came_back": salary,
    "still_below_nine_tenths": steps((FIRST, 100_000), (date(2025, 10, 10), 20_000), (date(2026, 2, 10), 89_000)),
    "all_gone": steps((FIRST, 100_000), (date(2026, 1, 20), 5_000)),
    "quarter_end_guest": steps(
        (FIRST, 40_000), (date(2025, 12, 29), 900_000), (date(2026, 1, 8), 40_000),
    ),
    "never_moved": steps((FIRST, 100_000)),
}  # fmt: skip


def landed_rows(as_of: date) -> Rows:
    rows: Rows = {"core.customers": [], "core.accounts": [], "core.account_balances": []}
    for name, level in PATHS.items():
        known = {"biz_date": as_of, "customer_id": name, "opened_on": date(2020, 1, 1), "account_id": name}
        rows["core.customers"].append(known)
        rows["core.accounts"].append(known | {"account_type": "demand", "status": "active"})
        day, before = FIRST, None
        while day <= as_of:
            if level(day) != before or is_month_end(day):
                told = {"account_id": name, "biz_date": day, "balance": Decimal(level(day))}
                rows["core.account_balances"].append(told)
            before, day = level(day), day + ONE_DAY
    moved = {"account_id": "emptied_today", "direction": "out", "txn_type": "transfer", "counterparty_bank": "another",
             "is_own_name": True, "channel": "app"}  # fmt: skip
    rows["core.transactions"] = [
        moved | {"txn_id": "T1", "biz_date": as_of - timedelta(days=390), "amount": Decimal(1)},
        moved | {"txn_id": "T2", "biz_date": LATER, "amount": Decimal(80_000)},
    ]
    return rows


@pytest.fixture(scope="module", params=[EARLIER, LATER], ids=str)
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[date, dict, dict]:
    """The business date, churn as it was built, and as the slow reading finds it; by customer."""
    as_of = request.param
    warehouse = built_on(tmp_path_factory.mktemp(f"leavers-{as_of}"), landed_rows(as_of), as_of, "label_churn")
    built = {row["customer_id"]: row for row in warehouse.read("label_churn", as_of).to_pylist()}
    landed = Invented(warehouse.path, as_of)
    return as_of, built, {name: churn(customer) for name, customer in landed.customers.items()}


def test_leavers_are_where_a_slow_reading_finds_them(judged: tuple[date, dict[str, Any], dict[str, Any]]) -> None:
    _, built, read = judged
    assert set(read) == set(PATHS)
    assert {name: {label: built[name][label] for label in labels} for name, labels in read.items()} == read


STAGES = {
    "seven_tenths_gone": (
        "critical",
        "critical",
    ),  # its averages have followed the money down by June; the base has not
    "tenth_a_month": ("stable", "watch"),
    "emptied_today": ("not_rated", "warning"),
    "salary_came_back": ("warning", "not_rated"),  # evenings before pay day stay below nine tenths of the base
    "still_below_nine_tenths": ("watch", "watch"),
    "all_gone": ("lost", "lost"),
    "quarter_end_guest": ("not_rated", "not_rated"),
    "never_moved": ("not_rated", "not_rated"),
}


def test_each_path_leads_to_its_stage(judged: tuple[date, dict[str, Any], dict[str, Any]]) -> None:
    as_of, built, _ = judged
    place = (EARLIER, LATER).index(as_of)
    assert {name: row["churn_stage"] for name, row in built.items()} == {
        name: stages[place] for name, stages in STAGES.items()
    }


def test_an_episode_keeps_the_base_of_its_beginning_and_ends_with_recovery(
    judged: tuple[date, dict[str, Any], dict[str, Any]],
) -> None:
    as_of, built, _ = judged
    fallen, back = built["seven_tenths_gone"], built["salary_came_back"]
    assert (fallen["churn_episode_started_on"], fallen["churn_base_avg90_amount"]) == (date(2025, 12, 1), 100_000)
    assert back["churn_episode_started_on"] == (date(2025, 10, 1) if as_of == EARLIER else None)
    assert built["emptied_today"]["has_fast_exit"] is (as_of == LATER)
    assert (built["emptied_today"]["churn_reason"] or "") == ("moved_to_other_bank" if as_of == LATER else "")
