"""Real servers for tests: started on free loopback ports with their files in one folder, ended by process id."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from django.conf import settings

from shop.mariadb import Cluster, missing
from shop.valkeys import Valkey, free_port

PATIENCE_SECONDS = settings.PATIENCE_SECONDS  # for what must come: it ends a test that never would
STOPPED_WITHIN_SECONDS = 10


def wait_until(condition: Callable[[], object], *, seconds: float = PATIENCE_SECONDS, what: str = "it"):
    """Answer the first true value of `condition`; fail the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)
    return value


def start_valkey(name: str, url: str, folder: Path) -> subprocess.Popen:
    """Start the Valkey called `name` (see `compose/`) where `url` says, and wait until it answers."""
    password, port = url.removeprefix("redis://:").removesuffix("/0").split("@127.0.0.1:")
    valkey = Valkey(name, folder / name, int(port), password)
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(valkey.command(), stdout=output, stderr=output)
    try:
        wait_until(lambda: process.poll() is not None or valkey.answers(), what=f"the start of Valkey {name}")
        assert process.poll() is None, f"Valkey {name} did not start: {log.read_text()}"
    except BaseException:
        stop(process)
        raise
    return process


@contextmanager
def start_s3(folder: Path) -> Iterator[str]:
    """Start an S3 that keeps everything in memory; answer its address, and stop it at the end."""
    port, log = free_port(), folder / "s3.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: process.poll() is not None or listens(port), what="the start of an S3")
        assert process.poll() is None, f"the S3 did not start: {log.read_text()}"
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(STOPPED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def start_mariadb(cluster: Cluster, *options: str) -> Iterator[Cluster]:
    """Start a MariaDB primary and its replicas, and stop them at the end. With QUICK a killed one forgets."""
    if reason := missing():
        lacking(reason)
    try:
        cluster.start(*options)
        yield cluster
    finally:
        cluster.stop()


def need(program: str) -> str:
    """The path of `program`, or see `lacking`."""
    return shutil.which(program) or lacking(f"{program} is not installed")


def lacking(reason: str) -> NoReturn:
    """A test that cannot run here is skipped at home, and fails when CI is set."""
    reason = f"{reason} (tests/debian-packages.txt lists what the tests want)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
