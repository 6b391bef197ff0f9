"""Small made-up worlds: the tables that delivery's models read, with everything in them that a rule can turn on."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from tests.delivery.reference import World

AS_OF, LIST_DATE = date(2026, 8, 7), date(2026, 8, 8)  # a Friday and the Saturday after it: not all branches work

# Shares and capacities large enough for each to bind in a small world.
POLICY: dict[str, Any] = {
    "control": {"holdout_share": 0.25, "universal_share": 0.04, "explore_share": 0.25},
    "contact": {
        "caps": [
            {"days": 7, "most": 2, "what": "reached"},
            {"days": 45, "most": 4, "what": "reached"},
            {"days": 10, "most": 3, "what": "attempts"},
            {"days": 3, "most": 1, "what": "attempts", "channel": "call"},
            {"days": 5, "most": 1, "what": "reached", "channel": "sms"},
            {"days": 14, "most": 1, "what": "reached", "list": "alpha"},
        ],
        "unreached_attempts": 3, "unreached_pause_days": 14, "refused_cool_down_days": 90, "refusals_30d": 3,
        "complaint_pause_days": 30,
    },
    "central": {
        name: {"capacity": room, "holdout_share": 0.25}
        for name, room in {"remote": 2, "sms": 3, "wecom": 1, "app_push": 2}.items()
    },
    "default_branch_capacity": 3,
    "takeover_ratio": 1.5,
}  # fmt: skip

CHANNELS = ("call", "sms", "wecom", "visit")
TABLES = {
    "list_members": "list, subject_type, subject_id, is_entry boolean, score integer, stake_amount decimal(18,2), "
    "due_on date, rule_ids, talk_variant, baseline, facts",
    "lead_memory": "list, subject_type, subject_id, lead_id, is_ghost boolean, first_listed_on date, "
    "last_published_on date, is_list_on boolean, was_open boolean, valid_until date, last_branch_id, "
    "central_channel, is_with_centre boolean, held_out_on date, last_contact_on date, last_outcome, "
    "refused_on date, lead_state, closes_on date",
    "list_rules": "list, subject_type, purpose, product_family, offer, owner_role, branch_rule, channels, "
    "central_channel, weight decimal(9,6), base_rate decimal(9,6), valid_days integer, cool_down_days integer, "
    "min_per_branch integer, most_per_branch integer, annual_margin decimal(9,6), value_per_success decimal(18,2), "
    "product_risk integer",
    "subjects": "subject_type, subject_id, home_branch_id, nearest_branch_id, manager_id, full_name, mobile, gender, "
    "age_band, value_tier, products_held, products_missing, aum decimal(18,2), risk_level, max_product_risk integer, "
    "is_staff boolean, is_deceased boolean, is_minor boolean, is_do_not_contact boolean, "
    "has_marketing_consent boolean, is_profiling_refused boolean, is_overdue boolean, is_npl boolean, "
    + ", ".join(f"can_{channel}_{purpose} boolean" for channel in CHANNELS for purpose in ("marketing", "service")),
    "published_decisions": "lead_id, list, subject_type, subject_id",
    "verdicts": "list, check_name",
    "prospect_links": "prospect_id, customer_id",
    "stg_crm__contacts": "contact_id, lead_id, customer_id, contacted_at timestamp, recorded_at timestamp, channel, "
    "outcome, refused_channel, subject_id",
    "stg_core__customers": "customer_id, marketing_consent boolean, do_not_contact boolean, consent_updated_on date",
    "stg_crm__outside_contacts": "customer_id, contacted_at timestamp, channel, outcome",
    "stg_crm__channel_preferences": "customer_id, channel, is_refused boolean, updated_on date",
    "stg_crm__complaints": "customer_id, closed_on date",
    "stg_core__managers": "manager_id, branch_id, manager_name, role, daily_capacity integer, substitute_id, "
    "absent_from date, absent_until date, is_active boolean",
    "stg_core__branches": "branch_id, branch_name, level, parent_branch_id, successor_branch_id, closed_on date, "
    "open_weekdays, daily_capacity integer",
    "stg_core__calendar": "cal_date date, is_business_day boolean",
    "stg_lending__loans": "loan_id, customer_id, branch_id, manager_id, status, opened_on date",
    "label_merchant": "customer_id, merchant_id",
    "stg_acquiring__merchants": "merchant_id, branch_id, manager_id",
}


def world(seed: int, branches: int, subjects: int, lists: int, strictness: float) -> World:
    """A world of so many branches, subjects and lists; strictness: how often something stands against a contact."""
    draw = Random(seed)
    made: World = {name: [] for name in TABLES}
    units = [f"B{number}" for number in range(branches)]
    managers = [f"M{number}" for number in range(draw.randint(0, 2 * branches))]
    people = [f"C{number}" for number in draw.sample(range(200), subjects)]
    codes = ["alpha", "beta", "gamma", "delta", "epsilon"][:lists]

    def maybe(share: float) -> bool:
        return draw.random() < share

    def ago(most: int, least: int = 0) -> date:
        return LIST_DATE - timedelta(days=draw.randint(least, most))

    def flag(usual: bool) -> bool | None:
        return draw.choice([not usual, None]) if maybe(strictness / 12) else usual

    made["stg_core__calendar"] = [{"cal_date": LIST_DATE, "is_business_day": maybe(0.3)}]
    for unit in units:
        made["stg_core__branches"].append({
            "branch_id": unit, "branch_name": unit, "level": "sub_branch" if maybe(0.05) else "branch",
            "parent_branch_id": draw.choice([None, *units]), "successor_branch_id": draw.choice([None, *units]),
            "closed_on": draw.choice([ago(9), LIST_DATE, LIST_DATE + timedelta(days=1)]) if maybe(0.2) else None,
            "open_weekdays": draw.choice(["123456", "1234567", "123456", None]),
            "daily_capacity": draw.choice([None, 0, 1, 2, 3, 5]),
        })  # fmt: skip
    for manager in managers:
        absent = ago(3) if maybe(0.3) else None
        made["stg_core__managers"].append({
            "manager_id": manager, "branch_id": draw.choice(units), "manager_name": manager,
            "role": draw.choice(["lobby", "credit"]), "daily_capacity": draw.choice([0, 1, 2, 3]),
            "substitute_id": draw.choice([None, *managers]), "absent_from": absent,
            "absent_until": None if absent is None or maybe(0.5) else absent + timedelta(days=draw.randint(0, 4)),
            "is_active": maybe(0.9),
        })  # fmt: skip
    for code in codes:
        purpose = draw.choice(["marketing", "marketing", "marketing", "service", "recovery"])
        margin = draw.choice([None, 0.5, 0.25])
        made["list_rules"].append({
            "list": code, "subject_type": "customer", "purpose": purpose, "product_family": draw.choice("fgh"),
            "offer": "offer", "owner_role": draw.choice(["lobby", "credit"]),
            "branch_rule": draw.choice(["home", "home", "loan", "merchant", "nearest"]),
            "channels": ",".join(draw.sample(CHANNELS, draw.randint(1, 4))),
            "central_channel": draw.choice(["", "", "remote", "sms", "wecom", "app_push"]),
            "weight": draw.choice([0.5, 1, 1.5]), "base_rate": draw.choice([0.25, 0.5]),
            "valid_days": 30, "cool_down_days": draw.choice([7, 30]),
            "min_per_branch": draw.choice([None, 0, 0, 1, 2]), "most_per_branch": draw.choice([None, None, 1, 2]),
            "annual_margin": margin, "value_per_success": draw.choice([None, 64, 100]),
            "product_risk": draw.choice([None, 1, 1, 1, 3]),
        })  # fmt: skip
        if maybe(0.05):
            made["verdicts"].append({"list": code, "check_name": "too_many"})
    purposes = {row["list"]: row["purpose"] for row in made["list_rules"]}
    central = {row["list"]: row["central_channel"] for row in made["list_rules"]}
    kinds = {person: "prospect" if maybe(0.1) else "customer" for person in people}
    for person in people:
        made["subjects"].append({
            "subject_type": kinds[person], "subject_id": person, "home_branch_id": draw.choice([None, *units * 3]),
            "nearest_branch_id": draw.choice([None, *units]), "manager_id": draw.choice([None, *managers]),
            "value_tier": draw.choice([None, "basic", "private"]), "aum": 1,
            "products_held": draw.choice([None, "demand,app", "app", "card"]),
            "max_product_risk": draw.choice([None, 0, 1, 2, 3]),
            "is_staff": flag(False), "is_deceased": flag(False), "is_minor": flag(False),
            "is_do_not_contact": flag(False), "has_marketing_consent": flag(True),
            "is_profiling_refused": flag(False), "is_overdue": flag(False), "is_npl": flag(False),
            **{
                f"can_{channel}_{purpose}": draw.choice([True, True, True, False, None])
                for channel in CHANNELS for purpose in ("marketing", "service")
            },
        })  # fmt: skip
        if maybe(0.1):
            closed_on = draw.choice([None, AS_OF, LIST_DATE])
            made["stg_crm__complaints"].append({"customer_id": person, "closed_on": closed_on})
        if maybe(0.1):
            made["stg_crm__channel_preferences"].append(
                {"customer_id": person, "channel": draw.choice(["app_push", "sms"]), "is_refused": maybe(0.7),
                 "updated_on": draw.choice([None, ago(20)])}
            )  # fmt: skip
        if maybe(0.5) and kinds[person] == "customer":
            made["stg_core__customers"].append({
                "customer_id": person, "marketing_consent": draw.choice([True, True, True, False, None]),
                "do_not_contact": draw.choice([False, False, False, True, None]),
                "consent_updated_on": draw.choice([None, ago(20), ago(20)]),
            })  # fmt: skip
        for number in range(draw.choice([0, 0, 1, 2, 3])):
            made["stg_lending__loans"].append({
                "loan_id": f"{person}-{number}", "customer_id": person, "branch_id": draw.choice(units),
                "manager_id": draw.choice([None, *managers]), "opened_on": ago(3),
                "status": draw.choice(["performing", "overdue", "settled"]),
            })  # fmt: skip
        if maybe(0.5):
            made["label_merchant"].append({"customer_id": person, "merchant_id": f"S{person}"})
            if maybe(0.8):
                made["stg_acquiring__merchants"].append({
                    "merchant_id": f"S{person}", "branch_id": draw.choice([None, *units]),
                    "manager_id": draw.choice([None, *managers]),
                })  # fmt: skip
        for code in codes:
            if maybe(0.4):
                made["lead_memory"].append(remembered(draw, code, person, kinds[person], purposes[code],
                                                      central[code], units))  # fmt: skip
            if maybe(0.75):
                made["list_members"].append({
                    "list": code, "subject_type": kinds[person], "subject_id": person, "is_entry": maybe(0.85),
                    "score": draw.choice([0, 20, 50, 100]), "stake_amount": draw.choice([None, -5, 0, 100, 200, 400]),
                })  # fmt: skip
        if maybe(0.2 + strictness / 2):
            for _ in range(draw.randint(1, 5)):
                contacted(draw, made, person, kinds[person], codes)
        if maybe(0.1):  # refusals far enough apart for no cap to come first
            for back in draw.choice([(29, 20, 11), (30, 20, 11), (29, 11)]):
                contacted(draw, made, person, kinds[person], codes, back, "not_interested")
    return made


def remembered(
    draw: Random, code: str, person: str, kind: str, purpose: str, central: str, units: list[str]
) -> dict[str, Any]:
    """A lead of earlier days: open, closed since, or closed long ago."""
    states = ["open", "attempted", "follow_up"] * 3 + ["won", "lost", "lost", "reassigned", "unreachable", "expired"]
    state = draw.choice([*states, "superseded", "no_longer_true"])
    first = LIST_DATE - timedelta(days=draw.choice([1, 1, 2, 5, 15, 16, 29, 30, 31, 60, 90, 91]))
    closes = first + timedelta(days=draw.choice([0, 1, 15, 30]))
    is_open = state in ("open", "attempted", "follow_up")
    ghost = purpose == "marketing" and draw.random() < 0.25
    published = LIST_DATE - timedelta(days=draw.choice([1, 1, 38, 39]))
    with_centre = bool(central) and is_open and not ghost and draw.random() < 0.3
    return {
        "list": code, "subject_type": kind, "subject_id": person, "lead_id": f"L-{code}-{person}", "is_ghost": ghost,
        "first_listed_on": first, "last_published_on": published,
        "is_list_on": True, "was_open": is_open or (state in ("won", "lost", "expired") and draw.random() < 0.3),
        "valid_until": first + timedelta(days=30), "last_branch_id": draw.choice(units),
        "central_channel": central if with_centre else None, "is_with_centre": with_centre,
        "held_out_on": published if ghost else None,
        "refused_on": first if state == "lost" and draw.random() < 0.5 else None,
        "lead_state": state, "closes_on": closes,
    }  # fmt: skip


def contacted(
    draw: Random, made: World, person: str, kind: str, codes: list[str], back: int | None = None, outcome: str = ""
) -> None:
    """A contact near one of the windows' ends unless told when, by the bank's own people or by another system."""
    if back is None:
        back = draw.choice([0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 13, 14, 29, 30, 44, 45])
    on = datetime.combine(LIST_DATE - timedelta(days=back), time(10))
    channel = draw.choice(["call", "sms", "visit", "app_push"])
    if not outcome and kind == "customer" and draw.random() < 0.5:
        outcome = draw.choice(["reached", "reached", "not_reached", "refused"])
        row = {"customer_id": person, "contacted_at": on, "channel": channel, "outcome": outcome}
        made["stg_crm__outside_contacts"].append(row)
        return
    lead = f"P{len(made['published_decisions'])}"
    made["published_decisions"].append(
        {"lead_id": lead, "list": draw.choice(codes), "subject_type": kind, "subject_id": person}
    )
    usual = ["interested", "not_reached", "call_again", "not_interested"] * 4
    outcome = outcome or draw.choice([*usual, *usual, "complaint", "do_not_contact", "do_not_contact", "deceased"])
    refused = draw.choice([None, "call", "sms", "app_push"]) if outcome == "do_not_contact" else None
    late = timedelta(days=draw.choice([0, 0, 0, 0, 1, 9]))
    made["stg_crm__contacts"].append({
        "contact_id": lead, "lead_id": lead, "customer_id": person if kind == "customer" else None,
        "contacted_at": on, "recorded_at": on + late, "channel": channel, "outcome": outcome,
        "refused_channel": refused, "subject_id": None if kind == "customer" else draw.choice([None, person]),
    })  # fmt: skip
