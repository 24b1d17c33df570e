"""The broker's queues, in the words that Valkey and RabbitMQ share: declared before anything is sent, and measured.

A queue that nobody has declared would lose what is sent to it, and the dead letters with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from celery import current_app
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from kombu.message import Message

# The broker's reasons (RabbitMQ writes them into the header `x-death`), for people
WHY = {"delivery_limit": "every worker that took it died of it", "rejected": "no worker here knows its task"}


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter: which task with what, in which lane it was, and why no worker keeps it there, in words."""

    task: str
    arguments: str
    lane: str
    why: str


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


def dead_letters(most: int) -> list[Dead]:
    """The oldest dead letters. They stay where they are. Raises an outage when the broker is away."""
    with _connected() as connection:
        channel: Any = connection.channel()
        takers = [partial(queue(channel).get, no_ack=False) for queue in _dead()]
        found = [message for take in takers for message in islice(iter(take, None), most)]
        channel.close()  # gives back what it has taken and not acknowledged
        return [_read(message) for message in found]


def empty_dead_letters() -> int:
    """Throw them away; how many there were. Raises an outage when the broker is away."""
    with _connected() as connection:
        return sum(queue(connection.channel()).purge() for queue in _dead())


def _read(message: Message) -> Dead:
    headers: dict[str, Any] = message.headers
    died: dict[str, str] = (headers.get("x-death") or [{}])[0]
    lane, reason = died.get("queue", "?"), died.get("reason", "?")
    return Dead(headers.get("task", "?"), headers.get("argsrepr", ""), lane, WHY.get(reason, reason))


def _queues() -> list[Any]:
    return [*current_app.amqp.queues.values(), *_dead()]


def _dead() -> list[Any]:
    dead = getattr(settings, "DEAD_QUEUE", None)
    return [dead] if dead else []


@contextmanager
def _connected() -> Iterator[Connection]:
    """Tried once: who asks can wait no longer."""
    with current_app.connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
            yield connection
        except connection.recoverable_connection_errors as error:
            raise BrokerError(str(error)) from error
