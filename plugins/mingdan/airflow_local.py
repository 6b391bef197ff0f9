"""Airflow without a server: its environment below MINGDAN_HOME, and the DAG itself run in one process on SQLite.

python -m mingdan.airflow_local run --as-of 2026-06-30
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import urllib.request
import warnings
from datetime import date

from mingdan import settings
from mingdan.settings import PROJECT, Home


def environment(home: Home) -> dict[str, str]:
    """Airflow's variables for a home of its own: SQLite, this project's DAGs, no examples."""
    folder = home.root / "airflow"
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.logs / "airflow"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }


def run(as_of: date, conf: dict[str, object]) -> dict[str, str]:
    """Set Airflow up below MINGDAN_HOME and run the DAG for one business date; each task's state, in order."""
    home = settings.home()
    (home.root / "airflow").mkdir(parents=True, exist_ok=True)
    settings.set_environment(environment(home))
    warnings.filterwarnings("ignore", message="Using `httpx`")  # a dependency's advice to Airflow's authors
    from mingdan import airflow_tasks  # imports Airflow, which reads the environment then

    shown = logging.StreamHandler(sys.stdout)  # our own line for each step; Airflow itself only warns
    shown.setFormatter(logging.Formatter("%(message)s"))
    airflow_tasks.log.addHandler(shown)
    airflow_tasks.log.setLevel(logging.INFO)
    airflow_tasks.set_up()
    return airflow_tasks.run_dag(as_of, conf)


def healthy(url: str, component: str) -> bool:
    """Whether the api-server at `url` calls a component (scheduler, triggerer …) healthy."""
    with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=15) as answer:
        return json.load(answer)[component]["status"] == "healthy"


def answers(url: str) -> bool:
    """Whether a page answers with 200."""
    with urllib.request.urlopen(url, timeout=15) as answer:
        return bool(answer.status == 200)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0: every task succeeded, Airflow is set up, the component is healthy."""
    parser = argparse.ArgumentParser(prog="python -m mingdan.airflow_local")
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("run", help="run the DAG for one business date, in this process, on SQLite")
    one.add_argument("--as-of", type=date.fromisoformat, required=True, help="the business date, YYYY-MM-DD")
    one.add_argument("--no-publish", action="store_true", help="build and check, publish nothing")
    verbs.add_parser(
        "init", help="set up the environment's Airflow: database, pool, admin's password; the portal's database"
    )
    asked = verbs.add_parser("healthy", help="ask an api-server for a component's health")
    asked.add_argument("url")
    asked.add_argument("component", choices=["metadatabase", "scheduler", "triggerer", "dag_processor"])
    verbs.add_parser("answers", help="ask whether a page answers").add_argument("url")
    given = parser.parse_args(arguments)
    if given.verb == "answers":
        return 0 if answers(given.url) else 1
    if given.verb == "healthy":
        return 0 if healthy(given.url, given.component) else 1
    if given.verb == "init":
        from mingdan import airflow_tasks

        airflow_tasks.set_up()
        airflow_tasks.set_password("admin", settings.secret("MINGDAN_ADMIN_PASSWORD"))
        if named := settings.load()["portal"]["store"]:
            from mingdan.portal.store import create_database

            create_database(settings.secret(named))
        return 0
    states = run(given.as_of, {"publish": False} if given.no_publish else {})
    for task, state in states.items():
        sys.stdout.write(f"{task}: {state}\n")
    return 0 if set(states.values()) == {"success"} else 1


if __name__ == "__main__":
    sys.exit(main())
