"""Stores of documents for proofs: a MongoDB to start, and what the one in service holds beside the tables."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .mongo import MongoServer, missing
from .opened import PATIENCE_SECONDS, Opened, wait_until

# This server is written in Python, and takes its time with a hundred documents and their indexes.
PATIENT = "socketTimeoutMS=60000&connectTimeoutMS=60000&serverSelectionTimeoutMS=60000"


@contextmanager
def mongo(*options: str) -> Iterator[MongoServer]:
    """Start one with nothing in it, and stop it at the end."""
    if reason := missing():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory(prefix="bakery-mongo-") as folder:
        server = MongoServer(Path(folder), *options)
        try:
            server.start()
            wait_until(lambda: server.answers() or server.has_ended(), PATIENCE_SECONDS, "the MongoDB")
            yield server
        finally:
            server.stop()


def compared(shop: Opened) -> tuple[int, list[str]]:
    """How many documents `bench.compared` has looked at, and what is wrong, of a shop that is calm."""
    *wrong, count = shop.manage("shell", "-v", "0", "-c", "from bench.compared import tell; tell()").splitlines()
    return int(count), wrong
