"""The planted cases, one function a list: who must be on it, and who misses it by a hair.

To plant cases for a new list, write one function here. Days count back from the day the cases are made for (0), amounts
are yuan; the numbers are the shipped thresholds for entering a list. A window of n days is 0 to n − 1 days ago."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from mingdan.sample_bank import books as b
from mingdan.sample_bank.columns import day_of
from mingdan.sample_bank.holidays import day_kind
from mingdan.sample_bank.script import Case, Person, cases_of

MEMBER: Final = "member"
NEAR_MISS: Final = "near_miss"


@cases_of("deposit_outflow")
def deposit_outflow() -> Iterator[Case]:
    def falls(before: float, *steps: tuple[int, float], bank: bool = True) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.holds(before)
            level = before
            for days_ago, after in steps:
                (person.sends_to_own if bank else person.pays)(days_ago, level - after)
                level = after

        return build

    yield Case(MEMBER, "21 % below the days before for exactly 30 days: watch", falls(100_000, (29, 79_000)))
    yield Case(
        MEMBER,
        "a third gone today in one sum, to the own account elsewhere: fast exit, so warning",
        falls(4_000_000, (0, 2_700_000)),
    )
    yield Case(
        MEMBER,
        "in three steps to a fifth of the year's best: critical",
        falls(200_000, (110, 150_000), (75, 90_000), (29, 40_000)),
    )
    yield Case(
        MEMBER, "half spent at tills a month ago: warning without a transfer", falls(60_000, (29, 28_000), bank=False)
    )
    yield Case(NEAR_MISS, "19 % below the days before: no stage yet", falls(100_000, (29, 81_000)))
    yield Case(
        NEAR_MISS, "three quarters gone, but only 9 000: not rated below a drop of 10 000", falls(12_000, (29, 3_000))
    )
    yield Case(
        NEAR_MISS, "5 % of the best left for 60 days: lost, which is another list's", falls(100_000, (60, 5_000))
    )
    yield Case(NEAR_MISS, "29.75 % of yesterday's assets out today: no fast exit", falls(4_000_000, (0, 2_810_000)))


@cases_of("tier_upgrade")
def tier_upgrade() -> Iterator[Case]:
    def keeps(yuan: float, invested: float = 0) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.holds(yuan - invested)
            if invested:
                person.investment("W000", invested)

        return build

    yield Case(MEMBER, "exactly 10 % below basic", keeps(9_000))
    yield Case(MEMBER, "9 % below growth", keeps(45_500))
    yield Case(MEMBER, "5 % below wealth, most of it in a wealth product", keeps(190_000, 150_000))
    yield Case(MEMBER, "one yuan below platinum", keeps(499_999))
    yield Case(NEAR_MISS, "10.1 % below basic", keeps(8_990))
    yield Case(NEAR_MISS, "growth tier reached to the yuan", keeps(50_000))
    yield Case(NEAR_MISS, "11 % below wealth", keeps(178_000, 150_000))


@cases_of("pension_care")
def pension_care() -> Iterator[Case]:
    def pensioner(years: int, payments: int, drawn: bool = False) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.aged(years)
            person.kind = "retired"
            person.holds(3_000)

            def pay(ago: int) -> None:
                person.receives(
                    ago, 2_800, type_=b.PENSION, channel=b.BATCH, bank=None, account=None, name="社会保险事业服务中心"
                )
                if drawn:
                    person.moves(max(ago - 1, 0), 2_700, b.OUT, type_=b.CASH, channel=b.COUNTER)

            person.every_month(15, pay, payments)

        return build

    def saver(years: int, and_days: int, still_here: bool = True) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.aged(years, and_days)
            person.holds(2_000)
            person.time_deposit(
                80_000, 250 if still_here else -40, 24 if still_here else 12, closed=None if still_here else 40
            )

        return build

    yield Case(MEMBER, "a pension every month, drawn the day after", pensioner(66, 99, drawn=True))
    yield Case(MEMBER, "retired early: three pensions in three months", pensioner(50, 3))
    yield Case(MEMBER, "55 years old today, with a time deposit", saver(55, 0))
    yield Case(MEMBER, "58 years old, with a time deposit", saver(58, 40))
    yield Case(NEAR_MISS, "55 tomorrow, with a time deposit", saver(54, 364))
    yield Case(NEAR_MISS, "64 years old, two pensions so far", pensioner(64, 2))
    yield Case(NEAR_MISS, "57 years old, the time deposit closed 40 days ago", saver(57, 60, still_here=False))


@cases_of("introduction")
def introduction() -> Iterator[Case]:
    def tied(
        kind: str, theirs: float, transfers: int = 0, falls_to: float | None = None, has_all: bool = False
    ) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.holds(5_000)
            other = person.companion()
            other.holds(theirs)
            if kind:
                person.related(other, kind)
            for number in range(transfers):
                person.sends_to(other, 20 + 40 * number, 300)
                other.pays(20 + 40 * number, 300)
                person.receives(20 + 40 * number, 300)
            if falls_to is not None:
                other.sends_to_own(29, theirs - falls_to)
            if has_all:
                person.time_deposit(1_000, 200, 24)
                person.investment("W000", 2_000)
                person.loan("consumer", 30_000)
                person.has_card = True

        return build

    yield Case(MEMBER, "married to a wealth customer", tied("spouse", 300_000))
    yield Case(MEMBER, "a parent in the growth tier", tied("parent", 80_000))
    yield Case(MEMBER, "an account together with a platinum customer", tied("co_holder", 600_000))
    yield Case(MEMBER, "three transfers in six months to a wealth customer", tied("", 300_000, transfers=3))
    yield Case(NEAR_MISS, "married to a customer of the same tier", tied("spouse", 6_000))
    yield Case(NEAR_MISS, "the wealth customer's money is leaving", tied("spouse", 300_000, falls_to=230_000))
    yield Case(NEAR_MISS, "only two transfers in six months to a wealth customer", tied("", 300_000, transfers=2))
    yield Case(
        NEAR_MISS, "married to a wealth customer, but holds every core product", tied("spouse", 300_000, has_all=True)
    )


@cases_of("large_inflow")
def large_inflow() -> Iterator[Case]:
    def gets(
        yuan: float, days_ago: int, spent: float = 0, monthly: float = 0, own: bool = False
    ) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.holds(2_000)
            if monthly:
                person.every_month(3, lambda ago: person.turns_over(ago, monthly))
            (person.receives_from_own if own else person.receives)(days_ago, yuan)
            person.pays(1, spent)

        return build

    def matured(person: Person) -> None:
        person.holds(2_000)
        person.time_deposit(120_000, -2, 24, closed=2)

    yield Case(MEMBER, "60 000 from another bank two days ago, untouched", gets(60_000, 2))
    yield Case(MEMBER, "95 000 six days ago against a usual 30 000 a month", gets(95_000, 6, monthly=30_000))
    yield Case(MEMBER, "200 000 from the own account elsewhere yesterday", gets(200_000, 1, own=True))
    yield Case(MEMBER, "80 000 three days ago, 38 000 of it spent", gets(80_000, 3, spent=38_000))
    yield Case(NEAR_MISS, "49 900 two days ago", gets(49_900, 2))
    yield Case(
        NEAR_MISS, "85 000 against a usual 30 000 a month: less than three times", gets(85_000, 2, monthly=30_000)
    )
    yield Case(NEAR_MISS, "100 000 twelve days ago", gets(100_000, 12))
    yield Case(NEAR_MISS, "100 000 three days ago, 60 000 spent", gets(100_000, 3, spent=60_000))
    yield Case(NEAR_MISS, "120 000 from the own time deposit here", matured)


@cases_of("idle_funds")
def idle_funds() -> Iterator[Case]:
    def idle(yuan: float, monthly: float = 0, since: int | None = None) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.holds(yuan if since is None else 5_000)
            if monthly:
                person.every_month(12, lambda ago: person.turns_over(ago, monthly))
            if since is not None:
                person.receives(since, yuan - 5_000)

        return build

    yield Case(MEMBER, "60 000 on demand, hardly any spending", idle(60_000), 190)
    yield Case(MEMBER, "90 000 on demand, spends 10 000 a month", idle(90_000, 10_000), 190)
    yield Case(MEMBER, "51 000 on demand, hardly any spending: just enough", idle(51_000), 190)
    yield Case(MEMBER, "120 000 since 33 days", idle(120_000, since=33), 190)
    yield Case(NEAR_MISS, "49 900 on demand", idle(49_900), 190)
    yield Case(NEAR_MISS, "75 000 on demand, spends 10 000 a month: 45 000 idle", idle(75_000, 10_000), 190)
    yield Case(NEAR_MISS, "120 000 since 27 days only", idle(120_000, since=27), 190)


@cases_of("dormant_wakeup")
def dormant_wakeup() -> Iterator[Case]:
    def sleeps(yuan: float, *acts: tuple[int, str], loan: bool = False) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.uses_app = person.is_busy = False
            person.holds(yuan)
            for days_ago, act in acts:
                if act == "credit":
                    person.receives(days_ago, 300)
                else:
                    person.moves(days_ago, 100, b.OUT, type_=b.CASH, channel=b.ATM)
            if loan:
                person.loan("consumer", 20_000)

        return build

    yield Case(MEMBER, "silent for the whole history, a credit ten days ago", sleeps(800, (10, "credit")), 240)
    yield Case(
        MEMBER, "silent for 230 days, cash drawn once five days ago", sleeps(2_500, (235, "cash"), (5, "cash")), 300
    )
    yield Case(
        MEMBER,
        "silent for 300 days, a credit 29 days ago: the last day of the window",
        sleeps(9_000, (300, "cash"), (29, "credit")),
        360,
    )
    yield Case(NEAR_MISS, "silent for the whole history, and nothing since", sleeps(800), 240)
    yield Case(NEAR_MISS, "a credit 32 days ago: cold", sleeps(800, (32, "credit")), 240)
    yield Case(NEAR_MISS, "silent, a credit, but 10 500 on the account", sleeps(10_500, (10, "credit")), 240)
    yield Case(
        NEAR_MISS,
        "own act 175 days ago: not yet asleep",
        sleeps(800, (200, "cash"), (175, "cash"), (10, "credit")),
        240,
    )
    yield Case(NEAR_MISS, "cash drawn on two days: awake again", sleeps(2_500, (20, "cash"), (5, "cash")), 240)
    yield Case(NEAR_MISS, "silent, a credit, but a loan runs", sleeps(800, (10, "credit"), loan=True), 240)


@cases_of("deposit_maturity")
def deposit_maturity() -> Iterator[Case]:
    def deposit(yuan: float, matures_in: int, **more: float | bool) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.holds(3_000)
            person.time_deposit(yuan, matures_in, **more)  # type: ignore[arg-type]

        return build

    def renewed(person: Person) -> None:
        person.holds(3_000)
        person.time_deposit(60_000, -3, closed=3)
        person.time_deposit(60_000, 362)
        person.accounts[0].balance -= 6_000_000  # the second deposit is paid from the first
        person.bookings[-2:] = [{**each, "day": person.on(3)} for each in person.bookings[-2:]]
        person.accounts[2].opened = person.on(3)

    yield Case(MEMBER, "50 000 in 15 days, the last day of the window", deposit(50_000, 15))
    yield Case(MEMBER, "80 000 today", deposit(80_000, 0))
    yield Case(MEMBER, "30 000 matured 7 days ago and still there", deposit(30_000, -7))
    yield Case(MEMBER, "rolls over by itself, but today's rate is better", deposit(100_000, 5, auto=True, rate=0.009))
    yield Case(NEAR_MISS, "50 000 in 16 days", deposit(50_000, 16))
    yield Case(NEAR_MISS, "30 000 matured 8 days ago", deposit(30_000, -8))
    yield Case(NEAR_MISS, "rolls over by itself at a rate no longer on sale", deposit(100_000, 5, auto=True, rate=0.02))
    yield Case(NEAR_MISS, "matured 3 days ago and renewed the same day", renewed)


@cases_of("merchant_alert")
def merchant_alert() -> Iterator[Case]:
    def shop(takings: Callable[[int], float], signed: int = 700, payers: float = 0.9) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.holds(4_000)
            person.keeps_shop(takings, signed)
            person.payers_per_sale = payers

        return build

    def drops_to(share: float, since: int = 40, usual: float = 1_000) -> Callable[[int], float]:
        return lambda ago: usual if ago >= since else usual * share

    def stops(open_days: int | None, days: int) -> Callable[[Person], None]:
        """Twice the usual for three weeks, so that thirty days look well, then nothing for so many (open) days."""

        def build(person: Person) -> None:
            idle = days
            while (
                open_days is not None
                and sum(day_kind(day_of(person.on(ago)))[1] is None for ago in range(idle)) < open_days
            ):
                idle += 1
            shop(lambda ago: 0 if ago < idle else 2_000 if ago < idle + 21 else 1_000)(person)

        return build

    yield Case(MEMBER, "half the usual takings for 40 days: yellow", shop(drops_to(0.5)))
    yield Case(MEMBER, "a tenth of the usual takings for 50 days: red", shop(drops_to(0.1, 50)))
    yield Case(MEMBER, "nothing for 16 open days after three good weeks: yellow by silence", stops(16, 16))
    yield Case(NEAR_MISS, "65 % of the usual takings for 40 days: blue", shop(drops_to(0.65)))
    yield Case(NEAR_MISS, "nothing for 13 days after three good weeks: blue", stops(None, 13))
    yield Case(
        NEAR_MISS, "a tenth of the usual takings, but signed 80 days ago: not rated", shop(drops_to(0.1, 31), signed=80)
    )
    yield Case(NEAR_MISS, "a tenth of 600 a month: too small to be rated", shop(drops_to(0.1, 40, usual=20)))
    yield Case(
        NEAR_MISS,
        "half the usual takings, but one payer in seven payments: suspicious",
        shop(drops_to(0.5), payers=0.14),
    )


@cases_of("app_activation")
def app_activation() -> Iterator[Case]:
    def without(yuan: float, last_log_in: int | None = None, loan: bool = False) -> Callable[[Person], None]:
        def build(person: Person) -> None:
            person.uses_app = False
            person.holds(yuan)
            if last_log_in is not None:
                person.services.append(("app", person.stage.first_day - 200))
                person.logs_in(last_log_in)
            if loan:
                person.loan("consumer", 30_000)

        return build

    yield Case(MEMBER, "never signed up, 1 200 here", without(1_200))
    yield Case(MEMBER, "last log-in 30 days ago: asleep since today", without(5_000, 30))
    yield Case(MEMBER, "never signed up, 300 here, but a loan", without(300, loan=True))
    yield Case(NEAR_MISS, "never signed up, 950 here", without(950))
    yield Case(NEAR_MISS, "last log-in 29 days ago", without(5_000, 29))
    yield Case(NEAR_MISS, "asleep with 950 here", without(950, 45))
