"""Regular customers of a cluster, signed in beforehand: each does one thing again and again, and notes every answer
and every promise."""

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .visitor import Page, Visitor

PAUSE_SECONDS = 0.1
CAKE, CAKES_PAUSE_SECONDS = "cake", 2.0  # or they would pile up before the painter
NO_ANSWER = 0
DONE = {200, 301, 302, 303}
NORA = {"name": "Nora", "email": "nora@example.com"}


@dataclass(frozen=True)
class Told:
    """One answer to somebody who was `doing` that. `at` is when it came, of `time.monotonic`; status 0 is none."""

    doing: str
    at: float
    seconds: float
    status: int
    says_when: bool

    @property
    def is_plain(self) -> bool:
        """Done; or refused in plain words for now."""
        return self.status in DONE or (self.status == 503 and self.says_when)


@dataclass
class Book:
    """What all of them were told and promised: keys of `orders` that were confirmed, and of jobs of `cakes`."""

    told: list[Told] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    cakes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Regular(Visitor):
    def __init__(self, url: str, book: Book, cookies: dict[str, str] | None = None, *, home: str = "") -> None:
        super().__init__(url, cookies, home=home)
        self.book = book
        self.doing = ""

    def _ask(self, method: str, url: str, fields: object) -> Page:
        began = time.monotonic()
        try:
            page = super()._ask(method, url, fields)
        except (OSError, http.client.HTTPException):
            self._http.close()
            self._note(began, NO_ANSWER, {})
            raise
        self._note(began, page.status, page.headers)
        return page

    def _note(self, began: float, status: int, headers) -> None:
        now = time.monotonic()
        self.book.told.append(Told(self.doing, now, now - began, status, "Retry-After" in headers))


Deed = Callable[[Regular], None]


def look_at_published(regular: Regular) -> None:
    for path in ("/", "/shelves/", "/journal/"):
        regular.get(path)


def look_at_live(regular: Regular) -> None:
    for path in ("/shelves/?sort=price", "/shelves/?tag=vegan&tag=rye", "/products/1-x/", "/products/2-x/reviews/"):
        regular.get(path)


def search(regular: Regular) -> None:
    regular.get("/search/?q=rye")


def fill_basket(regular: Regular) -> None:
    """With one piece of the same, which stays one line."""
    regular.post("/basket/add/", {"product": 3, "n": 1}, follow=False)
    regular.get("/basket/")


def order(regular: Regular) -> None:
    """What could not be ordered is in the form, to be sent again; and what was confirmed is there."""
    added = regular.post("/basket/add/", {"product": 1, "n": 1}, follow=False)
    page = regular.ask("GET", "/checkout/", follow=False) if added.status in DONE else added
    if page.status != 200:
        return
    answer = regular.send(page, slot=page.form("slot").choices["slot"][-1], **NORA, follow=False)
    if answer.status == 303:
        path = answer.headers["Location"]
        regular.book.orders.append(path.split("/orders/")[1].strip("/"))
        if regular.get(path).status == 404:
            regular.book.wrong.append("an order that was confirmed is not there")
    elif answer.headers.get("X-Clone") != "proxy" and not _is_kept(answer):
        regular.book.wrong.append(f"a form for an order is lost ({answer.status})")


def look_at_account(regular: Regular) -> None:
    if regular.ask("GET", "/account/", follow=False).status in (302, 303):
        regular.book.wrong.append("somebody is signed out")


_homes = (f"127.9.{high}.{low}" for high in range(250) for low in range(1, 250))


def order_cake(regular: Regular) -> None:
    """Each of a guest from an address of their own: there is a limit for each."""
    guest = Regular(regular.base, regular.book, home=next(_homes))
    guest.doing = regular.doing
    page = guest.get("/cakes/")
    if page.status == 200:
        words = f"Cake {time.monotonic_ns() % 10**9}"
        accepted = guest.send(page, "inscription", inscription=words, follow=False)
        if accepted.status == 303:
            regular.book.cakes.append(accepted.headers["Location"].split("/jobs/")[1].strip("/"))


def _is_kept(page: Page) -> bool:
    """Whether there is a form on the page with what was typed."""
    return any(("name", NORA["name"]) in form.fields for form in page.read.forms)


CATALOGUE: dict[str, Deed] = {
    "published pages": look_at_published,
    "live pages": look_at_live,
    "search": search,
}
DEEDS: dict[str, Deed] = CATALOGUE | {
    "basket": fill_basket,
    "order": order,
    "account": look_at_account,
    CAKE: order_cake,
}


class Regulars:
    """Each of these people does one of the deeds until the block ends, in turn."""

    def __init__(self, url: str, people: Sequence[Visitor]) -> None:
        self.url, self.people, self.book = url, people, Book()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._come, args=(name, person))
            for name, person in zip(itertools.cycle(DEEDS), people, strict=False)
        ]

    def __enter__(self) -> Book:
        for thread in self._threads:
            thread.start()
        return self.book

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _come(self, name: str, person: Visitor) -> None:
        regular = Regular(self.url, self.book, person.cookies)
        regular.doing = name
        while not self._over.wait(CAKES_PAUSE_SECONDS if name == CAKE else PAUSE_SECONDS):
            try:
                DEEDS[name](regular)
            except (OSError, http.client.HTTPException):
                continue  # it is noted
            except LookupError as error:
                self.book.wrong.append(str(error))
