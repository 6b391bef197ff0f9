"""The scripted customers as tables, with the same methods as the living chunks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from mingdan.contract import Table
from mingdan.sample_bank import books as b
from mingdan.sample_bank import names
from mingdan.sample_bank.bank import PEOPLE, Bank, generator
from mingdan.sample_bank.books import ACCOUNT_TYPES, CHANNELS, IN, STATES, TYPES
from mingdan.sample_bank.columns import NO_DATE, LandingPart, day_of
from mingdan.sample_bank.investments import CATEGORIES
from mingdan.sample_bank.loans import LOAN_RATE, LOAN_TYPES
from mingdan.sample_bank.people import hash_texts
from mingdan.sample_bank.products import LOAN_CODES
from mingdan.sample_bank.script import Account, Own, Person, Stage, planted_count

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
        for place, person in enumerate(people):
            if person.lives_km is not None:
                self.at[place] = self._beside(place % bank.open_units, person.lives_km)
        self.accounts = [(each, account) for each in people for account in each.accounts]
        self.balance = {each.number * 1000 + account.seq: account.balance for each, account in self.accounts}
        self.loans = [(f"N{part * 10**6 + n:09d}", *each) for n, each in enumerate(self._each("loans"))]
        self.limits = [(f"Y{part * 10**6 + n:09d}", *each) for n, each in enumerate(self._each("limits"))]
        self.by_day: dict[int, list[tuple[Person, dict[str, Any]]]] = defaultdict(list)
        for person in people:
            for booking in person.bookings:
                self.by_day[booking["day"]].append((person, booking))

    def _each(self, what: str) -> list[tuple[Person, Any]]:
        """Every person with each of their loans, limits, …"""
        return [(person, each) for person in self.people for each in getattr(person, what)]

    def _beside(self, unit: int, km: float) -> np.ndarray:
        """A point so far from a unit, in a direction in which no other open unit is nearer."""
        units = self.bank.unit_at[: self.bank.open_units]
        wide = np.array([1, np.cos(np.radians(units[unit, 0]))])
        points = [units[unit] + km / 111.195 * np.array([np.sin(turn), np.cos(turn)]) / wide for turn in range(7)]
        alone = [np.delete(np.hypot(*((units - point) * wide).T), unit).min(initial=9) for point in points]
        return np.round(points[int(np.argmax(alone))], 6)

    def unit(self, person: Person) -> int:
        place = self.place[person.number] if person.home is None else person.home
        return place % self.bank.open_units

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
        repaid = [
            {"loan_id": id_, "biz_date": day, "amount_due": loan.instalment, "amount_paid": loan.instalment,
             "days_late": loan.due[day]}
            for id_, _, loan in self.loans
            if day in loan.due
        ]  # fmt: skip
        out.write_rows("lending.repayments", day, repaid)

        self._write_voices(out, day)

    def _write_voices(self, out: LandingPart, day: int) -> None:
        heard = [
            (place, person, kind, what)
            for place, (person, (on, kind, what)) in enumerate(self._each("voices"))
            if on == day
        ]
        marks = [
            {"customer_id": person.id, "surveyed_on": day, "score": what, "touch_point": "counter"}
            for _, person, kind, what in heard
            if kind == "mark"
        ]
        out.write_rows("crm.satisfaction", day, marks)
        complaints = [
            {"customer_id": person.id, "opened_on": day, "topic": what, "severity": "low"}
            for _, person, kind, what in heard
            if kind == "complaint"
        ]
        out.write_rows("crm.complaints", day, complaints)
        contacts = [
            {
                "contact_id": f"O{self.part:05d}{place:010d}", "lead_id": f"L{place:020x}", "customer_id": person.id,
                "contacted_at": (day * 86400 + 36_000) * 1_000_000, "recorded_at": (day * 86400 + 36_600) * 1_000_000,
                "channel": "call", "outcome": what, "actor": self.manager(person),
            }
            for place, person, kind, what in heard
            if kind == "contact"
        ]  # fmt: skip
        out.write_rows("crm.contacts", day, contacts)

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

    def write_told(self, out: LandingPart, day: int, is_due: Callable[[Table, int], bool]) -> None:
        """Rows that scripts say outright, of tables of every kind; `out` is a part of their own."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for person, (table_id, row_of) in self._each("told"):
            table = out.contract.tables[table_id]
            row = row_of(day) if is_due(table, day) else None
            if row is not None:
                names = {each.name for each in table.columns}
                known = {"customer_id": person.id, "branch_id": self.branch(person)}
                said = {name: known[name] for name in known if name in names} | row
                rows[table_id].append(
                    {
                        name: self._own(person)[value.name] if isinstance(value, Own) else value
                        for name, value in said.items()
                    }
                )
        for table_id, found in rows.items():
            out.write_rows(table_id, day, found)

    def _own(self, person: Person) -> dict[str, Any]:
        place = self.place[person.number]
        return {
            "latitude": self.at[place, 0], "longitude": self.at[place, 1],
            "village_code": self.bank.villages[3 * self.unit(person)]["code"],
            "id_hash": self.hashes[place], "mobile": self._mobile(place),
        }  # fmt: skip

    def _mobile(self, place: int) -> str:
        return f"142{50_000_000 + place:08d}"

    # ---- snapshots ----
    def write_snapshots(self, out: LandingPart, day: int) -> None:
        people = self.people
        here = [each for each in people if each.accounts[0].opened <= day]
        out.write_rows("core.customers", day, [self._customer(each, day) for each in here])
        out.write_rows(
            "core.accounts", day, [self._account(*each, day) for each in self.accounts if each[1].opened <= day]
        )
        since = self.stage.first_day - 500
        ties = [
            {"customer_id": each.id, "related_customer_id": f"C{other:09d}", "relation_type": kind, "since": since}
            for each in here
            for other, kind in each.relations
            if people[self.place[other]].accounts[0].opened <= day
        ]
        out.write_rows("crm.relations", day, ties)
        signed = []
        for each in here:
            used = max((login for login in each.log_ins if login <= day), default=None)
            signed += [
                {"customer_id": each.id, "product_code": code, "signed_on": on, "last_used_on": used}
                for code, on in each.services
            ]
        out.write_rows("core.product_signups", day, signed)
        friends = [
            {"customer_id": each.id, "manager_id": self.manager(each), "added_on": each.friend_since, "in_group": False}
            for each in people
            if NO_DATE < each.friend_since <= day
        ]
        out.write_rows("channels.wecom", day, friends)
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

    def write_slow(self, out: LandingPart, day: int) -> None:
        """The businesses that scripted customers have in the register."""
        rows = []
        for number, (person, (registered, status, has_hash)) in enumerate(self._each("businesses")):
            place = self.place[person.number]
            rows.append(
                {
                    "registration_no": f"9300{number:08d}", "business_name": self.shop_name(person),
                    "owner_name": self.names[place], "owner_mobile": self._mobile(place),
                    "owner_id_hash": self.hashes[place] if has_hash else None, "industry": "批发零售",
                    "address": f"人民路{place + 1}号", "latitude": self.at[place, 0], "longitude": self.at[place, 1],
                    "registered_on": registered, "status": status, "contact_ground": "customer_contract",
                }
            )  # fmt: skip
        out.write_rows("external.business_registry", day, rows)

    def _write_lending(self, out: LandingPart, day: int) -> None:
        first_limit = {person.number: id_ for id_, person, _ in reversed(self.limits)}
        loans = [
            {
                "loan_id": id_, "facility_id": first_limit[person.number] if loan.under_limit else None,
                "customer_id": person.id, "branch_id": self.branch(person), "product_code": LOAN_CODES[loan.type],
                "loan_type": loan.type, "principal": loan.principal,
                "balance": loan.principal if loan.settled > day else loan.balance,
                "annual_rate": LOAN_RATE[LOAN_TYPES.index(loan.type)], "opened_on": loan.opened,
                "matures_on": loan.matures, "settled_on": loan.settled if loan.settled <= day else None,
                "settlement_kind": loan.how if NO_DATE < loan.settled <= day else None,
                "status": "performing" if loan.settled > day else loan.state, "overdue_days": loan.overdue,
                "graduates_on": loan.graduates,
            }
            for id_, person, loan in self.loans
            if loan.opened <= day
        ]  # fmt: skip
        out.write_rows("lending.loans", day, loans)
        limits = [
            {
                "facility_id": id_, "customer_id": person.id, "branch_id": self.branch(person), "product_code": "L23",
                "approved_limit": cents, "used_amount": used, "is_revolving": True, "granted_on": granted,
                "expires_on": granted + 1095, "status": "active",
            }
            for id_, person, (cents, used, granted) in self.limits
            if granted <= day
        ]  # fmt: skip
        out.write_rows("lending.facilities", day, limits)
        lists = [
            {
                "customer_id": person.id, "id_hash": self.hashes[self.place[person.number]],
                "branch_id": self.branch(person), "product_code": "L23", "approved_limit": cents,
                "batch_id": f"PLANTED_{origin}", "origin": origin, "contact_ground": "customer_contract",
                "valid_from": valid_to - 365, "valid_to": valid_to,
            }
            for person, (cents, valid_to, origin) in self._each("whitelists")
        ]  # fmt: skip
        out.write_rows("lending.loan_whitelist", day, lists)
        contracts = [
            {
                "customer_id": person.id, "account_id": f"A{person.number * 1000 + 1:012d}",
                "signed_on": self.stage.first_day - 100, "status": status, "monthly_toll": cents,
            }
            for person, (cents, status) in self._each("tolls")
        ]  # fmt: skip
        out.write_rows("channels.etc_contracts", day, contracts)
        companies = [
            {
                "corporate_id": f"G9{each.number % 10**8:08d}", "corporate_name": f"{self.shop_name(each)}有限公司",
                "branch_id": self.branch(each), "industry": "批发零售", "opened_on": self.stage.first_day - 700,
                "balance": each.company, "avg_balance_year": each.company, "legal_rep_customer_id": each.id,
                "payroll_headcount": 0,
            }
            for each in self.people
            if each.company
        ]  # fmt: skip
        out.write_rows("crm.corporates", day, companies)

    def _customer(self, person: Person, day: int) -> dict[str, Any]:
        place, unit = self.place[person.number], self.bank.units[self.unit(person)]
        return {
            "customer_id": person.id, "full_name": self.names[place], "id_hash": self.hashes[place],
            "gender": "M" if self.is_male[place] else "F", "birth_date": self.stage.today - person.age_days,
            "mobile": self._mobile(place), "latitude": self.at[place, 0], "longitude": self.at[place, 1],
            "address": f"{self.bank.region_names[unit['region']]}{unit['town']}镇人民路{place + 1}号",
            "occupation": person.kind,
            "education": "college", "marital_status": "married", "home_branch_id": self.branch(person),
            "manager_id": self.manager(person), "opened_on": person.accounts[0].opened,
            "referrer_customer_id": None if person.referrer is None else f"C{person.referrer:09d}", "is_staff": False,
            "is_deceased": False,
            "marketing_consent": True, "profiling_refused": False, "do_not_contact": False,
            "consent_updated_on": self.stage.first_day - 20, "risk_level": "C3",
            "risk_assessed_on": day - (day - self.stage.today) % 300 - 5, **person.about,
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
        held = [(each, *holding) for each in self.people for holding in each.holdings]
        holdings = [
            {
                "holding_id": f"H{self.part * 10**8 + place:012d}", "customer_id": each.id, "product_code": product,
                "category": CATEGORIES["WFIB".index(product[0])], "market_value": cents, "cost_amount": cents,
                "bought_on": bought, "matures_on": None if ends == NO_DATE else ends,
                "next_open_on": None if opens == NO_DATE else opens, "status": "held",
            }
            for place, (each, product, cents, bought, ends, opens) in enumerate(held)
            if bought <= day
        ]  # fmt: skip
        out.write_rows("wealth.holdings", day, holdings)
        self._write_lending(out, day)
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
