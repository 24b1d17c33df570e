"""Which objects a request has changed, and whether they have been built again: for the causal token."""

from django.db import DEFAULT_DB_ALIAS, connections

from scaling.replicas import Work

from .models import Outbox, now_us
from .outbox import LONGEST_WAIT_SECONDS, SECOND
from .triggers import DIALECTS, watched_objects


class OutboxChanges:
    """Told by the triggers, which also see what no model knows of."""

    def taken(self, work: Work) -> dict[str, int] | None:
        connection = connections[DEFAULT_DB_ALIAS]
        return DIALECTS[connection.vendor].touched(connection, work.began_at)

    def are_built(self, since: int) -> bool:
        """A row that waits for its own time, such as the end of a promotion, is no change yet."""
        soon = now_us() + (LONGEST_WAIT_SECONDS + 1) * SECOND
        tasks = {watched.task for watched in watched_objects().values()}
        return not Outbox.objects.filter(task__in=tasks, due_at__lte=soon, created_at__lte=since).exists()


CHANGES = OutboxChanges()
