"""The reports on groups of customers against the landed files, read a second time without the project's SQL.

Labels with a reading of their own (tests/labels) are taken from history where a report only adds them up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor
from statistics import median
from typing import Any

import duckdb
import pytest
from mingdan import catalog, reports

from tests.bank import SECOND, Bank

NAMES = [
    "credit_cover", "age_income_spend", "merchant_effect", "industry_60", "app_effect", "village_coverage", "fan_pool",
    "experience",
]  # fmt: skip
GROUPS = {
    "批发零售": "trade", "住宿餐饮": "hospitality", "制造业": "manufacturing", "建筑业": "construction",
    "农林牧渔": "agriculture", "居民服务": "personal_services", "交通运输": "transport", "教育": "education",
    "卫生": "health",
}  # fmt: skip
FEW = 5
Row = dict[str, Any]


class Landed:
    """The landed files as rows: what a snapshot says on the day, what events say until then."""

    def __init__(self, bank: Bank) -> None:
        self.root = bank.landing

    def rows(self, table: str, days: Iterable[date] | None = None, columns: str = "*") -> list[Row]:
        folder = self.root / table.replace(".", "/")
        found = sorted(each.name.removeprefix("biz_date=") for each in folder.glob("biz_date=*"))
        wanted = [day for day in found if day <= str(SECOND)]
        wanted = wanted[-1:] if days is None else [day for day in wanted if day in {str(each) for each in days}]
        files = [str(path) for day in wanted for path in sorted((folder / f"biz_date={day}").glob("*.parquet"))]
        with duckdb.connect() as connection:
            return connection.sql(f"select {columns} from read_parquet({files!r})").to_arrow_table().to_pylist()

    def last(self, table: str, days: int, columns: str = "*") -> list[Row]:
        return self.rows(table, [SECOND - timedelta(days=back) for back in range(days)], columns)


@pytest.fixture(scope="module")
def landed(bank: Bank) -> Landed:
    return Landed(bank)


@pytest.fixture(scope="module")
def people(landed: Landed) -> dict[str, Row]:
    """Living customers by number."""
    return {row["customer_id"]: row for row in landed.rows("core.customers") if not row["is_deceased"]}


@pytest.fixture(scope="module")
def labels(bank: Bank) -> dict[str, Row]:
    return {row["customer_id"]: row for row in bank.history("customer_labels", SECOND).to_pylist()}


def shown(bank: Bank, name: str, **where: str) -> list[Row]:
    rows = bank.history(f"report_{name}", SECOND).to_pylist()
    return [row for row in rows if all(row[column] == value for column, value in where.items())]


def figures(rows: list[Row], keys: list[str], *columns: str) -> dict[tuple, tuple]:
    return {tuple(row[key] for key in keys): tuple(row[column] for column in columns) for row in rows}


def running_loans(landed: Landed) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in landed.rows("lending.loans"):
        if row["status"] in ("performing", "overdue", "npl"):
            found[row["customer_id"]].append(row)
    return found


def age_of(born: date) -> int:
    return SECOND.year - born.year - ((SECOND.month, SECOND.day) < (born.month, born.day))


def demand_of(landed: Landed) -> dict[str, Decimal]:
    """What lies on demand today, by customer: each account's newest balance, overdrafts as 0."""
    accounts = {
        row["account_id"]: row["customer_id"]
        for row in landed.rows("core.accounts")
        if row["account_type"] == "demand" and row["status"] != "closed"
    }
    newest: dict[str, tuple[date, Decimal]] = {}
    for row in landed.last("core.account_balances", 35, "account_id, biz_date, balance"):
        if row["account_id"] in accounts and row["biz_date"] >= newest.get(row["account_id"], (date.min,))[0]:
            newest[row["account_id"]] = (row["biz_date"], row["balance"])
    found: dict[str, Decimal] = defaultdict(Decimal)
    for account, (_, balance) in newest.items():
        found[accounts[account]] += max(balance, Decimal())
    return found


def test_every_report_has_rows_of_every_view_and_a_word_for_every_code(bank: Bank) -> None:
    titled = {"list": set(catalog.entries()), "segment": set(catalog.segment_names())}
    for name in NAMES:
        meta = reports.entries()[f"report_{name}"]
        for view in reports.views(meta):
            by = view["rows"]
            where = {column: value for column, value in view.get("where", {}).items() if isinstance(value, str)}
            codes = {row[by] for row in shown(bank, name, **where)}
            assert codes, (name, view)
            words = meta["columns"][by].get("words")
            if words:
                assert {code for code in codes if code not in words} - titled.get(by, set()) <= set(BANDS), (name, by)


BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")


def test_credit_cover_counts_who_borrows(bank: Bank, landed: Landed, people: dict[str, Row]) -> None:
    loans = running_loans(landed)
    tolls = {row["customer_id"] for row in landed.rows("channels.etc_contracts") if row["status"] == "active"}
    cards = {
        row["customer_id"]
        for row in landed.rows("cards.debit_cards")
        if row["kind"] == "social_security" and row["status"] not in ("closed", "lost")
    }
    holdings = {(True, True): "etc_and_card", (True, False): "etc_only", (False, True): "card_only"}
    groups: dict[tuple, list[str]] = defaultdict(list)
    for number, person in people.items():
        branch, age = person["home_branch_id"], age_of(person["birth_date"])
        groups[branch, "segment", "existing"].append(number)
        if number in loans and any(loan["loan_type"] == "mortgage" for loan in loans[number]):
            groups[branch, "segment", "mortgage"].append(number)
        holding = holdings.get((number in tolls, number in cards), "neither")
        groups[branch, "holding", holding].append(number)
        if age >= 18:
            band = next(band for band in BANDS if age <= int(band.replace("65+", "199").split("-")[-1]))
            groups[branch, "age", band].append(number)
    expected = {}
    for key, members in groups.items():
        borrowers = [number for number in members if number in loans]
        owed = sum((loan["balance"] for number in borrowers for loan in loans[number]), Decimal())
        quiet = len(members) < FEW
        hidden = quiet or 0 < len(borrowers) < FEW
        expected[key] = (len(members), None if quiet else len(borrowers), None if hidden else owed)
    found = {}
    for row in shown(bank, "credit_cover"):
        code = row[{"segment": "segment", "age": "age_band", "holding": "holding"}[row["view"]]]
        if row["view"] != "segment" or code in ("existing", "mortgage"):
            found[row["branch_id"], row["view"], code] = (
                row["customer_count"], row["borrower_count"], row["loan_amount"],
            )  # fmt: skip
    assert found == expected
    silent = [row for row in shown(bank, "credit_cover") if row["customer_count"] < FEW]
    told = ("borrower_count", "no_loan_count", "cover_rate", "loan_amount")
    assert silent and {row[column] for row in silent for column in told} == {None}


def test_age_curves_are_medians_of_five_people_and_more(
    bank: Bank, people: dict[str, Row], labels: dict[str, Row]
) -> None:
    columns = [f"monthly_{flow}_median_amount" for flow in ("inflow", "outflow", "net_inflow")]
    moving: dict[tuple, list[Row]] = defaultdict(list)
    for number, person in people.items():
        age, said = age_of(person["birth_date"]), labels[number]
        if age >= 18 and said[columns[0]] is not None and (said[columns[0]] > 0 or said[columns[1]] > 0):
            moving["*", age].append(said)
            moving[person["home_branch_id"], age].append(said)

    def middles(group: list[Row]) -> tuple:
        found = (median(said[column] for said in group) for column in columns)
        return tuple(Decimal(floor(each * 100 + Decimal("0.5"))) / 100 for each in found)  # half up

    expected = {}
    for branch in {branch for branch, _ in moving} - {"*"}:
        for (level, age), everybody in moving.items():
            if level == "*" and len(everybody) >= FEW:
                here = moving.get((branch, age), [])
                own = len(here) >= FEW
                expected[branch, age] = (len(here) if own else None, *middles(here if own else everybody))
    rows = shown(bank, "age_income_spend")
    found = figures(
        rows, ["branch_id", "age"], "customer_count", "median_inflow_amount", "median_spend_amount", "median_net_amount"
    )
    assert found == expected
    assert {row["basis"] for row in rows} == {"branch", "bank"}
    assert min(row["customer_count"] for row in rows if row["basis"] == "branch") >= FEW


def test_merchants_deposits_and_settlement_are_those_of_the_files(
    bank: Bank, landed: Landed, labels: dict[str, Row]
) -> None:
    owners = defaultdict(set)
    shops = {}
    for row in landed.rows("acquiring.merchants"):
        if row["status"] != "closed":
            owners[row["customer_id"]].add(row["merchant_id"])
            shops[row["merchant_id"]] = row["customer_id"]
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for row in landed.last("acquiring.merchant_daily", 30):
        if row["merchant_id"] in shops:
            settled[shops[row["merchant_id"]]] += max(row["amount"] - row["refund_amount"], Decimal())
    demand = demand_of(landed)
    expected: dict[tuple, list] = defaultdict(lambda: [0, 0, Decimal(), Decimal()])
    for owner, theirs in owners.items():
        said = labels[owner]
        star, alert = (said[f"merchant_{what}_level"] for what in ("star", "alert"))
        key = (said["home_branch_id"], *("not_rated" if each is None else str(each) for each in (star, alert)))
        sums = expected[key]
        for place, more in enumerate((1, len(theirs), settled[owner], demand[owner])):
            sums[place] += more
    found = figures(
        shown(bank, "merchant_effect"), ["branch_id", "star_level", "alert_level"],
        "customer_count", "shop_count", "settlement_30d_amount", "demand_amount",
    )  # fmt: skip
    assert found == {key: tuple(sums) for key, sums in expected.items()}
    assert len({alert for _, _, alert in found}) > 2 and len({star for _, star, _ in found}) > 3


def test_industries_hold_the_owners_of_the_register(
    bank: Bank, landed: Landed, people: dict[str, Row], labels: dict[str, Row]
) -> None:
    everybody = landed.rows("core.customers")
    by_hash = {row["id_hash"]: row["customer_id"] for row in everybody if row["id_hash"]}
    by_mobile = defaultdict(set)
    for row in everybody:
        if row["mobile"]:
            by_mobile[row["mobile"]].add(row["customer_id"])
    loans = running_loans(landed)
    businesses, nobodys = defaultdict(list), Counter[str]()
    for row in landed.rows("external.business_registry"):
        if row["status"] == "active":
            here = {by_hash.get(row["owner_id_hash"], "")} | by_mobile[row["owner_mobile"]]
            here -= {""}
            if here:
                businesses[min(here)].append((row["registered_on"], row["registration_no"], row["industry"]))
            else:
                nobodys[GROUPS.get(row["industry"], "other")] += 1
    expected: dict[tuple, list] = defaultdict(lambda: [0, 0, Decimal()])
    for owner, theirs in businesses.items():
        if owner in people:
            sums = expected[people[owner]["home_branch_id"], GROUPS.get(min(theirs)[2], "other")]
            sums[0] += 1
            sums[1] += owner in loans
            sums[2] += sum((loan["balance"] for loan in loans.get(owner, ())), Decimal())
    rows = shown(bank, "industry_60")
    found = figures(rows, ["branch_id", "industry_group"], "customer_count", "borrower_count", "loan_amount")
    assert {key: values for key, values in found.items() if values[0]} == {
        key: tuple(sums) for key, sums in expected.items()
    }
    reached = Counter[str]()
    companies: dict[tuple, list] = defaultdict(lambda: [0, Decimal()])
    for row in rows:
        reached[row["industry_group"]] += row["prospect_count"]
    # a business far from every branch is nobody's prospect
    assert sum(reached.values()) > 0.9 * sum(nobodys.values())
    assert all(reached[each] <= nobodys[each] for each in reached)
    for row in landed.rows("crm.corporates"):
        sums = companies[row["branch_id"], GROUPS[row["industry"]]]
        sums[0] += 1
        sums[1] += row["balance"]
    found = figures(rows, ["branch_id", "industry_group"], "corporate_count", "corporate_deposit_amount")
    assert {key: values for key, values in found.items() if values[0]} == {
        key: tuple(sums) for key, sums in companies.items()
    }
    assert sum(row["potential_count"] for row in rows) == sum(
        labels[owner]["potential_score"] >= 70 for owner in businesses if owner in people
    )


def test_app_use_is_counted_in_days_now_and_a_quarter_ago(bank: Bank, landed: Landed, people: dict[str, Row]) -> None:
    def level(days: int) -> int:
        return sum(days >= least for least in (1, 4, 10))

    used: dict[int, Counter] = {}
    for ago in (0, 90):
        window = [SECOND - timedelta(days=ago + back) for back in range(30)]
        rows = landed.rows("channels.app_activity", window, "customer_id, login_count")
        used[ago] = Counter(row["customer_id"] for row in rows if row["login_count"] > 0)
    facilities: dict[str, Decimal] = defaultdict(Decimal)
    for row in landed.rows("lending.facilities"):
        if row["status"] == "active" and row["expires_on"] >= SECOND:
            facilities[row["customer_id"]] += row["approved_limit"]
    expected: dict[tuple, list] = defaultdict(lambda: [0, Decimal()])
    for number, person in people.items():
        now, then = level(used[0][number]), level(used[90][number])
        change = "up" if now > then else "down" if now < then else "same"
        change = "new" if person["opened_on"] > SECOND - timedelta(days=90) else change
        tier = ("none", "low", "medium", "high")[now]
        expected[person["home_branch_id"], tier, change][0] += 1
        expected[person["home_branch_id"], tier, change][1] += facilities[number]
    found: dict[tuple, list] = defaultdict(lambda: [0, Decimal()])
    for row in shown(bank, "app_effect"):
        tier = "none" if row["app_tier"] in ("asleep", "never") else row["app_tier"]
        found[row["branch_id"], tier, row["tier_change"]][0] += row["customer_count"]
        found[row["branch_id"], tier, row["tier_change"]][1] += row["limit_amount"]
    assert found == expected
    assert {"up", "down", "same", "new"} == {change for _, _, change in found}


def test_villages_are_covered_household_by_household(
    bank: Bank, landed: Landed, people: dict[str, Row], labels: dict[str, Row]
) -> None:
    loans = running_loans(landed)
    limits = {
        row["customer_id"]: row["used_amount"]
        for row in sorted(landed.rows("lending.facilities"), key=lambda row: row["used_amount"])
        if row["status"] == "active" and row["expires_on"] >= SECOND
    }
    homes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for number, person in people.items():
        if person["village_code"]:
            homes[person["village_code"]][labels[number]["household_id"]].append(number)
    hashes = {row["id_hash"] for row in landed.rows("core.customers")}
    mobiles = {row["mobile"] for row in landed.rows("core.customers")} - {None}
    census = defaultdict(set)
    for row in landed.rows("lending.loan_whitelist"):
        stranger = row["customer_id"] is None and row["id_hash"] not in hashes and row["prospect_mobile"] not in mobiles
        if stranger and row["origin"] == "village_census" and row["valid_from"] <= SECOND <= row["valid_to"]:
            census[row["village_code"]].add(row["id_hash"] or row["prospect_mobile"])
    expected = {}
    for row in landed.rows("external.villages"):
        known = homes[row["village_code"]].values()
        owed = [
            [loan["balance"] for number in members for loan in loans.get(number, ()) if loan["loan_type"] != "mortgage"]
            for members in known
        ]
        limit = [[limits[number] for number in members if number in limits] for members in known]
        done = row["census_done_on"] is not None and row["census_done_on"] <= SECOND
        files = len(known) + len(census[row["village_code"]])
        expected[row["branch_id"], row["village_code"]] = (
            row["households"],
            row["households"] if done else min(row["households"], files),
            sum(bool(sum(balances)) or bool(used) for balances, used in zip(owed, limit, strict=True)),
            sum(bool(sum(balances)) or any(used) for balances, used in zip(owed, limit, strict=True)),
            sum((sum(balances, Decimal()) for balances in owed), Decimal()),
        )  # fmt: skip
    found = figures(
        shown(bank, "village_coverage"), ["branch_id", "village_code"],
        "household_count", "file_count", "granted_count", "drawn_count", "loan_amount",
    )  # fmt: skip
    assert found == expected
    assert sum(values[2] for values in found.values()) > sum(values[3] for values in found.values()) > 0


def test_friends_are_those_of_the_messenger_and_convert_when_they_take_something(bank: Bank, landed: Landed) -> None:
    branch_of = {row["manager_id"]: row["branch_id"] for row in landed.rows("core.managers")}
    taken = defaultdict(list)
    for table, column in (
        ("core.accounts", "opened_on"), ("wealth.holdings", "bought_on"), ("lending.loans", "opened_on"),
        ("cards.credit_cards", "approved_on"),
    ):  # fmt: skip
        for row in landed.rows(table, None, f"customer_id, {column}"):
            taken[row["customer_id"]].append(row[column])

    def lately(day: date | None, days: int) -> bool:
        return day is not None and SECOND - timedelta(days=days) < day <= SECOND

    friends = [row for row in landed.rows("channels.wecom") if row["added_on"] <= SECOND]
    expected: dict[tuple, list] = defaultdict(lambda: [0] * 6)
    bought = set()
    for row in friends:
        runs = row["deleted_on"] is None or row["deleted_on"] > SECOND
        sums = expected[branch_of[row["manager_id"]], row["manager_id"]]
        sums[0] += runs
        sums[1] += lately(row["added_on"], 30)
        sums[2] += runs and lately(row["last_interaction_on"], 30)
        sums[3] += runs and lately(row["last_interaction_on"], 7)
        sums[5] += lately(row["deleted_on"], 30)
        for day in taken[row["customer_id"]] if row["customer_id"] else ():
            if lately(day, 30) and row["added_on"] <= day <= row["added_on"] + timedelta(days=90):
                bought.add((row["manager_id"], row["customer_id"]))
    for manager, _ in bought:
        expected[branch_of[manager], manager][4] += 1
    found = figures(
        shown(bank, "fan_pool", view="manager"), ["branch_id", "manager_id"],
        "friend_count", "added_count", "active_count", "interacting_count", "converted_count", "lost_count",
    )  # fmt: skip
    assert found == {key: tuple(sums) for key, sums in expected.items()}
    assert [place for place in range(5) if not sum(values[place] for values in found.values())] == []
    months = shown(bank, "fan_pool", view="month")
    june = {row["branch_id"]: row for row in months if row["fan_month"] == date(2026, 6, 1)}
    added = [row for row in friends if f"{row['added_on']:%Y%m}" == "202606"]
    assert sum(row["added_count"] for row in june.values()) == len(added) > 0
    assert sum(row["friend_count"] for row in june.values()) == sum(
        row["added_on"] <= date(2026, 6, 30) and (row["deleted_on"] is None or row["deleted_on"] > date(2026, 6, 30))
        for row in friends
    )
    gone = [row["deleted_on"] for row in friends if row["deleted_on"]]
    year = [day for day in gone if date(2025, 8, 1) <= day <= SECOND]
    assert sum(row["lost_count"] for row in months) == len(year) > 0
    targets = {
        row["branch_id"]: row["target_value"]
        for row in landed.rows("crm.targets")
        if (row["metric"], row["period"]) == ("wecom_active", "2026Q3")
    }
    today = [row for row in months if row["fan_month"] == date(2026, 7, 1)]
    assert {row["branch_id"]: row["active_target_count"] for row in today} == {
        row["branch_id"]: ceil(targets[row["branch_id"]]) if row["branch_id"] in targets else None for row in today
    }
    assert sum(row["active_count"] for row in today) == sum(values[2] for values in found.values())


def test_experience_counts_contacts_refusals_and_answers_of_a_quarter(
    bank: Bank, landed: Landed, labels: dict[str, Row]
) -> None:
    points = {"lobby": "counter", "app_push": "app"}
    contacts = [("unknown", row) for row in landed.last("crm.contacts", 91)]
    contacts += [("outside", row) for row in landed.last("crm.outside_contacts", 91)]
    complaints = defaultdict(set)
    for row in landed.last("crm.complaints", 91):
        complaints[row["customer_id"]].add(row["opened_on"])
    since = SECOND - timedelta(days=90)
    expected: dict[tuple, list] = defaultdict(lambda: [0, 0, 0, set(), 0, 0])
    for source, row in contacts:
        day = row["contacted_at"].date()
        if not since < day <= SECOND:
            continue
        branch, customer = labels[row["customer_id"]]["home_branch_id"], row["customer_id"]
        for key in ((branch, source, "*"), (branch, "*", points.get(row["channel"], row["channel"]))):
            sums = expected[key]
            sums[0] += 1
            sums[1] += row["outcome"] != "not_reached"
            sums[2] += row["outcome"] in ("not_interested", "refused", "do_not_contact")
            if row["outcome"] == "complaint" or any(0 <= (opened - day).days <= 14 for opened in complaints[customer]):
                sums[3].add(customer)
    for row in landed.last("crm.satisfaction", 90):
        sums = expected[labels[row["customer_id"]]["home_branch_id"], "*", row["touch_point"]]
        sums[4] += 1
        sums[5] += row["score"] >= 8
    rows = shown(bank, "experience")
    found = figures(
        rows, ["branch_id", "list", "touch_point"],
        "contact_count", "reached_count", "refusal_count", "complaint_count", "answer_count", "satisfied_count",
    )  # fmt: skip
    wanted = {key: (*sums[:3], len(sums[3]), *sums[4:]) for key, sums in expected.items()}
    by_list = {key for key in wanted if key[2] == "*"}
    assert {key: values for key, values in found.items() if key not in by_list} == {
        key: values for key, values in wanted.items() if key not in by_list
    }
    # whose survey followed which list's contact is the unit test's; the counts are here
    assert {key: found[key][:4] for key in by_list} == {key: wanted[key][:4] for key in by_list}
    # complaints soon after a contact are rare in the sample bank: that they count is the unit test's
    assert [place for place in (0, 1, 2, 4, 5) if not sum(values[place] for values in found.values())] == []
