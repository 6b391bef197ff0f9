"""The tables that belong to no customer: the branch tree, managers, products, the market, the staff's pay."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from mingdan.sample_bank import names
from mingdan.sample_bank.bank import BANK_NAME, MARKET, Bank, Manager, generator
from mingdan.sample_bank.columns import LandingPart, day_number, day_of
from mingdan.sample_bank.holidays import day_kind, is_working_day
from mingdan.sample_bank.products import LOAN_RATES, PRODUCT_TERM, PRODUCTS, RATES

DAILY_CAPACITY = {"wealth": 12, "credit": 8, "merchant": 8, "lobby": 20, "corporate": 5, "collection": 10, "teller": 6}
DAYS_BETWEEN_ABSENCES = 97
ABSENCE_KNOWN_AHEAD = 14
FIRST_RATES = day_number(date(2024, 1, 1))
# What a customer is worth of each of a branch's targets, a year: cents, or cents standing for a count.
TARGETS = {"loan_balance": 1_800_000, "app_active": 25, "wecom_active": 7}
# Head office's targets, which its branches are to share: cents a customer, and what the planted cases hold.
BANK_TARGETS = {"deposit_avg": (6_100_000, 4_500_000_000), "deposit_time_avg": (2_600_000, 2_100_000_000)}
SHARE_LINES = {
    "personal_demand": 1.0,
    "personal_time": 1.9,
    "corporate_deposit": 0.9,
    "personal_loan": 0.8,
    "corporate_loan": 1.1,
}
MARKET_SHARES = dict(zip([BANK_NAME, *names.OTHER_BANKS], [0.31, 0.19, 0.17, 0.14, 0.11, 0.08], strict=False))
MARKET_GROWTH = {"deposit": 0.07, "loan": 0.05}  # a year
# What the bank's share gains a year, at the cost of the next bank: deposits on demand leak to it, loans are won.
SHARE_GAINS = {"personal_demand": -0.02, "personal_time": 0.008, "corporate_deposit": -0.006, "personal_loan": 0.015}
CORPORATES_A_YEAR = 4  # new ones at each open unit


def write_snapshots(bank: Bank, out: LandingPart, day: int, with_slow: bool) -> None:
    """The snapshot tables of a day; the slow ones (on change) only `with_slow`."""
    _write_branches(bank, out, day)
    out.write_rows("core.managers", day, [_manager_row(bank, each, day) for each in bank.managers])
    _write_products(out, day)
    _write_corporates(bank, out, day)
    rows = [
        {
            "activity_id": each["id"], "branch_id": bank.unit_ids[each["unit"]], "kind": each["kind"],
            "theme": each["theme"],
            "held_on": each["held_on"], "seats": each["seats"], "cost": each["cost"],
        }
        for each in bank.activities
        if each["held_on"] <= day + 30  # announced a month ahead
    ]  # fmt: skip
    out.write_rows("crm.activities", day, rows)
    if with_slow:
        _write_calendar(bank, out, day)
        _write_surroundings(bank, out, day)
        _write_targets(bank, out, day)


def write_events(bank: Bank, out: LandingPart, day: int) -> None:
    """The event tables of a day: most days have none."""
    today = day_of(day)
    month = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    if today.day == 15:
        _write_market_share(bank, out, day, month)
    if today.day == 10:
        _write_pay(bank, out, day, month)
    _write_market_events(bank, out, day)


def _write_branches(bank: Bank, out: LandingPart, day: int) -> None:
    rows = []
    for each in bank.branch_rows:
        is_closed = each.get("closed_on", day + 1) <= day
        rows.append(
            {
                "branch_id": each["id"], "branch_name": each["name"], "parent_branch_id": each.get("parent"),
                "level": each["level"], "region_code": bank.region_codes[each["region"]] if "region" in each else None,
                "branch_class": each.get("class"),
                "latitude": round(float(each["at"][0]), 6), "longitude": round(float(each["at"][1]), 6),
                "daily_capacity": each.get("capacity", 0), "open_weekdays": each.get("open", "12345"),
                "closed_on": each["closed_on"] if is_closed else None,
                "successor_branch_id": each["successor"] if is_closed else None,
            }
        )  # fmt: skip
    out.write_rows("core.branches", day, rows)


def _manager_row(bank: Bank, manager: Manager, day: int) -> dict[str, object]:
    began = day - (day - manager.absence_phase) % DAYS_BETWEEN_ABSENCES
    starts = began if began + manager.absence_days > day else began + DAYS_BETWEEN_ABSENCES
    row: dict[str, object] = {
        "manager_id": manager.id, "branch_id": bank.unit_ids[manager.unit], "manager_name": manager.name,
        "role": manager.role,
        "daily_capacity": DAILY_CAPACITY[manager.role], "is_active": manager.leaves_on > day,
    }  # fmt: skip
    if starts <= day + ABSENCE_KNOWN_AHEAD:
        row |= {"absent_from": starts, "absent_until": starts + manager.absence_days - 1}
        row["substitute_id"] = bank.manager_ids[manager.substitute] if manager.substitute >= 0 else None
    return row


def _write_products(out: LandingPart, day: int) -> None:
    rows = [
        {
            "product_code": code, "product_name": name, "category": category, "is_core": is_core,
            "is_on_sale": is_on_sale,
            "risk_level": risk, "min_amount": None if least is None else least * 100, "penetration_points": points,
            "annual_margin": round(margin * 1_000_000), "refinance_allowed": may_refinance,
        }
        for code, (name, category, is_core, is_on_sale, risk, least, points, margin, may_refinance) in PRODUCTS.items()
    ]  # fmt: skip
    out.write_rows("core.products", day, rows)
    rates = [(code, PRODUCT_TERM[code], rate, since) for since, table in RATES for code, rate in table.items()]
    rates += [(code, term, rate, FIRST_RATES) for code, (term, rate) in LOAN_RATES.items()]
    rows = [
        {
            "product_code": code, "term_months": term, "annual_rate": rate, "valid_from": since,
            "competitor_rate": rate - 1500 if code in LOAN_RATES else rate + 500 + 250 * (term >= 24),
        }
        for code, term, rate, since in rates
        if since <= max(day, FIRST_RATES)
    ]  # fmt: skip
    out.write_rows("core.product_rates", day, rows)


def _write_corporates(bank: Bank, out: LandingPart, day: int) -> None:
    paid_here = 0.22 * bank.customers  # customers with wages paid in, about
    rows = []
    for number, each in enumerate(bank.corporates):
        manager = bank.corporate_manager[each["unit"]]
        swing = 1 + 0.25 * np.sin(2 * np.pi * (day / 91 + each["phase"]))
        rows.append(
            {
                "corporate_id": each["id"], "corporate_name": each["name"], "branch_id": bank.unit_ids[each["unit"]],
                "manager_id": bank.manager_ids[manager] if manager >= 0 else None, "industry": each["industry"],
                "opened_on": each["opened"], "balance": int(each["balance"] * swing),
                "avg_balance_year": each["balance"],
                "legal_rep_customer_id": f"C{bank.legal_representative(number):09d}",
                "payroll_headcount": 0
                if each["pays_elsewhere"]
                else round(bank.employer_weight[number] * paid_here),
                "payroll_name_patterns": each["name"] if each["weight"] else None,
            }
        )  # fmt: skip
    rows += _new_corporates(bank, day)
    out.write_rows("crm.corporates", day, rows)


def _new_corporates(bank: Bank, day: int) -> list[dict[str, object]]:
    """Corporates that have opened an account since the first day, evenly over the year and over the open units."""
    rows: list[dict[str, object]] = []
    for number in range((day - bank.first_day) * CORPORATES_A_YEAR * bank.open_units // 365):
        opened = bank.first_day + (number + 1) * 365 // (CORPORATES_A_YEAR * bank.open_units)
        unit = (number * 7 + number // bank.open_units) % bank.open_units
        balance = 2_000_000 + number * 7_654_321 % 60_000_000  # cents
        rows.append(
            {
                "corporate_id": f"G8{number:08d}",
                "corporate_name": f"{bank.region_names[bank.units[unit]['region']]}新设{number + 1}号公司",
                "branch_id": bank.unit_ids[unit], "industry": names.INDUSTRIES[number % len(names.INDUSTRIES)],
                "opened_on": opened, "balance": balance, "avg_balance_year": balance if opened < day else None,
                "payroll_headcount": 0,
            }
        )  # fmt: skip
    return rows


def _write_calendar(bank: Bank, out: LandingPart, day: int) -> None:
    first, last = (
        day_number(date(day_of(bank.first_day).year - 1, 1, 1)),
        day_number(date(day_of(day).year + 1, 12, 31)),
    )
    rows = [
        {"cal_date": each, "is_business_day": is_working_day(day_of(each)), "holiday_name": day_kind(day_of(each))[1]}
        for each in range(first, last + 1)
    ]
    out.write_rows("core.calendar", day, rows)


def _write_surroundings(bank: Bank, out: LandingPart, day: int) -> None:
    rows = []
    for each in bank.villages:
        manager = bank.credit_manager[each["unit"]]
        rows.append(
            {
                "village_code": each["code"], "village_name": each["name"], "branch_id": bank.unit_ids[each["unit"]],
                "grid_manager_id": bank.manager_ids[manager] if manager >= 0 else None,
                "households": each["households"],
                "latitude": round(float(each["at"][0]), 6), "longitude": round(float(each["at"][1]), 6),
                "census_done_on": each["census"] if each["census"] <= day else None,
            }
        )  # fmt: skip
    out.write_rows("external.villages", day, rows)
    rows = [
        {
            "place_id": each["id"], "place_name": each["name"], "kind": each["kind"], "partner_status": each["partner"],
            "latitude": round(float(each["at"][0]), 6), "longitude": round(float(each["at"][1]), 6),
            "households_or_stalls": each["size"],
        }
        for each in bank.places
    ]  # fmt: skip
    out.write_rows("external.places", day, rows)


def _write_targets(bank: Bank, out: LandingPart, day: int) -> None:
    year = day_of(day).year
    rows: list[dict[str, object]] = [
        {
            "branch_id": bank.branch_rows[0]["id"], "period": str(year), "metric": metric,
            "target_value": bank.customers * value + planted,
        }
        for metric, (value, planted) in BANK_TARGETS.items()
    ]  # fmt: skip
    for period in (str(year), *(f"{year}Q{quarter}" for quarter in (1, 2, 3, 4))):
        for unit in range(bank.open_units):
            branch = {"branch_id": bank.unit_ids[unit], "period": period}
            customers = bank.customers * bank.unit_weight[unit]
            rows += [
                {**branch, "metric": metric, "target_value": int(value * customers)}
                for metric, value in TARGETS.items()
            ]
            rows.append({**branch, "metric": "new_corporate_accounts", "target_value": 200 if "Q" in period else 800})
    out.write_rows("crm.targets", day, rows)


def _write_market_events(bank: Bank, out: LandingPart, day: int) -> None:
    events: list[tuple[str, str, int]] = []
    for (_, before), (since, rates) in zip(RATES, RATES[1:], strict=False):
        if since == day:
            events += [
                ("deposit_rate_cut", code, before[code] - rate) for code, rate in rates.items() if rate < before[code]
            ]
    luck = generator(bank.seed, MARKET, day).random(4)
    events += [("fund_nav_drop", "F02", 30_000 + int(luck[1] * 40_000))] if luck[0] < 0.012 else []
    events += [("wealth_break_even_miss", "W365", 2_000 + int(luck[1] * 3_000))] if luck[2] < 0.004 else []
    # a week before the day of the planted cases a fund falls, three days before a product misses its benchmark
    events += (
        [("fund_nav_drop", "F02", 42_000)] if day == bank.horizon - 6 and not any(e[1] == "F02" for e in events) else []
    )
    events += (
        [("wealth_break_even_miss", "W365", 3_000)]
        if day == bank.horizon - 3 and not any(e[1] == "W365" for e in events)
        else []
    )
    events += [("gold_move", "gold", int((luck[1] - 0.45) * 80_000))] if luck[3] < 0.02 else []
    rows = [
        {"event_date": day, "event_type": kind, "product_code": code, "magnitude": size} for kind, code, size in events
    ]
    out.write_rows("external.market_events", day, rows)


def _write_market_share(bank: Bank, out: LandingPart, day: int, month: str) -> None:
    rng = generator(bank.seed, MARKET, day, 1)
    market = bank.customers * 6_000_000 / len(bank.region_codes)  # cents of a line in a county, about
    years = (day - bank.first_day) / 365
    shifts = {BANK_NAME: years, names.OTHER_BANKS[0]: -years}
    rows = [
        {
            "biz_month": month, "region_code": region, "bank_name": name, "business_line": line,
            "balance": int(
                factor * market * (1 + MARKET_GROWTH["loan" if line.endswith("loan") else "deposit"]) ** years
                * (share + SHARE_GAINS.get(line, 0) * shifts.get(name, 0)) * (1 + 0.005 * rng.standard_normal())
            ),
        }
        for region in bank.region_codes
        for line, factor in SHARE_LINES.items()
        for name, share in MARKET_SHARES.items()
    ]  # fmt: skip
    out.write_rows("external.market_share", day, rows)


def _write_pay(bank: Bank, out: LandingPart, day: int, month: str) -> None:
    rng = generator(bank.seed, MARKET, day, 2)
    rows = []
    for each in bank.managers:
        performance, allowances = float(rng.gamma(2.0, 0.35)), int(rng.integers(20_000, 90_000))
        if each.leaves_on <= day:
            continue
        base = 480_000 if each.role in ("wealth", "credit", "corporate") else 420_000
        gross = base + int(base * performance) + allowances
        insurance, fund, annuity = gross * 105 // 1000, gross * 12 // 100, gross * 4 // 100
        tax = max(gross - insurance - fund - annuity - 500_000, 0) * 3 // 100
        rows.append(
            {
                "staff_id": each.id, "branch_id": bank.unit_ids[each.unit], "pay_month": month, "base_pay": base,
                "performance_pay": int(base * performance), "allowances": allowances, "insurance_employee": insurance,
                "insurance_employer": gross * 265 // 1000, "housing_fund_employee": fund, "housing_fund_employer": fund,
                "annuity_employee": annuity, "annuity_employer": gross * 8 // 100, "tax": tax,
                "net_pay": gross - insurance - fund - annuity - tax,
            }
        )  # fmt: skip
    out.write_rows("hr.staff_pay", day, rows)
