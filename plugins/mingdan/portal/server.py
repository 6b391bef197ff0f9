"""From the bank's settings to a running portal. Production refuses what is meant for development."""

from __future__ import annotations

import atexit
import gc
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from mingdan import settings as settings_module
from mingdan.portal.app import Portal, create_app
from mingdan.portal.editions import Edition, Editions
from mingdan.portal.handover import store_url
from mingdan.portal.identity import Development, Identity, IdentityError, TrustedHeader
from mingdan.portal.people import ROLES, PeopleError, Person, read_people
from mingdan.settings import Settings
from mingdan.stores import Store


def from_settings(signing_on: Identity | None = None) -> FastAPI:
    """The portal that settings.yml describes, or with another way of signing on.

    Raises IdentityError or PeopleError naming what is missing."""
    settings = settings_module.load()
    home = settings_module.home(settings)
    chosen = settings["portal"]
    store = Store(home.published)
    now = None
    if settings["environment"] == "production":
        for name, right in (("pinned_to_newest", False), ("secure_cookies", True)):
            if chosen[name] is not right:
                expected, found = str(right).lower(), str(not right).lower()
                raise IdentityError(f"portal.{name}: expected {expected} in environment 'production'; found {found}.")
    if chosen["pinned_to_newest"]:
        edition = Editions(store).on()
        now = partial(datetime.combine, edition.list_date, time(10, 30)) if edition else None
    return create_app(
        signing_on or identity(settings),
        Portal(
            store, store_url(home, chosen), people(settings, store), settings, counts_secret(settings),
            chosen["secure_cookies"], now,
        ),
    )  # fmt: skip


def counts_secret(settings: Settings) -> bytes:
    """What counts of groups are rounded by, from the environment; a known one in environment test only."""
    named = settings["portal"]["counts_secret"]
    if named:
        return settings_module.secret(named).encode()
    if settings["environment"] != "test":
        raise IdentityError(
            "portal.counts_secret: expected an environment variable's name in environment 'production'; found none."
        )
    return b"test"


def served() -> FastAPI:
    """The portal in a process of its own. What is there before the first page stays; to look through it for garbage,
    again and again, would stop every page for a tenth of a second each time."""
    app = from_settings()
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # so that it ends as it would have
    return app


def identity(settings: Settings) -> Identity:
    chosen = settings["portal"]
    if chosen["identity"] == "development":
        return Development(settings["environment"])
    if chosen["identity"] == "header":
        return TrustedHeader(chosen["header"], chosen["proxies"])
    if chosen["identity"] == "openid":
        from mingdan.portal.openid import OpenID

        own = chosen["openid"]
        secret = settings_module.secret(own["secret"]) if own["secret"] else None
        return OpenID(
            own["issuer"], own["client_id"], secret, own["address"], own["user"], settings["environment"]
        )  # fmt: skip
    raise IdentityError(f"portal.identity: expected development, header or openid; found {chosen['identity']!r}.")


def people(settings: Settings, store: Store) -> Callable[[], Mapping[str, Person]]:
    """The bank's people.csv, read again when it changes; without one, in environment test only, one invented person of
    each role. A file that does not read any more leaves nobody in."""
    named = settings["portal"]["people"]
    if named:
        path = Path(named)
        known: dict[int, Mapping[str, Person]] = {}

        def now() -> Mapping[str, Person]:
            changed = path.stat().st_mtime_ns
            if changed not in known:
                known.clear()
                known[changed] = read_people(path)
            return known[changed]

        now()
        return now
    if settings["environment"] != "test":
        raise PeopleError("portal.people: expected the path of people.csv in environment 'production'; found none.")
    editions = Editions(store)  # in environment test only
    made: dict[tuple[date, int], Mapping[str, Person]] = {}

    def of_newest() -> Mapping[str, Person]:
        edition = editions.on()
        if edition is None:
            return {}
        key = (edition.list_date, edition.revision)
        if key not in made:
            made.clear()
            made[key] = invented(edition)
        return made[key]

    return of_newest


def invented(edition: Edition) -> dict[str, Person]:
    """One person of each role at the branch with most leads, its busiest manager, and a second branch's employee."""
    branches = sorted(edition.spans, key=lambda each: (-edition.spans[each][1], each))
    branch = branches[0] if branches else min(edition.branches)
    owned = [row for row in edition.of_branch(branch) if row["owner_id"]]
    owners: dict[str, str] = {row["owner_id"]: row["owner_name"] for row in owned}
    counts = Counter(row["owner_id"] for row in owned)
    owner = max(owners, key=lambda each: (counts[each], each), default=None)
    region = edition.parents.get(branch)
    found = {}
    for role, (zh, _) in ROLES.items():
        unit = {"head_office": None, "analyst": None, "data_engineer": None, "auditor": None, "region": region}
        own = owner if role == "rm" else f"X-{role}" if role in ("branch_staff", "branch_manager", "lobby") else None
        if role == "region" and region is None:
            continue
        name = owners[owner] if role == "rm" and owner else f"{zh}(示例)"
        found[role] = Person(role, name, frozenset({role}), unit.get(role, branch), own)
    found["admin"] = Person("admin", "管理员(示例)", frozenset({"data_engineer", "analyst"}))  # Airflow's own user
    if len(branches) > 1:
        found["other"] = Person("other", "另一网点员工(示例)", frozenset({"branch_staff"}), branches[1])
    return found
