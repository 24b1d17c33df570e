"""Which rows of the outbox are sent now, and the right to send them.

Ten changes of one product within a second are one or two builds: a row of a task that merges ripens for a moment, and
its subject rests for a while after it was sent. Who builds then absorbs what has come meanwhile (`jobs.tasks`).
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from celery import current_app
from django.db.models import Q
from django.db.models.functions import Least

from .models import LONGEST_WAIT_SECONDS, NEVER, SECOND, Outbox, now_us
from .tasks import OutboxTask

RIPE_US = 200_000  # microseconds
REST_US = 650_000
CLAIM_ROWS = 1_000  # a turn
LOOK_AT_ROWS = 10_000  # a turn, when most of them rest
REMEMBERED = 100_000  # subjects


def known_tasks() -> dict[str, OutboxTask]:
    """The tasks of this release that the outbox may send, by name."""
    return {name: task for name, task in current_app.tasks.items() if isinstance(task, OutboxTask)}


class Lately:
    """Which subjects were sent in the last moment. Each relay has its own memory: a second one costs a build more,
    and one that has forgotten, too."""

    def __init__(self) -> None:
        self._sent: OrderedDict[tuple[str, str], int] = OrderedDict()  # microseconds, the oldest first

    def holds(self, row: Outbox) -> bool:
        """Whether the row's subject rests. What is sent again has waited already."""
        sent = self._sent.get((row.task, row.subject))
        return row.attempt == 0 and sent is not None and 0 <= now_us() - sent < REST_US

    def covers(self, row: Outbox) -> bool:
        """Whether the row was due when its subject was sent last: who gets that message absorbs it."""
        return row.attempt == 0 and row.due_at <= self._sent.get((row.task, row.subject), 0)

    def note(self, rows: Iterable[Outbox]) -> None:
        now = now_us()
        for row in rows:
            self._sent[row.task, row.subject] = now
            self._sent.move_to_end((row.task, row.subject))
        while self._sent and (len(self._sent) > REMEMBERED or now - next(iter(self._sent.values())) > REST_US):
            self._sent.popitem(last=False)


def due(tasks: dict[str, OutboxTask], lately: Lately) -> tuple[list[Outbox], list[Outbox]]:
    """Rows to send now, those that wait longest first, and rows of a backlog to claim in silence, since a message on
    its way does for them, too. Rows of tasks we do not know are left to who does."""
    now, ripening = now_us(), [name for name, task in tasks.items() if task.merges and task.ripens]
    is_ripe = Q(due_at__lte=now - RIPE_US) | Q(attempt__gt=0) | ~Q(task__in=ripening)
    rows = Outbox.objects.filter(is_ripe, task__in=list(tasks), due_at__lte=now).order_by("due_at", "pk")
    ready: list[Outbox] = []
    covered: list[Outbox] = []
    for start in range(0, LOOK_AT_ROWS, CLAIM_ROWS):
        looked_at = list(rows[start : start + CLAIM_ROWS])
        ready += [row for row in looked_at if not lately.holds(row)]
        if len(looked_at) < CLAIM_ROWS:
            break
        covered += [row for row in looked_at if lately.holds(row) and lately.covers(row)]
        if len(ready) + len(covered) >= CLAIM_ROWS:
            break
    return ready[:CLAIM_ROWS], covered[:CLAIM_ROWS]


def claim(rows: Sequence[Outbox]) -> list[Outbox]:
    """Take these rows. Each is due again after 1 s, 2 s, 4 s … unless its effect is stored before.

    Two relays may run: the conditional UPDATE gives a row to one of them, told apart by the moment it wrote.
    """
    claimed: list[Outbox] = []
    for attempt in sorted({row.attempt for row in rows}):
        mine = {row.pk: row for row in rows if row.attempt == attempt}
        now = now_us()
        again_at = now + min(2**attempt, LONGEST_WAIT_SECONDS) * SECOND
        taken = Outbox.objects.filter(pk__in=list(mine), attempt=attempt).update(
            due_at=again_at, attempt=attempt + 1, tried_since=Least("tried_since", now)
        )
        if taken == len(mine):
            claimed += mine.values()
        else:
            ours = Outbox.objects.filter(pk__in=list(mine), attempt=attempt + 1, due_at=again_at)
            claimed += [mine[pk] for pk in ours.values_list("pk", flat=True)]
    return claimed


def put_back(rows: Sequence[Outbox]) -> None:
    """What was claimed and could not be sent is due again, as if nobody had tried."""
    for attempt in sorted({row.attempt for row in rows}):
        ours = Outbox.objects.filter(pk__in=[row.pk for row in rows if row.attempt == attempt], attempt=attempt + 1)
        ours.update(due_at=now_us(), attempt=attempt, **({} if attempt else {"tried_since": NEVER}))
