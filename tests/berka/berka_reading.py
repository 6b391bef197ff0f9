"""Who belongs on which list of the Berka bank, read a second time: plain pandas on the raw .asc files.

Nothing here comes from the project's SQL, converter or settings: the rules are written down again from their
definitions, over a table of customers × days, which the models never build. Where the two agree, both were right or
both misread the same sentence; the latter is what docs/berka.md is for.

    python tests/berka/berka_reading.py FOLDER 1993-09-29 1993-12-14
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

FLOORS = [0, 10_000, 50_000, 200_000, 500_000, 1_000_000, 6_000_000]  # long_tail to private
TIERS = ["long_tail", "basic", "growth", "wealth", "platinum", "diamond", "private"]
STAGES = ["stable", "watch", "warning", "critical"]


class Bank:
    """The raw files: who holds what, every booking, each owner's end-of-day balance and aum on each day."""

    def __init__(self, folder: Path) -> None:
        def raw(name: str) -> pd.DataFrame:
            return pd.read_csv(next(iter(folder.glob(f"{name}*.asc*"))), sep=";", skipinitialspace=True)

        def days(numbers: pd.Series) -> pd.Series:
            return pd.to_datetime((19_000_000 + numbers).astype(str))

        account = raw("account").assign(opened=lambda frame: days(frame["date"])).set_index("account_id")
        disp = raw("disp")
        self.owner = disp[disp["type"] == "OWNER"].set_index("account_id")["client_id"]
        self.people = disp.assign(
            opened=disp["account_id"].map(account["opened"]),
            branch=disp["account_id"].map(account["district_id"]),
            owner=disp["account_id"].map(self.owner),
        ).set_index("client_id")
        loan = raw("loan")
        self.loan_from = pd.Series(days(loan["date"]).values, loan["account_id"].map(self.owner))
        self.instalment = pd.Series(loan["payments"].values, loan["account_id"].map(self.owner))

        trans = raw("trans")
        trans["day"] = days(trans["date"])
        trans["client"] = trans["account_id"].map(self.owner)
        trans["k_symbol"] = trans["k_symbol"].fillna("").str.strip()
        trans["hellers"] = (trans["amount"] * 100).round().astype("int64")
        trans["is_in"] = trans["type"] == "PRIJEM"
        self.trans = trans

        calendar = pd.date_range("1993-01-01", trans["day"].max() - pd.Timedelta(days=1))
        moved = trans.assign(signed=trans["hellers"].where(trans["is_in"], -trans["hellers"]))
        moved = moved.pivot_table(index="client", columns="day", values="signed", aggfunc="sum", fill_value=0)
        self.balance = moved.reindex(columns=calendar, fill_value=0).cumsum(axis=1) / 100
        self.aum = self.balance.clip(lower=0)  # demand accounts are all there is; an overdraft counts as nothing


def mean_of_days(bank: Bank, on: pd.Timestamp, newest: int, oldest: int) -> pd.Series:
    """Average aum of day `newest` to day `oldest` before `on`, itself day 1; days before 1993 count as 0."""
    span = pd.date_range(on - pd.Timedelta(days=oldest - 1), on - pd.Timedelta(days=newest - 1))
    return bank.aum.reindex(columns=span, fill_value=0).sum(axis=1) / len(span)


def tier_of(average: pd.Series) -> pd.Series:
    return pd.Series(np.searchsorted(FLOORS, average, side="right") - 1, average.index)


def read(bank: Bank, on: pd.Timestamp) -> pd.DataFrame:
    """One row per customer known on `on`: every measure behind the lists, and one flag per list."""
    people = bank.people[bank.people["opened"] <= on].copy()
    known = people.index

    def mine(values: pd.Series, empty: float) -> pd.Series:
        return values.reindex(known, fill_value=empty)

    history = (on - people["opened"]).dt.days + 1  # days of history, the opening day included
    past = bank.trans[bank.trans["day"] <= on]

    # value: the tier of the 30-day average rises at once and falls after three month-ends below it (private: six)
    people["aum"] = mine(bank.aum[on], 0.0)
    people["avg30"] = mine(mean_of_days(bank, on, 1, 30), 0.0)
    people["tier_now"] = tier_of(people["avg30"])
    month_ends = pd.date_range(end=on, periods=6, freq="ME")[::-1]
    at_ends = [mine(tier_of(mean_of_days(bank, end, 1, 30)), 0) for end in month_ends]
    people["tier"] = pd.concat([people["tier_now"], *at_ends[:3]], axis=1).max(axis=1)
    assert max(tiers.max() for tiers in at_ends) < 6, "a private customer: six month-ends would count"
    floors = pd.Series([*FLOORS[1:], np.nan])
    people["next_floor"] = people["tier"].map(floors)
    people["tier_upgrade"] = people["avg30"] >= 0.9 * people["next_floor"]
    people["tier_upgrade_without_memory"] = people["avg30"] >= 0.9 * people["tier_now"].map(floors)

    # churn without memory: fast needs 120 days of history, slow 60 days before the last 30
    people["base"] = mine(mean_of_days(bank, on, 31, 120), 0.0).where(history >= 120)
    ends = pd.date_range(max(on - pd.Timedelta(days=365), bank.aum.columns[0]), on - pd.Timedelta(days=30))
    people["peak"] = mine(pd.concat([mean_of_days(bank, end, 1, 30) for end in ends], axis=1).max(axis=1), 0.0)
    people["peak"] = people["peak"].where(history >= 90)
    people["drop_fast"] = 1 - people["avg30"] / people["base"].replace(0, np.nan)
    people["drop_slow"] = 1 - people["avg30"] / people["peak"].replace(0, np.nan)
    fast = np.digitize(people["drop_fast"].fillna(0), [0.2, 0.4, 0.6])
    slow = np.digitize(people["drop_slow"].fillna(0), [0.3, 0.5, 0.75])
    last_30 = bank.aum.loc[:, on - pd.Timedelta(days=29) : on].max(axis=1)
    is_lost = mine(last_30, 0.0) < 0.1 * people["peak"]
    people["fallen"] = people["peak"] - people["avg30"]
    is_rated = people["peak"] >= 10_000
    stage = pd.Series(np.maximum(fast, slow), known).where(people["fallen"] >= 10_000, 0)
    people["churn_stage"] = stage.map(dict(enumerate(STAGES))).mask(is_lost, "lost").where(is_rated, "not_rated")
    people["deposit_outflow"] = people["churn_stage"].isin(["watch", "warning", "critical"])

    # pension: a credit marked DUCHOD in at least three different months of the last four
    pension = past[(past["k_symbol"] == "DUCHOD") & (past["day"] > on - pd.DateOffset(months=4))]
    months = pension["day"].dt.to_period("M").groupby(pension["client"]).nunique()
    people["pension_months"] = mine(months, 0)
    people["pension_care"] = people["pension_months"] >= 3  # nobody has a time deposit here

    # activity: own acts are cash paid in or out and card withdrawals; everything else runs by itself
    own = past[past["operation"].isin(["VKLAD", "VYBER", "VYBER KARTOU"])]
    own = own[~own["k_symbol"].isin(["SLUZBY", "SANKC. UROK"])]
    people["last_own_act"] = own.groupby("client")["day"].max().reindex(known)
    quiet_since = people["last_own_act"].fillna(people["opened"])
    days_quiet = (on - quiet_since).dt.days
    # a loan keeps its owner awake while it is paid: at least one instalment for every full month since it began
    loans = bank.loan_from[bank.loan_from <= on]
    paid = past[past["k_symbol"] == "UVER"].groupby("client")["amount"].sum().reindex(loans.index, fill_value=0)
    due = (on.year - loans.dt.year) * 12 + on.month - loans.dt.month - (on.day < loans.dt.day)
    performing = (paid / bank.instalment.reindex(loans.index)).round() >= due
    has_loan = known.isin(loans.index[performing])
    people["is_overdue"] = known.isin(loans.index[~performing])
    people["dormant"] = (days_quiet >= 180) & (people["avg30"] < 10_000) & ~has_loan & (history >= 180)
    credits = past[past["is_in"] & (past["k_symbol"] != "UROK") & (past["day"] > on - pd.Timedelta(days=30))]
    people["dormant_wakeup"] = people["dormant"] & known.isin(credits["client"])

    # idle: what lies above three months' outflow on each of the last 30 days
    out = past[~past["is_in"] & (past["day"] > on - pd.DateOffset(months=6))]
    outflow = mine(out.groupby("client")["amount"].sum(), 0.0)
    months_here = (history / (365.25 / 12)).clip(1, 6)
    lowest = mine(bank.aum.loc[:, on - pd.Timedelta(days=29) : on].min(axis=1), 0.0)
    people["idle"] = lowest - 3 * outflow / months_here
    people["idle_full_window"] = lowest - 3 * outflow / 6
    people["idle_funds"] = people["idle"] >= 50_000
    people["idle_funds_full_window"] = people["idle_full_window"] >= 50_000

    # large inflow: money from outside the bank in the last 7 days, half of it still here
    income = past[past["is_in"] & (past["k_symbol"] != "UROK")]
    recent = income[income["day"] > on - pd.Timedelta(days=7)]
    by_month = income[income["day"] > on - pd.DateOffset(months=6)]
    by_month = by_month.groupby(["client", by_month["day"].dt.to_period("M")])["amount"].sum().unstack(fill_value=0)
    people["largest_inflow_7d"] = mine(recent.groupby("client")["amount"].max(), 0.0)
    people["median_inflow"] = mine(by_month.median(axis=1), 0.0)
    needed = np.maximum(50_000, 3 * people["median_inflow"])
    people["large_inflow"] = (people["largest_inflow_7d"] >= needed) & (
        people["aum"] >= 0.5 * people["largest_inflow_7d"]
    )

    # introduction: authorised persons whose account's owner stands a tier higher and stable
    owners = people.reindex(people["owner"]).set_axis(known)
    steady = owners["churn_stage"].isin(["stable", "not_rated"]) & ~owners["dormant"].astype(bool)
    people["introduction"] = (people["type"] == "DISPONENT") & (owners["tier"] > people["tier"]) & steady
    return people


LISTS = [
    "deposit_outflow", "tier_upgrade", "pension_care", "introduction", "large_inflow", "idle_funds", "dormant_wakeup"
]  # fmt: skip


def main(folder: str, *dates: str) -> None:
    bank = Bank(Path(folder))
    for text in dates:
        people = read(bank, pd.Timestamp(text))
        tiers = people["tier"].map(dict(enumerate(TIERS))).value_counts().to_dict()
        sys.stdout.write(
            f"{text}: {len(people)} customers, {(people['type'] == 'OWNER').sum()} owners\n"
            f"  lists  {people[LISTS].sum().to_dict()}\n  tiers  {tiers}\n"
            f"  stages {people['churn_stage'].value_counts().to_dict()}\n"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
