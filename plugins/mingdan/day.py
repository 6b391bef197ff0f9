"""One business day, step by step. The DAG and `mingdan run` call these same functions in this order:

accept → check_sources → prepare → candidates → check_candidates → deliver → check_leads → publish

and after it build_ahead, which `mingdan run` leaves to `mingdan build-ahead`: what needs no file of the next day.
Each step takes the run lock, checks that the warehouse holds its own run, and may be run again at any time: a step
does all of its work anew. What the steps tell each other stands in warehouse/run.json."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial, wraps
from typing import Any

import pyarrow as pa

from mingdan import ahead, catalog, checks, clusters, dictionary, landing, pay, publishing, reports
from mingdan import settings as settings_module
from mingdan.contract import Contract, load_contract
from mingdan.edition import edition, worked_leads
from mingdan.lock import RunLock
from mingdan.settings import Home, Settings
from mingdan.spark_warehouse import SparkWarehouse
from mingdan.stores import Store
from mingdan.warehouse import MEMORY, BuildError, BuildResult, StaleTable, Warehouse, rows_of

log = logging.getLogger(__name__)

EARLIER = "path:models/earlier"
PREPARE = ["resource_type:seed", "path:models/staging", EARLIER, "path:models/facts", "path:models/labels"]
CANDIDATES = ["path:models/segments", "path:models/lists", "path:models/candidates"]
DELIVER = ["path:models/delivery", "path:models/reports", "path:models/review"]


class ChecksFailed(RuntimeError):
    """A check that stops the day; names the suites and rules that failed, with counts."""


@dataclass(frozen=True)
class Run:
    """What was asked: the business date, and whether and what to publish. `run_id` tells one run from another."""

    as_of: date
    run_id: str
    publish: bool = True
    lists: list[str] | None = None
    known_by: date | None = None

    @property
    def list_date(self) -> date:
        return self.as_of + timedelta(days=1)


@dataclass
class Day:
    """A run at work: where it works, with which settings, and what its earlier steps found."""

    run: Run
    home: Home
    settings: Settings
    contract: Contract
    warehouse: Warehouse
    state: dict[str, Any] = field(default_factory=dict)

    def remember(self, **found: Any) -> None:
        self.state |= found
        path = self.home.warehouse / "run.json"
        aside = path.with_suffix(".tmp")
        aside.write_text(json.dumps(self.state, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
        aside.replace(path)

    @property
    def variables(self) -> dict[str, Any]:
        return self.state["variables"]

    @property
    def off(self) -> dict[str, str]:
        """Lists that are off today, with the reason."""
        return self.state["off"]


Summary = dict[str, Any]


def step(first: bool = False, last: bool = False) -> Callable[[Callable[[Day], Summary]], Callable[[Run], Summary]]:
    """Wrap a step: the lock is held while it works and kept for the next one; only the first may meet a foreign run's
    leftovers in the warehouse."""

    def wrap(work: Callable[[Day], Summary]) -> Callable[[Run], Summary]:
        @wraps(work)
        def locked(run: Run) -> Summary:
            settings = settings_module.load()
            home = settings_module.home(settings)
            with RunLock(home, run.run_id, keep=not last):
                engine = SparkWarehouse if settings.engine == "spark" else Warehouse
                day = Day(run, home, settings, load_contract(), engine(home, settings))
                if not first:
                    day.state = own_state(day)
                log.info("%s: business date %s, run %s", work.__name__, run.as_of, run.run_id)
                return {"step": work.__name__, "warnings": [], **work(day)}

        return locked

    return wrap


def state_of(home: Home) -> dict[str, Any]:
    """What the last run's steps left for each other; empty before the first."""
    path = home.warehouse / "run.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def own_state(day: Day) -> dict[str, Any]:
    path, found = day.home.warehouse / "run.json", state_of(day.home)
    wanted = {"run_id": day.run.run_id, "as_of": str(day.run.as_of), "settings_version": day.settings.version}
    for key, value in wanted.items():
        if found.get(key) != value:
            raise StaleTable(
                f"the warehouse ({path}) was last used with {key} {found.get(key)}; expected {value}. "
                "Start the day again from its first step (accept)."
            )
    return found


@step(first=True)
def accept(day: Day) -> Summary:
    """Take in what the bank has landed, check its structure, and open a new warehouse over it."""
    run = day.run
    catalog.validate(day.settings)
    reports.entries()  # a report whose entry is not whole would only show when the day is published
    unknown = sorted(set(run.lists or ()) - set(catalog.entries()))
    if unknown:
        raise catalog.CatalogError(f"no list {unknown[0]!r}; known lists are {', '.join(catalog.list_names())}.")
    (day.home.warehouse / "run.json").unlink(missing_ok=True)
    report = landing.check_sources(day.home, day.settings, day.contract, run.as_of, known_by=run.known_by)
    report.raise_for_errors()
    absent = {name for name, table in report.tables.items() if table.status in ("absent", "late_off")}
    off = lists_off(day.settings, absent, report)
    if run.lists is not None:
        off |= {
            code: "not asked for in this run" for code in catalog.entries() if code not in run.lists and code not in off
        }
    files = {name: report.files(name) for name in day.contract.tables}
    calendar = files["core.calendar"][-1:]  # the newest
    working, previous, following = working_days(run, rows_of(day.contract.tables["core.calendar"], calendar))
    dates = {
        "as_of": str(run.as_of),
        "list_date": str(run.list_date),
        "previous_business_date": str(previous),
        "history_starts_on": str(day.settings.history_starts_on or report.history_starts_on),
    }
    earlier = day.warehouse.start_afresh(run.as_of, partial(ahead.rests_on, day.settings, run.as_of, dates, files))
    day.warehouse.register_sources(day.contract, files)
    day.remember(
        run_id=run.run_id,
        as_of=str(run.as_of),
        asked={"publish": run.publish, "lists": run.lists, "known_by": run.known_by},
        settings_version=day.settings.version,
        off=off,
        is_working_day=working,
        next_list_date=str(following),
        sources=report.to_rows(),
        stale=sorted(name for name, table in report.tables.items() if table.status == "stale"),
        variables=day.settings.dbt_vars()
        | dates
        | {
            "lists": [code for code in catalog.entries() if code not in off],
            "segments": catalog.segment_names(),
            "label_families": catalog.label_families(),
            "success_rules": catalog.success_rules(),
            "preference_centroids": clusters.centroids(day.home, run.as_of),
        }
        | ({"earlier_to": str(run.as_of - timedelta(days=1)), "late_to": earlier.late_to} if earlier else {}),
    )
    return {
        "built_ahead": earlier is not None,
        "tables": len(report.tables),
        "off": off,
        "warnings": [str(each) for each in report.problems if each.severity == "warning"],
    }


def lists_off(settings: Settings, absent: set[str], report: Any) -> dict[str, str]:
    """Lists that cannot or shall not be built, and why."""
    off = dict.fromkeys(settings.lists_off, "switched off in settings (lists_off)")
    for code, entry in catalog.entries().items():
        missing = [name for name in entry.meta["needs"] if name in absent]
        if missing and code not in off:
            off[code] = f"needs {', '.join(missing)}: {report.tables[missing[0]].status.replace('_', ' ')}"
    return off


def working_days(run: Run, calendar: pa.Table) -> tuple[bool, date, date]:
    """Whether the list date is a working day, the business date of the working day before it, and the one after it.

    By core.calendar where delivered, else Monday to Friday."""
    known = {row["cal_date"]: row["is_business_day"] for row in calendar.to_pylist()}

    def is_working(each: date) -> bool:
        return known.get(each, each.weekday() < 5)

    before, after = run.list_date - timedelta(days=1), run.list_date + timedelta(days=1)
    while not is_working(before):
        before -= timedelta(days=1)
    while not is_working(after):
        after += timedelta(days=1)
    return is_working(run.list_date), before - timedelta(days=1), after


@step()
def check_sources(day: Day) -> Summary:
    """Content checks on the sources, before anything is computed from them."""
    with day.warehouse.held_open():
        verdicts = checks.check_source_content(
            day.warehouse, day.contract, day.state["sources"], day.run.as_of, counts_published(day)
        )
    return gate(day, "source_checks", verdicts, "sources")


def counts_published(day: Day) -> checks.Counts:
    """What was counted on the newest published day before this one: a day that was only built leaves no memory."""
    dates = publishing.list_dates(Store(day.home.published))
    return checks.counts_before(day.home, day.run.as_of, {each - timedelta(days=1) for each in dates})


@step()
def prepare(day: Day) -> Summary:
    """Seeds, staging, facts, labels; of earlier days what was not built ahead."""
    return built(day.warehouse.build(PREPARE, day.variables, [EARLIER] if "earlier_to" in day.variables else None))


@step()
def candidates(day: Day) -> Summary:
    """Segments, lists and their union. A list whose SQL fails is left out, withheld, and the layer built again."""
    variables = dict(day.variables)
    result = day.warehouse.build(CANDIDATES, variables)
    broken = {name.removeprefix("list_"): why for name, why in result.failed.items() if name.startswith("list_")}
    broken = {code: why for code, why in broken.items() if code in variables["lists"]}
    if broken:
        variables["lists"] = [code for code in variables["lists"] if code not in broken]
        result = day.warehouse.build(CANDIDATES, variables)
    day.remember(candidate_variables=variables, broken=broken)
    summary = built(result)
    summary["warnings"] += [f"list {code} withheld: {why}" for code, why in broken.items()]
    return summary


@step()
def check_candidates(day: Day) -> Summary:
    """Checks on each list's candidates: a list that fails a critical one is withheld, the others go on."""
    lists = day.state["candidate_variables"]["lists"]
    with day.warehouse.held_open():
        verdicts = checks.check_candidates(day.warehouse, lists, day.run.as_of, counts_published(day))
    withheld = {each.subject: ", ".join(failure.rule for failure in each.failures if failure.severity == "critical")
                for each in verdicts if each.verdict == "failed"}  # fmt: skip
    checks.write_data_docs(verdicts, day.home.logs / "data_docs" / str(day.run.as_of))
    day.remember(candidate_checks=[each.to_manifest() for each in verdicts], withheld=withheld)
    said = [f"{each.suite}: {failure.rule} ({failure.count} of {failure.of}, {failure.severity})"
            for each in verdicts for failure in each.failures]  # fmt: skip
    return {"withheld": withheld, "warnings": said}


@step()
def deliver(day: Day) -> Summary:
    """Eligibility, control group, arbitration, capacity, owner; reports; history."""
    day.warehouse.register_memory(remembered(day), sorted(day.state["withheld"].items()))
    summary = built(day.warehouse.build([*DELIVER, *pay.models(day.settings)], day.state["candidate_variables"]))
    day.warehouse.keep_history(day.run.as_of)
    pay.keep(day.warehouse, day.home, day.settings, day.run.as_of)
    clusters.refit(day.warehouse, day.home, day.run.as_of)
    dictionary.write_dictionary(day.home, day.run.as_of, str(day.settings.memory))
    return summary


def remembered(day: Day) -> dict[str, list[str]]:
    """Published files by the table of memory that reads them: every lead as it was last, the decisions whose success is
    judged today, and the leads of the quarter (of the last week at least)."""
    store, as_of = Store(day.home.published), day.run.as_of
    judged = [as_of - timedelta(days=rule["within_days"]) for rule in catalog.success_rules().values()]
    quarter = date(as_of.year, (as_of.month - 1) // 3 * 3 + 1, 1)
    previous = date.fromisoformat(day.variables["previous_business_date"])
    since = min(quarter, as_of - timedelta(days=6), previous)
    recent = [since + timedelta(days=number) for number in range((as_of - since).days + 1)]
    wanted = (
        ("matured_decisions", "decisions", judged),
        ("published_leads", "leads", recent),
    )
    scratch = day.home.warehouse / "memory"
    leads = publishing.memory_of_leads(store, day.run.list_date, list(MEMORY["published_decisions"][0]), scratch)
    return {"published_decisions": list(map(str, leads))} | {
        name: [str(path) for path in publishing.history_of_leads(store, day.run.list_date, table, scratch, only)]
        for name, table, only in wanted
    }


@step()
def check_leads(day: Day) -> Summary:
    """Checks on what would be published. A failure here is ours, not a list's: nothing is published."""
    with day.warehouse.held_open():
        verdicts = checks.check_leads(day.warehouse, day.run.as_of, day.run.list_date)
    return gate(day, "lead_checks", verdicts, "leads")


@step(last=True)
def publish(day: Day) -> Summary:
    """Publish the day as a revision, unless it is no list day, was built only, or equals what stands."""
    run = day.run
    if not run.publish:
        return {"published": False, "why": f"not published: {run.as_of} was built only, as asked"}
    if not day.state["is_working_day"]:
        return {"published": False, "why": f"not published: {run.list_date} is no working day"}
    keep = worked_leads(day.settings, day.home, run.list_date)
    with day.warehouse.held_open():
        made = edition(day)
    scratch = day.home.warehouse / "publication"
    shutil.rmtree(scratch, ignore_errors=True)  # a publication that was killed leaves its files, with names and mobiles
    scratch.mkdir()
    outcome = publishing.publish(Store(day.home.published), made, {"run_id": run.run_id}, keep, scratch=scratch)
    return {"published": outcome.published, "revision": outcome.revision, "why": outcome.why}


@step(last=True)
def build_ahead(day: Day) -> Summary:
    """Build what the next business date needs of the days up to this one. What is published does not hang on it."""
    if "lead_checks" not in day.state:
        as_of = day.run.as_of
        raise LookupError(f"business date {as_of} is not built to its end; run `mingdan run --as-of {as_of}` first.")
    if why := not_built_ahead(day):
        return {"built_ahead": False, "why": f"nothing built ahead: {why}"}
    as_of, variables = day.run.as_of, dict(day.variables)
    if day.state["is_working_day"]:
        variables["previous_business_date"] = str(as_of)
    read = {
        f"{row['source']}.{row['table']}": row["biz_date"]
        for row in day.state["sources"]
        if row["status"] in ("ok", "stale")
    }
    late_to = {name: read[name] for name in ahead.MAY_BE_LATE if name in read}
    result = ahead.build(day.home, day.settings, day.contract, as_of, variables, late_to)
    if result is None:
        return {"built_ahead": False, "why": "nothing built ahead: what stands, for the next day or a later one, holds"}
    return built(result) | {"built_ahead": True, "why": f"built ahead for {day.run.list_date}"}


def not_built_ahead(day: Day) -> str:
    """Why not, if so: it is for the day that comes next, not for trials and days long past."""
    if not day.settings.build_ahead:
        return "switched off in settings (build_ahead)"
    if day.settings.engine == "spark":
        return "engine spark makes each day whole"
    if not day.run.publish or day.run.lists or day.run.known_by:
        return "the day was not to be published"
    return ""


def last_run(home: Home) -> Run:
    """The run whose day the warehouse holds. Raises LookupError where there is none."""
    state = state_of(home)
    if "asked" not in state:  # no run, or one of a version that did not write it down
        raise LookupError(f"no day stands in {home.warehouse}; run `mingdan run --as-of DATE` first.")
    known_by = state["asked"]["known_by"]
    return Run(
        as_of=date.fromisoformat(state["as_of"]),
        run_id=state["run_id"],
        publish=state["asked"]["publish"],
        lists=state["asked"]["lists"],
        known_by=date.fromisoformat(known_by) if known_by else None,
    )


# a day until its publication; build_ahead comes after it
STEPS = (accept, check_sources, prepare, candidates, check_candidates, deliver, check_leads, publish)


def run_day(run: Run) -> Iterator[Summary]:
    """The whole day in one process, one summary a step; the lock is this process's from the first step to the last."""
    with RunLock(settings_module.home(), run.run_id):
        for each in STEPS:
            yield each(run)


def built(result: BuildResult) -> Summary:
    """Raise for what failed in a layer, say what warned."""
    if result.failed:
        said = "; ".join(f"{name} ({why})" for name, why in result.failed.items())
        raise BuildError(f"{len(result.failed)} of the layer's models or tests failed: {said}")
    return {"models": len(result.seconds), "warnings": [f"{name}: {why}" for name, why in result.warned.items()]}


def gate(day: Day, key: str, verdicts: list[checks.Verdict], what: str) -> Summary:
    day.remember(**{key: [each.to_manifest() for each in verdicts]})
    checks.write_data_docs(verdicts, day.home.logs / "data_docs" / str(day.run.as_of))
    said = [
        f"{each.suite}: {failure.rule} ({failure.count} of {failure.of})"
        for each in verdicts
        for failure in each.failures
    ]
    failed = [each for each in verdicts if each.verdict == "failed"]
    if failed:
        raise ChecksFailed(f"checks on the {what} failed, the day stops here: {'; '.join(said)}")
    return {"suites": len(verdicts), "warnings": said}
