"""Fixtures that more than one kind of test needs."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from tests.bank import bank  # noqa: F401


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
