"""A published day of invented people, and the portal over it with one person of each role."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
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


def pages_data(root: Path, leads: pd.DataFrame) -> dict[str, Path]:
    """What pages read beside leads: every lead's customer, and one more of each branch who is on no list."""
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
    labels = [
        {"customer_id": row["customer_id"], "home_branch_id": row["home_branch_id"], "aum": Decimal("32100.00"),
         "is_payroll": True, "bureau_loans": 3, "as_of": one_day.BUSINESS_DATE} for row in people
    ]  # fmt: skip
    first, second = leads[leads["branch_id"] == BRANCH]["subject_id"].iloc[[0, 1]]
    stranger = leads[leads["branch_id"] == OTHER]["subject_id"].iloc[0]
    item = {"family_definition": "", "owner": "retail", "sources": "", "thresholds": "", "customer_count": 9,
            "known_count": 9, "coverage_rate": 1.0, "distribution": "{}"}  # fmt: skip
    dictionary = [
        {"kind": kind, "code": code, "family": family, "title_zh": zh, "title_en": en, "definition": f"what {en} means",
         "type": type_, "privacy": privacy, **item}
        for kind, code, family, zh, en, type_, privacy in (
            ("label", "aum", "value", "管理资产", "Assets", "amount", "C2"),
            ("label", "is_payroll", "payroll", "代发客户", "Payroll", "flag", "C2"),
            ("label", "bureau_loans", "bureau", "征信贷款数", "Bureau loans", "count", "C3"),
            ("event", "large_inflow", "customer", "大额流入", "Large inflow", "event", "C2"),
        )
    ]  # fmt: skip
    tables = {
        "customers": people,
        "customer_labels": labels,
        "customer_events": [{"customer_id": first, "event_code": "large_inflow", "event_on": one_day.BUSINESS_DATE,
                             "amount": Decimal("32100.00")}],
        "relations": [
            {"customer_id": first, "related_customer_id": second, "relation_type": "spouse", "transfer_count": None},
            {"customer_id": first, "related_customer_id": stranger, "relation_type": "transfer", "transfer_count": 4},
        ],
        "dictionary": dictionary,
        "units": [{"branch_id": each, "parent_branch_id": "R1"} for each in sorted(set(leads["branch_id"]))]
        + [{"branch_id": "R1", "parent_branch_id": None}],
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
         "is_ghost": False}
        for code, state, priority in (("deposit_maturity", "waiting", 9.0), ("tier_upgrade", "dropped", 99.0))
    ] + [
        {"list": "tier_upgrade", "subject_id": f"55500{OTHER}", "state": "held_out", "score": 50, "priority": 9.0,
         "is_ghost": True}
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(decisions), day.decisions)
    day = replace(day, portal=pages_data(root, day.leads))
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
        settings.load(), secure=False, now=lambda: clock[0].at,
    )  # fmt: skip
    app = create_app(identity, portal)
    edition = app.state.editions.on()
    leads = {branch: edition.of_branch(branch) for branch in edition.branches}
    clock.append(Desk(app, datetime.combine(one_day.LIST_DATE, datetime.min.time()) + timedelta(hours=10), leads))
    return clock[0]
