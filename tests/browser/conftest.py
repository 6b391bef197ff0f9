"""Chromium without a screen, over the portal on an invented day of twelve leads a branch. A missing browser fails."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from mingdan.portal.identity import Development, Identity
from mingdan.settings import PROJECT
from playwright.sync_api import Browser, Page, sync_playwright

from tests.portal.conftest import Desk, desk_with, published_day

PICTURES = PROJECT / "var" / "browser"  # where every page can be looked at afterwards


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Chromium is not here: install Debian's package chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-quic", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_day(tmp_path_factory.mktemp("browser"), per_branch=12)


@dataclass
class Site:
    """The portal at an address of this machine."""

    desk: Desk
    address: str
    chromium: Browser

    def page(self, user_id: str | None = None, width: int = 1280, language: str = "zh") -> Page:
        """A browser of its own, at this person's first page. What goes wrong in it fails the test."""
        context = self.chromium.new_context(viewport={"width": width, "height": 900}, base_url=self.address)
        context.set_default_timeout(30_000)
        context.add_cookies([{"name": "language", "value": language, "url": self.address}])
        page = context.new_page()
        page.on("pageerror", lambda fault: pytest.fail(f"{page.url}: {fault}"))
        if user_id:
            page.goto("/sign-in")
            page.locator(f"form:has(input[name=user_id][value='{user_id}']) button").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
        return page


def served(desk: Desk, port: int) -> uvicorn.Server:
    server = uvicorn.Server(uvicorn.Config(desk.app, host="127.0.0.1", port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def open_site(identity: Identity, published: Path, folder: Path, chromium: Browser, port: int = 0) -> Iterator[Site]:
    desk, port = desk_with(identity, published, folder / "portal.db"), port or free_port()
    server = served(desk, port)
    yield Site(desk, f"http://127.0.0.1:{port}", chromium)
    for context in chromium.contexts:
        context.close()
    server.should_exit = True


@pytest.fixture
def site(published: Path, tmp_path: Path, chromium: Browser) -> Iterator[Site]:
    yield from open_site(Development("test"), published, tmp_path, chromium)
