"""One clone: gunicorn, with a beginning and an end that a visitor does not notice. `python -m shop.serving --help`.

It takes connections once it has proved that it is ready, over the socket of the clone before it where there is one
(HANDOVER). Told to end, it says that it is not ready any more, goes on for DRAIN_SECONDS, and then finishes what it
has begun. Whoever still has no answer after `graceful_timeout` loses it, and the status says so (CUT_OFF_STATUS).
"""

import os
import signal
import sys
import time
from pathlib import Path

from django.conf import settings
from django.urls import resolve
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker
from jinja2 import TemplateSyntaxError

from scaling import clones, traffic
from scaling.fleet import WEB, Heartbeat
from scaling.handover import Offer, take
from scaling.monitor import monitor
from scaling.starting import NotReadyError, prove_ready
from shop.compiled import compile_templates

LOOK_SECONDS = 0.2  # for a successor
DEFAULTS = {
    "worker_class": "shop.serving.Threads",
    "workers": 1,
    "threads": 4,
    "preload_app": True,
    "graceful_timeout": 35,  # seconds: the proxy waits 30 for an answer
    "control_socket_disable": True,
}


class Clone(Arbiter):
    ends_at: float | None = None  # on the monotonic clock
    offer: Offer | None = None
    is_ending = has_cut_off = False

    def start(self) -> None:
        warm_up()
        prove_ready()
        path = Path(settings.HANDOVER) if settings.HANDOVER else None
        if path and (taken := take(path)) is not None:
            self.cfg.set("bind", f"fd://{taken}")
        super().start()
        if path:
            self.offer = Offer(path, self.LISTENERS[0].fileno())

    def handle_term(self) -> None:
        clones.drain()
        self.ends_at = time.monotonic() + settings.DRAIN_SECONDS

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Once it is drained there is nothing more to wait for."""
        if self.offer:
            self.offer.answer()
            timeout = LOOK_SECONDS
        if self.ends_at is not None:
            if (left := self.ends_at - time.monotonic()) <= 0:
                raise StopIteration
            timeout = min(timeout, left)
        return super().wait_for_signals(timeout)

    def stop(self, graceful: bool = True) -> None:
        """What it kills has had its time."""
        self.is_ending = True
        super().stop(graceful)

    def kill_worker(self, pid: int, sig: int) -> None:
        self.has_cut_off |= self.is_ending and sig == signal.SIGKILL
        super().kill_worker(pid, sig)

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        try:
            super().halt(reason, exit_status)
        except SystemExit:
            if self.has_cut_off:
                sys.exit(clones.CUT_OFF_STATUS)
            raise


class Threads(ThreadWorker):
    """Gunicorn's worker keeps its socket while it finishes, and drops who has come in meanwhile. This one takes in
    who is there already, and lets everybody after that be refused: the balancer asks another clone."""

    def is_parent_alive(self) -> bool:
        """Without the arbiter it ends likewise."""
        self.alive = self.alive and super().is_parent_alive()
        return self.alive

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._take_the_last(listener)
                listener.close()

    def _take_the_last(self, listener) -> None:
        before = -1
        while self.nr_conns > before:
            before = self.nr_conns
            self.accept(listener)


class Serving(WSGIApplication):
    def load_default_config(self) -> None:
        super().load_default_config()
        for name, value in {**DEFAULTS, **HOOKS}.items():
            self.cfg.set(name, value)

    def init(self, parser, opts, args) -> None:
        self.app_uri = "shop.wsgi"

    def run(self) -> None:
        try:
            Clone(self).run()
        except NotReadyError as why:
            raise SystemExit(str(why)) from None


def _leave_the_offer(server: Clone, worker: ThreadWorker) -> None:
    if server.offer:
        server.offer.close()


def _withdraw_the_offer(server: Clone) -> None:
    if server.offer:
        server.offer.withdraw()


def warm_up() -> None:
    """Before the fork, and so before the first visitors: they would wait for it. Raises NotReadyError with the
    template that cannot be compiled."""
    resolve("/")
    try:
        compile_templates()
    except TemplateSyntaxError as error:
        why = f"{error.name}, line {error.lineno}: {error.message}"
        raise NotReadyError(f"This clone is not ready: {why}") from None


def _begin(worker: ThreadWorker) -> None:
    monitor()
    worker.heart = Heartbeat(WEB, clones.clone_id(), also=[traffic.tell])
    worker.heart.start()


def _end(server: Arbiter, worker: ThreadWorker) -> None:
    if heart := getattr(worker, "heart", None):
        heart.stop()


HOOKS = {
    "post_fork": _leave_the_offer,
    "post_worker_init": _begin,
    "worker_exit": _end,
    "on_exit": _withdraw_the_offer,
}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.embedded")
    Serving("%(prog)s [OPTIONS]", prog="python -m shop.serving").run()
