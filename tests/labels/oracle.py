"""Labels read a second time, slowly and obviously: from the landed files and the written definitions alone.

Nothing here knows the SQL. Every customer is read alone; where a definition did not say enough to be followed, the
definition was mended."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from tests.labels.landed import (
    ZERO,
    Customer,
    Landed,
    Row,
    cents,
    days,
    full_months,
    grouped,
    middle,
    month_ends,
    once,
    plus_months,
    share,
)  # fmt: skip


@once
def profile(c: Customer) -> dict[str, Any]:
    core, as_of = c.core, c.as_of
    age, birthday = age_of(c), None
    if age is not None:
        birthday = min(
            (day - as_of).days
            for n in range(age, age + 2)
            if (day := plus_months(core.birth_date, 12 * n)) >= as_of
        )  # fmt: skip
    bands = [(18, "<18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"), (999, "65+")]
    updated = core.consent_updated_on
    fresh = updated is None or updated >= plus_months(as_of, -int(c.t["consent_valid_months"]))
    consent = core.marketing_consent is True and fresh
    refused = {row.channel for row in c.bank.of("crm.channel_preferences", c.id) if row.is_refused}
    friend = is_friend(c)
    reachable = {"call": bool(core.mobile), "sms": bool(core.mobile), "wecom": friend, "visit": bool(core.address)}
    barred = core.do_not_contact or core.is_deceased or core.is_staff
    service = {way: not barred and way not in refused and there for way, there in reachable.items()}
    marketing = {way: may and consent and not core.profiling_refused for way, may in service.items()}
    kind = {"farmer": "villager", "retired": "retiree"}.get(core.occupation, core.occupation)
    if kind not in ("salaried", "sole_proprietor", "villager", "student", "retiree"):
        paid = flow(c)
        if paid["is_pension"]:
            kind = "retiree"
        elif paid["is_payroll"]:
            kind = "salaried"
        elif core.village_code:
            kind = "villager"
        else:
            kind = "other"
    return {
        "gender": core.gender,
        "age": age,
        "age_band": next(name for below, name in bands if age < below) if age is not None else None,
        "tenure_months": full_months(as_of, core.opened_on),
        "is_new_customer": (as_of - core.opened_on).days <= c.t["new_customer_days"],
        "home_branch_id": core.home_branch_id,
        "manager_id": core.manager_id,
        "is_staff": bool(core.is_staff),
        "is_deceased": bool(core.is_deceased),
        "is_do_not_contact": bool(core.do_not_contact),
        "is_profiling_refused": bool(core.profiling_refused),
        "has_marketing_consent": consent,
        "birthday_in_days": birthday,
        "customer_kind": kind,
        "is_minor": None if age is None else age < c.t["adult_age"],
        "family_stage": family_stage(c, age, kind),
        "village_code": core.village_code,
        **nearest_branch(c),
        **{f"can_{way}_marketing": may for way, may in marketing.items()},
        **{f"can_{way}_service": may for way, may in service.items()},
    }


def age_of(c: Customer) -> int | None:
    born = c.core.birth_date
    return max(n for n in range(130) if n == 0 or plus_months(born, 12 * n) <= c.as_of) if born else None


def family_stage(c: Customer, age: int | None, kind: str) -> str | None:
    # a relation says what the other one is to the customer: who names this one as parent is a child
    children = [
        born
        for row in c.relations
        if row.related_customer_id == c.id and row.relation_type == "parent"
        if (born := age_of(c.bank.customers[row.customer_id])) is not None
    ]
    spouse = any(row.relation_type == "spouse" for row in c.relations)
    married = c.core.marital_status == "married" or spouse
    alone = c.core.marital_status in ("single", "divorced", "widowed")
    lessons = [row for row in recognised(c, 180) if row.kind == "tuition" and row.direction == "out"]
    if age is not None and age < c.t["adult_age"]:
        return "minor"
    if children and min(children) < c.t["school_age"]:
        return "young_children"
    if (children and min(children) < 18) or len(lessons) >= c.t["parents_tuition_payments"]:
        return "school_children"
    if kind == "retiree" or (age is not None and age >= c.t["senior_age_from"]):
        return "retired"
    if children or (married and age is not None and age >= c.t["empty_nest_age"]):
        return "empty_nest"
    if age is None:
        return None
    if married:
        return "couple"
    if alone:
        return "single_young" if age < c.t["young_single_below"] else "single"
    return None


PAYMENT_KINDS = (
    "shopping_credit", "internet_lender", "other_loan", "lease", "rent", "tuition", "toll", "utility",
    "social_insurance", "insurance", "beauty", "household",
)  # fmt: skip


def recognised(c: Customer, number: int) -> list[Row]:
    """Payments whose texts tell what they were for."""
    found = []
    for row in c.within(c.standing, number):
        own = row.direction == "out" and (
            row.txn_type in ("transfer", "purchase", "standing_order", "investment")
            or (row.txn_type == "loan_repayment" and row.counterparty_bank)
        )
        if not own and not (row.direction == "in" and row.txn_type == "transfer"):
            continue
        said = (row.counterparty_name, row.memo)
        in_name = c.bank.has("internet_lender_name", row.counterparty_name)
        fits = [each for each in PAYMENT_KINDS if c.bank.has(each, *said) or (each == "internet_lender" and in_name)]
        kind = fits[0] if fits else None
        kind = kind or ("other_loan" if row.txn_type == "loan_repayment" else None)
        if row.is_own_name and kind not in ("shopping_credit", "internet_lender", "other_loan"):
            continue
        if kind == "other_loan" and not row.counterparty_bank and row.txn_type != "standing_order":
            continue
        if kind and (own or kind == "internet_lender"):
            found.append(Row(**{**row.__dict__, "kind": kind}))
    return found


def nearest_branch(c: Customer) -> dict[str, Any]:
    """By the great circle, to 10 metres."""
    if c.core.latitude is None or c.core.longitude is None:
        return {"nearest_branch_id": None, "distance_to_nearest_branch_km": None}
    found = []
    for row in c.bank.newest("core.branches"):
        shut = row.closed_on is not None and row.closed_on <= c.as_of
        if row.level in ("branch", "outlet") and not shut and row.latitude is not None:
            here, there = math.radians(c.core.latitude), math.radians(row.latitude)
            east = math.radians(row.longitude - c.core.longitude)
            half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
            km = 2 * 6371.0088 * math.asin(math.sqrt(half))
            found.append((cents(Decimal(km)), row.branch_id))
    km, branch = min(found)
    near = km <= c.t["nearest_branch_km"]
    return {"nearest_branch_id": branch if near else None, "distance_to_nearest_branch_km": km if near else None}


def is_friend(c: Customer) -> bool:
    return any(
        row.deleted_on is None or row.deleted_on > c.as_of for row in c.bank.of("channels.wecom", c.id)
    )  # fmt: skip


@once
def suitability(c: Customer) -> dict[str, Any]:
    level = int(c.core.risk_level[1]) if c.core.risk_level else None
    on = c.core.risk_assessed_on
    valid = bool(on and level and c.as_of < plus_months(on, int(c.t["risk_assessment_valid_months"])))
    age = profile(c)["age"]
    senior = None if age is None else age >= c.t["protected_senior_age"]
    highest = (level or 0) if valid else 0
    return {
        "risk_level": level,
        "is_risk_assessment_valid": valid,
        "max_product_risk": min(highest, int(c.t["protected_senior_max_risk"])) if senior else highest,
        "is_protected_senior": senior,
    }


@once
def lending(c: Customer) -> dict[str, Any]:
    late = [row.overdue_days or 0 for row in c.running_loans] + [row.overdue_days or 0 for row in c.cards]
    return {
        "has_loan": bool(c.running_loans),
        "has_performing_loan": any(row.status == "performing" for row in c.loans),
        "loan_balance": sum((row.balance for row in c.running_loans), ZERO),
        "is_overdue": max(late, default=0) >= c.t["overdue_from_days"],
        "is_npl": any(row.status in ("npl", "written_off") for row in c.loans),
        "max_overdue_days": max(late, default=0),
        **loans_by_type(c),
        **loan_ages(c),
        **{f"{label}_{months}m": found for months in (12, 24) for label, found in punctuality(c, months).items()},
        **limits(c),
    }


def loans_by_type(c: Customer) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in ("mortgage", "consumer", "business", "online", "student", "auto"):
        own = [row for row in c.running_loans if row.loan_type == kind]
        name = kind if kind == "mortgage" else f"{kind}_loan"
        found |= {f"has_{name}": bool(own), f"{name}_balance": sum((row.balance for row in own), ZERO)}
    return found


def loan_ages(c: Customer) -> dict[str, Any]:
    settled = [row for row in c.loans if row.status == "settled" and row.settled_on and row.settled_on <= c.as_of]
    last = max(settled, key=lambda row: (row.settled_on, row.loan_id), default=None)
    opened = [row.opened_on for row in c.loans if row.opened_on <= c.as_of]
    ends = [row.matures_on for row in c.running_loans if row.matures_on]
    mortgages = [row.opened_on for row in c.running_loans if row.loan_type == "mortgage"]
    student = [row.graduates_on for row in c.loans
               if row.loan_type == "student" and row.status != "written_off" and row.graduates_on]  # fmt: skip
    return {
        "months_since_loan_opened": full_months(c.as_of, max(opened)) if opened else None,
        "months_to_loan_maturity": max(0, full_months(min(ends), c.as_of)) if ends else None,
        "months_since_loan_settled": full_months(c.as_of, last.settled_on) if last else None,
        "last_settlement_kind": last.settlement_kind if last else None,
        "mortgage_months": full_months(c.as_of, min(mortgages)) if mortgages else None,
        "student_graduates_on": max(student, default=None),
    }


def punctuality(c: Customer, months: int) -> dict[str, Any]:
    number = 365 * months // 12
    delivered = min(row.biz_date for row in c.bank.all_rows("lending.repayments"))
    begins = c.as_of - days(number)
    alive = [row for row in c.loans if row.status != "settled" or row.settled_on > begins]
    late_start = delivered > begins + days(int(c.t["repayment_slack_days"]))
    if not alive or any(late_start and delivered > row.opened_on for row in alive):
        return {"on_time_rate": None, "max_days_late": None}
    rows = [row for loan in c.loans for row in c.bank.ever("lending.repayments", loan.loan_id, "loan_id")]
    rows = c.within(rows, number)
    due = [row for row in rows if row.amount_due > 0]
    on_time = [row for row in due if row.days_late == 0 and row.amount_paid >= row.amount_due]
    late = [row.days_late for row in rows] + [row.overdue_days or 0 for row in c.loans if row.status != "settled"]
    return {
        "on_time_rate": share(Decimal(len(on_time)), Decimal(len(due))),
        "max_days_late": max(late, default=0),
    }


def limits(c: Customer) -> dict[str, Any]:
    active = [
        row for row in c.bank.of("lending.facilities", c.id) if row.status == "active" and row.expires_on >= c.as_of
    ]
    unused = []
    for row in active:
        drawn = c.bank.of("lending.loans", row.facility_id, "facility_id")
        left = row.approved_limit - (ZERO if row.is_revolving else sum((loan.principal for loan in drawn), ZERO))
        if row.used_amount == 0 and left > 0:
            free_from = max([row.granted_on, *(loan.settled_on for loan in drawn if loan.settled_on)])
            unused.append((left, (c.as_of - free_from).days))
    limit = sum((row.approved_limit for row in active), ZERO)
    used = sum((row.used_amount for row in active), ZERO)
    named = any(
        each for each in c.bank.by("facility_id", lambda: c.bank.newest("lending.loans"), "newest lending.loans")
    )
    return {
        "facility_limit_amount": limit,
        "facility_used_amount": used,
        "facility_utilisation_rate": share(used, limit),
        "has_unused_limit": bool(unused),
        "unused_limit_amount": sum((left for left, _ in unused), ZERO),
        "unused_limit_days": max((age for _, age in unused), default=None) if named else None,
    }


@once
def channel(c: Customer) -> dict[str, Any]:
    recent = {n: sum(day > c.as_of - days(n) for day in c.log_ins) for n in (30, 90, 180)}
    signed = any(c_row.product_code in service_codes(c.bank, "app") for c_row in c.signups)
    tier = "asleep" if signed or recent[180] else "never"
    for name in ("low", "medium", "high"):
        tier = name if recent[30] >= c.t[f"app_{name}_days"] else tier
    visits = flow(c)["branch_visits_90d"]
    return {
        "app_tier": tier,
        "app_active_days_30d": recent[30],
        "app_active_days_90d": recent[90],
        "app_active_weeks_45d_count": len({day.isocalendar()[:2] for day in c.log_ins if day > c.as_of - days(45)}),
        "days_since_app_login": (c.as_of - max(c.log_ins)).days if recent[180] else None,
        "is_wecom_friend": is_friend(c),
        **app_use(c),
        **wecom(c),
        "preferred_channel": None if not recent[90] and not visits else "app" if recent[90] >= visits else "branch",
    }


def app_use(c: Customer) -> dict[str, Any]:
    rows = [row for row in c.bank.ever("channels.app_activity", c.id) if row.login_count > 0]
    month, quarter = c.within(rows, 30), c.within(rows, 90)
    counts = {
        "login": len(month),
        "transfer": sum(row.transfer_count for row in month),
        "payment": sum(row.payment_count for row in month),
        "wealth": sum(row.wealth_view_count for row in month),
        "loan": sum(row.loan_view_count for row in month),
    }
    points = sum(
        min(c.t[f"app_points_{each}_most"], c.t[f"app_points_{each}"] * count) for each, count in counts.items()
    )
    used = {
        "loan": any(row.loan_view_count for row in quarter),
        "payment": any(row.payment_count for row in quarter),
        "transfer": any(row.transfer_count for row in quarter),
        "wealth": any(row.wealth_view_count for row in quarter),
    }
    undrawn = sum(
        (row.approved_limit - row.used_amount for row in c.bank.of("lending.facilities", c.id)
         if row.status == "active" and row.expires_on >= c.as_of), ZERO,
    )  # fmt: skip
    return {
        "app_payments_45d_count": sum(row.payment_count for row in c.within(rows, 45)),
        "app_points": points,
        "app_features_used_count": sum(used.values()),
        "app_features_missing": ",".join(each for each, there in used.items() if not there) or None,
        "has_unused_limit_and_app": undrawn >= c.t["unused_limit_from"] and len(month) >= c.t["app_low_days"],
    }


def wecom(c: Customer) -> dict[str, Any]:
    friends = [row for row in c.bank.of("channels.wecom", c.id) if row.deleted_on is None or row.deleted_on > c.as_of]
    talked = [row.last_interaction_on for row in friends if row.last_interaction_on]
    first = min((row.added_on for row in friends), default=None)
    return {
        "wecom_added_on": first,
        "wecom_friend_days": (c.as_of - first).days if first else None,
        "is_wecom_active_30d": any(day > c.as_of - days(30) for day in talked),
    }


def service_codes(bank: Landed, meaning: str) -> set[str]:
    return {row["pattern"] for row in bank.patterns if row["kind"] == "service" and row["meaning"] == meaning}


@once
def holding(c: Customer) -> dict[str, Any]:
    bank = c.bank
    held = {row.category for row in bank.of("wealth.holdings", c.id) if row.status == "held"}
    has_open = {row.account_type for row in c.accounts if row.status != "closed"}
    category = {row.product_code: row.category for row in bank.newest("core.products")}
    held |= {category[row.product_code] for row in c.running_loans}
    held |= {"demand"} if "demand" in has_open else set()
    held |= {"time"} if has_open & {"time", "notice", "cd"} else set()
    held |= {"card"} if any(row.status != "closed" for row in c.cards) else set()
    for meaning in ("app", "payment_binding"):
        held |= {meaning} if any(row.product_code in service_codes(bank, meaning) for row in c.signups) else set()
    core = {row.category for row in bank.newest("core.products") if row.is_core and row.category != "service"}
    for row in bank.newest("core.products"):
        core |= {
            each for each in ("app", "payment_binding") if row.is_core and row.product_code in service_codes(bank, each)
        }
    missing = sorted(core - held)
    return {
        **{f"has_{each}": each in held for each in ("demand", "time", "wealth", "fund", "insurance", "bond", "app")},
        "has_payment_binding": "payment_binding" in held,
        "has_loan_product": bool(c.running_loans),
        "has_credit_card": "card" in held,
        "has_social_security_card": any(
            row.kind == "social_security" and row.status not in ("closed", "lost")
            for row in bank.of("cards.debit_cards", c.id)
        ),
        "product_count": len(held),
        "products_held": ",".join(sorted(held)) or None,
        "products_missing": ",".join(missing) or None,
        "core_products_missing_count": len(missing),
        "newest_core_product_days": newest_taken(c, core & held),
        **services(c),
        **penetration(c, held),
        "holding_pattern": "+".join(name for name, parts in FAMILIES_HELD.items() if held & parts) or "none",
        **first_meeting(c, held),
    }


def newest_taken(c: Customer, core: set[str]) -> int | None:
    """Each kind of core product held: the first day of those held or ended within 180 days, and whether it is used."""
    bank, floor, half_year = c.bank, c.t["core_product_used_from"], c.as_of - days(180)
    category = {row.product_code: row.category for row in bank.newest("core.products")}
    meanings = {code: each for each in ("app", "payment_binding") for code in service_codes(bank, each)}
    owned: list[tuple[str, date, bool, date | None, bool]] = []  # kind, taken on, held, ended on, used
    for row in c.accounts:
        kind = "demand" if row.account_type == "demand" else "time"
        owned.append((kind, row.opened_on, row.status != "closed", row.closed_on, True))
    for row in bank.of("wealth.holdings", c.id):
        ended = row.redeemed_on or row.matures_on
        owned.append((row.category, row.bought_on, row.status == "held", ended, row.market_value >= floor))
    for row in c.loans:
        runs = row.status in ("performing", "overdue", "npl")
        owned.append((category[row.product_code], row.opened_on, runs, row.settled_on, row.balance >= floor))
    for card in c.cards:
        bought = [
            row for row in bank.ever("cards.card_transactions", card.card_id, "card_id")
            if row.biz_date > c.as_of - days(90) and row.channel != "atm" and not row.is_refund
        ]  # fmt: skip
        used = len(bought) >= c.t["core_product_purchases_from"]
        owned.append(("card", card.approved_on, card.status != "closed", card.closed_on, used))
    for row in bank.of("core.product_signups", c.id):
        if row.product_code in meanings:
            used = row.last_used_on is not None and row.last_used_on > c.as_of - days(30)
            runs = row.cancelled_on is None or row.cancelled_on > c.as_of
            owned.append((meanings[row.product_code], row.signed_on, runs, row.cancelled_on, used))
    taken = []
    for kind in core:
        of_kind = [each for each in owned if each[0] == kind and (each[2] or (each[3] and each[3] > half_year))]
        used = any(each[2] and each[4] for each in of_kind)
        if kind in ("demand", "time"):
            used = value(c)[f"{kind}_balance"] >= floor
        since = min(each[1] for each in of_kind)
        if used and half_year < since <= c.as_of - days(int(c.t["core_product_kept_days"])):
            taken.append((c.as_of - since).days)
    return min(taken, default=None)


FAMILIES_HELD = {
    "deposit": {"demand", "time"}, "investment": {"wealth", "fund", "insurance", "bond"},
    "loan": {"mortgage", "consumer_loan", "business_loan"}, "card": {"card"}, "digital": {"app", "payment_binding"},
}  # fmt: skip


def services(c: Customer) -> dict[str, Any]:
    def signed(meaning: str) -> bool:
        return any(row.product_code in service_codes(c.bank, meaning) for row in c.signups)

    return {
        "has_text_alerts": signed("sms"),
        "has_custody": signed("custody"),
        "has_gold_plan": signed("gold"),
        "has_collection_code": signed("collection_code"),
        "has_insurance_agency": signed("insurance_agency"),
        "has_etc": any(row.status == "active" for row in c.bank.of("channels.etc_contracts", c.id)),
        "has_merchant_contract": has_shop(c),
    }


def has_shop(c: Customer) -> bool:
    return any(row.status == "active" for row in c.bank.of("acquiring.merchants", c.id))


def penetration(c: Customer, held: set[str]) -> dict[str, Any]:
    products = {row.product_code: row for row in c.bank.newest("core.products")}
    known = {row["pattern"] for row in c.bank.patterns if row["kind"] == "service"}
    codes = {row.product_code for row in c.accounts if row.status != "closed"}
    codes |= {row.product_code for row in c.bank.of("wealth.holdings", c.id) if row.status == "held"}
    codes |= {row.product_code for row in c.running_loans} | {
        row.product_code for row in c.cards if row.status != "closed"
    }
    codes |= {row.product_code for row in c.signups if row.product_code in known}
    on_sale = {row.category for row in products.values() if row.is_on_sale and row.category != "service"}
    for each in ("app", "payment_binding"):
        codes_of_it = service_codes(c.bank, each)
        on_sale |= {each for row in products.values() if row.is_on_sale and row.product_code in codes_of_it}
    age = age_of(c)
    business = profile(c)["customer_kind"] in ("sole_proprietor", "villager") or has_shop(c)

    def may(category: str) -> bool:
        ages = {"mortgage": "consumer", "consumer_loan": "consumer", "business_loan": "business", "card": "card"}
        if category == "business_loan" and not business:
            return False
        if category in ages and age is not None:
            low, high = (c.t[f"credit_{ages[category]}_age_{end}"] for end in ("from", "to"))
            return low <= age <= high
        if category in ("wealth", "fund", "insurance", "bond") and age is not None:
            return age >= c.t["adult_age"]
        return True

    eligible = held | {each for each in on_sale if may(each)}
    return {
        "penetration_points": sum(products[code].penetration_points or 0 for code in codes if code in products),
        "eligible_product_count": len(eligible),
        "penetration_rate": share(Decimal(len(held)), Decimal(len(eligible))),
    }


def first_meeting(c: Customer, held: set[str]) -> dict[str, Any]:
    used = any(row.product_code in service_codes(c.bank, "app") and row.last_used_on for row in c.signups)
    must = {
        "app": used, "wecom": is_friend(c), "payment_binding": "payment_binding" in held,
        "consent": c.core.marketing_consent is not None, "risk_assessment": c.core.risk_level is not None,
    }  # fmt: skip
    may = {
        "deposit": value(c)["deposit_balance"] > 0, "payroll": flow(c)["is_payroll"] is not False,
        "card": "card" in held,
    }  # fmt: skip
    return {
        "is_first_meeting_done": all(must.values()),
        "first_meeting_missing": ",".join(each for each, done in must.items() if not done) or None,
        "first_meeting_optional_missing": ",".join(each for each, done in may.items() if not done) or None,
    }


@once
def value(c: Customer) -> dict[str, Any]:
    bank, as_of = c.bank, c.as_of
    demand = sum((c.evening(row, as_of) for row in c.accounts if row.account_type == "demand"), ZERO)
    time = sum((c.evening(row, as_of) for row in c.accounts if row.account_type != "demand"), ZERO)
    now = c.average(30)
    rank_now = bank.tier_rank(now)
    ends = [bank.tier_rank(c.average(30, day)) for day in month_ends(as_of, 6)]
    top = bank.tiers[-1][1]
    rank = max(
        [rank_now or 0, *(each for each in ends[:3] if each)] + ([top] if top in ends else []),
    )  # fmt: skip
    names = {each: (name, floor) for floor, each, name in bank.tiers}
    above = names.get(rank + 1)
    on_watch = rank_now is not None and rank_now < rank
    watch_since = None
    if on_watch:
        for day in month_ends(as_of, 13):
            then = bank.tier_rank(c.average(30, day))
            if then is None or then >= rank:
                break
            watch_since = day
    gap = above[1] - now if above and now is not None else None
    return {
        "demand_balance": demand,
        "time_balance": time,
        "deposit_balance": demand + time,
        "wealth_balance": c.invested(as_of),
        "aum": demand + time + c.invested(as_of),
        "aum_avg_30d": now,
        "aum_avg_90d": c.average(90),
        "aum_avg_365d": c.average(365),
        "aum_avg_31_120d": c.average(90, as_of - days(30)),
        "value_tier": names[rank][0],
        "value_tier_now": names[rank_now][0] if rank_now else None,
        "next_tier": above[0] if above else None,
        "gap_to_next_tier_amount": gap,
        "is_near_next_tier": bool(above and now is not None and now >= c.t["near_tier_share"] * above[1]),
        "is_on_tier_watch": on_watch,
        "tier_watch_since_on": watch_since,
        "annual_contribution_amount": contribution(c),
        "contribution_decile": deciles(bank)[c.id],
        **recency_frequency_money(c),
        "is_quarter_end_spike": is_spike(c),
    }


def contribution(c: Customer) -> Decimal:
    """A year's margin on what stands here today, and the fees of a year."""
    margins: dict[str, list[Decimal]] = defaultdict(list)
    for row in c.bank.newest("core.products"):
        margins[row.category].append(Decimal(str(row.annual_margin or 0)))
    stock: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for account in c.accounts:
        stock["demand" if account.account_type == "demand" else "time"] += c.evening(account, c.as_of)
    for category, rows in grouped(c.bank.ever("wealth.holdings", c.id), "category").items():
        stock[category] += c.invested_in({row.holding_id for row in rows}, c.as_of)
    for loan in c.loans:
        if loan.status == "performing":
            kind = {"mortgage": "mortgage", "business": "business_loan"}.get(loan.loan_type, "consumer_loan")
            stock[kind] += loan.balance
    for card in c.cards:
        if card.status != "closed" and not card.overdue_days:
            stock["card"] += card.current_balance
    total = sum(
        (
            cents(amount * (share(sum(margins[kind], ZERO), Decimal(len(margins[kind]))) or ZERO))
            for kind, amount in stock.items()
        ),
        ZERO,
    )
    for row in c.standing:
        if row.txn_type == "fee" and row.biz_date > plus_months(c.as_of, -12):
            total += row.amount if row.direction == "out" else -row.amount
    return total


def deciles(bank: Landed) -> dict[str, int]:
    def ranked() -> dict[str, int]:
        order = sorted(bank.customers, key=lambda each: (-contribution(bank.customers[each]), each))
        size, larger = divmod(len(order), 10)
        sizes = [size + (tenth < larger) for tenth in range(10)]
        tenths = [tenth + 1 for tenth, number in enumerate(sizes) for _ in range(number)]
        return dict(zip(order, tenths, strict=True))

    return bank.kept("deciles", ranked)


def recency_frequency_money(c: Customer) -> dict[str, Any]:
    last = max(c.own_days, default=None)
    recency: int | None = None
    seen = [last] if last else []
    ago = (c.as_of - max([c.core.opened_on, *seen])).days
    if last or c.known_days >= 180 or ago < 180:
        recency = next((n for n in (5, 4, 3, 2) if ago <= c.t[f"rfm_recency_{n}"]), 1)
    often = sum(day > c.as_of - days(60) for day in c.own_days)
    average = c.average(90)
    return {
        "rfm_recency": recency,
        "rfm_frequency": next((n for n in (5, 4, 3, 2) if often >= c.t[f"rfm_frequency_{n}"]), 1),
        "rfm_monetary": None if average is None
        else next((n for n in (5, 4, 3, 2) if average >= c.t[f"rfm_monetary_{n}"]), 1),
    }  # fmt: skip


def is_spike(c: Customer) -> bool | None:
    ends = [day for day in month_ends(c.as_of - days(10), 3) if day.month % 3 == 0]
    before, after = ends[0] - days(5), ends[0] + days(10)
    if before < c.bank.balances_from:
        return None
    top = c.aum_by_day[ends[0]]
    least = c.t["spike_share"] * top
    return top >= c.t["spike_min_amount"] and top - c.aum_by_day[before] > least and top - c.aum_by_day[after] > least


def outside(c: Customer) -> list[tuple[Row, str]]:
    """Money to and from outside with its kind; reversed ones left out."""
    found = []
    for row in c.transactions:
        if row.txn_id in c.bank.reversed_ids or row.txn_type not in ("transfer", "investment"):
            continue
        broker = c.bank.has("securities", row.counterparty_name)
        wealth = c.bank.has("outside_wealth", row.counterparty_name)
        if row.txn_type == "transfer" and row.counterparty_bank is None:
            continue
        if row.txn_type == "investment" and row.counterparty_bank is None and not broker:
            continue
        if broker:
            kind = "securities"
        elif wealth or row.txn_type == "investment":
            kind = "wealth"
        else:
            kind = "own_name" if row.is_own_name else "other"
        found.append((row, kind))
    return found


@once
def deposit(c: Customer) -> dict[str, Any]:
    as_of = c.as_of
    time = [
        (row, c.evening(row, as_of))
        for row in c.accounts
        if row.account_type in ("time", "cd") and row.status != "closed" and c.evening(row, as_of) > 0
    ]
    ahead = [(row, amount) for row, amount in time if row.matures_on and row.matures_on > as_of]
    moved = outside(c)

    def total(number: int, direction: str, *kinds: str) -> Decimal | None:
        if c.known_days < number:
            return None
        return sum(
            (row.amount for row, kind in moved
             if row.direction == direction and row.biz_date > as_of - days(number) and (not kinds or kind in kinds)
             and row.counterparty_bank is not None),
            ZERO,
        )  # fmt: skip

    demand = [row for row in c.accounts if row.account_type == "demand"]
    lowest = min(sum((c.evening(row, as_of - days(back)) for row in demand), ZERO) for back in range(30))
    since = plus_months(as_of, -6)
    outflow = sum((row.amount for row in c.flows if row.direction == "out" and row.biz_date > since), ZERO)
    idle = max(ZERO, lowest - c.t["idle_outflow_months"] * cents(outflow / 6))
    long_enough = c.bank.transactions_from <= since + days(1)
    destinations: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row, _ in moved:
        if row.direction == "out" and row.biz_date > as_of - days(90) and row.counterparty_bank:
            destinations[row.counterparty_bank] += row.amount
    held = value(c)
    change = {n: c.aum_by_day[as_of] - c.aum_by_day[as_of - days(n)] for n in (30, 90)}
    return {
        "next_maturity_on": min((row.matures_on for row, _ in ahead), default=None),
        **{
            f"matures_{n}d_amount": sum((amount for row, amount in ahead if row.matures_on <= as_of + days(n)), ZERO)
            for n in (7, 15, 30, 90)
        },
        "demand_share": share(held["demand_balance"], held["deposit_balance"]),
        "idle_demand_balance": idle if long_enough and (as_of - c.core.opened_on).days + 1 >= 30 else None,
        "aum_change_30d_amount": change[30],
        "aum_change_90d_amount": change[90],
        "other_bank_outflow_30d_amount": total(30, "out"),
        "other_bank_outflow_90d_amount": total(90, "out"),
        "own_name_outflow_90d_amount": total(90, "out", "own_name"),
        "own_name_inflow_90d_amount": total(90, "in", "own_name"),
        "top_destination_bank": min(destinations, key=lambda bank: (-destinations[bank], bank), default=None),
    }


@once
def activity(c: Customer) -> dict[str, Any]:
    as_of, quiet = c.as_of, int(c.t["dormant_days"])
    own = c.own_days
    last = max(own, default=None)
    since = dormant_since(c)
    judged: bool | None = since is not None
    low = (c.average(30) or ZERO) < c.t["dormant_aum_below"]
    performing = any(row.status == "performing" for row in c.loans)
    if since is None and last is None and c.known_days <= quiet and c.core.opened_on < c.bank.transactions_from:
        judged = None if low and not performing else False
    window = as_of - days(int(c.t["sign_of_life_days"]) - 1)
    credits = [
        row.biz_date
        for row in c.transactions
        if row.direction == "in" and row.txn_type not in ("interest", "fee", "tax", "court", "reversal")
    ]
    sign = judged
    if judged and since:
        sign = any(day >= since and day >= window for day in [*own, *credits])
    rich = value(c)["aum"] > c.t["long_dormant_balance"]
    custody = any(row.product_code == "custody" for row in c.signups)
    holds = any(row.status == "held" for row in c.bank.of("wealth.holdings", c.id)) or c.running_loans or custody
    silent = (as_of - max([c.core.opened_on, *([last] if last else [])])).days
    long_dormant: bool | None = None
    if rich or holds or silent < c.t["long_dormant_days"]:
        long_dormant = False
    elif c.known_days >= c.t["long_dormant_days"]:
        long_dormant = True
    return {
        "last_own_initiative_on": last,
        "own_initiative_days_60d": sum(day > as_of - days(60) for day in own) if c.known_days >= 60 else None,
        "is_dormant": judged,
        "dormant_since_on": since,
        "has_sign_of_life": sign,
        "is_long_dormant": long_dormant,
    }


def dormant_since(c: Customer) -> date | None:
    """Every day walked from the first: asleep or awake."""
    quiet = int(c.t["dormant_days"])
    start = max(c.core.opened_on, c.bank.transactions_from)
    own = sorted({start, *(day for day in c.own_days if day > start)})
    ends = {day: c.average(30, day) for day in month_ends(c.as_of, 13)} | {c.as_of: c.average(30)}
    loans = [row.opened_on for row in c.loans] + [row.settled_on for row in c.loans if row.settled_on]
    performing = any(row.status == "performing" for row in c.loans)
    asleep: date | None = None
    day = start
    blocked_until = start
    while day <= c.as_of:
        before = [each for each in own if each <= day]
        if asleep and day in own and len(before) > 1 and (day - before[-2]).days < 60:
            asleep = None
        elif not asleep and (day - before[-1]).days >= quiet and day >= blocked_until:
            asleep = day
        if (ends.get(day) or ZERO) >= c.t["dormant_aum_below"] or day in loans:
            asleep, blocked_until = None, day + days(1)
        day += days(1)
    return None if performing else asleep


@once
def flow(c: Customer) -> dict[str, Any]:
    as_of = c.as_of
    four_months = plus_months(as_of, -4)
    enough = (as_of - c.known_from).days + 1 >= c.t["payroll_history_days"]
    pay = salaries(c, four_months)
    best = None
    for employer, credits in pay.items():
        months = len({(day.year, day.month) for day in credits})
        if months >= c.t["payroll_months"]:
            key = (-months, -middle(list(credits.values())), employer)
            best = min(best, (key, employer)) if best else (key, employer)
    pensions = [row for row in c.transactions
                if row.txn_type == "pension" and row.direction == "in" and row.biz_date > four_months]  # fmt: skip
    pension_months = len({(row.biz_date.year, row.biz_date.month) for row in pensions})
    is_pension = pension_months >= c.t["pension_months"]

    def month_sum(direction: str, end: date) -> Decimal:
        return sum((row.amount for row in c.flows if row.direction == direction
                    and (row.biz_date.year, row.biz_date.month) == (end.year, end.month)), ZERO)  # fmt: skip

    whole = [end for end in month_ends(as_of, 6) if end.replace(day=1) >= c.known_from]
    by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
    out_by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for row in c.flows:
        (by_day if row.direction == "in" else out_by_day)[row.biz_date] += row.amount
    recent = [amount for day, amount in by_day.items() if day >= c.bank.since_news(7)]
    visits = {
        row.biz_date
        for row in c.transactions
        if row.channel == "counter"
        and row.biz_date > as_of - days(90)
        and row.txn_type not in ("interest", "fee", "tax", "court", "reversal")
        and row.is_customer_initiated is not False
    }
    return {
        "is_payroll": True if best else (False if enough else None),
        "payroll_employer": best[1] if best else None,
        "payroll_median_amount": middle(list(pay[best[1]].values())) if best else None,
        "is_pension": True if is_pension else (False if enough else None),
        "pension_median_amount": middle([row.amount for row in pensions]) if is_pension else None,
        "monthly_inflow_median_amount": middle([month_sum("in", end) for end in whole]) if len(whole) >= 3 else None,
        "monthly_outflow_median_amount": middle([month_sum("out", end) for end in whole]) if len(whole) >= 3 else None,
        "largest_inflow_7d_amount": max(recent, default=ZERO),
        "inflow_90d_amount": sum((a for day, a in by_day.items() if day > as_of - days(90)), ZERO),
        "inflow_prior_90d_amount": sum(
            (a for day, a in by_day.items() if as_of - days(180) < day <= as_of - days(90)), ZERO
        ) if (as_of - c.known_from).days + 1 >= 180 else None,
        "branch_visits_90d": len(visits),
        "largest_outflow_7d_amount": max(
            (amount for day, amount in out_by_day.items() if day >= c.bank.since_news(7)), default=ZERO
        ),
        "monthly_net_inflow_median_amount":
            middle([month_sum("in", end) - month_sum("out", end) for end in whole]) if len(whole) >= 3 else None,
        "inflow_stability_rate": stability([month_sum("in", end) for end in whole]),
        **payroll_stopped(c, enough),
        "pension_drawn_rate": pension_drawn(c, pensions) if is_pension else None,
    }  # fmt: skip


def stability(months: list[Decimal]) -> Decimal | None:
    total = sum(months, ZERO)
    if len(months) < 6 or not total:
        return None
    spread = (sum((6 * each - total) ** 2 for each in months) / 6).sqrt()  # six times the standard deviation
    return max(ZERO, share(total - spread, total) or ZERO)


def pension_drawn(c: Customer, pensions: list[Row]) -> Decimal | None:
    """Of the last three, what left the account within three days."""
    rates = []
    for credit in sorted(pensions, key=lambda row: (row.biz_date, row.txn_id), reverse=True)[:3]:
        gone = sum(
            (row.amount for row in c.transactions
             if row.account_id == credit.account_id and row.direction == "out"
             and credit.biz_date <= row.biz_date <= credit.biz_date + days(3)
             and (row.txn_type == "cash" or (row.txn_type == "transfer" and row.counterparty_bank))), ZERO,
        )  # fmt: skip
        rates.append(share(min(credit.amount, gone), credit.amount) or ZERO)
    return share(sum(rates, ZERO), Decimal(len(rates)))


def payroll_stopped(c: Customer, enough: bool) -> dict[str, Any]:
    pay = salaries(c, plus_months(c.as_of, -7))
    newest = max((day for credits in pay.values() for day in credits), default=None)
    series = False
    for credits in pay.values():
        last = max(credits, default=None)
        months = {(day.year, day.month) for day in credits if last and day > plus_months(last, -4)}
        series |= len(months) >= c.t["payroll_months"]
    wait = int(c.t["payroll_stopped_days"])
    stopped = bool(series and newest and (c.as_of - newest).days >= wait)
    return {
        "is_payroll_stopped": True if stopped else (False if enough else None),
        "payroll_stopped_since_on": newest + days(wait) if stopped and newest else None,
    }


def credited(c: Customer, since: date) -> dict[str, dict[date, Decimal]]:
    """Credits that look like pay: employer → day → amount."""
    low, high = c.t["payroll_min_amount"], c.t["payroll_max_amount"]
    found: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for row in c.transactions:
        if row.direction != "in" or row.biz_date <= since:
            continue
        said = (row.counterparty_name, row.memo)
        called_pay = row.txn_type == "transfer" and not row.is_own_name and c.bank.has("payroll", *said)
        if row.txn_type != "payroll" and not called_pay:
            continue
        if low <= row.amount <= high and not c.bank.has("reimbursement", *said):
            found[row.counterparty_name or row.counterparty_account or ""][row.biz_date] += row.amount
    return found


def salaries(c: Customer, since: date) -> dict[str, dict[date, Decimal]]:
    """Credits that count as pay: without bonuses."""
    kept = {}
    for employer, credits in credited(c, since).items():
        usual = middle(list(credits.values())) or ZERO
        kept[employer] = {
            day: amount for day, amount in credits.items() if amount <= c.t["payroll_bonus_multiple"] * usual
        }
    return kept


WEIGHTS = {"spouse": 6, "parent": 5, "co_holder": 4, "guarantor": 3, "referrer": 2, "transfer": 1}


def relation(c: Customer) -> dict[str, Any]:
    bank = c.bank
    family = relatives(bank)
    groups: dict[str, Decimal] = bank.kept("household aum", lambda: household_sums(bank))
    named = [bank.customers[row.customer_id] for row in bank.of("core.customers", c.id, "referrer_customer_id")]
    ties = bank.kept("ties", lambda: all_ties(bank))
    return {
        "household_size": len({c.id} | family[c.id]),
        "household_id": household(bank, c.id),
        "household_aum": groups[household(bank, c.id)],
        "referrals_12m": sum(each.core.opened_on > plus_months(c.as_of, -12) for each in named),
        "has_co_holder": any(row.relation_type == "co_holder" for row in c.relations),
        "transfer_tie_count": len(bank.kept("transfer ties", lambda: transfer_ties(bank))[c.id]),
        "influence_degree": sum(WEIGHTS[kind] for kind in ties[c.id].values()),
        **colleagues(c),
    }


def relatives(bank: Landed) -> dict[str, set[str]]:
    def told() -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for row in bank.newest("crm.relations"):
            if row.relation_type in ("spouse", "parent") and row.customer_id != row.related_customer_id:
                found[row.customer_id].add(row.related_customer_id)
                found[row.related_customer_id].add(row.customer_id)
        return found

    return bank.kept("relatives", told)


def household(bank: Landed, customer: str) -> str:
    family = relatives(bank)
    near = family[customer] | {customer}
    return min(near | {other for each in near for other in family[each]})


def household_sums(bank: Landed) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for each in bank.customers.values():
        found[household(bank, each.id)] += each.aum
    return found


def transfer_ties(bank: Landed) -> dict[str, set[str]]:
    """Customers who often send each other money; accounts that deal with many are nobody's friends."""
    since = plus_months(bank.as_of, -6)
    rows = [
        row
        for row in bank.all_rows("core.transactions")
        if row.txn_type == "transfer" and row.biz_date > since and row.counterparty_account in bank.owner_of
    ]
    partners: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if bank.owner_of[row.account_id] != bank.owner_of[row.counterparty_account]:
            partners[row.account_id].add(row.counterparty_account)
            partners[row.counterparty_account].add(row.account_id)
    busy = {each for each, others in partners.items() if len(others) > bank.numbers["transfer_tie_max_counterparties"]}
    booked: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if not {row.account_id, row.counterparty_account} & busy:
            booked[bank.owner_of[row.account_id], bank.owner_of[row.counterparty_account]] += 1
    found: dict[str, set[str]] = defaultdict(set)
    for (one, other), number in booked.items():
        if number >= bank.numbers["transfer_tie_min_transfers"] and one != other:
            found[one].add(other)
            found[other].add(one)
    return found


def all_ties(bank: Landed) -> dict[str, dict[str, str]]:
    """Customer → other customer → the strongest tie."""
    found: dict[str, dict[str, str]] = defaultdict(dict)

    def tie(one: str, other: str, kind: str) -> None:
        for here, there in ((one, other), (other, one)):
            if here != there and WEIGHTS[kind] > WEIGHTS.get(found[here].get(there, ""), 0):
                found[here][there] = kind

    for row in bank.newest("crm.relations"):
        if row.relation_type != "employer":
            tie(row.customer_id, row.related_customer_id, row.relation_type)
    for each in bank.customers.values():
        if each.core.referrer_customer_id:
            tie(each.id, each.core.referrer_customer_id, "referrer")
    for one, others in bank.kept("transfer ties", lambda: transfer_ties(bank)).items():
        for other in others:
            tie(one, other, "transfer")
    return found


def colleagues(c: Customer) -> dict[str, Any]:
    def paid() -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for each in c.bank.customers.values():
            for employer in credited(each, c.as_of - days(90)):
                found[employer].add(each.id)
        return found

    employers = c.bank.kept("employers", paid)
    size = max((len(employers[each]) for each in credited(c, c.as_of - days(90))), default=0)
    return {"employer_group_size": size, "is_employer_group_large": size >= c.t["employer_group_large_from"]}
