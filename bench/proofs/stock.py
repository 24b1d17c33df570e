"""An order exists once, and never for more than there is, however many press the button at the same moment."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.figure import Figure, exactly
from bench.opened import Opened, opened_shop
from bench.visitor import Page, Visitor

CUSTOMERS = 200
PIECES = 10
TIMES = 50
SET_STOCK = "from products.models import Stock; Stock.objects.filter(product_id={}).update(quantity={})"


def prove() -> list[Figure]:
    with opened_shop() as shop:
        return rush(shop) + repeat(shop)


def rush(shop: Opened) -> list[Figure]:
    """Everybody has the last pieces of one product in the basket, and orders at once."""
    product = a_product(shop)
    shop.manage("shell", "-v", "0", "-c", SET_STOCK.format(product, PIECES))
    before = sold(shop, product)
    ready = [at_checkout(shop, product, number) for number in range(CUSTOMERS)]
    pages = at_once([order for order, _ in ready])
    told = Counter(_told(page) for page in pages)
    return [
        exactly(f"{CUSTOMERS} checkouts at once for {PIECES} pieces: orders confirmed", told["confirmed"], PIECES),
        exactly("… told “sold out”", told["sold out"], CUSTOMERS - PIECES),
        exactly("… pieces in stored orders", sold(shop, product) - before, PIECES),
        exactly("… pieces left in stock", left(shop, product), 0),
    ]


def repeat(shop: Opened) -> list[Figure]:
    """One customer's form, sent again and again at once."""
    product = a_product(shop)
    shop.manage("shell", "-v", "0", "-c", SET_STOCK.format(product, 2 * TIMES))
    before = sold(shop, product)
    order, key = at_checkout(shop, product, 0)
    pages = at_once([order] * TIMES)
    confirmed = {page.headers["Location"] for page in pages if page.status == 303}
    return [
        exactly(f"One order's form sent {TIMES} times at once: answers that confirm it", _confirmed(pages), TIMES),
        exactly("… different orders they name", len(confirmed), 1),
        exactly("… stored orders", shop.count("SELECT count(*) FROM shop_order WHERE key = ?", key), 1),
        exactly("… pieces taken", sold(shop, product) - before, 1),
    ]


def a_product(shop: Opened) -> int:
    return shop.count("SELECT min(product_id) FROM products_stock WHERE quantity > 0")


def at_checkout(shop: Opened, product: int, number: int) -> tuple[Callable[[], Page], str]:
    """Somebody with one piece in the basket and the form filled in. Answers what sends it, and the order's key."""
    visitor = Visitor(shop.url)
    visitor.post("/basket/add/", {"product": product, "n": 1})
    page = visitor.get("/checkout/")
    form = page.form("slot", "key")
    slots = form.choices["slot"]
    about = {"name": f"Customer {number}", "email": f"customer-{number}@example.com"}
    fields = form.filled({"slot": slots[number % len(slots)], **about})
    return lambda: Visitor(shop.url, visitor.cookies).post("/checkout/", fields, follow=False), dict(fields)["key"]


def at_once(actions: list[Callable[[], Page]]) -> list[Page]:
    gate = threading.Barrier(len(actions))

    def act(action: Callable[[], Page]) -> Page:
        gate.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def _told(page: Page) -> str:
    if page.status == 303:
        return "confirmed"
    return "sold out" if page.status == 409 and "Sold out" in page.text else f"status {page.status}"


def _confirmed(pages: list[Page]) -> int:
    return sum(page.status == 303 for page in pages)


def sold(shop: Opened, product: int) -> int:
    return shop.count("SELECT sum(quantity) FROM shop_orderline WHERE product_id = ?", product)


def left(shop: Opened, product: int) -> int:
    return shop.count("SELECT quantity FROM products_stock WHERE product_id = ?", product)
