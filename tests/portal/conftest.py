"""A published day of invented people, and the portal over it with one person of each role."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mingdan import publishing, settings
from mingdan.portal.app import Portal, create_app
from mingdan.portal.identity import Development, Identity
from mingdan.portal.people import ROLES, Person
from mingdan.stores import Store

from tests import one_day

BRANCH, OTHER = "0001", "0002"
FAMILIES = {"value": "价值", "payroll": "代发", "profile": "画像", "holding": "持有", "channel": "渠道"}
OWNER = "M001"  # owns every lead of branch 0001 in the invented day
WITHOUT_BRANCH = {"head_office", "analyst", "data_engineer", "auditor"}


@dataclass
class Desk:
    """The portal and its people; the clock is `at`, which a test may move."""

    app: FastAPI
    at: datetime
    leads: dict[str, list[dict]]
    clients: dict[str, TestClient] = field(default_factory=dict)

    def of(self, user_id: str) -> TestClient:
        """A signed-on browser of this person."""
        if user_id not in self.clients:
            client = TestClient(self.app, follow_redirects=False, raise_server_exceptions=False)
            answer = client.post("/sign-in", data={"user_id": user_id, "next": "/"})
            assert answer.status_code == 303, answer.status_code
            client.headers["x-csrf-token"] = token(client)
            self.clients[user_id] = client
        return self.clients[user_id]

    def trail(self, what: str) -> list:
        return self.app.state.audit.rows(what=what)


def token(client: TestClient) -> str:
    page = client.get("/", follow_redirects=True).text
    return re.search(r'name="csrf" content="([^"]+)"', page)[1]


def centre_of(branch: str) -> tuple[float, float]:
    """Where a branch stands: half a degree north of the one before."""
    return 30.0 + 0.5 * int(branch), 103.6


def map_reports(branches: list[str]) -> dict[str, pd.DataFrame]:
    """Both maps' reports, as the people and places of pages_data have them."""
    around = [
        {"branch_id": branch, "kind": kind, "category": category, "surrounding_id": id_, "surrounding_name": name,
         "distance_band": "1-3", "distance_km": distance, "latitude": latitude,
         "longitude": latitude and 103.6, "thing_count": 1, "size_count": 120,
         "customer_count": 9, "penetration_rate": Decimal("0.075000"),
         "partner_status": status, "as_of": one_day.BUSINESS_DATE}
        for branch in branches
        for kind, category, id_, name, distance, latitude, status in (
            ("village", "village", f"village{branch}", f"示例村{branch}", Decimal("1.11"), centre_of(branch)[0] + 0.01,
             "census_done"),
            ("business", "批发零售", "", "批发零售", None, None, None),
        )
    ]  # fmt: skip
    living = [
        {"branch_id": branch, "view": view, "distance_band": "1-3", "grid_cell": cell,
         "latitude": centre_of(branch)[0] + 0.005 * int(cell[0]) if view == "grid" else None,
         "longitude": 103.605 if view == "grid" else None, "segment": segment, "value_tier": tier,
         "customer_count": count, "aum": Decimal("1.00"), "as_of": one_day.BUSINESS_DATE}
        for branch in branches
        for view, cell, segment, tier, count in (
            ("grid", "1,1", "*", "growth", 5), ("grid", "1,1", "*", "wealth", 3),
            ("grid", "2,1", "*", "growth", 4),
            ("segment", "*", "payroll", "growth", 5), ("segment", "*", "senior", "wealth", 3),
        )
    ]  # fmt: skip
    return {"branch_surroundings": pd.DataFrame(around), "branch_map": pd.DataFrame(living)}


def managers() -> list[dict]:
    """Of the branch: the owner of its leads, a colleague, a collector, one who is away; and one of the other branch."""
    away = {"absent_from": one_day.LIST_DATE, "absent_until": one_day.LIST_DATE + timedelta(days=3)}
    return [
        {"manager_id": number, "manager_name": name, "role": role, "branch_id": branch, "daily_capacity": capacity,
         "is_present": number != "M004", "substitute_id": None, "absent_from": None, "absent_until": None,
         **(away if number == "M004" else {})}
        for number, name, role, branch, capacity in (
            (OWNER, "何经理", "wealth", BRANCH, 2), ("M002", "第二客户经理", "credit", BRANCH, 20),
            ("M003", "清收员", "collection", BRANCH, 20), ("M004", "休假者", "wealth", BRANCH, 20),
            ("M101", "邻行经理", "wealth", OTHER, 20),
        )
    ]  # fmt: skip


def pages_data(root: Path, leads: pd.DataFrame) -> dict[str, Path]:
    """What pages read beside leads: every lead's customer, and of each branch one who is on no list, three neighbours
    and one who died. They live north of their branch, 0.005 degrees (0.56 km) apart, in this order."""
    people = [
        {"home_branch_id": row.branch_id, "customer_id": row.subject_id, "full_name": row.full_name,
         "mobile": row.mobile} for row in leads.itertuples()
    ]  # fmt: skip
    people += [
        {
            "home_branch_id": branch,
            "customer_id": f"55500{branch}",
            "full_name": "贾不在单",
            "mobile": f"1390000{branch}",
        }
        for branch in sorted(set(leads["branch_id"]))
    ]
    branches = sorted(set(leads["branch_id"]))
    people += [
        {"home_branch_id": branch, "customer_id": f"70{number}0{branch}", "full_name": name,
         "mobile": f"137000{number}{branch}"}
        for branch in branches for number, name in enumerate(("邻家甲", "邻家乙", "邻家丙", "故人"))
    ]  # fmt: skip
    at = dict.fromkeys(branches, 0)
    for row in people:
        latitude, longitude = centre_of(row["home_branch_id"])
        row |= {"latitude": round(latitude + 0.005 * at[row["home_branch_id"]], 3), "longitude": longitude}
        at[row["home_branch_id"]] += 1
    labels = [
        {"customer_id": row["customer_id"], "home_branch_id": row["home_branch_id"],
         "aum": Decimal("500000.00" if row["full_name"][:2] == "邻家" else "32100.00"), "is_payroll": True,
         "bureau_loans": 3, "value_tier": "wealth" if row["full_name"][:2] == "邻家" else "growth", "age_band": "45-54",
         "gender": "M" if row["full_name"][:2] == "邻家" else "F", "is_deceased": row["full_name"] == "故人",
         "has_time": True, "has_fund": row["full_name"][:2] != "邻家", "app_penetration": Decimal("0.250000"),
         "last_visit_on": one_day.BUSINESS_DATE, "rfm_recency": 5, "as_of": one_day.BUSINESS_DATE} for row in people
    ]  # fmt: skip
    first, second = leads[leads["branch_id"] == BRANCH]["subject_id"].iloc[[0, 1]]
    stranger = leads[leads["branch_id"] == OTHER]["subject_id"].iloc[0]
    item = {"family_definition": "", "owner": "retail", "sources": "", "thresholds": "", "customer_count": 9,
            "known_count": 9, "coverage_rate": 1.0}  # fmt: skip
    dictionary = [
        {"kind": kind, "code": code, "family": family, "family_zh": FAMILIES.get(family), "family_en": family.title(),
         "title_zh": zh, "title_en": en, "definition": f"what {en} means",
         "type": type_, "privacy": privacy, "distribution": spread, **item}
        for kind, code, family, zh, en, type_, privacy, spread in (
            ("label", "aum", "value", "管理资产", "Assets", "amount", "C2", "{}"),
            ("label", "is_payroll", "payroll", "代发客户", "Payroll", "flag", "C2", '{"true": 24}'),
            ("label", "bureau_loans", "bureau", "征信贷款数", "Bureau loans", "count", "C3", "{}"),
            ("label", "value_tier", "value", "客户层级", "Value tier", "band", "C1", '{"growth": 15, "wealth": 9}'),
            ("label", "age_band", "profile", "年龄段", "Age band", "band", "C1", '{"45-54": 24}'),
            ("label", "gender", "profile", "性别", "Gender", "code", "C1", '{"F": 15, "M": 9}'),
            ("label", "has_time", "holding", "持有定期", "Time deposit", "flag", "C1", "{}"),
            ("label", "has_fund", "holding", "持有基金", "Fund", "flag", "C1", "{}"),
            ("label", "app_penetration", "channel", "渗透率", "Penetration", "rate", "C1", "{}"),
            ("label", "last_visit_on", "activity", "最近到店", "Last visit", "date", "C2", "{}"),
            ("label", "rfm_recency", "value", "近度", "Recency", "band", "C2", '{"5": 24, "<5": null}'),
            ("label", "not_built", "value", "未建标签", "Not built", "count", "C1", "{}"),
            ("event", "large_inflow", "customer", "大额流入", "Large inflow", "event", "C2", "{}"),
            ("segment", "payroll", "segment", "代发", "Payroll", "segment", "C2", "{}"),
            ("segment", "senior", "segment", "养老", "Seniors", "segment", "C2", "{}"),
        )
    ]  # fmt: skip
    tables = {
        "customers": people,
        "customer_labels": sorted(labels, key=itemgetter("customer_id")),
        "customer_events": [{"customer_id": first, "event_code": "large_inflow", "event_on": one_day.BUSINESS_DATE,
                             "amount": Decimal("32100.00")}],
        "relations": [
            {"customer_id": first, "related_customer_id": second, "relation_type": "spouse", "transfer_count": None},
            {"customer_id": first, "related_customer_id": stranger, "relation_type": "transfer", "transfer_count": 4},
        ],
        "dictionary": dictionary,
        "managers": managers(),
        "units": [
            {"branch_id": each, "parent_branch_id": "R1", "latitude": centre_of(each)[0],
             "longitude": centre_of(each)[1]} for each in branches
        ] + [{"branch_id": "R1", "parent_branch_id": None, "latitude": None, "longitude": None}],
        "customer_segments": [
            {"customer_id": row["customer_id"], "segment": segment} for row in labels
            for segment in ("payroll", "value_tier:growth", "senior") if segment != "senior" or row["gender"] == "F"
        ],
        "surroundings": [
            {"branch_id": branch, "kind": kind, "category": category, "surrounding_id": f"{kind}{branch}",
             "surrounding_name": f"{name}{branch}", "latitude": centre_of(branch)[0] + 0.01,
             "longitude": centre_of(branch)[1], "size_count": 120, "partner_status": status}
            for branch in branches
            for kind, category, name, status in (("village", "village", "示例村", "census_done"),
                                                 ("business", "批发零售", "示例百货", None))
        ],
    }  # fmt: skip
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), root / f"{name}.parquet")
    return {name: root / f"{name}.parquet" for name in tables}


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_day(tmp_path_factory.mktemp("portal"))


def published_day(root: Path, per_branch: int = 4) -> Path:
    """The invented day below `root`, published; the folder it was published to."""
    day = one_day.day(root / "day", one_day.leads(per_branch=per_branch))
    day.leads.loc[day.leads["branch_id"] == BRANCH, "owner_id"] = OWNER
    queue = day.leads.index[(day.leads["branch_id"] == BRANCH)][-1]
    day.leads.loc[queue, ["owner_id", "owner_name"]] = [None, None]
    decisions = [
        {"list": code, "subject_id": f"55500{BRANCH}", "state": state, "score": 50, "priority": priority,
         "is_ghost": False, "subject_type": "customer", "branch_id": BRANCH, "reason": reason, "rule_ids": "r1,",
         "facts": json.dumps({"maturity_window_amount": "600000.00"})}
        for code, state, priority, reason in (
            ("deposit_maturity", "waiting", 9.0, "capacity"), ("tier_upgrade", "dropped", 99.0, "cool_down"),
            ("deposit_outflow", "listed_elsewhere", 8.0, "deposit_maturity"),
        )
    ] + [
        {"list": "tier_upgrade", "subject_id": f"55500{OTHER}", "state": "held_out", "score": 50, "priority": 9.0,
         "is_ghost": True, "subject_type": "customer", "branch_id": OTHER, "reason": "control_group", "rule_ids": None,
         "facts": None}
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(decisions), day.decisions)
    maps = map_reports(sorted(set(day.leads["branch_id"])))
    day = replace(day, portal=pages_data(root, day.leads), reports=day.reports | maps)
    publishing.publish(Store(root / "published"), day, {"run_id": "test"})
    return root / "published"


@pytest.fixture
def desk(published: Path, tmp_path: Path) -> Desk:
    return desk_with(Development("test"), published, tmp_path / "portal.db")


def desk_with(identity: Identity, published: Path, store: Path | str) -> Desk:
    """The portal over the invented day with this way of signing on; store: a file of SQLite, or a SQLAlchemy URL."""
    people = {
        role: Person(
            role, f"示例{zh}", frozenset({role}), None if role in WITHOUT_BRANCH else BRANCH,
            OWNER if role == "rm" else f"E-{role}",
        )
        for role, (zh, _) in ROLES.items()
    }  # fmt: skip
    people["other"] = Person("other", "另一网点", frozenset({"branch_manager"}), OTHER, "E-other")
    people["second_rm"] = Person("second_rm", "第二客户经理", frozenset({"rm"}), BRANCH, "M002")
    people["nobody"] = Person("nobody", "无网点", frozenset({"branch_staff"}), None)
    clock: list[Desk] = []
    portal = Portal(
        Store(published), f"sqlite:///{store}" if isinstance(store, Path) else store, lambda: people,
        settings.load(), b"the tests'", secure=False, now=lambda: clock[0].at,
    )  # fmt: skip
    app = create_app(identity, portal)
    edition = app.state.editions.on()
    leads = {branch: edition.of_branch(branch) for branch in edition.branches}
    clock.append(Desk(app, datetime.combine(one_day.LIST_DATE, datetime.min.time()) + timedelta(hours=10), leads))
    return clock[0]
