"""Watches the servers: a thread for each, in every process that reads, four times a second.

So a reader never finds out by waiting: a replica that is down, silent, behind or in trouble has been left out before.
The thread of the primary also tells where the primary is after a promotion, and counts what was read from whom.
"""

import logging
import os
import threading
import time
from collections import Counter

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from redis.exceptions import RedisError

from . import census, epochs, settings
from .health import SILENT_SECONDS, Primary, Replica
from .positions import Position, covers, log_of

POLL_SECONDS = 0.25
ANSWER_WITHIN_SECONDS = 1  # the driver knows no smaller time-out
FIRST_POLL_SECONDS = 0.02
FIRST_LOOK_SECONDS = 1.0
STANDARD_PORT = 3306

log = logging.getLogger(__name__)


class Monitor:
    """What this process knows of its servers. With SQLite there is nothing to watch: its replica is always there."""

    def __init__(self) -> None:
        now = time.monotonic()
        self.primary = Primary()
        self.replicas = {alias: Replica(alias, settings.REPLICA_LAG_SECONDS, now) for alias in settings.REPLICAS}
        self.epoch = 0
        self.reads: Counter[str] = Counter()
        self.generations: Counter[str] = Counter()  # raised when the connections to a server are worth nothing
        self.is_watching = connections[DEFAULT_DB_ALIAS].vendor == "mysql"
        self.asked: Counter[str] = Counter()  # queries, of those in service
        self._moving = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to watch, and wait shortly for what everybody answers first."""
        if not self.is_watching:
            return
        self.look_at_epoch()
        self._threads = [
            threading.Thread(target=self._watch, args=(alias,), name=f"monitor-{alias}", daemon=True)
            for alias in (DEFAULT_DB_ALIAS, *self.replicas)
        ]
        for thread in self._threads:
            thread.start()
        deadline = time.monotonic() + FIRST_LOOK_SECONDS
        while time.monotonic() < deadline and not self._has_looked():
            self._stopping.wait(FIRST_POLL_SECONDS)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def in_service(self) -> list[str]:
        """The replicas to read from, the one that was asked least first. One that comes back is not made up to."""
        if not self.is_watching:
            return list(self.replicas)
        now = time.monotonic()
        usable = [alias for alias, replica in self.replicas.items() if replica.is_in_service(now)]
        most = max((self.asked[alias] for alias in usable), default=0)
        self.asked = Counter({alias: self.asked.get(alias, most) for alias in usable})
        return sorted(usable, key=self.asked.__getitem__)

    def reachable(self) -> list[str]:
        """The replicas that answer at all, the one that has come farthest first: for when there is no primary."""
        if not self.is_watching:
            return list(self.replicas)
        now = time.monotonic()
        there = [replica for replica in self.replicas.values() if not replica.is_silent(now)]
        there.sort(key=lambda replica: sum(replica.position.values()), reverse=True)
        return [replica.alias for replica in there]

    def primary_is_down(self) -> bool:
        return self.is_watching and self.primary.is_down(time.monotonic())

    def may_reach(self, alias: str) -> bool:
        """Whether it is worth asking a replica for what was written a moment ago: a primary would never answer, and
        one that lags does not catch up while somebody waits."""
        replica = self.replicas[alias]
        return replica.is_replica and replica.lag < SILENT_SECONDS

    def reached(self, alias: str, position: Position) -> bool:
        """Whether a replica is known to have come so far."""
        return not self.is_watching or covers(self.replicas[alias].position, position)

    def reached_by_all(self, position: Position) -> bool:
        """Whether every replica that anybody may read from has come so far."""
        now = time.monotonic()
        return all(self.reached(alias, position) for alias, each in self.replicas.items() if not each.is_gone(now))

    def leave_out(self, alias: str, why: str) -> None:
        """A reader has found that a replica fails: out until it has answered again."""
        self.replicas[alias].leave(why, time.monotonic())
        self.generations[alias] += 1

    def look_at_epoch(self) -> None:
        """After a promotion another server is the primary, and what was known of all of them counts no longer."""
        try:
            epoch = epochs.current()
        except RedisError:
            return
        with self._moving:
            if epoch.number <= self.epoch:
                return
            if repoint(epoch.primary):
                log.warning("The primary is %s since epoch %s", epoch.primary, epoch.number)
            self.primary = Primary()
            for alias, replica in self.replicas.items():
                self.replicas[alias] = Replica(alias, replica.lag_limit, time.monotonic())
            self.generations.update([DEFAULT_DB_ALIAS, *self.replicas])
            self.epoch = epoch.number

    def _has_looked(self) -> bool:
        primary_known = self.primary.answered_at > 0 or self.primary.trouble
        return bool(primary_known) and all(each.is_in or each.out_since > 0 for each in self.replicas.values())

    def _watch(self, alias: str) -> None:
        connection, generation = None, -1
        while not self._stopping.is_set():
            if connection is not None and generation != self.epoch:
                connection.close()
                connection = None
            if connection is None:
                connection, generation = connection_to(alias), self.epoch
            try:
                self._look_at(alias, connection)
            except Error as error:
                self._note_failure(alias, str(error))
                connection.close()
                connection = None
            if alias == DEFAULT_DB_ALIAS:
                self.look_at_epoch()
                self._tell()
            self._stopping.wait(POLL_SECONDS if self._has_looked() else FIRST_POLL_SECONDS)
        if connection is not None:
            connection.close()

    def _look_at(self, alias: str, connection: BaseDatabaseWrapper) -> None:
        if alias == DEFAULT_DB_ALIAS:
            self.primary.note(log_of(connection).current(connection), time.monotonic())
        else:
            replication = log_of(connection).replication(connection)
            self.replicas[alias].note(replication, self.primary, time.monotonic())

    def _note_failure(self, alias: str, why: str) -> None:
        self.generations[alias] += 1
        if alias == DEFAULT_DB_ALIAS:
            self.primary.trouble = why
        else:
            self.replicas[alias].leave(why, time.monotonic())

    def _tell(self) -> None:
        """Tell the others, on `keep`, how this process sees the replicas and what it has read where."""
        told, self.reads = self.reads, Counter()
        now = time.monotonic()
        views = {alias: census.View(replica.lag, replica.said(now)) for alias, replica in self.replicas.items()}
        try:
            census.tell(told, views)
        except RedisError:
            self.reads.update(told)


def connection_to(alias: str) -> BaseDatabaseWrapper:
    """A connection of the monitor's own, which waits no longer than it has to."""
    there = connections.settings[alias]
    impatient = {"read_timeout": ANSWER_WITHIN_SECONDS, "write_timeout": ANSWER_WITHIN_SECONDS}
    wanted = there | {"OPTIONS": there["OPTIONS"] | impatient, "CONN_HEALTH_CHECKS": False}
    return type(connections[alias])(wanted, alias)


def repoint(place: str) -> bool:
    """Make the server at `place` (host:port) the primary of this process; its alias gets the old primary's place.
    False if it was the primary already."""
    host, _, port = place.rpartition(":")
    old = connections.settings[DEFAULT_DB_ALIAS]
    if _is_at(old, host, port):
        return False
    for alias in settings.REPLICAS:
        replica = connections.settings[alias]
        if _is_at(replica, host, port):
            replica.update(HOST=old["HOST"], PORT=old["PORT"])
    old.update(HOST=host, PORT=int(port))
    return True


def _is_at(database: dict, host: str, port: str) -> bool:
    return (database["HOST"], str(database["PORT"] or STANDARD_PORT)) == (host, port)


_monitor: Monitor | None = None
_starting = threading.Lock()


def monitor() -> Monitor:
    """The monitor of this process, started when it is first asked for."""
    global _monitor
    if _monitor is None:
        with _starting:
            if _monitor is None:
                started = Monitor()
                started.start()
                _monitor = started
    return _monitor


def _forget() -> None:
    """A fork copies no threads."""
    global _monitor, _starting
    _monitor, _starting = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
