"""Asynchronism: what a worker does with a message that was meant for workers of another release.

Pages of a release are published by its own workers alone, so each deploy leaves some messages that nobody can take
any more. Celery rejects what it does not know, and the broker would put it to the dead letters: whoever is called
when one lies there would be called after each deploy. The row in the outbox is the truth: such a message is dropped.
"""

import logging
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer
from kombu.message import Message

from .pages import PUBLISHERS

log = logging.getLogger(__name__)


class Consumer(CeleryConsumer):
    """Any other task that this release does not know is rejected, as ever."""

    def on_unknown_task(self, body: Any, message: Message, exc: Exception) -> None:
        task = message.headers.get("task", "")
        if not is_of_another_release(task):
            super().on_unknown_task(body, message, exc)
            return
        message.ack_log_error(log, self.connection_errors)  # type: ignore[attr-defined]  # the stubs lack it
        log.info("Dropped a message for %s: pages of that release are not ours to publish", task)


def is_of_another_release(task: str) -> bool:
    """Whether an unknown task publishes pages: it is then of a release that is not this one."""
    return task.partition("@")[0] in PUBLISHERS
