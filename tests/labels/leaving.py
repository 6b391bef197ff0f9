"""The second reading of money that leaves: peaks, churn with its episodes, and the stages of life that rest on them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.labels.landed import ZERO, Customer, cents, days, mean, month_ends, once, plus_months, share
from tests.labels.oracle import activity, outside

STAGES = ("not_rated", "stable", "watch", "warning", "critical", "lost")


def points(c: Customer) -> list[date]:
    """The business date and the month-ends before it that are judged, newest first."""
    ends = [day for day in month_ends(c.as_of, 13) if day < c.as_of and (c.as_of - day).days <= 335]
    return [c.as_of, *ends]


def history(c: Customer, day: date) -> int:
    """Days of balances that a customer has up to a day, this one included."""
    return (day - max(c.core.opened_on, c.bank.balances_from)).days + 1


# ---- peaks


def spikes(c: Customer) -> list[tuple[date, date]]:
    """First and last day of money that came for a quarter-end alone, of the last 13 month-ends."""
    found = []
    half = c.t["spike_share"]
    for end in month_ends(c.as_of, 13):
        before, after = end - days(5), end + days(10)
        if end.month % 3 or after > c.as_of or before < c.bank.balances_from:
            continue
        top = c.aum_by_day[end]
        if top < c.t["spike_min_amount"]:
            continue
        if top - c.aum_by_day[before] <= half * top or top - c.aum_by_day[after] <= half * top:
            continue
        first = last = end
        while c.aum_by_day[first - days(1)] >= half * top:
            first -= days(1)
        while c.aum_by_day[last + days(1)] >= half * top:
            last += days(1)
        found.append((first, last))
    return found


@once
def without_spikes(c: Customer) -> dict[Any, Any]:
    """Aum of every evening; those of a spike are that of the evening before it."""
    levels = dict(c.aum_by_day)
    for first, last in spikes(c):
        day = first
        while day <= last:
            levels[day] = c.aum_by_day[first - days(1)]
            day += days(1)
    return levels


@once
def windows(c: Customer) -> dict[Any, Any]:
    """The sum of the 30 evenings up to each day, from the first that is complete."""
    levels = without_spikes(c)
    first, found = c.bank.balances_from, {}
    total = sum((levels[first + days(n)] for n in range(30)), ZERO)
    day = first + days(29)
    while day <= c.as_of:
        found[day] = total
        day += days(1)
        if day <= c.as_of:
            total += levels[day] - levels[day - days(30)]
    return found


def peak(c: Customer, point: date, least_history: int = 90) -> tuple[Decimal, date] | None:
    """The highest mean of 30 days lying wholly in days 31-395 before a point, and the first day on which it ended."""
    sums = windows(c)
    ends = [point - days(back) for back in range(30, 366) if point - days(back) in sums]
    if not ends or history(c, point) < least_history:
        return None
    best = max(sums[day] for day in ends)
    top = mean([best], 30)
    return None if top < c.t["churn_min_peak"] else (top, min(day for day in ends if sums[day] == best))


def value_peak(c: Customer) -> dict[str, Any]:
    top = peak(c, c.as_of)
    return {"aum_peak_12m": top[0] if top else None, "aum_peak_12m_on": top[1] if top else None}


# ---- churn


def drop(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return None if part is None or whole is None else share(whole - part, whole)


def rank(c: Customer, average: Decimal, base: Decimal | None, top: Decimal, highest: Decimal) -> int:
    """1 stable, 2 watch, 3 warning, 4 critical, 5 lost."""
    if highest < c.t["churn_lost_share"] * top:
        return 5
    fast, slow = drop(average, base), drop(average, top)
    for number, stage in ((4, "critical"), (3, "warning"), (2, "watch")):
        if fast is not None and fast >= c.t[f"churn_{stage}_fast"]:
            return number
        if slow is not None and slow >= c.t[f"churn_{stage}_slow"]:
            return number
    return 1


def highest_of_month(c: Customer, point: date) -> Decimal:
    return max(c.aum_by_day[point - days(back)] for back in range(30))


def quarter_before(c: Customer, point: date) -> Decimal | None:
    """The mean of days 31-120."""
    return c.average(90, point - days(30)) if history(c, point) >= 120 else None


def judged(c: Customer, point: date) -> int:
    """The stage of a point by its own averages, 0 where it is not rated."""
    top, average = peak(c, point), c.average(30, point)
    if not top or average is None or top[0] - average < c.t["churn_min_drop"]:
        return 0
    return rank(c, average, quarter_before(c, point), top[0], highest_of_month(c, point))


def fast_exit(c: Customer) -> bool:
    day = c.bank.since_news(1)
    while day <= c.as_of:
        net = sum(
            (row.amount if row.direction == "out" else -row.amount for row, kind in outside(c)
             if kind in ("own_name", "securities") and row.biz_date == day), ZERO,
        )  # fmt: skip
        if net >= c.t["fast_exit_amount"] and net >= c.t["fast_exit_share"] * c.aum_by_day[day - days(1)]:
            return True
        day += days(1)
    return False


@once
def churn(c: Customer) -> dict[str, Any]:
    path = points(c)
    exit_today = fast_exit(c)
    ranks = {point: judged(c, point) for point in path}
    if exit_today:
        ranks[c.as_of] = max(3, ranks[c.as_of])
    started: date | None = None
    base = top = ZERO
    goes_on = False
    for place in reversed(range(len(path))):
        point = path[place]
        if started:
            back = (c.average(30, point) or ZERO) >= c.t["churn_recovered_share"] * base and ranks[point] < 2
            over = point >= plus_months(started, int(c.t["churn_episode_months"]))
            if back or over:
                started = None
        goes_on = started is not None
        if not goes_on and ranks[point] >= 2:
            started = point.replace(day=1)
            earlier = path[place + 1] if place + 1 < len(path) else None
            quarters = [c.average(90, day) for day in (earlier, point) if day and history(c, day) >= 90]
            quarters += [c.average(90), c.average(30, point), ZERO]
            base = next(each for each in quarters if each is not None)
            seen = peak(c, point)
            top = seen[0] if seen else base
    now = ranks[c.as_of]
    if goes_on:
        highest = highest_of_month(c, c.as_of) if len(c.aum_by_day) >= 30 else c.aum
        now = max(2, now, rank(c, c.average(30) or ZERO, base, top, highest))
    own_peak = peak(c, c.as_of)
    lost_since = None
    if now == 5 and started:
        day = c.as_of
        while day >= c.bank.balances_from and c.aum_by_day[day] < c.t["churn_lost_share"] * top:
            lost_since, day = day, day - days(1)
    return {
        "churn_stage": STAGES[now],
        "churn_drop_fast": drop(c.average(30), quarter_before(c, c.as_of)) if own_peak else None,
        "churn_drop_slow": drop(c.average(30), own_peak[0]) if own_peak else None,
        "has_fast_exit": exit_today,
        "churn_episode_started_on": started,
        "churn_base_avg90_amount": base if started else None,
        "churn_peak_before_loss_amount": top if started else None,
        "churn_lost_since_on": lost_since,
        "churn_reason": reason(c, started, base) if now >= 2 and started else None,
    }


def reason(c: Customer, started: date, base: Decimal) -> str:
    since = plus_months(started, -1)
    needed = c.t["churn_reason_share"] * max(base - c.aum, c.t["churn_min_drop"])
    gone: dict[str, Decimal] = dict.fromkeys(("own_name", "securities", "wealth"), ZERO)
    recent = min(c.as_of - days(89), c.bank.since_news(90))
    for row, kind in outside(c):
        counts = row.biz_date >= recent or row.amount >= c.t["outside_movement_amount"]
        if kind in gone and row.biz_date >= since and counts:
            gone[kind] += row.amount if row.direction == "out" else -row.amount
    bought = sum(
        (row.amount for row in c.transactions if row.txn_type == "purchase" and row.direction == "out"
         and row.amount >= c.t["large_purchase_amount"] and row.biz_date >= since), ZERO,
    )  # fmt: skip
    months = month_ends(c.as_of, 8)
    spent = sum(
        (row.amount for row in c.flows if row.direction == "out" and row.biz_date > months[7]
         and row.biz_date >= since.replace(day=1)), ZERO,
    )  # fmt: skip
    matured = [each for each in maturities(c) if each[0] >= since and not each[3]]
    unrenewed = sum((amount - lying for _, amount, lying, _ in matured), ZERO)
    for name, amount in (
        ("matured_not_renewed", unrenewed), ("moved_to_other_bank", gone["own_name"]),
        ("to_securities", gone["securities"]), ("to_wealth_elsewhere", gone["wealth"]), ("large_purchase", bought),
        ("spent_down", spent),
    ):  # fmt: skip
        if amount >= needed:
            return name
    return "unknown"


# ---- maturities


def maturities(c: Customer) -> list[tuple[date, Decimal, Decimal, bool]]:
    """Time deposits that matured in the last 375 days: day, sum, what still lies there, whether it was renewed."""
    oldest = c.as_of - days(375)
    deposits = []
    for each in c.accounts:
        steps = c.balance_steps[each.account_id]
        if each.account_type in ("time", "cd") and each.matures_on:
            largest = max((amount for _, amount in steps), default=ZERO)
            deposits.append((each, largest, bool(steps) and steps[0][0] < each.opened_on))
    by_day: dict[date, list[tuple[Decimal, Decimal, bool]]] = {}
    for each, largest, rolled in deposits:
        kept = each.status != "closed" or (each.closed_on and each.closed_on >= each.matures_on)
        if oldest <= each.matures_on <= c.as_of and kept:
            lying = ZERO if each.status == "closed" else c.evening(each, c.as_of)
            by_day.setdefault(each.matures_on, []).append((largest, lying, False))
        if rolled and oldest <= each.opened_on <= c.as_of:
            by_day.setdefault(each.opened_on, []).append((largest, ZERO, True))
    found = []
    for day, sums in sorted(by_day.items()):
        amount = sum((each[0] for each in sums), ZERO)
        if not amount:
            continue
        first, last = day - days(int(c.t["rollover_days_before"])), day + days(int(c.t["rollover_days_after"]))
        fresh = sum(
            (largest for each, largest, rolled in deposits
             if first <= each.opened_on <= last and not rolled and c.balance_steps[each.account_id]), ZERO,
        )  # fmt: skip
        renewed = sum((each[0] for each in sums if each[2]), ZERO) + fresh >= c.t["rollover_share"] * amount
        found.append((day, amount, sum((each[1] for each in sums), ZERO), renewed))
    return found


def maturity_labels(c: Customer) -> dict[str, Any]:
    """What has matured or soon will, and what became of it before."""
    past = c.as_of - days(int(c.t["maturity_past_days"]))
    ahead = c.as_of + days(int(c.t["maturity_ahead_days"]))
    held = [
        (row, c.evening(row, c.as_of)) for row in c.accounts
        if row.account_type in ("time", "cd") and row.status != "closed" and c.evening(row, c.as_of) > 0
    ]  # fmt: skip
    window = [(row, amount) for row, amount in held if row.matures_on and past <= row.matures_on <= ahead]
    standing = sum((amount for _, amount in window), ZERO)
    matured = maturities(c)
    late = [each for each in matured if each[0] >= past]
    unrenewed = [each for each in late if not each[3]]
    demand = sum((c.evening(row, c.as_of) for row in c.accounts if row.account_type == "demand"), ZERO)
    paid_out = min(sum((amount - lying for _, amount, lying, _ in unrenewed), ZERO), demand)
    days_due = [row.matures_on for row, _ in window]
    if paid_out > 0:
        days_due += [day for day, amount, lying, _ in unrenewed if amount > lying]
    whole = standing + paid_out
    rates = best_rates(c)
    rated = [
        (row, amount, rates[row.term_months]) for row, amount in window
        if row.annual_rate is not None and row.term_months in rates
    ]  # fmt: skip
    judged_on = c.as_of - days(int(c.t["rollover_days_after"]))
    ripe = [each for each in matured if each[0] <= judged_on]
    termed = [(row.term_months, amount) for row, amount in held if row.term_months]
    return {
        "matured_7d_amount": sum((lying for _, _, lying, _ in late), ZERO) + paid_out,
        "maturity_due_on": min(days_due, default=None),
        "maturity_window_amount": whole,
        "maturity_auto_share": share(sum((amount for row, amount in window if row.auto_rollover), ZERO), whole),
        "maturity_rate_gap": share(
            sum((amount * (rate - row.annual_rate) for row, amount, rate in rated), ZERO),
            sum((amount for _, amount, _ in rated), ZERO),
        ),
        "rollover_rate_12m": share(
            sum((each[1] for each in ripe if each[3]), ZERO), sum((each[1] for each in ripe), ZERO)
        ),
        "average_term_months": average_term(termed),
    }


def average_term(termed: list[tuple[int, Decimal]]) -> Decimal | None:
    """Mean of the terms, each weighing as much as lies for it."""
    whole = sum((amount for _, amount in termed), ZERO)
    return cents(sum((amount * term for term, amount in termed), ZERO) / whole) if whole else None


def best_rates(c: Customer) -> dict[int, Decimal]:
    """The best rate of a time product on sale, by term in months."""

    def told() -> dict[int, Decimal]:
        products = {row.product_code: row for row in c.bank.newest("core.products")}
        newest: dict[tuple[str, int], Any] = {}
        for row in c.bank.newest("core.product_rates"):
            key, product = (row.product_code, row.term_months), products.get(row.product_code)
            unsold = product and (product.category != "time" or product.is_on_sale is False)
            if row.valid_from <= c.as_of and not unsold:
                newest[key] = max(newest.get(key, row), row, key=lambda each: each.valid_from)
        best: dict[int, Decimal] = {}
        for row in newest.values():
            best[row.term_months] = max(best.get(row.term_months, row.annual_rate), row.annual_rate)
        return best

    return c.bank.kept("best rates", told)


# ---- the stages of life


def silences(c: Customer) -> list[tuple[date, date]]:
    """Day of the last own act before 180 days and more without one, and of the first after them (tomorrow for none)."""
    seen_from = max(c.core.opened_on, c.bank.transactions_from)
    acts = sorted({seen_from, *c.own_days}) + [c.as_of + days(1)]
    quiet = days(int(c.t["dormant_days"]))
    return [(last, woke) for last, woke in zip(acts, acts[1:], strict=False) if woke - last >= quiet]


def was_low(c: Customer, day: date) -> bool:
    """Whether the 30-day average of the month-end before a day was below what keeps a customer awake."""
    ends = [end for end in month_ends(c.as_of, 13) if end < day]
    average = c.average(30, ends[0]) if ends else None
    return average is not None and average < c.t["dormant_aum_below"]


def was_lost(c: Customer, point: date) -> bool:
    top = peak(c, point, least_history=0)
    if top is None:
        return False
    return max(c.aum_by_day.get(point - days(back), ZERO) for back in range(30)) < c.t["churn_lost_share"] * top[0]


def woken(c: Customer, point: date) -> date | None:
    """The newest own act of the 90 days to a point that ended a silence of somebody who was asleep."""
    found = [
        woke for _, woke in silences(c)
        if point - days(int(c.t["returned_days"])) < woke <= point and was_low(c, woke)
    ]  # fmt: skip
    return max(found, default=None)


def asleep(c: Customer, point: date) -> bool:
    since = activity(c)["dormant_since_on"]
    if since and since <= point:
        return True
    quiet = days(int(c.t["dormant_days"]))
    silent = any(last + quiet <= point < woke for last, woke in silences(c))
    loan = any(row.opened_on <= point and (row.settled_on is None or row.settled_on > point) for row in c.loans)
    average = c.average(30, point)
    return silent and not loan and average is not None and average < c.t["dormant_aum_below"]


def grows(c: Customer, point: date) -> bool:
    if point == c.as_of:
        if history(c, point) < 180:
            return False
        now, before = c.average(90), c.average(90, point - days(90))
        least = c.t["growing_amount"]
    else:
        ends = month_ends(c.as_of, 13)
        at = ends.index(point)
        means = [c.average(30, end) for end in ends[at : at + 6]]
        if history(c, point) < 180 or len(means) < 6 or None in means:
            return False
        now, before = sum(means[:3], ZERO), sum(means[3:], ZERO)
        least = 3 * c.t["growing_amount"]
    if now is None or before is None:
        return False
    return now >= before * (1 + c.t["growing_share"]) and now >= before + least


def stage(c: Customer, point: date) -> str | None:
    """The first that holds on a day; none where it cannot be judged."""
    leaving, today = churn(c), point == c.as_of
    if not today and (history(c, point) <= 0 or c.average(30, point) is None):
        return None
    earlier = [end for end in points(c)[1:] if end < point and (point - end).days <= c.t["returned_days"]]
    stages = {
        "lost": leaving["churn_stage"] == "lost" if today else was_lost(c, point),
        "dormant": bool(activity(c)["is_dormant"]) if today else asleep(c, point),
        "returned": woken(c, point) is not None or any(was_lost(c, end) for end in earlier),
        "new": (point - c.core.opened_on).days <= c.t["new_customer_days"],
        "declining": declines(c, point),
        "growing": grows(c, point),
    }
    return next((name for name, holds in stages.items() if holds), "mature")


def declines(c: Customer, point: date) -> bool:
    leaving = churn(c)
    if point == c.as_of:
        return leaving["churn_stage"] in ("watch", "warning", "critical")
    since = leaving["churn_episode_started_on"]
    return bool(since and since <= point) or judged(c, point) >= 2


def lifecycle(c: Customer) -> dict[str, Any]:
    now = stage(c, c.as_of)
    turned: date | None = None
    before: str | None = None
    for point in points(c)[1:]:
        before = stage(c, point)
        if before != now:
            turned = point
            break
    lost_since = churn(c)["churn_lost_since_on"]
    known = {
        "lost": lost_since + days(29) if lost_since else None,
        "dormant": activity(c)["dormant_since_on"],
        "returned": woken(c, c.as_of),
        "new": c.core.opened_on,
    }.get(now or "")
    since = None
    if known and known <= c.as_of and (turned is None or known > turned):
        since = known
    elif turned and c.core.opened_on > turned:
        since = c.core.opened_on
    elif turned and before is not None:
        since = turned + days(1)
    return {"lifecycle_stage": now, "stage_since_on": since, "previous_stage": before if turned else None}
