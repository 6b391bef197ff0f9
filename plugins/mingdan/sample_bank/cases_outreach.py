"""Planted cases of lists whose subjects are no customers: people and businesses of outside sources, and companies.

The customer whom a case comes with tells the row, which lies at their place; a near miss may carry their identity."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from mingdan.sample_bank import books as b
from mingdan.sample_bank.cases import MEMBER, NEAR_MISS
from mingdan.sample_bank.script import Case, Own, Person, Subject, cases_of

CENSUS = "village_census"


def digest(*parts: object) -> str:
    return hashlib.md5("|".join(map(str, parts)).encode()).hexdigest()


def identity(person: Person, by: str) -> str:
    """What tells a stranger from others: an identity hash, or a mobile."""
    return digest("stranger", person.number) if by == "id_hash" else f"144{10_000_000 + person.number % 10**7:08d}"


def stranger(origin: str, by: str = "id_hash") -> Subject:
    return lambda person: ("prospect", f"P{digest(origin, identity(person, by))}")


def registered(person: Person) -> tuple[str, str]:
    return "prospect", f"P{digest('registry', registration(person))}"


def registration(person: Person) -> str:
    return f"9400{person.number:08d}"


def company(person: Person) -> tuple[str, str]:
    return "corporate", f"G7{person.number % 10**8:08d}"


@cases_of("village_visit")
def village_visit() -> Iterator[Case]:
    def known(
        yuan: float, until: int = -300, origin: str = CENSUS, by: str = "id_hash", in_village: bool = True, **own: Any
    ) -> Callable[[Person], None]:
        """On a list with a limit, until so many days ago."""

        def build(person: Person) -> None:
            row = {
                "customer_id": None, "branch_id": None, "prospect_name": "郑待访", "prospect_mobile": None,
                "id_hash": None, by: identity(person, by), "product_code": "L23",
                "approved_limit": round(yuan * 100), "village_code": Own("village_code") if in_village else None,
                "batch_id": f"PLANTED_{origin}", "origin": origin, "contact_ground": "public_register",
                "valid_from": person.on(until) - 900, "valid_to": person.on(until), **own,
            }  # fmt: skip
            person.tells("lending.loan_whitelist", lambda day: row)

        return build

    counted = stranger("census")
    yield Case(MEMBER, "counted in the census, approved for exactly 5 000", known(5_000), 30, counted)
    yield Case(MEMBER, "counted in the census, approved for 80 000 until today", known(80_000, until=0), 30, counted)
    yield Case(
        MEMBER, "whitelisted by the tax office, known by the mobile alone",
        known(60_000, origin="tax", by="prospect_mobile"), 30, stranger("whitelist", "prospect_mobile"),
    )  # fmt: skip
    yield Case(NEAR_MISS, "approved for 4 900", known(4_900), 30, counted)
    yield Case(NEAR_MISS, "the approval lapsed yesterday", known(60_000, until=1), 30, counted)
    yield Case(
        NEAR_MISS, "whitelisted, but of no village", known(60_000, origin="tax", in_village=False), 30,
        stranger("whitelist"),
    )  # fmt: skip
    yield Case(
        NEAR_MISS, "the mobile is a customer's", known(60_000, prospect_mobile=Own("mobile")), 30, counted
    )  # fmt: skip


@cases_of("business_outreach")
def business_outreach() -> Iterator[Case]:
    def trades(km: float, status: str = "active", **own: Any) -> Callable[[Person], None]:
        """A registered business so far from a branch."""

        def build(person: Person) -> None:
            person.lives_km = km
            row = {
                "registration_no": registration(person), "business_name": f"待访{person.number}号小吃店",
                "owner_name": "郑待访", "owner_mobile": None, "owner_id_hash": digest(person.number),
                "industry": "住宿餐饮", "address": "人民路1号", "latitude": Own("latitude"),
                "longitude": Own("longitude"), "registered_on": person.on(500), "status": status,
                "contact_ground": "public_register", **own,
            }  # fmt: skip
            person.tells("external.business_registry", lambda day: row)

        return build

    yield Case(MEMBER, "400 m from a branch, the owner is nobody here", trades(0.4), 30, registered)
    yield Case(MEMBER, "1.45 km from a branch", trades(1.45), 30, registered)
    yield Case(MEMBER, "900 m from a branch, no identity on file", trades(0.9, owner_id_hash=None), 30, registered)
    yield Case(NEAR_MISS, "1.6 km away", trades(1.6), 30, registered)
    yield Case(NEAR_MISS, "400 m from a branch, the business is cancelled", trades(0.4, "cancelled"), 30, registered)
    yield Case(
        NEAR_MISS,
        "the owner is a customer by the identity hash",
        trades(0.4, owner_id_hash=Own("id_hash")),
        30,
        registered,
    )
    yield Case(
        NEAR_MISS, "the owner is a customer by the mobile", trades(0.4, owner_mobile=Own("mobile")), 30, registered
    )


@cases_of("payroll_employer")
def payroll_employer() -> Iterator[Case]:
    def employs(people: int, through_us: int = 0, average: float = 10_000) -> Callable[[Person], None]:
        """A company that pays so many of our customers each month, some of all it pays through us."""

        def build(person: Person) -> None:
            name = f"待访{person.number}号制造有限公司"
            row = {
                "corporate_id": company(person)[1], "corporate_name": name, "industry": "制造业",
                "opened_on": person.on(2_000), "balance": round(average * 100),
                "avg_balance_year": round(average * 100), "payroll_headcount": through_us,
            }  # fmt: skip
            person.tells("crm.corporates", lambda day: row)
            for _ in range(people):
                paid(person.companion(), name)

        return build

    def paid(worker: Person, name: str) -> None:
        def pay(ago: int) -> None:
            worker.receives(ago, 5_200, type_=b.PAYROLL, channel=b.BATCH, bank=None, account=None, name=name)
            worker.pays(ago, 5_200)

        worker.every_month(12, pay)

    yield Case(MEMBER, "pays five of our customers through another bank", employs(5), 100, company)
    yield Case(MEMBER, "pays eight of our customers, three through us", employs(8, through_us=3), 100, company)
    yield Case(MEMBER, "keeps exactly 500 000 and pays nobody", employs(0, average=500_000), 100, company)
    yield Case(NEAR_MISS, "pays four of our customers through another bank", employs(4), 100, company)
    yield Case(NEAR_MISS, "pays six of our customers, two through us", employs(6, through_us=2), 100, company)
    yield Case(NEAR_MISS, "keeps 499 900 and pays nobody", employs(0, average=499_900), 100, company)
