"""The scripted customers as tables, with the same methods as the living chunks."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from mingdan.sample_bank import books as b
from mingdan.sample_bank import names
from mingdan.sample_bank.bank import PEOPLE, Bank, generator
from mingdan.sample_bank.books import ACCOUNT_TYPES, CHANNELS, IN, STATES, TYPES
from mingdan.sample_bank.columns import NO_DATE, LandingPart, day_of
from mingdan.sample_bank.investments import CATEGORIES
from mingdan.sample_bank.loans import LOAN_RATE, LOAN_TYPES
from mingdan.sample_bank.people import hash_texts
from mingdan.sample_bank.products import LOAN_CODES
from mingdan.sample_bank.script import Account, Person, Stage, planted_count

LUNCH = 2_500  # cents
SALE = 40  # yuan of one sale in a shop


class Planted:
    """Writes the scripted customers; call `write_events` for each day in order."""

    def __init__(self, bank: Bank, first_number: int, part: int) -> None:
        planted_count()  # registers the cases
        self.bank, self.part = bank, part
        self.stage = Stage(bank.first_day, bank.horizon, first_number)
        people = self.people = self.stage.people
        rng = generator(bank.seed, PEOPLE, 10**6)
        self.is_male = rng.random(len(people)) < 0.5
        self.names = names.person_names(rng, self.is_male).tolist()
        self.hashes = hash_texts(rng, len(people)).to_pylist()
        self.at = np.round(
            bank.unit_at[np.arange(len(people)) % bank.open_units] + rng.normal(0, 0.01, (len(people), 2)), 6
        )
        self.place = {each.number: place for place, each in enumerate(people)}
        self.accounts = [(each, account) for each in people for account in each.accounts]
        self.balance = {each.number * 1000 + account.seq: account.balance for each, account in self.accounts}
        self.by_day: dict[int, list[tuple[Person, dict[str, Any]]]] = defaultdict(list)
        for person in people:
            for booking in person.bookings:
                self.by_day[booking["day"]].append((person, booking))

    def unit(self, person: Person) -> int:
        return self.place[person.number] % self.bank.open_units

    def branch(self, person: Person) -> str:
        return self.bank.unit_ids[self.unit(person)]

    def manager(self, person: Person) -> str:
        places = self.bank.wealth_managers[self.unit(person)]
        return self.bank.manager_ids[places[self.place[person.number] % len(places)]]

    def shop_name(self, person: Person) -> str:
        return f"{self.bank.units[self.unit(person)]['town']}{self.names[self.place[person.number]][:1]}记便利店"

    # ---- events ----
    def write_events(self, out: LandingPart, day: int, all_open: bool) -> None:
        bookings = sorted(self.by_day.pop(day, []), key=lambda each: (each[0].number, each[1]["seq"], each[1]["way"]))
        before = dict(self.balance)
        for person, each in bookings:
            self.balance[person.number * 1000 + each["seq"]] += each["cents"] if each["way"] == IN else -each["cents"]
        out.write_rows("core.transactions", day, [self._transaction(day, *each) for each in enumerate(bookings)])
        balances = []
        for person, account in self.accounts:
            number = person.number * 1000 + account.seq
            is_open = account.opened <= day and not (NO_DATE < account.closed <= day)
            if self.balance[number] != before[number] or (all_open and is_open):
                balances.append({"account_id": f"A{number:012d}", "biz_date": day, "balance": self.balance[number]})
        out.write_rows("core.account_balances", day, balances)
        views = {"transfer_count": 0, "payment_count": 0, "wealth_view_count": 0, "loan_view_count": 0}
        log_ins = [
            {"customer_id": each.id, "biz_date": day, "login_count": 1, **views}
            for each in self.people
            if day in each.log_ins
        ]
        out.write_rows("channels.app_activity", day, log_ins)
        out.write_rows(
            "acquiring.merchant_daily", day, [self._takings(each, day) for each in self.people if each.takings.get(day)]
        )
        out.write_rows(
            "cards.card_transactions", day, [self._lunch(each, day) for each in self.people if each.has_card]
        )

    def _transaction(self, day: int, place: int, booked: tuple[Person, dict[str, Any]]) -> dict[str, Any]:
        person, each = booked
        type_, channel, other, bank = each["type"], each["channel"], each.get("account"), each.get("bank")
        name = each.get("name")
        if isinstance(name, int):
            name = self.names[self.place[name]]
        passive = type_ in (b.PAYROLL, b.PENSION, b.INTEREST) or channel == b.BATCH
        incoming = each["way"] == IN and type_ != b.CASH and not each.get("own")
        return {
            "txn_id": f"T{day_of(day):%y%m%d}{self.part * 10**6 + place:09d}",
            "account_id": f"A{person.number * 1000 + each['seq']:012d}",
            "booked_at": (day * 86400 + (600 + place % 300) * 60) * 1_000_000,
            "biz_date": day,
            "direction": "in" if each["way"] == IN else "out",
            "amount": each["cents"],
            "channel": CHANNELS[channel],
            "txn_type": TYPES[type_],
            "branch_id": self.branch(person) if channel in (b.COUNTER, b.ATM) else None,
            "counterparty_name": name,
            "counterparty_account": None
            if other is None
            else f"{'E' if other >= b.EXTERNAL else 'A'}{other % b.EXTERNAL:012d}",
            "counterparty_bank": None if bank is None else self.bank.banks[bank],
            "is_own_name": bool(each.get("own")),
            "is_customer_initiated": not (passive or incoming),
        }

    def _takings(self, person: Person, day: int) -> dict[str, Any]:
        yuan = person.takings[day]
        sales = max(yuan // SALE, 1)
        return {
            "merchant_id": f"S{person.number:09d}", "biz_date": day, "amount": yuan * 100, "txn_count": sales,
            "payer_count": max(int(sales * person.payers_per_sale), 1), "refund_amount": 0,
            "top_payer_amount": min(yuan * 100, yuan * 5 + SALE * 100),
        }  # fmt: skip

    def _lunch(self, person: Person, day: int) -> dict[str, Any]:
        """Eaten every day: the table of card purchases may not be empty, however small the bank."""
        return {
            "txn_id": f"K{day_of(day):%y%m%d}{person.number:09d}", "card_id": f"K{person.number:09d}",
            "booked_at": (day * 86400 + 12 * 3600) * 1_000_000, "biz_date": day, "amount": LUNCH, "mcc": "5814",
            "merchant_name": "快餐店", "is_instalment": False, "is_refund": False, "channel": "qr",
        }  # fmt: skip

    # ---- snapshots ----
    def write_snapshots(self, out: LandingPart, day: int) -> None:
        people = self.people
        out.write_rows("core.customers", day, [self._customer(each, day) for each in people])
        out.write_rows(
            "core.accounts", day, [self._account(*each, day) for each in self.accounts if each[1].opened <= day]
        )
        since = self.stage.first_day - 500
        ties = [
            {"customer_id": each.id, "related_customer_id": f"C{other:09d}", "relation_type": kind, "since": since}
            for each in people
            for other, kind in each.relations
        ]
        out.write_rows("crm.relations", day, ties)
        signed = []
        for each in people:
            used = max((login for login in each.log_ins if login <= day), default=None)
            signed += [
                {"customer_id": each.id, "product_code": code, "signed_on": on, "last_used_on": used}
                for code, on in each.services
            ]
        out.write_rows("core.product_signups", day, signed)
        self._write_products(out, day)
        shops = [
            {
                "merchant_id": f"S{each.number:09d}", "customer_id": each.id, "branch_id": self.branch(each),
                "merchant_name": self.shop_name(each),
                "mcc": "5411", "latitude": self.at[self.place[each.number], 0],
                "longitude": self.at[self.place[each.number], 1],
                "signed_on": each.shop_signed, "status": "active",
                "settlement_account_id": f"A{each.number * 1000 + 1:012d}",
            }
            for each in people
            if each.takings and each.shop_signed <= day
        ]  # fmt: skip
        out.write_rows("acquiring.merchants", day, shops)

    def _customer(self, person: Person, day: int) -> dict[str, Any]:
        place, unit = self.place[person.number], self.bank.units[self.unit(person)]
        return {
            "customer_id": person.id, "full_name": self.names[place], "id_hash": self.hashes[place],
            "gender": "M" if self.is_male[place] else "F", "birth_date": self.stage.today - person.age_days,
            "mobile": f"142{50_000_000 + place:08d}", "latitude": self.at[place, 0], "longitude": self.at[place, 1],
            "address": f"{self.bank.region_names[unit['region']]}{unit['town']}镇人民路{place + 1}号",
            "occupation": person.kind,
            "education": "college", "marital_status": "married", "home_branch_id": self.branch(person),
            "manager_id": self.manager(person), "opened_on": person.accounts[0].opened, "is_staff": False,
            "is_deceased": False,
            "marketing_consent": True, "profiling_refused": False, "do_not_contact": False,
            "consent_updated_on": self.stage.first_day - 20, "risk_level": "C3",
            "risk_assessed_on": day - (day - self.stage.today) % 300 - 5,
        }  # fmt: skip

    def _account(self, person: Person, account: Account, day: int) -> dict[str, Any]:
        is_closed = NO_DATE < account.closed <= day
        return {
            "account_id": f"A{person.number * 1000 + account.seq:012d}", "customer_id": person.id,
            "branch_id": self.branch(person),
            "product_code": account.product, "account_type": ACCOUNT_TYPES[account.kind], "currency": "CNY",
            "opened_on": account.opened, "matures_on": account.matures, "term_months": account.term,
            "annual_rate": account.rate,
            "auto_rollover": account.auto, "status": STATES[b.CLOSED if is_closed else b.ACTIVE],
            "closed_on": account.closed if is_closed else None,
        }  # fmt: skip

    def _write_products(self, out: LandingPart, day: int) -> None:
        held = [(each, product, cents, bought) for each in self.people for product, cents, bought in each.holdings]
        holdings = [
            {
                "holding_id": f"H{self.part * 10**8 + place:012d}", "customer_id": each.id, "product_code": product,
                "category": CATEGORIES["WFIB".index(product[0])], "market_value": cents, "cost_amount": cents,
                "bought_on": bought, "status": "held",
            }
            for place, (each, product, cents, bought) in enumerate(held)
        ]  # fmt: skip
        out.write_rows("wealth.holdings", day, holdings)
        lent = [(each, type_, cents, opened) for each in self.people for type_, cents, opened in each.loans]
        loans = [
            {
                "loan_id": f"N{self.part * 10**6 + place:09d}", "customer_id": each.id, "branch_id": self.branch(each),
                "product_code": LOAN_CODES[type_], "loan_type": type_, "principal": cents, "balance": cents,
                "annual_rate": LOAN_RATE[LOAN_TYPES.index(type_)], "opened_on": opened, "matures_on": opened + 1800,
                "status": "performing", "overdue_days": 0,
            }
            for place, (each, type_, cents, opened) in enumerate(lent)
        ]  # fmt: skip
        out.write_rows("lending.loans", day, loans)
        first = self.stage.first_day
        cards = [
            {
                "card_id": f"K{each.number:09d}", "customer_id": each.id, "branch_id": self.branch(each),
                "product_code": "K01",
                "credit_limit": 2_000_000, "current_balance": LUNCH * day_of(day).day, "instalment_balance": 0,
                "overdue_days": 0, "approved_on": first - 600, "activated_on": first - 590,
                "first_used_on": first - 580,
                "status": "active", "acquisition_channel": "counter",
            }
            for each in self.people
            if each.has_card
        ]  # fmt: skip
        out.write_rows("cards.credit_cards", day, cards)
