"""What assembling gives, what reading gives, and how a page reads all it wants in one round trip."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from . import lua
from .fence import Entry
from .replicas import current
from .stores import cache

CACHE_DOWN = (RedisConnectionError, RedisTimeoutError)


def must_ask_itself() -> bool:
    """Whether what others have read will not do for this work: its visitor has written shortly before, it writes or
    reads the primary itself, or it is inside a transaction, where it sees what nobody else does."""
    work, is_inside = current(), connections[DEFAULT_DB_ALIAS].in_atomic_block
    return bool(work.bears_token or work.is_bound or work.blocks or is_inside)


@dataclass(frozen=True, slots=True)
class Built:
    """One assembled object; `data` is None when there is no such object (any more), which is known since `version`.
    `card` is its short form, shown where others name it; `refs` are (object, id) it names; `entries` its places in
    listings; at `expires_at` (microseconds) it changes by itself, or else it lasts LIFETIME_SECONDS."""

    version: int
    data: dict | None
    card: dict | None = None
    refs: Sequence[tuple[Any, int]] = ()
    entries: Sequence[Entry] = ()
    expires_at: int = 0


ABSENT = Built(0, None)  # nobody has ever heard of it


class Stored(dict):
    """Data as it is stored. It can be hashed, by which version of what it is, so that what is rendered from it can be
    memoised: equal data, equal bytes. Nobody changes it."""

    __slots__ = ("identity",)

    def __init__(self, data: dict, identity: tuple[str, int, int]) -> None:
        super().__init__(data)
        self.identity = identity  # name, id, version

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.identity)


@dataclass(frozen=True, slots=True)
class Whole:
    """What a page needs: the data, and the cards of the objects it names, those that exist, by (name, id)."""

    data: Stored
    cards: dict[tuple[str, int], Stored]


@dataclass(frozen=True, slots=True)
class Want:
    """Something to be read in the same round trip as others: a call, and what makes a value of its answer."""

    call: lua.Call
    value: Callable[[Any], Any]
    fallback: Callable[[], Any] = field(repr=False)

    def then(self, make: Callable[[Any], Any]) -> "Want":
        """What `make` makes of the value."""
        return Want(self.call, lambda answer: make(self.value(answer)), lambda: make(self.fallback()))


def fetch(*wants: Want) -> list[Any]:
    """Read everything a page wants in one round trip. With the cache down, or older than what the visitor has
    changed, each want falls back to the database."""
    if not current().is_built:
        return [want.fallback() for want in wants]
    try:
        answers = lua.run(cache(), [want.call for want in wants])
        return [want.value(answer) for want, answer in zip(wants, answers, strict=True)]
    except CACHE_DOWN:
        return [want.fallback() for want in wants]
