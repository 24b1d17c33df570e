"""What `manage.py check` refuses, because a promise of this package would be broken by it."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.utils.module_loading import import_string
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from . import settings
from .settings import DEFAULTS
from .stores import ALIASES, unfit
from .xray import CacheConnection, KeepConnection

ANSWERED_WITHIN_SECONDS = 0.5
HINT = 'It holds nothing that could not be made again: set save "" and appendonly no, and give it no replica.'
CONNECTIONS = {"default": CacheConnection, "keep": KeepConnection}
STORE = (
    'Write \'{alias}\': {{"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://…/0", "OPTIONS":'
    ' {{"CONNECTION_POOL_KWARGS": {{"connection_class": scaling.xray.{connection}}}}}}} in CACHES.'
)


@register
def one_transaction_a_request(**_: Any) -> list[CheckMessage]:
    """ATOMIC_REQUESTS would send every read to the primary, and COMMIT only after the answer has been decided."""
    return [
        Error(
            f"ATOMIC_REQUESTS is on for the database '{alias}': no page would be read from a replica.",
            hint="Leave it off, and wrap what belongs together in transaction.atomic().",
            id="scaling.E001",
        )
        for alias in connections
        if connections[alias].settings_dict["ATOMIC_REQUESTS"]
    ]


@register
def a_cache_that_forgets(**_: Any) -> list[CheckMessage]:
    """What `cache` wrote to a disk it would read back at its next start, as old as it is. One that is away is looked
    at another time."""
    if unfit("default"):
        return []
    try:
        kept = _kept_by_the_cache()
    except ResponseError as error:
        return [Warning(f"Nobody can tell whether `cache` writes to a disk: {error}", hint=HINT, id="scaling.W001")]
    except RedisError:
        return []
    return [
        Error(f"`cache` writes to a disk ({name} is {value!r}).", hint=HINT, id="scaling.E002")
        for name, value in kept.items()
    ]


@register(Tags.caches)
def two_stores(**_: Any) -> list[CheckMessage]:
    """`cache` and `keep` are two servers, and reached in the way that notices when one is away."""
    if reasons := {alias: why for alias in ALIASES if (why := unfit(alias))}:
        return [Error(why, hint=_store(alias), id="scaling.E003") for alias, why in reasons.items()]
    if settings.CACHES["default"]["LOCATION"] == settings.CACHES["keep"]["LOCATION"]:
        hint = "Give each a server of its own: `cache` may be flushed at any time, and `keep` never."
        return [Error("`cache` and `keep` are the same server.", hint=hint, id="scaling.E004")]
    return [
        Warning(f"`{ALIASES[alias]}` is not reached by {connection.__name__}.", hint=_store(alias), id="scaling.W002")
        for alias, connection in CONNECTIONS.items()
        if not issubclass(_connection_class(alias), connection)
    ]


def _store(alias: str) -> str:
    return STORE.format(alias=alias, connection=CONNECTIONS[alias].__name__)


def _connection_class(alias: str) -> type:
    """What the project says, or nothing in particular."""
    pool = settings.CACHES[alias].get("OPTIONS", {}).get("CONNECTION_POOL_KWARGS", {})
    return pool.get("connection_class", object)


@register
def settings_that_lead_somewhere(**_: Any) -> list[CheckMessage]:
    """What is named in a setting is there. What is not named has a default, see `scaling.settings`."""
    hint = (
        f"Name aliases of DATABASES, which are {', '.join(settings.DATABASES)}; without REPLICAS the primary is read."
    )
    found: list[CheckMessage] = [
        Error(f"REPLICAS names '{alias}', and DATABASES does not.", hint=hint, id="scaling.E005")
        for alias in settings.REPLICAS
        if alias not in settings.DATABASES
    ]
    for name in (
        "CAUSAL_CHANGES",
        "UNAVAILABLE_VIEW",
        "PUBLISHED_STORE",
        "ASSETS_STORE",
        "PAGES_INDEX",
        "PAGES_SITE",
    ):
        path, default = getattr(settings, name), DEFAULTS[name]
        try:
            import_string(path)
        except ImportError as why:
            told = f"{name} is '{path}', which cannot be had: {why}"
            found.append(Error(told, hint=f"Leave it out for '{default}'.", id="scaling.E006"))
    return found


def _kept_by_the_cache() -> dict[str, str]:
    """The options of the server that have it remember; asked past the pool and its breaker."""
    once = {"socket_timeout": ANSWERED_WITHIN_SECONDS, "socket_connect_timeout": ANSWERED_WITHIN_SECONDS}
    url = settings.CACHES["default"]["LOCATION"]
    with Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), retries=0), **once) as server:
        told: dict[str, str] = server.config_get("save", "appendonly")  # type: ignore[assignment]
    return {name: value for name, value in told.items() if value not in ("", "no")}
