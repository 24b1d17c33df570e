"""What stands behind the proxy in its tests: a clone that tells what it was asked, and folders with pages in them."""

import gzip
import http.client
import shutil
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from shop.nginx import Nginx

GZIP = {"Accept-Encoding": "gzip"}
FOLDERS = ("published", "static", "media")
PAGES = {
    "index.html": "the first page",
    "shelves/1-bread/index.html": "bread",
    "shelves/1-bread/page-2.html": "more bread",
    "sitemap.xml": "<urlset/>",
    "404.html": "nothing in this bag",
    "503.html": "the dough is resting",
}
SECONDS = 60  # for any answer: a time that only ends a test which hangs


@dataclass
class Asked:
    method: str
    path: str
    headers: http.client.HTTPMessage
    body: bytes
    connection: int


@dataclass
class Clone:
    """Answers everything with "live" and the path. `answers` says otherwise for a path: a status with a body, or
    something to be called for it. If that says nothing, the connection is closed without a word."""

    answers: dict[str, tuple[int, bytes] | Callable[[], tuple[int, bytes] | None]] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)  # paths of which the beginning has come in
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open(0)

    def open(self, port: int) -> None:
        """Listen there; 0 is any port."""
        handler = type("Handler", (Handler,), {"clone": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        """Its port refuses from now on."""
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    clone: Clone
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        path = self.requestline.split()[1]  # as it came: what the library makes of it has fewer slashes
        self.clone.begun.append(path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.clone.asked.append(Asked(self.command, path, self.headers, body, self.client_address[1]))
        said = self.clone.answers.get(path, (200, f"live {path}".encode()))
        said = said() if callable(said) else said
        if said is None:
            self.close_connection = True
            return
        status, text = said
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Clone", self.clone.address)
        self.end_headers()
        self.wfile.write(text if self.command != "HEAD" else b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *args) -> None:
        """Nothing: the tests ask what came in."""


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """As a browser shows it."""
        is_packed = self.headers["Content-Encoding"] == "gzip"
        return (gzip.decompress(self.body) if is_packed else self.body).decode()


class House:
    """Published pages, static files and pictures in a folder, two clones, and a proxy in front of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.clones = [Clone(), Clone()]
        addresses = tuple(clone.address for clone in self.clones)
        self.proxy = Nginx(folder / "proxy", addresses, *(folder / name for name in FOLDERS))

    def furnish(self) -> None:
        """Some pages and nothing else, and clones that have not been asked."""
        for old in self.folder.iterdir():
            if old != self.proxy.folder:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for name in FOLDERS:
            (self.folder / name).mkdir()
        for name, text in PAGES.items():
            self.publish(name, text)
        self.point("r1")
        for clone in self.clones:
            clone.begun.clear()
            clone.asked.clear()
            clone.answers.clear()

    def point(self, release: str) -> None:
        new = self.folder / "published" / "new"
        new.symlink_to(release)
        new.replace(self.folder / "published" / "current")

    def publish(self, name: str, text: str, release: str = "r1") -> Path:
        """As it is done for real: written aside, and moved to its place as a whole."""
        path = self.folder / "published" / release / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(gzip.compress(text.encode()))
        return new.replace(path)

    def lay(self, name: str, data: bytes) -> Path:
        """A file in one of the folders: "static/…" or "media/…"."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def ask(self, path: str, method: str = "GET", *, body: bytes = b"", length: int = 0, **headers: str) -> Answer:
        """Send this and nothing more, the path as it stands here. Underscores in names of headers are hyphens. Of a
        body with a `length` only that is told."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=SECONDS)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            if body or method == "POST":
                connection.putheader("Content-Length", str(length or len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def asked(self) -> list[Asked]:
        return [each for clone in self.clones for each in clone.asked]

    def is_live(self, answer: Answer) -> bool:
        return answer.body.startswith(b"live ")

    def close_clones(self) -> None:
        for clone in self.clones:
            clone.close()

    def close(self) -> None:
        self.proxy.stop()
        self.close_clones()


def connect(house: House) -> socket.socket:
    """A connection to the proxy on which a test sends what it likes."""
    return socket.create_connection(("127.0.0.1", house.proxy.port), SECONDS)


def everything(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)
