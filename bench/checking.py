"""Readers who look closely: many connections kept alive, and every answer is checked to its last byte.

What they read has a number in it that only rises.
"""

import hashlib
import re
import selectors
import socket
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice

CHUNK = 262_144
SILENT_SECONDS = 10
CONDITIONAL = 4  # every fourth read asks whether there is anything new
GZIP = zlib.MAX_WBITS | 16
END = b"\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n")
ETAG = re.compile(rb"\r\nETag: (\S+)\r\n")


@dataclass(frozen=True)
class Watched:
    """The page at a path; where its number is, which may be written with anything between the digits."""

    path: str
    number: bytes


@dataclass
class Told:
    """`counts` of answers by their status, `faults` by what was wrong, and the digests of the pages that came under
    one ETag of one path."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    bodies: dict[tuple[str, bytes], set[bytes]] = field(default_factory=dict)

    def __add__(self, other: "Told") -> "Told":
        keys = self.bodies.keys() | other.bodies.keys()
        bodies = {key: self.bodies.get(key, set()) | other.bodies.get(key, set()) for key in keys}
        return Told(self.counts + other.counts, self.faults + other.faults, bodies)


class Reader:
    """One connection, which asks for one page after the other. `seen` are the last number and ETag of each."""

    def __init__(self, port: int, pages: Sequence[Watched], first: int, told: Told) -> None:
        self.port, self.pages, self.told = port, pages, told
        self.turns = count(first)
        self.seen: dict[str, tuple[int, bytes]] = {}
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=SILENT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = bytearray()

    def ask(self) -> None:
        turn = next(self.turns)
        self.page = self.pages[turn % len(self.pages)]
        self.asked = self.seen.get(self.page.path, (0, b""))[1] if turn % CONDITIONAL == 0 else b""
        lines = [f"GET {self.page.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Accept-Encoding: gzip"]
        head = "\r\n".join(lines).encode() + (b"\r\nIf-None-Match: " + self.asked if self.asked else b"")
        self.socket.sendall(head + END)

    def take(self) -> bool:
        """What has come. Whether that was all of an answer, which is checked then."""
        some = self.socket.recv(CHUNK)
        if not some:
            raise ConnectionError("The server closed a connection in the middle of an answer.")
        self.got += some
        end = self.got.find(END) + len(END)
        if end < len(END):
            return False
        head = bytes(self.got[:end])
        status = STATUS.match(head)[1]
        length = 0 if status == b"304" else int(LENGTH.search(head)[1])
        if len(self.got) < end + length:
            return False
        self.check(status, head, bytes(self.got[end:]), length)
        self.got.clear()
        self.is_over = b"\r\nConnection: close\r\n" in head
        return True

    def check(self, status: bytes, head: bytes, body: bytes, length: int) -> None:
        self.told.counts[status.decode()] += 1
        etag = found[1] if (found := ETAG.search(head)) else b""
        if status == b"304":
            self.fault("not modified under another ETag", etag != self.asked)
        elif status == b"200":
            self.fault("empty", not body)
            page = unpacked(body) if len(body) == length else b""
            self.fault("torn", not page.endswith(b"</html>"))
            if page:
                self.look_at(page, etag)
        else:
            self.fault(f"status {status.decode()}", True)

    def look_at(self, page: bytes, etag: bytes) -> None:
        number = int(re.sub(rb"\D", b"", re.search(self.page.number, page, re.DOTALL)[1]))
        before, _ = self.seen.get(self.page.path, (0, b""))
        self.fault("older than the one before", number < before)
        self.seen[self.page.path] = (number, etag)
        digest = hashlib.blake2s(page, digest_size=8).digest()
        self.told.bodies.setdefault((self.page.path, etag), set()).add(digest)

    def fault(self, what: str, is_one: bool) -> None:
        if is_one:
            self.told.faults[what] += 1


def unpacked(body: bytes) -> bytes:
    """The page, or nothing when it is not a whole gzip file and nothing else."""
    stream = zlib.decompressobj(GZIP)
    try:
        page = stream.decompress(body)
    except zlib.error:
        return b""
    return page.rstrip() if stream.eof and not stream.unused_data else b""


def read(port: int, pages: Sequence[Watched], reads: int, connections: int) -> Told:
    """So many reads over so many connections, one after the other on each."""
    told, selector = Told(), selectors.DefaultSelector()
    for first in range(connections):
        reader = Reader(port, pages, first, told)
        selector.register(reader.socket, selectors.EVENT_READ, reader)
        reader.ask()
    try:
        for reader in islice(answered(selector), reads):
            if reader.is_over:
                selector.unregister(reader.socket)
                reader.socket.close()
                reader.connect()
                selector.register(reader.socket, selectors.EVENT_READ, reader)
            reader.ask()
    finally:
        for key in list(selector.get_map().values()):
            key.fileobj.close()
        selector.close()
    return told


def answered(selector: selectors.BaseSelector) -> Iterator[Reader]:
    """Each reader whose answer has come, as it comes."""
    while ready := selector.select(timeout=SILENT_SECONDS):
        yield from (key.data for key, _ in ready if key.data.take())
    raise TimeoutError(f"No answer came within {SILENT_SECONDS} s.")
