"""docker-compose.yml without Docker: its file is valid, its image installs, its services finish a run of the DAG.

Commands, environment and health checks are read from docker-compose.yml and the Dockerfile; only host names, ports and
folders are exchanged for this machine's. Needs Debian's docker-compose and postgresql; fails where they are missing."""

from __future__ import annotations

import json
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from mingdan import airflow_local, settings
from mingdan.settings import PROJECT

from tests.services.native import Image, Postgres, as_json, compose, free_port, services, until, words

PROCESSES = ["api-server", "scheduler", "dag-processor", "triggerer", "portal"]


def test_the_compose_file_is_valid_once_the_env_file_is_filled_in(env_file: Path) -> None:
    done = compose(env_file, "config", "-q")
    assert done.returncode == 0, done.stderr
    assert set(services(env_file)) == {"postgres", "init", *PROCESSES}


def test_it_stops_and_names_each_secret_that_is_not_filled_in(env_file: Path, tmp_path: Path) -> None:
    lines = env_file.read_text(encoding="utf-8").splitlines()
    needed = ["POSTGRES_PASSWORD", "AIRFLOW_JWT_SECRET", "AIRFLOW_SECRET_KEY", "MINGDAN_ADMIN_PASSWORD"]
    for name in needed:
        partly = tmp_path / name
        partly.write_text("\n".join(line for line in lines if not line.startswith(f"{name}=")), encoding="utf-8")
        done = compose(partly, "config", "-q")
        assert done.returncode != 0 and name in done.stderr and ".env.example" in done.stderr
    unchanged = compose(PROJECT / ".env.example", "config", "-q")
    assert unchanged.returncode != 0, "the example itself holds no password"


def test_nothing_is_reachable_from_beyond_this_machine_and_nothing_runs_as_root(env_file: Path) -> None:
    found = services(env_file)
    ports = [port for service in found.values() for port in service.get("ports", [])]
    assert ports and all(str(port).startswith("127.0.0.1:") for port in ports)
    assert [line for line in (PROJECT / "Dockerfile").read_text().splitlines() if line.strip()][-1] == "USER mingdan"
    assert not any("user" in found[name] for name in ["init", *PROCESSES])
    assert all("test" in found[name]["healthcheck"] for name in ["postgres", *PROCESSES])


def test_services_and_demo_see_the_same_project(env_file: Path) -> None:
    """What stands both in docker-compose.yml and in airflow_local.environment must agree, folders aside."""
    served = services(env_file)["scheduler"]["environment"]
    home = settings.Home(Path("/var/lib/mingdan"), "", "")
    local = {
        name: value.replace(str(PROJECT), "/opt/mingdan") for name, value in airflow_local.environment(home).items()
    }
    differ = {name for name in local if served.get(name) != local[name]}
    assert differ == {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__LOGGING__LOGGING_LEVEL"}


class Running:
    """The services of docker-compose.yml as processes of this machine."""

    def __init__(self, image: Image, postgres: Postgres, env_file: Path, home: Path) -> None:
        self.image, self.port, self.portal_port, self.home = image, free_port(), free_port(), home
        self.services = services(env_file)
        self.places = {
            "postgres:5432": f"127.0.0.1:{postgres.port}",
            "api-server:8080": f"127.0.0.1:{self.port}",
            "127.0.0.1:8080": f"127.0.0.1:{self.port}",
            "portal:8090": f"127.0.0.1:{self.portal_port}",
            "--host 0.0.0.0": f"--host 127.0.0.1 --port {self.portal_port}",
            "0.0.0.0": "127.0.0.1",
            "/var/lib/mingdan": str(home),
        }
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def here(self, text: str) -> str:
        for theirs, ours in self.places.items():
            text = text.replace(theirs, ours)
        return self.image.here(text)

    def environment(self, name: str) -> dict[str, str]:
        given = {key: self.here(str(value)) for key, value in self.services[name]["environment"].items()}
        return self.image.variables(**{**given, "AIRFLOW__API__PORT": str(self.port)})

    def run(self, name: str, command: str | list[str]) -> subprocess.CompletedProcess[str]:
        """One command in a service, to its end."""
        found = [self.here(word) for word in words(command)]
        return subprocess.run(
            found, env=self.environment(name), cwd=self.image.folder, capture_output=True, text=True
        )  # fmt: skip

    def start(self, name: str) -> None:
        self.home.joinpath("logs").mkdir(parents=True, exist_ok=True)
        with (self.home / "logs" / f"{name}.txt").open("wb") as log:
            self.started[name] = subprocess.Popen(
                words(self.here(shlex.join(words(self.services[name]["command"])))),
                env=self.environment(name), cwd=self.image.folder, stdout=log, stderr=log,
            )  # fmt: skip

    def stop(self) -> None:
        """End every process of every service, also those that made a session of their own and outlive their parent."""
        while ours := [each for each in psutil.process_iter() if self.is_ours(each)]:
            for process in ours:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(ours, timeout=10)

    def is_ours(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return process.environ().get("MINGDAN_HOME") == str(self.home)
        return False

    def is_healthy(self, name: str) -> bool:
        assert self.started[name].poll() is None, f"{name} ended:\n{self.log(name)}"
        return self.run(name, self.services[name]["healthcheck"]["test"][1:]).returncode == 0

    def log(self, name: str) -> str:
        return (self.home / "logs" / f"{name}.txt").read_text(encoding="utf-8", errors="replace")[-6000:]

    def listening(self) -> set[str]:
        """The addresses on which the services and their children accept connections."""
        found = set()
        for process in self.started.values():
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for each in family:
                try:
                    connections = each.net_connections("inet")
                except psutil.NoSuchProcess:
                    continue
                found |= {one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN}
        return found

    def ask(self, method: str, path: str, token: str | None = None, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", as_json(body) if body is not None else None, headers, method=method
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture
def running(image: Image, postgres: Postgres, env_file: Path, tmp_path: Path) -> Iterator[Running]:
    services_here = Running(image, postgres, env_file, tmp_path / "home")
    try:
        yield services_here
    finally:
        services_here.stop()


def test_the_services_bring_one_run_of_the_dag_to_its_end(running: Running) -> None:
    """A back-fill of one past date: it may be waited for, whatever today's scheduled run finds.

    The sources land while it waits, so that scheduler, worker, triggerer and api-server all have their part in it."""
    done = running.run("init", running.services["init"]["command"])
    assert done.returncode == 0, done.stderr
    passwords = running.home / "airflow" / "passwords.json"
    assert passwords.stat().st_mode & 0o077 == 0
    for name in PROCESSES:
        running.start(name)
    for name in PROCESSES:
        until(180, f"a healthy {name}", lambda name=name: running.is_healthy(name))
    assert running.listening() == {"127.0.0.1"}

    with pytest.raises(urllib.error.HTTPError) as refused:
        running.ask("GET", "/api/v2/dags/daily_lists")
    assert refused.value.code == 401
    login = {"username": "admin", "password": json.loads(passwords.read_text())["admin"]}
    token = running.ask("POST", "/auth/token", body=login)["access_token"]
    dag = "/api/v2/dags/daily_lists"
    until(120, "the DAG", lambda: found(lambda: running.ask("GET", dag, token)))
    running.ask("PATCH", dag, token, {"is_paused": False})
    day = "2026-06-29T05:00:00+08:00"
    asked = {"dag_id": "daily_lists", "from_date": day, "to_date": day, "max_active_runs": 1}
    running.ask("POST", "/api/v2/backfills", token, {**asked, "dag_run_conf": {"publish": True}})

    def the_run() -> Any:
        (one,) = running.ask("GET", f"{dag}/dagRuns?run_type=backfill", token)["dag_runs"]
        return one

    def states() -> dict[str, str]:
        path = f"{dag}/dagRuns/{the_run()['dag_run_id']}/taskInstances"
        return {each["task_id"]: each["state"] for each in running.ask("GET", path, token)["task_instances"]}

    until(120, "a run that waits for its sources", lambda: states()["wait_for_sources"] == "deferred")
    done = running.run("scheduler", "mingdan sample-bank --customers 2000 --until 2026-06-29")
    assert done.returncode == 0, done.stderr
    state = until(600, "the end of the run", lambda: {"success": 1, "failed": 2}.get(the_run()["state"]))
    assert state == 1, f"{states()}\n{running.log('scheduler')}"
    assert len(states()) == 9 and set(states().values()) == {"success"}
    current = json.loads((running.home / "published" / "current.json").read_text(encoding="utf-8"))
    assert current == {"list_date": "2026-06-30"}
    done = running.run("scheduler", "mingdan verify 2026-06-30")
    assert done.returncode == 0, done.stderr

    with urllib.request.urlopen(f"http://127.0.0.1:{running.portal_port}/health", timeout=60) as answer:
        told = json.load(answer)
    assert told["ok"] and told["list_date"] in (None, "2026-06-30"), "its pages hold a day for some seconds"


def found(ask: Any) -> Any:
    """The answer, or nothing while there is none yet (404)."""
    try:
        return ask()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise
