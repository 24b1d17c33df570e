"""The two servers that hold what clones share.

`cache` is bounded and may be flushed at any time: nothing is there that could not be assembled again. `keep` evicts
nothing and writes to disk: sessions, baskets, tokens. Both clients have time-outs, and both are counted by the x-ray.
"""

from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django_redis import get_redis_connection
from django_redis.cache import RedisCache
from redis import Redis

from . import settings

ALIASES = {"default": "cache", "keep": "keep"}  # in CACHES, and how the two are called everywhere else


def unfit(alias: str) -> str:
    """Why this alias of CACHES cannot be one of the two, in words; empty when it can."""
    backend = settings.CACHES.get(alias, {}).get("BACKEND")
    if backend is None:
        return f"CACHES has no '{alias}', which is `{ALIASES[alias]}`."
    if not issubclass(import_string(backend), RedisCache):
        return f"CACHES['{alias}'] is {backend}, and `{ALIASES[alias]}` is only spoken to through django-redis."
    return ""


@lru_cache(maxsize=1)
def cache() -> Redis:
    """The client of `cache`; it answers in bytes. Raises redis' ConnectionError or TimeoutError when it is down,
    and ImproperlyConfigured where there is none."""
    return _client("default")


@lru_cache(maxsize=1)
def keep() -> Redis:
    """The client of `keep`, likewise."""
    return _client("keep")


def _client(alias: str) -> Redis:
    if why := unfit(alias):
        raise ImproperlyConfigured(why)
    return get_redis_connection(alias)
