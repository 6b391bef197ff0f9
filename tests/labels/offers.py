"""The second reading of cards, credit, what is overdue, visits, and what more a customer could do."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from tests.labels.landed import ZERO, Customer, Row, cents, days, grouped, plus_months, share
from tests.labels.oracle import (
    age_of,
    channel,
    deposit,
    flow,
    has_shop,
    holding,
    lending,
    profile,
    suitability,
    value,
)
from tests.labels.outside import day_of, elsewhere, pay_elsewhere

STAGES = ("active", "honeymoon", "cooling", "activated_unused", "dormant", "not_activated", "lost")


def card(c: Customer) -> dict[str, Any]:
    rows = [row for each in c.cards for row in c.bank.ever("cards.card_transactions", each.card_id, "card_id")]
    bought = [row for row in rows if not row.is_refund and row.mcc not in ("6010", "6011")]
    given_back = [row for row in rows if row.is_refund]

    def spend(since: int, until: int = 0, cards: set[str] | None = None) -> Decimal:
        def counts(row: Row) -> bool:
            age = (c.as_of - row.biz_date).days
            return until <= age < since and (cards is None or row.card_id in cards)

        return sum((row.amount for row in bought if counts(row)), ZERO) - sum(
            (row.amount for row in given_back if counts(row)), ZERO
        )

    open_cards = [each for each in c.cards if not is_closed(c, each)]
    staged = [(each, stage_of(c, each, spend)) for each in c.cards]
    lead: Row | None = None
    stage = None
    if staged:
        lead, stage = min(
            staged, key=lambda pair: (STAGES.index(pair[1]), -pair[0].approved_on.toordinal(), pair[0].card_id)
        )
    fresh = {each.card_id for each, its in staged if its == "honeymoon"}
    band = None
    if stage == "honeymoon":
        amount = spend(91, cards=fresh)
        band = next((name for low, name in ((50000, "50k"), (10000, "10k"), (1000, "1k")) if amount >= low), "under_1k")
    limit = sum((each.credit_limit for each in open_cards), ZERO)
    half_year = [row for row in bought if row.biz_date > c.as_of - days(180)]
    quarter = [row for row in bought if row.biz_date > c.as_of - days(90)]
    by_kind: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in c.within(rows, 180):
        if row.mcc not in ("6010", "6011"):
            by_kind[shop_kind(c, row.mcc)] += -row.amount if row.is_refund else row.amount
    top = sorted((kind for kind in by_kind if by_kind[kind] > 0 and kind != "other"), key=lambda k: (-by_kind[k], k))
    last = last_use(c, lead) if lead else None
    idle_from = (last or activated(lead) or lead.approved_on) if lead else None
    named = {row.customer_id for row in c.bank.of("core.customers", c.id, "referrer_customer_id")}
    named |= {row.customer_id for row in c.bank.of("cards.credit_cards", c.id, "referrer_customer_id")}
    single = single_card(c, open_cards)
    return {
        "card_stage": stage,
        "days_in_honeymoon": (c.as_of - activated(lead)).days if stage == "honeymoon" else None,
        "honeymoon_band": band,
        **{f"card_spend_{n}d_amount": spend(n) for n in (30, 90, 180)},
        "card_limit_amount": limit,
        "card_utilisation_rate": share(sum((max(ZERO, each.current_balance) for each in open_cards), ZERO), limit),
        "card_approved_on": lead.approved_on if lead else None,
        "card_activated_on": activated(lead) if lead else None,
        "card_first_used_on": lead.first_used_on if lead else None,
        "card_unused_days": (c.as_of - idle_from).days if idle_from else None,
        "card_large_ticket_90d_amount": sum(
            (row.amount for row in quarter if row.amount >= c.t["card_large_ticket_from"] and not row.is_instalment),
            ZERO,
        ),
        "instalment_share_180d": share(
            sum((row.amount for row in half_year if row.is_instalment), ZERO),
            sum((row.amount for row in half_year), ZERO),
        ),
        "top_card_categories": ",".join(top[:3]) or None,
        "beauty_card_90d_count": sum(shop_kind(c, row.mcc) in ("beauty", "apparel", "maternity") for row in quarter),
        "is_single_card": single is not None,
        "single_card_kind": single,
        "referrals_made_count": len(named - {c.id}),
    }


def is_closed(c: Customer, card: Row) -> bool:
    return card.status == "closed" or (card.closed_on is not None and card.closed_on <= c.as_of)


def activated(card: Row | None) -> Any:
    return (card.activated_on or card.first_used_on) if card else None


def last_use(c: Customer, card: Row | None) -> date | None:
    used = [
        row.biz_date for row in c.bank.ever("cards.card_transactions", card.card_id, "card_id") if not row.is_refund
    ]
    if used:
        return max(used)
    if card.first_used_on is None:
        return None
    first = min(row.biz_date for row in c.bank.all_rows("cards.card_transactions"))
    return max(card.first_used_on, first - days(1))


def stage_of(c: Customer, card: Row, spend: Any) -> str:
    if is_closed(c, card):
        return "lost"
    if card.status == "not_activated":
        return "not_activated"
    last = last_use(c, card)
    if last is None:
        return "activated_unused"
    if (c.as_of - activated(card)).days <= c.t["card_honeymoon_days"]:
        return "honeymoon"
    silent = (c.as_of - last).days
    if silent >= c.t["card_dormant_days"]:
        return "dormant"
    now, before = spend(90, cards={card.card_id}), spend(180, 90, {card.card_id})
    if silent >= c.t["card_active_days"] or (before > 0 and now <= (1 - c.t["card_cooling_fall"]) * before):
        return "cooling"
    return "active"


def shop_kind(c: Customer, mcc: str) -> str:
    fits = [row for row in c.bank.patterns if row["kind"] == "mcc" and mcc.startswith(row["pattern"])]
    return max(fits, key=lambda row: len(row["pattern"]))["meaning"] if fits else "other"


def single_card(c: Customer, open_cards: list[Row]) -> str | None:
    held = holding(c)
    if any(held[f"has_{each}"] for each in ("time", "wealth", "fund", "insurance", "bond")) or c.running_loans:
        return None
    demand = value(c)["demand_balance"]
    much = demand >= c.t["single_card_demand_from"]
    if any(each.status != "not_activated" for each in open_cards) and not much:
        return "credit"
    debit = any(row.status == "active" for row in c.bank.of("cards.debit_cards", c.id))
    return "debit" if debit and much and not open_cards else None


def credit(c: Customer) -> dict[str, Any]:
    paid = flow(c)
    steady = paid["inflow_stability_rate"]
    income = paid["payroll_median_amount"]
    if income is None and steady is not None and steady >= c.t["income_stability_from"]:
        income = paid["monthly_inflow_median_amount"]
    since = plus_months(c.as_of, -3)
    due = sum(
        (row.amount_due for loan in c.running_loans
         for row in c.bank.ever("lending.repayments", loan.loan_id, "loan_id") if row.biz_date > since), ZERO,
    )  # fmt: skip
    ratio = share(due, 3 * income) if income else None
    if not c.running_loans and (income is None or income):
        ratio = ZERO if income else None
    age, lent = age_of(c), lending(c)

    def eligible(kind: str) -> bool | None:
        low, high = (c.t[f"credit_{kind}_age_{end}"] for end in ("from", "to"))
        parts = [
            not lent["is_overdue"], not lent["is_npl"], None if age is None else low <= age <= high,
            None if ratio is None else ratio < c.t[f"credit_{kind}_max_debt_ratio"],
        ]  # fmt: skip
        return False if False in parts else (None if None in parts else True)

    bureau = [
        row for row in c.bank.of("lending.bureau_summaries", c.id)
        if row.authorised_until and row.authorised_until >= c.as_of and row.reported_on <= c.as_of
        and "marketing" in [each.strip() for each in (row.authorised_purposes or "").split(",")]
    ]  # fmt: skip
    told = bureau[0] if bureau else None
    return {
        "estimated_income_amount": income,
        "debt_service_ratio": ratio,
        **{f"is_credit_eligible_{kind}": eligible(kind) for kind in ("consumer", "business", "card")},
        "bureau_loan_count": told.other_bank_loan_count if told else None,
        "bureau_loan_balance": told.other_bank_loan_balance if told else None,
        "bureau_monthly_repayment_amount": told.other_bank_monthly_repayment if told else None,
        "bureau_hard_inquiry_3m_count": told.hard_inquiries_3m if told else None,
        "is_overdue_elsewhere": told.is_overdue_elsewhere if told else None,
        **whitelist(c),
    }


def whitelist(c: Customer) -> dict[str, Any]:
    nameless = c.bank.of("lending.loan_whitelist", None) if c.core.id_hash else []
    rows = [
        row
        for row in [
            *c.bank.of("lending.loan_whitelist", c.id),
            *(row for row in nameless if row.id_hash == c.core.id_hash),
        ]
        if row.valid_from <= c.as_of <= row.valid_to and row.contact_ground is not None
    ]
    best = min(
        rows,
        key=lambda row: (-row.approved_limit, -row.valid_to.toordinal(), row.product_code, row.batch_id),
        default=None,
    )
    return {
        "whitelist_limit_amount": best.approved_limit if best else ZERO,
        "whitelist_days_left": (best.valid_to - c.as_of).days if best else None,
        "whitelist_origin_count": len({row.origin for row in rows}),
        "whitelist_product": best.product_code if best else None,
    }


def risk(c: Customer) -> dict[str, Any]:
    late = [row.overdue_days or 0 for row in c.loans if row.status != "settled"]
    late += [row.overdue_days or 0 for row in c.cards]
    return {
        "max_days_late": max(late, default=0),
        "has_written_off": any(row.status == "written_off" for row in c.loans),
    }


def visits(c: Customer) -> dict[str, Any]:
    came = {
        row.biz_date
        for row in c.within(c.transactions, 90)
        if row.channel == "counter"
        and row.txn_type not in ("interest", "fee", "tax", "court", "reversal")
        and row.is_customer_initiated is not False
    }
    came |= {
        day_of(row.contacted_at)
        for row in c.bank.ever("crm.contacts", c.id)
        if row.channel == "lobby" and row.outcome != "not_reached"
    }
    held_on = {row.activity_id: row.held_on for row in c.bank.newest("crm.activities")}
    came |= {
        held_on.get(row.activity_id, row.biz_date) for row in c.bank.ever("crm.activity_attendance", c.id) if row.came
    }
    came = {day for day in came if c.as_of - days(90) < day <= c.as_of}
    return {
        "last_branch_visit_on": max(came, default=None),
        "branch_visits_30d": sum(day >= c.bank.since_news(30) for day in came),
    }


LEVELS = {"long_tail": "low", "basic": "low", "growth": "middle", "wealth": "middle"}
QUADRANTS = ("spend", "protect", "grow", "preserve")


def at_least(amount: Any, floor: Decimal) -> bool:
    return amount is not None and amount >= floor


def potential(c: Customer) -> dict[str, Any]:
    t = c.t
    who, here, put, paid, held = profile(c), value(c), deposit(c), flow(c), holding(c)
    lent, app, fit, age = lending(c), channel(c), suitability(c), age_of(c)
    minor = bool(who["is_minor"])
    bad = lent["is_overdue"] or lent["is_npl"]
    idle, level = put["idle_demand_balance"], LEVELS.get(here["value_tier"], "high")

    def outside_ages(kind: str) -> bool:
        return age is not None and not t[f"credit_{kind}_age_from"] <= age <= t[f"credit_{kind}_age_to"]

    wealth = 30 if at_least(idle, t["idle_funds_from"]) else 15 if at_least(idle, t["potential_idle_some"]) else 0
    wealth += 20 * at_least(put["matures_90d_amount"], t["idle_funds_from"])
    average = here["aum_avg_30d"]
    wealth += (
        20 if at_least(average, t["potential_aum_high"]) else 10 if at_least(average, t["potential_aum_some"]) else 0
    )
    wealth += 15 * at_least(put["own_name_outflow_90d_amount"], t["large_flow_from"])
    wealth += 15 * (not held["has_wealth"] and not held["has_fund"])
    wealth += 10 * (fit["max_product_risk"] >= 2)
    wealth += 10 * at_least(paid["monthly_inflow_median_amount"], t["potential_inflow_high"])

    business = who["customer_kind"] == "sole_proprietor" or has_shop(c)
    loan = 40 * bool(whitelist(c)["whitelist_product"]) + 20 * bool(paid["is_payroll"]) + 15 * business
    loan += 15 * lent["has_unused_limit"] + 10 * lent["has_mortgage"] + 10 * (not lent["has_loan"])
    loan += 10 * at_least(paid["monthly_inflow_median_amount"], t["potential_inflow_some"])
    loan = 0 if bad or outside_ages("consumer") else loan

    plastic = 30 * bool(paid["is_payroll"])
    plastic += 20 * at_least(paid["monthly_outflow_median_amount"], t["potential_outflow_some"])
    plastic += 15 * (app["app_tier"] in ("high", "medium"))
    plastic += 15 * (age is not None and t["potential_card_age_from"] <= age <= t["potential_card_age_to"])
    plastic += 10 * held["has_payment_binding"] + 10 * held["has_etc"] + 10 * lent["has_mortgage"]
    plastic = 0 if held["has_credit_card"] or bad or outside_ages("card") else plastic

    pay: int | None = 50 * bool(pay_elsewhere(c)["is_payroll_elsewhere"]) + 20 * bool(paid["is_payroll_stopped"])
    pay += 20 * (who["customer_kind"] == "salaried") + 15 * lent["has_loan"]
    pay += 15 * at_least(paid["monthly_inflow_median_amount"], t["potential_inflow_some"])
    if paid["is_payroll"] or paid["is_pension"] or (age is not None and age >= t["senior_age_from"]):
        pay = 0
    elif paid["is_payroll"] is None:
        pay = None
    scores = {"wealth": wealth, "credit": loan, "card": plastic, "payroll": pay}
    scores = {name: score if score is None else 0 if minor else min(100, score) for name, score in scores.items()}
    top = max((score for score in scores.values() if score is not None), default=None)
    height = None if top is None else ("high" if top >= t["potential_high_from"] else
                                       "middle" if top >= t["potential_middle_from"] else "low")  # fmt: skip
    outside = elsewhere(c)["outside_funds_estimate_amount"]
    seen = None if outside is None else here["aum"] + outside
    next_ones = [] if minor else proposals(c, scores, level, business)
    points = t["growth_points_tier"] * next(rank - 1 for _, rank, tier in c.bank.tiers if tier == here["value_tier"])
    points += (
        t["growth_points_product"] * held["product_count"] + t["growth_points_app_day"] * app["app_active_days_30d"]
    )
    points += t["growth_points_year"] * min(who["tenure_months"] // 12, int(t["growth_years_most"]))
    return {
        **{f"{name}_potential": score for name, score in scores.items()},
        "potential_score": top,
        "value_potential_grid": None if height is None else f"{level}/{height}",
        "share_of_wallet_rate": share(here["aum"], seen),
        "next_best_product": next_ones[0] if next_ones else None,
        "next_best_product_2": next_ones[1] if len(next_ones) > 1 else None,
        **quadrants(c, here, level),
        "growth_points": points,
        "growth_level": next((n for n in (6, 5, 4, 3, 2) if points >= t[f"growth_level_{n}"]), 1),
    }


def proposals(c: Customer, scores: dict[str, Any], level: str, business: bool) -> list[str]:
    t, held, age = c.t, holding(c), age_of(c)
    stage = profile(c)["family_stage"]
    categories = set((held["products_held"] or "").split(","))
    wealth, loan, plastic = (scores[each] or 0 for each in ("wealth", "credit", "card"))
    offers: list[tuple[str, int]] = []
    if "business_loan" not in categories and business:
        offers.append(("business_loan", loan + 5))
    if not held["has_wealth"]:
        offers.append(("wealth", wealth))
    if "consumer_loan" not in categories:
        offers.append(("consumer_loan", loan))
    if not held["has_credit_card"]:
        offers.append(("card", plastic))
    if not held["has_time"] and at_least(deposit(c)["idle_demand_balance"], t["potential_idle_some"]):
        offers.append(("time", 70 if stage == "retired" else 60))
    if not held["has_app"]:
        offers.append(("app", 55))
    if not held["has_payment_binding"] and held["has_app"]:
        offers.append(("payment_binding", 50))
    insurable = age is not None and t["insurance_age_from"] <= age <= t["insurance_age_to"]
    if not held["has_insurance"] and insurable and level != "low":
        offers.append(("insurance", 65 if stage in ("young_children", "school_children") else 45))
    if not held["has_fund"] and held["has_wealth"] and suitability(c)["max_product_risk"] >= 3:
        offers.append(("fund", wealth - 10))
    good = [(score, -place, name) for place, (name, score) in enumerate(offers) if score >= t["next_best_from"]]
    return [name for _, _, name in sorted(good, reverse=True)]


def quadrants(c: Customer, here: dict[str, Any], level: str) -> dict[str, Any]:
    invested: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for category, rows in grouped(c.bank.ever("wealth.holdings", c.id), "category").items():
        invested[category] += c.invested_in({row.holding_id for row in rows}, c.as_of)
    parts = {
        "spend": here["demand_balance"], "protect": invested["insurance"],
        "grow": invested["wealth"] + invested["fund"],
        "preserve": here["time_balance"] + invested["bond"],
    }  # fmt: skip
    shares = {name: share(amount, here["aum"]) for name, amount in parts.items()}
    widest, gap = None, None
    if here["aum"]:
        gaps = {name: c.t[f"quadrant_{level}_{name}"] - (shares[name] or ZERO) for name in QUADRANTS}
        most = max(gaps.values())
        if most > 0:
            widest = next(name for name in QUADRANTS if gaps[name] == most)
            gap = int(cents(most) * 100)
    return {
        **{f"asset_{name}_share": shares[name] for name in QUADRANTS},
        "asset_widest_gap": widest,
        "asset_widest_gap_points": gap,
    }


def borrowing(c: Customer) -> dict[str, Any]:
    drawn = [row for row in c.loans if c.as_of - days(90) < row.opened_on <= c.as_of]
    settled = [row for row in c.loans if row.status == "settled" and row.settled_on and row.settled_on <= c.as_of]
    last = max(settled, key=lambda row: (row.settled_on, row.loan_id), default=None)
    paid = sum(
        (row.amount_paid for loan in c.loans
         for row in c.within(c.bank.ever("lending.repayments", loan.loan_id, "loan_id"), 30)), ZERO,
    )  # fmt: skip
    taken = sum(
        (row.amount for row in c.within(c.transactions, 30)
         if row.txn_type == "loan_repayment" and row.direction == "out" and row.is_customer_initiated is False), ZERO,
    )  # fmt: skip
    return {
        "loan_drawn_90d_amount": sum((row.principal for row in drawn), ZERO),
        "loan_drawn_90d_balance": sum((row.balance for row in drawn if row in c.running_loans), ZERO),
        "loan_drawn_90d_days": (c.as_of - min(row.opened_on for row in drawn)).days if drawn else None,
        "last_settled_amount": last.principal if last else None,
        "loan_repaid_30d_amount": max(ZERO, paid - taken),
    }


def engagement(c: Customer) -> dict[str, Any]:
    year = c.as_of - days(365)
    answers = [(day_of(row.surveyed_on), row.score) for row in c.bank.ever("crm.satisfaction", c.id)]
    newest = max((day for day, _ in answers if year < day <= c.as_of), default=None)
    complaints = c.bank.ever("crm.complaints", c.id)
    missed = ("not_reached", "wrong_person", "not_my_customer")
    reached = [day_of(row.contacted_at) for row in c.bank.ever("crm.contacts", c.id) if row.outcome not in missed]
    held_on = {row.activity_id: row.held_on for row in c.bank.newest("crm.activities")}
    came = {row.activity_id for row in c.bank.ever("crm.activity_attendance", c.id) if row.came} & set(held_on)
    named = {row.customer_id for row in c.bank.of("core.customers", c.id, "referrer_customer_id")} - {c.id}
    fresh = [c.bank.customers[each] for each in named if c.bank.customers[each].core.opened_on > c.as_of - days(90)]
    funded = [each for each in fresh if (each.average(30) or ZERO) >= c.t["referral_funded_from"]]
    return {
        "satisfaction_score": min((score for day, score in answers if day == newest), default=None),
        "satisfaction_on": newest,
        "has_open_complaint": any(row.closed_on is None or row.closed_on > c.as_of for row in complaints),
        "last_reached_on": max((day for day in reached if year < day <= c.as_of), default=None),
        **{
            f"activities_came_{n}d_count": sum(c.as_of - days(n) < held_on[each] <= c.as_of for each in came)
            for n in (60, 365)
        },
        "referrals_funded_90d_count": len(funded),
    }
