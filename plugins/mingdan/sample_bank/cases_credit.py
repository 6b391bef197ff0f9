"""The planted cases of the lists about lending and bad debt; see cases. bureau_winover, off as shipped, has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mingdan.sample_bank import books as b
from mingdan.sample_bank.books import EXTERNAL
from mingdan.sample_bank.cases import MEMBER, NEAR_MISS
from mingdan.sample_bank.script import Case, Person, cases_of

Build = Callable[[Person], None]


def of(*acts: Callable[[Person], Any]) -> Build:
    """One script from several acts."""

    def build(person: Person) -> None:
        person.holds(3_000)
        for act in acts:
            act(person)

    return build


def loan(*arguments: Any, **more: Any) -> Build:
    return lambda person: person.loan(*arguments, **more)


def limit(*arguments: Any, **more: Any) -> Build:
    return lambda person: person.limit(*arguments, **more)


def whitelisted(*arguments: Any) -> Build:
    return lambda person: person.whitelisted(*arguments)


def earns(yuan: float) -> Build:
    return lambda person: person.earns(yuan)


def aged(years: int) -> Build:
    return lambda person: person.aged(years)


def holds(yuan: float) -> Build:
    return lambda person: person.holds(yuan)


def keeps_shop(takings: Callable[[int], float], signed: int = 700) -> Build:
    return lambda person: person.keeps_shop(takings, signed)


def has_card(person: Person) -> None:
    person.has_card = True


def has_time(person: Person) -> None:
    person.time_deposit(1_000, 200, 24)


def has_no_app(person: Person) -> None:
    person.uses_app = False


def has_every_core_product(person: Person) -> None:
    has_time(person)
    person.investment("W000", 2_000)
    person.loan("consumer", 30_000)
    has_card(person)


@cases_of("online_loan_whitelist")
def online_loan_whitelist() -> Iterator[Case]:
    yield Case(MEMBER, "exactly 5 000 for exactly a week more", of(whitelisted(5_000, 7)))
    yield Case(MEMBER, "60 000 for half a year", of(whitelisted(60_000, 180)))
    yield Case(
        MEMBER, "120 000, named by two sources, on its last month", of(whitelisted(120_000, 30, "tax", "internal"))
    )
    yield Case(MEMBER, "60 years old", of(whitelisted(20_000, 90), aged(60)))
    yield Case(NEAR_MISS, "4 900 approved", of(whitelisted(4_900, 90)))
    yield Case(NEAR_MISS, "six days left", of(whitelisted(60_000, 6)))
    yield Case(
        NEAR_MISS, "draws an online loan already", of(whitelisted(60_000, 90), earns(8_000), loan("online", 10_000))
    )
    yield Case(NEAR_MISS, "a granted limit lies undrawn: another list's", of(whitelisted(60_000, 90), limit(30_000)))
    yield Case(NEAR_MISS, "61 years old: no consumer loan", of(whitelisted(60_000, 90), aged(61)))


@cases_of("unused_limit")
def unused_limit() -> Iterator[Case]:
    def repaid(settled: int, opened: int = 365) -> Build:
        return loan("online", 20_000, opened, settled=settled, under_limit=True)

    yield Case(MEMBER, "10 000 granted 60 days ago, never drawn", of(limit(10_000, granted=60)))
    yield Case(MEMBER, "50 000, drawn a year ago and repaid", of(limit(50_000, granted=420), repaid(320)))
    yield Case(MEMBER, "50 000, repaid exactly 60 days ago", of(limit(50_000, granted=420), repaid(60)))
    yield Case(NEAR_MISS, "9 900 granted", of(limit(9_900, granted=100)))
    yield Case(NEAR_MISS, "granted 59 days ago", of(limit(50_000, granted=59)))
    yield Case(NEAR_MISS, "repaid 59 days ago", of(limit(50_000, granted=420), repaid(59)))
    yield Case(
        NEAR_MISS,
        "1 000 of it drawn",
        of(limit(50_000, used=1_000, granted=200), earns(8_000), loan("online", 1_000, 150, under_limit=True)),
    )


@cases_of("loan_winback")
def loan_winback() -> Iterator[Case]:
    yield Case(MEMBER, "prepaid 40 days ago", of(loan("consumer", 120_000, 800, settled=40, how="prepaid")))
    yield Case(MEMBER, "matured 7 months ago", of(loan("business", 60_000, 800, settled=215)))
    yield Case(MEMBER, "settled nearly 36 months ago", of(loan("consumer", 20_000, 1_900, settled=1_088)))
    yield Case(
        MEMBER, "every instalment on time until it matured", of(loan("auto", 9_000, 400, settled=100, instalment=900))
    )
    yield Case(NEAR_MISS, "settled 37 months ago", of(loan("consumer", 20_000, 1_900, settled=1_130)))
    yield Case(NEAR_MISS, "refinanced here", of(loan("consumer", 20_000, 800, settled=100, how="refinanced_here")))
    yield Case(
        NEAR_MISS,
        "settled, but another loan runs",
        of(loan("consumer", 20_000, 800, settled=100), earns(8_000), loan("auto", 20_000, 90)),
    )
    yield Case(
        NEAR_MISS,
        "one instalment was nine days late",
        of(loan("consumer", 9_000, 400, settled=100, instalment=900, late=3)),
    )


@cases_of("student_loan")
def student_loan() -> Iterator[Case]:
    yield Case(MEMBER, "graduates in 60 days", of(aged(22), loan("student", 16_000, 1_100, graduates=60)))
    yield Case(
        MEMBER,
        "graduated 200 days ago, on time",
        of(aged(23), earns(6_000), loan("student", 16_000, 1_400, graduates=-200, instalment=300)),
    )
    yield Case(
        MEMBER, "settled nearly 36 months ago", of(loan("student", 12_000, 2_400, settled=1_088, graduates=-1_500))
    )
    yield Case(NEAR_MISS, "settled 37 months ago", of(loan("student", 12_000, 2_400, settled=1_130, graduates=-1_500)))
    yield Case(
        NEAR_MISS,
        "five days overdue",
        of(loan("student", 16_000, 1_400, graduates=-200, instalment=300, state="overdue", overdue=5)),
    )
    yield Case(NEAR_MISS, "a consumer loan, no student loan", of(aged(23), earns(6_000), loan("consumer", 10_000)))


@cases_of("mortgage_cross_sell")
def mortgage_cross_sell() -> Iterator[Case]:
    yield Case(MEMBER, "a mortgage of 12 months", of(earns(9_000), loan("mortgage", 300_000, 372)))
    yield Case(
        MEMBER,
        "a mortgage of four years, on time",
        of(earns(9_000), loan("mortgage", 300_000, 1_500, instalment=2_500)),
    )
    yield Case(
        MEMBER,
        "a mortgage of two years, a credit card and nothing else",
        of(earns(12_000), loan("mortgage", 520_000, 800, instalment=3_200), has_card),
    )
    yield Case(NEAR_MISS, "a mortgage of 11 months", of(earns(9_000), loan("mortgage", 300_000, 350)))
    yield Case(
        NEAR_MISS,
        "one day overdue",
        of(earns(9_000), loan("mortgage", 300_000, 1_500, instalment=2_500, state="overdue", overdue=1)),
    )
    yield Case(
        NEAR_MISS,
        "holds every core product",
        of(earns(9_000), loan("mortgage", 300_000, 1_500), has_every_core_product),
    )


@cases_of("limit_increase")
def limit_increase() -> Iterator[Case]:
    yield Case(
        MEMBER,
        "15 000 of 20 000 drawn, a year of instalments on time",
        of(earns(8_000), limit(20_000, 15_000), loan("online", 15_000, 390, instalment=500, under_limit=True)),
        400,
    )
    yield Case(
        MEMBER,
        "a consumer loan, ten instalments, all on time",
        of(earns(8_000), loan("consumer", 40_000, 320, instalment=900)),
        330,
    )
    yield Case(
        MEMBER,
        "an online loan without a limit, eleven instalments, all on time",
        of(earns(6_000), loan("online", 18_000, 345, instalment=600)),
        355,
    )
    yield Case(
        NEAR_MISS, "nine instalments so far", of(earns(8_000), loan("consumer", 40_000, 290, instalment=900)), 330
    )
    yield Case(
        NEAR_MISS,
        "one of twelve instalments was late",
        of(earns(8_000), loan("consumer", 40_000, 390, instalment=900, late=4)),
        400,
    )
    yield Case(
        NEAR_MISS,
        "on time, but another limit lies undrawn",
        of(earns(8_000), loan("consumer", 40_000, 390, instalment=900), limit(30_000)),
        400,
    )
    yield Case(
        NEAR_MISS,
        "on time, but the instalment takes more than half of the income",
        of(earns(1_600), loan("consumer", 40_000, 390, instalment=900)),
        400,
    )


@cases_of("internet_loan_swap")
def internet_loan_swap() -> Iterator[Case]:
    def sends(days_ago: int, yuan: float, name: str) -> Build:
        return lambda person: person.moves(
            days_ago, yuan, b.OUT, channel=b.APP, name=name, bank=0, account=EXTERNAL + 91
        )

    one, other = "微众银行微粒贷", "马上消费金融股份有限公司"
    yield Case(MEMBER, "two repayments to one lender", of(earns(8_000), sends(10, 1_200, one), sends(41, 1_200, one)))
    yield Case(
        MEMBER,
        "two lenders, repaid twice each",
        of(holds(9_000), earns(8_000), *[sends(ago, 2_000, name) for ago in (8, 39) for name in (one, other)]),
    )
    yield Case(
        MEMBER,
        "one disbursal and nothing repaid yet",
        of(earns(8_000), lambda each: each.receives(20, 9_000, name=other)),
    )
    yield Case(NEAR_MISS, "one repayment: perhaps for somebody else", of(earns(8_000), sends(10, 1_200, one)))
    yield Case(
        NEAR_MISS,
        "one of the two repayments 90 days ago: out of the window",
        of(earns(8_000), sends(10, 1_200, one), sends(90, 1_200, one)),
    )
    yield Case(
        NEAR_MISS,
        "shopping credit is no internet loan",
        of(earns(8_000), sends(10, 1_200, "花呗"), sends(41, 1_200, "花呗")),
    )
    yield Case(NEAR_MISS, "61 years old", of(earns(8_000), sends(10, 1_200, one), sends(41, 1_200, one), aged(61)))


@cases_of("other_bank_loan")
def other_bank_loan() -> Iterator[Case]:
    def repays(yuan: float, months: int = 99, name: str = "建设银行个人住房贷款") -> Build:
        return lambda person: person.every_month(
            15,
            lambda ago: person.moves(ago, yuan, b.OUT, channel=b.APP, name=name, bank=2, account=EXTERNAL + 92),
            months,
        )

    def forwards(person: Person) -> None:
        person.every_month(15, lambda ago: person.sends_to_own(ago, 2_500))
        person.every_month(14, lambda ago: person.receives(ago, 2_500))

    yield Case(MEMBER, "1 000 to a mortgage elsewhere on each 15th", of(earns(8_000), holds(60_000), repays(1_000)))
    yield Case(MEMBER, "5 500 in each of three months", of(earns(8_000), holds(60_000), repays(5_500, 3)))
    yield Case(MEMBER, "2 300 in each of eight months", of(earns(12_000), holds(30_000), repays(2_300, 8)))
    yield Case(NEAR_MISS, "990 a month", of(earns(8_000), holds(60_000), repays(990)))
    yield Case(NEAR_MISS, "5 500 in two months so far", of(earns(8_000), holds(60_000), repays(5_500, 2)))
    yield Case(NEAR_MISS, "2 500 a month to the own name elsewhere: perhaps savings", of(holds(60_000), forwards))


@cases_of("etc_credit")
def etc_credit() -> Iterator[Case]:
    def drives(yuan: float, status: str = "active") -> Build:
        return lambda person: person.tolls.append((round(yuan * 100), status))

    yield Case(MEMBER, "100 a month in tolls", of(drives(100)))
    yield Case(MEMBER, "620 a month, paid here", of(drives(620), earns(8_000)))
    yield Case(MEMBER, "250 a month, paid here, 52 years old", of(drives(250), earns(6_500), aged(52)))
    yield Case(NEAR_MISS, "99 a month", of(drives(99)))
    yield Case(NEAR_MISS, "contract cancelled", of(drives(300, "cancelled")))
    yield Case(NEAR_MISS, "a loan runs", of(drives(300), earns(8_000), loan("auto", 40_000)))


@cases_of("merchant_credit")
def merchant_credit() -> Iterator[Case]:
    def falls_to(share: float, usual: float = 1_000) -> Callable[[int], float]:
        return lambda ago: usual * share if ago < 30 else usual

    def steady(_: int) -> float:
        return 1_000

    shop = of(holds(20_000), keeps_shop(steady))
    yield Case(MEMBER, "1 000 a day, steady", shop, 200)
    yield Case(
        MEMBER,
        "79 % of before in 30 days, 82 % of the half year's mean",
        of(holds(20_000), keeps_shop(falls_to(0.79))),
        200,
    )
    yield Case(MEMBER, "5 000 a day, money stays", of(holds(90_000), keeps_shop(lambda ago: 5_000)), 200)
    yield Case(
        NEAR_MISS, "76 % of before in 30 days, 79 % of the mean", of(holds(20_000), keeps_shop(falls_to(0.76))), 200
    )
    yield Case(NEAR_MISS, "signed 145 days ago: five months", of(holds(20_000), keeps_shop(steady, 145)), 200)
    yield Case(NEAR_MISS, "100 a day: two stars", of(holds(20_000), keeps_shop(lambda ago: 100)), 200)
    yield Case(NEAR_MISS, "has a business loan", of(holds(20_000), keeps_shop(steady), loan("business", 100_000)), 200)


@cases_of("business_loan_deepen")
def business_loan_deepen() -> Iterator[Case]:
    def lends(days_ago: int, **more: Any) -> Build:
        return loan("business", 200_000, days_ago, **more)

    def shop(person: Person) -> None:
        person.keeps_shop(lambda ago: 800)

    yield Case(MEMBER, "190 days, nothing for the firm", of(lends(190), has_time, has_card))
    yield Case(MEMBER, "190 days, for the family no card", of(lends(190), shop, has_time), 200)
    yield Case(
        MEMBER, "400 days, for the family no mobile bank", of(lends(400), shop, has_time, has_card, has_no_app), 200
    )
    yield Case(NEAR_MISS, "170 days", of(lends(170), has_time, has_card))
    yield Case(NEAR_MISS, "three days overdue", of(lends(400, state="overdue", overdue=3), has_time))
    yield Case(NEAR_MISS, "nothing missing on either side", of(lends(400), shop, has_time, has_card), 200)


@cases_of("sole_proprietor")
def sole_proprietor() -> Iterator[Case]:
    def owns(days: int, status: str = "active", has_hash: bool = True) -> Build:
        return lambda person: person.businesses.append((person.on(days), status, has_hash))

    yield Case(MEMBER, "known by the identity hash, registered three years ago", of(owns(1_100)))
    yield Case(MEMBER, "known by the mobile alone, registered last month", of(owns(40, has_hash=False)))
    yield Case(
        MEMBER,
        "one business cancelled, another of eight months active, a credit card",
        of(owns(1_900, "cancelled"), owns(250), has_card),
    )
    yield Case(NEAR_MISS, "the business is cancelled", of(owns(1_100, "cancelled")))
    yield Case(NEAR_MISS, "holds every core product", of(owns(1_100), earns(8_000), has_every_core_product))


@cases_of("corporate_link")
def corporate_link() -> Iterator[Case]:
    def represents(yuan: float) -> Build:
        def build(person: Person) -> None:
            person.company = round(yuan * 100)

        return build

    yield Case(MEMBER, "the company keeps exactly 10 000", of(represents(10_000)))
    yield Case(MEMBER, "the company keeps two million, the owner 60 000", of(represents(2_000_000), holds(60_000)))
    yield Case(MEMBER, "the company keeps 260 000, the owner 20 000", of(represents(260_000), holds(20_000)))
    yield Case(NEAR_MISS, "the company keeps 9 900", of(represents(9_900)))
    yield Case(NEAR_MISS, "the owner is in the wealth tier", of(represents(2_000_000), holds(200_000)))


@cases_of("npl_recovery")
def npl_recovery() -> Iterator[Case]:
    def owes(yuan: float, state: str = "npl", overdue: int = 120) -> Build:
        return loan("consumer", yuan, 1_500, matures=-overdue, state=state, overdue=overdue)

    def guaranteed(person: Person) -> None:
        person.related(person.companion(), "guarantor")

    yield Case(MEMBER, "10 000 overdue, 10 000 on the account: A", of(owes(10_000), holds(10_000)))
    yield Case(MEMBER, "10 000 overdue, half of it here, a guarantor: B", of(owes(10_000), holds(5_000), guaranteed))
    yield Case(MEMBER, "10 000 overdue, a fifth of it here: C", of(owes(10_000), holds(2_000)))
    yield Case(MEMBER, "written off and still owed, 3 000 here: C", of(owes(10_000, "written_off", 400), holds(3_000)))
    yield Case(NEAR_MISS, "10 000 overdue, 1 990 here: D", of(owes(10_000), holds(1_990)))
    yield Case(NEAR_MISS, "late for 60 days, not yet non-performing", of(owes(10_000, "overdue", 60), holds(10_000)))
    yield Case(NEAR_MISS, "490 overdue", of(owes(490), holds(3_000)))
