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
    """Of `listener`, for whoever looks for it under `path`: on a Unix socket beside it that only this user may open.
    Each clone has its own, so that a successor that dies young takes nobody else's along."""

    def __init__(self, path: Path, listener: int) -> None:
        self.listener = listener
        self._own = own = path.with_suffix(f".{os.getpid()}{path.suffix}")
        own.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.setblocking(False)
        self._socket.bind(str(own))
        own.chmod(0o600)
        self._socket.listen(1)

    def answer(self) -> None:
        """Whoever has asked meanwhile. Waits for nobody."""
        with suppress(BlockingIOError):
            while True:
                connection, _ = self._socket.accept()
                with connection, suppress(OSError):  # one that is gone gets nothing
                    socket.send_fds(connection, [b"!"], [self.listener])

    def close(self) -> None:
        """In this process. Its children keep nothing that they would not answer."""
        self._socket.close()

    def withdraw(self) -> None:
        """Nobody is answered any more, and nothing is left of it."""
        self.close()
        self._own.unlink(missing_ok=True)


def take(path: Path) -> int | None:
    """The descriptor of the listening socket of whoever offers one under `path`, the latest first; None where nobody
    does. What dead ones have left behind is removed."""
    living = [offer for offer in path.parent.glob(f"{path.stem}.*{path.suffix}") if not _is_swept(offer)]
    for offer in sorted(living, key=_since, reverse=True):
        try:
            if (taken := _take_from(offer)) is not None:
                return taken
        except OSError:
            continue  # it lives and is silent, or has just ended: the next may answer
    return None


def _is_swept(offer: Path) -> bool:
    """Whether a dead clone has left it behind, which is removed then."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.setblocking(False)
        try:
            connection.connect(str(offer))
        except ConnectionRefusedError:
            offer.unlink(missing_ok=True)
            return True
        except OSError:  # others wait for its answer
            return False
    return False


def _since(offer: Path) -> int:
    """Its clone may end at this moment, and take it along."""
    try:
        return offer.lstat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _take_from(offer: Path) -> int | None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TAKEN_WITHIN_SECONDS)
        connection.connect(str(offer))
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
    return descriptors[0] if descriptors else None
