"""The money reports, counted a second time from the landed files alone, for both days of the sample bank."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from mingdan.settings import load_shipped

from tests.bank import FIRST, SECOND, Bank

ZERO = Decimal(0)
THRESHOLDS = {name: rule["enter"] for name, rule in load_shipped().thresholds.items()}
TIERS = sorted((int(row["floor_amount"]), row["tier"]) for row in load_shipped().rows("tiers"))


def days(number: int) -> timedelta:
    return timedelta(days=number)


class Landed:
    """One day's landed files: the newest snapshot of a table, or its events, by then."""

    def __init__(self, bank: Bank, as_of: date) -> None:
        self.root, self.as_of = bank.landing, as_of
        branches = self.newest("core/branches")
        self.level = {row["branch_id"]: row["level"] for row in branches}
        self.unit = {
            row["branch_id"]: row["successor_branch_id"]
            if row["closed_on"] and row["closed_on"] <= as_of
            else row["branch_id"]
            for row in branches
        }
        self.home = {row["customer_id"]: self.unit[row["home_branch_id"]] for row in self.newest("core/customers")}

    def newest(self, table: str) -> list[dict[str, Any]]:
        day = max(path.name for path in (self.root / table).glob("biz_date=*") if path.name <= f"biz_date={self.as_of}")
        return duckdb.sql(f"select * from '{self.root / table / day}/*.parquet'").to_arrow_table().to_pylist()

    def events(self, table: str, since: date, columns: str, where: str = "true") -> list[dict[str, Any]]:
        files = f"read_parquet('{self.root / table}/*/*.parquet', hive_partitioning=false)"
        return (
            duckdb.sql(f"select {columns} from {files} where biz_date between '{since}' and '{self.as_of}' and {where}")
            .to_arrow_table()
            .to_pylist()
        )


@pytest.fixture(scope="module", params=[FIRST, SECOND], ids=str)
def landed(request, bank: Bank) -> Landed:
    return Landed(bank, request.param)


def built(bank: Bank, landed: Landed, report: str) -> list[dict[str, Any]]:
    rows = bank.history(f"report_{report}", landed.as_of).to_pylist()
    assert rows, f"{report} is empty"
    return rows


# ---- 指标归因 ----
def tier(average: Decimal) -> str:
    return [name for floor, name in TIERS if average >= floor][-1]


def test_aum_changes_by_who_came_left_rose_and_fell_between_two_built_days(bank: Bank) -> None:
    """The last month-end before the second day is the first day: what customers held then stands in its labels."""
    landed = Landed(bank, SECOND)
    then, now = (
        {row["customer_id"]: row for row in bank.history("customer_labels", day).to_pylist()} for day in (FIRST, SECOND)
    )
    expected: dict[tuple, list] = defaultdict(lambda: [0, ZERO, ZERO])
    for customer, row in now.items():
        before = then.get(customer, {"aum": ZERO, "aum_avg_30d": ZERO})
        held, holds = before["aum"], row["aum"]
        was, is_ = tier(before["aum_avg_30d"]), tier(row["aum_avg_30d"])
        part = "same" if held == holds else "up" if holds > held else "down"
        if was != is_:
            part = "tier_up" if [t for _, t in TIERS].index(is_) > [t for _, t in TIERS].index(was) else "tier_down"
        if (held < 100) != (holds < 100):
            part = "new" if held < 100 else "lost"
        moved = (was, is_) if part.startswith("tier_") else (None, None)
        cell = expected[landed.home[customer], part, *moved]
        cell[0] += 1
        cell[1] += held
        cell[2] += holds
    found = {
        (row["branch_id"], row["part"], row["from_tier"], row["to_tier"]): [
            row["customer_count"],
            row["aum_then_amount"],
            row["aum_now_amount"],
        ]
        for row in built(bank, landed, "aum_attribution")
        if row["period"] == "month"
    }
    assert found == dict(expected)
    assert {"up", "down"} <= {part for _, part, *_ in found}


def test_parts_add_up_to_what_all_customers_hold(bank: Bank, landed: Landed) -> None:
    held = sum(row["aum"] for row in bank.history("customer_labels", landed.as_of).to_pylist())
    rows = built(bank, landed, "aum_attribution")
    since = {"month": date(2026, 5, 31), "quarter": date(2026, 3, 31), "year": date(2025, 12, 31)}
    if landed.as_of == SECOND:
        since |= {"month": FIRST, "quarter": FIRST}
    assert {row["period"]: row["since_on"] for row in rows} == since
    for period in since:
        mine = [row for row in rows if row["period"] == period]
        assert sum(row["aum_now_amount"] for row in mine) == held
        assert all(row["change_amount"] == row["aum_now_amount"] - row["aum_then_amount"] for row in mine)


# ---- 贷款流失 ----
def test_settled_loans_are_told_by_year_branch_and_what_came_of_them(bank: Bank, landed: Landed) -> None:
    loans = landed.newest("lending/loans")
    of_customer = defaultdict(list)
    for loan in loans:
        of_customer[loan["customer_id"]].append(loan)
    pays_elsewhere = {
        row["customer_id"]: row["last_on"]
        for row in duckdb.sql(f"""
            select accounts.customer_id, max(paid.biz_date) as last_on
            from read_parquet('{landed.root}/core/transactions/*/*.parquet', hive_partitioning=false) as paid
            inner join read_parquet('{landed.root}/core/accounts/biz_date={landed.as_of}/*.parquet') as accounts
                using (account_id)
            where paid.biz_date between '{landed.as_of - days(179)}' and '{landed.as_of}'
                and paid.txn_type = 'standing_order' and paid.memo = '房贷' and paid.counterparty_bank is not null
            group by all""")
        .to_arrow_table()
        .to_pylist()  # fmt: skip
    }
    expected, elsewhere, principal = defaultdict(int), defaultdict(int), defaultdict(Decimal)
    for loan in loans:
        if loan["status"] != "settled":
            continue
        settled = loan["settled_on"]
        others = [each for each in of_customer[loan["customer_id"]] if each["loan_id"] != loan["loan_id"]]
        key = landed.unit[loan["branch_id"]], settled.year, loan["loan_type"]
        principal[key] += loan["principal"]
        if any(each["opened_on"] >= settled for each in others):
            expected[*key, "returned"] += 1
        elif any((each["settled_on"] or date.max) > settled for each in others):
            expected[*key, "kept"] += 1
        else:
            expected[*key, "gone"] += 1
            elsewhere[key] += pays_elsewhere.get(loan["customer_id"], date.min) > settled
    rows = built(bank, landed, "loan_churn")
    found, found_principal, found_elsewhere = defaultdict(int), defaultdict(Decimal), defaultdict(int)
    for row in rows:
        key = row["branch_id"], row["settled_year"], row["loan_type"]
        found[*key, "gone" if row["outcome"] in ("elsewhere", "not_seen") else row["outcome"]] += row["loan_count"]
        found_principal[key] += row["principal_amount"]
        found_elsewhere[key] += row["elsewhere_count"]
    assert found == expected
    assert found_principal == principal
    assert sum(elsewhere.values()) > 3
    assert {key: count for key, count in elsewhere.items() if count > found_elsewhere[key]} == {}
    assert {row["outcome"] for row in rows} == {"returned", "kept", "elsewhere", "not_seen"}


# ---- 关键时点流向 ----
def key_windows(landed: Landed) -> list[tuple[str, date, str, date, date]]:
    found = []
    end = landed.as_of + days(1)
    for _ in range(13):
        end = end.replace(day=1) - days(1)
        kind = "quarter_end" if end.month % 3 == 0 else "month_end"
        found += [(kind, end, "before", end - days(4), end), (kind, end, "after", end + days(1), end + days(5))]
    off: dict[int, list[date]] = defaultdict(list)
    for row in landed.newest("core/calendar"):
        if row["holiday_name"] == "春节":
            off[row["cal_date"].year].append(row["cal_date"])
    for first, last in ((min(each), max(each)) for each in off.values()):
        found += [
            ("spring_festival", first, "before", first - days(15), first - days(1)),
            ("spring_festival", first, "during", first, last),
            ("spring_festival", first, "after", last + days(1), last + days(15)),
        ]
    return found


def test_flows_around_key_dates_are_those_of_the_transactions(bank: Bank, landed: Landed) -> None:
    since = landed.as_of - days(394)
    rows = landed.events(
        "core/transactions",
        since,
        "txn_id, account_id, biz_date, direction, amount, txn_type, counterparty_bank, reversed_txn_id",
    )
    assert min(row["biz_date"] for row in rows) == since
    reversed_ones = {row["reversed_txn_id"] for row in rows}
    owner = {row["account_id"]: row["customer_id"] for row in landed.newest("core/accounts")}
    windows = [each for each in key_windows(landed) if since <= each[3] <= landed.as_of]
    expected: dict[tuple, list] = defaultdict(lambda: [0, ZERO, ZERO])
    totals: dict[tuple, Decimal] = defaultdict(Decimal)
    for row in rows:
        if (
            row["counterparty_bank"] is None
            or row["txn_type"] not in ("transfer", "investment")
            or row["amount"] < 1000
            or row["txn_id"] in reversed_ones
        ):
            continue
        branch = landed.home[owner[row["account_id"]]]
        signed = row["amount"] if row["direction"] == "in" else -row["amount"]
        totals[branch, row["counterparty_bank"]] += signed
        for kind, key_on, phase, first, last in windows:
            if first <= row["biz_date"] <= last:
                cell = expected[branch, kind, key_on, phase, row["counterparty_bank"]]
                cell[0] += 1
                cell[1 if row["direction"] == "in" else 2] += row["amount"]
    report = [row for row in built(bank, landed, "key_date_flows") if row["kind"] != "pay_day"]
    named = {row["counterparty_bank"] for row in report} - {"other"}
    assert len(named) == THRESHOLDS["key_date_banks"]
    assert {row["kind"] for row in report} == {"month_end", "quarter_end", "spring_festival"}
    found = {
        (row["branch_id"], row["kind"], row["key_on"], row["phase"], row["counterparty_bank"]): [
            row["movement_count"], row["in_amount"], row["out_amount"],
        ]
        for row in report
        if row["counterparty_bank"] != "other"
    }  # fmt: skip
    assert found == {key: cell for key, cell in expected.items() if key[-1] in named}
    for row in report:
        if row["counterparty_bank"] != "other":
            first, last = next(each[3:] for each in windows if each[:3] == (row["kind"], row["key_on"], row["phase"]))
            length = (min(last, landed.as_of) - first).days + 1
            usual = totals[row["branch_id"], row["counterparty_bank"]] / 395 * length
            assert abs(row["usual_net_amount"] - usual) < Decimal("0.02")


PATTERNS = [(row["kind"], row["pattern"].lower()) for row in load_shipped().rows("patterns")]


def says(kind: str, words: str) -> bool:
    return any(pattern in words for of, pattern in PATTERNS if of == kind)


def test_after_pay_day_the_three_days_after_each_customers_own_pay_are_told(bank: Bank, landed: Landed) -> None:
    rows = [row for row in built(bank, landed, "key_date_flows") if row["kind"] == "pay_day"]
    assert len({row["key_on"] for row in rows}) >= 6
    assert all(row["usual_net_amount"] is None and row["phase"] == "after" for row in rows)
    since = date(2025, 12, 1) + (landed.as_of - FIRST)  # seven months of pay
    columns = (
        "txn_id, account_id, biz_date, direction, amount, txn_type, counterparty_bank, reversed_txn_id, is_own_name, "
        "lower(concat(counterparty_name, '|', memo)) as words"
    )
    raw = landed.events("core/transactions", since, columns)
    owner = {row["account_id"]: row["customer_id"] for row in landed.newest("core/accounts")}
    reversed_ones = {row["reversed_txn_id"] for row in raw}
    paid_on: dict[str, set[date]] = defaultdict(set)
    for row in raw:
        is_pay = row["txn_type"] == "payroll" or row["txn_type"] == "transfer" and says("payroll", row["words"])
        if (
            is_pay
            and row["direction"] == "in"
            and 800 <= row["amount"] <= 100_000
            and not row["is_own_name"]
            and not says("reimbursement", row["words"])
        ):
            paid_on[owner[row["account_id"]]].add(row["biz_date"])
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for row in raw:
        if row["counterparty_bank"] and row["txn_type"] in ("transfer", "investment") and row["amount"] >= 1000:
            customer = owner[row["account_id"]]
            is_soon = any(row["biz_date"] - days(back) in paid_on[customer] for back in range(4))
            if is_soon and row["txn_id"] not in reversed_ones:
                expected[landed.home[customer], row["counterparty_bank"]] += 1
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if row["counterparty_bank"] != "other":
            found[row["branch_id"], row["counterparty_bank"]] += row["movement_count"]
    named = {bank_name for _, bank_name in found}
    expected = {key: count for key, count in expected.items() if key[1] in named}
    assert expected == found
    assert sum(found.values()) > 100


# ---- 市场份额 ----
def test_market_share_is_that_of_the_reported_balances(bank: Bank, landed: Landed) -> None:
    reported = {
        (row["biz_month"], row["region_code"], row["business_line"], row["bank_name"]): row["balance"]
        for row in duckdb.sql(
            f"select * from read_parquet('{landed.root}/external/market_share/*/*.parquet')"
            f" where biz_date <= '{landed.as_of}'"
        ).to_arrow_table().to_pylist()
    }  # fmt: skip
    newest = max(month for month, *_ in reported)
    own = "青禾农商银行"
    rows = built(bank, landed, "market_share")
    units = {
        row["branch_id"]: row["region_code"]
        for row in landed.newest("core/branches")
        if row["level"] in ("branch", "outlet")
    }
    assert {row["branch_id"] for row in rows} == {unit for unit in units if landed.unit[unit] == unit}
    assert {row["biz_month"] for row in rows if row["view"] == "banks"} == {newest}
    assert len({row["biz_month"] for row in rows}) >= 13
    for row in rows:
        month, region, line, name = row["biz_month"], units[row["branch_id"]], row["business_line"], row["bank_name"]
        market = {key[3]: balance for key, balance in reported.items() if key[:3] == (month, region, line)}
        total = sum(market.values())
        assert row["balance_amount"] == market[name] and row["market_amount"] == total
        assert abs(row["share_rate"] - market[name] / total) <= Decimal("0.000001")
        assert row["share_rank"] == 1 + sum(balance > market[name] for balance in market.values())
        assert row["is_own"] == (name == own)
        before = f"{int(month[:4]) - 1}{month[4:]}"
        past = {key[3]: balance for key, balance in reported.items() if key[:3] == (before, region, line)}
        assert row["year_before_amount"] == past.get(name)
        if row["is_own"] and past:
            assert abs(row["point_amount"] - total / 100) <= Decimal("0.01")
            grown = total * (total / sum(past.values())) ** 5
            potential = grown * (market[name] / total + Decimal("0.05")) - market[name]
            assert abs(row["potential_5y_amount"] / potential - 1) < Decimal("0.001")


# ---- 指标分解 ----
def daily_deposits(landed: Landed) -> dict[tuple[str, bool, date], Decimal]:
    """What each branch's personal accounts held at the end of each day since last December, by whether on demand."""
    accounts = landed.newest("core/accounts")
    first = date(2025, 12, 1)
    days_wanted = [first + days(number) for number in range((landed.as_of - first).days + 1)]
    of_account = defaultdict(list)
    for row in landed.events(
        "core/account_balances", date(2020, 1, 1), "account_id, biz_date, balance, pledged_amount"
    ):
        of_account[row["account_id"]].append(
            (row["biz_date"], max(row["balance"] - (row["pledged_amount"] or ZERO), ZERO))
        )
    found: dict[tuple[str, bool, date], Decimal] = defaultdict(Decimal)
    for account in accounts:
        known = sorted(of_account[account["account_id"]])
        place, level = 0, ZERO
        for day in days_wanted:
            while place < len(known) and known[place][0] <= day:
                level = known[place][1]
                place += 1
            found[landed.unit[account["branch_id"]], account["account_type"] == "demand", day] += level
    return found


def test_deposit_targets_split_progress_and_what_is_still_needed(bank: Bank, landed: Landed) -> None:
    deposits = daily_deposits(landed)
    branches = {branch for branch, *_ in deposits}
    targets = {
        (row["branch_id"], row["period"], row["metric"]): row["target_value"] for row in landed.newest("crm/targets")
    }
    rows = built(bank, landed, "deposit_targets")
    year = [landed.as_of - days(back) for back in range((landed.as_of - date(2025, 12, 31)).days)]
    head = next(branch for branch, level in landed.level.items() if level == "head")

    def held(branch: str, day: date, metric: str = "deposit_avg") -> Decimal:
        on_demand = deposits[branch, True, day] if metric == "deposit_avg" else ZERO
        return on_demand + deposits[branch, False, day]

    for metric in ("deposit_avg", "deposit_time_avg"):
        mine = {row["branch_id"]: row for row in rows if row["view"] == "year" and row["metric"] == metric}
        assert set(mine) == branches
        assert sum(row["split_amount"] for row in mine.values()) == targets[head, "2026", metric]
        base = {
            branch: sum(held(branch, date(2025, 12, day), metric) for day in range(1, 32)) / 31 for branch in branches
        }
        rise = targets[head, "2026", metric] - sum(base.values())
        for branch, row in mine.items():
            brought = sum(held(branch, day, metric) for day in year)
            assert abs(row["actual_amount"] - brought / len(year)) <= Decimal("0.01")
            assert row["now_amount"] == held(branch, landed.as_of, metric)
            assert row["target_amount"] == row["split_amount"]
            assert abs(row["progress_rate"] - brought / len(year) / row["target_amount"]) <= Decimal("0.000002")
            needed = max(ZERO, row["target_amount"] * 365 - brought) / (365 - len(year))
            assert abs(row["needed_amount"] - needed) <= Decimal("0.02")
            part = (row["split_amount"] - base[branch]) / rise
            assert ZERO < part < 1

    for branch in branches:
        months = sorted(
            (row for row in rows if row["view"] == "month" and row["branch_id"] == branch),
            key=lambda row: row["target_month"],
        )
        target = next(
            row["target_amount"]
            for row in rows
            if row["view"] == "year" and (row["branch_id"], row["metric"]) == (branch, "deposit_avg")
        )
        assert [row["target_month"].month for row in months] == list(range(1, 13))
        lengths = [monthrange(2026, month)[1] for month in range(1, 13)]
        assert (
            abs(sum(row["target_amount"] * length for row, length in zip(months, lengths, strict=True)) - target * 365)
            < 2
        )
        reached = needed = ZERO
        for row, length in zip(months, lengths, strict=True):
            gone = [day for day in year if day.month == row["target_month"].month]
            if gone:
                assert abs(row["actual_amount"] - sum(held(branch, day) for day in gone) / len(gone)) <= Decimal("0.01")
                reached += row["actual_amount"] * len(gone)
            else:
                assert row["actual_amount"] is None
            assert (row["needed_amount"] is None) == (len(gone) == length)
            needed += (row["needed_amount"] or ZERO) * (length - len(gone))
        if needed:
            assert abs(reached + needed - target * 365) < 10, "days gone and days left add up to the year's target"
        terms = [row for row in rows if row["view"] == "term" and row["branch_id"] == branch]
        assert sum(row["now_amount"] for row in terms) == held(branch, landed.as_of)


def test_new_corporates_are_counted_against_their_target(bank: Bank, landed: Landed) -> None:
    opened = defaultdict(int)
    for row in landed.newest("crm/corporates"):
        if date(2026, 1, 1) <= row["opened_on"] <= landed.as_of:
            opened[landed.unit[row["branch_id"]], row["opened_on"].month] += 1
    assert sum(opened.values()) > 10
    rows = built(bank, landed, "deposit_targets")
    months_left = 13 - landed.as_of.month
    year = {row["branch_id"]: row for row in rows if row["metric"] == "new_corporate_accounts"}
    for branch, row in year.items():
        count = sum(number for (at, _), number in opened.items() if at == branch)
        assert (row["opened_count"], row["target_count"]) == (count, 8)
        assert row["needed_count"] == -(-max(0, 8 - count) // months_left)
    for row in rows:
        if row["view"] == "month" and row["target_month"] <= landed.as_of:
            assert row["opened_count"] == opened[row["branch_id"], row["target_month"].month]
