"""The second reading of what is paid for, and of what the customer has and owes elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from tests.labels.landed import ZERO, Customer, Row, days, middle, plus_months, share
from tests.labels.oracle import recognised, salaries


def payments(c: Customer) -> dict[str, Any]:
    def of(kind: str, number: int) -> list[Row]:
        found = [row for row in recognised(c, number) if row.kind == kind and row.direction == "out"]
        return [row for row in found if not row.is_own_name and row.txn_type != "loan_repayment"]

    quarter = c.within(c.standing, 90)
    brokers = [
        row for row in quarter
        if row.txn_type in ("transfer", "investment")
        and c.bank.has("securities", row.counterparty_name, row.counterparty_bank)
        and (row.counterparty_bank or row.txn_type == "investment")
    ]  # fmt: skip
    kin = {each.other for each in c.relations if each.relation_type in ("spouse", "parent")}
    support = {
        row.txn_id: row.amount for row in quarter
        if row.direction == "out" and row.txn_type == "transfer" and not row.counterparty_bank
        and c.bank.owner_of.get(row.counterparty_account) in kin
    } | {row.txn_id: row.amount for row in of("household", 90)}  # fmt: skip
    outflow = [
        row
        for row in c.within(c.flows, 90)
        if row.direction == "out" and row.txn_id not in c.bank.reversed_ids
    ]  # fmt: skip
    bought = [row for row in outflow if row.txn_type in ("purchase", "transfer")]
    spent = [
        row for row in outflow if row.txn_type in ("purchase", "transfer", "cash", "standing_order", "loan_repayment")
    ]
    tolls = total(of("toll", 90))
    etc = any(row.status == "active" for row in c.bank.of("channels.etc_contracts", c.id))
    return {
        **{f"{kind}_90d_amount": total(of(kind, 90)) for kind in ("rent", "utility", "insurance", "toll", "lease")},
        "tuition_180d_count": len(of("tuition", 180)),
        "tuition_180d_amount": total(of("tuition", 180)),
        "securities_90d_amount": sum((row.amount if row.direction == "out" else -row.amount for row in brokers), ZERO),
        "household_90d_amount": sum(support.values(), ZERO),
        "beauty_90d_count": len(of("beauty", 90)),
        "third_party_pay_share": share(total(row for row in bought if row.channel == "third_party"), total(bought)),
        "cash_share": share(total(row for row in spent if row.txn_type == "cash"), total(spent)),
        "is_car_owner": etc
        or tolls >= c.t["car_owner_toll_from"]
        or any(row.loan_type == "auto" for row in c.running_loans),
    }


def total(rows: Iterable[Row]) -> Decimal:
    return sum((row.amount for row in rows), ZERO)


def own_name(c: Customer) -> list[Row]:
    """Own money to and from other banks in six months, wallets left out."""
    since = plus_months(c.as_of, -6)
    return [
        row
        for row in c.standing
        if row.biz_date > since
        and row.is_own_name
        and row.counterparty_bank
        and row.txn_type in ("transfer", "standing_order", "loan_repayment")
        and row.channel != "third_party"
        and not c.bank.has("wallet", row.counterparty_bank)
    ]


def months_of(rows: Iterable[Row]) -> set[tuple[int, int]]:
    return {(row.biz_date.year, row.biz_date.month) for row in rows}


def apart(one: int, other: int) -> int:
    """Days of the month between two, counted round a month of 31."""
    return min(abs(one - other), 31 - abs(one - other))


def series(rows: list[Row], low: Decimal, high: Decimal, spread: int, least: int) -> tuple[Any, ...] | None:
    """The best monthly series among payments: months, payments, median, leading payment, earlier day; those in it."""
    best = None
    for centre in range(1, 32):
        near = [row for row in rows if apart(row.biz_date.day, centre) <= spread]
        for lead in {row.amount for row in near}:
            chosen = [row for row in near if low * lead <= row.amount <= high * lead]
            months = len(months_of(chosen))
            if months >= least:
                usual = middle([row.amount for row in chosen]) or ZERO
                found = (months, len(chosen), usual, lead, -centre)
                best = found if best is None else max(best, found)
    return best


def pay_elsewhere(c: Customer) -> dict[str, Any]:
    since = plus_months(c.as_of, -4)
    low, high = c.t["payroll_min_amount"], c.t["payroll_max_amount"]
    by_bank: dict[str, list[Row]] = defaultdict(list)
    for row in own_name(c):
        if row.direction == "in" and row.biz_date > since and low <= row.amount <= high:
            by_bank[row.counterparty_bank].append(row)
    least = Decimal(1) - c.t["payroll_elsewhere_spread"]
    found = []
    for bank, rows in by_bank.items():
        best = series(rows, least, Decimal(1), int(c.t["payroll_elsewhere_day_spread"]), int(c.t["payroll_months"]))
        if best:
            found.append((-best[0], -best[2], bank))
    enough = (c.as_of - c.known_from).days + 1 >= c.t["payroll_history_days"]
    _, usual, bank = min(found) if found else (None, None, None)
    return {
        "is_payroll_elsewhere": True if found else (False if enough else None),
        "payroll_elsewhere_amount": -usual if usual is not None else None,
        "payroll_elsewhere_bank": bank,
    }


def pay_leaving(c: Customer, employer: str | None) -> dict[str, Any]:
    """What left within three days of the last three pays, and of the last three pensions."""
    rates = []
    pays = salaries(c, plus_months(c.as_of, -4)).get(employer or "", {}) if employer is not None else {}
    for day in sorted((day for day in pays if day <= c.as_of - days(3)), reverse=True)[:3]:
        left = ZERO
        for row in c.standing:
            if row.txn_type != "transfer" or not day <= row.biz_date <= day + days(3):
                continue
            if not row.counterparty_bank and row.channel != "third_party":
                continue
            said = (row.counterparty_name, row.memo)
            repays = any(
                c.bank.has(kind, *said) for kind in ("repayment", "shopping_credit", "internet_lender", "other_loan")
            )
            repays = repays or c.bank.has("internet_lender_name", row.counterparty_name)
            if row.direction == "out" and not repays:
                left += row.amount
            elif row.direction == "in" and row.is_own_name:
                left -= row.amount
        rates.append(share(min(pays[day], max(ZERO, left)), pays[day]) or ZERO)
    return {"payroll_leave_rate_3d": share(sum(rates, ZERO), Decimal(len(rates)))}


def elsewhere(c: Customer) -> dict[str, Any]:
    history = (c.as_of - c.known_from).days + 1
    recent = recognised(c, 90)

    def judged(yes: bool, needed: int) -> bool | None:
        return True if yes else (False if history >= needed else None)

    lenders: dict[str, list[Row]] = defaultdict(list)
    for row in recent:
        if row.kind == "internet_lender":
            lenders[lender(c, row)].append(row)
    counted = {
        name: rows for name, rows in lenders.items()
        if sum(row.direction == "out" for row in rows) >= c.t["internet_loan_repayments"]
        or any(row.direction == "in" for row in rows)
    }  # fmt: skip
    has_loan = judged(bool(counted), 90)
    paid = total(row for rows in counted.values() for row in rows if row.direction == "out")
    return {
        "has_internet_loan": has_loan,
        "internet_lenders": ",".join(sorted(counted)) or None,
        "internet_loan_count": len(counted) if has_loan is not None else None,
        "internet_loan_90d_amount": paid if has_loan is not None else None,
        "has_shopping_credit": judged(any(row.kind == "shopping_credit" for row in recent), 90),
        **other_bank_loan(c, history),
        "outside_funds_estimate_amount": outside_funds(c, history),
    }


def lender(c: Customer, row: Row) -> str:
    fits = [
        each for each in c.bank.patterns
        if (each["kind"] == "internet_lender" and any(each["pattern"].lower() in (said or "").lower()
                                                      for said in (row.counterparty_name, row.memo)))
        or (each["kind"] == "internet_lender_name" and each["pattern"].lower() in (row.counterparty_name or "").lower())
    ]  # fmt: skip
    named = sorted(
        each["meaning"] for each in fits if each["meaning"] not in ("internet_lender", "internet_lender_name")
    )
    return named[0] if named else row.counterparty_name or min(each["pattern"] for each in fits)


def other_bank_loan(c: Customer, history: int) -> dict[str, Any]:
    since = plus_months(c.as_of, -4)
    least = c.t["other_bank_loan_min_amount"]
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in recognised(c, 180):
        if row.kind == "other_loan" and row.direction == "out" and row.biz_date > since and row.amount >= least:
            bank = row.counterparty_bank or row.counterparty_name or ""
            groups["high", f"{bank}\n{row.counterparty_name}"].append(row)
    known = {row.txn_id for rows in groups.values() for row in rows}
    for row in own_name(c):
        if row.direction == "out" and row.biz_date > since and row.amount >= least and row.txn_id not in known:
            groups["medium", row.counterparty_bank].append(row)
    spread = c.t["other_bank_loan_amount_spread"]
    found = []
    for (confidence, name), rows in groups.items():
        best = series(
            rows, 1 - spread, 1 + spread, int(c.t["other_bank_loan_day_spread"]), int(c.t["other_bank_loan_months"])
        )
        if best:
            found.append((confidence != "high", -best[0], -best[2], name.split("\n")[0], confidence))
    if not found:
        return {
            "has_other_bank_loan": False if history >= 120 else None, "other_bank_loan_bank": None,
            "other_bank_loan_monthly_amount": None, "other_bank_loan_confidence": None,
            "other_bank_loan_months_seen": 0 if history >= 120 else None,
        }  # fmt: skip
    _, months, amount, bank, confidence = min(found)
    return {
        "has_other_bank_loan": True, "other_bank_loan_bank": bank, "other_bank_loan_monthly_amount": -amount,
        "other_bank_loan_confidence": confidence, "other_bank_loan_months_seen": -months,
    }  # fmt: skip


def outside_funds(c: Customer, history: int) -> Decimal | None:
    by_bank: dict[str, list[Row]] = defaultdict(list)
    for row in own_name(c):
        by_bank[row.counterparty_bank].append(row)
    seen, estimate = False, ZERO
    for rows in by_bank.values():
        if len(months_of(rows)) >= c.t["outside_funds_months"]:
            seen = True
            came: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
            for row in rows:
                if row.direction == "in":
                    came[row.biz_date.year, row.biz_date.month] += row.amount
            net = total(row for row in rows if row.direction == "out") - sum(came.values(), ZERO)
            estimate += max(net, middle(list(came.values())) or ZERO, ZERO)
    return estimate if seen or history >= 180 else None


def day_of(moment: Any) -> date:
    return moment.date() if hasattr(moment, "date") else moment
