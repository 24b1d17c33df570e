"""What `manage.py check` refuses, because a promise of this package would be broken by it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connections
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

ANSWERED_WITHIN_SECONDS = 0.5
HINT = 'It holds nothing that could not be made again: set save "" and appendonly no, and give it no replica.'


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


def _kept_by_the_cache() -> dict[str, str]:
    """The options of the server that have it remember; asked past the pool and its breaker."""
    once = {"socket_timeout": ANSWERED_WITHIN_SECONDS, "socket_connect_timeout": ANSWERED_WITHIN_SECONDS}
    url = settings.CACHES["default"]["LOCATION"]
    with Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), retries=0), **once) as server:
        told: dict[str, str] = server.config_get("save", "appendonly")  # type: ignore[assignment]
    return {name: value for name, value in told.items() if value not in ("", "no")}
