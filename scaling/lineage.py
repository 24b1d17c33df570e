"""Cache, when another server answers in its name: started from a snapshot, or a copy that has taken over.

Such a server holds objects of an earlier moment, and floors that are as old, so the fence lets them pass. No key of
its own can tell, for it came along with the rest or was evicted. But each start of a server has a run id of its own,
and `keep` remembers the last one that was emptied before it was read. A new connection compares the two; who only
reconnects finds what it knows already, and a read over a connection that is there costs nothing.
"""

import os
import re
import threading

from redis.connection import Connection

from .breaker import CACHE, UnfitError
from .stores import keep

KEY = "cache:run"  # on `keep`

_run_id = re.compile(rb"^run_id:(\w+)", re.MULTILINE)
_one_at_a_time = threading.Lock()
os.register_at_fork(after_in_child=_one_at_a_time._at_fork_reinit)  # type: ignore[attr-defined]  # its holder is not copied


def vouch(connection: Connection) -> None:
    """Empty the server at the other end unless all that it holds was put there in this run. Raises RedisError when
    that cannot be told, because `keep` is down: then the cache is not used."""
    run = _run_of(connection)
    with _one_at_a_time:
        if run == CACHE.run:
            return
        CACHE.check()
        if keep().get(KEY) != run:
            connection.send_command("FLUSHDB")
            connection.read_response()
            keep().set(KEY, run)  # only now: whoever dies before leaves it to the next one
        CACHE.run = run


def _run_of(connection: Connection) -> bytes:
    connection.send_command("INFO", "server")
    found = _run_id.search(connection.read_response())
    if not found:
        raise UnfitError("The server does not tell its run id.")
    return found[1]
