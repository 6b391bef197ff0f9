"""Planted customers who belong to no list: each shows a value that a label takes too rarely in a bank of 2 000.

Days count back from the day the cases are made for (0), amounts are yuan; see cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mingdan.sample_bank import books as b
from mingdan.sample_bank.books import EXTERNAL
from mingdan.sample_bank.columns import day_of
from mingdan.sample_bank.script import Person, Shown, showing

Build = Callable[[Person], None]


def card(person: Person, **said: object) -> str:
    """A credit card of long standing and in use, but for what is said; dates are day numbers. Its number."""
    number = f"K8{person.number:08d}"
    first = person.stage.first_day
    row = {
        "card_id": number, "product_code": "K01", "credit_limit": 9_000_000, "current_balance": 0,
        "instalment_balance": 0, "overdue_days": 0, "approved_on": first - 600, "activated_on": first - 590,
        "first_used_on": first - 580, "status": "active", "acquisition_channel": "counter", **said,
    }  # fmt: skip
    person.tells("cards.credit_cards", lambda day: row if int(str(row["approved_on"])) <= day else None)
    return number


def is_month_end(person: Person, days_ago: int) -> bool:
    return day_of(person.on(days_ago - 1)).day == 1


@showing
def repayment_capacity() -> Iterator[Shown]:
    """10 000 overdue on a card, held against what lies on demand; nothing else comes in or goes out in the end."""

    def owes(yuan: float) -> Build:
        def build(person: Person) -> None:
            person.holds(yuan)
            card(person, current_balance=1_000_000, overdue_days=40)

        return build

    yield Shown("repayment_capacity", "A", "as much here as is overdue", owes(10_000))
    yield Shown("repayment_capacity", "B", "a little less than is overdue", owes(9_990))
    yield Shown("repayment_capacity", "C", "a little less than half of it", owes(4_990))
    yield Shown("repayment_capacity", "D", "a little less than a fifth of it", owes(1_990))
    yield Shown("repayment_capacity", "E", "nothing here", owes(0))


@showing
def cards() -> Iterator[Shown]:
    def honeymoon(yuan: int) -> Build:
        def build(person: Person) -> None:
            person.holds(20_000)
            since = person.on(60)
            number = card(person, approved_on=since - 4, activated_on=since, first_used_on=person.on(30))

            def bought(day: int) -> dict[str, object] | None:
                return {
                    "txn_id": f"K8{day_of(day):%y%m%d}{person.number:08d}", "card_id": number,
                    "booked_at": (day * 86400 + 50_000) * 1_000_000, "biz_date": day, "amount": yuan * 100,
                    "mcc": "5732", "merchant_name": "数码店", "is_instalment": False, "is_refund": False,
                    "channel": "pos",
                } if day == person.on(30) else None  # fmt: skip

            person.tells("cards.card_transactions", bought)

        return build

    def unused(is_active: bool) -> Build:
        def build(person: Person) -> None:
            person.holds(4_000)
            card(
                person, approved_on=person.on(20), activated_on=person.on(15) if is_active else None,
                first_used_on=None, status="active" if is_active else "not_activated",
            )  # fmt: skip

        return build

    yield Shown("honeymoon_band", "50k", "50 000 spent in the second month with the card", honeymoon(50_000))
    yield Shown("honeymoon_band", "10k", "49 990 spent in the second month with the card", honeymoon(49_990))
    yield Shown("honeymoon_band", "10k", "10 000 spent in the second month with the card", honeymoon(10_000))
    yield Shown("honeymoon_band", "1k", "9 990 spent in the second month with the card", honeymoon(9_990))
    yield Shown("honeymoon_band", "under_1k", "990 spent in the second month with the card", honeymoon(990))

    def card_alone(yuan: float) -> Build:
        def build(person: Person) -> None:
            person.holds(yuan)
            card(person)

        return build

    yield Shown("single_card_kind", "credit", "a card, and 99 on demand", card_alone(99))
    yield Shown("is_single_card", False, "a card, and 100 on demand", card_alone(100))
    yield Shown("card_stage", "activated_unused", "activated two weeks ago, never used", unused(True))
    yield Shown("card_stage", "not_activated", "sent three weeks ago, not activated", unused(False))


@showing
def debts() -> Iterator[Shown]:
    def loan(state: str, overdue: int = 0, how: str | None = None, settled: int | None = None) -> Build:
        def build(person: Person) -> None:
            person.holds(2_000)
            row = {
                "loan_id": f"N8{person.number:08d}", "product_code": "L20", "loan_type": "consumer",
                "principal": 3_000_000, "balance": 0 if settled else 1_200_000, "annual_rate": 45_000,
                "opened_on": person.stage.first_day - 700, "matures_on": person.stage.first_day + 400,
                "status": state, "overdue_days": overdue, "settlement_kind": how,
                "settled_on": None if settled is None else person.stage.first_day - settled,
            }  # fmt: skip
            person.tells("lending.loans", lambda day: row)

        return build

    def late_elsewhere(is_late: bool) -> Build:
        def build(person: Person) -> None:
            person.holds(6_000)
            person.tells(
                "lending.bureau_summaries",
                lambda day: {
                    "reported_on": day - 20, "authorised_purposes": "credit_granting,post_loan,marketing",
                    "authorised_until": day + 300, "other_bank_loan_count": 1, "other_bank_loan_balance": 2_000_000,
                    "other_bank_monthly_repayment": 100_000, "remaining_months": 18, "card_limit_total": 0,
                    "card_used_total": 0, "hard_inquiries_3m": 1, "is_overdue_elsewhere": is_late,
                },
            )  # fmt: skip

        return build

    yield Shown("is_overdue", True, "one day late", loan("overdue", 1))
    yield Shown("is_npl", True, "91 days late, a bad loan", loan("npl", 91))
    yield Shown("has_written_off", True, "a loan written off", loan("written_off", 400))
    yield Shown(
        "last_settlement_kind",
        "written_off",
        "settled by a write-off",
        loan("settled", 0, "written_off", 9),
    )
    yield Shown(
        "last_settlement_kind",
        "refinanced_here",
        "settled by a new one",
        loan("settled", 0, "refinanced_here", 9),
    )
    yield Shown("is_overdue_elsewhere", True, "late with another bank, says the bureau", late_elsewhere(True))
    yield Shown("is_overdue_elsewhere", False, "on time with another bank, says the bureau", late_elsewhere(False))


@showing
def leavers() -> Iterator[Shown]:
    def sends(name: str, days_ago: int = 29, **more: object) -> Build:
        def build(person: Person) -> None:
            person.holds(200_000)
            said = {"name": name, "bank": 3, "account": EXTERNAL + 79, "channel": b.APP, **more}
            person.moves(days_ago, 120_000, b.OUT, **said)  # type: ignore[arg-type]

        return build

    def buys(person: Person) -> None:
        person.holds(200_000)
        person.pays(29, 120_000, name="恒兴汽车销售")

    def exits(yuan: float) -> Build:
        def build(person: Person) -> None:
            person.holds(4_000_000)
            person.sends_to_own(0, yuan)

        return build

    yield Shown("churn_reason", "to_wealth_elsewhere", "60 % sent to a fund company", sends("恒信基金销售公司"))
    yield Shown("churn_reason", "to_securities", "60 % sent to a broker", sends("青云证券"))

    def invests(person: Person) -> None:
        person.holds(200_000)
        person.moves(29, 120_000, b.OUT, type_=b.INVESTMENT, channel=b.COUNTER, name="理财产品清算专户")

    yield Shown("churn_reason", "unknown", "60 % invested here, in what is not delivered as a holding", invests)
    yield Shown("churn_reason", "large_purchase", "60 % paid for a car", buys)
    yield Shown("has_fast_exit", True, "35 % of everything to the own account elsewhere today", exits(1_400_000))


@showing
def states() -> Iterator[Shown]:
    def is_silent(yuan: float) -> Build:
        def build(person: Person) -> None:
            person.uses_app = person.is_busy = False
            person.holds(yuan)

        return build

    def woke(person: Person) -> None:
        is_silent(600)(person)
        for days_ago in (70, 40, 25, 12, 3):
            person.receives(days_ago, 400)
            person.moves(days_ago, 400, b.OUT, type_=b.CASH, channel=b.ATM)

    def has_a_loan_only(person: Person) -> None:
        person.uses_app = person.is_busy = False
        person.loan("consumer", 30_000)
        person.accounts[0].closed = person.stage.first_day - 300

    def is_dead(person: Person) -> None:
        is_silent(600)(person)
        person.about["is_deceased"] = True

    yield Shown("is_long_dormant", True, "silent for a year, 10 on the account", is_silent(10), 425)
    yield Shown("is_long_dormant", False, "silent for a year, 11 on the account", is_silent(11), 425)
    yield Shown("is_dormant", False, "silent for long, awake since ten weeks", woke, 425)
    yield Shown("has_demand", False, "a loan, and the account closed", has_a_loan_only)

    def has_left_nothing(person: Person) -> None:
        person.uses_app = person.is_busy = False
        person.accounts[0].closed = person.stage.first_day - 200

    def says_no_gender(person: Person) -> None:
        is_silent(600)(person)
        person.about["gender"] = "U"

    yield Shown("holding_pattern", "none", "the account closed, and nothing else", has_left_nothing)
    yield Shown("gender", "U", "gender not known", says_no_gender)
    yield Shown("is_deceased", True, "deceased", is_dead)


@showing
def families() -> Iterator[Shown]:
    def with_child(years: int) -> Build:
        def build(person: Person) -> None:
            person.aged(35)
            person.holds(30_000)
            spouse, child, mother = person.companion(), person.companion(), person.companion()
            spouse.aged(34)
            child.aged(years)
            child.kind = "student"
            child.opens(200)
            mother.aged(66)
            person.related(spouse, "spouse")
            person.related(mother, "parent")
            child.related(person, "parent")
            child.related(spouse, "parent")

        return build

    def sends_to_two(person: Person) -> None:
        person.holds(8_000)
        for other in (person.companion(), person.companion()):
            for number in range(3):
                person.sends_to(other, 20 + 40 * number, 300)
                other.pays(20 + 40 * number, 300)

    def refers(balances: tuple[int, ...]) -> Build:
        def build(person: Person) -> None:
            person.holds(8_000)
            for yuan in balances:
                other = person.companion()
                other.opens(60)
                other.receives(58, yuan)
                other.referrer = person.number

        return build

    yield Shown("family_stage", "young_children", "a child who turned five lately", with_child(5))
    yield Shown("family_stage", "school_children", "a child who turned six lately", with_child(6))
    yield Shown("household_size", 4, "a spouse, a child and a mother", with_child(9))
    yield Shown("transfer_tie_count", 2, "three transfers to each of two others", sends_to_two)
    yield Shown("referrals_funded_90d_count", 2, "sent three, of whom two keep money here", refers((5_000, 2_000, 500)))
    yield Shown("referrals_12m", 3, "sent three, none of whom keeps money here", refers((500, 400, 300)))


@showing
def tiers() -> Iterator[Shown]:
    def holds(yuan: float) -> Build:
        return lambda person: person.holds(yuan)

    def married(person: Person) -> None:
        person.holds(3_000)
        other = person.companion()
        other.holds(6_500_000)
        person.related(other, "spouse")

    yield Shown("value_tier", "private", "the floor of the private tier", holds(6_000_000))
    yield Shown("value_tier", "diamond", "1 000 below it", holds(5_999_000))
    yield Shown("best_introducer_tier", "private", "married to a customer of the private tier", married)


@showing
def deposits() -> Iterator[Shown]:
    def both_ways(person: Person) -> None:
        person.holds(3_000)
        person.time_deposit(50_000, 10, auto=True)
        person.time_deposit(50_000, 12)

    def comes_for_quarter_end(yuan: float) -> Build:
        def build(person: Person) -> None:
            person.holds(50_000)
            ago = next(
                ago for ago in range(10, 110) if day_of(person.on(ago)).month % 3 == 0 and is_month_end(person, ago)
            )
            person.receives(ago + 2, yuan)
            person.sends_to_own(ago - 6, yuan)

        return build

    yield Shown("maturity_auto_share", 0.5, "half of what matures rolls over by itself", both_ways)
    yield Shown("is_quarter_end_spike", True, "51 000 beside 50 000 for eight days", comes_for_quarter_end(51_000))
    yield Shown("is_quarter_end_spike", False, "50 000 beside 50 000 for eight days", comes_for_quarter_end(50_000))


@showing
def growth() -> Iterator[Shown]:
    def uses_all(every_day: bool) -> Build:
        def build(person: Person) -> None:
            person.holds(200_000)
            person.time_deposit(800_000, 300, 24)
            person.investment("W000", 300_000)
            person.investment("F01", 200_000)
            person.loan("consumer", 30_000)
            person.has_card = True
            for days_ago in range(30 if every_day else 0):
                person.logs_in(days_ago)

        return build

    def is_rich_and_old(has_wealth: bool) -> Build:
        def build(person: Person) -> None:
            person.aged(72)
            person.kind = "retired"
            person.holds(5_000)
            person.time_deposit(700_000, 400, 36)
            if has_wealth:
                person.investment("W000", 30_000)

        return build

    def lacks_a_fund(person: Person) -> None:
        person.aged(72)
        person.holds(120_000)
        person.time_deposit(200_000, 300, 24)
        person.investment("W000", 100_000)
        person.services.append(("wallet_binding", person.stage.first_day - 200))

    yield Shown(
        "value_potential_grid", "high/low", "old, in time deposits, with a wealth product", is_rich_and_old(True)
    )
    yield Shown("value_potential_grid", "high/middle", "the same without the wealth product", is_rich_and_old(False))
    yield Shown("next_best_product", "fund", "old and idle money; has all that comes before", lacks_a_fund)
    yield Shown("growth_level", 6, "a diamond customer with seven products, in the app every day", uses_all(True))
    yield Shown("growth_level", 5, "a diamond customer with seven products, in the app now and then", uses_all(False))
