"""From claimed rows to messages."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scaling.replicas import last_written
from scaling.unavailable import OUTAGES

from .claims import put_back
from .models import Outbox
from .tasks import OutboxTask
from .tracked import asked_by

ATTEMPTS_IN_COMPANY = 3
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    task: OutboxTask
    rows: list[Outbox]

    @property
    def request_id(self) -> str:
        """Of the first that has one: what was changed without a request has none."""
        return next((row.request_id for row in self.rows if row.request_id), "")


def send(rows: Sequence[Outbox], tasks: dict[str, OutboxTask]) -> list[Outbox]:
    """Hand claimed rows to the broker. Returns those it took.

    Each message carries the position of the claim, which came after the transactions that added the rows. With the
    broker away all that is left is put back, and the error raised. A row that cannot be sent for another reason holds
    up no other: it is tried again like one whose effect does not arrive.
    """
    found, sent = list(messages(rows, tasks)), []
    position = last_written() if found else {}
    for number, message in enumerate(found):
        pairs = [[row.pk, row.subject] for row in message.rows]
        try:
            headers = asked_by(message.request_id)
            message.task.apply_async(args=(pairs, position), queue=message.task.lane, headers=headers, retry=False)
        except OUTAGES:
            put_back([row for unsent in found[number:] for row in unsent.rows])
            raise
        except Exception:
            log.exception("%s could not be sent for %s", message.task.name, message.rows[0].subject)
        else:
            sent += message.rows
    return sent


def messages(rows: Sequence[Outbox], tasks: dict[str, OutboxTask]) -> Iterator[Message]:
    """The rows of one task together up to its batch, and all rows of one subject in one message if the task merges.

    The first attempts travel in company: a worker that is behind must not be sent the same in smaller pieces. Later
    ones go alone: what makes a worker die must not hold up the others for good.
    """
    subjects: dict[tuple[str, bool], dict[str | int, list[Outbox]]] = {}
    for row in rows:
        of_task = subjects.setdefault((row.task, row.attempt < ATTEMPTS_IN_COMPANY), {})
        of_task.setdefault(row.subject if tasks[row.task].merges else row.pk, []).append(row)
    for (name, in_company), of_task in subjects.items():
        alike, size = list(of_task.values()), tasks[name].batch if in_company else 1
        for start in range(0, len(alike), size):
            yield Message(tasks[name], [row for each in alike[start : start + size] for row in each])
