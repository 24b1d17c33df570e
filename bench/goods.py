"""Products whose prices a proof changes behind the shop's back, and what a visitor reads of them."""

import json
import random
import re
import threading
import time

from .opened import Opened
from .visitor import Visitor

CENTS = range(100, 100_000)
JSONLD = re.compile(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', re.DOTALL)


class Goods:
    """`prices` are the last that was committed of each, in cents; `history` has all, with their times."""

    def __init__(self, shop: Opened) -> None:
        self.shop = shop
        self.prices: dict[int, int] = {}
        self.history: dict[int, list[tuple[float, int]]] = {}
        self.pages: dict[int, str] = {}
        shop.execute("DELETE FROM products_price WHERE ends_at IS NOT NULL")  # each has one price from now on
        for pk in _ids(shop):
            self.pages[pk] = Visitor(shop.url).get(f"/products/{pk}-x/").url
            self.change(pk)

    def any(self) -> int:
        return random.choice(list(self.pages))

    def change(self, pk: int) -> float:
        """Give it another price. Returns when that was committed, of `time.monotonic`."""
        price = random.choice(CENTS)
        committed_at = self.shop.execute("UPDATE products_price SET cents = ? WHERE product_id = ?", price, pk)
        self.prices[pk] = price
        self.history.setdefault(pk, []).append((committed_at, price))
        return committed_at

    def read(self, visitor: Visitor, pk: int) -> int:
        """The price on its page, in cents."""
        return price_on(visitor.get(self.pages[pk]).text)

    def is_right(self, visitor: Visitor, pk: int) -> bool:
        return self.read(visitor, pk) == self.prices[pk]

    def age(self, pk: int, price: int, began_at: float) -> float:
        """For how long another price had been committed when a read began that has shown this one; 0: it had not."""
        history = self.history[pk]
        last = max((number for number, (_, each) in enumerate(history) if each == price), default=-1)
        return max(0.0, began_at - history[last + 1][0]) if last + 1 < len(history) else 0.0

    def has_been(self, pk: int, price: int) -> bool:
        return any(each == price for _, each in self.history[pk])

    def wrong(self) -> list[int]:
        visitor = Visitor(self.shop.url)
        return [pk for pk in self.prices if not self.is_right(visitor, pk)]

    def differences(self) -> list[str]:
        return differences(self.shop)


class Changes:
    """Inside the block one price after the other is changed, `pause` seconds apart."""

    def __init__(self, goods: Goods, pause: float) -> None:
        self.goods, self.pause, self.count = goods, pause, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._change)

    def __enter__(self) -> "Changes":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _change(self) -> None:
        while not self._over.wait(random.uniform(0, 2 * self.pause)):
            self.goods.change(self.goods.any())
            self.count += 1


def differences(shop: Opened) -> list[str]:
    """What is wrong with the cache and the documents of a shop that is calm; see `bench.truth`."""
    return shop.manage("shell", "-v", "0", "-c", "from bench.truth import tell; tell()").splitlines()[:-1]


def price_on(page: str) -> int:
    return round(float(json.loads(JSONLD.search(page)[1])["offers"]["price"]) * 100)


def seconds_since(moment: float) -> float:
    return time.monotonic() - moment


def _ids(shop: Opened) -> list[int]:
    links = [link for page in range(1, 6) for link in Visitor(shop.url).get(f"/shelves/?page={page}").read.links]
    return sorted({int(found[1]) for link in links if (found := re.search(r"/products/(\d+)-", link))})
