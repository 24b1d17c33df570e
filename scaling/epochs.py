"""Epochs: each promotion begins one. Its number and its primary are signed and kept on `keep`, where every process
looks (see `scaling.monitor`). Whoever promotes a server calls `begin` once it takes writes."""

import logging
from dataclasses import dataclass

from django.core import signing

from . import lua
from .stores import keep

KEY = "epoch"
SALT = "scaling.epochs"

_raise = lua.Script("epoch_raise")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Epoch:
    """`primary` is a host:port. Epoch 0 is the one that the settings describe."""

    number: int = 0
    primary: str = ""


class EpochError(Exception):
    """Another promotion was quicker."""


def current() -> Epoch:
    """The epoch on `keep`. One that we did not sign counts as none. Raises RedisError when `keep` is down."""
    return _opened(_found())


def begin(primary: str) -> Epoch:
    """From now on every process writes to the server at `primary` (host:port).

    Raises EpochError when another epoch began meanwhile, and RedisError when `keep` is down.
    """
    found = _found()
    epoch = Epoch(_opened(found).number + 1, primary)
    if not _raise(keep(), [KEY], [found, signing.dumps([epoch.number, primary], salt=SALT)]):
        raise EpochError(f"Another promotion has begun epoch {current().number} meanwhile.")
    return epoch


def _found() -> bytes:
    return keep().get(KEY) or b""  # type: ignore[return-value]


def _opened(found: bytes) -> Epoch:
    if not found:
        return Epoch()
    try:
        return Epoch(*signing.loads(found.decode(), salt=SALT))
    except (signing.BadSignature, ValueError, TypeError):
        log.error("The epoch on `keep` is not one that we signed; it counts as none")
        return Epoch()
