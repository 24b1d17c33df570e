"""A shop whose heavy work is a stand-in, for proofs of the machinery: submitted to, pulled about, counted."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis

from shop.rabbitmq import RabbitMQ, missing

from .apart import Apart
from .opened import Opened, opened_shop, wait_until

WORKERS = ("worker", "bulk", "render")
NOBODY = "bench.nobody.tell"  # a task that nobody knows: what is to be told stays in the outbox, to be counted
ANSWERS_WITHIN_SECONDS = 60


class Kitchen:
    """`broker` is RabbitMQ, or None when the shop's Valkey carries the messages."""

    def __init__(self, shop: Opened, log: Path, broker: RabbitMQ | None) -> None:
        self.shop, self.log, self.broker = shop, log, broker

    def run(self, code: str) -> None:
        """Run a line of Python with the stand-ins beside the shop."""
        self.shop.manage("shell", "-c", f"from bench.standin_jobs import *; {code}")

    def restart_broker(self) -> None:
        if self.broker:
            self.broker.stop()
            self.broker.start()
            return
        keep = self.shop.apart["keep"]
        keep.end()
        keep.start()
        wait_until(self._keeps, ANSWERS_WITHIN_SECONDS, "the Valkey that keeps")

    def _keeps(self) -> bool:
        try:
            return bool(self.shop.store("keep").ping())
        except redis.RedisError:
            return False

    def one_more(self, name: str) -> Apart:
        """A second worker like `name`, not started yet."""
        first = self.shop.apart[name]
        return Apart(name, first.folder, first.root, self.shop.environment)

    def steps(self, what: str) -> list[int]:
        """The numbers of the steps that were taken of this, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [int(number) for name, number in (line.split() for line in lines) if name == what]

    def jobs(self, condition: str = "1 = 1") -> int:
        return self.shop.count(f"SELECT count(*) FROM jobs_job WHERE {condition}")

    def unfinished(self) -> int:
        return self.jobs("state IN ('queued', 'running')")

    def told(self) -> tuple[int, int]:
        """Rows that tell of an end, and of how many jobs."""
        told = f"FROM jobs_outbox WHERE task = '{NOBODY}'"
        return self.shop.count(f"SELECT count(*) {told}"), self.shop.count(f"SELECT count(DISTINCT subject) {told}")


@contextmanager
def kitchen(*, on: str = "Valkey", seconds: float = 0.2, apart: Sequence[str] = WORKERS) -> Iterator[Kitchen]:
    """Open a shop whose messages go through “Valkey” or “RabbitMQ”, and each step of whose work takes so long."""
    if on == "RabbitMQ" and (reason := missing()):
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory(prefix="kitchen-") as folder:
        broker = RabbitMQ(Path(folder) / "broker") if on == "RabbitMQ" else None
        log = Path(folder) / "steps"
        environment = {
            "CAKE_RENDERER": "bench.standin.passes",
            "JOB_MODULES": "bench.standin_jobs",
            "JOBS_TELL": NOBODY,
            "STANDIN_SECONDS": str(seconds),
            "STANDIN_LOG": str(log),
        }
        try:
            if broker:
                broker.start()
                environment["BROKER_URL"] = broker.url
            stores = () if broker else ("keep",)
            with opened_shop(apart=(*apart, *stores), environment=environment) as shop:
                yield Kitchen(shop, log, broker)
        finally:
            if broker:
                broker.close()
