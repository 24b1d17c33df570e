"""Asynchronism: what must be done after a transaction is written down inside it.

A task sent before COMMIT may run too early or for nothing; one sent after it is lost if the process dies in between.
So the transaction inserts an outbox row, the relay sends what is due, and the row goes when the effect is stored.
Take the relay away and the shop still sells; pages and mails follow once it is back.
"""

from collections.abc import Iterable

from scaling.requests import request_id

from .models import Outbox, now_us


def enqueue(task: str, subject: object, *, due_at: int | None = None) -> None:
    """Have `task` done for `subject`, at `due_at` (microseconds since 1970) or now. Call it in the transaction.
    The row says which request had it done."""
    Outbox.objects.create(task=task, subject=str(subject), due_at=due_at or now_us(), request_id=request_id())


def enqueue_many(task: str, subjects: Iterable[object]) -> None:
    """The same for many subjects, in few statements."""
    asked_by = request_id()
    rows = (Outbox(task=task, subject=str(subject), request_id=asked_by) for subject in subjects)
    Outbox.objects.bulk_create(rows, batch_size=500)
