"""Database, path 1: a visitor always sees their own write, whatever the lag, on whichever clone.

Others pin a writer to the primary for some seconds and hope. Here the answer to a write carries a causal token: how
far the primary's log was, and which objects changed. The next request reads where both are known to have arrived. The
token ends when everybody has them: no clock is asked.
"""

import time
from collections.abc import Callable, Collection
from typing import Protocol

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from . import settings, tokens
from .abreast import bring_up_to
from .clock import now_us
from .monitor import monitor
from .positions import Position, log_of, merged
from .replicas import Work, move_elsewhere, unit_of_work
from .tokens import Token
from .unavailable import OUTAGES, unavailable

SAFE = ("GET", "HEAD")
WAIT_SECONDS = 1.5  # in all, for others who read or build what a visitor wants


class Changes(Protocol):
    """How the project knows which objects a write has changed: the setting CAUSAL_CHANGES names such a thing."""

    def taken(self, work: Work) -> dict[str, int] | None:
        """The objects changed under `work`, with their versions ("name:id"); None when it cannot be told."""

    def are_built(self, since: int) -> bool:
        """Whether all that was changed before `since` (microseconds) has been built again."""

    def are_published(self, objects: Collection[str]) -> bool:
        """Whether no page that shows one of these ("name:id"), or none at all when there are none, waits to be
        published."""

    def undone(self, most: int) -> list[str] | None:
        """The objects ("name:id") that have been changed and not built again; None when they are more than `most`,
        or when it cannot be told."""

    def hurry(self) -> None:
        """Have those built again soon."""


class NoChanges:
    """Of a project whose writers refresh what they change, before they answer: nobody else notes it."""

    def taken(self, work: Work) -> dict[str, int]:
        return {}

    def are_built(self, since: int) -> bool:
        return True

    def are_published(self, objects: Collection[str]) -> bool:
        return True

    def undone(self, most: int) -> None:
        """Nobody can tell: a cache that comes back is emptied, and the sampler waits for who can."""

    def hurry(self) -> None:
        pass


NO_CHANGES = NoChanges()


class CausalMiddleware:
    """The innermost middleware: each request is a unit of work, with what its visitor has written before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.changes: Changes = import_string(settings.CAUSAL_CHANGES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = tokens.brought(request)
        with unit_of_work() as work:
            work.waits_until = time.monotonic() + WAIT_SECONDS
            if token:
                self._bind(work, token)
            response = self.get_response(request)
            if work.written_on is not None:
                tokens.give(self._written(work).merge(token or Token()), response)
            elif token:
                self._end(work, token, response)
        tokens.forget_broken(request, token, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What only reads is run once more, without the server that failed under it."""
        if request.method not in SAFE or not move_elsewhere(exception):
            return None
        view, args, kwargs = request.resolver_match  # type: ignore[misc]
        try:
            return view(request, *args, **kwargs)
        except OUTAGES:
            return unavailable(request)

    def _bind(self, work: Work, token: Token) -> None:
        """Let this request read only where the token's writes have arrived."""
        if token.epoch > monitor().epoch:
            monitor().look_at_epoch()
        work.bears_token = True
        work.position = _of_our_logs(token.position)
        work.is_bound = bool(token.whole_since) or token.epoch < monitor().epoch
        try:
            work.is_built = bring_up_to(token.objects)
            if token.whole_since:
                work.is_built &= self.changes.are_built(token.whole_since)
        except OUTAGES:
            work.is_built = False

    def _written(self, work: Work) -> Token:
        """What this request has written, asked once, on the connection that it was written on."""
        connection, objects = connections[DEFAULT_DB_ALIAS], None
        position: Position = {}
        try:
            if connection.connection is work.written_on:
                position, objects = log_of(connection).last_written(connection), self.changes.taken(work)
            else:
                position = log_of(connection).current(connection)
        except Error:
            connection.close()
        whole_since = now_us() if objects is None else 0
        return Token(position, objects or {}, whole_since, monitor().epoch)

    def _end(self, work: Work, token: Token, response: HttpResponse) -> None:
        """Drop the token when everybody has what it names. Once its objects are built again, and on the published
        pages, what is left of it is the position that holds their durable copies."""
        if not (work.is_built and self._is_published(token)):
            return
        position: Position = {}
        if token.epoch == monitor().epoch:
            position = work.position
            if token.objects or token.whole_since:
                try:
                    position = merged(position, _primary_position())
                except Error:
                    return
        if not monitor().reached_by_all(position):
            if not (token.objects or token.whole_since):
                return
            tokens.give(Token(position, epoch=token.epoch), response)
        tokens.drop(token, response)

    def _is_published(self, token: Token) -> bool:
        if not (token.objects or token.whole_since):
            return True
        try:
            return self.changes.are_published(() if token.whole_since else token.objects)
        except (Error, OSError):
            return False


def _of_our_logs(position: Position) -> Position:
    """Without logs that the primary knows nothing of: nobody would ever reach those."""
    known = monitor().primary.position
    return {log: number for log, number in position.items() if log in known} if known else position


def _primary_position() -> Position:
    connection = connections[DEFAULT_DB_ALIAS]
    return log_of(connection).current(connection)
