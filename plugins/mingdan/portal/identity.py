"""Who a request says it is from. One interface; who may do what is decided elsewhere (access, people).

openid.OpenID: the bank's identity provider signs people on, page by page.

Development: pick a person from a page; refuses to exist outside `environment: test`.
TrustedHeader: the bank's gateway signs on and names the user in a header; believed from listed proxies only."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Form, Request
from fastapi.responses import Response


class IdentityError(ValueError):
    """A way of signing on that is not set up as it must be; names the setting, expected and found."""


class Identity(Protocol):
    """What create_app needs of a way of signing on."""

    per_request: bool
    """True: every request carries the user. False: a page signs on once, and the session remembers."""

    async def user_id(self, request: Request) -> str | None:
        """The signed-on user that this very request carries (per_request), or None."""

    def sign_in(self, request: Request, then: str) -> str | None:
        """Where a browser that is not signed on is sent, to come back to `then`; None: it is told 401."""

    async def sign_out(self, request: Request) -> Response | None:
        """What the browser is told once the session has ended; None: it begins anew."""

    def install(self, app: FastAPI) -> None:
        """Add the routes of signing on, if any."""


class TrustedHeader:
    per_request = True

    def __init__(self, header: str, proxies: Sequence[str]) -> None:
        if not proxies:
            raise IdentityError("portal.proxies: expected the addresses of the bank's gateway; found none.")
        self.header = header
        self.proxies = [ipaddress.ip_network(each) for each in proxies]

    async def user_id(self, request: Request) -> str | None:
        try:
            peer = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return None
        if not any(peer in network for network in self.proxies):
            return None
        named = request.headers.getlist(self.header)
        return named[0].strip() or None if len(named) == 1 else None

    def sign_in(self, request: Request, then: str) -> str | None:
        return None

    async def sign_out(self, request: Request) -> Response | None:
        return None

    def install(self, app: FastAPI) -> None:
        """Nothing to add: the gateway signs on."""


class Development:
    """A page that lists the people; whoever comes picks one. For the demo and tests."""

    per_request = False

    def __init__(self, environment: str) -> None:
        if environment != "test":
            raise IdentityError(
                "portal.identity: expected openid or header in environment 'production'; found development."
            )

    async def user_id(self, request: Request) -> str | None:
        return None

    def sign_in(self, request: Request, then: str) -> str | None:
        return f"{request.scope.get('root_path', '')}/sign-in?next={then}"

    async def sign_out(self, request: Request) -> Response | None:
        return None

    def install(self, app: FastAPI) -> None:
        from mingdan.portal.app import PUBLIC, begin_session, render, safe_path

        @app.get("/sign-in", include_in_schema=False)
        def sign_in(request: Request, next: str = "/") -> Response:
            people: Mapping[str, object] = request.app.state.people()
            return render(request, "sign_in.html", people=people.values(), next=safe_path(next))

        @app.post("/sign-in", include_in_schema=False)
        def signed_in(
            request: Request, user_id: Annotated[str, Form(max_length=200)], next: Annotated[str, Form()] = "/"
        ) -> Response:
            return begin_session(request, user_id, safe_path(next))

        PUBLIC.add("/sign-in")
