"""What the service tests stand on: an .env, the image's content, a PostgreSQL of their own."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mingdan.settings import PROJECT

from tests.services.native import Image, Postgres, free_port, services, until


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """.env.example, filled in as its first lines say."""
    path = tmp_path_factory.mktemp("env") / ".env"
    filled, needed = [], True
    for line in (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines():
        needed = needed and not line.startswith("# The rest may stay")
        filled.append(line + secrets.token_hex(32) if needed and line.endswith("=") else line)
    path.write_text("\n".join(filled) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="mingdan-image-"))
    made = Image(folder)
    made.build()
    yield made
    shutil.rmtree(folder)


@pytest.fixture
def postgres(env_file: Path) -> Iterator[Postgres]:
    """The service `postgres`, with Debian's PostgreSQL: its user, password and database from docker-compose.yml."""
    wanted = services(env_file)["postgres"]["environment"]
    found = shutil.which("initdb") or max(glob.glob("/usr/lib/postgresql/*/bin/initdb"), default=None)
    assert found, "PostgreSQL's initdb is not here: install Debian's package postgresql."
    programs = Path(found).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="mingdan-postgres-"))
    password, port = folder / "password", free_port()
    password.write_text(wanted["POSTGRES_PASSWORD"])
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        for path in (folder, password):
            shutil.chown(path, "postgres", "postgres")
    user, data = wanted["POSTGRES_USER"], folder / "data"
    subprocess.run(
        [*as_owner, programs / "initdb", f"--pgdata={data}", f"--username={user}", f"--pwfile={password}",
         "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    server = subprocess.Popen(
        [*as_owner, programs / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
         "-c", "unix_socket_directories=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        create = [
            programs / "createdb",
            "--host=127.0.0.1",
            f"--port={port}",
            f"--username={user}",
            wanted["POSTGRES_DB"],
        ]
        connect = {**os.environ, "PGPASSWORD": wanted["POSTGRES_PASSWORD"]}
        until(60, "PostgreSQL", lambda: subprocess.run(create, env=connect, capture_output=True).returncode == 0)
        yield Postgres(port, server)
    finally:
        server.send_signal(signal.SIGINT)  # ends at once, whoever is still connected
        server.wait()
        shutil.rmtree(folder)
