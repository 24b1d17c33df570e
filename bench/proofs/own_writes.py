"""Everybody sees at once what they have written, however the replicas lag; and the primary is left alone again."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil

from bench.customers import customers
from bench.databases import Servers, flapping
from bench.figure import Figure, at_least, at_most, exactly
from bench.opened import Opened, opened_shop, statements
from bench.visitor import Page, Visitor

PAIRS = 10_000
VISITORS = 8
REVIEWS_EACH = 25  # a customer may write thirty in an hour
READS_AFTERWARDS = 1_000
SHARE_OF_PRIMARY = 5.0  # per cent
TRIES, AGAIN_SECONDS = 60, 0.5


def prove(pairs: int = PAIRS) -> list[Figure]:
    with opened_shop(servers=Servers(lag_limit=60)) as shop:
        people = customers(shop, VISITORS * ceil(pairs / VISITORS / REVIEWS_EACH))
        told = Told()
        began = time.monotonic()
        with flapping(shop.databases.cluster.replicas):
            _all_at_once(shop, people, pairs, told)
        seconds = time.monotonic() - began
        shop.databases.cluster.catch_up()
        share = _share_of_primary(shop, people[-VISITORS:], told.pages)
    by_replicas = 100 - _share(told.sql)
    what = f"Reviews written and read back by {VISITORS} at once, both replicas stopping and going on at random"
    return [
        exactly(f"{what}, in {seconds:.0f} s: pairs", told.count["pairs"], pairs),
        exactly("… own writes that were not there, then or after a reload", told.count["stale"], 0),
        exactly("… answers that failed", told.count["failed"], 0),
        exactly("… answers that asked to come back shortly", told.count["later"], 0, is_timed=True),
        at_least("… reads that a replica answered all the same", round(by_replicas, 1), 0.1, " %", is_timed=True),
        at_most(
            "… share of the primary a second after they caught up",
            round(share, 2),
            SHARE_OF_PRIMARY,
            " %",
            is_timed=True,
        ),
    ]


class Told:
    """What the visitors tell. `pages` are where they have read."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.sql: Counter[str] = Counter()
        self.pages: set[str] = set()
        self._lock = threading.Lock()

    def note_written(self, answer: Page) -> None:
        with self._lock:
            self.count["failed"] += answer.status != 302

    def note_later(self) -> None:
        with self._lock:
            self.count["later"] += 1

    def note_read(self, name: str, page: Page, words: str) -> None:
        with self._lock:
            self.count[name] += 1
            self.count["failed"] += page.status != 200
            self.count["stale"] += page.status == 200 and words not in page.text
            self.sql.update(statements(page))
            self.pages.add(page.url)


def _all_at_once(shop: Opened, people: list[Visitor], pairs: int, told: Told) -> None:
    """Each visitor plays one customer after the other, on a product that nobody else writes about meanwhile."""
    links = Visitor(shop.url).get("/shelves/").read.links
    products = sorted({link for link in links if "/products/" in link})[:VISITORS]

    def play(number: int) -> None:
        mine = iter(people[number::VISITORS])
        for turn in range(number, pairs, VISITORS):
            if turn // VISITORS % REVIEWS_EACH == 0:
                form = ReviewForm(next(mine), products[number])
            _pair(form, told)

    with ThreadPoolExecutor(VISITORS) as pool:
        list(pool.map(play, range(VISITORS)))


class ReviewForm:
    """A customer before the form of one product, which may be sent again and again."""

    def __init__(self, customer: Visitor, product: str) -> None:
        self.customer, self.product = customer, product
        number = product.split("/products/")[1].split("-")[0]
        self.page = customer.get(f"/products/{number}/review/")

    def send(self, words: str) -> Page:
        return self.customer.send(self.page, rating=5, body=words, follow=False)


def _pair(form: ReviewForm, told: Told) -> None:
    """Write, and read on one of the pages that show it; and once more, when nothing is left to be assembled."""
    words = f"It sang for {random.random()} minutes."
    told.note_written(_answer(told, lambda: form.send(words)))
    path = f"{form.product}{random.choice(['', 'reviews/'])}"
    for name in ("pairs", "reloads"):
        told.note_read(name, _answer(told, lambda: form.customer.get(path)), words)


def _answer(told: Told, ask: Callable[[], Page]) -> Page:
    """What is answered in the end: a shop on a machine too slow for its servers takes them for down, and says when to
    ask again."""
    for _ in range(TRIES):
        page = ask()
        if page.status != 503 or "Retry-After" not in page.headers:
            break
        told.note_later()
        time.sleep(AGAIN_SECONDS)  # the pause that a 503 asks for (20 s of people): nothing else says when
    return page


def _share_of_primary(shop: Opened, people: list[Visitor], pages: set[str]) -> float:
    """Of the statements of reads that begin a second from now, by those who have written last, how many of a hundred
    the primary answers."""
    time.sleep(1)  # the second that the promise allows

    def read(customer: Visitor) -> Counter[str]:
        sql: Counter[str] = Counter()
        for _ in range(READS_AFTERWARDS // len(people)):
            sql.update(statements(customer.get(random.choice(sorted(pages)))))
        return sql

    with ThreadPoolExecutor(len(people)) as pool:
        total = sum(pool.map(read, people), Counter())
    return _share(total)


def _share(sql: Counter[str]) -> float:
    """How many of a hundred statements went to the primary."""
    return 100 * sql["default"] / max(1, sql.total())
