"""Dockerfile and docker-compose.yml read, so that what they say can be done on this machine without Docker."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import yaml
from mingdan.settings import PROJECT


@dataclass
class Image:
    """What the Dockerfile makes, below one folder of this machine: `root`/opt/venv instead of /opt/venv, and so on."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "root"
    skipped: list[str] = field(default_factory=list)

    def here(self, text: str) -> str:
        """A text of the files, with the image's folders as this machine has them."""
        for place in ("/opt/venv", "/opt/mingdan", "/var/lib/mingdan"):
            text = text.replace(place, str(self.root) + place)
        return text

    def variables(self, **more: str) -> dict[str, str]:
        """The image's environment over this machine's, without what would reach Airflow or the project from here."""
        own = ("AIRFLOW", "MINGDAN", "VIRTUAL_ENV", "PYTHON", "DBT")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {**kept, **self.environment, "no_proxy": "127.0.0.1", **more}

    def build(self) -> None:
        """Follow the Dockerfile line by line. Only what makes users is left out: it would change this machine."""
        base = self.root / "base"
        base.mkdir(parents=True)
        (base / "python").symlink_to(getattr(sys, "_base_executable", sys.executable))
        self.environment["PATH"] = f"{base}{os.pathsep}{os.environ['PATH']}"
        for line in (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines():
            verb, _, rest = line.strip().partition(" ")
            match verb:
                case "ENV":
                    name, _, value = rest.partition("=")
                    self.environment[name] = Template(self.here(value)).substitute(self.environment)
                case "WORKDIR":
                    self.folder = self.here(rest)
                    Path(self.folder).mkdir(parents=True)
                case "COPY":
                    *sources, target = rest.split()
                    self.copy(sources, Path(self.folder) / target, into=len(sources) > 1)
                case "RUN" if rest.startswith("useradd "):
                    self.skipped.append(rest)
                case "RUN":
                    subprocess.run(self.here(rest), shell=True, check=True, cwd=self.folder, env=self.variables())
                case "USER":
                    self.user = rest
                case "" | "#" | "FROM":
                    pass
                case _:
                    raise ValueError(f"Dockerfile: expected only lines this test can follow; found {line!r}.")

    def copy(self, sources: list[str], target: Path, into: bool) -> None:
        for source in sources:
            path = PROJECT / source
            place = target / path.name if into else target
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                left_out = shutil.ignore_patterns("__pycache__", "target", "logs", "*.egg-info")
                shutil.copytree(path, place, ignore=left_out)
            else:
                shutil.copyfile(path, place)


@dataclass
class Postgres:
    port: int
    process: subprocess.Popen[bytes]


def compose(env_file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """docker-compose over the project's file, seeing no other environment than the file's."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = ["docker-compose", "--env-file", str(env_file), *arguments]
    return subprocess.run(command, cwd=PROJECT, env=known, capture_output=True, text=True)


def services(env_file: Path) -> dict[str, Any]:
    """The services of docker-compose.yml, as docker-compose itself reads them."""
    done = compose(env_file, "config")
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["services"]


def words(command: str | list[str]) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else [str(word) for word in command]


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(seconds: float, what: str, done: Any) -> Any:
    """Ask again each second until the answer is true; the answer. Fails naming what did not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := done():
            return answer
        time.sleep(1)
    raise AssertionError(f"{what}: expected within {seconds:.0f} s, did not come.")
