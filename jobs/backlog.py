"""What waits in the outbox, for whoever runs the shop."""

from dataclasses import dataclass

from django.db.models import Case, Count, F, Min, Q, When

from .claims import known_tasks
from .models import SECOND, Outbox, now_us

HEADINGS = ("to send", "sent, not done", "for later", "oldest")

UNITS = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]  # seconds


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one task: how many rows, and how many seconds the oldest has waited that is not for later."""

    task: str
    to_send: int
    not_done: int
    for_later: int
    oldest: float | None


def backlog() -> list[Waiting]:
    """What waits, by task, in one statement."""
    now = now_us()
    is_later = Q(attempt=0, due_at__gt=now)
    since = Case(When(attempt=0, then=F("due_at")), default=F("tried_since"))
    counted = Outbox.objects.values_list("task").annotate(
        to_send=Count("pk", filter=Q(attempt=0, due_at__lte=now)),
        not_done=Count("pk", filter=Q(attempt__gt=0)),
        for_later=Count("pk", filter=is_later),
        since=Min(since, filter=~is_later),
    )
    return [
        Waiting(task, to_send, not_done, for_later, None if since is None else (now - since) / SECOND)
        for task, to_send, not_done, for_later, since in counted.order_by("task")
    ]


def table(waiting: list[Waiting]) -> str:
    """The same as lines. A task that this release does not know is marked: these rows wait for one that does."""
    if not waiting:
        return "Nothing waits."
    known = known_tasks()
    width = max(len(each.task) for each in waiting) + 2
    lines = ["".ljust(width) + "".join(heading.rjust(16) for heading in HEADINGS)]
    for each in waiting:
        name = each.task if each.task in known else f"{each.task} ?"
        numbers = (each.to_send, each.not_done, each.for_later, age(each.oldest))
        lines.append(name.ljust(width) + "".join(str(number).rjust(16) for number in numbers))
    if any(each.task not in known for each in waiting):
        lines.append("? is a task that this release does not know.")
    return "\n".join(lines)


def age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    unit, name = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    return f"{seconds // unit:.0f} {name}"
