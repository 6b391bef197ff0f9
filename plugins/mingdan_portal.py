"""Registers the branch portal with Airflow: the same application, behind Airflow's own sign-on, under /portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import Request, Response


class AirflowSession:
    """The user whom Airflow's own cookie names, checked by Airflow on every request."""

    per_request = True

    async def user_id(self, request: Request) -> str | None:
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
        from jwt import InvalidTokenError

        token = request.cookies.get(COOKIE_NAME_JWT_TOKEN)
        if not token:
            return None
        try:
            return (await get_auth_manager().get_user_from_token(token)).get_name()
        except InvalidTokenError:  # an expired one is of this kind too
            return None

    def sign_in(self, request: Request, then: str) -> str | None:
        """Each auth manager has a form of its own, and Airflow may stand below a path: it knows where."""
        from airflow.api_fastapi.app import get_auth_manager

        return get_auth_manager().get_url_login(next_url=str(request.url.replace(query="", fragment="")))

    async def sign_out(self, request: Request) -> Response:
        """The portal's session has ended; the browser goes on to where Airflow ends its own, and what lies behind it.

        By a page in between: a form may not lead to another site, and the provider of a sign-on may be one."""
        from mingdan.portal.app import render

        request.state.visit = None
        return render(request, "onward.html", to=LOG_OUT, again=None, said=("正在退出", "Signing out"))

    def install(self, app: Any) -> None:
        """Nothing to add: Airflow signs on."""


class Portal:
    """The application, built when first asked: every process of Airflow loads plugins, one serves pages."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if Portal.app is None:
            from mingdan.portal.server import from_settings

            Portal.app = from_settings(AirflowSession())
        await Portal.app(scope, receive, send)


# Airflow mounts the portal below its own path, and takes the menu's address as it stands.
BASE = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
ADDRESS, LOG_OUT = f"{BASE}/portal/", f"{BASE}/api/v2/auth/logout"


class MingdanPortal(AirflowPlugin):
    name = "mingdan_portal"
    fastapi_apps = [{"app": Portal(), "url_prefix": "/portal", "name": "mingdan portal"}]
    external_views = [
        {"name": "名单 mingdan", "href": ADDRESS, "destination": "nav", "url_route": "mingdan", "category": "browse"}
    ]
