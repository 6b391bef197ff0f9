"""The control group's draw, by its documented hash alone: shares, stickiness, balance, and an A/A comparison."""

from __future__ import annotations

import hashlib
from math import sqrt

import numpy as np
import pytest
from mingdan.settings import load_shipped

SHARE = load_shipped().control["holdout_share"]
CUSTOMERS = np.array([f"C{number:08d}" for number in range(20_000)])


def held_out(code: str, cycle: str, customers: np.ndarray = CUSTOMERS) -> np.ndarray:
    texts = (f"holdout|{customer}|{code}|{cycle}" for customer in customers)
    drawn = [int(hashlib.md5(text.encode()).hexdigest()[:8], 16) for text in texts]
    return np.array(drawn) < SHARE * 2**32


@pytest.fixture(scope="module")
def draws() -> dict[tuple[str, str], np.ndarray]:
    """Three lists in two cycles."""
    return {
        (code, cycle): held_out(code, cycle) for code in ("alpha", "beta", "gamma") for cycle in ("2026Q3", "2026Q4")
    }


def test_each_list_and_cycle_holds_out_its_share(draws: dict[tuple[str, str], np.ndarray]) -> None:
    bound = 4 * sqrt(SHARE * (1 - SHARE) / len(CUSTOMERS))  # passed by chance once in 16 000 draws
    for key, drawn in draws.items():
        assert abs(drawn.mean() - SHARE) <= bound, key


def test_who_is_held_out_stays_so_in_the_cycle_and_is_drawn_anew_by_the_next_and_by_others(
    draws: dict[tuple[str, str], np.ndarray],
) -> None:
    drawn = draws["alpha", "2026Q3"]
    assert (held_out("alpha", "2026Q3") == drawn).all()
    bound = 4 * sqrt(SHARE**2 * (1 - SHARE**2) / len(CUSTOMERS))
    for other in (("alpha", "2026Q4"), ("beta", "2026Q3")):
        assert abs((drawn & draws[other]).mean() - SHARE**2) <= bound, other


def test_tier_age_and_branch_are_balanced_between_ghosts_and_listed(
    draws: dict[tuple[str, str], np.ndarray],
) -> None:
    """Covariates that follow the customer's number, as a core system gives them out: old customers, one branch after
    the other. Standardised differences of age, and of each tier's and branch's share."""
    number = np.arange(len(CUSTOMERS))
    age = 75 - number // 400 + number % 11
    tier = np.where(number % 97 < 4, 3, np.where(number % 97 < 20, 2, np.where(number < 9_000, 1, 0)))
    branch = number // 2_000
    covariates = {"age": age, **{f"tier {each}": tier == each for each in range(4)}}
    covariates |= {f"branch {each}": branch == each for each in range(10)}
    for key, drawn in draws.items():
        for name, values in covariates.items():
            ghosts, listed = values[drawn].astype(float), values[~drawn].astype(float)
            spread = sqrt((ghosts.var() + listed.var()) / 2)
            assert spread > 0 and abs(ghosts.mean() - listed.mean()) / spread <= 0.1, (key, name)


def test_comparing_ghosts_and_listed_where_nothing_was_done_alarms_at_its_nominal_rate() -> None:
    """A/A: 600 cycles of one list on the same 2 000 customers, a fifth of whom succeed whatever is done. Two-sided at
    5 %: a draw that followed the customers, or a test of too many ghosts, would alarm more often, and one that never
    varied less. Of 600 such tests between 3 % and 7.5 % alarm unless chance is below one in a hundred."""
    customers = CUSTOMERS[:2_000]
    succeeds = np.arange(len(customers)) % 5 == 0
    alarms = 0
    for cycle in range(600):
        drawn = held_out("alpha", f"cycle {cycle}", customers)
        ghosts, listed = succeeds[drawn], succeeds[~drawn]
        pooled = succeeds.mean()
        error = sqrt(pooled * (1 - pooled) * (1 / len(ghosts) + 1 / len(listed)))
        alarms += abs(listed.mean() - ghosts.mean()) / error > 1.959964
    assert 0.03 <= alarms / 600 <= 0.075
