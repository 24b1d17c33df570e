"""A shop of its own for one measurement: real processes in a temporary folder, and gone afterwards."""

import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from scaling.clock import now_us
from shop.running import STORES
from shop.valkeys import free_port

from . import kept
from .apart import Apart
from .databases import Databases, Servers, inherited, started
from .visitor import Page, Visitor

ROOT = Path(__file__).resolve().parent.parent
OPEN_WITHIN_SECONDS = 600
PATIENCE_SECONDS = 120  # for what must come: none of it is a measurement


class Opened:
    """A shop that runs: `url` is its address, `folder` its state, `said` what the manager printed (a file), and
    `databases` its MariaDB servers, or None when it has SQLite."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        root: Path,
        databases: Databases | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.root, self.databases = folder, root, databases
        self.apart: dict[str, Apart] = {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.said = folder.with_suffix(".log")
        self.environment = inherited() | {"STATE_DIR": str(folder), "PORT": str(self.port), "BENCH": "true"}
        self.environment["SITE_URL"] = self.url  # as the shop gives it to its own processes
        self.environment["PUBLISH"] = "off"  # what is measured is the live page, unless a proof says otherwise
        self.environment |= (databases.environment if databases else {}) | dict(environment or {})
        with self.said.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=root, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def wait(self) -> None:
        """Until the first page answers and every object is built. What is apart starts when it is needed."""
        wait_until(self._has_chosen, OPEN_WITHIN_SECONDS, "the choice of the servers")
        for name in self.apart.keys() & set(STORES):
            self.apart[name].start()
        wait_until(self._answers, OPEN_WITHIN_SECONDS, "the first page")
        for name in self.apart.keys() - set(STORES):
            self.apart[name].start()
        # Whatever store its document is in
        wait_until(
            lambda: self.count("SELECT count(*) FROM products_wordsversion") > 0, PATIENCE_SECONDS, "the first object"
        )
        wait_until(lambda: not self.waiting(), OPEN_WITHIN_SECONDS, "every object")

    def _has_chosen(self) -> bool:
        """Whether it is known where its Valkeys are."""
        self._check()
        return (self.folder / "env").exists()

    def _check(self) -> None:
        if self.process.poll() is not None:
            raise SystemExit(f"The shop did not open:\n{self.said.read_text()}")

    def _answers(self) -> bool:
        self._check()
        try:
            return Visitor(self.url).get("/livez").status == 200
        except OSError:
            return False

    def waiting(self) -> int:
        """Rows of the outbox whose time has come."""
        soon = now_us() + 3_600_000_000
        return self.count("SELECT count(*) FROM jobs_outbox WHERE due_at < ?", soon)

    def count(self, sql: str, *values: object) -> int:
        """The one number that a query of the shop's database answers."""
        if self.databases:
            return self.databases.count(sql, values)
        connection = sqlite3.connect(f"file:{self.folder / 'shop.sqlite3'}?mode=ro", uri=True, timeout=20)
        try:
            return connection.execute(sql, values).fetchone()[0] or 0
        finally:
            connection.close()

    def execute(self, sql: str, *values: object) -> float:
        """Change something in the shop's database, behind its back, and commit. Returns when that was done, of
        `time.monotonic`."""
        if self.databases:
            return self.databases.execute(sql, values)
        connection = sqlite3.connect(self.folder / "shop.sqlite3", timeout=20, isolation_level=None)
        try:
            connection.execute(sql, values)
            return time.monotonic()
        finally:
            connection.close()

    def store(self, name: str) -> redis.Redis:
        """A client of its Valkey `cache` or `keep`."""
        chosen = dict(line.split("=", 1) for line in (self.folder / "env").read_text().splitlines())
        return redis.Redis.from_url(chosen[f"{name.upper()}_URL"], socket_timeout=5)

    def start(self, *words: str) -> subprocess.Popen:
        """Begin a command of `manage.py` beside the running shop."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, text=True)

    def alias_of(self, port: int) -> str:
        """What the shop calls the database at a port, before any promotion."""
        urls = self.environment["REPLICA_URLS"].split(",")
        return next((f"replica{i}" for i, url in enumerate(urls, 1) if f":{port}/" in url), "default")

    def manage(self, *words: str) -> str:
        """Run a command of `manage.py` beside the running shop. Returns what it prints."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def close(self) -> int:
        """The status it ended with."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def opened_shop(
    command: list[str] | None = None,
    root: Path = ROOT,
    servers: Servers | None = None,
    apart: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    absent: Sequence[str] = (),
) -> Iterator[Opened]:
    """Open a shop with the demo bakery in it and all its objects built; close it and remove its folder at the end.
    With `servers` its database is a MariaDB primary and its replicas. The processes named in `apart` are started
    beside it, for the proof to kill: see `bench.apart`; those in `absent` are not there at all. What is set in
    `environment` wins. Where shops are kept, it is a copy of one: built are the durable copies alone, and the cache
    is empty."""
    with tempfile.TemporaryDirectory(prefix="bakery-") as folder:
        state = Path(folder) / "state"
        if kept.FOLDER and not command:
            _bring(Path(folder), state, servers)
        with _opened(
            state, command or [sys.executable, "manage.py", "run"], root, servers, apart, environment, absent
        ) as shop:
            yield shop


def _bring(folder: Path, state: Path, servers: Servers | None) -> None:
    name = "mariadb" if servers else "sqlite"
    if not kept.is_there(name):
        first = folder / "first"
        with _opened(first, [sys.executable, "manage.py", "run"], ROOT, Servers() if servers else None, (), None):
            pass
        kept.keep(first, name)
    kept.bring(name, state)


@contextmanager
def _opened(
    state: Path,
    command: list[str],
    root: Path,
    servers: Servers | None,
    apart: Sequence[str],
    environment: Mapping[str, str] | None,
    absent: Sequence[str] = (),
) -> Iterator[Opened]:
    with ExitStack() as stack:
        databases = stack.enter_context(started(servers, state, root)) if servers else None
        without = [*apart, *absent]
        options = ["--without", *without] if without else []
        shop = Opened([*command, *options], state, root, databases, environment)
        shop.apart = {name: Apart(name, state, root, shop.environment) for name in apart}
        for name in set(apart) & set(STORES):
            stack.callback(shop.apart[name].end)
        stack.callback(shop.close)
        for name in set(apart) - set(STORES):
            stack.callback(shop.apart[name].end)
        shop.wait()
        yield shop


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> object:
    """The first true value of `condition`, asked fifty times a second."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds} s")
        time.sleep(0.02)  # between two questions: what is waited for is the condition
    return value


def cost(page: Page) -> tuple[int, int]:
    """What the page says it cost: SQL statements, and round trips to the Valkeys."""
    trips = re.findall(r'(?:cache|keep);desc="(\d+) round trips"', page.headers["Server-Timing"])
    return sum(statements(page).values()), sum(map(int, trips))


def statements(page: Page) -> dict[str, int]:
    """How many SQL statements the page says that it asked of whom, by alias."""
    found = re.findall(r'sql-([\w-]+);desc="(\d+) statements"', page.headers.get("Server-Timing", ""))
    return {alias: int(count) for alias, count in found}


def trips_to_cache(page: Page) -> int:
    found = re.search(r'cache;desc="(\d+) round trips"', page.headers.get("Server-Timing", ""))
    return int(found[1]) if found else 0
