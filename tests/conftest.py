"""Fixtures that more than one kind of test needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from tests.bank import bank, delivered  # noqa: F401

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
