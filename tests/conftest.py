"""Fixtures that more than one kind of test needs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import boto3
import fsspec
import pytest
from mingdan.warehouse import Warehouse
from moto.server import ThreadedMotoServer

from tests.bank import bank, delivered, shared_folder  # noqa: F401

# In a process of `-n` the main module is nameless, under which an import of pyspark (Great Expectations tries one) ends
# the process: there too it is pytest's.
if (main := sys.modules["__main__"]).__spec__ is None:
    main.__spec__ = find_spec("pytest.__main__")

# The files that take longest, first: `make test` gives whole files to several processes, and none of these shall be
# left to one of them at the end. The first also begins with the built bank, which others then find.
LONGEST = (
    "tests/pipeline/test_runs.py",
    "tests/pipeline/test_simulation.py",
    "tests/berka/test_berka_lists.py",
    "tests/pipeline/test_new_list.py",
    "tests/dbt/test_models.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        file = item.path.relative_to(item.config.rootpath).as_posix()
        return LONGEST.index(file) if file in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def one_reading_of_the_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What dbt keeps of its reading of the project, ten seconds of work, serves every new home of this test run that
    asks with the same variables; dbt itself looks whether it still holds."""
    folder, call = shared_folder(tmp_path_factory) / "readings", Warehouse._call
    folder.mkdir(exist_ok=True)

    def shared(self: Warehouse, verb: str, variables: dict[str, Any], *more: Any, **named: Any) -> Any:
        if verb != "parse":
            return call(self, verb, variables, *more, **named)
        asked = json.dumps([self.target, variables], sort_keys=True, default=str)
        kept = folder / hashlib.sha256(asked.encode()).hexdigest()
        own = named["target_path"] / "partial_parse.msgpack"
        if kept.exists() and not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(kept, own)
        read = call(self, verb, variables, *more, **named)
        aside = kept.with_suffix(f".{os.getpid()}")
        shutil.copy(own, aside)
        aside.replace(kept)
        return read

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "_call", shared)
        yield


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """The URL of an empty bucket on an object store of this process, on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fsspec.config.conf, "s3", {"key": "invented", "secret": "invented", "client_kwargs": client})
        keys = {"aws_access_key_id": "invented", "aws_secret_access_key": "invented"}
        boto3.client("s3", **client, **keys).create_bucket(Bucket="bank")
        yield "s3://bank"
    server.stop()
