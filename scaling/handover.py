"""Handover: the socket on which a clone listens passes from the release that ends to the one that comes.

Whoever closes a listening socket loses the connections that wait in it, and a POST among them is a visitor's order.
Who holds it open for a clone that has died lets visitors wait for its start. So the clone that is asked gives a copy
to its successor, and the socket lives exactly as long as somebody answers.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path

TAKEN_WITHIN_SECONDS = 5.0  # by a clone that looks several times a second


class Offer:
    """Of `listener`, for whoever connects to the Unix socket at `path`, which only this user may."""

    def __init__(self, path: Path, listener: int) -> None:
        self.listener = listener
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.setblocking(False)
        beside = path.with_suffix(f".{os.getpid()}")
        self._socket.bind(str(beside))
        beside.chmod(0o600)
        self._socket.listen(1)
        beside.replace(path)  # from now on who asks is answered by us

    def answer(self) -> None:
        """Whoever has asked meanwhile. Waits for nobody."""
        with suppress(BlockingIOError):
            while True:
                connection, _ = self._socket.accept()
                with connection, suppress(OSError):  # one that is gone gets nothing
                    socket.send_fds(connection, [b"!"], [self.listener])

    def close(self) -> None:
        self._socket.close()


def take(path: Path) -> int | None:
    """The descriptor of the listening socket of who answers at `path`; None where nobody does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TAKEN_WITHIN_SECONDS)
        try:
            connection.connect(str(path))
            _, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
        except OSError:
            return None
    return descriptors[0] if descriptors else None
