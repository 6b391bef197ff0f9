"""The planted cases of the lists on cards, shops, channels and the branch's hall; see cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from mingdan.sample_bank import books as b
from mingdan.sample_bank.dates import add_months
from mingdan.sample_bank.script import Case, Person, cases_of

MEMBER: Final = "member"
NEAR_MISS: Final = "near_miss"
Build = Callable[[Person], None]


def holding(yuan: float, *more: Build) -> Build:
    def build(person: Person) -> None:
        person.holds(yuan)
        for each in more:
            each(person)

    return build


def card(
    approved: int = 800, activated: int | None = 790, used: int | None = 780, closed: int | None = None,
    limit: float = 20_000, owed: float = 0, overdue: int = 0, number: int = 7,
) -> Build:  # fmt: skip
    """A credit card; approved, activated, first used and closed so many days ago."""

    def build(person: Person) -> None:
        def row(day: int) -> dict[str, Any] | None:
            def past(ago: int | None) -> int | None:
                return None if ago is None or person.on(ago) > day else person.on(ago)

            if past(approved) is None:
                return None
            is_open = past(closed) is None
            return {
                "card_id": f"K{number}{person.number:08d}", "product_code": "K01", "credit_limit": round(limit * 100),
                "current_balance": round(owed * 100) if is_open else 0, "instalment_balance": 0,
                "overdue_days": overdue,
                "approved_on": person.on(approved), "activated_on": past(activated), "first_used_on": past(used),
                "closed_on": past(closed),
                "status": "closed" if not is_open else "not_activated" if past(activated) is None else "active",
                "acquisition_channel": "counter",
            }  # fmt: skip

        person.tells("cards.credit_cards", row)

    return build


def buys(days_ago: int, yuan: float, is_instalment: bool = False) -> Build:
    """A purchase with the card of number 7."""

    def build(person: Person) -> None:
        bought = {
            "txn_id": f"K7{person.number:08d}{days_ago:04d}", "card_id": f"K7{person.number:08d}",
            "booked_at": (person.on(days_ago) * 86400 + 12 * 3600) * 1_000_000, "biz_date": person.on(days_ago),
            "amount": round(yuan * 100), "mcc": "5732", "merchant_name": "数码店", "is_instalment": is_instalment,
            "is_refund": False, "channel": "pos",
        }  # fmt: skip
        person.tells("cards.card_transactions", lambda day: bought if day == person.on(days_ago) else None)

    return build


def debit_card(person: Person) -> None:
    row = {
        "card_id": f"J{person.number:09d}", "account_id": f"A{person.number * 1000 + 1:012d}", "kind": "standard",
        "issued_on": person.stage.first_day - 400, "status": "active",
    }  # fmt: skip
    person.tells("cards.debit_cards", lambda day: row)


def draws_cash(*days_ago: int) -> Build:
    """At the counter, 100 a time."""

    def build(person: Person) -> None:
        for ago in days_ago:
            person.moves(ago, 100, b.OUT, type_=b.CASH, channel=b.COUNTER)

    return build


def deposit(yuan: float, matures_in: int = 200, auto: bool = False) -> Build:
    return lambda person: person.time_deposit(yuan, matures_in, auto=auto)


@cases_of("merchant_star")
def merchant_star() -> Iterator[Case]:
    """A steady shop of 1 000 a day has 20 points for takings, 20 for payers and 15 for steadiness."""

    def shop(yuan: float, share: float = 1, payers: float = 0.9, app: bool = True) -> Build:
        def build(person: Person) -> None:
            person.uses_app = app
            person.payers_per_sale = payers
            person.keeps_shop(lambda ago: yuan * share if ago < 30 else yuan)

        return build

    yield Case(MEMBER, "68 points: two below four stars", holding(6_500, shop(1_000)), 200)
    yield Case(MEMBER, "80 points: five below five stars", holding(20_000, shop(5_000, app=False)), 200)
    yield Case(MEMBER, "four stars, takings at 82 % of the usual", holding(20_000, shop(1_000, 0.82)), 200)
    yield Case(NEAR_MISS, "63 points: seven below four stars", holding(4_000, shop(1_000)), 200)
    yield Case(NEAR_MISS, "four stars, takings at 86 % of the usual", holding(20_000, shop(1_000, 0.86)), 200)
    yield Case(
        NEAR_MISS,
        "66 points, but one payer in seven payments: suspicious",
        holding(20_000, deposit(1_000), shop(1_000, payers=0.14)),
        200,
    )


@cases_of("app_growth")
def app_growth() -> Iterator[Case]:
    """Scripted customers log in every ninth day: three or four days of thirty."""

    def by_wallet(yuan: float) -> Build:
        return lambda person: person.pays(10, yuan, channel=b.WALLET)

    def logs_in(days: int) -> Build:
        def build(person: Person) -> None:
            for ago in range(days):
                person.logs_in(ago)

        return build

    def without_app(person: Person) -> None:
        person.uses_app = False

    yield Case(MEMBER, "at the counter twice in a quarter", holding(6_000, draws_cash(20, 89)))
    yield Case(MEMBER, "most of the payments by wallet", holding(6_000, by_wallet(4_000)))
    yield Case(MEMBER, "logs in every week, three visits", holding(6_000, draws_cash(9, 20, 40), logs_in(4)))
    yield Case(NEAR_MISS, "at the counter once", holding(6_000, draws_cash(20)))
    yield Case(NEAR_MISS, "at the counter twice, the first time 90 days ago", holding(6_000, draws_cash(20, 90)))
    yield Case(NEAR_MISS, "three quarters of the payments by wallet", holding(6_000, by_wallet(1_600)))
    yield Case(NEAR_MISS, "logs in on every day of late", holding(6_000, draws_cash(20, 40), logs_in(12)))
    yield Case(NEAR_MISS, "never signed up", holding(6_000, draws_cash(20, 40), without_app))


@cases_of("wecom_add")
def wecom_add() -> Iterator[Case]:
    yield Case(MEMBER, "the growth tier to the yuan", holding(50_000))
    yield Case(MEMBER, "a wealth customer", holding(320_000))
    yield Case(MEMBER, "a customer since 40 days", holding(2_000, lambda person: person.opens(40)))
    yield Case(MEMBER, "a card in its honeymoon", holding(5_000, card(45, 40, 39), buys(39, 600)))
    yield Case(NEAR_MISS, "49 900", holding(49_900))
    yield Case(NEAR_MISS, "a wealth customer and a friend already", holding(320_000, lambda p: p.befriended(100)))
    yield Case(NEAR_MISS, "a customer since 100 days", holding(2_000, lambda person: person.opens(100)))


@cases_of("card_first_use")
def card_first_use() -> Iterator[Case]:
    yield Case(MEMBER, "approved ten days ago, not activated", holding(5_000, card(10, None, None)))
    yield Case(MEMBER, "activated 60 days ago, never used", holding(5_000, card(66, 60, None)))
    yield Case(MEMBER, "approved 60 days ago, not activated", holding(5_000, card(60, None, None)))
    yield Case(NEAR_MISS, "activated 61 days ago, never used", holding(5_000, card(66, 61, None)))
    yield Case(NEAR_MISS, "approved 61 days ago, not activated", holding(5_000, card(61, None, None)))
    yield Case(NEAR_MISS, "activated 20 days ago, used yesterday", holding(5_000, card(25, 20, 1), buys(1, 30)))


@cases_of("card_honeymoon")
def card_honeymoon() -> Iterator[Case]:
    def young(days: int, yuan: float) -> Build:
        return holding(5_000, card(days + 4, days, days, limit=60_000), buys(days, yuan))

    yield Case(MEMBER, "500 spent on day 10, the last of the first wave", young(10, 500))
    yield Case(MEMBER, "9 000 spent on day 25, the first of the second wave", young(25, 9_000))
    yield Case(MEMBER, "49 999 spent on day 60", young(60, 49_999))
    yield Case(MEMBER, "1 200 spent on day 85, the last of all", young(85, 1_200))
    yield Case(NEAR_MISS, "500 spent on day 11: between the waves", young(11, 500))
    yield Case(NEAR_MISS, "9 000 spent on day 24", young(24, 9_000))
    yield Case(NEAR_MISS, "50 000 spent on day 60: the last step is done", young(60, 50_000))
    yield Case(NEAR_MISS, "1 200 spent on day 86", young(86, 1_200))


@cases_of("card_cooling")
def card_cooling() -> Iterator[Case]:
    def spends(*purchases: tuple[int, float]) -> Build:
        return holding(5_000, card(), *(buys(ago, yuan) for ago, yuan in purchases))

    yield Case(MEMBER, "2 000 the quarter before, 1 000 now: half", spends((120, 2_000), (10, 1_000)), 185)
    yield Case(MEMBER, "as much as before, but nothing for 60 days", spends((95, 600), (60, 600)), 185)
    yield Case(MEMBER, "500 the quarter before, 100 now", spends((150, 500), (30, 100)), 185)
    yield Case(NEAR_MISS, "2 000 the quarter before, 1 010 now", spends((120, 2_000), (10, 1_010)), 185)
    yield Case(NEAR_MISS, "as much as before, last used 59 days ago", spends((95, 600), (59, 600)), 185)
    yield Case(NEAR_MISS, "490 the quarter before, 100 now: never a card in use", spends((150, 490), (30, 100)), 185)


@cases_of("card_dormant")
def card_dormant() -> Iterator[Case]:
    yield Case(MEMBER, "last used 180 days ago", holding(5_000, card(), buys(180, 300)), 190)
    yield Case(MEMBER, "used before the history and never since", holding(60_000, card()), 190)
    yield Case(MEMBER, "last used 250 days ago, for 6 000", holding(5_000, card(), buys(250, 6_000)), 260)
    yield Case(NEAR_MISS, "last used 179 days ago", holding(5_000, card(), buys(179, 300)), 190)
    yield Case(NEAR_MISS, "unused for long, and closed since", holding(5_000, card(closed=20)), 190)


@cases_of("card_winback")
def card_winback() -> Iterator[Case]:
    def aged(years: int) -> Build:
        return lambda person: person.aged(years)

    yield Case(MEMBER, "closed 20 days ago, 1 200 spent before", holding(5_000, card(closed=20), buys(60, 1_200)))
    yield Case(MEMBER, "closed 360 days ago", holding(60_000, card(closed=360)))
    yield Case(MEMBER, "closed 100 days ago, a time deposit here", holding(5_000, card(closed=100), deposit(30_000)))
    yield Case(NEAR_MISS, "closed 370 days ago", holding(60_000, card(closed=370)))
    yield Case(NEAR_MISS, "closed 20 days ago, 66 years old", holding(5_000, card(closed=20), aged(66)))
    yield Case(
        NEAR_MISS,
        "closed 20 days ago, another card open",
        holding(5_000, card(closed=20, number=6), card(), buys(9, 80)),
    )


@cases_of("card_and_debit")
def card_and_debit() -> Iterator[Case]:
    """The eighth of each month moves 200 for everybody."""

    def spends(yuan: float) -> Build:
        def build(person: Person) -> None:
            debit_card(person)
            person.every_month(12, lambda ago: person.turns_over(ago, yuan))

        return build

    in_use = (card(), buys(5, 900))
    yield Case(MEMBER, "a debit card alone, 3 000 spent a month", holding(4_000, spends(2_800)), 190)
    yield Case(MEMBER, "a debit card alone, 9 000 spent a month", holding(4_000, spends(8_800)), 190)
    yield Case(MEMBER, "a credit card alone, 50 on demand", holding(50, *in_use))
    yield Case(NEAR_MISS, "a debit card alone, 2 900 spent a month", holding(4_000, spends(2_700)), 190)
    yield Case(NEAR_MISS, "a debit card and a time deposit", holding(4_000, spends(2_800), deposit(5_000)), 190)
    yield Case(
        NEAR_MISS,
        "a debit card alone, 66 years old",
        holding(4_000, spends(2_800), lambda person: person.aged(66)),
        190,
    )
    yield Case(NEAR_MISS, "a credit card, and 150 on demand", holding(150, *in_use))


@cases_of("card_instalment")
def card_instalment() -> Iterator[Case]:
    yield Case(MEMBER, "3 000 in one purchase, all owed", holding(5_000, card(owed=3_000), buys(20, 3_000)), 185)
    yield Case(
        MEMBER,
        "two purchases of 5 000, 1 000 still owed",
        holding(5_000, card(owed=1_000), buys(80, 5_000), buys(20, 5_000)),
        185,
    )
    yield Case(
        MEMBER,
        "12 000 in one purchase, instalments before",
        holding(5_000, card(owed=12_000), buys(150, 2_000, True), buys(10, 12_000)),
        185,
    )
    yield Case(NEAR_MISS, "2 990 in one purchase", holding(5_000, card(owed=2_990), buys(20, 2_990)), 185)
    yield Case(NEAR_MISS, "3 000 in instalments already", holding(5_000, card(owed=3_000), buys(20, 3_000, True)), 185)
    yield Case(NEAR_MISS, "3 000, of which 900 is owed", holding(5_000, card(owed=900), buys(20, 3_000)), 185)
    yield Case(
        NEAR_MISS,
        "3 000 in one purchase, and overdue",
        holding(5_000, card(owed=3_000, overdue=5), buys(20, 3_000)),
        185,
    )


@cases_of("nearby")
def nearby() -> Iterator[Case]:
    def lives(km: float, elsewhere: bool = True, managed: bool = False) -> Build:
        def build(person: Person) -> None:
            person.holds(20_000)
            person.lives_km = km
            if elsewhere:
                person.home = person.number - person.stage.first_number + 1
            if not managed:
                person.about["manager_id"] = None

        return build

    yield Case(MEMBER, "400 m from a branch that is not theirs, no manager", lives(0.4))
    yield Case(MEMBER, "1.45 km from a branch that is not theirs, no manager", lives(1.45))
    yield Case(MEMBER, "900 m from a branch that is not theirs, no manager", lives(0.9))
    yield Case(NEAR_MISS, "1.6 km away", lives(1.6))
    yield Case(NEAR_MISS, "400 m away, with a manager", lives(0.4, managed=True))
    yield Case(NEAR_MISS, "400 m from their own branch", lives(0.4, elsewhere=False))


@cases_of("walk_in_today")
def walk_in_today() -> Iterator[Case]:
    """The list date is the day after the day of the cases."""

    def on_weekday(weeks: int) -> Build:
        return draws_cash(*(7 * week - 1 for week in range(1, weeks + 1)))

    def between(visits: int) -> Build:
        """Visits on the weekday after the list date's."""
        return draws_cash(*(7 * week - 2 for week in range(1, visits + 1)))

    def pensions(months: int) -> Build:
        def build(person: Person) -> None:
            person.aged(66)
            opens = np.array([person.stage.today + 1])
            for month in range(1, months + 1):
                person.receives(
                    person.stage.today - int(add_months(opens, -month)[0]), 2_600, type_=b.PENSION, channel=b.BATCH,
                    bank=None, account=None, name="社会保险事业服务中心",
                )  # fmt: skip

        return build

    def matures(days: int, auto: bool = False) -> Build:
        return lambda person: person.time_deposit(30_000, days, auto=auto)

    yield Case(MEMBER, "at the counter on this weekday in each of four weeks", holding(4_000, on_weekday(4)))
    yield Case(MEMBER, "a pension around this day twice, two visits", holding(4_000, pensions(2), between(2)))
    yield Case(MEMBER, "a time deposit matures today", holding(4_000, matures(1)))
    yield Case(MEMBER, "a time deposit matured yesterday", holding(4_000, matures(0)))
    yield Case(NEAR_MISS, "on this weekday in three weeks only", holding(4_000, on_weekday(3)))
    yield Case(NEAR_MISS, "a pension around this day twice, one visit", holding(4_000, pensions(2), between(1)))
    yield Case(NEAR_MISS, "a pension around this day once, two visits", holding(4_000, pensions(1), between(2)))
    yield Case(NEAR_MISS, "a time deposit matures the day after", holding(4_000, matures(2)))
    yield Case(NEAR_MISS, "a time deposit matures today and rolls over", holding(4_000, matures(1, auto=True)))
