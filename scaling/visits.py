"""Which pages are looked at most, where not all can be published: a count that fades, in the cache.

Nothing that matters depends on it. An eviction or a flush makes everybody equal again.
"""

from .reading import CACHE_DOWN
from .stores import cache

KEY = "pages:visits"
MOST = 100_000  # counted at a time; the least visited go
FADES_TO = 0.9  # an hour


def count(path: str) -> None:
    """Somebody has looked at the page. While the cache is away nobody counts."""
    try:
        cache().zincrby(KEY, 1, path)
    except CACHE_DOWN:
        return


def most_visited(number: int) -> list[str]:
    """The paths, the most visited first."""
    found: list[bytes] = cache().zrevrange(KEY, 0, number - 1)  # type: ignore[assignment]
    return [path.decode() for path in found]


def is_among(path: str, number: int) -> bool:
    """Whether it is one of so many that are visited most; while the cache is away all are."""
    try:
        rank = cache().zrevrank(KEY, path)
    except CACHE_DOWN:
        return True
    return isinstance(rank, int) and rank < number


def fade() -> None:
    """Once an hour: what was looked at long ago counts less."""
    pipeline = cache().pipeline()
    pipeline.zunionstore(KEY, {KEY: FADES_TO})
    pipeline.zremrangebyrank(KEY, 0, -MOST - 1)
    pipeline.execute()
