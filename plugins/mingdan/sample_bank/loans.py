"""Loans of a chunk and the limits they are drawn under: drawn, repaid, late, settled; who is on a whitelist."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mingdan.sample_bank import books as b
from mingdan.sample_bank import names
from mingdan.sample_bank.bank import PEOPLE, generator
from mingdan.sample_bank.books import EXTERNAL, IN, OUT
from mingdan.sample_bank.columns import NO_DATE, LandingPart, coded, numbered, texts
from mingdan.sample_bank.dates import YUAN, add_months, rounded
from mingdan.sample_bank.grown import Rows
from mingdan.sample_bank.life import Life, Side
from mingdan.sample_bank.people import FARMER, PROPRIETOR, SALARIED, STUDENT, hash_texts
from mingdan.sample_bank.products import LOAN_CODES, LOAN_RATES, PRODUCT_AT, PRODUCT_CODES

LOAN_TYPES = list(LOAN_CODES)
MORTGAGE, CONSUMER, BUSINESS, ONLINE, STUDENT_LOAN, AUTO = range(6)
LOAN_PRODUCT = np.array([PRODUCT_AT[code] for code in LOAN_CODES.values()])
LOAN_RATE = np.array([LOAN_RATES.get(code, (0, 38_000))[1] for code in LOAN_CODES.values()])
LOAN_STATES = ["performing", "overdue", "npl", "settled", "written_off"]
PERFORMING, OVERDUE, NPL, SETTLED, WRITTEN_OFF = range(5)
SETTLEMENTS = ["matured", "prepaid", "refinanced_here", "written_off"]


class Loans(Side):
    """Loans and the limits they are drawn under."""

    def __init__(self, life: Life) -> None:
        self.bank, self.people, self.number_base = life.bank, life.people, (life.people.chunk + 1) * 10**6
        self.rows = Rows(
            "owner", "type", "principal", "balance", "rate", "opened", "matures", "settled", "settlement", "state",
            "overdue",
            "graduates", "facility", "dom", "instalment", "arrears", "late_since", "is_hard",
        )  # fmt: skip
        self.limits = Rows("owner", "product", "limit", "granted", "expires", "closed", "revolves", "under_review")
        rng = generator(life.bank.seed, PEOPLE, life.people.chunk, 2)
        people, first = life.people, life.bank.first_day
        fit = people.is_old & (people.pace > 0) & (people.age > 20) & (people.age < 63)
        wealth = np.array([0.6, 0.9, 1.2, 1.7, 2.2, 3, 5])[people.tier]
        works = np.isin(people.kind, [SALARIED, PROPRIETOR])

        def some(mask: np.ndarray, share: float) -> np.ndarray:
            return np.flatnonzero(mask & (rng.random(people.count) < share))

        def past(owner: np.ndarray, most: int) -> np.ndarray:
            return np.maximum(first - 5 - rng.integers(0, most, len(owner)), people.opened[owner])

        owner = some(fit & works & (people.age > 25), 0.13)
        self._lend(
            rng,
            owner,
            MORTGAGE,
            rounded(rng.uniform(180_000, 700_000, len(owner)) * wealth[owner] * YUAN, 10_000),
            past(owner, 3600),
            np.full(len(owner), 240),
        )
        owner = some(fit & works, 0.05)
        self._lend(
            rng,
            owner,
            CONSUMER,
            rounded(rng.uniform(20_000, 160_000, len(owner)) * YUAN, 1000),
            past(owner, 1000),
            rng.choice([12, 24, 36], len(owner)),
        )
        owner = some(fit, 0.02)
        self._lend(
            rng,
            owner,
            AUTO,
            rounded(rng.uniform(50_000, 180_000, len(owner)) * YUAN, 1000),
            past(owner, 1000),
            np.full(len(owner), 36),
        )
        owner = some(people.is_old & ((people.kind == STUDENT) | (fit & (people.age < 28))), 0.16)
        loans = self._lend(
            rng,
            owner,
            STUDENT_LOAN,
            rounded(rng.uniform(6_000, 24_000, len(owner)) * YUAN, 1000),
            past(owner, 1400),
            np.full(len(owner), 120),
        )
        self.rows.graduates[loans] = self.rows.opened[loans] + 1100
        owner = some(fit & (people.kind == PROPRIETOR), 0.3)
        limits = self._grant(
            owner,
            PRODUCT_AT["L30"],
            rounded(rng.uniform(100_000, 900_000, len(owner)) * YUAN, 10_000),
            past(owner, 700),
            36,
        )
        drawn = rng.random(len(owner)) < 0.7
        self._draw(rng, limits[drawn], BUSINESS, 12)
        owner = some(fit & np.isin(people.kind, [SALARIED, PROPRIETOR, FARMER]), 0.1)
        limits = self._grant(
            owner,
            PRODUCT_AT["L23"],
            rounded(rng.uniform(10_000, 200_000, len(owner)) * YUAN, 1000),
            past(owner, 700),
            36,
        )
        drawn = rng.random(len(owner)) < 0.5
        self._draw(rng, limits[drawn], ONLINE, 12)
        # A few long settled loans, for those who may come back.
        owner = some(fit & works, 0.04)
        old = past(owner, 1000)
        loans = self._lend(
            rng,
            owner,
            CONSUMER,
            rounded(rng.uniform(20_000, 100_000, len(owner)) * YUAN, 1000),
            old - 700,
            np.full(len(owner), 36),
        )
        self._settle(loans, np.minimum(old, first - 1), rng.choice(3, len(loans), p=[0.45, 0.4, 0.15]))
        left = owner[people.number[owner] % 2 == 0]  # half of them borrow from another bank now
        life.owe_elsewhere(left, rounded(people.spend[left] // 4, 1000))
        running = self.rows.state == PERFORMING
        self.rows.is_hard[running & (rng.random(self.rows.size) < 0.003)] = 1

    def _lend(
        self,
        rng: np.random.Generator,
        owner: np.ndarray,
        type_: int,
        cents: np.ndarray,
        opened: np.ndarray,
        months: np.ndarray,
        facility: np.ndarray | int = -1,
    ) -> np.ndarray:
        """Loans as they stand after the months since their opening."""
        paid = np.clip((self.bank.first_day - opened) / 30.44, 0, months - 1) / months
        left = np.where(type_ == BUSINESS, cents, (cents * (1 - paid)).astype(np.int64))
        return self.rows.add(
            len(owner), owner=owner, type=type_, principal=cents, balance=left, rate=LOAN_RATE[type_], opened=opened,
            matures=add_months(opened, months), settled=NO_DATE, settlement=-1, state=PERFORMING, overdue=0,
            graduates=NO_DATE,
            facility=facility, dom=rng.integers(1, 29, len(owner)), instalment=cents // months, arrears=0,
            late_since=0, is_hard=0,
        )  # fmt: skip

    def _grant(
        self, owner: np.ndarray, product: int, limit: np.ndarray, granted: np.ndarray | int, months: int
    ) -> np.ndarray:
        expires = add_months(np.broadcast_to(granted, len(owner)), months)
        return self.limits.add(
            len(owner), owner=owner, product=product, limit=limit, granted=granted, expires=expires, closed=0,
            revolves=(product == PRODUCT_AT["L23"]) | (self.people.number[owner] % 3 > 0),
            under_review=self.people.number[owner] % 23 == 5,
        )  # fmt: skip

    def _draw(
        self, rng: np.random.Generator, limits: np.ndarray, type_: int, months: int, day: int | None = None
    ) -> np.ndarray:
        owner, limit = self.limits.owner[limits], self.limits.limit[limits]
        share = rng.uniform(0.2, 0.95, len(limits))
        first = self.bank.first_day
        opened = (
            np.full(len(limits), day)
            if day is not None
            else np.maximum(first - 1 - rng.integers(0, 300, len(limits)), self.limits.granted[limits])
        )
        loans = self._lend(
            rng,
            owner,
            type_,
            np.maximum(rounded(limit * share, 1000), 100_000),
            opened,
            np.full(len(limits), months),
            limits,
        )
        self.rows.balance[loans] = np.where(day is None, self.rows.balance[loans], self.rows.principal[loans])
        return loans

    def _settle(self, loans: np.ndarray, day: np.ndarray | int, how: np.ndarray | int) -> None:
        rows = self.rows
        rows.settled[loans], rows.settlement[loans], rows.state[loans] = day, how, SETTLED
        rows.balance[loans] = rows.overdue[loans] = rows.arrears[loans] = 0

    def live(self, life: Life, out: LandingPart) -> None:
        rows, rng, day, people = self.rows, life.rng, life.day, self.people
        running = (rows.state <= NPL) & (rows.opened < day - 5)
        rows.is_hard[running & (rng.random(rows.size) < 0.00003)] = 1  # from here on nothing is paid
        due = np.flatnonzero(
            running
            & ((rows.dom == life.today.day) | (rows.matures == day))
            & ((rows.graduates == NO_DATE) | (rows.graduates < day))
        )
        bullet = (rows.type[due] == BUSINESS) & (rows.matures[due] > day)
        principal = np.where(bullet, 0, np.minimum(rows.instalment[due], rows.balance[due]))
        principal = np.where(rows.matures[due] <= day, rows.balance[due], principal)
        asked = principal + rows.balance[due] * rows.rate[due] // 12_000_000
        late = np.flatnonzero(running & (rows.arrears > 0) & (rows.is_hard == 0) & (rng.random(rows.size) < 0.09))
        late = np.setdiff1d(late, due)
        tries = np.concatenate([due, late])
        wanted = np.concatenate([asked + rows.arrears[due], rows.arrears[late]])
        owner = rows.owner[tries]
        catches_up = np.arange(len(tries)) >= len(due)
        willing = (rows.is_hard[tries] == 0) & life.alive[owner] & (catches_up | (rng.random(len(tries)) < 0.985))
        need = np.bincount(owner[willing], weights=wanted[willing], minlength=people.count).astype(np.int64)
        short = np.flatnonzero(need > life.demand())
        life.from_own_bank(short, need[short] - life.demand(short) + rounded(need[short] // 5, 100))
        paid = np.where(willing, wanted, 0)
        by_customer = np.where(catches_up[willing], 1, -1)  # who catches up does it himself, the rest is collected
        life.books.book(OUT, b.REPAID, owner[willing], wanted[willing], name=self.bank.loan_word, started=by_customer)
        days_late = np.where(rows.arrears[tries] > 0, day - rows.late_since[tries], 0)
        if len(tries):
            order = np.argsort(tries)
            out.write(
                "lending.repayments",
                day,
                {
                    "loan_id": numbered("N", self.number_base + tries[order], 9),
                    "biz_date": np.full(len(tries), day, np.int32),
                    "amount_due": np.concatenate([asked, np.zeros(len(late), np.int64)])[order],
                    "amount_paid": paid[order],
                    "days_late": days_late[order].astype(np.int32),
                },
            )
        good = tries[willing]
        rows.balance[due] -= principal  # what was not paid stands in arrears
        rows.arrears[good] = rows.overdue[good] = 0
        rows.state[good] = PERFORMING
        missed = due[~willing[: len(due)]]
        rows.late_since[missed] = np.where(rows.arrears[missed] == 0, day, rows.late_since[missed])
        rows.arrears[missed] += asked[~willing[: len(due)]]
        in_arrears = np.flatnonzero((rows.state <= NPL) & (rows.arrears > 0))
        rows.overdue[in_arrears] = np.maximum(day - rows.late_since[in_arrears], 1)
        rows.state[in_arrears] = np.where(rows.overdue[in_arrears] > 90, NPL, OVERDUE)
        gone = in_arrears[rows.overdue[in_arrears] > 330]
        rows.state[gone], rows.settlement[gone], rows.settled[gone] = WRITTEN_OFF, 3, day
        over = np.flatnonzero((rows.state == PERFORMING) & ((rows.matures <= day) | (rows.balance <= 0)))
        self._settle(over, day, 0)
        self._prepay(life)
        self._new(life, over)

    def _prepay(self, life: Life) -> None:
        rows = self.rows
        wish = np.flatnonzero((rows.state == PERFORMING) & (life.rng.random(rows.size) < 0.0012))
        wish = wish[(life.demand(rows.owner[wish]) > rows.balance[wish]) & life.alive[rows.owner[wish]]]
        _, first = np.unique(rows.owner[wish], return_index=True)
        wish = wish[first]
        life.books.book(
            OUT, b.REPAID, rows.owner[wish], rows.balance[wish].copy(), channel=life.from_home(rows.owner[wish]),
            name=self.bank.loan_word, started=1
        )  # fmt: skip
        self._settle(wish, life.day, 1)

    def _new(self, life: Life, over: np.ndarray) -> None:
        """Drawings under limits, business loans renewed, a few new limits."""
        rows, limits, rng, day, people = self.rows, self.limits, life.rng, life.day, self.people
        used = np.isin(np.arange(limits.size), rows.facility[rows.state <= NPL])
        again = np.isin(np.arange(limits.size), rows.facility[over]) & (rng.random(limits.size) < 0.65)
        limits.closed[~used & (limits.closed == 0) & (rng.random(limits.size) < 0.0003)] = day  # not wanted any more
        spent = (limits.revolves == 0) & np.isin(np.arange(limits.size), rows.facility)
        open_ = (limits.expires > day) & (limits.closed == 0) & ~self._is_frozen(day)
        free = ~used & ~spent & open_ & life.alive[limits.owner]
        online = limits.product == PRODUCT_AT["L23"]
        chosen = free & (again | (rng.random(limits.size) < np.where(online, 0.0012, 0.0004)))
        for product, type_ in ((PRODUCT_AT["L23"], ONLINE), (PRODUCT_AT["L30"], BUSINESS)):
            drawn = np.flatnonzero(chosen & (limits.product == product))
            loans = self._draw(rng, drawn, type_, 12, day)
            life.books.book(IN, b.LENT, rows.owner[loans], rows.principal[loans], name=self.bank.loan_word)
        fit = (people.pace > 0.2) & (people.age < 60) & life.happens(0.00012)
        owner = np.setdiff1d(np.flatnonzero(fit), limits.owner)
        self._lend_today(life, fit_for_loan=life.alive & (people.pace > 0.1) & (people.age > 22) & (people.age < 58))
        self._grant(owner, PRODUCT_AT["L23"], rounded(rng.uniform(10_000, 150_000, len(owner)) * YUAN, 1000), day, 36)

    def _is_frozen(self, day: int) -> np.ndarray:
        """Limits whose yearly review drags on."""
        return (self.limits.under_review == 1) & (self.limits.granted < day - 365)

    def _lend_today(self, life: Life, fit_for_loan: np.ndarray) -> None:
        """New mortgages, paid to the developer the same day, consumer loans and car loans."""
        rng, day = life.rng, life.day
        kinds = (
            (CONSUMER, 0.00007, 20_000, 160_000, 24),
            (AUTO, 0.00003, 50_000, 180_000, 36),
            (MORTGAGE, 0.00003, 180_000, 700_000, 240),
        )
        for type_, chance, low, high, months in kinds:
            owner = np.flatnonzero(fit_for_loan & (rng.random(self.people.count) < chance))
            cents = rounded(rng.uniform(low, high, len(owner)) * YUAN, 1000)
            loans = self._lend(rng, owner, type_, cents, np.full(len(owner), day), np.full(len(owner), months))
            self.rows.balance[loans] = cents
            life.books.book(IN, b.LENT, owner, cents, name=self.bank.loan_word)
            if type_ != CONSUMER:
                word = self.bank.developer_word + (type_ == AUTO)
                life.books.book(OUT, b.HOUSE_BOUGHT, owner, cents, name=word, bank=2, account=EXTERNAL + 3 * 10**11)

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        rows, limits, people, bank = self.rows, self.limits, self.people, self.bank
        here = np.flatnonzero(rows.opened <= day)
        credit = bank.credit_manager
        unit = people.unit[rows.owner[here]]
        out.write(
            "lending.loans",
            day,
            {
                "loan_id": numbered("N", self.number_base + here, 9),
                "facility_id": numbered(
                    "Y", self.number_base + np.maximum(rows.facility[here], 0), 9, rows.facility[here] >= 0
                ),
                "customer_id": numbered("C", people.number[rows.owner[here]], 9),
                "branch_id": coded(unit, bank.unit_ids),
                "manager_id": coded(credit[unit], bank.manager_ids),
                "product_code": coded(LOAN_PRODUCT[rows.type[here]], PRODUCT_CODES),
                "loan_type": coded(rows.type[here], LOAN_TYPES),
                "principal": rows.principal[here],
                "balance": np.minimum(rows.balance[here] + rows.arrears[here], rows.principal[here]),
                "annual_rate": rows.rate[here],
                "opened_on": rows.opened[here],
                "matures_on": rows.matures[here],
                "settled_on": rows.settled[here],
                "settlement_kind": coded(rows.settlement[here], SETTLEMENTS),
                "status": coded(rows.state[here], LOAN_STATES),
                "overdue_days": rows.overdue[here].astype(np.int32),
                "graduates_on": rows.graduates[here],
            },
        )
        used = np.bincount(
            rows.facility[rows.facility >= 0], weights=rows.balance[rows.facility >= 0], minlength=limits.size
        ).astype(np.int64)
        unit = people.unit[limits.owner]
        out.write(
            "lending.facilities",
            day,
            {
                "facility_id": numbered("Y", self.number_base + np.arange(limits.size), 9),
                "customer_id": numbered("C", people.number[limits.owner], 9),
                "branch_id": coded(unit, bank.unit_ids),
                "manager_id": coded(credit[unit], bank.manager_ids),
                "product_code": coded(limits.product, PRODUCT_CODES),
                "approved_limit": limits.limit,
                "used_amount": used[: limits.size],
                "is_revolving": limits.revolves == 1,
                "granted_on": limits.granted,
                "expires_on": limits.expires,
                "status": coded(
                    np.select([limits.closed > 0, limits.expires <= day, self._is_frozen(day)], [3, 2, 1], 0),
                    ["active", "frozen", "expired", "closed"],
                ),
            },
        )
        self._write_bureau(out, day)
        self._write_whitelist(out, day)

    def _write_bureau(self, out: LandingPart, day: int) -> None:
        rows, people = self.rows, self.people
        known = (rows.opened <= day) & (rows.type != STUDENT_LOAN) & (people.number[rows.owner] % 2 == 0)
        _, first = np.unique(rows.owner[known], return_index=True)
        loans = np.flatnonzero(known)[first]
        number = people.number[rows.owner[loans]]
        count = number // 2 % 4
        income = people.income[rows.owner[loans]]
        out.write(
            "lending.bureau_summaries",
            day,
            {
                "customer_id": numbered("C", number, 9),
                "reported_on": np.maximum(rows.opened[loans] - 3, day - (day + number) % 170),  # looked at twice a year
                "authorised_purposes": coded(
                    (number % 10 == 0).astype(int), ["credit_granting,post_loan", "credit_granting,post_loan,marketing"]
                ),
                "authorised_until": rows.matures[loans],
                "other_bank_loan_count": count.astype(np.int32),
                "other_bank_loan_balance": count * income * 9,
                "other_bank_monthly_repayment": count * income // 6,
                "remaining_months": (count * 9).astype(np.int32),
                "card_limit_total": income * 5,
                "card_used_total": income * (number % 5),
                "hard_inquiries_3m": (number % 7 // 2).astype(np.int32),
                "is_overdue_elsewhere": number % 41 == 0,
            },
        )

    def _write_whitelist(self, out: LandingPart, day: int) -> None:
        """Batches every quarter: customers from inside, and people named by outside lists."""
        people, bank = self.people, self.bank
        parts = []
        for batch in range(-4, (day - bank.first_day) // 91 + 1):
            start = bank.first_day + 91 * batch
            if start + 365 < day:
                continue
            rng = generator(bank.seed, PEOPLE, people.chunk, 3, batch + 10)
            rows = np.flatnonzero((people.opened <= start) & (rng.random(people.count) < 0.03) & (people.age < 60))
            origin = rng.integers(0, 4, len(rows))
            parts.append((rows, origin, rounded(rng.uniform(5_000, 200_000, len(rows)) * YUAN, 1000), batch, start))
        prospects = max(people.count // 100, 2)
        rng = generator(bank.seed, PEOPLE, people.chunk, 4)
        unit = rng.choice(bank.open_units, prospects)
        rows = np.concatenate([each[0] for each in parts])
        batches = np.concatenate([np.full(len(each[0]), place) for place, each in enumerate(parts)])
        starts = np.concatenate([np.full(len(each[0]), each[4]) for each in parts])
        origin = np.concatenate([each[1] for each in parts])
        is_named = (origin != 1) | (people.number[rows] % 3 > 0)  # social security often sends the identity hash alone
        online = np.full(prospects, PRODUCT_AT["L23"])
        origins = ["internal", "social_security", "housing_fund", "tax", "village_census"]
        none = pa.nulls(len(rows), pa.string())
        out.write(
            "lending.loan_whitelist",
            day,
            {
                "customer_id": pa.concat_arrays(
                    [numbered("C", people.number[rows], 9, is_named), pa.nulls(prospects, pa.string())]
                ),
                "prospect_name": pa.concat_arrays(
                    [none, texts(names.person_names(rng, rng.random(prospects) < 0.5).tolist())]
                ),
                "prospect_mobile": pa.concat_arrays(
                    [none, numbered("14", 300_000_000 + rng.integers(0, 10**8, prospects), 9)]
                ),
                "id_hash": pa.concat_arrays([people.id_hash.take(pa.array(rows)), hash_texts(rng, prospects)]),
                "branch_id": coded(np.concatenate([people.unit[rows], unit]), bank.unit_ids),
                "village_code": coded(
                    np.concatenate([np.full(len(rows), -1), unit * 3 + rng.integers(0, 3, prospects)]),
                    [each["code"] for each in bank.villages],
                ),
                "product_code": coded(
                    np.concatenate([np.where(origin == 3, PRODUCT_AT["L30"], PRODUCT_AT["L23"]), online]), PRODUCT_CODES
                ),
                "approved_limit": np.concatenate(
                    [*[each[2] for each in parts], rounded(rng.uniform(5_000, 80_000, prospects) * YUAN, 1000)]
                ),
                "batch_id": coded(
                    np.concatenate([batches, np.full(prospects, len(parts))]),
                    [*[f"BATCH{each[3] + 4:03d}" for each in parts], f"CENSUS{people.chunk:03d}"],
                ),
                "origin": coded(np.concatenate([origin, np.full(prospects, 4)]), origins),
                "contact_ground": coded(
                    np.concatenate([np.zeros(len(rows), int), np.where(rng.random(prospects) < 0.8, 1, -1)]),
                    ["customer_contract", "census_consent"],
                ),
                "valid_from": np.concatenate([starts, np.full(prospects, bank.first_day - 30)]),
                "valid_to": np.concatenate([starts + 365, np.full(prospects, bank.first_day + 900)]),
            },
        )
