"""How customers and bank meet: app, WeCom, services signed, calls and messages of the past, complaints, activities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mingdan.sample_bank.bank import NEVER, PEOPLE, generator
from mingdan.sample_bank.columns import NO_AMOUNT, NO_DATE, LandingPart, coded, numbered, texts
from mingdan.sample_bank.dates import YUAN, rounded
from mingdan.sample_bank.life import Life, Side
from mingdan.sample_bank.people import hash_texts
from mingdan.sample_bank.products import PRODUCT_AT, PRODUCT_CODES
from mingdan.sample_bank.trade import Shops

OUTCOMES = [
    "not_reached", "call_again", "not_interested", "interested", "appointment", "done", "wrong_person",
    "not_my_customer", "already_elsewhere", "unsuitable", "complaint",
]  # fmt: skip
OUTCOME_SHARE = [0.36, 0.12, 0.17, 0.12, 0.06, 0.10, 0.01, 0.01, 0.03, 0.01, 0.01]
CHANNELS = ["call", "sms", "wecom", "app_push", "visit", "email", "lobby"]


class Reach(Side):
    """Contact channels of a chunk."""

    def __init__(self, life: Life, shops: Shops) -> None:
        self.bank, self.people = life.bank, life.people
        people, first, rows = life.people, life.bank.first_day, life.people.count
        rng = generator(life.bank.seed, PEOPLE, people.chunk, 8)
        self.last_app = np.where(
            (people.app_since < first) & (people.app_use > 0), first - 1 - rng.integers(0, 20, rows), int(NO_DATE)
        )
        went = (people.app_since < first) & (people.app_use == 0) & (rng.random(rows) < 0.7)
        self.last_app = np.where(went, np.maximum(first - rng.integers(60, 900, rows), people.app_since), self.last_app)
        friend = (people.manager >= 0) & (rng.random(rows) < 0.32) & ~people.is_dormant
        self.friend_since = np.where(friend, np.maximum(people.opened, first + rng.integers(-700, 440, rows)), NEVER)
        self.friend_until = np.where(rng.random(rows) < 0.2, self.friend_since + rng.integers(20, 400, rows), NEVER)
        self.talks_every = rng.integers(4, 120, rows)
        self.in_group = rng.random(rows) < 0.3
        lives, wallet = people.pace > 0, (people.style < 3) & (people.pace > 0.05)
        plans = [
            ("sms", lives, 0.34),
            ("wallet_binding", wallet, 1.0),
            ("insurance_agency", lives, 0.05),
            ("gold", lives, 0.015),
        ]
        plans += [("custody", lives, 0.03)]
        self.services: list[tuple[str, np.ndarray, np.ndarray]] = []  # product code, since, until
        for code, who, share in plans:
            signs = who & (rng.random(rows) < share)
            since = np.where(signs, np.maximum(people.opened, first - rng.integers(-300, 1800, rows)), NEVER)
            ended = np.where(signs & (rng.random(rows) < 0.06), since + rng.integers(30, 700, rows), NEVER)
            self.services.append((code, since, ended))
        collects = np.full(rows, NEVER)
        collects[shops.rows.owner] = shops.rows.signed
        self.services.append(("collection_code", collects, np.full(rows, NEVER)))

    def after(self, life: Life, out: LandingPart) -> None:
        """Write the day's activity, once the bookings are known."""
        people, rng, day = self.people, life.rng, life.day
        signed = life.alive & (people.app_since <= day)
        active = signed & ((life.app_transfers > 0) | (rng.random(people.count) < people.app_use))
        rows = np.flatnonzero(active)
        self.last_app[rows] = day
        likes = people.likes_wealth[rows]
        out.write(
            "channels.app_activity",
            day,
            {
                "customer_id": numbered("C", people.number[rows], 9),
                "biz_date": np.full(len(rows), day, np.int32),
                "login_count": (1 + rng.poisson(0.7, len(rows))).astype(np.int32),
                "transfer_count": life.app_transfers[rows].astype(np.int32),
                "payment_count": rng.poisson(0.25, len(rows)).astype(np.int32),
                "wealth_view_count": rng.poisson(np.where(likes, 0.8, 0.1)).astype(np.int32),
                "loan_view_count": rng.poisson(0.06, len(rows)).astype(np.int32),
            },
        )
        self._contacts(life, out)
        self._voices(life, out)

    def _contacts(self, life: Life, out: LandingPart) -> None:
        people, rng, day, bank = self.people, life.rng, life.day, self.bank
        free = life.alive & ~people.no_contact & ~people.is_staff
        if life.is_work:
            rows = np.flatnonzero(free & (people.manager >= 0) & (rng.random(people.count) < 0.0016))
            outcome = rng.choice(len(OUTCOMES), len(rows), p=OUTCOME_SHARE)
            at = (day * 86400 + rng.integers(540, 1070, len(rows)) * 60) * 1_000_000
            sold = outcome == 5
            products = [PRODUCT_AT[code] for code in ("T12", "W180", "app", "F01", "T36")]
            out.write(
                "crm.contacts",
                day,
                {
                    "contact_id": numbered(
                        "O", day * 10_000 + people.chunk * 10_000_000_000 + np.arange(len(rows)), 15
                    ),
                    "lead_id": lead_texts(rng, len(rows)),
                    "customer_id": numbered("C", people.number[rows], 9),
                    "contacted_at": at,
                    "recorded_at": at + rng.integers(1, 50, len(rows)) * 60_000_000,
                    "channel": coded(rng.choice([0, 2, 4, 6], len(rows), p=[0.6, 0.2, 0.08, 0.12]), CHANNELS),
                    "outcome": coded(outcome, OUTCOMES),
                    "product_code": coded(
                        np.where(sold, np.array(products)[rng.integers(0, 5, len(rows))], -1), PRODUCT_CODES
                    ),
                    "amount": np.where(sold, rounded(rng.lognormal(10.0, 1.0, len(rows)) * YUAN, 1000), NO_AMOUNT),
                    "actor": coded(people.manager[rows], bank.manager_ids),
                },
            )
        campaign = life.today.day in (3, 18)  # two message campaigns a month, a trickle of service calls between
        rows = np.flatnonzero(free & (rng.random(people.count) < (0.02 if campaign else 0.0004)))
        kind = np.where(campaign, 1, rng.choice([0, 1, 3], len(rows)))
        reached = rng.random(len(rows)) < np.where(kind == 0, 0.5, 0.95)
        out.write(
            "crm.outside_contacts",
            day,
            {
                "customer_id": numbered("C", people.number[rows], 9),
                "contacted_at": (day * 86400 + rng.integers(540, 1140, len(rows)) * 60) * 1_000_000,
                "channel": coded(kind, CHANNELS),
                "system": coded(np.where(kind == 0, 0, 1), ["remote_bank", "message_platform"]),
                "campaign": f"{life.today:%Y%m}-{1 if life.today.day < 10 else 2}"
                if campaign
                else pa.nulls(len(rows), pa.string()),
                "outcome": coded(
                    np.where(reached, np.where(rng.random(len(rows)) < 0.01, 2, 0), 1),
                    ["reached", "not_reached", "refused"],
                ),
            },
        )

    def _voices(self, life: Life, out: LandingPart) -> None:
        people, rng, day = self.people, life.rng, life.day
        rows = np.flatnonzero(life.alive & (people.pace > 0) & (rng.random(people.count) < 0.00005))
        settled = rng.random(len(rows)) < 0.75
        out.write(
            "crm.complaints",
            day,
            {
                "customer_id": numbered("C", people.number[rows], 9),
                "opened_on": np.full(len(rows), day, np.int32),
                "closed_on": np.where(settled, day, NO_DATE),
                "topic": coded(rng.integers(0, 4, len(rows)), ["queue", "fee", "wealth_loss", "card_service"]),
                "severity": coded(rng.choice(3, len(rows), p=[0.6, 0.3, 0.1]), ["low", "medium", "high"]),
            },
        )
        rows = np.flatnonzero(life.alive & (people.pace > 0) & (rng.random(people.count) < 0.0005))
        out.write(
            "crm.satisfaction",
            day,
            {
                "customer_id": numbered("C", people.number[rows], 9),
                "surveyed_on": np.full(len(rows), day, np.int32),
                "score": np.clip(rng.normal(8, 1.8, len(rows)), 0, 10).astype(np.int32),
                "touch_point": coded(rng.integers(0, 4, len(rows)), ["counter", "app", "call", "visit"]),
            },
        )
        held = [each for each in self.bank.activities if each["held_on"] == day]
        parts = []
        for each in held:
            guests = np.flatnonzero(life.alive & (people.unit == each["unit"]) & ~people.is_dormant)
            chosen = guests[
                rng.random(len(guests))
                < min(each["seats"] / max(len(guests), 1), 1.0) * 50_000 / max(self.bank.customers, 50_000)
            ]
            parts.append((each["id"], chosen, rng.random(len(chosen)) < 0.7))
        rows = np.concatenate([each[1] for each in parts]) if parts else np.zeros(0, np.int64)
        out.write(
            "crm.activity_attendance",
            day,
            {
                "activity_id": texts(id_ for id_, chosen, _ in parts for _ in range(len(chosen))),
                "customer_id": numbered("C", people.number[rows], 9),
                "came": np.concatenate([each[2] for each in parts]) if parts else np.zeros(0, bool),
            },
        )

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        people, bank = self.people, self.bank
        parts = [
            (
                "app",
                np.where(people.app_since <= day, people.app_since, NEVER),
                np.full(people.count, NEVER),
                np.where(self.last_app >= people.app_since, self.last_app, NO_DATE),
            )
        ]
        for code, since, ended in self.services:
            used = day - (day - people.number) % 23
            parts.append((code, since, ended, np.where(used >= since, used, NO_DATE)))
        chosen = [
            (code, np.flatnonzero((since <= day) & (people.opened <= day)), since, ended, used)
            for code, since, ended, used in parts
        ]
        out.write(
            "core.product_signups",
            day,
            {
                "customer_id": numbered("C", np.concatenate([people.number[rows] for _, rows, *_ in chosen]), 9),
                "product_code": coded(
                    np.concatenate([np.full(len(rows), PRODUCT_AT[code]) for code, rows, *_ in chosen]), PRODUCT_CODES
                ),
                "signed_on": np.concatenate([since[rows] for _, rows, since, _, _ in chosen]),
                "cancelled_on": np.concatenate(
                    [np.where(ended[rows] <= day, ended[rows], NO_DATE) for _, rows, _, ended, _ in chosen]
                ),
                "last_used_on": np.concatenate(
                    [np.where(ended[rows] <= day, NO_DATE, used[rows]) for _, rows, _, ended, used in chosen]
                ),
            },
        )
        rows = np.flatnonzero((self.friend_since <= day) & (people.opened <= day))
        gone = self.friend_until[rows] <= day
        spoke = day - (day - people.number[rows]) % self.talks_every[rows]
        spoke = np.where(gone | (spoke < self.friend_since[rows]), NO_DATE, spoke)
        strangers = 3
        rng = generator(bank.seed, PEOPLE, people.chunk, 9)
        out.write(
            "channels.wecom",
            day,
            {
                "customer_id": pa.concat_arrays(
                    [numbered("C", people.number[rows], 9), pa.nulls(strangers, pa.string())]
                ),
                "prospect_id": pa.concat_arrays([pa.nulls(len(rows), pa.string()), hash_texts(rng, strangers)]),
                "manager_id": coded(
                    np.concatenate([people.manager[rows], rng.integers(0, len(bank.manager_ids), strangers)]),
                    bank.manager_ids,
                ),
                "added_on": np.concatenate([self.friend_since[rows], np.full(strangers, bank.first_day)]),
                "deleted_on": np.concatenate(
                    [np.where(gone, self.friend_until[rows], NO_DATE), np.full(strangers, NO_DATE)]
                ),
                "last_interaction_on": np.concatenate([spoke, np.full(strangers, NO_DATE)]),
                "in_group": np.concatenate([self.in_group[rows], np.full(strangers, True)]),
            },
        )
        rows = np.flatnonzero(people.has_etc & (people.opened <= day))
        out.write(
            "channels.etc_contracts",
            day,
            {
                "customer_id": numbered("C", people.number[rows], 9),
                "account_id": numbered("A", people.number[rows] * 1000 + 1, 12),
                "signed_on": people.etc_since[rows],
                "status": coded((people.number[rows] % 17 == 0).astype(int), ["active", "cancelled"]),
                "monthly_toll": people.toll[rows],
            },
        )


def lead_texts(rng: np.random.Generator, rows: int) -> pa.Array:
    """Lead ids as they look: L and 20 hexadecimal characters."""
    hashes = hash_texts(rng, rows)
    return pa.array([f"L{each[:20]}" for each in hashes.to_pylist()], pa.string())
