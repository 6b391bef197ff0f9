"""`make up` itself: Docker is stood in for, everything that the recipe says is done as it stands there.

The stand-in starts nothing, but runs what is asked of a service with that service's settings, and knows where ports
are; so the recipe's words, its sample bank, its day and the people who come in are the real ones."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from mingdan.portal import server
from mingdan.portal.people import ROLES
from mingdan.settings import PROJECT

DOCKER = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in
    "compose exec -T scheduler sh -c "*) shift 6; exec sh -c "$1" ;;
    "compose port api-server 8080") echo 127.0.0.1:8080 ;;
    "compose port portal 8090") echo 127.0.0.1:8090 ;;
esac
"""


def test_it_fills_an_empty_home_says_where_things_are_and_lets_one_person_of_each_role_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker").write_text(DOCKER, encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    own = {
        "MINGDAN_HOME": str(tmp_path / "home"), "MINGDAN_SETTINGS": str(PROJECT / "examples" / "portal" / "service"),
        "MINGDAN_PORTAL_STORE": f"sqlite:///{tmp_path / 'portal.db'}",
    }  # fmt: skip
    path = os.pathsep.join((str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]))
    asked = tmp_path / "asked"
    for _ in range(2):  # an empty home is filled, a full one left alone
        done = subprocess.run(
            ["make", "up"], cwd=PROJECT, env={**os.environ, **own, "PATH": path, "ASKED": str(asked)},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert "http://127.0.0.1:8080/" in done.stdout and "http://127.0.0.1:8090/" in done.stdout
    commands = asked.read_text(encoding="utf-8").splitlines()
    assert commands[0] == "compose up --build --wait" and len(commands) == 8
    revisions = [each.name for each in (tmp_path / "home" / "published").glob("*/r*")]
    assert revisions == ["r001"]

    for name, value in own.items():
        monkeypatch.setenv(name, value)
    app = server.from_settings()
    people = re.findall(r'name="user_id" value="([^"]+)"', TestClient(app).get("/sign-in").text)
    assert set(ROLES) <= set(people)
    for role in ROLES:
        client = TestClient(app)
        page = client.post("/sign-in", data={"user_id": role, "next": "/"})
        assert page.status_code == 200 and client.get("/dictionary").status_code == 200, role
