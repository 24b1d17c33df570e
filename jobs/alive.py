"""Workers and beat join the fleet: each says that it lives, whichever lanes it takes from.

Rows tell what each worker does; this tells of those that do nothing. A worker that is told to end says so to what it
runs, which stops at its next step; a picture stops at once, since it is gone on from its last pass.
"""

import atexit
from typing import Any

from celery.signals import beat_init, celeryd_after_setup, worker_ready, worker_shutdown, worker_shutting_down

from scaling import clones, traffic
from scaling.fleet import BEAT, WORKER, Heartbeat, Member, fleet

from . import leases
from .leaving import leaving

_hearts: list[Heartbeat] = []  # of this process: one, once it has begun


def workers() -> list[Member]:
    """Those that live, by name. Raises RedisError when `keep` is down."""
    return [member for member in fleet() if member.kind == WORKER]


@celeryd_after_setup.connect(dispatch_uid="jobs.alive")
def _named(sender: str, instance: Any, **_: Any) -> None:
    """Before the pool starts: its children claim under the worker's name."""
    leases.name_this_worker(sender)
    _hearts[:] = [Heartbeat(WORKER, sender, lanes=list(instance.app.amqp.queues.consume_from), also=[traffic.tell])]


@beat_init.connect(dispatch_uid="jobs.alive")
def _beats(**_: Any) -> None:
    _hearts[:] = [Heartbeat(BEAT, clones.clone_id())]
    _begin()
    atexit.register(_end)


@worker_ready.connect(dispatch_uid="jobs.alive")
def _begin(**_: Any) -> None:
    for heart in _hearts:
        heart.start()


@worker_shutting_down.connect(dispatch_uid="jobs.alive")
def _leave(**_: Any) -> None:
    clones.drain()
    leaving.set()


@worker_shutdown.connect(dispatch_uid="jobs.alive")
def _end(**_: Any) -> None:
    for heart in _hearts:
        heart.stop()
