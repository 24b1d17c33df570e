"""The relay: the process that sends what the outbox holds. Any number of them may run."""

import logging
import threading
import time
from collections.abc import Callable

from celery import current_app
from django.db import close_old_connections

from scaling.replicas import unit_of_work
from scaling.unavailable import OUTAGES

from . import dispatch, queues
from .claims import Lately, claim, due, known_tasks
from .models import SECOND, Outbox, now_us
from .sending import send
from .tasks import OutboxTask

POLL_SECONDS = 0.2
AFTER_OUTAGE_SECONDS = 1.0
AHEAD = 50  # messages that wait in a lane, beside those of its jobs
ASK_AFTER = 20  # rows that were sent: the broker is asked how many messages wait
DECLARE_EVERY_SECONDS = 60
GIVE_UP_EVERY_SECONDS = 3_600
STRANGERS_EVERY_SECONDS = 60
GIVE_UP_AFTER_SECONDS = 7 * 24 * 3_600
GIVE_UP_AFTER_ATTEMPTS = 100  # a relay that was away for a week has tried nothing meanwhile
GIVEN_UP_ROWS = 500
STRANGERS = 50
log = logging.getLogger(__name__)


class Relay:
    """One relay and what it remembers, all of which may be forgotten."""

    def __init__(self) -> None:
        self.tasks = known_tasks()
        self.lately = Lately()
        self.strangers: set[str] = set()
        self.full: set[str] = set()  # lanes
        self._sent = ASK_AFTER  # since the broker was asked
        self._again_at: dict[Callable[[], None], float] = {}  # on the monotonic clock

    def turn(self) -> int:
        """Send what is due now, about a thousand rows and some jobs. Returns how many of them are due no more."""
        self._at_most(DECLARE_EVERY_SECONDS, queues.declare)
        ready, covered = due(self._with_room(), self.lately)
        sent = send(claim(ready), self.tasks)
        self._sent += len(sent)
        self.lately.note(row for row in sent if self.tasks[row.task].merges)
        claim(covered)
        jobs = dispatch.turn()
        self._at_most(GIVE_UP_EVERY_SECONDS, self.give_up)
        self._at_most(STRANGERS_EVERY_SECONDS, self.name_strangers)
        return len(sent) + len(covered) + jobs

    def _with_room(self) -> dict[str, OutboxTask]:
        """The tasks whose lane is not full. Where workers are behind, rows wait in the outbox: a message that waits
        is not lost, and sent again every half a minute it would only make the queue longer."""
        if self.full or self._sent >= ASK_AFTER:
            lanes, waiting = {task.lane for task in self.tasks.values()}, queues.depths()
            self.full = {lane for lane in lanes if waiting.get(lane, 0) >= most_ahead(lane)}
            self._sent = 0
        return {name: task for name, task in self.tasks.items() if task.lane not in self.full}

    def _at_most(self, seconds: float, verb: Callable[[], None]) -> None:
        now = time.monotonic()
        if now >= self._again_at.get(verb, now):
            self._again_at[verb] = now + seconds
            verb()

    def give_up(self) -> None:
        """Delete rows that were tried again and again for a week, some hundreds at a time, and say so."""
        since = now_us() - GIVE_UP_AFTER_SECONDS * SECOND
        rows = Outbox.objects.filter(tried_since__lt=since, attempt__gte=GIVE_UP_AFTER_ATTEMPTS)[:GIVEN_UP_ROWS]
        hopeless = {row.pk: row for row in rows}
        for row in hopeless.values():
            log.error("Given up after %d attempts in a week: %s", row.attempt, row)
        if hopeless:
            Outbox.objects.filter(pk__in=list(hopeless)).delete()

    def name_strangers(self) -> None:
        """Tell of each task, once, that rows wait for and that this release does not know. They are left alone:
        another release does it, or will."""
        waiting = Outbox.objects.filter(due_at__lte=now_us()).exclude(task__in=list(self.tasks))
        for name in waiting.values_list("task", flat=True).distinct()[:STRANGERS]:
            if name not in self.strangers:
                self.strangers.add(name)
                log.warning("Rows wait for the task %s, which this release does not know", name)


def most_ahead(lane: str) -> int:
    """So many messages may wait there: with jobs as many as they may be, rows have their share."""
    return AHEAD + dispatch.AHEAD.get(lane, 0)


def run(stop: threading.Event) -> None:
    """Send what is due, five times a second, until `stop` is set. A database or broker that is away is waited for."""
    current_app.loader.import_default_modules()
    relay = Relay()
    while not stop.wait(_turn(relay)):
        pass


def _turn(relay: Relay) -> float:
    """One look at the outbox. Returns the seconds to wait until the next."""
    try:
        with unit_of_work():
            return 0 if relay.turn() else POLL_SECONDS
    except OUTAGES as error:
        log.warning("The outbox waits: %s", error)
        close_old_connections()
        return AFTER_OUTAGE_SECONDS
