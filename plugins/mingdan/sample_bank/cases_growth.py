"""The planted cases of the lists that win back, keep and grow: see cases.py for how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mingdan.sample_bank import books as b
from mingdan.sample_bank.cases import MEMBER, NEAR_MISS
from mingdan.sample_bank.script import Case, Person, cases_of

Build = Callable[[Person], None]


@cases_of("deposit_winback")
def deposit_winback() -> Iterator[Case]:
    def leaves(before: float, left: float, days_ago: int) -> Build:
        def build(person: Person) -> None:
            person.holds(before)
            person.sends_to_own(days_ago, before - left)

        return build

    yield Case(MEMBER, "60 000, a twentieth left for 45 days", leaves(60_000, 3_000, 45))
    yield Case(MEMBER, "50 000 to the yuan, less than a tenth left for exactly 30 days", leaves(50_000, 4_000, 29))
    yield Case(MEMBER, "600 000, gone half a year ago", leaves(600_000, 500, 180), 240)
    yield Case(NEAR_MISS, "49 900, a twentieth left for 45 days", leaves(49_900, 2_000, 45))
    yield Case(
        NEAR_MISS, "60 000, a twentieth left for 29 days: critical, which is another list's", leaves(60_000, 3_000, 28)
    )
    yield Case(NEAR_MISS, "60 000, a ninth left for 45 days: not lost", leaves(60_000, 6_700, 45))


@cases_of("core_depositor_care")
def core_depositor_care() -> Iterator[Case]:
    def saves(yuan: float, app: bool = True, spouse: bool = False) -> Build:
        def build(person: Person) -> None:
            person.uses_app = app
            person.holds(3_000)
            person.time_deposit(yuan, 200, 24)
            if spouse:
                other = person.companion()
                other.holds(5_000)
                person.related(other, "spouse")

        return build

    yield Case(MEMBER, "200 000 on term to the yuan, and three products", saves(200_000))
    yield Case(MEMBER, "250 000 on term, married to a customer", saves(250_000, app=False, spouse=True))
    yield Case(MEMBER, "500 000 on term, and three products", saves(500_000))
    yield Case(NEAR_MISS, "199 900 on term, and three products: one of the three conditions", saves(199_900))
    yield Case(NEAR_MISS, "400 000 on term, two products and nobody near", saves(400_000, app=False))


@cases_of("wealth_maturity")
def wealth_maturity() -> Iterator[Case]:
    def holds(product: str, yuan: float, **when: int) -> Build:
        def build(person: Person) -> None:
            person.holds(3_000)
            person.investment(product, yuan, 80, **when)

        return build

    yield Case(MEMBER, "60 000 ends in 10 days, the last day of the window", holds("W090", 60_000, matures_in=10))
    yield Case(MEMBER, "20 000 ends tomorrow", holds("W090", 20_000, matures_in=1))
    yield Case(MEMBER, "120 000 opens in 3 days", holds("W180", 120_000, opens_in=3))
    yield Case(NEAR_MISS, "60 000 ends in 11 days", holds("W090", 60_000, matures_in=11))
    yield Case(NEAR_MISS, "20 000 ends today: money again", holds("W090", 20_000, matures_in=0))
    yield Case(NEAR_MISS, "60 000 opens in 100 days", holds("W180", 60_000, opens_in=100))
    yield Case(NEAR_MISS, "60 000 without an end", holds("W000", 60_000))


@cases_of("tier_keep")
def tier_keep() -> Iterator[Case]:
    def falls(before: float, after: float, days_ago: int) -> Build:
        def build(person: Person) -> None:
            person.holds(before)
            person.pays(days_ago, before - after)

        return build

    yield Case(MEMBER, "from 60 000 to 45 000 for 21 days: an average of 49 500", falls(60_000, 45_000, 20))
    yield Case(MEMBER, "from 12 000 to 5 000 for 26 days", falls(12_000, 5_000, 25))
    yield Case(MEMBER, "from 260 000 to 150 000 for 30 days", falls(260_000, 150_000, 29))
    yield Case(NEAR_MISS, "from 60 000 to 46 000 for 21 days: an average of 50 200", falls(60_000, 46_000, 20))
    yield Case(NEAR_MISS, "from 60 000 to 45 000 half a year ago: the tier has fallen", falls(60_000, 45_000, 180), 240)
    yield Case(NEAR_MISS, "from 60 000 to 1 000 for 70 days: lost, which is another list's", falls(60_000, 1_000, 70))


@cases_of("outside_funds")
def outside_funds() -> Iterator[Case]:
    def receives(yuan: float, months: int) -> Build:
        def build(person: Person) -> None:
            person.holds(8_000)

            def month(ago: int) -> None:
                person.receives_from_own(ago, yuan)
                person.pays(ago, yuan)

            person.every_month(5, month, months)

        return build

    def sends(yuan: float, months: int, before: float) -> Build:
        def build(person: Person) -> None:
            person.holds(before)
            person.every_month(5, lambda ago: person.sends_to_own(ago, yuan), months)

        return build

    yield Case(MEMBER, "30 000 a month from the own account elsewhere, four months", receives(30_000, 4), 210)
    yield Case(
        MEMBER, "10 500 a month to the own account elsewhere, three months of many", sends(10_500, 3, 400_000), 210
    )
    yield Case(MEMBER, "45 000 a month from the own account elsewhere, three months", receives(45_000, 3), 210)
    yield Case(NEAR_MISS, "29 900 a month from the own account elsewhere", receives(29_900, 4), 210)
    yield Case(NEAR_MISS, "40 000 from the own account elsewhere, in two months only", receives(40_000, 2), 210)
    yield Case(
        NEAR_MISS, "20 000 a month of 100 000 to the own account elsewhere: leaving", sends(20_000, 4, 100_000), 210
    )


@cases_of("payroll_retention")
def payroll_retention() -> Iterator[Case]:
    def paid(yuan: float, leaving: float, after: int = 1, months: int = 99) -> Build:
        def build(person: Person) -> None:
            person.holds(3_000)

            def month(ago: int) -> None:
                person.receives(
                    ago, yuan, type_=b.PAYROLL, channel=b.BATCH, bank=None, account=None, name="青石县恒达建材公司"
                )
                if ago >= after:
                    person.sends_to_own(ago - after, yuan * leaving)
                    person.pays(ago - after, yuan * (1 - leaving))

            person.every_month(10, month, months)

        return build

    yield Case(MEMBER, "60 % of 6 000 leaves on the day after", paid(6_000, 0.60))
    yield Case(MEMBER, "all of 12 000 leaves on the third day after", paid(12_000, 1.0, after=3))
    yield Case(MEMBER, "80 % of 9 000 leaves on the day after", paid(9_000, 0.80))
    yield Case(NEAR_MISS, "59 % of 6 000 leaves on the day after", paid(6_000, 0.59))
    yield Case(NEAR_MISS, "all of 6 000 leaves, on the fourth day after", paid(6_000, 1.0, after=4))
    yield Case(NEAR_MISS, "all of 6 000 leaves, after two pays so far", paid(6_000, 1.0, months=2))


@cases_of("new_customer_first")
def new_customer_first() -> Iterator[Case]:
    def opened(days_ago: int, contact: tuple[int, str] | None = None, done: bool = False) -> Build:
        def build(person: Person) -> None:
            person.opens(days_ago)
            person.receives(days_ago, 800)
            if contact:
                person.is_called(*contact)
            if done:
                person.services += [("app", person.on(days_ago)), ("wallet_binding", person.on(days_ago))]
                person.logs_in(days_ago - 1)
                person.befriended(days_ago)

        return build

    yield Case(MEMBER, "opened 7 days ago, nothing done yet", opened(7))
    yield Case(MEMBER, "opened 30 days ago and never reached", opened(30))
    yield Case(MEMBER, "opened 20 days ago, called in vain", opened(20, (15, "not_reached")))
    yield Case(NEAR_MISS, "opened 31 days ago and never reached", opened(31))
    yield Case(NEAR_MISS, "opened 8 days ago and reached since", opened(8, (3, "interested")))
    yield Case(NEAR_MISS, "opened 5 days ago, every must-do done", opened(5, done=True))


@cases_of("new_customer_honeymoon")
def new_customer_honeymoon() -> Iterator[Case]:
    def opened(days_ago: int, yuan: float) -> Build:
        def build(person: Person) -> None:
            person.opens(days_ago)
            person.receives(days_ago, yuan)

        return build

    yield Case(MEMBER, "day 5, the first of the first wave, with 500", opened(5, 500))
    yield Case(MEMBER, "day 35, the last of the second wave, with 9 000", opened(35, 9_000))
    yield Case(MEMBER, "day 85, the last of all, with 49 900", opened(85, 49_900))
    yield Case(NEAR_MISS, "day 4: too early", opened(4, 500))
    yield Case(NEAR_MISS, "day 12: between two waves", opened(12, 500))
    yield Case(NEAR_MISS, "day 30 with 50 000: every step is reached", opened(30, 50_000))
    yield Case(NEAR_MISS, "day 86: the last wave is over", opened(86, 9_000))


@cases_of("referral")
def referral() -> Iterator[Case]:
    def refers(mark: int | None = None, complains: bool = False) -> Build:
        def build(person: Person) -> None:
            person.holds(5_000)
            other = person.companion()
            other.holds(5_000)
            other.referrer = person.number
            if mark is not None:
                person.answers(30, mark)
            if complains:
                person.complains(20)

        return build

    def connected(mark: int, *kinds: str) -> Build:
        def build(person: Person) -> None:
            person.holds(5_000)
            for kind in kinds:
                other = person.companion()
                other.holds(5_000)
                person.related(other, kind)
            person.answers(30, mark)

        return build

    yield Case(MEMBER, "has referred one customer", refers())
    yield Case(MEMBER, "has referred one customer and gives a 7", refers(7))
    yield Case(MEMBER, "spouse and guarantor here, gives a 9", connected(9, "spouse", "guarantor"))
    yield Case(NEAR_MISS, "spouse and guarantor here, gives an 8", connected(8, "spouse", "guarantor"))
    yield Case(NEAR_MISS, "one parent here, gives a 10: one tie only", connected(10, "parent"))
    yield Case(NEAR_MISS, "has referred one customer, but gives a 6", refers(6))
    yield Case(NEAR_MISS, "has referred one customer, but has a complaint open", refers(complains=True))


@cases_of("long_tail_growth")
def long_tail_growth() -> Iterator[Case]:
    def turns(*sums: tuple[int, float]) -> Build:
        def build(person: Person) -> None:
            person.is_busy = False
            person.holds(1_000)
            for days_ago, yuan in sums:
                person.turns_over(days_ago, yuan)

        return build

    def gains(yuan: float) -> Build:
        def build(person: Person) -> None:
            person.holds(1_000)
            person.receives(29, yuan)

        return build

    def earns(kept: float) -> Build:
        def build(person: Person) -> None:
            person.holds(kept)
            person.every_month(
                10,
                lambda ago: person.receives(
                    ago, 4_000, type_=b.PAYROLL, channel=b.BATCH, bank=None, account=None, name="青石县恒达建材公司"
                ),
            )
            person.every_month(10, lambda ago: person.pays(ago, 4_000))

        return build

    yield Case(MEMBER, "5 000 came in, and 3 300 in the quarter before", turns((30, 5_000), (120, 3_300)), 210)
    yield Case(MEMBER, "an average of 3 000, three times the months before", gains(2_000))
    yield Case(MEMBER, "pay lands here and 3 100 stay", earns(3_100), 210)
    yield Case(NEAR_MISS, "5 000 came in, and 3 400 in the quarter before", turns((30, 5_000), (120, 3_400)), 210)
    yield Case(NEAR_MISS, "4 900 came in, and nothing before", turns((30, 4_900)), 210)
    yield Case(NEAR_MISS, "an average of 2 900, three times the months before", gains(1_900))
    yield Case(NEAR_MISS, "pay lands here and 2 900 stay", earns(2_900), 210)


@cases_of("potential_growth")
def potential_growth() -> Iterator[Case]:
    def earns(years: int, kept: float = 3_000, card: bool = False) -> Build:
        def build(person: Person) -> None:
            person.aged(years)
            person.uses_app = False
            person.holds(kept)
            person.services.append(("wallet_binding", person.stage.first_day - 200))
            person.has_card = card
            person.every_month(
                10,
                lambda ago: person.receives(
                    ago, 6_000, type_=b.PAYROLL, channel=b.BATCH, bank=None, account=None, name="青石县恒达建材公司"
                ),
            )
            person.every_month(10, lambda ago: person.pays(ago, 6_000))

        return build

    def saves(person: Person) -> None:
        person.holds(61_000)
        person.time_deposit(60_000, 60, 24)

    yield Case(MEMBER, "45 years old, paid here, spends it, a card bound: a card would fit", earns(45), 210)
    yield Case(MEMBER, "60 000 idle and 60 000 about to mature: an investment would fit", saves, 210)
    yield Case(MEMBER, "30 years old, paid here, spends it, a card bound", earns(30), 210)
    yield Case(NEAR_MISS, "46 years old, else the same", earns(46), 210)
    yield Case(NEAR_MISS, "45 years old, but has the card", earns(45, card=True), 210)
    yield Case(NEAR_MISS, "45 years old, but in the wealth tier", earns(45, kept=210_000), 210)


@cases_of("asset_allocation")
def asset_allocation() -> Iterator[Case]:
    def holds(demand: float, time: float, wealth: float, insurance: float, sends: float = 0, years: int = 40) -> Build:
        def build(person: Person) -> None:
            person.aged(years)
            person.holds(demand + sends)
            if time:
                person.time_deposit(time, 400, 36)
            if wealth:
                person.investment("W000", wealth)
            if insurance:
                person.investment("I05", insurance)
            if sends:
                person.every_month(5, lambda ago: person.sends_to_own(ago, sends / 3), 3)

        return build

    yield Case(MEMBER, "all of 300 000 on demand", holds(300_000, 0, 0, 0))
    yield Case(MEMBER, "a quarter on term, 15 points below the reference", holds(105_000, 75_000, 75_000, 45_000))
    yield Case(MEMBER, "nothing protects, at 60", holds(70_000, 140_000, 90_000, 0, years=60))
    yield Case(NEAR_MISS, "26 % on term, 14 points below the reference", holds(102_000, 78_000, 75_000, 45_000))
    yield Case(NEAR_MISS, "all of 190 000 on demand: growth tier", holds(190_000, 0, 0, 0))
    yield Case(NEAR_MISS, "all on demand, but 41 % seems to lie elsewhere", holds(210_000, 0, 0, 0, sends=150_000))
    yield Case(NEAR_MISS, "nothing protects, at 61", holds(70_000, 140_000, 90_000, 0, years=61))


@cases_of("birthday_care")
def birthday_care() -> Iterator[Case]:
    def born(days: int, yuan: float) -> Build:
        def build(person: Person) -> None:
            person.birthday_in(days, 48)
            person.holds(yuan)

        return build

    yield Case(MEMBER, "wealth tier, birthday in 7 days", born(7, 200_000))
    yield Case(MEMBER, "diamond tier, birthday in 5 days", born(5, 1_500_000))
    yield Case(MEMBER, "platinum tier, birthday in 6 days", born(6, 600_000))
    yield Case(NEAR_MISS, "wealth tier, birthday in 8 days", born(8, 250_000))
    yield Case(NEAR_MISS, "wealth tier, birthday today: over when the list is worked", born(0, 250_000))
    yield Case(NEAR_MISS, "growth tier, birthday in 5 days", born(5, 199_000))


@cases_of("market_move")
def market_move() -> Iterator[Case]:
    def holds(product: str, yuan: float, bought: int = 500) -> Build:
        def build(person: Person) -> None:
            person.holds(3_000)
            person.investment(product, yuan, bought)

        return build

    yield Case(MEMBER, "50 000 in the fund that fell", holds("F02", 50_000))
    yield Case(MEMBER, "80 000 in the product that missed its benchmark", holds("W365", 80_000))
    yield Case(MEMBER, "300 000 in the fund that fell", holds("F02", 300_000))
    yield Case(NEAR_MISS, "49 900 in the fund that fell", holds("F02", 49_900))
    yield Case(NEAR_MISS, "80 000 in the fund, bought after it fell", holds("F02", 80_000, 2))
    yield Case(NEAR_MISS, "200 000 in another fund", holds("F01", 200_000))


@cases_of("event_invite")
def event_invite() -> Iterator[Case]:
    def lives_at(unit: int, years: int, yuan: float) -> Build:
        def build(person: Person) -> None:
            person.home = unit
            person.aged(years)
            person.holds(yuan)

        return build

    yield Case(MEMBER, "60 years old, at the branch with the event on pensions", lives_at(0, 60, 3_000_000))
    yield Case(MEMBER, "wealth tier, at the branch with the wealth salon", lives_at(3, 40, 900_000))
    yield Case(MEMBER, "platinum tier, at the branch with the wealth salon", lives_at(3, 50, 990_000))
    yield Case(NEAR_MISS, "59 years old, at the branch with the event on pensions", lives_at(0, 59, 3_000_000))
    yield Case(NEAR_MISS, "growth tier, at the branch with the wealth salon", lives_at(3, 40, 190_000))
    yield Case(NEAR_MISS, "60 years old, at the branch with the beauty class", lives_at(4, 60, 900_000))
