"""What a database refuses only because two wanted the same at once is done once more, from the beginning.

MariaDB and MySQL end one of two transactions that wait for each other (1213), one that waited too long for a lock
(1205), and one whose row has changed since its snapshot (1020). Nothing of it is stored then, so the whole verb may
run again; half of it must not, so a verb inside somebody's transaction is left to whoever began that.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

DEADLOCK, LOCK_WAIT, CHANGED = 1213, 1205, 1020
WORTH_RETRYING = {DEADLOCK, LOCK_WAIT, CHANGED}
TRIES = 3
BEGUN_WITHIN_SECONDS = 1.0

P = ParamSpec("P")
R = TypeVar("R")


def retried(verb: Callable[P, R]) -> Callable[P, R]:
    """Run `verb`, which is one transaction, up to three times; the last error goes to the caller. Stands above
    `@transaction.atomic`. No try begins later than a second after the first."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        last_begin = time.monotonic() + BEGUN_WITHIN_SECONDS
        for _ in range(TRIES - 1):
            try:
                return verb(*args, **kwargs)
            except OperationalError as error:
                is_whole = not connections[DEFAULT_DB_ALIAS].in_atomic_block
                if not (is_whole and is_worth_retrying(error)) or time.monotonic() > last_begin:
                    raise
        return verb(*args, **kwargs)

    return run


def is_worth_retrying(error: OperationalError) -> bool:
    return bool(error.args) and error.args[0] in WORTH_RETRYING
