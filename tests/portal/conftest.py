"""A published day of invented people, and the portal over it with one person of each role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mingdan import publishing, settings
from mingdan.portal.app import Portal, create_app
from mingdan.portal.identity import Development
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


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("portal")
    day = one_day.day(root / "day")
    day.leads.loc[day.leads["branch_id"] == BRANCH, "owner_id"] = OWNER
    queue = day.leads.index[(day.leads["branch_id"] == BRANCH)][-1]
    day.leads.loc[queue, ["owner_id", "owner_name"]] = [None, None]
    publishing.publish(Store(root / "published"), day, {"run_id": "test"})
    return root / "published"


@pytest.fixture
def desk(published: Path, tmp_path: Path) -> Iterator[Desk]:
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
        Store(published), f"sqlite:///{tmp_path / 'portal.db'}", people, settings.load(), secure=False,
        now=lambda: clock[0].at,
    )  # fmt: skip
    app = create_app(Development("test"), portal)
    edition = app.state.editions.on()
    leads = {branch: edition.of_branch(branch) for branch in edition.branches}
    clock.append(Desk(app, datetime.combine(one_day.LIST_DATE, datetime.min.time()) + timedelta(hours=10), leads))
    yield clock[0]
