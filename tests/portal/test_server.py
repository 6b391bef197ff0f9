"""From settings to a portal: what production refuses, who is in as people.csv changes, whose day is shown."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from mingdan import cli, publishing, settings
from mingdan.portal import server
from mingdan.portal.app import Portal, create_app
from mingdan.portal.editions import Editions
from mingdan.portal.identity import Development, IdentityError, TrustedHeader
from mingdan.portal.people import PeopleError, Person
from mingdan.stores import Store
from typer.testing import CliRunner

from tests import one_day

HEADER = TrustedHeader("X-Remote-User", ["10.0.0.0/8"])
PRODUCTION = "environment: production\nportal: {%s}\n"
REAL = "identity: header, proxies: [10.0.0.0/8], people: %s, counts_secret: MINGDAN_COUNTS_SECRET"


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a bank's settings.yml and use it; the home is the test's own."""
    monkeypatch.setenv("MINGDAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MINGDAN_SETTINGS", str(tmp_path / "settings"))
    monkeypatch.setenv("MINGDAN_COUNTS_SECRET", "of this test")
    (tmp_path / "home" / "published").mkdir(parents=True)
    (tmp_path / "settings").mkdir()
    return lambda text: (tmp_path / "settings" / "settings.yml").write_text(text, encoding="utf-8")


def people_csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("\n".join(("user_id,name,role,branch_id,employee_id", *lines, "")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("identity: development", "portal.identity"),
        ("secure_cookies: false", "portal.secure_cookies"),
        ("pinned_to_newest: true", "portal.pinned_to_newest"),
        ("proxies: []", "portal.proxies"),
        ("people: null", "portal.people"),
        ("counts_secret: null", "portal.counts_secret"),
    ],
)
def test_production_refuses_what_is_for_development_by_every_way_of_signing_on(
    use: Callable[[str], None], tmp_path: Path, wrong: str, said: str
) -> None:
    right = dict(part.split(": ", 1) for part in (REAL % people_csv(tmp_path, "u,U,auditor,,")).split(", "))
    name, value = wrong.split(": ")
    use(PRODUCTION % ", ".join(f"{key}: {given}" for key, given in {**right, name: value}.items()))
    with pytest.raises((IdentityError, PeopleError), match=said):
        server.from_settings()
    if name not in ("identity", "proxies"):
        with pytest.raises((IdentityError, PeopleError), match=said):
            server.from_settings(HEADER)  # as within Airflow
    use(PRODUCTION % (REAL % people_csv(tmp_path, "u,U,auditor,,")))
    assert server.from_settings().state.secure is True


def test_a_store_whose_secret_is_not_in_the_environment_is_named(use: Callable[[str], None], tmp_path: Path) -> None:
    use(PRODUCTION % (REAL % people_csv(tmp_path, "u,U,auditor,,") + ", store: MINGDAN_NOT_SET"))
    with pytest.raises(Exception, match="MINGDAN_NOT_SET"):
        server.from_settings()


def test_what_is_there_before_the_first_page_is_not_looked_through_for_garbage(
    use: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mingdan portal` starts the portal this way."""
    use(f"portal: {{people: {people_csv(tmp_path, 'u,U,auditor,,')}, secure_cookies: false}}\n")
    started: list[str] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **_: started.append(app))
    assert CliRunner().invoke(cli.app, ["portal"]).exit_code == 0
    module, _, factory = started[0].partition(":")
    try:
        app = getattr(importlib.import_module(module), factory)()
        assert gc.get_freeze_count() > 10_000
        assert TestClient(app).get("/health").status_code == 200
    finally:
        gc.unfreeze()


def test_who_is_taken_off_people_csv_is_out_at_once_and_a_broken_file_lets_nobody_in(
    use: Callable[[str], None], tmp_path: Path
) -> None:
    path = people_csv(tmp_path, "u1,A,auditor,,", "u2,B,auditor,,")
    use(f"portal: {{identity: header, proxies: [10.0.0.0/8], people: {path}, secure_cookies: false}}\n")
    client = TestClient(server.from_settings(), client=("10.0.0.1", 1), raise_server_exceptions=False)

    def asked(user: str) -> int:
        return client.get("/audit", headers={"X-Remote-User": user}).status_code

    assert (asked("u1"), asked("u2")) == (200, 200)
    for at, lines in enumerate((["u1,A,auditor,,"], ["u1,A,king,,"], ["u1,A,auditor,,"]), start=1):
        people_csv(tmp_path, *lines)
        os.utime(path, ns=(at, at))
        assert (asked("u1"), asked("u2")) == ((500, 500) if "king" in lines[0] else (200, 403))
    path.unlink()
    assert asked("u1") == 500


def test_a_day_on_assumed_consent_is_marked_in_test_and_not_shown_in_production(tmp_path: Path) -> None:
    store, stamp = Store(tmp_path / "published"), "assumed (test data)"
    earlier = {"business_date": date(2026, 6, 29), "list_date": date(2026, 6, 30)}
    real = one_day.day(tmp_path / "a", one_day.leads().assign(list_date=earlier["list_date"]), **earlier)
    publishing.publish(store, real, {"run_id": "a"})
    publishing.publish(store, one_day.day(tmp_path / "b", consent_stamp=stamp), {"run_id": "b"})
    assert Editions(store).on().list_date == one_day.LIST_DATE
    assert Editions(store, test_days=False).on().list_date == date(2026, 6, 30)
    assert Editions(store, test_days=False).on(one_day.LIST_DATE) is None
    person = Person("m", "m", frozenset({"branch_manager"}), "0001", "E1")
    chosen = settings.load()
    for environment, newest in (("test", True), ("production", False)):
        object.__setattr__(chosen, "values", {**chosen.values, "environment": environment})
        portal = Portal(
            store, f"sqlite:///{tmp_path}/{environment}.db", lambda: {"m": person}, chosen, b"", secure=False
        )
        client = TestClient(create_app(Development("test"), portal))
        page = client.post("/sign-in", data={"user_id": "m", "next": "/today"}).text
        assert ("未取得客户真实授权" in page) is newest and ("名单日 2026-07-01" in page) is newest
        asked = client.get("/today", params={"date": one_day.LIST_DATE.isoformat()})
        assert asked.status_code == (200 if newest else 404)
