"""The two servers that hold what clones share.

`cache` is bounded and may be flushed at any time: nothing is there that could not be assembled again. `keep` evicts
nothing and writes to disk: sessions, baskets, tokens. Both clients have time-outs, and both are counted by the x-ray.
"""

from functools import lru_cache

from django_redis import get_redis_connection
from redis import Redis


@lru_cache(maxsize=1)
def cache() -> Redis:
    """The client of `cache`; it answers in bytes. Raises redis' ConnectionError or TimeoutError when it is down."""
    return get_redis_connection("default")


@lru_cache(maxsize=1)
def keep() -> Redis:
    """The client of `keep`, likewise."""
    return get_redis_connection("keep")
