"""Airflow's own api-server with the FAB auth manager, as a process: a home, a database and two accounts of its own."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from mingdan import airflow_local, settings
from mingdan.portal.editions import Editions
from mingdan.stores import Store

from tests.portal.conftest import BRANCH, published_day
from tests.services.native import free_port, until

KNOWN, STRANGER = "wang.manager", "li.stranger"  # both have an account in Airflow, one stands in people.csv
ROLES = {KNOWN: "Op", STRANGER: "Viewer"}  # FAB's; a viewer may not read Airflow's menu of plugins
VARIABLES = {
    "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
    "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
    "AIRFLOW__FAB__AUTH_RATE_LIMIT": "100 per 40 second",  # all tests sign in from one address
    "AIRFLOW__FAB__CACHE_TTL": "1",  # for how many seconds FAB may take an account for what it was
}


@dataclass
class Installed:
    """Airflow and the portal, set up and not running."""

    root: Path
    password: str  # of both accounts
    leads: dict[str, list[str]]  # branch → ids of its leads

    @property
    def home(self) -> settings.Home:
        return settings.Home(self.root / "home", "", "")

    @property
    def database(self) -> Path:
        return self.home.root / "airflow" / "airflow.db"

    def environment(self, **more: str) -> dict[str, str]:
        """This machine's variables without what would reach Airflow or the project from here."""
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "MINGDAN"))}
        own = {"MINGDAN_HOME": str(self.home.root), "MINGDAN_SETTINGS": str(self.root / "settings")}
        return foreign | airflow_local.environment(self.home) | VARIABLES | own | more

    def airflow(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments], env=self.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, f"airflow {' '.join(arguments[:2])}: {done.stderr[-2000:]}"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("fab")
    edition = Editions(Store(published_day(root / "home"))).on()
    assert edition
    leads = {branch: [row["lead_id"] for row in edition.of_branch(branch)] for branch in edition.branches}
    people = root / "people.csv"
    people.write_text(f"user_id,name,role,branch_id,employee_id\n{KNOWN},王示例,branch_manager,{BRANCH},E1\n", "utf-8")
    (root / "settings").mkdir()
    portal = f"portal: {{secure_cookies: false, pinned_to_newest: true, people: {people}}}\n"
    (root / "settings" / "settings.yml").write_text(portal, "utf-8")
    made = Installed(root, secrets.token_hex(8), leads)
    made.database.parent.mkdir()
    made.airflow("db", "migrate")  # FAB's tables too
    for user, role in ROLES.items():
        made.airflow("users", "create", "--username", user, "--firstname", "示例", "--lastname", user, "--role", role,
                     "--email", f"{user}@bank.example", "--password", made.password)  # fmt: skip
    return made


@dataclass
class Airflow:
    """The running api-server."""

    address: str
    installed: Installed

    def browser(self, **cookies: str) -> httpx.Client:
        return httpx.Client(base_url=self.address, cookies=cookies, timeout=60)

    def sign_in(self, browser: httpx.Client, user: str, password: str, page: str = "/portal/today") -> httpx.Response:
        """Ask for a page, fill in the form that comes instead, send it; where that ends."""
        form = browser.get(page, follow_redirects=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
        assert form.status_code == 200 and has_form(form) and token, f"no login form of FAB at {form.url}"
        filled = {"username": user, "password": password, "csrf_token": token[1]}
        return browser.post(form.url, data=filled, follow_redirects=True)

    def signed_in(self, user: str) -> httpx.Client:
        browser = self.browser()
        self.sign_in(browser, user, self.installed.password)
        assert browser.cookies.get("_token"), f"FAB did not sign {user} in"
        return browser


def has_form(page: httpx.Response) -> bool:
    return 'name="password"' in page.text


def answering(server: subprocess.Popen[bytes], address: str, log: Path) -> Callable[[], bool]:
    def asked() -> bool:
        assert server.poll() is None, log.read_text("utf-8")[-4000:]
        try:
            answer = httpx.get(f"{address}/portal/health", timeout=60)
        except httpx.TransportError:
            return False
        assert answer.status_code == 200, log.read_text("utf-8")[-4000:]
        return True

    return asked


@pytest.fixture(scope="session", params=["", "/airflow"], ids=["at the root", "below a path"])
def fab(installed: Installed, request: pytest.FixtureRequest) -> Iterator[Airflow]:
    """Banks have Airflow at an address of its own, or below a path of another's."""
    port = free_port()
    address = f"http://127.0.0.1:{port}{request.param}"
    named = {"AIRFLOW__API__BASE_URL": address} if request.param else {}
    log = installed.root / f"api-server-{port}.log"
    command = [sys.executable, "-m", "airflow", "api-server", "--apps", "core", "--host", "127.0.0.1"]
    with log.open("wb") as said:
        server = subprocess.Popen(
            [*command, "--port", str(port)], env=installed.environment(**named), stdout=said, stderr=said
        )
    try:
        until(120, "the api-server", answering(server, address, log))
        yield Airflow(address, installed)
    finally:
        server.terminate()
        server.wait(30)
