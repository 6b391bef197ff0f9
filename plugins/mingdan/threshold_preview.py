"""What other thresholds would do to a list: who comes on, who goes, and what it costs the others.

The day's warehouse is copied, and on the copy only those models are built again whose SQL the thresholds change, with
all that leads from them to the decisions. Nothing that was built or published is touched."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from mingdan import catalog, day
from mingdan.lock import RunLock
from mingdan.preview import counted
from mingdan.settings import Home, Settings
from mingdan.warehouse import Warehouse

DECIDED = "+decisions"
LOOKED_AT = [f"{DECIDED},resource_type:model", "path:models/segments", "path:models/reports"]


def tell(home: Home, settings: Settings, code: str, as_of: date, asked: list[str], run_id: str) -> Iterator[str]:
    """Lines of plain words about a list with other thresholds on a built business date.

    Raises ValueError for a threshold that is not there or no number, LookupError for a list that is not there or off,
    and for a day that is not the one the warehouse holds; RunLocked while a run is under way."""
    if settings.engine != "duckdb":
        raise ValueError("the preview of a threshold works on a copy of the warehouse; expected engine duckdb.")
    if code not in catalog.entries():
        raise LookupError(f"no list {code!r}; known lists are {', '.join(catalog.list_names())}.")
    changed = dict(changed_threshold(settings, text) for text in asked)
    home.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".preview-") as folder:
        scratch = replace(home, root=Path(folder))
        with RunLock(home, run_id):  # a run under way would change the warehouse while it is copied
            state = day.state_of(home)
            expect(state, code, as_of, settings)
            scratch.warehouse.mkdir()
            shutil.copyfile(Warehouse(home, settings).path, Warehouse(scratch, settings).path)
            variables = state["candidate_variables"]
            variables |= {"thresholds": variables["thresholds"] | changed}
            copy = Warehouse(scratch, settings)
            before = decided(copy, as_of)
            touched = copy.changed(LOOKED_AT, variables, Warehouse(home, settings).compiled)
        if touched:
            rebuild = [f"{model}+,{DECIDED}" for model in touched]
            day.built(copy.build(rebuild, variables, exclude=["resource_type:test"]))
        after = decided(copy, as_of)
    title = f"{catalog.entries()[code].title('zh')} {catalog.entries()[code].title('en')} ({code})"
    said = ", ".join(
        f"{name} {values['enter']} instead of {settings.thresholds[name]['enter']}" for name, values in changed.items()
    )
    yield f"{title} on business date {as_of}, with {said}"
    yield from compared(code, before, after)
    yield f"models it changes: {', '.join(touched) or 'none'}"


def changed_threshold(settings: Settings, text: str) -> tuple[str, dict[str, Any]]:
    """`name=value` as the threshold's two values; to stay on a list keeps its distance from coming on it."""
    name, _, value = text.partition("=")
    known = settings.thresholds.get(name)
    if known is None:
        raise ValueError(f"threshold {name!r}: expected one of thresholds.csv; see docs/settings.md.")
    try:
        enter = int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        raise ValueError(f"threshold {name}: expected name=value with a number; found {text!r}.") from None
    if known["keep"] == known["enter"]:
        return name, {"enter": enter, "keep": enter}
    keep = enter * known["keep"] / known["enter"] if known["enter"] else known["keep"]
    return name, {"enter": enter, "keep": round(keep, 6)}


def expect(state: dict[str, Any], code: str, as_of: date, settings: Settings) -> None:
    """The warehouse must hold that day, decided, with these settings and the list on."""
    run_first = f"run `mingdan run --as-of {as_of} --no-publish` first"
    if state.get("as_of") != str(as_of) or "lead_checks" not in state:
        raise LookupError(
            f"the warehouse holds business date {state.get('as_of', 'none')}; expected {as_of}, built: {run_first}."
        )
    if state["settings_version"] != settings.version:
        raise LookupError(f"business date {as_of} was built with other settings than today's: {run_first}.")
    if code not in state["candidate_variables"]["lists"]:
        why = state["off"].get(code, "its SQL failed")
        raise LookupError(f"list {code} is not on for business date {as_of}: {why}.")


def decided(warehouse: Warehouse, as_of: date) -> dict[tuple[str, str], dict[str, Any]]:
    """Every candidate's state by list and subject."""
    warehouse.expect("decisions", as_of)
    rows = warehouse.query(
        # of a candidate that was not placed the home branch is told, which may have closed
        "select list, subject_id, coalesce(homes.branch_id, decisions.branch_id) as branch_id, state, reason "
        "from decisions left join branch_homes as homes on decisions.branch_id = homes.unit_id "
        "where state <> 'not_a_candidate'"
    ).to_pylist()
    return {(row["list"], row["subject_id"]): row for row in rows}


Decided = dict[tuple[str, str], dict[str, Any]]


def compared(code: str, before: Decided, after: Decided) -> Iterator[str]:
    """The list's own gains and losses, then what the other lists lose or win by them."""
    was, now = ({key for key in rows if key[0] == code} for rows in (before, after))
    added, gone = [after[key] for key in now - was], [before[key] for key in was - now]
    waiting = sum(row["state"] in ("waiting", "central_channel") for row in added)
    yield f"candidates: {len(was)} today, {len(now)} then: {len(added)} added, {len(gone)} gone"
    yield f"of the added {waiting} exceed capacity"
    yield from counted("what becomes of the added", Counter(f"{row['state']} ({row['reason']})" for row in added))
    yield from counted("added by branch", Counter(row["branch_id"] or "no branch" for row in added))
    yield from counted("gone by branch", Counter(row["branch_id"] or "no branch" for row in gone))
    listed_then = {key for key, row in after.items() if row["state"] == "listed"}
    lost = [key for key, row in before.items() if row["state"] == "listed" and key not in listed_then]
    won = listed_then - {key for key, row in before.items() if row["state"] == "listed"}
    yield f"leads of its own: {sum(key[0] == code for key in won)} new, {sum(key[0] == code for key in lost)} no more"
    yield from counted("leads it takes from other lists", Counter(each for each, _ in lost if each != code))
    yield from counted("leads that other lists win", Counter(each for each, _ in won if each != code))
    others = Counter(each for each, _ in set(before) ^ set(after) if each != code)
    if others:
        yield from counted("candidates of other lists that change", others)
