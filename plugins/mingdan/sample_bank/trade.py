"""Shops that take payments through the bank: takings, closed days, bad months, and their entry in the register."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mingdan.sample_bank import books as b
from mingdan.sample_bank import names
from mingdan.sample_bank.bank import CITY, PEOPLE, generator
from mingdan.sample_bank.books import EXTERNAL, IN, OUT
from mingdan.sample_bank.columns import LandingPart, coded, looked_up, numbered, texts
from mingdan.sample_bank.dates import rounded
from mingdan.sample_bank.grown import Rows
from mingdan.sample_bank.life import Life, Side
from mingdan.sample_bank.people import PROPRIETOR, hash_texts

WEEKEND = np.array([each[3] for each in names.TRADES])
SHUT_SUNDAYS = np.array([each[4] for each in names.TRADES])


class Shops(Side):
    """Merchants of a chunk. Takings are paid into the owner's first demand account on the next day."""

    def __init__(self, life: Life) -> None:
        self.bank, self.people = life.bank, life.people
        self.number_base = (life.people.chunk + 1) * 10**6
        people, first = life.people, life.bank.first_day
        rng = generator(life.bank.seed, PEOPLE, people.chunk, 6)
        share = np.where(people.kind == PROPRIETOR, 0.58, 0.006) * (people.pace > 0)
        owner = np.flatnonzero(people.is_old & (rng.random(people.count) < share))
        owner = np.concatenate([owner, owner[rng.random(len(owner)) < 0.08]])  # a few open a second shop
        count = len(owner)
        is_second = np.arange(count) >= len(np.unique(owner))
        self.rows = Rows(
            "owner",
            "trade",
            "base",
            "signed",
            "shut_weekday",
            "rest",
            "factor",
            "bad_until",
            "state",
            "pending",
            "few_payers",
            "phase",
        )
        trade = rng.integers(0, len(names.TRADES), count)
        base = np.array([each[2] for each in names.TRADES])[trade] * rng.lognormal(0, 0.6, count) * 100
        fresh = rng.random(count) < 0.1
        signed = np.where(
            fresh,
            first + rng.integers(0, 450, count),
            np.maximum(first - rng.integers(100, 1500, count), people.opened[owner]),
        )
        weekday = np.where(SHUT_SUNDAYS[trade], 7, np.where(rng.random(count) < 0.1, 1, 0))
        self.rows.add(
            count, owner=owner, trade=trade, base=base.astype(np.int64), signed=signed, shut_weekday=weekday,
            rest=rng.integers(0, 12, count), factor=1000, bad_until=0, state=0, pending=0,
            few_payers=rng.random(count) < 0.015,
            phase=rng.integers(0, 1000, count),
        )  # fmt: skip
        self.registered = signed - rng.integers(20, 2500, count)
        town = [f"{self.bank.region_names[each['region']]}{each['town']}" for each in self.bank.units]
        family = people.name_list[owner]
        self.shop_names = [
            f"{town[unit]}{name[:1]}记{names.TRADES[kind][0]}{'二店' if again else ''}"
            for unit, name, kind, again in zip(
                people.unit[owner].tolist(), family.tolist(), trade.tolist(), is_second.tolist(), strict=True
            )
        ]
        at = np.column_stack([people.latitude[owner], people.longitude[owner]]) + rng.normal(0, 0.004, (count, 2))
        self.at = np.where(np.isnan(at), self.bank.unit_at[people.unit[owner]], at)

    def live(self, life: Life, out: LandingPart) -> None:
        rows, rng, day, bank = self.rows, life.rng, life.day, self.bank
        life.books.book(IN, b.TAKINGS, rows.owner, rows.pending.copy(), name=bank.settlement_word)
        rows.pending[:] = 0
        near = life.near
        luck = rng.random(rows.size)
        worse = (rows.bad_until < day) & (luck < 0.0011)  # a bad stretch: renovation, a rival, another bank's terminal
        rows.factor[worse] = np.where(rng.random(worse.sum()) < 0.3, 0, rng.integers(80, 700, worse.sum()))
        rows.bad_until[worse] = day + rng.integers(20, 110, worse.sum())
        better = (rows.bad_until < day) & (rows.bad_until > 0) & (rows.factor < 1000)
        rows.factor[better] = 1000
        rows.state[(luck > 0.99994) & (rows.signed < day - 60)] = 2
        weekday = life.today.isoweekday()
        is_open = (rows.signed <= day) & (rows.state == 0) & (rows.shut_weekday != weekday) & life.alive[rows.owner]
        is_open &= ~((near <= 1) & (near > -rows.rest))  # each shop rests some days at Spring Festival
        season = 1.0 + 0.08 * np.sin(2 * np.pi * (day / 365 + rows.phase / 1000)) + 0.35 * (2 <= near <= 18)
        weekend = np.where(life.is_work, 1.0, WEEKEND[rows.trade])
        noise = rng.lognormal(-0.06, 0.35, rows.size)
        cents = (
            np.where(is_open, rows.base * season * weekend * noise * rows.factor / 1000, 0).astype(np.int64) // 10 * 10
        )
        ticket = 2000 + rows.phase * 8
        sales = np.where(cents > 0, np.maximum(cents // ticket, 1), 0)
        payers = np.where(
            rows.few_payers == 1,
            np.maximum(sales // 9, 1),
            np.maximum((sales * rng.uniform(0.75, 1.0, rows.size)).astype(np.int64), 1),
        )
        refund = np.where(rng.random(rows.size) < 0.05, cents // 50, 0)
        largest = np.maximum(cents // np.maximum(payers, 1), np.minimum(ticket * 3, cents * 3 // 10))
        top = np.where(rows.few_payers == 1, cents * 6 // 10, largest)
        taken = np.flatnonzero(cents > 0)
        rows.pending[taken] = (cents - refund)[taken] * 9962 // 10_000
        out.write(
            "acquiring.merchant_daily",
            day,
            {
                "merchant_id": numbered("S", self.number_base + taken, 9),
                "biz_date": np.full(len(taken), day, np.int32),
                "amount": cents[taken],
                "txn_count": sales[taken].astype(np.int32),
                "payer_count": payers[taken].astype(np.int32),
                "refund_amount": refund[taken],
                "top_payer_amount": top[taken],
            },
        )
        # Goods must be paid: what is above a few days' takings goes to suppliers.
        spare = life.demand(rows.owner) - life.demand_target[rows.owner] - rows.base * 6
        pays = np.flatnonzero((spare > 100_000) & (rng.random(rows.size) < 0.3) & life.alive[rows.owner])
        _, first = np.unique(rows.owner[pays], return_index=True)
        pays = pays[first]
        to = rng.integers(0, names.PERSON_NAMES, len(pays))
        amount = rounded(spare[pays] * rng.uniform(0.6, 1.0, len(pays)), 100)
        owner = rows.owner[pays]
        life.books.book(
            OUT, b.GOODS_BOUGHT, owner, amount, channel=life.from_home(owner), name=bank.person_word + to, bank=to % 8,
            account=EXTERNAL + 2 * 10**11 + to,
        )  # fmt: skip

    def write_snapshots(self, out: LandingPart, day: int) -> None:
        rows, people, bank = self.rows, self.people, self.bank
        here = np.flatnonzero(rows.signed <= day)
        unit = people.unit[rows.owner[here]]
        manager = bank.merchant_manager[unit]
        out.write(
            "acquiring.merchants",
            day,
            {
                "merchant_id": numbered("S", self.number_base + here, 9),
                "customer_id": numbered("C", people.number[rows.owner[here]], 9),
                "branch_id": coded(unit, bank.unit_ids),
                "manager_id": coded(manager, bank.manager_ids),
                "merchant_name": texts(self.shop_names[each] for each in here),
                "mcc": looked_up(rows.trade[here], texts(each[1] for each in names.TRADES)),
                "latitude": np.round(self.at[here, 0], 6),
                "longitude": np.round(self.at[here, 1], 6),
                "signed_on": rows.signed[here],
                "status": coded(rows.state[here], ["active", "suspended", "closed"]),
                "settlement_account_id": numbered("A", people.number[rows.owner[here]] * 1000 + 1, 12),
            },
        )

    def write_slow(self, out: LandingPart, day: int) -> None:
        """The business register: these shops' owners, and three in a hundred who are no customers."""
        people, bank, rows = self.people, self.bank, self.rows
        here = np.flatnonzero(self.registered <= day)
        others = max(people.count * 3 // 100, 3)
        rng = generator(bank.seed, PEOPLE, people.chunk, 7)
        unit = rng.choice(bank.open_units, others)
        kind = rng.integers(0, len(names.TRADES), others)
        owners = names.person_names(rng, rng.random(others) < 0.55)
        strange = [
            f"{bank.units[u]['town']}{name[:1]}氏{names.TRADES[k][0]}"
            for u, name, k in zip(unit.tolist(), owners.tolist(), kind.tolist(), strict=True)
        ]
        at = np.concatenate([self.at[here], bank.unit_at[unit] + rng.normal(0, 0.012, (others, 2))])
        code = np.concatenate([rows.trade[here], kind]) % len(names.INDUSTRIES)
        owner = rows.owner[here]
        towns = [f"{CITY}{bank.region_names[each['region']]}{each['town']}镇" for each in bank.units]
        streets = np.concatenate([people.number[owner], rng.integers(0, 10**6, others)])
        number = self.number_base + np.concatenate([here, 500_000 + np.arange(others)])
        mobile = numbered("14", 400_000_000 + rng.integers(0, 10**8, others), 9, rng.random(others) < 0.7)
        state = np.concatenate([np.where(rows.state[here] == 2, 2, 0), np.where(rng.random(others) < 0.05, 1, 0)])
        ground = np.concatenate([np.zeros(len(here), int), np.where(rng.random(others) < 0.6, 1, -1)])
        columns = {
            "registration_no": numbered("9299", number, 12),
            "business_name": texts([self.shop_names[each] for each in here] + strange),
            "owner_name": pa.concat_arrays([people.full_name.take(pa.array(owner)), texts(owners.tolist())]),
            "owner_mobile": pa.concat_arrays([people.mobile.take(pa.array(owner)), mobile]),
            "owner_id_hash": pa.concat_arrays([people.id_hash.take(pa.array(owner)), hash_texts(rng, others)]),
            "industry": coded(code, names.INDUSTRIES),
            "address": texts(
                f"{towns[u]}{names.STREETS[s % len(names.STREETS)]}{s % 300 + 1}号"
                for u, s in zip(np.concatenate([people.unit[owner], unit]).tolist(), streets.tolist(), strict=True)
            ),
            "latitude": np.round(at[:, 0], 6),
            "longitude": np.round(at[:, 1], 6),
            "registered_on": np.concatenate([self.registered[here], bank.first_day - rng.integers(10, 2500, others)]),
            "status": coded(state, ["active", "revoked", "cancelled"]),
            "contact_ground": coded(ground, ["customer_contract", "public_register"]),
        }
        out.write("external.business_registry", day, columns)
