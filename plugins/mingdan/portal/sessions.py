"""Sessions: a random cookie whose digest the store knows, tied to the signed-on user, ended by sign-out or time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from mingdan.portal.people import Person
from mingdan.portal.store import sessions

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=10)
SEEN_AGAIN = timedelta(minutes=1)  # how exactly the last request's time is kept: one write a minute, not one a page


@dataclass(frozen=True)
class Visit:
    """One request's person, the session's CSRF token, the branches they may see, and where they come from."""

    person: Person
    csrf: str
    address: str
    branches: frozenset[str] = frozenset()


class Sessions:
    def __init__(self, engine: sa.Engine, now: Callable[[], datetime]) -> None:
        self.engine, self.now = engine, now

    def begin(self, user_id: str) -> tuple[str, str]:
        """A new session: the cookie's value, and the CSRF token."""
        cookie, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self.now()
        with self.engine.begin() as connection:
            connection.execute(
                sessions.insert().values(
                    digest=digest(cookie), user_id=user_id, csrf=csrf, began_at=now, seen_at=now, ended_at=None
                )
            )
        return cookie, csrf

    def find(self, cookie: str | None) -> sa.Row | None:
        """The living session of a cookie, or None: unknown, ended, idle for too long, or too old."""
        if not cookie:
            return None
        now = self.now()
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(sessions).where(sessions.c.digest == digest(cookie))).first()
        if row is None or row.ended_at or now - row.seen_at > IDLE or now - row.began_at > LONGEST:
            return None
        if now - row.seen_at > SEEN_AGAIN:
            with self.engine.begin() as connection:
                connection.execute(sessions.update().where(sessions.c.digest == row.digest).values(seen_at=now))
        return row

    def end(self, cookie: str | None) -> None:
        if cookie:
            with self.engine.begin() as connection:
                connection.execute(
                    sessions.update().where(sessions.c.digest == digest(cookie)).values(ended_at=self.now())
                )


def digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
