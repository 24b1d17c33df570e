"""The MariaDB servers under a shop that is measured: started as anybody starts them, and then maltreated."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop.mariadb import Cluster
from shop.mariadb_data import SCHEMA, MySQLdb, missing
from shop.mariadb_server import Server

NOT_INHERITED = {
    "CACHE_URL",
    "KEEP_URL",
    "BROKER_URL",
    "DATABASE_URL",
    "REPLICA_URLS",
    "REPLICA_LAG_SECONDS",
    "DOCUMENTS_URL",
    "NEXT_DOCUMENTS_URL",
    "SECRET_KEY",
    "CAKE_RENDERER",
    "JOBS_TELL",
    "JOB_MODULES",
    "DJANGO_SETTINGS_MODULE",
    "HOST",
    "SITE_URL",
}


def inherited() -> dict[str, str]:
    """Our environment without what is said in it of another shop."""
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}


@dataclass(frozen=True)
class Servers:
    """What to start: how many replicas the shop is told of, whether a commit waits for one, and when one is too far
    behind (seconds)."""

    replicas: int = 2
    semi_sync: bool = False
    lag_limit: float = 10


class Databases:
    """`environment` is what the shop has to be started with."""

    def __init__(self, servers: Servers, state: Path, root: Path) -> None:
        self.state, self.root = state, root
        words = ["start", *(["--semi-sync"] if servers.semi_sync else [])]
        exports = dict(
            line.removeprefix("export ").split("=", 1) for line in self.manage(*words).splitlines() if "=" in line
        )
        urls = exports["REPLICA_URLS"].split(",")[: servers.replicas]
        limit = {"REPLICA_LAG_SECONDS": str(servers.lag_limit)}
        self.environment = exports | {"REPLICA_URLS": ",".join(urls)} | limit

    def manage(self, *words: str) -> str:
        """What `manage.py databases` prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", "databases", *words],
            cwd=self.root,
            env=inherited() | {"STATE_DIR": str(self.state)},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    @property
    def cluster(self) -> Cluster:
        """As its folder says: after a promotion another server is the primary."""
        return Cluster(self.state / "databases")

    def count(self, sql: str, values: Sequence[object]) -> int:
        with self._cursor() as cursor:
            cursor.execute(sql.replace("%", "%%").replace("?", "%s") if values else sql, values or None)
            return int(cursor.fetchone()[0] or 0)

    def execute(self, sql: str, values: Sequence[object]) -> float:
        with self._cursor() as cursor:
            cursor.execute(sql.replace("%", "%%").replace("?", "%s") if values else sql, values or None)
            return time.monotonic()

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """On the primary, where each statement is committed at once."""
        server, schema = self.cluster.primary, {"database": SCHEMA, "autocommit": True}
        connection = MySQLdb.connect(
            host="127.0.0.1", port=server.port, user="shop", password=server.passwords["shop"], **schema
        )
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


@contextmanager
def started(servers: Servers, state: Path, root: Path) -> Iterator[Databases]:
    """Start them, and stop them at the end."""
    if reason := missing():
        raise SystemExit(reason)
    databases = Databases(servers, state, root)
    try:
        yield databases
    finally:
        databases.manage("stop")


def kill(server: Server) -> None:
    """As a power cut would, and wait until it is gone: it answers nobody then."""
    os.kill(server.pid, signal.SIGKILL)
    while server.answers():
        pass


@contextmanager
def black_hole(server: Server) -> Iterator[None]:
    """Inside the block it takes connections and answers none."""
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def flapping(replicas: Sequence[Server], longest: float = 0.5) -> Iterator[None]:
    """Inside the block each replica stops and goes on to apply what it is sent, up to `longest` seconds a time."""
    over = threading.Event()

    def flap(replica: Server) -> None:
        while not over.wait(random.uniform(0, longest)):
            replica.ask("STOP SLAVE SQL_THREAD")
            over.wait(random.uniform(0, longest))
            replica.ask("START SLAVE SQL_THREAD")

    threads = [threading.Thread(target=flap, args=(replica,)) for replica in replicas]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
