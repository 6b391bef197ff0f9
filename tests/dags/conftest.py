"""One Airflow for all DAG tests: its own home and database, set up once, before Airflow is first imported."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mingdan import airflow_local, settings
from mingdan.lock import RunLock

# Airflow reads these at import, so before any fixture runs.
FOLDER = tempfile.TemporaryDirectory(prefix="mingdan-airflow-")
HOME = settings.Home(Path(FOLDER.name), "", "")
(HOME.root / "airflow").mkdir()
os.environ.update(airflow_local.environment(HOME))


@dataclass
class Calls:
    """The steps of mingdan.day, replaced: what was called with which run, and what a step shall do instead."""

    made: list[tuple[str, Any]] = field(default_factory=list)
    instead: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    late: list[list[str]] = field(default_factory=list)  # what each look into the landing zone finds; then nothing

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.made]

    @property
    def run(self) -> Any:
        run = self.made[0][1]
        assert all(other == run for _, other in self.made), "every step must work on the same run"
        return run


@pytest.fixture(scope="session")
def airflow() -> Any:
    from mingdan import airflow_tasks

    airflow_tasks.set_up()
    return airflow_tasks


@pytest.fixture
def bank_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a bank's settings.yml and use it; the home is the test's own."""
    monkeypatch.setenv("MINGDAN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MINGDAN_SETTINGS", raising=False)

    def use(text: str) -> None:
        folder = tmp_path / "settings"
        folder.mkdir(exist_ok=True)
        (folder / "settings.yml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("MINGDAN_SETTINGS", str(folder))

    return use


@pytest.fixture
def calls(airflow: Any, bank_settings: Any, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Fake steps that take the real run lock, as the real ones do."""
    from mingdan import day

    recorded = Calls()

    def fake(name: str) -> Callable[[Any], dict[str, Any]]:
        def step(run: Any) -> dict[str, Any]:
            with RunLock(settings.home(), run.run_id, keep=name not in ("publish", "build_ahead")):
                recorded.made.append((name, run))
                return recorded.instead.get(name, lambda: {"warnings": []})()

        return step

    for name in [each.__name__ for each in (*day.STEPS, day.build_ahead)]:
        monkeypatch.setattr(day, name, fake(name))
    monkeypatch.setattr(airflow, "late_sources", lambda as_of: recorded.late.pop(0) if recorded.late else [])
    monkeypatch.setattr(airflow, "POLL_SECONDS", 0.001)
    return recorded


@pytest.fixture
def daily_lists(airflow: Any) -> Any:
    """The DAG as Airflow finds it in dags/."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(settings.PROJECT / "dags"))
    assert bag.import_errors == {} and sorted(bag.dags) == ["daily_lists", "hand_over_outcomes"]
    return bag.dags["daily_lists"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The notices that were sent."""
    from mingdan import notices

    sent: list[Any] = []
    monkeypatch.setattr(notices, "send", lambda notice, targets: sent.append(notice) or [])
    yield sent


@dataclass
class Finished:
    run: Any

    @property
    def state(self) -> str:
        return str(self.run.state)

    @property
    def tasks(self) -> dict[str, str]:
        return {each.task_id: str(each.state) for each in self.run.get_task_instances()}


@pytest.fixture
def run_dag(daily_lists: Any, calls: Calls) -> Callable[..., Finished]:
    def run(at: str, **conf: Any) -> Finished:
        return Finished(daily_lists.test(logical_date=datetime.fromisoformat(at), run_conf=conf))

    return run
