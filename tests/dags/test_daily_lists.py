"""The DAG daily_lists: order, dates, publishing, failures, notices, and safety when a task is run again."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from mingdan import settings
from mingdan.lock import RunLock

STEPS = [
    "accept", "check_sources", "prepare", "candidates", "check_candidates", "deliver", "check_leads", "publish",
    "build_ahead",
]  # fmt: skip
TASKS = ["wait_for_sources", "accept_and_check_sources", *STEPS[2:]]
AFTER = "2026-07-01T12:00:00+08:00"  # the interval of 30 June is complete then


# What a run does


def test_the_steps_run_in_the_order_of_a_day_and_each_after_the_one_before(run_dag, calls, daily_lists) -> None:
    finished = run_dag(AFTER)
    assert finished.state == "success" and set(finished.tasks.values()) == {"success"}
    assert calls.names == STEPS
    assert [each.task_id for each in daily_lists.topological_sort()] == TASKS
    for before, after in zip(TASKS, TASKS[1:], strict=False):
        assert daily_lists.get_task(after).upstream_task_ids == {before}


def test_every_step_that_opens_the_warehouse_waits_for_the_one_slot_of_its_pool(daily_lists, airflow) -> None:
    from airflow.models.pool import Pool

    assert Pool.get_pool("duckdb").slots == 1
    assert {daily_lists.get_task(name).pool for name in TASKS[1:]} == {"duckdb"}
    assert daily_lists.get_task("wait_for_sources").pool != "duckdb"
    assert daily_lists.max_active_runs == 1 and daily_lists.catchup is False


def test_the_run_ends_without_a_lock_and_publishes_the_asset(run_dag, calls, daily_lists) -> None:
    run_dag(AFTER)
    assert not (settings.home().root / "run.lock").exists()
    assert [each.name for each in daily_lists.get_task("publish").outlets] == ["mingdan_lists"]


# The business date


@pytest.mark.parametrize(
    ("moment", "as_of"),
    [
        ("2026-06-30T21:00:00+00:00", "2026-06-30"),  # 05:00 in Shanghai on 1 July: the run of 30 June fires
        ("2026-07-01T20:59:59+00:00", "2026-06-30"),  # a second before the next one
        ("2026-07-01T21:00:00+00:00", "2026-07-01"),
        ("2026-06-30T23:59:00+00:00", "2026-06-30"),  # either side of UTC midnight: the same
        ("2026-07-01T00:01:00+00:00", "2026-06-30"),
        ("2026-07-01T00:01:00+08:00", "2026-06-29"),  # after local midnight, before 05:00: still the day before
        ("2024-03-01T12:00:00+08:00", "2024-02-29"),
        ("2026-01-01T05:00:00+08:00", "2025-12-31"),
    ],
)
def test_as_of_is_the_local_start_date_of_the_interval(run_dag, calls, moment: str, as_of: str) -> None:
    run_dag(moment)
    assert calls.run.as_of == date.fromisoformat(as_of) and type(calls.run.as_of) is date


def test_the_schedule_meets_each_date_once_in_shanghai(airflow, daily_lists) -> None:
    assert intervals(daily_lists, "2026-02-25T21:00:00+00:00", 5) == [
        ("2026-02-26", "2026-02-26T21:00:00+00:00"),
        ("2026-02-27", "2026-02-27T21:00:00+00:00"),
        ("2026-02-28", "2026-02-28T21:00:00+00:00"),
        ("2026-03-01", "2026-03-01T21:00:00+00:00"),
        ("2026-03-02", "2026-03-02T21:00:00+00:00"),
    ]


def test_the_schedule_meets_each_date_once_where_clocks_change(airflow, bank_settings) -> None:
    from airflow.dag_processing.dagbag import DagBag

    bank_settings("time_zone: Europe/Prague\n")
    dag = DagBag(dag_folder=str(settings.PROJECT / "dags")).dags["daily_lists"]
    for month, first, hours in (("2026-03", 27, ["04", "03", "03", "03"]), ("2026-10", 23, ["03", "04", "04", "04"])):
        found = intervals(dag, f"{month}-{first}T00:00:00+00:00", 4)
        assert [as_of for as_of, _ in found] == [f"{month}-{first + n}" for n in range(4)]
        assert [fires[11:13] for _, fires in found] == hours, "05:00 by the bank's clocks, told in UTC"


def intervals(dag: Any, since: str, count: int) -> list[tuple[str, str]]:
    """The (as_of, moment it fires) of the scheduler's next runs."""
    from airflow.sdk import timezone
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction
    from mingdan import airflow_tasks

    timetable = coerce_to_core_timetable(dag.timetable)
    restriction = TimeRestriction(earliest=timezone.parse(since), latest=None, catchup=True)
    found, last = [], None
    for _ in range(count):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = info.data_interval
        run = type("DagRun", (), {"run_type": "scheduled"})
        context = {"params": {"as_of": None}, "dag_run": run, "data_interval_start": last.start}
        as_of = airflow_tasks.business_date(context).isoformat()
        found.append((as_of, info.run_after.astimezone(UTC).isoformat()))
    return found


def test_a_manual_run_builds_the_date_of_its_param_and_passes_the_others_on(run_dag, calls) -> None:
    finished = run_dag(AFTER, as_of="1993-09-30", known_by="1993-10-15", lists=["idle_funds"])
    run = calls.run
    assert finished.state == "success"
    assert (run.as_of, run.known_by, run.lists) == (date(1993, 9, 30), date(1993, 10, 15), ["idle_funds"])
    assert run.publish is False, "a run of some lists is never published"
    assert run.run_id == finished.run.run_id


@pytest.mark.parametrize("conf", [{"as_of": "30.06.2026"}, {"publish": "yes"}, {"lists": "idle_funds"}])
def test_a_malformed_param_fails_before_any_step(run_dag, calls, conf: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        run_dag(AFTER, **conf)
    assert calls.names == []


# Publishing


def test_a_run_publishes_unless_it_is_told_not_to(run_dag, calls) -> None:
    run_dag(AFTER)
    assert calls.run.publish is True
    calls.made.clear()
    run_dag(AFTER, publish=False)
    assert calls.run.publish is False and calls.names == STEPS


@pytest.fixture
def back_fill(monkeypatch) -> None:
    """Let the next runs be a back-fill's, as Airflow marks them."""
    from airflow.models import dagrun

    create = dagrun.get_or_create_dagrun

    def create_marked(**given: Any) -> Any:
        run = create(**given)
        run.run_type = "backfill"
        given["session"].commit()
        return run

    monkeypatch.setattr(dagrun, "get_or_create_dagrun", create_marked)


def test_a_back_fill_builds_every_step_and_publishes_only_when_asked(run_dag, calls, back_fill) -> None:
    assert run_dag(AFTER).state == "success"
    assert calls.names == STEPS and calls.run.publish is False
    calls.made.clear()
    assert run_dag(AFTER, publish=True).state == "success"
    assert calls.run.publish is True


def test_a_back_fill_takes_its_dates_from_its_range_only(run_dag, calls, back_fill, told) -> None:
    finished = run_dag(AFTER, as_of="2026-06-01")
    assert finished.tasks["wait_for_sources"] == "failed" and calls.names == []
    assert "param as_of: expected none, as a backfill run" in told[0].lines[0]


# Failures


def ours() -> dict[str, Any]:
    from mingdan.landing import SourcesError

    raise SourcesError.__new__(SourcesError, "core.transactions: expected column amount; found none")


def test_a_failing_check_stops_the_day_before_delivery(run_dag, calls, told) -> None:
    calls.instead["check_candidates"] = ours
    finished = run_dag(AFTER)
    assert finished.state == "failed" and calls.names == STEPS[:5]
    assert finished.tasks["check_candidates"] == "failed"
    assert {finished.tasks[name] for name in TASKS[5:]} == {"upstream_failed"}
    assert not (settings.home().root / "run.lock").exists(), "the next run need not wait"


def test_an_error_of_ours_is_not_retried_and_anything_else_once(run_dag, calls, daily_lists, told) -> None:
    for name in TASKS:
        assert daily_lists.get_task(name).retries == 1
        daily_lists.get_task(name).retry_delay = timedelta(0)
    calls.instead["prepare"] = ours
    run_dag(AFTER)
    assert calls.names.count("prepare") == 1
    calls.made.clear()

    def broken() -> dict[str, Any]:
        raise OSError("no space left on device")

    calls.instead["prepare"] = broken
    finished = run_dag(AFTER)
    assert calls.names.count("prepare") == 2 and finished.tasks["prepare"] == "failed"
    assert len(told) == 2, "one notice a failed run, none for the attempt that is retried"
    calls.made.clear()
    calls.instead["prepare"] = iter_of(broken, lambda: {"warnings": []})
    assert run_dag(AFTER).state == "success"
    assert calls.names.count("prepare") == 2 and len(told) == 2


def test_what_was_published_stays_so_when_nothing_can_be_built_ahead(run_dag, calls, told) -> None:
    calls.instead["build_ahead"] = ours
    finished = run_dag(AFTER)
    assert finished.tasks["publish"] == "success" and finished.tasks["build_ahead"] == "failed"
    assert not (settings.home().root / "run.lock").exists()
    (notice,) = told
    assert notice.step == "build_ahead"


def iter_of(*answers: Any) -> Any:
    left = list(answers)
    return lambda: left.pop(0)()


def test_a_run_that_finds_another_under_way_fails_and_names_it(run_dag, calls, told) -> None:
    with RunLock(settings.home(), "cli-monday"):
        finished = run_dag(AFTER)
    assert finished.state == "failed" and calls.names == []
    assert "run cli-monday holds the lock" in told[0].lines[0]


def test_a_cleared_task_runs_again_on_the_same_run_and_the_rest_follows(run_dag, calls, daily_lists) -> None:
    from airflow.sdk.definitions.dag import _run_task
    from airflow.utils.session import create_session

    finished = run_dag(AFTER)
    first = calls.run
    for name in TASKS[5:]:
        with create_session() as session:
            instance = finished.run.get_task_instance(name, session=session)
            instance.set_state(None, session=session)
        _run_task(ti=instance, task=daily_lists.get_task(name))
    assert calls.names == STEPS + STEPS[5:] and calls.run == first
    assert not (settings.home().root / "run.lock").exists()


# Waiting for the sources


def test_late_sources_are_waited_for_outside_the_workers_and_then_the_day_begins(run_dag, calls) -> None:
    calls.late = [["core.accounts", "core.transactions"], ["core.transactions"], []]
    finished = run_dag(AFTER)
    assert finished.state == "success" and calls.late == [] and calls.names == STEPS


def test_at_the_deadline_the_notice_names_the_late_tables_and_nothing_runs(run_dag, calls, told, bank_settings) -> None:
    bank_settings("wait_for_sources_hours: 0\n")
    calls.late = [["core.accounts", "core.transactions"], ["core.transactions"]]
    finished = run_dag(AFTER)
    assert finished.tasks["wait_for_sources"] == "failed" and calls.names == []
    (notice,) = told
    assert notice.step == "wait_for_sources" and notice.as_of == "2026-06-30"
    assert "still not there: core.transactions." in notice.lines[0] and "0 hours" in notice.lines[0]


def test_the_trigger_survives_its_triggerer_with_the_same_deadline(airflow) -> None:
    trigger = airflow.SourcesLanded("2026-06-30", "2026-07-01T01:00:00+00:00", 5.0)
    path, kwargs = trigger.serialize()
    assert path == "mingdan.airflow_tasks.SourcesLanded" and json.dumps(kwargs)
    again = airflow.SourcesLanded(**kwargs)
    assert again.serialize() == (path, kwargs)


def test_a_landing_zone_that_does_not_answer_is_asked_again(airflow, monkeypatch) -> None:
    import asyncio

    answers = [OSError("no route to host"), []]

    def look(as_of: date) -> list[str]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(airflow, "late_sources", look)

    async def first_event() -> Any:
        deadline = datetime.now(UTC) + timedelta(hours=1)
        return await anext(airflow.SourcesLanded("2026-06-30", deadline.isoformat(), 0.001).run())

    assert asyncio.run(first_event()).payload == {"late": []} and answers == []


def test_an_empty_landing_zone_lacks_every_required_table(airflow, bank_settings) -> None:
    late = airflow.late_sources(date(2026, 6, 30))
    assert len(late) == 5 and all(
        any(name in said for said in late) for name in ("core.customers", "core.transactions")
    )


# Notices


def test_warnings_are_told_at_once_and_do_not_stop_the_day(run_dag, calls, told) -> None:
    calls.instead["check_sources"] = lambda: {"warnings": ["core.products: stale", "channels: late"]}
    finished = run_dag(AFTER)
    assert finished.state == "success"
    (notice,) = told
    assert (notice.level, notice.step, notice.as_of) == ("warning", "accept_and_check_sources", "2026-06-30")
    assert notice.lines == ("core.products: stale", "channels: late") and notice.run_id == calls.run.run_id


def test_a_failure_is_told_with_our_own_words(run_dag, calls, told) -> None:
    calls.instead["accept"] = ours
    run_dag(AFTER)
    (notice,) = told
    assert (notice.level, notice.step, notice.as_of) == ("failure", "accept_and_check_sources", "2026-06-30")
    assert notice.lines == ("core.transactions: expected column amount; found none",)


def test_what_a_foreign_error_quotes_stays_out_of_the_notice(run_dag, calls, daily_lists, told) -> None:
    def foreign() -> dict[str, Any]:
        raise ValueError("could not convert '王小明' to an integer")

    daily_lists.get_task("deliver").retries = 0
    calls.instead["deliver"] = foreign
    run_dag(AFTER)
    assert told[0].lines == ("ValueError: see the task's log for the reason.",)


def test_a_notice_that_cannot_be_sent_does_not_fail_the_run(run_dag, calls, bank_settings, caplog) -> None:
    bank_settings("notices: [{to: webhook, url_env: NOT_SET}]\n")
    calls.instead["prepare"] = lambda: {"warnings": ["one"]}
    with caplog.at_level(logging.ERROR, "mingdan.notices"):
        assert run_dag(AFTER).state == "success"
    assert "could not be sent to webhook" in caplog.text


# What the file itself costs


def test_parsing_the_dag_imports_nothing_heavy_and_the_file_reads_like_a_timetable() -> None:
    path = settings.PROJECT / "dags" / "daily_lists.py"
    parse = f"import runpy, sys; runpy.run_path({str(path)!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", parse], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "airflow.sdk" in loaded and "mingdan.airflow_tasks" in loaded
    heavy = {"dbt", "great_expectations", "pandas", "duckdb", "pyarrow", "mingdan.day", "mingdan.warehouse"}
    assert not loaded & heavy
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_the_page_of_the_dag_says_what_to_do_for_each_task(daily_lists) -> None:
    assert daily_lists.doc_md
    for name in TASKS:
        assert f"**{name}**" in daily_lists.doc_md


def test_no_other_python_file_of_the_plugins_folder_is_loaded_as_a_plugin(airflow) -> None:
    from airflow._shared.module_loading.file_discovery import find_path_from_directory

    found = {
        str(path) for path in find_path_from_directory(str(settings.PROJECT / "plugins"), ".airflowignore", "glob")
    }
    assert not [path for path in found if "/plugins/mingdan/" in path]
