"""The processes of a shop on one machine, under honcho's manager: they start together and end together."""

import ctypes
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from honcho import manager, printer, process

STORES = ("cache", "keep")
KILLED_AFTER_SECONDS = 8
TOLD_WITHIN_SECONDS = 5
PR_SET_PDEATHSIG = 1


def end_with_parent(number: signal.Signals) -> None:
    """Have the kernel send us this signal when our parent dies, however it dies. Linux alone can do it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


class Child(process.Popen):
    def __init__(self, command: str, **options) -> None:
        super().__init__(command, preexec_fn=lambda: end_with_parent(signal.SIGTERM), **options)


class Process(process.Process):
    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self._child_ctor = Child

    def run(self, events=None, ignore_signals=False) -> None:
        end_with_parent(signal.SIGKILL)
        super().run(events, ignore_signals)


class Printer(printer.Printer):
    """Keeps what each process says in `<folder>/<name>.log`, of this start alone, and prints all but the stores'."""

    def __init__(self, folder: Path) -> None:
        super().__init__(sys.stdout)
        self.folder = folder
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.log"):
            old.unlink()

    def write(self, message) -> None:
        with (self.folder / f"{message.name}.log").open("ab") as log:
            log.write(message.data)
        if message.name not in STORES:
            super().write(message)


class Manager(manager.Manager):
    """Honcho's manager with an order at the end: the stores stop last, when nobody needs them any more.

    A signal is only noted, and acted upon in the loop: it may come while half of the processes are still starting.
    """

    def __init__(self, logs: Path) -> None:
        super().__init__(Printer(logs))
        self._process_ctor = Process
        self.is_stopping = False
        self.failed: tuple[str, int] | None = None

    def loop(self, meanwhile: Callable[[], None]) -> None:
        """Until every process has ended: because we were told to, or because one of them ended by itself.

        `meanwhile` runs in a thread of its own once all have been started: a fork does not copy threads well. It asks
        `goes_on` while it waits, and has returned before we do: the last word is the caller's.
        """
        beside = threading.Thread(target=meanwhile, daemon=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)
        try:
            self._start()
            beside.start()
            while not self._all_stopped():
                self._take_event()
                if self.is_stopping:
                    self._stop_some()
        finally:
            self._kill_the_rest()
        beside.join(TOLD_WITHIN_SECONDS)

    def goes_on(self, seconds: float) -> bool:
        """Wait so long, or until the shop closes; whether it is still open."""
        until = time.monotonic() + seconds
        while not self.is_stopping and time.monotonic() < until:
            time.sleep(0.1)
        return not self.is_stopping

    def _note(self, number: int, frame) -> None:
        self.is_stopping = True

    def _take_event(self) -> None:
        try:
            event = self.events.get(timeout=0.1)
        except queue.Empty:
            return self._find_the_lost()
        if event.type == "line":
            self._printer.write(event)
        elif event.type == "start":
            self._processes[event.name]["pid"] = event.data["pid"]
        else:
            self._stopped(event.name, event.data["returncode"])

    def _stopped(self, name: str, status: int) -> None:
        self._processes[name]["returncode"] = status
        if not self.is_stopping:
            self.failed = (name, status)
            self.is_stopping = True

    def _find_the_lost(self) -> None:
        """A process whose go-between was killed can no longer tell that it has ended."""
        for name, known in self._processes.items():
            if "returncode" not in known and not known["process"].is_alive():
                self._stopped(name, -signal.SIGKILL)

    def _stop_some(self) -> None:
        running = {name: known for name, known in self._processes.items() if "returncode" not in known}
        for name, known in running.items():
            if "pid" in known and (name not in STORES or not running.keys() - STORES):
                self._end(known)

    def _end(self, known: dict) -> None:
        now = time.monotonic()
        if "told_at" not in known:
            known["told_at"] = now
            self._procmgr.terminate(known["pid"])
        elif now - known["told_at"] > KILLED_AFTER_SECONDS:
            self._procmgr.kill(known["pid"])

    def _kill_the_rest(self) -> None:
        for known in self._processes.values():
            if "returncode" not in known and "pid" in known:
                self._procmgr.kill(known["pid"])
