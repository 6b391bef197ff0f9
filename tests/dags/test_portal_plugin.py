"""The portal within Airflow: registered, built when first asked, behind Airflow's own sign-on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from mingdan import publishing
from mingdan.stores import Store

from tests import one_day


@pytest.fixture
def airflow_app(airflow: Any, bank_settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Airflow's api-server application with the plugin, over one published invented day."""
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from airflow.configuration import conf

    bank_settings("portal: {secure_cookies: false, pinned_to_newest: true}\n")
    publishing.publish(Store(tmp_path / "home" / "published"), one_day.day(tmp_path / "day"), {"run_id": "test"})
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "admin:admin,stranger:viewer")
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({"admin": "right", "stranger": "right"}), encoding="utf-8")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
    assert conf.get("core", "simple_auth_manager_passwords_file") == str(passwords)
    purge_cached_app()
    yield create_app(apps="core")
    purge_cached_app()
    shutil.rmtree(tmp_path / "home", ignore_errors=True)


def signed_on(app: Any, user: str) -> Any:
    from fastapi.testclient import TestClient

    client = TestClient(app, follow_redirects=False)
    answer = client.post("/auth/token", json={"username": user, "password": "right"})
    assert answer.status_code == 201, answer.text
    client.cookies.set("_token", answer.json()["access_token"])
    return client


def test_airflows_user_enters_the_portal_and_nobody_else_does(airflow_app: Any) -> None:
    from fastapi.testclient import TestClient

    with TestClient(airflow_app, follow_redirects=False) as nobody:
        asked = nobody.get("/portal/runs")
        assert asked.status_code == 303 and asked.headers["location"].startswith("/auth/login?next=")
        assert nobody.get("/portal/runs", cookies={"_token": "forged"}).status_code == 303
        admin = signed_on(airflow_app, "admin")
        page = admin.get("/portal/runs")
        assert page.status_code == 200 and "/portal/static/portal.css" in page.text
        assert admin.get("/portal/today").status_code == 403  # engineers see no customer
        assert signed_on(airflow_app, "stranger").get("/portal/runs").status_code == 403


def test_the_portals_button_ends_airflows_session_too(airflow_app: Any) -> None:
    from fastapi.testclient import TestClient

    with TestClient(airflow_app, follow_redirects=False):
        admin = signed_on(airflow_app, "admin")
        taken = admin.cookies["_token"]
        page = admin.get("/portal/runs").text
        csrf = page.split('name="csrf" content="')[1].split('"')[0]
        assert admin.post("/portal/sign-out").status_code == 403  # no other site signs anybody out
        answer = admin.post("/portal/sign-out", headers={"x-csrf-token": csrf})
        assert answer.status_code == 200 and 'content="0;url=/api/v2/auth/logout"' in answer.text
        admin.get("/api/v2/auth/logout")
        for browser in (admin, TestClient(airflow_app, follow_redirects=False, cookies={"_token": taken})):
            asked = browser.get("/portal/runs")
            assert asked.status_code == 303 and asked.headers["location"].startswith("/auth/login?next=")
