"""The broker's queues, in the words that Valkey and RabbitMQ share: declared before anything is sent, and measured.

A queue that nobody has declared would lose what is sent to it, and the dead letters with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import current_app
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError


def declare() -> None:
    """Make the queues that are missing, and the one for dead letters. Raises an outage when the broker is away."""
    with _connected() as connection:
        for queue in _queues():
            queue(connection.channel()).declare()


def depths() -> dict[str, int]:
    """How many messages wait in each lane, and among the dead letters. Raises an outage when the broker is away.

    A queue is declared to be measured: of one that is there that is only a question, and Kombu's question for Valkey
    overlooks the prefix of our keys.
    """
    with _connected() as connection:
        return {queue.name: queue(connection.channel()).queue_declare().message_count for queue in _queues()}


def names() -> list[str]:
    """Of the lanes, and of the dead letters where a project has a queue for them (DEAD_QUEUE)."""
    return [queue.name for queue in _queues()]


def _queues() -> list[Any]:
    dead = getattr(settings, "DEAD_QUEUE", None)
    return [*current_app.amqp.queues.values(), *([dead] if dead else [])]


@contextmanager
def _connected() -> Iterator[Connection]:
    """Tried once: who asks can wait no longer."""
    with current_app.connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
            yield connection
        except connection.recoverable_connection_errors as error:
            raise BrokerError(str(error)) from error
