"""Asynchronism: what must be done after a transaction is written down inside it.

A task sent before COMMIT may run too early or for nothing; one sent after it is lost if the process dies in between.
So the transaction inserts an outbox row, the relay sends what is due, and the row goes when the effect is stored.
Take the relay away and the shop still sells; pages and mails follow once it is back.
"""

from collections.abc import Iterable, Sequence
from typing import cast

from celery import current_app

from scaling.replicas import last_written

from .models import Outbox, now_us
from .tasks import OutboxTask

SECOND = 1_000_000  # microseconds
LONGEST_WAIT_SECONDS = 60
CLAIM_ROWS = 1_000


def enqueue(task: str, subject: object, *, due_at: int | None = None) -> None:
    """Have `task` done for `subject`, at `due_at` (microseconds since 1970) or now. Call it in the transaction."""
    Outbox.objects.create(task=task, subject=str(subject), due_at=due_at or now_us())


def enqueue_many(task: str, subjects: Iterable[object]) -> None:
    """The same for many subjects, in few statements."""
    rows = (Outbox(task=task, subject=str(subject)) for subject in subjects)
    Outbox.objects.bulk_create(rows, batch_size=500)


def claim(limit: int = CLAIM_ROWS) -> list[Outbox]:
    """Take rows that are due. Each is due again after 1 s, 2 s, 4 s … unless its effect is stored before.

    Two relays may run: the conditional UPDATE gives a row to one of them, told apart by the moment it wrote.
    """
    now = now_us()
    due = list(Outbox.objects.filter(due_at__lte=now).order_by("due_at")[:limit])
    claimed: list[Outbox] = []
    for attempt in sorted({row.attempt for row in due}):
        mine = {row.pk: row for row in due if row.attempt == attempt}
        again_at = now_us() + min(2**attempt, LONGEST_WAIT_SECONDS) * SECOND
        rows = Outbox.objects.filter(pk__in=list(mine), attempt=attempt, due_at__lte=now)
        if rows.update(due_at=again_at, attempt=attempt + 1) == len(mine):
            claimed += mine.values()
        else:
            ours = Outbox.objects.filter(pk__in=list(mine), attempt=attempt + 1, due_at=again_at)
            claimed += [mine[pk] for pk in ours.values_list("pk", flat=True)]
    return claimed


def send(rows: Sequence[Outbox]) -> int:
    """Hand claimed rows to the broker, those of one task together up to its batch. Returns the number of messages.

    Each carries the position of the claim, which came after the transactions that added the rows.

    Only a first attempt is sent in company: a subject that makes its task fail must not hold up the others for good.
    """
    if not rows:
        return 0
    messages: dict[tuple[str, bool], list[list]] = {}
    count, position = 0, last_written()
    for row in rows:
        pairs = messages.setdefault((row.task, row.attempt == 0), [])
        pairs.append([row.pk, row.subject])
    for (name, is_first), pairs in messages.items():
        task = cast(OutboxTask, current_app.tasks[name])
        size = task.batch if is_first else 1
        for start in range(0, len(pairs), size):
            task.apply_async(args=(pairs[start : start + size], position), queue=task.lane, retry=False)
            count += 1
    return count
