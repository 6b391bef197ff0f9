"""Every rule at both borders fails on bad rows and holds on good ones, severities gate, and no value ever leaves."""

from __future__ import annotations

import json
import logging
import math
import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from mingdan import catalog, checks, settings
from mingdan.checks import Failure, Verdict, check_candidates, check_leads, check_source_content, write_data_docs
from mingdan.contract import Column, Table, load_contract
from mingdan.settings import Home
from mingdan.warehouse import StaleTable, Warehouse

from expectations import candidates, leads, sources
from expectations.rules import PREVIOUS, Rule, suite

AS_OF, MONTH_END, LIST_DATE = date(2026, 6, 29), date(2026, 5, 31), date(2026, 6, 30)
ALL = f"where biz_date = date '{AS_OF}'"
ROWS = 200  # of every source table on the business date, and before it
CONTRACT = load_contract()
LANDED = sources.Landed(AS_OF, CONTRACT, dict.fromkeys(CONTRACT.tables, AS_OF), "CNY")
REPORT = [
    {"source": each.source, "table": each.name, "status": "ok", "biz_date": str(AS_OF)}
    for each in CONTRACT.tables.values()
]
SOME = [row for row in REPORT if row["source"] in ("core", "wealth", "cards")]
SECRET = "张三丰疯三张"  # a name that must not be seen again


# A bank without fault: every table of the contract, on the business date and before


# Where a column's type and name do not say what a good value is; {n} counts the rows.
GOOD = {
    "core.customers.home_branch_id": "'branch_id' || (n % 4)",
    "core.branches.level": "'outlet'",
    "core.branches.closed_on": "case when n >= 100 then date '2026-06-01' end",
    "core.branches.parent_branch_id": "'head'",
    "core.branches.successor_branch_id": "case when n >= 100 then 'branch_id0' end",
    "core.calendar.cal_date": "date '2026-06-01' + cast(n as integer)",
    "core.managers.substitute_id": "'somebody else'",
    "core.accounts.currency": "'CNY'",
    "core.accounts.closed_on": "case when status = 'closed' then date '2026-06-01' end",
    "core.accounts.status": "case when n % 3 = 2 then 'closed' else 'active' end",
    "core.account_balances.account_id": "'account_id' || (n - n % 3)",
    "core.transactions.account_id": "'account_id' || (n - n % 3)",
    "core.transactions.direction": "case when n % 2 = 0 then 'in' else 'out' end",
    "external.market_share.biz_month": "'2026-06'",
    "hr.staff_pay.pay_month": "'2026-06'",
    "hr.staff_pay.net_pay": "90",
    "crm.targets.period": "'2026Q2'",
    "lending.loans.overdue_days": "0",
    "cards.credit_cards.overdue_days": "0",
}  # fmt: skip


def good_value(table: Table, column: Column, day: date) -> str:
    """SQL of a value that nobody would doubt, in terms of the row's number n."""
    if (given := GOOD.get(f"{table.id}.{column.name}")) is not None:
        return given
    if column.name == "mcc" or column.name.endswith("mobile"):
        return "'5411'" if column.name == "mcc" else "'1380000' || (1000 + n)"
    if column.type in ("date", "timestamp"):
        if column.name == "biz_date":
            return f"date '{day}'"
        ahead = 400 if column.name in sources.MAY_LIE_AHEAD and column.name != "valid_from" else -20
        first = column.name in (*sources.STARTS, "birth_date")
        recent = column.name in ("booked_at", "contacted_at", "recorded_at")
        days = -9000 if column.name == "birth_date" else -900 if first and not recent else 0 if recent else ahead
        return f"cast(date '{AS_OF + timedelta(days=days)}' as {column.type})"
    if column.values:
        return f"'{column.values[0]}'"
    by_type = {
        "varchar": f"'{column.name}' || n",
        "boolean": "n % 2 = 0",
        "decimal(9,6)": "0.03",
        "double": "30 + n / 1000",
    }
    return by_type.get(column.type, "100")


def land(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """The table with rows on the business date and on the days before it that it is compared with."""
    days = [AS_OF, AS_OF - timedelta(days=3) if table.kind == "event" else MONTH_END]
    if table.id == "core.account_balances":
        days.append(MONTH_END)
    selects = []
    for day in days:
        # Later columns may name earlier ones, such as a status.
        order = sorted(table.columns, key=lambda each: each.name != "status")
        columns = [f"cast({good_value(table, each, day)} as {each.type}) as {each.name}" for each in order]
        numbers = f"range({ROWS}) as numbers(n)"
        dated = "" if "biz_date" in table.arrow_schema.names else f"date '{day}' as biz_date, "
        shown = ", ".join(["biz_date", *(each.name for each in table.columns if each.name != "biz_date")])
        selects.append(f"select {shown} from (select {dated}{', '.join(columns)} from {numbers})")
    connection.execute(f"create table landing.{table.view} as {' union all '.join(selects)}")
    if table.id == "core.account_balances":
        ends = f"select account_id, date '{MONTH_END}', 100, 100 from landing.core__accounts {ALL}"
        connection.execute(f"delete from landing.core__account_balances where biz_date = date '{MONTH_END}'")
        connection.execute(
            f"insert into landing.core__account_balances (account_id, biz_date, balance, pledged_amount) {ends}"
        )


def bank(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema landing")
    for table in sorted(CONTRACT.tables.values(), key=lambda each: each.id == "core.account_balances"):
        land(connection, table)


@pytest.fixture(scope="module")
def landed() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        bank(connection)
        yield connection


def fail(connection: duckdb.DuckDBPyConnection, table: Table, rules: list[Rule]) -> list[str]:
    """Names of those rules that do not hold of the table as it stands."""
    statement = sources.statement(table, LANDED, checks.columns_of(rules))
    counted = connection.sql(statement).to_arrow_table().to_pylist()[0]
    values = {rule: rule.value(counted[checks.alias(rule.count)], counted[checks.alias(rule.of)]) for rule in rules}
    return [rule.name for rule, value in values.items() if beyond(rule, value)]


def beyond(rule: Rule, value: float) -> bool:
    low, high = rule.at_least, rule.at_most
    return (high is not None and value > high) or (low is not None and value < low)


ONE = f"where biz_date = date '{AS_OF}' and rowid = (select min(rowid) from {{view}} where biz_date = date '{AS_OF}')"
TOMORROW = AS_OF + timedelta(days=1)

# What breaks a rule from practice: assignments on one row, or (in a list) on all of them.
BREAKS: dict[str, str | list[str]] = {
    "core.customers.birth_date_in_future": f"birth_date = date '{TOMORROW}'",
    "core.customers.age_above_120": "birth_date = date '1900-01-01'",
    "core.customers.opened_before_birth": "opened_on = birth_date - 1",
    "core.customers.without_working_branch": ["home_branch_id = 'closed for good'"],
    "core.customers.without_working_branch_mostly": ["home_branch_id = 'closed for good'"],
    "core.customers.consent_of_nobody": ["marketing_consent = false"],
    "core.branches.no_branch_at_work": [f"closed_on = date '{LIST_DATE}'"],
    "core.branches.under_itself": "parent_branch_id = branch_id",
    "core.branches.succeeded_by_itself": "successor_branch_id = branch_id",
    "core.managers.nobody_active": ["is_active = false"],
    "core.managers.own_substitute": "substitute_id = manager_id",
    "core.calendar.ends_too_soon": ["cal_date = cal_date - 300"],
    "core.calendar.no_working_day_ahead": ["is_business_day = false"],
    "core.products.nothing_on_sale": ["is_on_sale = false"],
    "core.product_rates.nothing_in_force": [f"valid_from = date '{TOMORROW}'"],
    "core.accounts.open_without_balance": "account_id = 'never seen'",
    "core.accounts.open_without_balance_widely": ["account_id = 'never seen' || rowid"],
    "core.accounts.mostly_other_currency": ["currency = 'USD'"],
    "core.accounts.currency_odd": "currency = 'RMB元'",
    "core.accounts.closed_and_not": "status = 'active', closed_on = opened_on",
    "core.accounts.term_without_maturity": [
        "account_type = 'time', matures_on = case when rowid % 9 = 0 then matures_on end"
    ],
    "core.account_balances.on_closed_accounts": "account_id = 'account_id2'",
    "core.account_balances.overdrawn": ["balance = case when rowid % 3 = 0 then -1 else 1 end"],
    "core.account_balances.overdrawn_widely": ["balance = -1"],
    "core.account_balances.pledged_above_balance": "pledged_amount = 101",
    "core.transactions.on_closed_accounts": "account_id = 'account_id2'",
    "core.transactions.booked_on_other_day": "booked_at = booked_at - to_days(8)",
    "core.transactions.amount_zero": ["amount = case when rowid % 9 = 0 then 0 else 1 end"],
    "core.transactions.one_direction": ["direction = 'in'"],
    "wealth.holdings.redeemed_with_value": "status = 'redeemed'",
    "wealth.holdings.held_past_maturity": ["matures_on = date '2026-05-01'"],
    "lending.facilities.used_above_limit": "used_amount = 101",
    "lending.facilities.active_past_expiry": f"expires_on = date '{AS_OF}' - 1",
    "lending.loans.balance_above_principal": "balance = 121",
    "lending.loans.settled_with_balance": "status = 'settled'",
    "lending.loans.performing_and_overdue": "overdue_days = 31",
    "lending.loan_whitelist.names_nobody":
        "customer_id = null, id_hash = null, prospect_name = null, prospect_mobile = null",
    "lending.loan_whitelist.prospect_without_ground": ["customer_id = null, contact_ground = ' '"],
    "lending.loan_whitelist.all_expired": [f"valid_to = date '{AS_OF}' - 1"],
    "lending.bureau_summaries.authorisation_expired": [f"authorised_until = date '{AS_OF}' - 1"],
    "lending.bureau_summaries.reported_long_ago": [f"reported_on = date '{AS_OF}' - 181"],
    "lending.bureau_summaries.used_above_limit": ["card_used_total = 101"],
    "cards.credit_cards.balance_far_above_limit": "current_balance = 201",
    "cards.credit_cards.overdue_without_debt": "overdue_days = 1, current_balance = 0, instalment_balance = 0",
    "acquiring.merchant_daily.payers_above_payments": "payer_count = 101",
    "acquiring.merchant_daily.amount_without_payment": "txn_count = 0",
    "acquiring.merchant_daily.top_payer_above_amount": "top_payer_amount = 101",
    "channels.app_activity.active_without_login": "login_count = 0",
    "channels.wecom.names_nobody": "customer_id = null, prospect_id = null",
    "crm.relations.related_to_oneself": "related_customer_id = customer_id",
    "crm.targets.period_odd": "period = '2026/06'",
    "hr.staff_pay.net_above_gross": "net_pay = 301",
}  # fmt: skip


def breaking(table: Table, name: str) -> str | list[str]:
    """What breaks a rule: from the list above, else from the rule's name."""
    if (known := BREAKS.get(f"{table.id}.{name}")) is not None:
        return known
    if name.endswith("_widely"):
        once = breaking(table, name.removesuffix("_widely"))
        return once if isinstance(once, list) else [once]
    if name == "required_text_blank":
        text = next(each.name for each in table.columns if each.type == "varchar" and not each.nullable)
        return f"{text} = ' '"
    if name == "place_not_on_earth":
        return "latitude = 0, longitude = 0"
    if order := re.fullmatch(r"(\w+)_before_(\w+)", name):
        return f"{order[1]} = {order[2]} - to_days(1)"
    column, kind = re.fullmatch(r"(\w+)_(below_minimum|in_future|odd|no_share|emptied|level|unit)", name).groups()
    return {
        "below_minimum": f"{column} = -1",
        "in_future": f"{column} = date '{TOMORROW}'",
        "odd": [f"{column} = '20x'"],
        "no_share": f"{column} = 3.5",
        "emptied": [f"{column} = null"],
        "level": [f"{column} = {column} * 11"],
        "unit": [f"{column} = {column} * 100"],
    }[kind]


@pytest.mark.parametrize("table_id", CONTRACT.tables)
def test_every_rule_of_a_source_table_holds_on_good_rows_and_fails_on_bad_ones(landed, table_id):
    table = CONTRACT.tables[table_id]
    view, rules = f"landing.{table.view}", sources.rules(table, LANDED)
    assert rules
    assert fail(landed, table, rules) == []
    for rule in rules:
        how = breaking(table, rule.name)
        landed.execute("begin")
        where = ALL if isinstance(how, list) else ONE.format(view=view)
        landed.execute(f"update {view} set {how[0] if isinstance(how, list) else how} {where}")
        found = fail(landed, table, [rule])
        landed.execute("rollback")
        assert found == [rule.name]


def test_great_expectations_judges_a_rule_at_its_bounds():
    share = Rule("share", "", "", "n", at_most=0.05, severity="critical")
    move = Rule("move", "", "", "n", PREVIOUS, 3.0, 1 / 3)
    judge = checks.Judge({"s": {"move": 60}})
    for rule, counted, verdict in (
        (share, {"n": 5, "count(*)": 100}, "passed"),
        (share, {"n": 6, "count(*)": 100}, "failed"),
        (share, {"n": 0, "count(*)": 0}, "passed"),
        (share, {"n": 1, "count(*)": 0}, "failed"),
        (move, {"n": 180}, "passed"),
        (move, {"n": 181}, "warned"),
        (move, {"n": 20}, "passed"),
        (move, {"n": 19}, "warned"),
        (move, {"n": 0}, "warned"),
    ):
        judge.counts_hold(suite("s", [rule]), "s", [rule], {checks.alias(sql): n for sql, n in counted.items()})
        assert judge.verdicts[-1].verdict == verdict


def test_a_rule_without_enough_to_compare_with_holds():
    move = Rule("move", "", "", "n", PREVIOUS, 3.0, 1 / 3)
    for before, today in ((None, 1000), (49, 0), (10, 49)):
        assert math.isnan(move.value(today, before))
    judge = checks.Judge({})
    judge.counts_hold(suite("s", [move]), "s", [move], {checks.alias("n"): 1000})
    assert judge.verdicts[0].verdict == "passed"


def test_every_contract_table_and_every_list_has_a_suite_whose_expectations_say_how_severe_they_are():
    suites = [sources.suite_of(table, LANDED) for table in CONTRACT.tables.values()]
    suites += [candidates.suite_of(entry) for entry in catalog.entries().values()]
    suites += [leads.suite_of([], LIST_DATE), leads.balance_suite()]
    assert len(suites) > 50
    for each in suites:
        assert each.expectations
        for expectation in each.expectations:
            assert expectation.severity in ("critical", "warning")
            assert expectation.meta["rule"] and expectation.meta["says"] and expectation.meta["who_fixes"]


# The sources of a day, as a run checks them


@pytest.fixture(scope="module")
def whole_bank(tmp_path_factory) -> Path:
    """A warehouse file with every source table."""
    path = tmp_path_factory.mktemp("bank") / "mingdan.duckdb"
    with duckdb.connect(str(path)) as connection:
        bank(connection)
    return path


def warehouse_at(root: Path, file: Path, *changes: str) -> Warehouse:
    """A home whose warehouse is a copy of the file, changed."""
    home = Home(root, str(root / "landing"), str(root / "published"))
    home.warehouse.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, home.warehouse / "mingdan.duckdb")
    with duckdb.connect(str(home.warehouse / "mingdan.duckdb")) as connection:
        for sql in changes:
            connection.execute(sql)
    return Warehouse(home, settings.load())


def by_subject(verdicts: list[Verdict]) -> dict[str, Verdict]:
    return {each.subject: each for each in verdicts}


def rules_of(verdict: Verdict) -> list[str]:
    return [each.rule for each in verdict.failures]


def test_sources_without_fault_pass_and_a_table_without_rows_is_not_judged(tmp_path, whole_bank):
    gone = ("delete from landing.crm__satisfaction", "delete from landing.channels__wecom")
    verdicts = check_source_content(warehouse_at(tmp_path, whole_bank, *gone), CONTRACT, REPORT, AS_OF)
    assert {each.verdict for each in verdicts} == {"passed"}
    assert set(by_subject(verdicts)) == set(CONTRACT.tables) - {"crm.satisfaction", "channels.wecom"}


def test_severities_gate_sources(tmp_path, whole_bank):
    one = ONE.format(view="landing.core__accounts")
    warehouse = warehouse_at(
        tmp_path,
        whole_bank,
        f"update landing.core__accounts set opened_on = date '{TOMORROW}' {one}",  # one row in 200: a warning
        f"update landing.core__transactions set amount = amount * 100 {ALL}",  # fen for yuan: critical
        f"update landing.cards__credit_cards set credit_limit = -1 {ALL}",  # of an optional table: a warning
    )
    found = by_subject(check_source_content(warehouse, CONTRACT, SOME, AS_OF))
    owner = "owner of source core"
    assert found["core.accounts"].verdict == "warned"
    assert found["core.accounts"].failures[0] == Failure("opened_on_in_future", "warning", 1, ROWS, owner)
    assert found["cards.credit_cards"].verdict == "warned"
    assert found["core.customers"].verdict == "passed"
    told = {"count": 10_000, "of": 100, "who_fixes": owner}
    assert found["core.transactions"].to_manifest() == {
        "suite": "source.core.transactions",
        "verdict": "failed",
        "failed": [
            {"rule": "amount_level", "severity": "warning", **told},
            {"rule": "amount_unit", "severity": "critical", **told},
        ],
    }


def test_three_houses_bought_on_a_quiet_day_are_no_other_unit(tmp_path, whole_bank):
    houses = f"where biz_date = date '{AS_OF}' and txn_id in ('txn_id0', 'txn_id3', 'txn_id6')"
    mean = "select avg(amount) from landing.core__transactions " + ALL
    warehouse = warehouse_at(tmp_path, whole_bank, f"update landing.core__transactions set amount = 1300000 {houses}")
    assert warehouse.query(mean).column(0)[0].as_py() > 100 * 100  # a hundred times what it was
    assert by_subject(check_source_content(warehouse, CONTRACT, SOME, AS_OF))["core.transactions"].verdict == "passed"


def test_only_the_partition_in_use_is_judged(tmp_path, whole_bank):
    events, snapshots = "landing.core__transactions", "landing.wealth__holdings"
    changes = (
        f"update {events} set direction = 'in', booked_at = '2020-01-01' where biz_date < date '{AS_OF}'",
        f"insert into {events} select * replace (date '{TOMORROW}' as biz_date, -1 as amount) from {events} limit 9",
        f"update {snapshots} set biz_date = date '2026-06-27', market_value = -1 {ALL}",
    )
    report = [
        {**row, "status": "stale", "biz_date": "2026-06-27"} if row["table"] == "holdings" else row for row in SOME
    ]
    found = by_subject(check_source_content(warehouse_at(tmp_path, whole_bank, *changes), CONTRACT, report, AS_OF))
    assert found["core.transactions"].verdict == "passed"
    assert rules_of(found["wealth.holdings"]) == ["market_value_below_minimum"]


def test_a_table_that_is_off_is_not_judged_and_a_required_one_must_be_there(tmp_path, whole_bank):
    warehouse = warehouse_at(tmp_path, whole_bank)
    off = [{**row, "status": "late_off"} if row["table"] == "holdings" else row for row in SOME]
    assert "wealth.holdings" not in by_subject(check_source_content(warehouse, CONTRACT, off, AS_OF))
    with pytest.raises(checks.CheckError, match="core.accounts"):
        check_source_content(warehouse, CONTRACT, [row for row in SOME if row["table"] != "accounts"], AS_OF)


def test_the_currency_is_the_one_in_the_settings(tmp_path, whole_bank):
    warehouse = warehouse_at(tmp_path, whole_bank)
    warehouse.settings.values["currency"] = "CZK"
    found = by_subject(check_source_content(warehouse, CONTRACT, SOME, AS_OF))["core.accounts"]
    assert (found.verdict, rules_of(found)) == ("failed", ["mostly_other_currency"])


# Candidates

LISTS = ["deposit_maturity", "idle_funds"]


def entering(code: str, first: int, last: int) -> str:
    """SQL: customers number first to last become candidates of the list, without fault."""
    return (
        f"insert into list_members select '{code}', 'customer', 'c' || n, true, n % 90, 'r1,', 10.00, null, 'default', "
        f"""'{{"aum": "9.00"}}', '{{}}', date '{AS_OF}' from range({first}, {last + 1}) as numbers(n)"""
    )


@pytest.fixture(scope="module")
def listed(tmp_path_factory) -> Path:
    """A warehouse file with 400 customers; both lists have 100 of them."""
    path = tmp_path_factory.mktemp("lists") / "mingdan.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"create table customer_labels as select 'c' || n as customer_id, date '{AS_OF}' as as_of "
            "from range(400) as numbers(n)"
        )
        connection.execute(
            "create table list_members (list varchar, subject_type varchar, subject_id varchar, is_entry boolean, "
            "score integer, rule_ids varchar, stake_amount decimal(18,2), due_on date, talk_variant varchar, "
            "baseline varchar, facts varchar, as_of date)"
        )
        for code in LISTS:
            connection.execute(entering(code, 1, 100))
    return path


IDLE = "update list_members set {} where list = 'idle_funds'"
ONE_OF_IDLE = IDLE + " and subject_id = 'c7'"
SIX_OF_IDLE = IDLE + " and subject_id in ('c1', 'c2', 'c3', 'c4', 'c5', 'c6')"
BAD_CANDIDATES = {
    "too_many_subjects": ("failed", entering("idle_funds", 101, 201)),
    "unknown_subject": ("failed", ONE_OF_IDLE.format("subject_id = 'nobody'")),
    "duplicate_subject": ("failed", entering("idle_funds", 7, 7)),
    "score_out_of_range": ("failed", ONE_OF_IDLE.format("score = 101")),
    "stake_negative": ("failed", ONE_OF_IDLE.format("stake_amount = -0.01")),
    "without_reason": ("warned", ONE_OF_IDLE.format("rule_ids = ''")),
    "without_reason_often": ("failed", SIX_OF_IDLE.format("rule_ids = null")),
    "without_baseline": ("warned", ONE_OF_IDLE.format("""baseline = '{"aum": null, "idle": null}'""")),
    "without_baseline_often": ("failed", SIX_OF_IDLE.format("baseline = null")),
    "score_tells_nobody_apart": ("warned", IDLE.format("score = 40")),
    "keep_rule_too_loose": ("warned", IDLE.format("is_entry = subject_id < 'c5'")),
    "unlike_previous_run": ("warned", entering("idle_funds", 101, 181)),
}
BEFORE = {"candidates.idle_funds": {"unlike_previous_run": 60}}


@pytest.mark.parametrize("rule", BAD_CANDIDATES)
def test_bad_candidates_withhold_their_list_or_warn_of_it_and_the_others_go_on(tmp_path, listed, rule):
    verdict, change = BAD_CANDIDATES[rule]
    found = by_subject(check_candidates(warehouse_at(tmp_path, listed, change), LISTS, AS_OF, BEFORE))
    assert rule in rules_of(found["idle_funds"])
    assert found["idle_funds"].verdict == verdict
    assert found["deposit_maturity"].verdict == "passed"


def test_every_rule_of_the_candidates_is_tried():
    entries = catalog.entries()
    assert {rule.name for code in LISTS for rule in candidates.rules(entries[code])} == set(BAD_CANDIDATES)


def test_candidates_without_fault_pass_and_so_does_a_list_that_is_empty_by_rule(tmp_path, listed):
    found = by_subject(check_candidates(warehouse_at(tmp_path, listed), [*LISTS, "large_inflow"], AS_OF, BEFORE))
    assert {each.verdict for each in found.values()} == {"passed"}
    assert set(found) == {*LISTS, "large_inflow"}
    assert found["idle_funds"].suite == "candidates.idle_funds"


def test_half_of_all_customers_may_be_candidates_and_not_one_more(tmp_path, listed):
    half = warehouse_at(tmp_path, listed, entering("idle_funds", 101, 200))
    assert by_subject(check_candidates(half, LISTS, AS_OF, {}))["idle_funds"].verdict == "passed"


def test_a_list_that_falls_to_nothing_is_warned_of_and_not_withheld(tmp_path, listed):
    warehouse = warehouse_at(tmp_path, listed, "delete from list_members where list = 'idle_funds'")
    found = by_subject(check_candidates(warehouse, LISTS, AS_OF, BEFORE))["idle_funds"]
    assert (found.verdict, rules_of(found)) == ("warned", ["unlike_previous_run"])
    assert (found.failures[0].count, found.failures[0].of) == (0, 60)


def test_candidates_of_another_business_date_are_not_judged(tmp_path, listed):
    with pytest.raises(StaleTable, match="list_members"):
        check_candidates(warehouse_at(tmp_path, listed), LISTS, TOMORROW)


def counts_kept(warehouse: Warehouse, day: date) -> dict[str, dict[str, int]]:
    return json.loads((warehouse.home.history / "check_counts" / f"as_of={day}" / "counts.json").read_text())


def test_a_run_is_compared_with_the_newest_earlier_date_and_never_with_its_own(tmp_path, listed):
    warehouse = warehouse_at(tmp_path, listed)
    for day, rows in ((AS_OF - timedelta(days=9), 900), (AS_OF - timedelta(days=1), 90), (AS_OF, 1), (TOMORROW, 900)):
        checks.keep_counts(warehouse.home, day, {"candidates.idle_funds": {"unlike_previous_run": rows}})
    assert {each.verdict for each in check_candidates(warehouse, LISTS, AS_OF)} == {"passed"}
    assert counts_kept(warehouse, AS_OF)["candidates.idle_funds"]["unlike_previous_run"] == 100


def test_days_that_were_only_built_are_nothing_to_compare_with(tmp_path, listed):
    warehouse = warehouse_at(tmp_path, listed)
    for back, rows in ((9, 900), (1, 90)):
        counts = {"candidates.idle_funds": {"unlike_previous_run": rows}}
        checks.keep_counts(warehouse.home, AS_OF - timedelta(days=back), counts)
    found = checks.counts_before(warehouse.home, AS_OF, {AS_OF - timedelta(days=9), AS_OF})
    assert found == {"candidates.idle_funds": {"unlike_previous_run": 900}}
    assert checks.counts_before(warehouse.home, AS_OF, set()) == {}


def test_a_list_that_failed_leaves_the_counts_before_it_to_compare_with(tmp_path, listed):
    warehouse = warehouse_at(tmp_path, listed, BAD_CANDIDATES["too_many_subjects"][1])
    check_candidates(warehouse, LISTS, AS_OF, BEFORE)
    kept = counts_kept(warehouse, AS_OF)
    assert kept["candidates.idle_funds"] == BEFORE["candidates.idle_funds"]
    assert kept["candidates.deposit_maturity"]["unlike_previous_run"] == 100


def test_both_checks_of_a_day_keep_their_counts_in_one_file(tmp_path, listed):
    warehouse = warehouse_at(tmp_path, listed)
    checks.keep_counts(warehouse.home, AS_OF, {"source.core.customers": {"age_above_120": 1}})
    check_candidates(warehouse, LISTS, AS_OF)
    assert set(counts_kept(warehouse, AS_OF)) == {"source.core.customers", *(f"candidates.{code}" for code in LISTS)}


# Leads


@pytest.fixture(scope="module")
def delivered(tmp_path_factory) -> Path:
    """A warehouse file with two branches of three leads each, the decisions behind them, and a waterfall that adds up.

    Even customers belong to b0, odd ones to b1; c0 and c3 are on a service list, the others on a marketing list."""
    path = tmp_path_factory.mktemp("leads") / "mingdan.duckdb"
    built = f"date '{AS_OF}' as as_of"
    lists = "['idle_funds', 'deposit_maturity', 'app_activation', '*']"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create table customer_labels as
            select 'c' || n as customer_id, 'b' || (n % 2) as home_branch_id, true as has_marketing_consent,
                false as is_profiling_refused, false as is_staff, false as is_deceased,
                false as is_do_not_contact, {built}
            from range(20) as numbers(n);
            create view subjects as select customer_id as subject_id, * from customer_labels;
            create table branch_capacity as
            select 'b' || n as branch_id, 3 as capacity, {built} from range(2) as numbers(n);
            create table list_rules as select unnest({lists}[:3]) as list, 'customer' as subject_type, {built};
            create schema memory;
            create table memory.verdicts as select 'app_activation' as list, 'duplicate_subject' as check_name;
            create table leads as
            select 'L' || substr(md5('c' || n), 1, 20) as lead_id, 'c' || n as subject_id,
                case when n % 3 = 0 then 'deposit_maturity' else 'idle_funds' end as list,
                case when n % 3 = 0 then 'service' else 'marketing' end as purpose,
                'b' || (n % 2) as branch_id, cast(n // 2 + 1 as integer) as rank, 50 as score, 'call' as channel,
                cast(null as varchar) as central_channel, date '{LIST_DATE}' as first_listed_on,
                date '{LIST_DATE}' as list_date, {built}
            from range(6) as numbers(n);
            create table decisions as
            select lead_id, list, subject_id, branch_id, rank as branch_rank, cast(null as integer) as central_rank,
                central_channel, 'listed' as state, false as is_ghost, as_of
            from leads
            union all
            select null, 'idle_funds', 'c9', 'b1', null, null, null, 'waiting', false, date '{AS_OF}';
            create table waterfall as
            select list, 'customer' as subject_type, home_branch_id, state, 'reason' as reason,
                case state when 'listed' then 3 else 7 end as customer_count, {built}
            from (select unnest({lists}) as list), (select unnest(['b0', 'b1']) as home_branch_id),
                (select unnest(['listed', 'not_a_candidate']) as state);
        """)
    return path


C0, C1 = "where subject_id = 'c0'", "where subject_id = 'c1'"  # each ranked first in its branch
BAD_LEADS = {
    "lead_id_twice": f"update leads set lead_id = (select lead_id from leads {C1}) {C0}",
    "lead_id_odd": f"update leads set lead_id = upper(lead_id) || 'X' {C0}",
    "subject_twice": f"update leads set subject_id = 'c1' {C0}",
    "list_unknown": f"update leads set list = 'app_activation' {C0}",  # a check withheld it
    "purpose_unknown": f"update leads set purpose = 'curiosity' {C0}",
    "branch_not_at_work": f"update leads set branch_id = 'b7' {C0}",
    "rank_with_gaps": "update leads set rank = rank + 1 where rank > 1",
    "above_capacity": "update branch_capacity set capacity = 2",
    "score_out_of_range": f"update leads set score = 101 {C0}",
    "first_listed_later": f"update leads set first_listed_on = list_date + 1 {C0}",
    "other_list_date": f"update leads set list_date = list_date - 1 {C0}",
    "without_consent": "update customer_labels set has_marketing_consent = null where customer_id = 'c1'",
    "profiling_refused": "update customer_labels set is_profiling_refused = null where customer_id = 'c1'",
    "staff": "update customer_labels set is_staff = true where customer_id = 'c0'",
    "deceased": "update customer_labels set is_deceased = null where customer_id = 'c0'",
    "do_not_contact": "update customer_labels set is_do_not_contact = true where customer_id = 'c0'",
    "lead_without_decision": f"update decisions set state = 'waiting' {C0}",
    "decision_without_lead": f"delete from leads {C0}",
    "control_group_shown": f"update decisions set is_ghost = true {C0}",
    "waterfall_unbalanced": "delete from waterfall where list = '*' and home_branch_id = 'b1'",
    "waterfall_negative": "update waterfall set customer_count = -customer_count where list = 'idle_funds'",
}


@pytest.mark.parametrize("rule", BAD_LEADS)
def test_bad_leads_fail(tmp_path, delivered, rule):
    verdicts = check_leads(warehouse_at(tmp_path, delivered, BAD_LEADS[rule]), AS_OF, LIST_DATE)
    failures = [failure for each in verdicts for failure in each.failures]
    assert rule in [each.rule for each in failures]
    assert {each.severity for each in failures} == {"critical"}
    assert all(each.count > 0 for each in failures)
    assert "failed" in [each.verdict for each in verdicts]


def test_leads_that_lack_what_every_lead_has_fail(tmp_path, delivered):
    nothing = ", ".join(f"{column} = null" for column in leads.NEVER_NULL)
    found = check_leads(warehouse_at(tmp_path, delivered, f"update leads set {nothing} {C0}"), AS_OF, LIST_DATE)
    assert {f"{column}_missing" for column in leads.NEVER_NULL} <= set(rules_of(found[0]))


def test_every_rule_of_the_leads_is_tried():
    expectations = [*leads.suite_of([], LIST_DATE).expectations, *leads.balance_suite().expectations]
    tried = {*BAD_LEADS, *(f"{column}_missing" for column in leads.NEVER_NULL)}
    assert {each.meta["rule"] for each in expectations} == tried


def test_leads_without_fault_pass_and_service_needs_no_consent(tmp_path, delivered):
    change = "update customer_labels set has_marketing_consent = false where customer_id = 'c0'"
    verdicts = check_leads(warehouse_at(tmp_path, delivered, change), AS_OF, LIST_DATE)
    assert [(each.suite, each.verdict) for each in verdicts] == [("leads", "passed"), ("leads.balance", "passed")]


def test_a_day_without_any_lead_passes(tmp_path, delivered):
    changes = ("delete from leads", "update decisions set state = 'waiting', lead_id = null")
    verdicts = check_leads(warehouse_at(tmp_path, delivered, *changes), AS_OF, LIST_DATE)
    assert [each.verdict for each in verdicts] == ["passed", "passed"]


def test_leads_handed_to_a_central_channel_are_ranked_there_within_its_capacity(tmp_path, delivered):
    change = (
        f"update leads set central_channel = 'sms', rank = 1 {C0}",
        "update leads set rank = rank - 1 where branch_id = 'b0' and central_channel is null",
        "update decisions set state = 'central_channel', central_channel = 'sms', central_rank = 1, branch_rank = null "
        + C0,
        "update decisions set branch_rank = branch_rank - 1 where branch_id = 'b0' and central_channel is null",
    )
    warehouse = warehouse_at(tmp_path, delivered, *change)
    assert [each.verdict for each in check_leads(warehouse, AS_OF, LIST_DATE)] == ["passed", "passed"]
    warehouse.settings.central["sms"]["capacity"] = 0
    assert "above_capacity" in rules_of(check_leads(warehouse, AS_OF, LIST_DATE)[0])


def test_leads_of_another_business_date_are_not_judged(tmp_path, delivered):
    with pytest.raises(StaleTable, match="leads"):
        check_leads(warehouse_at(tmp_path, delivered), TOMORROW, LIST_DATE)


# What is told


def spoil(table: Table) -> Iterator[str]:
    """SQL: the secret in every text and a telling sum in every amount of the business date."""
    texts = [each.name for each in table.columns if each.type == "varchar" and not each.values]
    amounts = [each.name for each in table.columns if each.type == "decimal(18,2)"]
    values = [f"{name} = '{SECRET}'" for name in texts] + [f"{name} = -86421.97" for name in amounts]
    if values:
        yield f"update landing.{table.view} set {', '.join(values)} {ALL}"


def test_no_value_of_anybody_stands_in_a_verdict_a_page_a_log_or_the_counts(
    tmp_path, whole_bank, listed, delivered, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    changes = [sql for table in CONTRACT.tables.values() for sql in spoil(table)]
    verdicts = check_source_content(warehouse_at(tmp_path / "a", whole_bank, *changes), CONTRACT, REPORT, AS_OF)
    assert sum(each.verdict == "failed" for each in verdicts) >= 3
    change = f"update list_members set subject_id = '{SECRET}', rule_ids = '{SECRET}', stake_amount = -86421.97"
    verdicts += check_candidates(warehouse_at(tmp_path / "b", listed, change), LISTS, AS_OF)
    names = ", ".join(f"{name} = '{SECRET}'" for name in ("subject_id", "lead_id", "branch_id", "list", "purpose"))
    verdicts += check_leads(warehouse_at(tmp_path / "c", delivered, f"update leads set {names}"), AS_OF, LIST_DATE)
    assert [each.verdict for each in verdicts[-4:]] == ["failed"] * 4
    write_data_docs(verdicts, tmp_path / "docs")
    written = [*(tmp_path / "docs").iterdir(), *tmp_path.glob("?/history/**/*.json")]
    assert len(written) == 4 + 2
    told = [path.read_text(encoding="utf-8") for path in written]
    told += [json.dumps([each.to_manifest() for each in verdicts], ensure_ascii=False), repr(verdicts)]
    for text in [*told, caplog.text, *capfd.readouterr()]:
        assert SECRET not in text and ascii(SECRET).strip("'") not in text and "86421" not in text


def test_a_rule_that_cannot_be_judged_stops_and_quotes_nothing():
    import great_expectations.expectations as gxe

    judge = checks.Judge({})
    broken = suite("s", [Rule("share", "says", "who", "n")])
    broken.expectations[0] = gxe.ExpectColumnValuesToBeBetween(column=SECRET, max_value=0, meta={"rule": "share"})
    with pytest.raises(checks.CheckError, match="suite s, rule share") as raised:
        judge.counts_hold(broken, "s", [Rule("share", "says", "who", "n")], {})
    assert SECRET not in str(raised.value)


def test_data_docs_show_every_rule_with_severity_counts_and_who_fixes_it(tmp_path, listed):
    warehouse = warehouse_at(tmp_path, listed, BAD_CANDIDATES["stake_negative"][1])
    write_data_docs(check_candidates(warehouse, LISTS, AS_OF, BEFORE), tmp_path / "docs")
    text = (tmp_path / "docs" / "candidates.html").read_text(encoding="utf-8")
    for code in LISTS:
        for rule in candidates.rules(catalog.entries()[code]):
            assert f"<td>{rule.name}</td>" in text
            assert rule.who_fixes in text
    found = [line for line in text.split("<tr") if "<td>stake_negative</td>" in line and "idle_funds" in line]
    assert len(found) == 1
    assert "critical" in found[0] and "no 否" in found[0]
    assert '<td class="n">1</td><td class="n">100</td>' in found[0]
    assert "http" not in text and "<script" not in text


def test_data_docs_of_one_border_leave_the_others_and_the_index_names_all(tmp_path):
    for name in ("source.core.customers", "leads"):
        write_data_docs([Verdict(name, "x", "passed", ())], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "leads.html", "source.html"]
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "source.html" in index and "leads.html" in index and "candidates.html" not in index
