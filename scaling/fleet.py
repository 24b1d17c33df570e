"""The fleet: every process says on `keep` that it lives, what it does and which code it runs.

After a deploy nobody should run the old code. Who only counts what was started finds that out from a customer: here
each process speaks for itself, and one that is silent is soon forgotten.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from . import settings
from .clones import is_draining
from .codec import dumps, loads
from .stores import keep

KEY = "fleet"
BEAT_SECONDS = 2.0
FRESH_SECONDS = 10.0
WEB, WORKER, RELAY, BEAT = "web", "worker", "relay", "beat"
log = logging.getLogger(__name__)


class Member(NamedTuple):
    """A process that spoke lately. `since` is when it began, in seconds since 1970; `lanes` are a worker's queues,
    and what it `knows` is what the setting FLEET_KNOWS named when it was started."""

    kind: str
    name: str
    release: str
    since: float
    host: str
    pid: int
    lanes: Sequence[str] = ()
    is_draining: bool = False
    knows: Sequence[str] = ()

    @property
    def field(self) -> str:
        return f"{self.kind}/{self.name}/{self.host}/{self.pid}"

    @property
    def called(self) -> str:
        """What it does and its name, once where the name says both: "web1", "worker bulk@oat"."""
        return self.name if self.name.startswith(self.kind) else f"{self.kind} {self.name}"


class Heartbeat:
    """Of this process, in a thread of its own: begun after a fork, never before. Each time `also` is called: what has
    been counted meanwhile is told along. A `keep` that is away is told again."""

    def __init__(
        self, kind: str, name: str, *, lanes: Sequence[str] = (), also: Sequence[Callable[[], None]] = ()
    ) -> None:
        host, pid, knows = socket.gethostname(), os.getpid(), _knows()
        self.me = Member(kind, name, settings.RELEASE, time.time(), host, pid, tuple(sorted(lanes)), knows=knows)
        self.also = also
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """The last word: it is gone. A beat that is under way is not the last."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(BEAT_SECONDS)
        self._tell_the_rest()
        try:
            keep().hdel(KEY, self.me.field)
        except RedisError:
            return  # it is forgotten by itself

    def beat(self) -> None:
        tell(self.me._replace(is_draining=is_draining()))
        self._tell_the_rest()

    def _run(self) -> None:
        while not self._over.is_set():
            self.beat()
            self._over.wait(BEAT_SECONDS)

    def _tell_the_rest(self) -> None:
        for each in self.also:
            try:
                each()
            except Exception:  # the heart of a process that serves goes on
                log.exception("What was counted is not told")


def tell(member: Member) -> None:
    try:
        keep().hset(KEY, member.field, dumps([_now(), *member]))
    except RedisError as error:
        log.debug("`keep` is told later: %s", error)


def fleet() -> list[Member]:
    """Who lives, by kind and name; what dead ones have said is forgotten. Raises RedisError when `keep` is down."""
    found: Any = keep().hgetall(KEY)
    now, fresh, stale = _now(), [], []
    for field, text in found.items():
        at, *told = loads(text)
        if now - at < FRESH_SECONDS:
            fresh.append(_member(told))
        else:
            stale.append(field)
    if stale:
        keep().hdel(KEY, *stale)
    return sorted(fresh)


def _now() -> float:
    """By the clock of `keep`: those of hosts may differ."""
    seconds, microseconds = keep().time()  # type: ignore[misc]
    return float(seconds + microseconds / 1e6)


def _member(told: list[Any]) -> Member:
    """Of what another release may have said with more words."""
    member = Member(*told[: len(Member._fields)])
    return member._replace(lanes=tuple(member.lanes), knows=tuple(member.knows))


def _knows() -> Sequence[str]:
    return tuple(import_string(settings.FLEET_KNOWS)()) if settings.FLEET_KNOWS else ()


def strangers(members: Sequence[Member], release: str) -> list[Member]:
    """Those that run other code."""
    return [member for member in members if member.release != release]
