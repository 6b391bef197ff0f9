"""Publication: a day's leads become the files that branches read, whole or not at all, revision by revision.

    published/current.json                     {"list_date"}   the newest list date
    published/<list_date>/current.json         {"revision"}    that day's revision
    published/<list_date>/r<NNN>/claim.json    who began to write it; a prefix without a manifest is a dead claim
                               …/leads.parquet, decisions.parquet, waterfall.parquet, portal/, branches/, channels/
                               …/run.json      ids, times, host: outside the byte promise
                               …/manifest.json written last; only files named in it are published

A branch's files are rendered from leads.parquet and portal/ alone, so these and the manifest's head tell whether
anything has changed since the current revision.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mingdan import branch_files
from mingdan.revision import (
    STATES,
    Day,
    PublicationError,
    canonical,
    described,
    keep_decisions,
    lead_table,
    list_states,
    manifest_head,
    refuse,
    unchanged,
    write_facts,
    write_leads,
)  # fmt: skip

if TYPE_CHECKING:
    from mingdan.stores import Store

__all__ = ["Day", "Publication", "PublicationError", "history_of_leads", "publish", "published", "verify"]


@dataclass(frozen=True)
class Publication:
    """What publish did: the day's current revision, whether this call made it, and why or why not."""

    list_date: date
    revision: int
    published: bool
    why: str


def publish(
    store: Store,
    day: Day,
    run_info: Mapping[str, Any],
    keep: Collection[str] = (),
    workers: int | None = None,
    scratch: Path | None = None,
) -> Publication:
    """Publish the day as a new revision, or say that nothing has changed since the current one.

    keep: ids of leads that have an outcome; those that the day no longer holds stay, as the current revision had them.
    run_info: goes into run.json. scratch: where files stand until they are uploaded; the system's by default. Raises
    PublicationError when the day may not be published or does not add up. Killed at any point, readers have the old or
    the new day, and the next call completes."""
    refuse(day)
    prefix = day.list_date.isoformat()
    current = current_revision(store, day.list_date)
    with tempfile.TemporaryDirectory(prefix="mingdan-publish-", dir=scratch) as made:
        folder = Path(made)
        former = f"{prefix}/{path_of(current)}" if current else None
        leads, kept = lead_table(day, keep, read_parquet(store, f"{former}/leads.parquet") if keep and former else None)
        states = list_states(day, leads)
        write_facts(folder, day, leads, states)
        if kept:
            keep_decisions(folder, store.read_bytes(f"{former}/decisions.parquet"), kept)
        head = manifest_head(day, states)
        if current is not None:
            write_leads(folder, leads, current)
            if unchanged(read_manifest(store, day.list_date, current), head, described(folder, leads)):
                point(store, day.list_date, current)
                return Publication(day.list_date, current, False, f"nothing has changed since revision {current}")
        while True:
            revision = next_revision(store, day.list_date)
            write_leads(folder, leads, revision)
            branch_files.render(folder, revision, workers)
            target = f"{prefix}/{path_of(revision)}"
            if store.create_if_absent(f"{target}/claim.json", canonical({"run_id": run_info.get("run_id")})):
                break
        files = described(folder, leads)
        upload(store, folder, target, [each["path"] for each in files])
        store.write_bytes(f"{target}/run.json", canonical(run_info))
        store.replace(f"{target}/manifest.json", canonical({**head, "revision": revision, "files": files}))
        point(store, day.list_date, revision)
    why = "first publication" if current is None else f"replaces revision {current}"
    central = leads.num_rows - leads["central_channel"].null_count
    told = f"{leads.num_rows - central} leads at branches, {central} on central channels; {len(kept)} of them kept"
    return Publication(day.list_date, revision, True, f"{why}; {told}")


# --- revisions in the store --------------------------------------------------------------------------------------


def path_of(revision: int) -> str:
    return f"r{revision:03d}"


def current_revision(store: Store, list_date: date) -> int | None:
    """The revision that readers of this list date see, or None."""
    path = f"{list_date.isoformat()}/current.json"
    return int(json.loads(store.read_bytes(path))["revision"]) if store.exists(path) else None


def current_list_date(store: Store) -> date | None:
    """The newest published list date, or None."""
    if not store.exists("current.json"):
        return None
    return date.fromisoformat(json.loads(store.read_bytes("current.json"))["list_date"])


def read_parquet(store: Store, path: str) -> pa.Table:
    return pq.read_table(pa.BufferReader(store.read_bytes(path)))


def read_manifest(store: Store, list_date: date, revision: int) -> dict[str, Any]:
    return json.loads(store.read_bytes(f"{list_date.isoformat()}/{path_of(revision)}/manifest.json"))


def revisions(store: Store, list_date: date) -> list[int]:
    """Every number taken on this list date, dead claims included."""
    found = (re.fullmatch(r"r(\d{3,})", name) for name in store.folders(list_date.isoformat()))
    return sorted(int(number[1]) for number in found if number)


def next_revision(store: Store, list_date: date) -> int:
    return max(revisions(store, list_date), default=0) + 1


def point(store: Store, list_date: date, revision: int) -> None:
    """Name the revision as the day's, and the day as the newest unless a later one is; what already says so stays."""
    if current_revision(store, list_date) != revision:
        store.replace(f"{list_date.isoformat()}/current.json", canonical({"revision": revision}))
    newest = current_list_date(store)
    if newest is None or newest < list_date:
        store.replace("current.json", canonical({"list_date": list_date}))


def upload(store: Store, folder: Path, target: str, paths: Sequence[str]) -> None:
    """Copy the staged files below the claimed prefix, through to the disk where there is one.

    The manifest must not survive a power cut that its files do not."""

    def copy(path: str) -> None:
        store.copy_in(folder / path, f"{target}/{path}")
        local = store.local(f"{target}/{path}")
        if local is not None:
            sync(local)

    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(copy, paths):
            pass
    for part in sorted({f"{target}/{path}".rpartition("/")[0] for path in paths}):
        local = store.local(part)
        if local is not None:
            sync(local)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading what is published -----------------------------------------------------------------------------------


def verify(store: Store, list_date: date) -> list[str]:
    """Problems of a list date, none when all is well: every revision's files against its manifest, and the pointers."""
    prefix = list_date.isoformat()
    current = current_revision(store, list_date)
    if current is None:
        return [f"{prefix}: expected a published list date; found no current.json."]
    problems = []
    if current not in revisions(store, list_date) or not store.exists(f"{prefix}/{path_of(current)}/manifest.json"):
        problems.append(f"{prefix}/current.json: expected a revision with a manifest; found {current} without one.")
    for revision in revisions(store, list_date):
        target = f"{prefix}/{path_of(revision)}"
        if not store.exists(f"{target}/manifest.json"):
            continue  # a dead claim: nobody reads it
        try:
            manifest = read_manifest(store, list_date, revision)
            named = {each["path"]: each["sha256"] for each in manifest["files"]}
            told = (manifest["list_date"], manifest["revision"])
        except (ValueError, KeyError, TypeError):
            problems.append(f"{target}/manifest.json: expected a manifest; found something else.")
            continue
        if told != (prefix, revision):
            problems.append(
                f"{target}/manifest.json: expected list date {prefix}, revision {revision}; found {told[0]}, {told[1]}."
            )
        there = set(files_below(store, target))
        for path in sorted(set(named) - there):
            problems.append(f"{target}/{path}: expected the file that the manifest names; found none.")
        for path in sorted(there - set(named) - {"manifest.json", "run.json", "claim.json"}):
            problems.append(f"{target}/{path}: expected only files that the manifest names; found this one.")
        for path in sorted(there & set(named)):
            found = store.sha256(f"{target}/{path}")
            if found != named[path]:
                problems.append(f"{target}/{path}: expected sha256 {named[path][:12]}…; found {found[:12]}….")
    return problems


def files_below(store: Store, path: str, within: str = "") -> list[str]:
    found = [f"{within}{each.name}" for each in store.files(f"{path}/{within}".rstrip("/"))]
    for name in store.folders(f"{path}/{within}".rstrip("/")):
        found.extend(files_below(store, path, f"{within}{name}/"))
    return found


def published(store: Store, list_date: date | None = None) -> dict[str, Any] | None:
    """What is current for a list date (default: the newest), for people: None when nothing is published.

    lists: by code {rows, published, empty, withheld (branches in that state), off, why: [each reason once]}."""
    chosen = list_date or current_list_date(store)
    revision = chosen and current_revision(store, chosen)
    if not chosen or not revision:
        return None
    manifest = read_manifest(store, chosen, revision)
    lists: dict[str, dict[str, Any]] = {}
    for row in manifest["lists"]:
        seen = lists.setdefault(row["list"], {"rows": 0, **dict.fromkeys(STATES, 0), "why": []})
        seen["rows"] += row["rows"]
        seen[row["state"]] += 1
        if row["why"] and row["why"] not in seen["why"]:
            seen["why"].append(row["why"])
    return {
        "list_date": manifest["list_date"], "business_date": manifest["business_date"], "revision": revision,
        "is_newest": chosen == current_list_date(store), "consent": manifest.get("consent"),
        "code_version": manifest["code_version"], "settings_version": manifest["settings_version"],
        "branches": len({row["branch_id"] for row in manifest["lists"]} - {None}),
        "leads": sum(row["rows"] for row in manifest["lists"]), "files": len(manifest["files"]),
        "lists": lists, "checks": manifest["checks"],
    }  # fmt: skip


CLOSED = ("won", "lost", "expired", "unreachable", "superseded", "no_longer_true", "became_customer", "reassigned")


def memory_of_leads(store: Store, before: date, columns: Sequence[str], scratch: Path) -> list[Path]:
    """Local Parquet paths, oldest first, that hold each lead of the last 400 days as it was last, and each day on which
    it was held out, in these columns at least.

    A day's decisions carry every lead that was open until then. So the newest published day is read as it is, and of
    each earlier one only what was closed on it or held out. That is kept in `scratch`: with or without it the rows are
    the same."""
    known = revisions_by_date(store)
    dates = [each for each in known if before - timedelta(days=400) <= each < before]
    form = hashlib.sha256(",".join(columns).encode()).hexdigest()[:8]
    found = []
    for each in dates[:-1]:
        kept = scratch / f"ended-{each}-{path_of(known[each])}-{form}.parquet"
        if not kept.exists():
            scratch.mkdir(parents=True, exist_ok=True)
            path = at_hand(store, f"{each}/{path_of(known[each])}/decisions.parquet", scratch)
            ended = pc.is_in(pc.field("lead_state"), pa.array(CLOSED)) | (pc.field("state") == "held_out")
            rows = pq.read_table(path, columns=list(columns), filters=ended & pc.field("lead_id").is_valid())
            aside = kept.with_suffix(".part")
            pq.write_table(rows, aside)
            aside.rename(kept)
        found.append(kept)
    newest = (f"{each}/{path_of(known[each])}/decisions.parquet" for each in dates[-1:])
    return [*found, *(at_hand(store, path, scratch) for path in newest)]


def revisions_by_date(store: Store) -> dict[date, int]:
    """The current revision of every list date that has one, oldest first: one look for each."""
    names = [name for name in store.folders() if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name)]
    looked = {day: current_revision(store, day) for day in map(date.fromisoformat, names)}
    return {day: revision for day, revision in looked.items() if revision is not None}


def list_dates(store: Store) -> list[date]:
    """Every list date that has a current revision, oldest first."""
    return list(revisions_by_date(store))


def history_of_leads(
    store: Store, before: date, table: str = "leads", scratch: Path | None = None, only: Iterable[date] | None = None
) -> list[Path]:
    """Local Parquet paths of the current revisions of list dates before `before`, oldest first.

    table: leads or decisions. scratch: where an object store's files are fetched to, once each. only: these dates'."""
    wanted = None if only is None else set(only)
    return [
        at_hand(store, f"{day}/{path_of(revision)}/{table}.parquet", scratch)
        for day, revision in revisions_by_date(store).items()
        if day < before and (wanted is None or day in wanted)
    ]


def at_hand(store: Store, path: str, scratch: Path | None) -> Path:
    """A published file where it can be read: its own path, or its copy in `scratch`, fetched once."""
    local = store.local(path)
    if local is None:
        if scratch is None:
            raise PublicationError(f"{store!r}: expected a scratch folder to fetch {path} to; found none.")
        local = scratch / path.replace("/", "-")
        if not local.exists():
            scratch.mkdir(parents=True, exist_ok=True)
            store.fetch(path, local.with_suffix(".part"))
            local.with_suffix(".part").rename(local)
    return local
