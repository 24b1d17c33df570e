"""Which objects a request has changed, and whether they have been built again: for the causal token."""

from collections.abc import Collection

from django.db import DEFAULT_DB_ALIAS, connections

from scaling import settings
from scaling.replicas import Work

from . import pages, reach
from .models import SECOND, Outbox, OutboxQuerySet, now_us
from .sought import Sought, paths_not_shown
from .triggers import DIALECTS, watched_objects
from .watched import FORMER_REFRESH, REACH, WALK


class OutboxChanges:
    """Told by the triggers, which also see what no model knows of."""

    def taken(self, work: Work) -> dict[str, int] | None:
        """The objects changed under `work`, with their versions ("name:id"); None when they are too many."""
        connection = connections[DEFAULT_DB_ALIAS]
        touched = DIALECTS[connection.vendor].touched(connection, work.began_at)
        if touched and any(_is_shown_by_many(subject) for subject in touched):
            return None
        return touched and {subject: touched[subject] for subject in touched if _is_watched(subject)}

    def are_built(self, since: int) -> bool:
        """Whether all that was changed before `since` (microseconds) and that pages show has been built again."""
        rows = _rows().filter(created_at__lte=since)
        for path in paths_not_shown():
            rows = rows.exclude(task=WALK, subject__startswith=path)
        return not rows.exists()

    def are_published(self, objects: Collection[str]) -> bool:
        """Whether no page that shows one of these ("name:id"), or none at all when there are none, waits to be
        published. A page waits before the object's own row is done: so that row is looked for first."""
        if settings.PUBLISH == "off":
            return True
        return not (objects and _rows().filter(subject__in=objects).exists()) and not pages.has_waiting(objects)

    def undone(self, most: int) -> list[str] | None:
        """The objects ("name:id") that were changed and are not built again yet, with those that a trigger may not
        have seen; None when there are more than `most`."""
        subjects = list(_rows().values_list("subject", flat=True).distinct()[: most + 1])
        if len(subjects) > most:
            return None
        found = {subject for subject in subjects if _is_watched(subject)} | reach.named(subjects, most + 1)
        return sorted(found) if len(found) <= most else None

    def hurry(self) -> None:
        """Have those that were sent and are not done sent again now, as if for the first time: in company, and once
        for a subject, however many processes ask for it. What was not sent yet is about to be."""
        now = now_us()
        _rows().filter(attempt__gt=0, due_at__gt=now).update(due_at=now, attempt=0)


def _rows() -> OutboxQuerySet:
    """Of changes that are not built again yet. One that waits for its own time, such as the end of a promotion, is no
    change yet."""
    tasks = {FORMER_REFRESH, REACH, WALK, *(watched.task for watched in watched_objects().values())}
    return Outbox.objects.begun(slack=SECOND).filter(task__in=tasks)


def _is_shown_by_many(subject: str) -> bool:
    """Whether it is a row whose owners a worker goes through, and pages show it."""
    sought = Sought.known(subject) if "/" in subject else None
    return bool(sought and sought.part.in_bulk and sought.part.is_shown)


def _is_watched(subject: str) -> bool:
    return subject.partition(":")[0] in watched_objects()


CHANGES = OutboxChanges()
