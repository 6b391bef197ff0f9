"""Who belongs on which list of the Berka bank, read a second time: plain pandas on the raw .asc files.

Nothing here comes from the project's SQL, converter or settings: the rules are written down again from the labels'
descriptions, over a table of customers × days, which the models never build. Where the two agree, both were right or
both misread the same sentence; the latter is what reading leads against their bookings (docs/berka.md) is for.

    python tests/berka/berka_reading.py FOLDER 1993-09-29 1993-12-14
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

FLOORS = [0, 10_000, 50_000, 200_000, 500_000, 1_000_000, 6_000_000]  # long_tail to private
TIERS = ["long_tail", "basic", "growth", "wealth", "platinum", "diamond", "private"]
STAGES = ["not_rated", "stable", "watch", "warning", "critical", "lost"]
LISTS = [
    "deposit_outflow", "tier_upgrade", "pension_care", "introduction", "large_inflow", "idle_funds", "dormant_wakeup"
]  # fmt: skip
CASH = ["VKLAD", "VYBER", "VYBER KARTOU"]


class Bank:
    """The raw files: who holds what, every booking, and each owner's aum at the end of each day, in whole hellers."""

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
        born = raw("client").set_index("client_id")["birth_number"]
        self.people["born"] = days(born - (born // 100 % 100 > 50) * 5000).reindex(self.people.index)
        loan = raw("loan")
        self.loans = loan.assign(client=loan["account_id"].map(self.owner), begun=days(loan["date"]))

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
        balance = moved.reindex(index=self.people.index, columns=calendar, fill_value=0).cumsum(axis=1)
        self.aum = balance.clip(lower=0)  # demand accounts are all there is; an overdraft counts as nothing
        self.summed = self.aum.cumsum(axis=1)

    def aum_on(self, day: pd.Timestamp) -> pd.Series:
        return self.aum[day] / 100 if day in self.aum else self.aum.iloc[:, 0] * 0.0

    def average(self, last: pd.Timestamp, days: int) -> pd.Series:
        """Mean aum of the `days` days that end on `last`, rounded to the heller; days before 1993 count as 0."""
        first, end = last - pd.Timedelta(days=days), self.summed.columns[0]
        total = (self.summed[last] if last >= end else 0) - (self.summed[first] if first >= end else 0)
        return (2 * total + days) // (2 * days) / 100  # half up


def tier_of(average: pd.Series) -> pd.Series:
    return pd.Series(np.searchsorted(FLOORS, average, side="right") - 1, average.index)


def ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Six decimals, half up; unknown where the whole is 0 or unknown."""
    return np.floor(part / whole.where(whole != 0) * 1e6 + 0.5) / 1e6


def stage_of(average: pd.Series, base: pd.Series, peak: pd.Series, highest: pd.Series) -> pd.Series:
    """1 stable … 4 critical by the worse of two falls, 5 lost; what is unknown accuses nobody."""
    fast = np.digitize(ratio(base - average, base).fillna(0), [0.2, 0.4, 0.6])
    slow = np.digitize(ratio(peak - average, peak).fillna(0), [0.3, 0.5, 0.75])
    return pd.Series(1 + np.maximum(fast, slow), average.index).mask(highest < 0.1 * peak, 5)


def churn_at(bank: Bank, on: pd.Timestamp) -> pd.DataFrame:
    """What one day shows of each customer's fall, whatever came before it."""
    history = (on - bank.people["opened"]).dt.days + 1
    last_30 = bank.aum.loc[:, on - pd.Timedelta(days=29) : on]
    found = pd.DataFrame({"average": bank.average(on, 30), "highest": last_30.max(axis=1)})
    found["highest"] /= 100
    found["base"] = bank.average(on - pd.Timedelta(days=30), 90).where(history >= 120)
    windows = pd.date_range(max(on - pd.Timedelta(days=365), bank.aum.columns[0]), on - pd.Timedelta(days=30))
    found["peak"] = pd.concat([bank.average(last, 30) for last in windows], axis=1).max(axis=1).where(history >= 90)
    found["average_90"] = bank.average(on, 90).where(history >= 90)
    is_rated = (found["peak"] >= 10_000) & (found["peak"] - found["average"] >= 10_000)
    found["stage"] = stage_of(found["average"], found["base"], found["peak"], found["highest"]).where(is_rated, 0)
    return found


def churn(bank: Bank, on: pd.Timestamp) -> pd.DataFrame:
    """The stage on `on` with the episode that is open, by walking through the month-ends before it."""
    month_ends = pd.date_range(bank.aum.columns[0], on - pd.Timedelta(days=1), freq="ME")
    points = [day for day in month_ends if (on - day).days <= 335] + [on]
    nothing = pd.Series(np.nan, bank.people.index)
    started, base, peak, before = nothing.astype("datetime64[us]"), nothing, nothing, nothing
    for point in points:
        at = churn_at(bank, point)
        falls = at["stage"] >= 2
        goes_on = (
            started.notna() & (falls | (at["average"] < 0.9 * base)) & (point < started + pd.DateOffset(months=24))
        )
        opens = falls & ~goes_on
        started = started.where(goes_on).mask(opens, point.replace(day=1))
        base = base.where(goes_on).mask(opens, before.fillna(at["average_90"]).fillna(bank.average(point, 90)))
        peak = peak.where(goes_on).mask(opens, at["peak"])
        before = at["average_90"]
    against_fixed = stage_of(at["average"], base, peak, at["highest"]).clip(lower=2)
    at["stage_alone"] = at["stage"]
    at["stage"] = at["stage"].where(~goes_on, np.maximum(at["stage"], against_fixed))  # from the second point on
    return at.assign(started=started, fixed_base=base, fixed_peak=peak)


def awake_again(
    acts: list[pd.Timestamp], opened: pd.Timestamp, not_before: pd.Timestamp, on: pd.Timestamp
) -> pd.Timestamp | None:
    """The day the running dormancy began, or None: acts in order, the opening counts as one."""
    began, previous = None, opened
    for act in [*acts, None]:
        starts = max(previous + pd.Timedelta(days=180), not_before)
        if began is None and starts < (act if act is not None else on + pd.Timedelta(days=1)):
            began = starts
        if act is not None and (act - previous).days < 60 and previous != opened:
            began = None
        previous = act
    return began


def read(bank: Bank, on: pd.Timestamp) -> pd.DataFrame:
    """One row per customer known on `on`: every measure behind the lists and their reasons, and one flag per list."""
    people = bank.people[bank.people["opened"] <= on].copy()
    known = people.index
    month_ends = pd.date_range(bank.aum.columns[0], on, freq="ME")[::-1]

    def mine(values: pd.Series, empty: float) -> pd.Series:
        return values.reindex(known, fill_value=empty)

    def since(days: int) -> pd.Timestamp:
        """First of the last `days` days."""
        return on - pd.Timedelta(days=days - 1)

    history = (on - people["opened"]).dt.days + 1  # days of history, the opening day included
    past = bank.trans[bank.trans["day"] <= on]
    quarter_ends = [end for end in month_ends if end.month % 3 == 0 and (on - end).days >= 10]
    assert not any(brought_for(bank, end).any() for end in quarter_ends), "peaks would leave out such money"

    # value: the tier of the 30-day average rises at once and falls after three month-ends below it (private: six)
    people["aum"] = mine(bank.aum_on(on), 0.0)
    people["avg30"], people["avg90"] = mine(bank.average(on, 30), 0.0), mine(bank.average(on, 90), 0.0)
    people["tier_now"] = tier_of(people["avg30"])
    at_ends = [mine(tier_of(bank.average(end, 30)), 0) for end in month_ends[:6]]
    people["tier"] = pd.concat([people["tier_now"], *at_ends[:3]], axis=1).max(axis=1)
    assert max(tiers.max() for tiers in at_ends) < 6, "a private customer: six month-ends would count"
    next_floor = people["tier"].map(pd.Series([*FLOORS[1:], np.nan]))
    people["gap"] = (next_floor - people["avg30"]).round(2)
    people["tier_upgrade"] = people["avg30"] >= 0.9 * next_floor
    people["grown_30d"] = (people["aum"] - mine(bank.aum_on(on - pd.Timedelta(days=30)), 0.0)).round(2)
    people["tenure"] = [months_between(opened, on) for opened in people["opened"]]
    people["age"] = [months_between(born, on) // 12 for born in people["born"]]

    # churn; nothing here is known to go to the customer's own account elsewhere, so nobody has a fast exit
    falling = churn(bank, on).reindex(known)
    is_rated = falling["peak"] >= 10_000
    people["peak"] = falling["peak"]
    people["drop_fast"] = ratio(falling["base"] - falling["average"], falling["base"]).where(is_rated)
    people["drop_slow"] = ratio(falling["peak"] - falling["average"], falling["peak"]).where(is_rated)
    people["falling_since"], people["base"] = falling["started"], falling["fixed_base"]
    people["churn_stage"] = falling["stage"].astype(int).map(dict(enumerate(STAGES)))
    people["churn_stage_alone"] = falling["stage_alone"].astype(int).map(dict(enumerate(STAGES)))
    people["deposit_outflow"] = people["churn_stage"].isin(["watch", "warning", "critical"])

    # pension: a credit marked DUCHOD in at least three different months of the last four
    pension = past[(past["k_symbol"] == "DUCHOD") & (past["day"] > on - pd.DateOffset(months=4))]
    months = pension["day"].dt.to_period("M").groupby(pension["client"]).nunique()
    people["pension_months"] = mine(months, 0)
    people["pension_care"] = people["pension_months"] >= 3  # nobody has a time deposit here
    people["pension"] = mine(pension.groupby("client")["amount"].median(), np.nan)
    people["pension_drawn"] = mine(drawn(past, pension), np.nan)

    # flows: money from and to outside is every booking but interest; months are complete calendar months
    flows = past[past["k_symbol"] != "UROK"]
    income, spending = flows[flows["is_in"]], flows[~flows["is_in"]]
    people["inflow_90d"] = mine(income[income["day"] >= since(90)].groupby("client")["amount"].sum(), 0.0)
    prior = income[(income["day"] >= since(180)) & (income["day"] < since(90))]
    people["inflow_prior"] = mine(prior.groupby("client")["amount"].sum(), 0.0).where(history >= 180)
    by_month = income.groupby(["client", income["day"].dt.to_period("M")])["amount"].sum().unstack(fill_value=0)
    by_month = by_month.reindex(index=known, columns=month_ends[:6].to_period("M"), fill_value=0.0)
    begins = pd.Series(by_month.columns.start_time, by_month.columns)
    by_month = by_month.where(np.less_equal.outer(people["opened"].to_numpy(), begins.to_numpy()))
    people["median_inflow"] = by_month.median(axis=1).where(by_month.notna().sum(axis=1) >= 3)

    # large inflow: one day's money from outside in the last 7 days, three usual months, half of it still here
    recent = income[income["day"] >= since(7)].groupby(["client", "day"])["amount"].sum().reset_index()
    needed = (3 * people["median_inflow"]).clip(lower=50_000)  # unknown where the usual month is: nobody can say
    recent = recent[recent["amount"] >= recent["client"].map(needed)]
    people["large_inflow_amount"] = mine(recent.groupby("client")["amount"].max(), np.nan)
    people["large_inflow"] = people["aum"] >= 0.5 * people["large_inflow_amount"]

    # idle: the lowest evening of the last 30 days above three months' outflow, a month being a sixth of six months'
    outflow = spending[spending["day"] > on - pd.DateOffset(months=6)].groupby("client")["amount"].sum()
    lowest = mine(bank.aum.loc[:, since(30) : on].min(axis=1) / 100, 0.0)
    monthly = (mine(outflow, 0.0) / 6).round(2)
    people["idle"] = (lowest - 3 * monthly).clip(lower=0).round(2).where(history >= 30)
    people["idle_funds"] = people["idle"] >= 50_000

    # a loan that is paid keeps its owner awake: at least one instalment for every full month since it began
    loans = bank.loans[bank.loans["begun"] <= on].set_index("client")
    paid = past[past["k_symbol"] == "UVER"].groupby("client")["amount"].sum().reindex(loans.index, fill_value=0)
    due = (
        (on.year - loans["begun"].dt.year) * 12 + on.month - loans["begun"].dt.month - (on.day < loans["begun"].dt.day)
    )
    performing = (paid / loans["payments"]).round() >= due.clip(upper=loans["duration"])
    people["has_loan"] = known.isin(loans.index[performing])
    people["is_overdue"] = known.isin(loans.index[~performing])

    # activity: own acts are cash paid in or out and card withdrawals; everything else runs by itself
    own = flows[flows["operation"].isin(CASH) & ~flows["k_symbol"].isin(["SLUZBY", "SANKC. UROK"])]
    acts = {client: sorted(set(days)) for client, days in own.groupby("client")["day"]}
    not_before = people["opened"].copy()
    for end in month_ends[::-1]:
        not_before = not_before.mask(mine(bank.average(end, 30), 0.0) >= 10_000, end + pd.Timedelta(days=1))
    last_loan = (loans["begun"] + pd.Timedelta(days=1)).reindex(known)
    not_before = pd.concat([not_before, last_loan], axis=1).max(axis=1)
    people["dormant_since"] = pd.Series(
        [awake_again(acts.get(client, []), people.at[client, "opened"], not_before[client], on) for client in known],
        known, dtype="datetime64[us]",
    ).where((people["avg30"] < 10_000) & ~people["has_loan"])  # fmt: skip
    credit = income[income["k_symbol"] != "SANKC. UROK"].groupby("client")["day"].max().reindex(known)
    last_sign = pd.concat([credit, own.groupby("client")["day"].max().reindex(known)], axis=1).max(axis=1)
    people["dormant_wakeup"] = last_sign >= people["dormant_since"].clip(lower=since(30))

    # introduction: authorised persons whose account's owner stands a tier higher and steady; all miss a core product
    owners = people.reindex(people["owner"]).set_axis(known)
    steady = owners["churn_stage"].isin(["stable", "not_rated"]) & owners["dormant_since"].isna()
    people["introduction"] = (people["type"] == "DISPONENT") & (owners["tier"] > people["tier"]) & steady
    return people


# What delivery needs of each list that has members: base rate, weight, product family, and what one success is worth.
RATES = {
    "deposit_outflow": ("0.15", "1.1", "deposit"), "tier_upgrade": ("0.10", "1", "deposit"),
    "pension_care": ("0.10", "0.9", "deposit"), "introduction": ("0.07", "1", "relationship"),
}  # fmt: skip
CAPACITY = 30  # of each branch: no managers are delivered, and no branch's own figure


def is_drawn(share: float, *words: object) -> bool:
    """A draw by docs/delivery.md: the same text falls out the same way every time."""
    return digest(*words)[:8] < f"{int(share * 2**32):08x}"


def digest(*words: object) -> str:
    return hashlib.md5("|".join(map(str, words)).encode()).hexdigest()


def candidacies(people: pd.DataFrame) -> pd.DataFrame:
    """Every member of a list, with score and priority by the lists' entries. Rules that ask for flows to own accounts
    elsewhere, time deposits, 36 months with the bank, or balances of 200,000 and more never hold here."""
    assert people["tier"].max() < 3 and people["tenure"].max() < 36
    owners = people.reindex(people["owner"]).set_axis(people.index)
    points = {
        "deposit_outflow": people["churn_stage"].map({"critical": 35, "warning": 25}).fillna(12)
        - 10 * (people["aum"] >= 0.9 * people["base"]),
        "tier_upgrade": 22 + 18 * (people["gap"] <= 0.03 * people["avg30"])
        + 25 * (people["inflow_90d"] > people["inflow_prior"]) + 15 * (people["grown_30d"] > 0),
        "pension_care": 20 + 25 * (people["pension_drawn"] >= 0.6) + 25 * (people["avg90"] >= 50_000)
        + 10 * people["avg90"].between(5_000, 50_000, inclusive="left") + 10 * (people["age"] >= 60),
        "introduction": 12 + 10 * (owners["tier"] >= 2) + 25 + 10,  # a co-holder; an account and a loan are missing
    }  # fmt: skip
    worth = {  # in hellers: what can be won or lost × the offer's margin a year, else the offer's value per success
        "deposit_outflow": (people["base"] - people["avg30"]).clip(lower=0).round(2) * 1.2,
        "tier_upgrade": people["gap"] * 1.1,
        "pension_care": (5 * people["avg90"] + 1e-6).round() / 100 * 1.2,
        "introduction": pd.Series(26_000.0, people.index),
    }
    found = []
    for code, (base_rate, weight, family) in RATES.items():
        members = people.index[people[code].astype(bool)]
        value = np.floor(worth[code][members] + 1e-6).sort_values()
        value = value.clip(upper=value.iloc[math.ceil(0.99 * len(value)) - 1]).astype(int)
        for client in members:
            exact = Fraction(base_rate) * Fraction(weight) * int(50 + points[code][client]) * int(value[client])
            found.append((code, client, family, int(exact / 100)))
    return pd.DataFrame(found, columns=["list", "client", "family", "priority"])


def delivered(people: pd.DataFrame, on: pd.Timestamp) -> dict[tuple[str, int], tuple[str, str]]:
    """What becomes of every candidate, by docs/delivery.md, where nothing was published before and nobody contacted."""
    listed_on = on + pd.Timedelta(days=1)
    cycle = f"{listed_on.year}Q{listed_on.quarter}"
    outcome: dict[tuple[str, int], tuple[str, str]] = {}
    forward = []
    candidates = candidacies(people).sort_values(["priority", "list"], ascending=[False, True])
    for client, rows in candidates.groupby("client"):
        person, closed, shown = people.loc[client], set(), None
        for row in rows.itertuples():
            if person["age"] < 18:
                outcome[row.list, client] = "dropped", "minor"
            elif person["is_overdue"]:
                outcome[row.list, client] = "dropped", "overdue"
            elif is_drawn(0.01, "universal", client, listed_on.year):
                outcome[row.list, client] = "dropped", "universal_control"
            elif shown:
                outcome[row.list, client] = "listed_elsewhere", shown
            elif row.family in closed:
                outcome[row.list, client] = "dropped", "control_family"
            else:
                is_ghost = is_drawn(0.05, "holdout", client, row.list, cycle)
                is_explore = is_drawn(0.02, "explore", client, row.list, cycle)
                draw = digest("explore", client, row.list, cycle) if is_explore else ""
                forward.append((person["branch"], row.list, client, -row.priority, str(client), is_ghost, draw))
                closed |= {row.family} if is_ghost else set()
                shown = None if is_ghost else row.list
    names = ["branch", "list", "client", "behind", "text", "is_ghost", "draw"]
    for _, branch in pd.DataFrame(forward, columns=names).groupby("branch"):
        drawn = branch[(branch["draw"] != "") & ~branch["is_ghost"]].sort_values("draw")
        explored = set(drawn.head(math.ceil(0.02 * CAPACITY)).index)
        branch = branch.assign(is_explored=branch.index.isin(explored))
        order = branch.assign(later=~branch["is_explored"]).sort_values(["later", "behind", "list", "text"])
        places = CAPACITY
        for row in order.itertuples():
            if places <= 0:
                outcome[row.list, row.client] = "waiting", "capacity"
            elif row.is_ghost:
                outcome[row.list, row.client] = "held_out", "control_group"
            else:
                places -= 1
                outcome[row.list, row.client] = "listed", "explore" if row.is_explored else "priority"
    return outcome


def brought_for(bank: Bank, end: pd.Timestamp) -> pd.Series:
    """Who had 50,000 and more on a quarter-end, over half of it for five days before at most and ten days after it."""
    held, before, after = (bank.aum[end + pd.Timedelta(days=days)] for days in (0, -5, 10))
    return (held >= 5_000_000) & (2 * (held - before) > held) & (2 * (held - after) > held)


def months_between(earlier: pd.Timestamp, later: pd.Timestamp) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month - (later.day < earlier.day)


def drawn(past: pd.DataFrame, pension: pd.DataFrame) -> pd.Series:
    """Share of the last three pensions taken out in cash on the day of the credit or the three days after it."""
    cash = past[
        ~past["is_in"] & past["operation"].isin(CASH) & ~past["k_symbol"].isin(["SLUZBY", "SANKC. UROK", "UVER"])
    ]
    credits = pension.groupby(["client", "day"])["amount"].sum().reset_index()
    credits = credits.sort_values("day").groupby("client").tail(3)
    shares = []
    for client, day, amount in credits.itertuples(index=False):
        taken = cash[(cash["client"] == client) & cash["day"].between(day, day + pd.Timedelta(days=3))]["amount"].sum()
        shares.append((client, min(taken, amount) / amount))
    return pd.DataFrame(shares, columns=["client", "share"]).groupby("client")["share"].mean()


def main(folder: str, *dates: str) -> None:
    bank = Bank(Path(folder))
    for text in dates:
        people = read(bank, pd.Timestamp(text))
        tiers = people["tier"].map(dict(enumerate(TIERS))).value_counts().to_dict()
        alone = people["churn_stage_alone"].value_counts().to_dict()
        became = Counter(f"{state} {reason}" for state, reason in delivered(people, pd.Timestamp(text)).values())
        sys.stdout.write(
            f"{text}: {len(people)} customers, {(people['type'] == 'OWNER').sum()} owners\n"
            f"  lists  {people[LISTS].sum().to_dict()}\n  tiers  {tiers}\n"
            f"  stages {people['churn_stage'].value_counts().to_dict()}, of the day alone {alone}\n"
            f"  became {dict(became)}\n"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
