"""Another server becomes the primary under load: no acknowledged order is lost, and nobody misses their own."""

import http.client
import random
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from itertools import pairwise

from bench.customers import customers
from bench.databases import Servers, kill
from bench.figure import Figure, at_least, at_most, exactly
from bench.opened import PATIENCE_SECONDS, Opened, opened_shop, wait_until
from bench.proofs.own_writes import ReviewForm
from bench.visitor import Page, Visitor

ORDERING, REVIEWING = 6, 2
SECONDS = 10.0  # of load before and after
NOBODY_SECONDS = 10.0
PLENTY = (
    "from products.models import Stock; from shop.models import Slot;"
    " Stock.objects.update(quantity=100_000); Slot.objects.update(capacity=30_000)"
)


def prove(seconds: float = SECONDS) -> list[Figure]:
    with opened_shop(servers=Servers(semi_sync=True, lag_limit=60)) as shop:
        shop.manage("shell", "-v", "0", "-c", PLENTY)
        people = customers(shop, 2 * REVIEWING)
        planned = _promotion(shop, "Promotion with the primary alive", people[:REVIEWING], seconds, lambda: None)
        killed = _promotion(
            shop,
            "Promotion after the primary was killed, semi-synchronous",
            people[REVIEWING:],
            seconds,
            lambda: kill(shop.databases.cluster.primary),
        )
        shop.databases.manage("start")
        level = shop.databases.cluster.catch_up()
        return [*planned, *killed, exactly("… the old primary follows the new one afterwards", level, True)]


def _promotion(
    shop: Opened, what: str, people: list[Visitor], seconds: float, fault: Callable[[], None]
) -> list[Figure]:
    with _load(shop, people) as told:
        time.sleep(seconds)  # of load before and after
        wait_until(lambda: told.orders, PATIENCE_SECONDS, "the first order")
        fault()
        shop.databases.manage("promote")
        before = len(told.orders)
        time.sleep(seconds)
        wait_until(lambda: len(told.orders) > before, PATIENCE_SECONDS, "an order with the new one")
    kept = sum(shop.count("SELECT count(*) FROM shop_order WHERE `key` = ?", key) for _, key in told.orders)
    after = len(told.orders) - before
    return [
        exactly(f"{what}, under load: orders acknowledged and lost", len(told.orders) - kept, 0),
        exactly(f"… own writes of {told.reads} that were not there", told.stale, 0),
        at_least("… orders acknowledged by the new one", after, 1),
        at_most("… nobody could order for", round(_longest_pause(told), 1), NOBODY_SECONDS, " s"),
    ]


class Told:
    """What the visitors tell: `orders` that were acknowledged, with the time, and what they read of their own."""

    def __init__(self) -> None:
        self.orders: list[tuple[float, str]] = []
        self.reads = self.stale = 0
        self.lock = threading.Lock()
        self.over = threading.Event()

    def read(self, page: Page, words: str) -> None:
        """An answer that says it is no answer is none; one that says it is whole must hold what was written."""
        with self.lock:
            self.reads += page.status == 200
            self.stale += page.status == 404 or (page.status == 200 and words not in page.text)


def _longest_pause(told: Told) -> float:
    times = sorted(at for at, _ in told.orders)
    return max(later - earlier for earlier, later in pairwise(times))


@contextmanager
def _load(shop: Opened, people: list[Visitor]):
    told = Told()
    product = shop.count("SELECT min(product_id) FROM products_stock")
    links = Visitor(shop.url).get("/shelves/").read.links
    products = sorted({link for link in links if "/products/" in link})
    threads = [threading.Thread(target=_order, args=(shop, product, told)) for _ in range(ORDERING)]
    threads += [
        threading.Thread(target=_review, args=(ReviewForm(customer, product), told))
        for customer, product in zip(people, products, strict=False)
    ]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        told.over.set()
        for thread in threads:
            thread.join()


def _order(shop: Opened, product: int, told: Told) -> None:
    """One order after the other, each sent until it is answered, and then looked at."""
    while not told.over.is_set():
        visitor = Visitor(shop.url)
        try:
            visitor.post("/basket/add/", {"product": product, "n": 1}, follow=False)
            page = visitor.get("/checkout/")
            while page.status == 503 and not told.over.wait(0.1):
                page = visitor.get("/checkout/")
            if page.status == 200:
                _send(visitor, page, told)
        except (OSError, http.client.HTTPException):
            continue


def _send(visitor: Visitor, page: Page, told: Told) -> None:
    slot = random.choice(page.form("slot").choices["slot"])
    while not told.over.is_set():
        answer = visitor.send(page, slot=slot, name="Nora", email="nora@example.com", follow=False)
        if answer.status == 303:
            key = answer.headers["Location"].split("/orders/")[1].strip("/")
            told.orders.append((time.monotonic(), key))
            told.read(visitor.get(f"/orders/{key}/"), "Nora")
        if answer.status != 503:
            return
        told.over.wait(0.1)


def _review(form: ReviewForm, told: Told) -> None:
    """As many as a customer may write in an hour, spread over the time."""
    while not told.over.wait(1.0):
        words = f"It sang for {random.random()} minutes."
        if form.send(words).status == 302:
            for path in ("", "reviews/"):
                told.read(form.customer.get(f"{form.product}{path}"), words)
