"""Processes of a shop that a proof starts beside it, so that it may kill them.

The shop itself closes when one of its own ends.
"""

import os
import shlex
import signal
import subprocess
from pathlib import Path

from shop import one_machine
from shop.management.commands.run import BULK, INTERACTIVE, QUIET_AND_SMALL, RELAY, RENDER
from shop.running import STORES

LINES = {"relay": RELAY, "worker": INTERACTIVE, "bulk": BULK, "render": RENDER}
ENDED_WITHIN_SECONDS = 20


class Apart:
    """The process `name` of the shop in `folder`. Its log is beside those of the others."""

    def __init__(self, name: str, folder: Path, root: Path, environment: dict[str, str]) -> None:
        self.name, self.folder, self.root = name, folder, root
        self.environment = environment | QUIET_AND_SMALL
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with (self.folder / f"{self.name}-apart.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), cwd=self.root, env=self.environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(ENDED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _command(self) -> list[str]:
        if self.name in STORES:
            lines = (line.split("=", 1) for line in (self.folder / "env").read_text().splitlines())
            return one_machine.valkey_of(self.name, self.folder, dict(lines)[f"{self.name.upper()}_URL"]).command()
        return shlex.split(LINES[self.name])
