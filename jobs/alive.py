"""Which workers live: each says so every few seconds on `keep`, where whoever asks looks.

Rows tell what each of them does; this tells of those that do nothing. A worker that is told to end says so to what it
runs, which stops at its next step.
"""

import os
import threading
import time
from typing import Any, NamedTuple

from celery.signals import celeryd_after_setup, worker_ready, worker_shutdown, worker_shutting_down
from redis.exceptions import RedisError

from scaling import settings
from scaling.codec import dumps, loads
from scaling.stores import keep

from . import leases
from .running import leaving

TELL_SECONDS = 5
FRESH_SECONDS = 15.0
KEY = "workers"


class Alive(NamedTuple):
    """A worker that spoke lately, the lanes it takes from, and the code it runs."""

    name: str
    lanes: list[str]
    release: str
    pid: int


class Speaker:
    """Of this process. A `keep` that is away is told again."""

    def __init__(self) -> None:
        self.lanes: list[str] = []
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            tell(Alive(leases.this_worker(), self.lanes, settings.RELEASE, os.getpid()))
            self._over.wait(TELL_SECONDS)

    def stop(self) -> None:
        self._over.set()
        try:
            keep().hdel(KEY, leases.this_worker())
        except RedisError:
            return  # it is forgotten by itself


def tell(alive: Alive) -> None:
    try:
        keep().hset(KEY, alive.name, dumps([time.time(), *alive]))
    except RedisError:
        return


def workers() -> list[Alive]:
    """Those that live, by name; what dead ones have said is forgotten. Raises RedisError when `keep` is down."""
    found: Any = keep().hgetall(KEY)
    fresh, stale = [], []
    for name, text in found.items():
        at, *alive = loads(text)
        if abs(time.time() - at) < FRESH_SECONDS:
            fresh.append(Alive(*alive))
        else:
            stale.append(name)
    if stale:
        keep().hdel(KEY, *stale)
    return sorted(fresh)


_speaker = Speaker()


@celeryd_after_setup.connect(dispatch_uid="jobs.alive")
def _named(sender: str, instance: Any, **_: Any) -> None:
    """Before the pool starts: its children claim under the worker's name."""
    leases.name_this_worker(sender)
    _speaker.lanes = sorted(instance.app.amqp.queues.consume_from)


@worker_ready.connect(dispatch_uid="jobs.alive")
def _begin(**_: Any) -> None:
    threading.Thread(target=_speaker.run, name="alive", daemon=True).start()


@worker_shutting_down.connect(dispatch_uid="jobs.alive")
def _leave(**_: Any) -> None:
    leaving.set()


@worker_shutdown.connect(dispatch_uid="jobs.alive")
def _end(**_: Any) -> None:
    _speaker.stop()
