"""A server that speaks MongoDB's protocol, for tests and proofs: SecantusDB, in an environment of its own.

It is not MongoDB, and no part of the shop. `make test` and `make prove` install it.
"""

import subprocess
import sys
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from shop.valkeys import free_port

PROGRAM = Path(sys.prefix) / "mongodb" / "bin" / "secantusd-py"
STOPPED_WITHIN_SECONDS = 10
OPTIONS = ("--cache-size", "128M", "--log-level", "WARNING")
DURABLE = ("--sync-on-commit",)  # slower: without it a kill takes what was written last, as a power cut would


def missing() -> str:
    """Why there is none here, or nothing."""
    return "" if PROGRAM.exists() else f"{PROGRAM} is missing: make .venv/mongodb/installed"


class MongoServer:
    """On the loopback address and a free port. What it holds is in `folder`: it outlives `stop`, and of a DURABLE one
    also `kill`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.port, self.options = folder, free_port(), (*OPTIONS, *options)
        self.process: subprocess.Popen | None = None

    def url(self, name: str, scheme: str = "mongodb") -> str:
        """Of the database `name`."""
        return f"{scheme}://127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """It may be asked as soon as it `answers`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        address = ["--host", "127.0.0.1", "--port", str(self.port), "--storage-path", str(self.folder / "data")]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen([PROGRAM, *address, *self.options], stdout=output, stderr=output)

    def answers(self) -> bool:
        try:
            client: MongoClient = MongoClient(self.url("admin"), serverSelectionTimeoutMS=2000)
            with client:
                return bool(client.admin.command("ping")["ok"])
        except PyMongoError:
            return False

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(STOPPED_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """As if its machine had died."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    @property
    def log(self) -> Path:
        return self.folder / "log"
