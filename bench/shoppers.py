"""Shoppers at a cluster's door: they browse, fill baskets, order and have cakes painted, and note every answer.

What they were promised is remembered, too: orders that were confirmed, cakes that were accepted.
"""

import http.client
import itertools
import json
import random
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .visitor import Page, Visitor

ASSET = re.compile(r'(?:src|href)="(/(?:static|media)/[^"]+)"')
PRODUCT = re.compile(r"/products/(\d+)-[^/\"]+/")
ORDER, JOB = re.compile(r"/orders/(\w+)/"), re.compile(r"/jobs/(\w+)/")
PATHS = ("/", "/shelves/", "/shelves/?sort=price", "/search/?q=rye", "/journal/", "/cakes/", "/basket/")
PAUSE_SECONDS = 0.05
NO_ANSWER = 0
ELSEWHERE = (f"127.2.{number // 250}.{number % 250 + 1}" for number in itertools.count())


@dataclass(frozen=True)
class Seen:
    """One answer. `began` is of `time.monotonic`; status 0 is none at all; `release` is empty for files."""

    began: float
    seconds: float
    method: str
    path: str
    status: int
    release: str
    clone: str

    @property
    def is_asset(self) -> bool:
        return self.path.startswith(("/static/", "/media/"))

    @property
    def has_failed(self) -> bool:
        return self.status == NO_ANSWER or self.status >= 400


@dataclass
class Notes:
    """What all of them have met."""

    answers: list[Seen] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    cakes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    known: int = 0  # times that somebody signed in was asked for, and found with their basket


class Shopper(Visitor):
    """A visitor who notes each answer."""

    def __init__(self, url: str, home: str, notes: Notes) -> None:
        super().__init__(url, home=home)
        self.notes = notes
        self.fetched: set[str] = set()  # assets
        self.name = ""  # of their account

    def _ask(self, method: str, url: str, fields: object) -> Page:
        began, path = time.monotonic(), urlsplit(url).path
        try:
            page = super()._ask(method, url, fields)
        except (OSError, http.client.HTTPException) as error:
            self.notes.wrong.append(f"{method} {path}: {error!r}")
            self._note(began, method, path, NO_ANSWER, {})
            raise
        self._note(began, method, path, page.status, page.headers)
        return page

    def _note(self, began: float, method: str, path: str, status: int, headers) -> None:
        told = headers.get("X-Release", ""), headers.get("X-Clone", "")
        self.notes.answers.append(Seen(began, time.monotonic() - began, method, path, status, *told))

    def look(self, path: str) -> Page:
        """A page with all it needs, as a browser fetches it: what is known it asks for again now and then."""
        page = self.get(path)
        assets = set(ASSET.findall(page.text))
        for asset in [*(assets - self.fetched), *random.sample(sorted(assets), min(1, len(assets)))]:
            self.get(asset)
        self.fetched |= assets
        return page


Deed = Callable[[Shopper], None]


def browse(shopper: Shopper) -> None:
    links = sorted(set(PRODUCT.findall(shopper.look("/shelves/").text)))
    for path in [*PATHS, *(f"/products/{pk}-x/" for pk in random.sample(links, 3))]:
        shopper.look(path)


def fill_basket(shopper: Shopper) -> None:
    """A basket holds what was put in, whoever is asked."""
    shopper.cookies.clear()
    wanted = random.sample(goods(shopper), 3)
    for pk in wanted:
        shopper.post("/basket/add/", {"product": pk, "n": 1})
        shopper.get("/")
    found = set(PRODUCT.findall(shopper.get("/basket/").text))
    if not found >= set(wanted):
        shopper.notes.wrong.append(f"of {wanted} the basket holds {sorted(found)}")


def order(shopper: Shopper) -> None:
    shopper.cookies.clear()
    shopper.post("/basket/add/", {"product": random.choice(goods(shopper)), "n": 1})
    page = shopper.get("/checkout/")
    about = {"name": "Nora", "email": "nora@example.com"}
    slot = random.choice(page.form("slot", "key").choices["slot"])
    placed = shopper.send(page, slot=slot, follow=False, **about)
    if placed.status != 303:
        shopper.notes.wrong.append(f"an order was answered by {placed.status}")
        return
    shopper.notes.orders.append(ORDER.search(placed.headers["Location"])[1])
    if shopper.get(placed.headers["Location"]).status != 200:
        shopper.notes.wrong.append("an order is not shown to who placed it")


def stay_signed_in(shopper: Shopper) -> None:
    """Who has opened an account is known to whoever is asked, and so is what they put in the basket then."""
    if not shopper.name:
        _open_account(shopper)
    told = json.loads(shopper.get("/me.json").text)
    if (told["name"], told["basket"]) != (shopper.name, 1):
        shopper.notes.wrong.append(f"who is signed in is told {told}")
    elif shopper.name in shopper.get("/account/").text:
        shopper.notes.known += 1
    else:
        shopper.notes.wrong.append("who is signed in finds another account")


def _open_account(shopper: Shopper) -> None:
    name = f"Stay{secrets.token_hex(6)}"
    door, about = shopper.get("/account/sign-up/"), {"name": name, "email": f"{name}@example.com"}
    shopper.send(door, **about, password=secrets.token_hex(), follow=False)
    shopper.post("/basket/add/", {"product": random.choice(goods(shopper)), "n": 1})
    shopper.name = name


def have_painted(shopper: Shopper) -> None:
    """A cake, and then the page that tells of it until it is there."""
    shopper = Shopper(shopper.base, next(ELSEWHERE), shopper.notes)  # there is a limit to cakes from one address
    page = shopper.get("/cakes/")
    words = f"Cake {random.randrange(10**9)}"
    accepted = shopper.send(page, "inscription", inscription=words, follow=False)
    if accepted.status != 303:
        shopper.notes.wrong.append(f"a cake was answered by {accepted.status}")
        return
    path = accepted.headers["Location"]
    shopper.notes.cakes.append(JOB.search(path)[1])
    for _ in range(20):
        shopper.get(path)
        time.sleep(0.5)  # as a page asks that tells of progress


def goods(shopper: Shopper) -> list[str]:
    return sorted(set(PRODUCT.findall(shopper.get("/shelves/").text)))


class Shoppers:
    """So many of each deed, each from an address of their own, until the block ends."""

    def __init__(self, url: str, deeds: dict[Deed, int]) -> None:
        self.url, self.notes = url, Notes()
        self._over = threading.Event()
        homes = (f"127.0.1.{number}" for number in itertools.count(1))
        self._threads = [
            threading.Thread(target=self._visit, args=(deed, home))
            for deed, home in zip(_each(deeds), homes, strict=False)
        ]

    def __enter__(self) -> Notes:
        for thread in self._threads:
            thread.start()
        return self.notes

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, deed: Deed, home: str) -> None:
        shopper = Shopper(self.url, home, self.notes)
        while not self._over.wait(PAUSE_SECONDS):
            try:
                deed(shopper)
            except (OSError, http.client.HTTPException):
                shopper = Shopper(self.url, home, self.notes)
            except Exception as error:
                self.notes.wrong.append(f"{deed.__name__}: {error!r}")


def _each(deeds: dict[Deed, int]) -> Iterator[Deed]:
    for deed, count in deeds.items():
        yield from [deed] * count
