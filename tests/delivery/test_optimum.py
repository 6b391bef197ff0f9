"""The greedy order beside an exact solver, as `make bench` measures it: on the sample bank, and on very small days."""

from __future__ import annotations

import pandas as pd
from mingdan import optimum, settings
from mingdan.warehouse import Warehouse

from tests.bank import Bank


def test_the_solver_finds_a_better_place_for_a_customer_whom_two_branches_want() -> None:
    """Greedy shows A at the full branch and leaves B there without a place; the best day has A at the other branch."""
    rows = pd.DataFrame(
        [
            ("A", "one", "full", 100.0, 1, True, False),
            ("A", "two", "free", 90.0, 1, False, False),
            ("B", "one", "full", 80.0, 1, False, False),
            ("C", "one", "none", 999.0, 0, False, False),
        ],
        columns=["subject_id", "list", "branch_id", "priority", "capacity", "is_listed", "is_fixed"],
    ).assign(least=0, most=None)
    assert rows.index[optimum.best(rows)].tolist() == [1, 2]
    total, shares = optimum.compared(rows)
    assert total == 100 / 170
    assert shares.to_dict() == {"full": 1.0}


def test_limits_of_a_list_and_fixed_places_bind_the_solver() -> None:
    rows = pd.DataFrame(
        [
            ("A", "many", "B1", 100.0, 2, 0, 1, True, False),
            ("B", "many", "B1", 90.0, 2, 0, 1, False, False),
            ("C", "few", "B1", 5.0, 2, 1, None, True, False),
            ("D", "more", "B1", 80.0, 2, 0, None, False, False),
            ("E", "learn", "B2", 1.0, 1, 0, None, True, True),
            ("F", "more", "B2", 50.0, 1, 0, None, False, False),
        ],
        columns=["subject_id", "list", "branch_id", "priority", "capacity", "least", "most", "is_listed", "is_fixed"],
    )
    assert rows.loc[optimum.best(rows), "subject_id"].tolist() == ["A", "C", "E"]


def test_the_sample_banks_day_is_as_near_to_the_best_as_is_promised(bank: Bank) -> None:
    built = Warehouse(settings.Home(bank.home, str(bank.landing), ""), settings.load_shipped())
    placed = (built.compiled / "delivery" / "placed.sql").read_text(encoding="utf-8")
    rows = optimum.candidacies(built.path, placed)
    assert rows["is_listed"].sum() > 100
    listed = bank.warehouse("select count(*) from placed where state = 'listed'")[0][0]
    assert rows["is_listed"].sum() == listed
    total, shares = optimum.compared(rows)
    assert len(shares) > 10 and total >= 0.99 and shares.min() >= 0.97
