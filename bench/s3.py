"""An S3 that keeps everything in memory, for one measurement."""

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from shop.valkeys import free_port

from .opened import wait_until

STARTED_WITHIN_SECONDS = 30
STOPPED_WITHIN_SECONDS = 10
KEYS = {"AWS_ACCESS_KEY_ID": "only", "AWS_SECRET_ACCESS_KEY": "for-proofs"}


def missing() -> str:
    """Why there can be none here, or nothing."""
    found = all(find_spec(name) for name in ("moto", "storages"))
    return "" if found else "moto or django-storages is missing (.venv/bin/pip install -r requirements-test.txt)."


@contextmanager
def opened_bucket(name: str) -> Iterator[dict[str, str]]:
    """A bucket of that name: what a shop needs in its environment to publish into it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _listens(port), STARTED_WITHIN_SECONDS, "the S3")
        with urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT"), timeout=10):
            yield KEYS | {"PUBLISHED_URL": f"s3://{name}?endpoint={url}&region=us-east-1"}
    finally:
        process.terminate()
        process.wait(STOPPED_WITHIN_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
