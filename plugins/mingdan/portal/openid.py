"""Signing on by OpenID Connect: the authorisation code flow with PKCE at the bank's identity provider.

Authlib speaks the protocol and checks the id token (signature, issuer, audience, time, nonce). What waits for the
answer is in the store, tied to one browser by a cookie, good for ten minutes and for one answer."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import sqlalchemy as sa
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from authlib.oidc.core import CodeIDToken
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool

from mingdan.portal.identity import IdentityError
from mingdan.portal.store import sign_ons

log = logging.getLogger(__name__)
WAITS = timedelta(minutes=10)
LEEWAY = 60  # seconds by which clocks may differ
# Signatures by the provider's own key; never "none", never a key that the client knows as well.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
BACK = "/sign-in/back"


class Refused(Exception):
    """An answer of the provider that signs nobody on; what was wrong, without a word of what it held."""


class OpenID:
    """issuer: the provider's address, as it calls itself. address: the portal's, as browsers know it. claim: the one
    of the id token that holds the user id of people.csv."""

    per_request = False

    def __init__(
        self, issuer: str, client_id: str, client_secret: str | None, address: str, claim: str, environment: str
    ) -> None:
        for name, value in (("issuer", issuer), ("client_id", client_id), ("address", address), ("user", claim)):
            if not value:
                raise IdentityError(f"portal.openid.{name}: expected a value; found none.")
        self.is_open = environment == "production"
        for name, value in (("issuer", issuer), ("address", address)):
            self.only_https(f"portal.openid.{name}", value)
        self.issuer, self.address, self.claim = issuer, address.rstrip("/"), claim
        self.client: Any = OAuth().register(
            "bank", client_id=client_id, client_secret=client_secret,
            server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "timeout": 10},
        )  # fmt: skip

    def only_https(self, what: str, value: str) -> None:
        parts = urlsplit(value)
        wanted = ("https",) if self.is_open else ("https", "http")
        if parts.scheme not in wanted or not parts.netloc:
            raise IdentityError(f"{what}: expected an address of {' or '.join(wanted)}; found {value!r}.")

    async def user_id(self, request: Request) -> str | None:
        return None

    def sign_in(self, request: Request, then: str) -> str | None:
        return f"{request.scope.get('root_path', '')}/sign-in?next={quote(then)}"

    async def sign_out(self, request: Request) -> Response:
        """The session has ended here; the browser goes on to end the provider's, where that is offered."""
        from mingdan.portal.app import render, root

        to = None
        try:
            if (await self.provider()).get("end_session_endpoint"):
                to = (
                    await self.client.create_logout_url(
                        post_logout_redirect_uri=f"{self.address}/signed-out", client_id=self.client.client_id
                    )
                )["url"]
        except (Refused, httpx.HTTPError, ValueError):
            log.warning("OpenID Connect: the provider did not answer at sign-out.")
        request.state.visit = None
        return render(request, "onward.html", to=to, again=f"{root(request)}/", said=("已退出", "Signed out"))

    async def provider(self) -> dict[str, Any]:
        """What the provider says of itself, held to what the settings say of it."""
        found: dict[str, Any] = await self.client.load_server_metadata()
        wrong = None if found.get("issuer") == self.issuer else "issuer"
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            try:
                self.only_https(name, str(found.get(name)))
            except IdentityError:
                wrong = wrong or name
        if wrong:
            found.clear()  # asked again next time
            raise Refused(f"{wrong} of the provider's own description")
        offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
        found["id_token_signing_alg_values_supported"] = [each for each in offered if each in ALGORITHMS]
        return found

    async def begin(self) -> dict[str, str]:
        """A new sign-on: the provider's page to go to, with its state, nonce and verifier."""
        await self.provider()
        began: dict[str, str] = await self.client.create_authorization_url(f"{self.address}{BACK}")
        return began

    async def user_of(self, code: str, nonce: str, verifier: str) -> str:
        """The user whom the code stands for. Raises Refused."""
        await self.provider()
        redirect = f"{self.address}{BACK}"
        token = await self.client.fetch_access_token(redirect_uri=redirect, code=code, code_verifier=verifier)
        if "id_token" not in token:
            raise Refused("an answer without an id token")
        claims = await self.client.parse_id_token(
            token, nonce, leeway=LEEWAY, claims_cls=CodeIDToken,
            claims_options={
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self.client.client_id},
                "nonce": {"essential": True, "value": nonce},
            },
        )  # fmt: skip
        found = claims.get(self.claim)
        if not isinstance(found, str) or not 0 < len(found.strip()) <= 200:
            raise Refused(f"an id token without the claim {self.claim}")
        if self.claim == "email" and claims.get("email_verified") is not True:
            raise Refused("an e-mail address that the provider has not verified")
        return found.strip()

    def install(self, app: FastAPI) -> None:
        from mingdan.portal.app import PUBLIC, begin_session, render, root, safe_path

        PUBLIC.update(("/sign-in", BACK, "/signed-out"))

        def cookie() -> str:
            return "__Host-mingdan-sign-on" if app.state.secure else "mingdan-sign-on"

        def keep(began: dict[str, str], back_to: str) -> str:
            binding, now = secrets.token_urlsafe(32), app.state.now()
            with app.state.engine.begin() as connection:
                connection.execute(sa.delete(sign_ons).where(sign_ons.c.began_at < now - WAITS))
                connection.execute(
                    sign_ons.insert().values(
                        digest=digest(binding), state=began["state"], nonce=began["nonce"],
                        verifier=began["code_verifier"], back_to=back_to, began_at=now,
                    )
                )  # fmt: skip
            return binding

        def take(binding: str | None, state: str) -> sa.Row:
            """The sign-on that this browser waits for; taken once, whatever comes of it."""
            with app.state.engine.begin() as connection:
                mine = sign_ons.c.digest == digest(binding or "")
                found = connection.execute(sa.select(sign_ons).where(mine)).first()
                if found is None or connection.execute(sa.delete(sign_ons).where(mine)).rowcount != 1:
                    raise Refused("an answer that nobody here waits for")
            if app.state.now() - found.began_at > WAITS:
                raise Refused("an answer that came too late")
            if not secrets.compare_digest(found.state.encode(), state.encode()):
                raise Refused("an answer to another question (state)")
            return found

        def refuse(why: str) -> None:
            app.state.audit.write(None, "sign_on_refused", why=why)

        @app.get("/sign-in", include_in_schema=False)
        async def sign_in(request: Request, next: str = "/") -> Response:
            app.state.limits.take("sign_on", request.client.host if request.client else "")
            try:
                began = await self.begin()
            except (Refused, httpx.HTTPError, ValueError, AuthlibBaseError) as fault:
                log.warning("OpenID Connect: the provider cannot be used: %s", type(fault).__name__)
                raise HTTPException(503) from fault
            binding = await run_in_threadpool(keep, began, safe_path(next)[:2000])
            answer = Response(status_code=303, headers={"Location": began["url"]})
            answer.set_cookie(
                cookie(), binding, max_age=int(WAITS.total_seconds()), httponly=True, secure=app.state.secure,
                samesite="lax", path="/",  # lax: the provider sends the browser back from another site
            )  # fmt: skip
            return answer

        @app.get(BACK, include_in_schema=False)
        async def back(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
            try:
                waiting = await run_in_threadpool(take, request.cookies.get(cookie()), state)
                if error or not code:
                    raise Refused("an answer without a code")
                user = await self.user_of(code, waiting.nonce, waiting.verifier)
            except (Refused, JoseError, AuthlibBaseError, ValueError) as fault:
                why = str(fault) if isinstance(fault, Refused) else f"{type(fault).__name__}"
                await run_in_threadpool(refuse, why)
                raise HTTPException(401) from fault
            except httpx.HTTPError as fault:
                raise HTTPException(503) from fault
            signed_on = await run_in_threadpool(begin_session, request, user, waiting.back_to)
            # A page in between: strict cookies are not sent while the browser still comes from the provider's site.
            answer = render(
                request, "onward.html", to=signed_on.headers["location"], again=None, said=("已登录", "Signed in")
            )  # fmt: skip
            answer.raw_headers.extend(each for each in signed_on.raw_headers if each[0] == b"set-cookie")
            answer.delete_cookie(cookie(), path="/", secure=app.state.secure, httponly=True, samesite="lax")
            return answer

        @app.get("/signed-out", include_in_schema=False)
        def signed_out(request: Request) -> Response:
            return render(request, "onward.html", to=None, again=f"{root(request)}/", said=("已退出", "Signed out"))


def digest(binding: str) -> str:
    return hashlib.sha256(binding.encode()).hexdigest()
