"""Rules on the content of each source table, made from the contract: what a banker would doubt before believing it.

Structure, keys, orphans, enumerations, nulls and row counts have been checked when the files were accepted. Here:
amounts, dates, states that contradict each other, and columns or amounts that look nothing like the days before. What
came before is read from the landed data, so that the same data gives the same verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from mingdan.contract import Column, Contract, Table

from expectations.rules import ENOUGH, Rule, rows_where, suite

# More than one row in a hundred is a broken delivery rather than bad rows: it stops the day.
WIDELY = 0.01
# Amounts nearly 10 times off are worth a look; 50 times off is another unit (fen for yuan is 100).
LEVEL_WARNS, LEVEL_STOPS = 9.0, 50.0
COLUMN_EMPTIED = 0.2  # of the share that was filled before
OLDEST = 120  # years

# Dates that may lie ahead; every other date of a row is past or today.
MAY_LIE_AHEAD = {
    "matures_on", "expires_on", "valid_from", "valid_to", "absent_from", "absent_until", "next_open_on", "graduates_on",
    "authorised_until", "cal_date", "held_on", "biz_date",
}  # fmt: skip
PLANNED = {("core.branches", "closed_on"), ("core.customers", "birth_date")}  # birth has rules of its own
STARTS = ("opened_on", "bought_on", "granted_on", "signed_on", "approved_on", "added_on", "valid_from", "absent_from",
          "contacted_at")  # fmt: skip
ENDS = {"matures_on", "closed_on", "redeemed_on", "settled_on", "expires_on", "cancelled_on", "deleted_on", "valid_to",
        "absent_until", "activated_on", "first_used_on", "last_interaction_on", "recorded_at"}  # fmt: skip
# Amounts whose mean is compared although they may be negative; those with a minimum are compared anyway.
LEVELS = {("core.account_balances", "balance"), ("crm.corporates", "balance")}
# Days on which the system books interest or fees on every account look like no other: left out of comparisons.
COMPARABLE = {"core.transactions": "txn_type not in ('interest', 'fee', 'tax')"}
AT_WORK = "level in ('branch', 'outlet') and (closed_on is null or closed_on > {list_date})"  # as delivery has it


@dataclass(frozen=True)
class Landed:
    """What has landed for a business date: the partition of each table that is judged, by table id."""

    as_of: date
    contract: Contract
    days: dict[str, date]
    currency: str = "CNY"

    def rows(self, table_id: str) -> str:
        """SQL: that partition of a table; no row when there is none."""
        day = day_sql(self.days[table_id]) if table_id in self.days else "cast(null as date)"
        return f"(select * from landing.{self.contract.tables[table_id].view} where biz_date = {day})"

    def before(self, table: Table) -> tuple[date, date]:
        """First and last day that a partition is compared with: the week before (of monthly events, the month before),
        or the month-end before."""
        day = self.days.get(table.id, self.as_of)
        if table.kind == "event":
            return day - timedelta(days=7 if table.cadence == "daily" else 31), day - timedelta(days=1)
        return month_end_before(day), month_end_before(day)


def suite_of(table: Table, landed: Landed) -> Any:
    """The ExpectationSuite of a contract table."""
    return suite(f"source.{table.id}", rules(table, landed))


def statement(table: Table, landed: Landed, columns: str) -> str:
    """SQL: the one row of a table's aggregates; `columns` are the rules' counts, to select."""
    first, last = landed.before(table)
    then = ", ".join(["count(*) as row_count", *(f"{sql} as {name}" for name, sql in measures(table).items())])
    return (
        f"with today as {landed.rows(table.id)}, before as (select {then} from landing.{table.view} "
        f"where biz_date >= {day_sql(first)} and biz_date <= {day_sql(last)} and {COMPARABLE.get(table.id, '1 = 1')}) "
        f"select {columns} from today cross join before"
    )


def rules(table: Table, landed: Landed) -> list[Rule]:
    """Every rule of a table: from its columns' types, names and minima, and from practice."""
    found = [*minima(table), *past(table, landed), *in_order(table), *texts(table), *figures(table, landed)]
    for make in PRACTICE.get(table.id, ()):
        found += make(table, landed)
    return [*found, *like_before(table)]


# Rules from the contract


def rule(
    table: Table, name: str, says: str, condition: str, at_most: float = 0.0, stops_above: float | None = None
) -> list[Rule]:
    """A rule on rows: more than `at_most` of them (a share) warn; more than `stops_above` stop the day."""
    doubt = Rule(name, says, who(table), rows_where(condition), at_most=at_most)
    if stops_above is None:
        return [doubt]
    limit = f"not of more than {stops_above:.0%} of the rows"
    return [
        doubt,
        replace(doubt, name=f"{name}_widely", says=f"{says}; {limit}", at_most=stops_above, severity="critical"),
    ]


def who(table: Table) -> str:
    return f"owner of source {table.source}"


def widely(table: Table, column: Column | None = None) -> float | None:
    return WIDELY if table.required and (column is None or column.required) else None


def minima(table: Table) -> list[Rule]:
    """The contract states a minimum: in a required column of a required table one row below it stops the day."""
    return [
        Rule(f"{each.name}_below_minimum", f"{each.name} is {each.minimum} or more", who(table),
             rows_where(f"{each.name} < {each.minimum}"),
             severity="critical" if table.required and each.required else "warning")
        for each in table.columns if each.minimum is not None
    ]  # fmt: skip


def past(table: Table, landed: Landed) -> list[Rule]:
    found = []
    for each in table.columns:
        is_day = each.type in ("date", "timestamp")
        if is_day and each.name not in MAY_LIE_AHEAD and (table.id, each.name) not in PLANNED:
            condition = f"cast({each.name} as date) > {day_sql(landed.as_of)}"
            says = f"{each.name} is not after the business date"
            found += rule(table, f"{each.name}_in_future", says, condition, stops_above=widely(table, each))
        if each.name.endswith("_month") and each.type == "varchar":
            condition = f"{each.name} not like '____-__' or {each.name} > '{landed.as_of:%Y-%m}'"
            says = f"{each.name} is YYYY-MM and not after the business date"
            found += rule(table, f"{each.name}_odd", says, condition)
    return found


def in_order(table: Table) -> list[Rule]:
    names = [each.name for each in table.columns]
    starts = [name for name in STARTS if name in names]
    return [
        each
        for start in starts[:1] for end in names if end in ENDS
        for each in rule(table, f"{end}_before_{start}", f"{end} is not before {start}", f"{end} < {start}")
    ]  # fmt: skip


def texts(table: Table) -> list[Rule]:
    """An empty text is a missing value that no null check finds."""
    required = [each.name for each in table.columns if each.required and not each.nullable and each.type == "varchar"]
    blank = " or ".join(f"trim({name}) = ''" for name in required)
    found = []
    if blank:
        found += rule(table, "required_text_blank", "no required text is blank", blank, stops_above=widely(table))
    for each in table.columns:
        if each.name.endswith("mobile"):
            odd = f"{each.name} is not null and (try_cast({each.name} as bigint) is null or length({each.name}) < 7)"
            found += rule(table, f"{each.name}_odd", f"{each.name} is digits only, 7 or more", odd, at_most=WIDELY)
        if each.name == "mcc":
            odd = "length(mcc) <> 4 or try_cast(mcc as integer) is null"
            found += rule(table, "mcc_odd", "mcc has four digits", odd)
    return found


def figures(table: Table, landed: Landed) -> list[Rule]:
    """Rates are shares (0.035, not 3.5); places lie on earth and not where a missing figure became 0."""
    found = []
    for each in table.columns:
        if each.type == "decimal(9,6)" and each.name.endswith(("_rate", "_margin")):
            says = f"{each.name} is a share, between -1 and 1"
            found += rule(table, f"{each.name}_no_share", says, f"{each.name} > 1 or {each.name} < -1")
    if {"latitude", "longitude"} <= {each.name for each in table.columns}:
        off = (
            "latitude not between -90 and 90 or longitude not between -180 and 180 or (latitude = 0 and longitude = 0)"
        )
        found += rule(table, "place_not_on_earth", "latitude and longitude are degrees, and not both 0", off)
    return found


# Rules that compare with the days before


def measures(table: Table, shown: str = "1 = 1") -> dict[str, str]:
    """Aggregates over the rows shown, that are taken of today's rows and of those before: how many fill a column that
    may be null; how many amounts are positive, and their digits. Digits tell a unit as a sum does, and one house bought
    on a quiet day moves them no more than any other payment."""
    found = {}
    for each in table.columns:
        if each.nullable:
            found[f"{each.name}_filled"] = f"count(case when {shown} then {each.name} end)"
        elif each.type == "decimal(18,2)" and (each.minimum == 0 or (table.id, each.name) in LEVELS):
            positive = f"case when {shown} and {each.name} > 0 then {each.name} end"
            found[f"{each.name}_rows"] = f"count({positive})"
            whole_units = f"cast(cast(floor({positive}) as bigint) as string)"
            found[f"{each.name}_digits"] = f"sum(length({whole_units}))"
    return found


def like_before(table: Table) -> list[Rule]:
    """Per column that may be null the share of rows that fill it, per amount its size, in percent of those before."""
    shown = COMPARABLE.get(table.id, "1 = 1")
    today, row_count = measures(table, shown), rows_where(shown)
    when = "in the days before" if table.kind == "event" else "at the month-end before"
    found = []
    for name, part in today.items():
        column, kind = name.rsplit("_", 1)
        if kind == "filled":
            says = f"{column} is filled about as often as {when} (percent of that share)"
            count = percent(part, row_count, name, "row_count", enough=name)
            found.append(Rule(f"{column}_emptied", says, who(table), count, "100", None, COLUMN_EMPTIED))
        if kind == "digits":
            says = f"{column} is usually of the size that it had {when} (percent of that size)"
            count = percent_of_size(part, today[f"{column}_rows"], name, f"{column}_rows")
            found.append(Rule(f"{column}_level", says, who(table), count, "100", LEVEL_WARNS, 1 / LEVEL_WARNS))
            if table.required:
                says = f"{column} is in the same unit as {when} (percent of the usual size)"
                unit = Rule(f"{column}_unit", says, who(table), count, "100", LEVEL_STOPS, 1 / LEVEL_STOPS, "critical")
                found.append(unit)
    return found


def percent(part: str, whole: str, part_before: str, whole_before: str, enough: str) -> str:
    """SQL: today's ratio in percent of the ratio before, null where either day has too few rows to tell. Doubles only
    after everything has been summed."""
    now = f"cast({part} as double) / nullif(cast({whole} as double), 0)"
    then = f"cast(max(before.{part_before}) as double) / nullif(cast(max(before.{whole_before}) as double), 0)"
    return (
        f"case when {whole} >= {ENOUGH} and max(before.{enough}) >= {ENOUGH} "
        f"then floor(100 * ({now}) / nullif({then}, 0)) end"
    )


def percent_of_size(digits: str, whole: str, digits_before: str, whole_before: str) -> str:
    """SQL: the usual size of today's amounts in percent of the one before; a digit more is ten times the size."""
    more = (
        f"cast({digits} as double) / {whole} - cast(max(before.{digits_before}) as double) / max(before.{whole_before})"
    )
    return (
        f"case when {whole} >= {ENOUGH} and max(before.{whole_before}) >= {ENOUGH} "
        f"then floor(100 * power(10, {more}) + 0.5) end"
    )


# Rules from practice, by table

Make = Callable[[Table, Landed], list[Rule]]


def practice(
    name: str,
    says: str,
    condition: str,
    at_most: float = 0.0,
    stops_above: float | None = None,
    given: str | None = None,
) -> Make:
    """A rule on rows, whose condition may name days as {as_of}, {week_ago} …; with `given` only where that optional
    column is delivered at all."""

    def make(table: Table, landed: Landed) -> list[Rule]:
        made = rule(table, name, says, condition.format(**days_named(landed)), at_most, stops_above)
        if given is None:
            return made
        return [replace(each, count=f"case when count({given}) = 0 then 0 else {each.count} end") for each in made]

    return make


def never(name: str, says: str, condition: str, severity: str = "warning") -> Make:
    """A rule on the whole partition: the condition, an aggregate, never holds of a table with rows."""

    def make(table: Table, landed: Landed) -> list[Rule]:
        count = f"case when {condition.format(**days_named(landed))} then count(*) else 0 end"
        return [Rule(name, says, who(table), count, severity=severity)]

    return make


def days_named(landed: Landed) -> dict[str, str]:
    ago = {"list_date": -1, "as_of": 0, "week_ago": 7, "month_ago": 31, "half_year_ago": 180}
    return {name: day_sql(landed.as_of - timedelta(days=days)) for name, days in ago.items()}


def ages(table: Table, landed: Landed) -> list[Rule]:
    oldest = date(landed.as_of.year - OLDEST, landed.as_of.month, 1)
    return [
        *rule(table, "birth_date_in_future", "nobody is born after the business date",
              f"birth_date > {day_sql(landed.as_of)}", stops_above=WIDELY),
        *rule(table, "age_above_120", f"nobody is older than {OLDEST}", f"birth_date < {day_sql(oldest)}",
              stops_above=WIDELY),
        *rule(table, "opened_before_birth", "nobody became a customer before birth", "opened_on < birth_date"),
    ]  # fmt: skip


def customers_served(table: Table, landed: Landed) -> list[Rule]:
    """A customer of head office, or of a closed branch without a successor at work, can be on no branch's list."""
    branches = landed.rows("core.branches")
    at_work = f"select branch_id from {branches} as branches where {AT_WORK.format(**days_named(landed))}"
    served = (
        f"select branch_id from ({at_work}) as at_work union select closed.branch_id from {branches} as closed "
        f"inner join ({at_work}) as at_work on closed.successor_branch_id = at_work.branch_id"
    )
    count = f"(select count(*) from today anti join ({served}) as served on today.home_branch_id = served.branch_id)"
    says = "customers belong to a branch that works, or to one with a successor that does"
    few = Rule("without_working_branch", says, who(table), count, at_most=0.05)
    return [few, replace(few, name="without_working_branch_mostly", at_most=0.5, severity="critical")]


def accounts_with_balance(table: Table, landed: Landed) -> list[Rule]:
    """Balances come on change and for every open account on each month's last day: since then each has a row."""
    day = landed.as_of
    since = day if (day + timedelta(days=1)).day == 1 else month_end_before(day)
    balances = landed.contract.tables["core.account_balances"].view
    count = (
        f"(select count(*) from (select account_id from today where status <> 'closed' "
        f"and opened_on <= {day_sql(since)}) as open_accounts "
        f"anti join (select account_id from landing.{balances} "
        f"where biz_date >= {day_sql(since)} and biz_date <= {day_sql(day)}) as balances "
        "on open_accounts.account_id = balances.account_id)"
    )
    says = "every open account has a balance since the last month-end"
    some = Rule("open_without_balance", says, who(table), count, rows_where("status <> 'closed'"))
    return [some, replace(some, name="open_without_balance_widely", at_most=WIDELY, severity="critical")]


def currency_of_bank(table: Table, landed: Landed) -> list[Rule]:
    """Accounts in other currencies are held at market value; if they are the most, the setting is wrong."""
    says = f"most accounts are in {landed.currency}, the currency in settings.yml"
    other = rows_where(f"currency <> '{landed.currency}'")
    return [
        Rule("mostly_other_currency", says, "owner of settings.yml", other, at_most=0.5, severity="critical"),
        *rule(table, "currency_odd", "currency has three letters", "length(currency) <> 3"),
    ]


def closed_accounts_rest(table: Table, landed: Landed) -> list[Rule]:
    """Closed accounts have neither money nor movements after the day they closed."""
    closed = f"select account_id, closed_on from {landed.rows('core.accounts')} as accounts where status = 'closed'"
    moved = " and today.balance <> 0" if table.name == "account_balances" else ""
    count = (
        f"(select count(*) from today inner join ({closed}) as closed on today.account_id = closed.account_id "
        f"where today.biz_date > closed.closed_on{moved})"
    )
    says = "no account that has closed shows " + ("a balance" if moved else "a movement")
    some = Rule("on_closed_accounts", says, who(table), count)
    return [some, replace(some, name="on_closed_accounts_widely", at_most=WIDELY, severity="critical")]


def next_fortnight(table: Table, landed: Landed) -> list[Rule]:
    """The list date is looked up here; a calendar that ends before it falls back to Monday to Friday."""
    tomorrow, later = landed.as_of + timedelta(days=1), landed.as_of + timedelta(days=14)
    ahead = f"cal_date between {day_sql(tomorrow)} and {day_sql(later)}"
    return [
        *never("ends_too_soon", "the calendar holds the next 14 days", f"{rows_where(ahead)} < 14")(table, landed),
        *never("no_working_day_ahead", "the bank works within the next 14 days",
               f"{rows_where(ahead)} = 14 and {rows_where(ahead + ' and is_business_day')} = 0")(table, landed),
    ]  # fmt: skip


PRACTICE: dict[str, tuple[Make, ...]] = {
    "core.customers": (
        ages,
        customers_served,
        never("consent_of_nobody", "somebody consents to marketing where consent is delivered",
              f"count(marketing_consent) > 0 and {rows_where('marketing_consent')} = 0"),
    ),
    "core.branches": (
        never("no_branch_at_work", "some branch or outlet is open",
              f"{rows_where(AT_WORK)} = 0", "critical"),
        practice("under_itself", "no branch stands under itself", "parent_branch_id = branch_id"),
        practice("succeeded_by_itself", "no branch is its own successor", "successor_branch_id = branch_id"),
    ),
    "core.managers": (
        never("nobody_active", "some manager is active", f"{rows_where('is_active')} = 0"),
        practice("own_substitute", "nobody stands in for themselves", "substitute_id = manager_id"),
    ),
    "core.calendar": (next_fortnight,),
    "core.products": (never("nothing_on_sale", "some product is on sale", f"{rows_where('is_on_sale')} = 0"),),
    "core.product_rates": (
        never("nothing_in_force", "some rate is in force", rows_where("valid_from <= {as_of}") + " = 0"),
    ),
    "core.accounts": (
        accounts_with_balance,
        currency_of_bank,
        practice("closed_and_not", "closed accounts, and no others, have a closing day where it is delivered",
                 "status = 'closed' and closed_on is null or status <> 'closed' and closed_on <= {as_of}",
                 given="closed_on"),
        practice("term_without_maturity", "open time deposits have a maturity where it is delivered",
                 "account_type in ('time', 'cd') and status <> 'closed' and matures_on is null",
                 at_most=WIDELY, given="matures_on"),
    ),
    "core.account_balances": (
        closed_accounts_rest,
        practice("overdrawn", "few balances are negative", "balance < 0", at_most=0.2, stops_above=0.5),
        practice("pledged_above_balance", "no more is pledged than there is",
                 "pledged_amount > balance and pledged_amount > 0"),
    ),
    "core.transactions": (
        closed_accounts_rest,
        practice("booked_on_other_day", "booked_at is within a week of biz_date",
                 "cast(booked_at as date) < {week_ago}", stops_above=WIDELY),
        practice("amount_zero", "hardly any amount is 0", "amount = 0", at_most=0.05),
        never("one_direction", "money moves both in and out",
              f"count(*) >= {ENOUGH} and (count(case when direction = 'in' then 1 end) in (0, count(*)))"),
    ),
    "wealth.holdings": (
        practice("redeemed_with_value", "what is redeemed is worth 0", "status = 'redeemed' and market_value > 0"),
        practice("held_past_maturity", "hardly anything is held a month past its maturity",
                 "status = 'held' and matures_on < {month_ago}", at_most=0.05),
    ),
    "lending.facilities": (
        practice("used_above_limit", "no more is used than approved", "used_amount > approved_limit"),
        practice("active_past_expiry", "no active limit has expired", "status = 'active' and expires_on < {as_of}"),
    ),
    "lending.loans": (
        practice("balance_above_principal", "no loan owes a fifth more than was lent", "balance > 1.2 * principal"),
        practice("settled_with_balance", "settled loans are at 0", "status = 'settled' and balance > 0"),
        practice("performing_and_overdue", "no performing loan is overdue for a month",
                 "status = 'performing' and overdue_days > 30"),
    ),
    "lending.loan_whitelist": (
        practice("names_nobody", "every row names a customer or a prospect",
                 "customer_id is null and id_hash is null and prospect_name is null and prospect_mobile is null"),
        practice("prospect_without_ground", "most rows name a customer or state a ground for contacting the prospect",
                 "customer_id is null and coalesce(trim(contact_ground), '') = ''", at_most=0.5),
        never("all_expired", "some row is still valid", rows_where("valid_to >= {as_of}") + " = 0"),
    ),
    "lending.bureau_summaries": (
        practice("authorisation_expired", "most authorisations hold", "authorised_until < {as_of}", at_most=0.5),
        practice("reported_long_ago", "most reports are of the last 180 days",
                 "reported_on < {half_year_ago}", at_most=0.5),
        practice("used_above_limit", "hardly any card use exceeds the limits",
                 "card_used_total > card_limit_total", at_most=0.05),
    ),
    "cards.credit_cards": (
        practice("balance_far_above_limit", "no balance is twice the limit",
                 "current_balance > 2 * credit_limit and credit_limit > 0"),
        practice("overdue_without_debt", "only debts are overdue",
                 "overdue_days > 0 and current_balance <= 0 and instalment_balance <= 0"),
    ),
    "acquiring.merchant_daily": (
        practice("payers_above_payments", "there are no more payers than payments", "payer_count > txn_count"),
        practice("amount_without_payment", "no amount comes without a payment", "amount > 0 and txn_count = 0"),
        practice("top_payer_above_amount", "nobody pays more than everybody", "top_payer_amount > amount"),
    ),
    "channels.app_activity": (
        practice("active_without_login", "whoever did something logged in",
                 "login_count = 0 and transfer_count + payment_count + wealth_view_count + loan_view_count > 0"),
    ),
    "channels.wecom": (
        practice("names_nobody", "every row names a customer or a prospect",
                 "customer_id is null and prospect_id is null"),
    ),
    "crm.relations": (practice("related_to_oneself", "nobody is related to themselves",
                               "customer_id = related_customer_id"),),
    "crm.targets": (practice("period_odd", "period is YYYY, YYYYQn or YYYY-MM",
                             "not (period like '____' or period like '____Q_' or period like '____-__')"),),
    "hr.staff_pay": (
        practice("net_above_gross", "net pay is not above gross", "net_pay > base_pay + performance_pay + allowances"),
    ),
}  # fmt: skip


def day_sql(day: date) -> str:
    return f"cast('{day}' as date)"


def month_end_before(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)
