"""A server that speaks MongoDB's protocol, for the tests: on a free port, its files in a folder of the test run."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.mongo import MongoServer, missing

from .servers import lacking, wait_until


@contextmanager
def start_mongo(server: MongoServer) -> Iterator[MongoServer]:
    """Start it, and stop it at the end. A test may end it in the middle, and have it `back`."""
    if reason := missing():
        lacking(reason)
    try:
        yield back(server)
    finally:
        server.stop()


def back(server: MongoServer) -> MongoServer:
    """Start it where it was, with what it held."""
    server.start()
    wait_until(lambda: server.answers() or server.has_ended(), what="the start of a MongoDB")
    assert not server.has_ended(), f"the MongoDB did not start: {server.log.read_text()}"
    return server


@pytest.fixture(scope="session")
def mongo(tmp_path_factory):
    """One for the whole run: a test takes a database of its own."""
    with start_mongo(MongoServer(tmp_path_factory.mktemp("mongo"))) as server:
        yield server
