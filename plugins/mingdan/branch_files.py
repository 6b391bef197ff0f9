"""The files of each branch and central channel, rendered from a revision's leads.parquet and portal/ alone."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mingdan import branch_rows, meeting, reports, workbook

MANY_LEADS = 5_000  # from here on a second process pays for its start


class RenderError(RuntimeError):
    """A process that renders branch files ended before it was done."""


def render(folder: Path, revision: int, workers: int | None = None) -> None:
    """Write branches/ and channels/ of a staging folder, in as many processes as pay.

    The others are plain processes rather than a pool: a task may itself run in a process that may have no children of
    multiprocessing's kind, and a pool would import the caller's main module again."""
    for name in ("branches", "channels"):
        (folder / name).mkdir(exist_ok=True)
    leads = pq.read_metadata(folder / "leads.parquet").num_rows
    parts = workers or (min(2, os.cpu_count() or 1) if leads >= MANY_LEADS else 1)
    command = [sys.executable, "-m", "mingdan.branch_files", str(folder), str(revision)]
    others = [
        subprocess.Popen(
            [*command, str(part), str(parts)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for part in range(1, parts)
    ]
    try:
        render_part(folder, revision, 0, parts)
        for other in others:
            _, said = other.communicate()
            if other.returncode:
                raise RenderError(f"rendering branch files: expected exit 0; found {other.returncode}: {said[-500:]}")
    finally:
        for other in others:
            if other.poll() is None:
                other.kill()
                other.wait()


def render_part(folder: Path, revision: int, part: int, parts: int) -> None:
    """The csv and workbook of every branch whose place in the order is `part` modulo `parts`; channels in part 0."""
    day = json.loads((folder / "portal" / "day.json").read_text(encoding="utf-8"))
    leads = pq.read_table(folder / "leads.parquet")
    central = leads["central_channel"]
    if part == 0:
        for channel in sorted(set(central.to_pylist()) - {None}):
            handed = leads.filter(pc.equal(central, channel)).sort_by("rank")
            cells = branch_rows.shown(handed.to_pydict(), day)
            branch_rows.write_csv(folder / "channels" / f"{channel}.csv", cells, day["language"])
    leads = leads.filter(pc.is_null(central))
    branches = pq.read_table(folder / "portal" / "branches.parquet").to_pylist()[part::parts]
    wanted = {branch["branch_id"] for branch in branches}
    starts, at = {}, 0
    for branch, count in sorted(Counter(leads["branch_id"].to_pylist()).items()):
        starts[branch] = (at, count)
        at += count
    changes = by_branch(folder / "portal" / "changes.parquet", wanted)
    views = report_views(folder / "portal" / "reports", day, wanted)
    progress, maturities = (
        by_branch(folder / "portal" / "reports" / f"{name}.parquet", wanted) if name in day["reports"] else {}
        for name in (meeting.PROGRESS, meeting.MATURITIES)
    )
    states = defaultdict(list)
    for state in day["states"]:
        for branch_id in wanted if state["branch_id"] is None else [state["branch_id"]]:
            states[branch_id].append(state)
    gc.disable()  # a workbook is many small objects; collecting them while they grow costs a tenth
    gc.freeze()  # nor need what stands by now be looked through for them
    for number, branch in enumerate(branches, start=1):
        branch_id = branch["branch_id"]
        rows = leads.slice(*starts.get(branch_id, (0, 0))).to_pydict()
        cells = branch_rows.shown(rows, day)
        branch_rows.write_csv(folder / "branches" / f"{branch_id}.csv", cells, day["language"])
        spoken_here = sorted(set(zip(rows["list"], rows["talk_variant"], strict=True)), key=str)
        content = workbook.Content(
            branch_id=branch_id,
            branch_name=branch["branch_name"] or branch_id,
            cells=cells,
            changes=[changed(row, day) for row in changes[branch_id]],
            reports=[reports.drawn(meta, view, day, sums[branch_id]) for meta, view, sums in views],
            lists=states[branch_id],
            talk_tracks=talk_rows(day["talk_tracks"], spoken_here),
            meeting=meeting.Meeting(rows, cells, progress.get(branch_id, ()), maturities.get(branch_id, ())),
        )
        workbook.write(folder / "branches" / f"{branch_id}.xlsx", content, day, revision)
        if number % 20 == 0:
            gc.collect()
    gc.unfreeze()
    gc.enable()


def by_branch(path: Path, wanted: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    table = pq.read_table(path)
    for row in table.filter(pc.is_in(table["branch_id"], pa.array(sorted(wanted), pa.string()))).to_pylist():
        found[row["branch_id"]].append(row)
    return found


def report_views(
    folder: Path, day: Mapping[str, Any], wanted: Collection[str]
) -> Sequence[tuple[Mapping[str, Any], Mapping[str, Any], dict[str, list[dict[str, Any]]]]]:
    """Every view of the reports that have rows by branch: the report's entry, the view, the wanted branches' rows."""
    found = []
    for name, meta in day["reports"].items():
        table = pq.read_table(folder / f"{name}.parquet")
        if "branch_id" in table.column_names:  # others are the whole bank's, and no branch's to print
            table = table.filter(pc.is_in(table["branch_id"], pa.array(sorted(wanted), pa.string())))
            found += [(meta, view, reports.added_up(view, table)) for view in reports.views(meta)]
    return found


def changed(row: Mapping[str, Any], day: Mapping[str, Any]) -> dict[str, Any]:
    name = branch_rows.mask_name(row["name"]) if day["mask"] else row["name"]
    title = day["lists"].get(row["list"], {}).get("title", {}).get(day["language"], row["list"])
    return {**row, "name": name, "list_name": title, "now": row["rank_now"], "before": row["rank_before"]}


def talk_rows(
    tracks: Sequence[Mapping[str, str]], spoken_here: Iterable[tuple[str, str | None]]
) -> list[Mapping[str, str]]:
    """The talk-track rows of the lists and variants on this branch, each once, in the settings' order of parts."""
    known = {(row["list"], row["variant"]) for row in tracks}
    wanted = {(code, variant if (code, variant) in known else "default") for code, variant in spoken_here}
    rows = (row for row in tracks if (row["list"], row["variant"]) in wanted)
    return sorted(rows, key=lambda row: (row["list"], row["variant"]))


if __name__ == "__main__":
    render_part(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
