"""Tasks that are sent by the outbox: they may come twice or late, and mark their row only when all is stored."""

from collections.abc import Callable
from typing import Any

from celery import Task, shared_task

from scaling.positions import Position
from scaling.replicas import unit_of_work

from .models import Outbox

Pairs = list[tuple[int, str]]  # outbox row, subject


class OutboxTask(Task):
    """`batch` subjects travel together at most, on the queue `lane`."""

    batch = 1
    lane = "interactive"


def outbox_task(*, lane: str = "interactive", batch: int = 1) -> Callable[[Callable[[Any], None]], OutboxTask]:
    """Make a Celery task of a function of one subject, or with `batch` of a list of subjects.

    The function may run again for a subject that is done already. If it raises, the rows stay and are sent again.
    It reads where the transactions that added its rows have arrived: the message carries their position.
    """

    def decorate(function: Callable[[Any], None]) -> Any:
        def run(pairs: Pairs, position: Position | None = None) -> None:
            with unit_of_work(position):
                waiting = set(Outbox.objects.filter(pk__in=[pk for pk, _ in pairs]).values_list("pk", flat=True))
                subjects = list(dict.fromkeys(subject for pk, subject in pairs if pk in waiting))
                if batch > 1 and subjects:
                    function(subjects)
                elif subjects:
                    function(subjects[0])
                Outbox.objects.filter(pk__in=waiting).delete()

        name = f"{function.__module__}.{function.__name__}"
        return shared_task(name=name, base=OutboxTask, batch=batch, lane=lane)(run)

    return decorate
