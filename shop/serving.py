"""One clone: gunicorn, with a beginning and an end that a visitor does not notice. `python -m shop.serving --help`.

It takes connections once it has proved that it is ready. Told to end, it says that it is not ready any more, goes on
for DRAIN_SECONDS, and then finishes what it has begun.
"""

import os
import time

from django.conf import settings
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from scaling import clones, traffic
from scaling.fleet import WEB, Heartbeat
from scaling.starting import NotReadyError, prove_ready

DEFAULTS = {
    "worker_class": "gthread",
    "workers": 1,
    "threads": 4,
    "preload_app": True,
    "graceful_timeout": 20,
    "control_socket_disable": True,
}


class Clone(Arbiter):
    ends_at: float | None = None  # on the monotonic clock

    def start(self) -> None:
        prove_ready()
        super().start()

    def handle_term(self) -> None:
        clones.drain()
        self.ends_at = time.monotonic() + settings.DRAIN_SECONDS

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Once it is drained there is nothing more to wait for."""
        if self.ends_at is None:
            return super().wait_for_signals(timeout)
        if (left := self.ends_at - time.monotonic()) <= 0:
            raise StopIteration
        return super().wait_for_signals(min(timeout, left))


class Serving(WSGIApplication):
    def load_default_config(self) -> None:
        super().load_default_config()
        for name, value in {**DEFAULTS, "post_worker_init": _begin, "worker_exit": _end}.items():
            self.cfg.set(name, value)

    def init(self, parser, opts, args) -> None:
        self.app_uri = "shop.wsgi"

    def run(self) -> None:
        try:
            Clone(self).run()
        except NotReadyError as why:
            raise SystemExit(str(why)) from None


def _begin(worker: Worker) -> None:
    worker.heart = Heartbeat(WEB, clones.clone_id(), also=[traffic.tell])
    worker.heart.start()


def _end(server: Arbiter, worker: Worker) -> None:
    if heart := getattr(worker, "heart", None):
        heart.stop()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.embedded")
    Serving("%(prog)s [OPTIONS]", prog="python -m shop.serving").run()
