"""Investments of a chunk: bought, revalued, matured, redeemed."""

from __future__ import annotations

import numpy as np

from mingdan.sample_bank.bank import MARKET, Bank, generator
from mingdan.sample_bank.columns import NO_DATE, LandingPart, coded, numbered
from mingdan.sample_bank.dates import add_months
from mingdan.sample_bank.grown import Rows
from mingdan.sample_bank.products import PRODUCT_AT, PRODUCT_CODES

# code: (yearly drift, daily shake, share of purchases, days to maturity, months to maturity, days between openings)
KINDS = {
    "W090": (0.021, 0.0002, 0.20, 90, 0, 0),
    "W180": (0.023, 0.0003, 0.17, 0, 0, 180),
    "W365": (0.027, 0.0008, 0.15, 365, 0, 0),
    "W000": (0.013, 0.0, 0.20, 0, 0, 0),
    "F01": (0.028, 0.001, 0.08, 0, 0, 0),
    "F02": (0.05, 0.011, 0.07, 0, 0, 0),
    "I05": (0.02, 0.0, 0.06, 0, 60, 0),
    "B03": (0.019, 0.0, 0.07, 0, 36, 0),
}
CODES = np.array([PRODUCT_AT[code] for code in KINDS])
SHARES = [each[2] for each in KINDS.values()]
BOLD = [PRODUCT_AT["F02"], PRODUCT_AT["W365"]]
LIQUID = [PRODUCT_AT[code] for code in ("W000", "F01", "F02")]
CATEGORIES = ["wealth", "fund", "insurance", "bond"]
CATEGORY_OF = np.array(["WFIB".find(code[0]) for code in PRODUCT_CODES])
STATES = ["held", "redeemed", "matured"]
HELD, REDEEMED, MATURED = range(3)
PATH_BEFORE, PATH_DAYS = 2500, 6000  # days of a product's path before the first day, and in all


class Holdings:
    """Positions in parallel arrays; value = cost × the product's path since the purchase."""

    def __init__(self, bank: Bank, part: int) -> None:
        self.first_number, self.first_day = part * 10**8, bank.first_day
        self.rows = Rows("owner", "product", "cost", "bought", "matures", "next_open", "redeemed", "state")
        self.paths = np.ones((len(PRODUCT_CODES), PATH_DAYS))
        for product, (drift, shake, *_) in zip(CODES, KINDS.values(), strict=True):
            steps = generator(bank.seed, MARKET, 0, int(product)).standard_normal(PATH_DAYS)
            self.paths[product] = np.exp(np.cumsum(steps * shake + drift / 365))

    def choose(self, rng: np.random.Generator, risk: np.ndarray) -> np.ndarray:
        """A product for each customer by risk level (1-5): the careful take no bold one."""
        product = CODES[rng.choice(len(CODES), len(risk), p=SHARES)]
        return np.where((risk <= 2) & np.isin(product, BOLD), PRODUCT_AT["W090"], product)

    def buy(self, owner: np.ndarray, product: np.ndarray, cost: np.ndarray, day: np.ndarray | int) -> None:
        bought = np.broadcast_to(day, len(owner)).astype(np.int64)
        kind = np.searchsorted(np.sort(CODES), product)
        days, months, opens = np.array([each[3:] for each in KINDS.values()])[np.argsort(CODES)][kind].T
        matures = np.where(days > 0, bought + days, np.where(months > 0, add_months(bought, months), NO_DATE))
        next_open = np.where(opens > 0, bought + opens, NO_DATE)
        self.rows.add(
            len(owner), owner=owner, product=product, cost=cost, bought=bought, matures=matures, next_open=next_open,
            redeemed=NO_DATE, state=HELD,
        )  # fmt: skip

    def value(self, day: int, rows: np.ndarray) -> np.ndarray:
        """Market value in cents on a day, as if still held."""
        start = self.first_day - PATH_BEFORE
        product = self.rows.product[rows]
        then = np.clip(self.rows.bought[rows] - start, 0, PATH_DAYS - 1)
        growth = self.paths[product, min(day - start, PATH_DAYS - 1)] / self.paths[product, then]
        return (self.rows.cost[rows] * growth).astype(np.int64)

    def reopen(self, day: int) -> None:
        """Products that open now and then: the next opening once this one has come."""
        due = self.rows.next_open == day
        self.rows.next_open[due] = day + KINDS["W180"][5]

    def invested(self, owners: int) -> np.ndarray:
        """Cost of what each customer holds, in cents."""
        held = np.flatnonzero(self.rows.state == HELD)
        return np.bincount(self.rows.owner[held], weights=self.rows.cost[held], minlength=owners).astype(np.int64)

    def write(self, out: LandingPart, day: int, numbers: np.ndarray) -> None:
        rows = self.rows
        here = np.flatnonzero(rows.bought <= day)
        held = rows.state[here] == HELD
        columns = {
            "holding_id": numbered("H", self.first_number + here, 12),
            "customer_id": numbered("C", numbers[rows.owner[here]], 9),
            "product_code": coded(rows.product[here], PRODUCT_CODES),
            "category": coded(CATEGORY_OF[rows.product[here]], CATEGORIES),
            "market_value": np.where(held, self.value(day, here), 0),
            "cost_amount": rows.cost[here],
            "bought_on": rows.bought[here],
            "matures_on": rows.matures[here],
            "next_open_on": np.where(held, rows.next_open[here], NO_DATE),
            "redeemed_on": rows.redeemed[here],
            "status": coded(rows.state[here], STATES),
        }
        out.write("wealth.holdings", day, columns)
