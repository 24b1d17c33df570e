"""Whoever stops a deploy stops it between two steps, never within one; it is undone then, but not after its proof.

A step that is cut in two leaves a process that nobody knows of, or half a migration. So signals are noted here and
heeded when the step is done. Commands of a deploy do not hear them: see `hosts.SHIELD`.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ClusterError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C; a supervisor of ours; the terminal has gone


class Interrupt:
    """What was heard since `noted` began."""

    def __init__(self) -> None:
        self.heard = ""

    @contextmanager
    def noted(self) -> Iterator[None]:
        former = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def heed(self) -> None:
        """Raises ClusterError when something was heard."""
        if self.heard:
            raise ClusterError(f"It was stopped by {self.heard}.")

    def _note(self, number: int, frame: object) -> None:
        self.heard = signal.Signals(number).name
        told = f"{self.heard} is heard: what is under way is finished first, and the last line tells the rest.\n"
        try:
            os.write(sys.stderr.fileno(), told.encode())
        except (OSError, ValueError):  # nobody looks any more
            return
