"""The clients of MongoDB: one a process and server, shared by its threads."""

import os
from threading import Lock
from typing import Any

from pymongo import MongoClient

# Nobody waits for long: for a server that is there, for its socket, for its answer.
TIMEOUTS = {"serverSelectionTimeoutMS": 1000, "connectTimeoutMS": 1000, "socketTimeoutMS": 2000}

_clients: dict[tuple[int, str], MongoClient] = {}
_lock = Lock()


def client_of(options: dict[str, Any]) -> MongoClient:
    """The client of these options in this process. djongo kept one a database name, whatever the server; took it
    along into forked processes, where its sockets are those of the parent; and closed it under its other threads when
    a request ended, though pymongo's clients are pools, and refuse to work once they are closed."""
    key = (os.getpid(), repr(sorted(options.items())))
    with _lock:
        if key not in _clients:
            _clients[key] = MongoClient(connect=False, **_timeouts(str(options.get("host", ""))) | options)
        return _clients[key]


def _timeouts(address: str) -> dict[str, Any]:
    """Those that the address does not name itself."""
    return {name: value for name, value in TIMEOUTS.items() if f"{name.lower()}=" not in address.lower()}
