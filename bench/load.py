"""As many requests as a server takes: eight connections kept alive, one process, no parsing beyond the length."""

import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

CONNECTIONS = 8
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


def requests_a_second(port: int, paths: Sequence[str], seconds: float) -> float:
    """Ask for these paths, one after the other and again, for so long on 127.0.0.1; every answer must be a 200."""
    requests = cycle([f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode() for path in paths])
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(next(requests))
        selector.register(connection, selectors.EVENT_READ, bytearray())
    try:
        return _count(selector, requests, seconds) / seconds
    finally:
        for key in list(selector.get_map().values()):
            key.fileobj.close()
        selector.close()


def _count(selector: selectors.BaseSelector, requests: Iterator[bytes], seconds: float) -> int:
    answered, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, _ in selector.select(timeout=1):
            got = key.fileobj.recv(262_144)
            if not got:
                raise ConnectionError("The server closed a connection under load.")
            key.data.extend(got)
            if _is_whole(key.data):
                answered += 1
                key.data.clear()
                key.fileobj.sendall(next(requests))
    return answered


def _is_whole(answer: bytearray) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(f"The server answered {bytes(answer[:60])!r}")
    return len(answer) >= end + 4 + int(LENGTH.search(answer, 0, end + 2)[1])
