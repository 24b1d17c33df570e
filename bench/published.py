"""A shop whose pages are published, behind the proxy of production: what lies there, and what visitors get."""

import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .beside import Beside, beside
from .goods import price_on
from .opened import Opened, opened_shop, wait_until
from .visitor import Visitor

PUBLISHING = {"PUBLISH": "all", "SERVE_PUBLISHED": "false"}  # nginx serves them, and gunicorn what is live
CALM_WITHIN_SECONDS = 120
PRICE = re.compile(r"€[\d,]+\.\d\d")
OWN = re.compile(r"/products/(\d+)-[\w-]+/")
LINK = re.compile(r'href="/products/(\d+)-[\w-]+/"')
# On the first page: what o'clock it is, and what is out of the oven by then
CLOCK = re.compile(r'<li class="bake-now">.*?</li>|(?<="bake-time) later(?=")|<small>(?:still to come|on the shelf)<')


@dataclass(frozen=True)
class Published:
    """`url` is the proxy's address, `shop.url` that of the live pages."""

    shop: Opened
    inside: Beside
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.shop.folder / "published" / "current"

    def pages(self) -> dict[str, str]:
        """All that lie in the folder, by path."""
        return dict(self.each())

    def each(self) -> Iterator[tuple[str, str]]:
        """One after the other: path and page. One that is not whole is an error."""
        for file in sorted(self.folder.rglob("*.gz")):
            yield path_of(str(file.relative_to(self.folder))), whole(file.read_bytes())

    def times(self) -> dict[str, int]:
        """How often each page was published."""
        return self.inside.ask("times")

    def wait(self) -> None:
        """Until nothing waits to be built or published."""
        wait_until(lambda: not self.shop.waiting(), CALM_WITHIN_SECONDS, "calm")

    def read(self, visitor: Visitor, path: str) -> str:
        """A page as the proxy gives it, who did not ask the shop for it; empty when it is not published."""
        page = visitor.get(path)
        return page.text if page.status == 200 and page.headers["Cache-Control"] == "no-cache" else ""

    def differing(self, paths: Iterable[str]) -> list[str]:
        """Of these, who are not what the shop answers itself at this moment; clocks aside."""
        proxy, live = Visitor(self.url), Visitor(self.shop.url)
        return [path for path in paths if not _is_same(proxy.get(path).text, live.get(path).text)]


@contextmanager
def published_shop(apart: Sequence[str] = (), absent: Sequence[str] = ()) -> Iterator[Published]:
    """Open a shop with every page in place, and nginx in front of it."""
    with opened_shop(apart=apart, absent=absent, environment=PUBLISHING) as shop, beside(shop) as inside:
        port = inside.ask("open_proxy", str(shop.folder / "proxy"), f"127.0.0.1:{shop.port}")
        site = Published(shop, inside, port)
        site.wait()
        yield site


def path_of(file: str) -> str:
    """Where visitors find it."""
    folder, _, leaf = f"/{file.removesuffix('.gz')}".rpartition("/")
    if leaf == "index.html":
        return f"{folder}/"
    further = re.fullmatch(r"page-(\d+)\.html", leaf)
    return f"{folder}/?page={further[1]}" if further else f"{folder}/{leaf}"


def whole(data: bytes) -> str:
    page = gzip.decompress(data).decode()
    if not page.rstrip().endswith(("</html>", "</urlset>")):
        raise ValueError(f"A page ends with {page[-40:]!r}.")
    return page


def said(page: str, path: str) -> dict[int, set[int]]:
    """What the page at a path says that products cost, in cents, by their ids: its own it tells machines, of others
    it says so after each link."""
    found: dict[int, set[int]] = {}
    for link in LINK.finditer(page):
        cents = int(re.sub(r"\D", "", PRICE.search(page, link.end())[0]))
        found.setdefault(int(link[1]), set()).add(cents)
    if own := OWN.match(path):
        found.setdefault(int(own[1]), set()).add(price_on(page))
    return found


def without_clock(page: str) -> str:
    return CLOCK.sub("", page)


def _is_same(one: str, other: str) -> bool:
    return without_clock(one) == without_clock(other)
