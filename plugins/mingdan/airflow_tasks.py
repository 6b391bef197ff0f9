"""What the DAG calls: one day's steps under Airflow, the wait for the sources, notices, and setting Airflow up.

Airflow reads its environment when it is first imported: `mingdan.airflow_local` sets it and then calls here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import BaseOperator, Context, Param, XComArg, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from mingdan import notices, settings
from mingdan.settings import PROJECT

if TYPE_CHECKING:
    from mingdan.day import Run

log = logging.getLogger("mingdan.airflow")
POOL = "duckdb"  # one slot: the warehouse file has one writer
POLL_SECONDS = 60.0
PARAMS = {
    "as_of": Param(None, type=["null", "string"], format="date", description="the business date of a manual run"),
    "publish": Param(None, type=["null", "boolean"], description="empty: yes, but not in a back-fill"),
    "lists": Param(None, type=["null", "array"], items={"type": "string"}, description="only these lists"),
    "known_by": Param(None, type=["null", "string"], format="date", description="only files known by then"),
}


# One step


def step(task_id: str, *names: str, **options: Any) -> XComArg:
    """A task that runs functions of mingdan.day (by default the one of its own name) in the one-slot pool."""
    return task(task_id=task_id, pool=POOL, **options)(run_steps)(*(names or (task_id,)))


def run_steps(*names: str) -> dict[str, Any]:
    """Run functions of mingdan.day for the current DAG run, in order; their summaries by name.

    Warnings are told at once. Our own errors name what must be mended, so a retry would only repeat them: they fail the
    task for good. Anything else (a full disk, a store that does not answer) is left to Airflow's retry."""
    from mingdan import day

    context = get_current_context()
    run, summaries = run_of(context), {}
    for name in names:
        begun = time.monotonic()
        try:
            summaries[name] = getattr(day, name)(run)
        except Exception as error:
            if is_ours(error) and not isinstance(error, OSError):
                raise AirflowFailException(str(error)) from error
            raise
        said = ", ".join(f"{key} {value}" for key, value in summaries[name].items() if key not in ("step", "warnings"))
        log.info("%s of %s, %.1f s: %s", name, run.as_of, time.monotonic() - begun, said)
        if warnings := summaries[name].get("warnings"):
            tell("warning", context, tuple(warnings))
    return summaries


def run_of(context: Context) -> Run:
    """The day that a DAG run builds. A back-fill publishes only when its configuration says `publish: true`, and a run
    of some lists never does."""
    from mingdan import day

    params, dag_run = context["params"], context["dag_run"]
    publish = dag_run.run_type != "backfill" if params["publish"] is None else params["publish"]
    return day.Run(
        as_of=business_date(context),
        run_id=dag_run.run_id,
        publish=publish and not params["lists"],
        lists=params["lists"],
        known_by=date.fromisoformat(params["known_by"]) if params["known_by"] else None,
    )


def business_date(context: Context) -> date:
    """The local start date of the run's data interval, or the param `as_of` of a manual run; never the clock."""
    given, kind = context["params"].get("as_of"), context["dag_run"].run_type
    if given and kind in ("scheduled", "backfill"):
        raise AirflowFailException(
            f"param as_of: expected none, as a {kind.value} run takes the date from its interval; found {given}."
        )
    if given:
        return date.fromisoformat(given)
    start = context.get("data_interval_start")
    if start is None:
        raise AirflowFailException("param as_of: expected a date, as this run has no data interval; found none.")
    local = start.astimezone(ZoneInfo(settings.load()["time_zone"]))
    return date(local.year, local.month, local.day)  # a plain date: pendulum's reckons differently


def is_ours(error: BaseException) -> bool:
    return type(error).__module__.startswith("mingdan.")


@task(task_id="hand_over")
def hand_over() -> dict[str, Any]:
    """Deliver to the landing zone what was reported in the portal on the day of the run's interval."""
    from mingdan.portal import handover

    try:
        return handover.hand_over_day(business_date(get_current_context()))
    except Exception as error:
        if is_ours(error) and not isinstance(error, OSError):
            raise AirflowFailException(str(error)) from error
        raise


# Waiting for the sources


def late_sources(as_of: date) -> list[str]:
    """The required tables whose files for the business date are not all there yet."""
    from mingdan import contract, landing

    bank = settings.load()
    return landing.required_ready(settings.home(bank), bank, contract.load_contract(), as_of)


class WaitForSources(BaseOperator):
    """Done when every required table of the business date has landed; waits in the triggerer, not on a worker.

    Fails, naming the late tables, after `wait_for_sources_hours` of the settings."""

    def execute(self, context: Context) -> None:
        as_of = business_date(context)
        late = late_sources(as_of)
        if not late:
            return
        hours = settings.load()["wait_for_sources_hours"]
        log.info("Waiting at most %s hours for %s of %s.", hours, ", ".join(late), as_of)
        deadline = datetime.now(UTC) + timedelta(hours=hours)
        self.defer(trigger=SourcesLanded(as_of.isoformat(), deadline.isoformat()), method_name="landed")

    def landed(self, context: Context, event: dict[str, Any]) -> None:
        if event["late"]:
            raise AirflowFailException(
                f"wait_for_sources: expected every required table of {business_date(context)} within "
                f"{settings.load()['wait_for_sources_hours']} hours; still not there: {', '.join(event['late'])}."
            )


class SourcesLanded(BaseTrigger):
    """Looks into the landing zone each minute; its event names the tables still late at the deadline, or none."""

    def __init__(self, as_of: str, deadline: str, every: float | None = None):
        super().__init__()
        self.as_of, self.deadline, self.every = as_of, deadline, every or POLL_SECONDS

    def serialize(self) -> tuple[str, dict[str, Any]]:
        kwargs = {"as_of": self.as_of, "deadline": self.deadline, "every": self.every}
        return "mingdan.airflow_tasks.SourcesLanded", kwargs

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while True:
            try:
                late = await asyncio.to_thread(late_sources, date.fromisoformat(self.as_of))
            except OSError as error:  # a store that does not answer now may answer in a minute
                late = [f"the landing zone cannot be read ({type(error).__name__})"]
            if not late or datetime.now(UTC) >= datetime.fromisoformat(self.deadline):
                yield TriggerEvent({"late": late})
                return
            await asyncio.sleep(self.every)


# Notices


def tell_failure(context: Context) -> None:
    """Airflow's on_failure_callback. Errors that are not ours may quote values: of those, only the kind is told."""
    error = context.get("exception")
    ours = isinstance(error, AirflowFailException) or (isinstance(error, Exception) and is_ours(error))
    kind = type(error).__name__ if isinstance(error, BaseException) else "the task's process ended"
    tell("failure", context, (str(error) if ours else f"{kind}: see the task's log for the reason.",))


def tell(level: str, context: Context, lines: tuple[str, ...]) -> None:
    try:
        as_of = business_date(context).isoformat()
    except AirflowFailException:
        as_of = "unknown"
    run_id = context["dag_run"].run_id
    notices.send(notices.Notice(level, context["ti"].task_id, as_of, run_id, lines), settings.load()["notices"])


# Setting Airflow up


def set_up() -> None:
    """Create or upgrade Airflow's database and the pool that the DAG's tasks run in; safe to repeat."""
    from airflow.models.pool import Pool
    from airflow.utils.db import upgradedb

    upgradedb()
    Pool.create_or_update_pool(POOL, slots=1, description="The warehouse file has one writer.", include_deferred=False)


def set_password(user: str, password: str) -> None:
    """Give a user of Airflow's simple auth manager a password; the file is the service user's alone."""
    from airflow.configuration import conf

    path = Path(conf.get("core", "simple_auth_manager_passwords_file"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({user: password}), encoding="utf-8")


def run_dag(as_of: date, conf: dict[str, Any]) -> dict[str, str]:
    """The DAG itself, in this process, for the interval of a business date; the state of each task, in order."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    if bag.import_errors:
        raise ImportError(f"{PROJECT / 'dags'}: expected DAGs that import; found {bag.import_errors}")
    dag = bag.dags["daily_lists"]
    # At noon of the next day, the last complete interval is the one that starts on the business date.
    noon = datetime.combine(as_of + timedelta(days=1), datetime.min.time(), ZoneInfo(settings.load()["time_zone"]))
    finished = dag.test(logical_date=noon + timedelta(hours=12), run_conf=conf)
    states = {each.task_id: str(each.state) for each in finished.get_task_instances()}
    return {task_id: states[task_id] for task_id in (each.task_id for each in dag.topological_sort())}
