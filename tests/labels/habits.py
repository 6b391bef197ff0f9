"""The second reading of what is bought with cards, of ways of dealing with the bank, and of what the bank owes."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from tests.labels import offers, oracle, outside
from tests.labels.landed import ZERO, Customer, Row, days, month_ends, share
from tests.labels.leaving import churn, maturity_labels

# ---- cards


def card_use(c: Customer) -> dict[str, Any]:
    rows = [row for each in c.cards for row in c.bank.ever("cards.card_transactions", each.card_id, "card_id")]
    paid = [row for row in rows if row.channel != "atm"]
    known = (c.as_of - min(row.biz_date for row in c.bank.all_rows("cards.card_transactions"))).days + 1
    year, month = c.within(paid, 365), c.within(paid, 30)
    open_cards = {each.card_id for each in c.cards if not offers.is_closed(c, each)}
    closed = [each.closed_on for each in c.cards if each.card_id not in open_cards and each.closed_on]
    shops = c.bank.of("acquiring.merchants", c.id)
    own = {each.merchant_id for each in shops} | {each.merchant_name for each in shops}
    counted = [
        row for row in kept_purchases(c.within(paid, 45))
        if row.card_id in open_cards and not {row.merchant_id, row.merchant_name} & (own - {None})
    ]  # fmt: skip
    return {
        "card_purchase_45d_count": len(counted) if known >= 45 else None,
        "card_purchase_days_45d_count": len({row.biz_date for row in counted}) if known >= 45 else None,
        "card_spend_365d_amount": sum((-row.amount if row.is_refund else row.amount for row in year), ZERO)
        if known >= 365 else None,
        "card_instalment_30d_amount": sum(
            (row.amount for row in month if row.is_instalment and not row.is_refund), ZERO
        ) if known >= 30 else None,
        "card_instalment_balance": sum(
            (each.instalment_balance or ZERO for each in c.cards if each.card_id in open_cards), ZERO
        ),
        "card_closed_on": max(closed, default=None),
    }  # fmt: skip


def kept_purchases(rows: list[Row]) -> list[Row]:
    """Purchases without the latest ones for which a refund of the same amount came from the same shop."""
    given_back = Counter((row.card_id, row.merchant_name or "", row.amount) for row in rows if row.is_refund)
    kept = []
    bought = [row for row in rows if not row.is_refund]
    for row in sorted(bought, key=lambda row: (row.biz_date, row.txn_id), reverse=True):
        key = (row.card_id, row.merchant_name or "", row.amount)
        if given_back[key] > 0:
            given_back[key] -= 1
        else:
            kept.append(row)
    return kept


# ---- ways of dealing with the bank


def ten_thousandths(part: Decimal | int | None, whole: Decimal | int | None) -> int:
    found = share(None if part is None else Decimal(part), None if whole is None else Decimal(whole)) or ZERO
    return int((min(Decimal(1), max(ZERO, found)) * 10000 + Decimal("0.5")).to_integral_value(ROUND_FLOOR))


def preference(c: Customer) -> dict[str, Any]:
    """The nearest of the centroids that hold on the day; these are an artefact and given."""
    app, paid, worth = oracle.channel(c), outside.payments(c), oracle.value(c)
    visits, own_days = oracle.flow(c)["branch_visits_90d"], oracle.activity(c)["own_initiative_days_60d"] or 0
    spend = max(ZERO, offers.card(c)["card_spend_90d_amount"] or ZERO)
    month = oracle.flow(c)["monthly_outflow_median_amount"] or ZERO
    at = {
        "app_use": ten_thousandths(app["app_active_days_90d"], c.t["preference_app_days"]),
        "branch_use": ten_thousandths(visits, c.t["preference_visit_days"]),
        "wallet_use": ten_thousandths(paid["third_party_pay_share"], 1),
        "cash_use": ten_thousandths(paid["cash_share"], 1),
        "card_use": ten_thousandths(spend, spend + 3 * month),
        "time_share": ten_thousandths(worth["time_balance"], worth["aum"]),
        "wealth_share": ten_thousandths(worth["wealth_balance"], worth["aum"]),
        "loan_use": 10000 if c.running_loans else 0,
    }
    if not (app["app_active_days_90d"] or visits or own_days or spend):
        return {"preference_cluster": "no_behaviour"}
    far = {
        name: sum((at[feature] - round(place * 10000)) ** 2 for feature, place in centroid.items())
        for name, centroid in c.bank.centroids.items()
    }
    return {"preference_cluster": min(far, key=lambda name: (far[name], name), default=None)}


# ---- what is overdue


def overdue_of(c: Customer, loan: Row) -> Decimal | None:
    if loan.status == "written_off":
        return loan.balance
    late = loan.overdue_days or 0
    if loan not in c.running_loans or late < c.t["overdue_from_days"]:
        return ZERO
    unpaid_from = c.as_of - days(late)
    delivered = min(row.biz_date for row in c.bank.all_rows("lending.repayments"))
    if (loan.matures_on and loan.matures_on <= c.as_of) or unpaid_from < delivered:
        return loan.balance
    rows = [row for row in c.bank.ever("lending.repayments", loan.loan_id, "loan_id") if row.biz_date >= unpaid_from]
    unpaid = sum((row.amount_due - row.amount_paid for row in rows), ZERO)
    return unpaid if unpaid > 0 else None


def arrears(c: Customer) -> dict[str, Any]:
    parts: list[Decimal | None] = [overdue_of(c, loan) for loan in c.loans]
    for card in c.cards:
        if (card.overdue_days or 0) >= c.t["overdue_from_days"]:
            billed = card.current_balance - (card.instalment_balance or ZERO)
            parts.append(billed if billed > 0 else max(ZERO, card.current_balance))
    known = [part for part in parts if part is not None]
    owed = sum(known, ZERO) if len(known) == len(parts) else None
    return {"overdue_amount": owed, "repayment_capacity": capacity(c, owed)}


def capacity(c: Customer, owed: Decimal | None) -> str | None:
    months = month_ends(c.as_of, 4)
    if not owed or c.bank.transactions_from > months[3] + days(1):
        return None
    maturing = sum(
        (c.evening(row, c.as_of) for row in c.accounts
         if row.account_type in ("time", "cd") and row.status != "closed" and row.matures_on
         and row.matures_on <= c.as_of + days(90)), ZERO,
    )  # fmt: skip
    net = sum(
        (row.amount if row.direction == "in" else -row.amount for row in c.flows
         if months[3] < row.biz_date <= months[0]), ZERO,
    )  # fmt: skip
    thirds = 3 * (oracle.value(c)["demand_balance"] + maturing) + net
    for grade in "ABC":
        if thirds >= 3 * c.t[f"repayment_capacity_{grade.lower()}"] * owed:
            return grade
    return "D" if thirds > 0 else "E"


def risk(c: Customer) -> dict[str, Any]:
    return {**offers.risk(c), **arrears(c)}


def deposit(c: Customer) -> dict[str, Any]:
    return {**oracle.deposit(c), **maturity_labels(c)}


# ---- what the bank owes, and what the customer has earned


def tier_rank(c: Customer) -> int:
    return next(rank for _, rank, tier in c.bank.tiers if tier == oracle.value(c)["value_tier"])


def service(c: Customer) -> dict[str, Any]:
    told = [outside.day_of(row.contacted_at) for row in c.bank.all_rows("crm.contacts")]
    if not told:
        return {"service_gap_count": None, "service_gaps": None}
    delivered = (c.as_of - min(told)).days
    missed = ("not_reached", "wrong_person", "not_my_customer")
    reached = [
        (outside.day_of(row.contacted_at), row.channel) for row in c.bank.ever("crm.contacts", c.id)
        if row.outcome not in missed
    ]  # fmt: skip
    rank, who = tier_rank(c), oracle.profile(c)

    def owes(least_rank: int, tenure: int, span: Decimal, channels: tuple[str, ...] = ()) -> bool:
        seen: list[date] = [day for day, channel in reached if not channels or channel in channels]
        kept = any(day > c.as_of - days(int(span)) for day in seen)
        return rank >= least_rank and who["tenure_months"] >= tenure and delivered >= span and not kept

    contact = c.t["service_contact_days_private" if rank >= 7 else "service_contact_days"]
    maturing = oracle.deposit(c)["matures_15d_amount"] >= c.t["service_maturity_from"]
    gaps = {
        "contact": owes(4, 3, contact),
        "maturity_call": maturing and owes(3, 0, c.t["service_maturity_days"]),
        "review": owes(5, 12, c.t["service_year_days"], ("visit", "lobby")),
        "visit": owes(6, 12, c.t["service_year_days"], ("visit",)),
    }
    owed = [] if c.core.is_deceased else [name for name, is_owed in gaps.items() if is_owed]
    return {"service_gap_count": len(owed), "service_gaps": ",".join(owed) or None}


def potential(c: Customer) -> dict[str, Any]:
    found = offers.potential(c)
    earned = [row["benefit"] for row in c.bank.growth_benefits if int(row["level"]) <= found["growth_level"]]
    return {**found, **service(c), "growth_benefits": ",".join(earned) or None}


# ---- who could introduce


def introducer(c: Customer) -> dict[str, Any]:
    ties = c.bank.kept("ties", lambda: oracle.all_ties(c.bank))
    able = []
    for other, kind in ties[c.id].items():
        them = c.bank.customers.get(other)
        if them is None or them.core.is_deceased or tier_rank(them) <= tier_rank(c):
            continue
        if churn(them)["churn_stage"] in ("stable", "not_rated") and not oracle.activity(them)["is_dormant"]:
            able.append((-oracle.WEIGHTS[kind], -tier_rank(them), other, kind))
    best = min(able, default=None)
    if best is None:
        return {f"best_introducer_{each}": None for each in ("id", "tier", "tie")} | {"introducer_influence": None}
    return {
        "best_introducer_id": best[2],
        "best_introducer_tier": oracle.value(c.bank.customers[best[2]])["value_tier"],
        "best_introducer_tie": best[3],
        "introducer_influence": sum(oracle.WEIGHTS[kind] for kind in ties[best[2]].values()),
    }


def relation(c: Customer) -> dict[str, Any]:
    return {**oracle.relation(c), **introducer(c)}
