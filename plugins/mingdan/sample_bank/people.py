"""The customers of one chunk: who they are, and the parameters by which they live."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mingdan.sample_bank import names
from mingdan.sample_bank.bank import NEVER, PEOPLE, Bank, generator
from mingdan.sample_bank.columns import NO_DATE, LandingPart, coded, fixed_text, numbered, texts

SALARIED, PROPRIETOR, FARMER, STUDENT, RETIRED, HOMEMAKER, OTHER = range(7)
OCCUPATIONS = ["salaried", "sole_proprietor", "farmer", "student", "retired", "homemaker", "other"]
KIND_SHARE = np.array([0.38, 0.08, 0.18, 0.05, 0.20, 0.05, 0.06])
AGE_MEAN = np.array([39, 43, 53, 20, 69, 42, 40])
AGE_SPREAD = np.array([9, 9, 11, 2, 8, 9, 14])
AGE_LOW = np.array([20, 22, 22, 16, 55, 22, 18])
AGE_HIGH = np.array([60, 68, 86, 27, 96, 70, 85])
# long_tail, basic, growth, wealth, platinum, diamond, private: shares of customers, and their assets in CNY
TIER_SHARE = np.array([0.604, 0.18, 0.12, 0.06, 0.025, 0.01, 0.001])
TIER_FLOOR = np.array([0, 10_000, 50_000, 200_000, 500_000, 1_000_000, 6_000_000])
TIER_TOP = np.array([9_000, 50_000, 200_000, 500_000, 1_000_000, 6_000_000, 40_000_000])
INCOME = np.array([5_600, 9_000, 2_600, 1_300, 3_000, 1_800, 3_000])  # median monthly income in CNY, by kind
TIER_INCOME = np.array([0.8, 1.0, 1.25, 1.8, 2.6, 4.0, 10.0])


class People:
    """Parallel arrays, one entry a customer, sorted by the day of opening. Amounts are cents."""

    def __init__(self, bank: Bank, chunk: int, first: int, count: int, months: int) -> None:
        rng = generator(bank.seed, PEOPLE, chunk)
        self.bank, self.chunk = bank, chunk
        later = int(np.ceil(count * 0.0135))  # they open in the three months after the horizon
        self.count = rows = count + later
        self.number = np.concatenate([np.arange(first, first + count), 800_000_000 + chunk * 10_000 + np.arange(later)])
        fresh = int(round(count * min(0.0045 * months, 0.2)))
        old_days = bank.first_day - 1 - np.minimum(rng.exponential(2300, count - fresh), 9000).astype(np.int64)
        new_days = rng.integers(bank.first_day, bank.horizon + 1, fresh)
        self.opened = np.concatenate(
            [np.sort(old_days), np.sort(new_days), bank.horizon + 1 + np.sort(rng.integers(0, 92, later))]
        )
        self.is_old = self.opened < bank.first_day

        self.kind = rng.choice(7, rows, p=KIND_SHARE)
        age = np.clip(rng.normal(AGE_MEAN[self.kind], AGE_SPREAD[self.kind]), AGE_LOW[self.kind], AGE_HIGH[self.kind])
        self.birth = (bank.first_day - age * 365.25 - rng.integers(0, 365, rows)).astype(np.int64)
        self.age = age
        self.opened = np.maximum(self.opened, self.birth + 5840)  # an account from sixteen on
        self.opened[self.is_old] = np.minimum(self.opened[self.is_old], bank.first_day - 1)
        self.is_male = rng.random(rows) < 0.5
        self.tier = rng.choice(7, rows, p=TIER_SHARE)
        self.tier[self.kind == STUDENT] = 0
        self.unit = rng.choice(len(bank.units), rows, p=bank.unit_weight)
        if bank.closed_unit is not None:  # nobody opens at a closed outlet
            gone = (self.unit == bank.closed_unit) & (self.opened >= bank.units[bank.closed_unit]["closed_on"])
            self.unit[gone] = 0

        # What they own and how it is split.
        inside = rng.beta(1.1, 1.9, rows)
        floor, top = TIER_FLOOR[self.tier] * 1.04 + 1, TIER_TOP[self.tier] * 0.97
        aum = floor * (top / floor) ** inside
        tail = self.tier == 0
        aum[tail] = np.minimum(rng.lognormal(6.6, 1.6, tail.sum()), 9_000)
        self.aum_target = (aum * 100).astype(np.int64)
        likes_time = np.array([0.06, 0.45, 0.80, 0.90, 0.90, 0.85, 0.80])[self.tier] + 0.2 * (age > 55)
        likes_wealth = np.array([0.00, 0.10, 0.26, 0.48, 0.65, 0.75, 0.90])[self.tier] - 0.1 * (age > 62)
        self.likes_time = rng.random(rows) < likes_time
        self.likes_wealth = (rng.random(rows) < likes_wealth) & (self.aum_target > 2_000_000)
        demand_part = np.where(self.likes_time | self.likes_wealth, rng.beta(1.4, 11.0, rows), 1.0)
        self.demand_target = np.maximum(self.aum_target * demand_part, 3_000).astype(np.int64)
        self.wealth_part = np.where(self.likes_wealth, np.where(self.likes_time, rng.uniform(0.2, 0.7, rows), 1.0), 0.0)

        # How they live.
        income = INCOME[self.kind] * TIER_INCOME[self.tier] * rng.lognormal(0, 0.45, rows)
        self.income = (income * 100).astype(np.int64)
        self.is_dormant = tail & (rng.random(rows) < 0.135) & self.is_old
        self.has_pay = (self.kind == SALARIED) & (rng.random(rows) < 0.58) & ~self.is_dormant
        self.employer = np.where(self.has_pay, rng.choice(len(bank.employers), rows, p=bank.employer_weight), -1)
        self.has_pension = (self.kind == RETIRED) & (rng.random(rows) < 0.62) & ~self.is_dormant
        self.draws_pension = self.has_pension & (rng.random(rows) < 0.3)
        self.pay_leaves = self.has_pay & (rng.random(rows) < 0.28)
        self.pay_elsewhere_dom = np.where(
            (self.kind == SALARIED) & ~self.has_pay & ~self.is_dormant & (rng.random(rows) < 0.45),
            rng.integers(6, 26, rows),
            0,
        )
        pace = rng.lognormal(-1.57, 1.05, rows) * np.array([1.35, 1.8, 0.55, 1.2, 0.5, 0.9, 0.8])[self.kind]
        pace *= np.where(self.has_pay | self.has_pension, 1.25, 1.0) * np.where(tail, 0.9, 1.15)
        self.pace = np.minimum(np.where(self.is_dormant, 0.0, pace), 6.0)  # outgoing bookings a day
        engaged = np.clip(self.pace / 0.3, 0.05, 1.0)
        self.spend = np.where(
            self.is_dormant, 0, self.income * np.where(self.has_pay | self.has_pension, 0.93, engaged * 0.7)
        )
        regular = np.where(self.has_pay | self.has_pension | (self.pay_elsewhere_dom > 0), self.spend * 0.9, 0)
        self.other_income = np.maximum(self.spend - regular, 0)
        self.style = np.select([age < 32, age < 48, age < 60], [0, 1, 2], 3)

        # Channels.
        app = np.array([0.86, 0.74, 0.55, 0.24])[self.style] * np.where(self.is_dormant, 0.3, 1.0)
        self.app_since = np.where(
            rng.random(rows) < app, np.maximum(self.opened, bank.first_day - rng.integers(0, 2500, rows)), NEVER
        )
        late = (self.app_since == NEVER) & (rng.random(rows) < 0.15)
        self.app_since = np.where(
            late, np.maximum(self.opened, bank.first_day) + rng.integers(0, 460, rows), self.app_since
        )
        use = rng.beta(0.7, 2.2, rows) * np.array([0.9, 0.8, 0.6, 0.4])[self.style]
        self.app_use = np.where(self.is_dormant | (rng.random(rows) < 0.14), 0.0, use)  # share of days with a log-in

        self.has_etc = (self.number % 11 == 3) & (self.style < 3) & (self.pace > 0) & self.is_old
        self.etc_since = np.maximum(self.opened, bank.first_day - rng.integers(0, 1500, rows))
        self.toll = (rng.lognormal(5.0, 0.8, rows)).astype(np.int64) * 100

        # Consent and state.
        luck = rng.random(rows)
        self.consent = np.where(luck < 0.85, 1, np.where(luck < 0.95, 0, -1))
        self.consent_withdrawn = np.where(
            (self.consent == 1) & (rng.random(rows) < 0.03), bank.first_day + rng.integers(0, 700, rows), NEVER
        )
        self.consent_updated = np.where(
            self.consent >= 0, np.maximum(self.opened, bank.first_day - rng.integers(0, 800, rows)), NO_DATE
        )
        self.no_contact = rng.random(rows) < 0.015
        self.no_profiling = rng.random(rows) < 0.02
        self.is_staff = rng.random(rows) < 0.008
        self.died = np.where(
            (age > 60) & (rng.random(rows) < 0.02), bank.first_day + rng.integers(-200, 700, rows), NEVER
        )
        self.died = np.where((self.died < self.opened + 400), NEVER, self.died)
        self.refusals = [  # (channel, mask, day)
            (channel, rng.random(rows) < share, np.maximum(self.opened, bank.first_day + rng.integers(-400, 500, rows)))
            for channel, share in (("call", 0.03), ("sms", 0.025), ("wecom", 0.01), ("app_push", 0.02), ("visit", 0.02))
        ]
        self.risk = np.where(
            rng.random(rows) < np.where(self.likes_wealth, 0.97, 0.22),
            1 + rng.choice(5, rows, p=[0.18, 0.34, 0.28, 0.14, 0.06]),
            0,
        )
        self.risk = np.where(self.is_dormant, 0, self.risk)
        self.risk_phase = rng.integers(0, 365, rows)

        # Ties inside the chunk: pairs that are neighbours in a shuffled order, among old customers.
        old = np.flatnonzero(self.is_old)
        shuffled = rng.permutation(old)
        half = len(shuffled) // 2
        self.partner = np.full(rows, -1)
        self.partner[shuffled[:half]], self.partner[shuffled[half : 2 * half]] = (
            shuffled[half : 2 * half],
            shuffled[:half],
        )
        self.is_couple = np.zeros(rows, bool)
        chosen = (rng.random(half) < 0.2) & (np.abs(age[shuffled[:half]] - age[shuffled[half : 2 * half]]) < 12)
        self.is_couple[shuffled[:half][chosen]] = self.is_couple[shuffled[half : 2 * half][chosen]] = True
        wife, husband = shuffled[half : 2 * half][chosen], shuffled[:half][chosen]
        self.is_male[wife] = ~self.is_male[husband]
        self.unit[wife] = self.unit[husband]
        # A child for some couples: whoever of the others, drawn at random, is of the right age and no spouse there.
        self.father = np.full(rows, -1)
        child = old[rng.integers(0, len(old), len(husband))] if len(old) else wife
        gap = np.minimum(age[husband], age[wife]) - age[child]
        fits = np.flatnonzero((gap > 18) & (gap < 42))
        self.father[child[fits]] = husband[fits]
        self.unit[child[fits]] = self.unit[husband[fits]]
        self.has_tie = (self.partner >= 0) & (self.is_couple | (rng.random(rows) < 0.25))
        self.referrer = np.where(
            rng.random(rows) < np.where(self.is_old, 0.07 * (self.partner >= 0), 0.3),
            old[rng.integers(0, max(len(old), 1), rows)] if len(old) else -1,
            -1,
        )
        self.referrer = np.where(self.opened[np.maximum(self.referrer, 0)] < self.opened, self.referrer, -1)
        self._identity(rng)

    def _identity(self, rng: np.random.Generator) -> None:
        """What only the snapshots carry: texts, made once."""
        bank, rows = self.bank, self.count
        self.name_list = names.person_names(rng, self.is_male)
        self.full_name = pa.array(self.name_list, pa.string())
        self.id = numbered("C", self.number, 9)
        self.id_hash = hash_texts(rng, rows)
        # 142 is no prefix in use: these numbers reach nobody.
        self.mobile = numbered("14", 200_000_000 + rng.integers(0, 100_000_000, rows), 9, rng.random(rows) < 0.97)
        home = bank.unit_at[self.unit]
        spread = np.where(self.kind == FARMER, 0.04, 0.015)
        at = home + rng.normal(0, 1, (rows, 2)) * spread[:, None]
        located = rng.random(rows) < 0.85
        self.latitude = np.where(located, np.round(at[:, 0], 6), np.nan)
        self.longitude = np.where(located, np.round(at[:, 1], 6), np.nan)
        village = self.unit * 3 + rng.integers(0, 3, rows)
        in_village = (self.kind == FARMER) | (rng.random(rows) < 0.06)
        self.village = np.where(in_village, village, -1)
        regions = np.array([bank.region_names[each["region"]] for each in bank.units])[self.unit]
        towns = np.array([each["town"] for each in bank.units])[self.unit]
        house = rng.integers(1, 400, rows).astype(str)
        street = np.char.add(
            np.array(names.STREETS)[rng.integers(len(names.STREETS), size=rows)], np.char.add(house, "号")
        )
        estate = np.char.add(
            np.array(names.ESTATES)[rng.integers(len(names.ESTATES), size=rows)],
            np.char.add(np.char.add(rng.integers(1, 30, rows).astype(str), "栋"), "住户"),
        )
        rural = np.char.add(
            np.array([each["name"] for each in bank.villages])[village],
            np.char.add(rng.integers(1, 12, rows).astype(str), "组"),
        )
        line = np.where(in_village, rural, np.where(rng.random(rows) < 0.5, street, np.char.add(street, estate)))
        self.address = pa.array(
            np.char.add(np.char.add(regions, np.char.add(towns, "镇")), line), mask=rng.random(rows) < 0.04
        )
        self.education = np.where(
            self.age < 50,
            rng.choice(4, rows, p=[0.15, 0.35, 0.25, 0.25]),
            rng.choice(4, rows, p=[0.6, 0.3, 0.06, 0.04]),
        )
        alone = np.where(self.age < 26, 0, np.where(rng.random(rows) < 0.85, 1, np.where(rng.random(rows) < 0.6, 2, 3)))
        self.marital = np.where(self.is_couple, 1, np.where(rng.random(rows) < 0.06, 4, alone))
        keeps = np.array([0.2, 0.65, 0.85, 0.95, 1.0, 1.0, 1.0])[self.tier]
        pick = rng.integers(0, 1 << 20, rows)
        wealth = bank.wealth_managers
        width = max(len(each) for each in wealth)
        table = np.array([[each[place % len(each)] for place in range(width)] for each in wealth])
        self.manager = np.where(rng.random(rows) < keeps, table[self.unit, pick % width], -1)

    def alive(self, day: int) -> np.ndarray:
        """Customers who have opened and live."""
        return (self.opened <= day) & (self.died > day)

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        self._write_customers(out, day)
        self._write_relations(out, day)
        self._write_preferences(out, day)

    def _write_customers(self, out: LandingPart, day: int) -> None:
        here = np.flatnonzero(self.opened <= day)
        withdrawn = self.consent_withdrawn[here] <= day
        consent = np.where(withdrawn, 0, self.consent[here])
        updated = np.where(withdrawn, self.consent_withdrawn[here], self.consent_updated[here])
        assessed_year = day - (day - self.risk_phase[here]) % 365
        lapsed = self.risk_phase[here] % 4 == 0  # one in four let it lapse
        assessed = np.where(
            lapsed, np.minimum(assessed_year, self.bank.first_day - self.risk_phase[here]), assessed_year
        )
        has_risk = (self.risk[here] > 0) & (assessed >= self.opened[here])
        bank = self.bank
        out.write(
            "core.customers",
            day,
            {
                "customer_id": self.id.take(pa.array(here)),
                "full_name": self.full_name.take(pa.array(here)),
                "id_hash": self.id_hash.take(pa.array(here)),
                "gender": coded(np.where(self.is_male[here], 0, 1), ["M", "F"]),
                "birth_date": self.birth[here],
                "mobile": self.mobile.take(pa.array(here)),
                "address": self.address.take(pa.array(here)),
                "latitude": self.latitude[here],
                "longitude": self.longitude[here],
                "village_code": coded(self.village[here], [each["code"] for each in bank.villages]),
                "occupation": coded(self.kind[here], OCCUPATIONS),
                "education": coded(self.education[here], ["primary", "secondary", "college", "university"]),
                "marital_status": coded(self.marital[here], ["single", "married", "divorced", "widowed", "unknown"]),
                "home_branch_id": coded(self.unit[here], bank.unit_ids),
                "manager_id": coded(self.manager[here], bank.manager_ids),
                "opened_on": self.opened[here],
                "referrer_customer_id": numbered(
                    "C", self.number[np.maximum(self.referrer[here], 0)], 9, self.referrer[here] >= 0
                ),
                "is_staff": self.is_staff[here],
                "is_deceased": self.died[here] <= day,
                "marketing_consent": pa.array(consent == 1, mask=consent < 0),
                "profiling_refused": self.no_profiling[here],
                "do_not_contact": self.no_contact[here],
                "consent_updated_on": updated,
                "risk_level": coded(np.where(has_risk, self.risk[here] - 1, -1), ["C1", "C2", "C3", "C4", "C5"]),
                "risk_assessed_on": np.where(has_risk, assessed, NO_DATE),
            },
        )

    def _write_relations(self, out: LandingPart, day: int) -> None:
        here = self.opened <= day
        parts: list[tuple[np.ndarray, pa.Array, str, np.ndarray]] = []

        def tie(mask: np.ndarray, other: np.ndarray, kind: str, since: np.ndarray) -> None:
            rows = np.flatnonzero(mask & here & (other >= 0))
            rows = rows[self.opened[other[rows]] <= day]
            parts.append((rows, numbered("C", self.number[other[rows]], 9), kind, since[rows]))

        since = np.maximum(self.opened, self.opened[np.maximum(self.partner, 0)])
        tie(self.is_couple, self.partner, "spouse", np.full(self.count, NO_DATE))
        friends = ~self.is_couple & (self.partner >= 0)
        gap = self.age[np.maximum(self.partner, 0)] - self.age
        tie(
            friends & (gap > 20) & (gap < 38) & (self.number % 4 == 0),
            self.partner,
            "parent",
            np.full(self.count, NO_DATE),
        )
        mother = np.where(self.father >= 0, self.partner[np.maximum(self.father, 0)], -1)
        for parent in (self.father, mother):
            tie(parent != self.partner, parent, "parent", np.full(self.count, NO_DATE))
        tie(friends & (np.abs(gap) < 15) & (self.number % 29 == 0), self.partner, "guarantor", since)
        tie(friends & (np.abs(gap) < 15) & (self.number % 31 == 1), self.partner, "co_holder", since)
        tie(self.referrer >= 0, self.referrer, "referrer", self.opened)
        works = np.flatnonzero(here & (self.employer >= 0) & self.bank.employer_is_here[np.maximum(self.employer, 0)])
        corporate_ids = pa.array([each["id"] for each in self.bank.corporates])
        parts.append(
            (works, corporate_ids.take(pa.array(self.employer[works])), "employer", np.full(len(works), NO_DATE))
        )
        rows = np.concatenate([each[0] for each in parts])
        out.write(
            "crm.relations",
            day,
            {
                "customer_id": numbered("C", self.number[rows], 9),
                "related_customer_id": pa.concat_arrays([each[1] for each in parts]),
                "relation_type": texts(kind for each, _, kind, _ in parts for _ in range(len(each))),
                "since": np.concatenate([each[3] for each in parts]),
            },
        )

    def _write_preferences(self, out: LandingPart, day: int) -> None:
        parts = [(np.flatnonzero(mask & (since <= day)), channel, since) for channel, mask, since in self.refusals]
        out.write(
            "crm.channel_preferences",
            day,
            {
                "customer_id": numbered("C", np.concatenate([self.number[rows] for rows, _, _ in parts]), 9),
                "channel": texts(channel for rows, channel, _ in parts for _ in range(len(rows))),
                "is_refused": True,
                "refused_on": np.concatenate([since[rows] for rows, _, since in parts]),
            },
        )


def hash_texts(rng: np.random.Generator, rows: int) -> pa.StringArray:
    """What salted hashes look like: 32 hexadecimal characters."""
    nibbles = np.frombuffer(rng.bytes(rows * 16), np.uint8).reshape(rows, 16)
    marks = np.frombuffer(b"0123456789abcdef", np.uint8)
    return fixed_text(np.stack([marks[nibbles >> 4], marks[nibbles & 15]], axis=2).reshape(rows, 32))
