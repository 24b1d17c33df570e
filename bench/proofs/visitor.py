"""From a fresh clone to a sold loaf: the two words `make run`, a visitor, and a baker who changes a price."""

import re
import subprocess
import tempfile
import time
from pathlib import Path

from bench.figure import Figure, at_most, exactly
from bench.opened import PATIENCE_SECONDS, ROOT, Opened, opened_shop, wait_until
from bench.visitor import Page, Visitor
from shop.memory import PROC, family

PASSWORD = "warm-bread-7am"
MEMORY_MB = 700
SECOND_START_SECONDS = 10


def prove() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bakery-clone-") as folder:
        clone = Path(folder) / "bakery"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        started = time.monotonic()
        with opened_shop(["make", "run"], clone) as shop:
            first = time.monotonic() - started
            return [
                Figure("A fresh clone, `make run`: every object is built", f"{first:.0f} s", "it opens", holds=True),
                at_most("Memory of all its processes", memory(shop), MEMORY_MB, " MB"),
                *visit(shop),
                *again(shop),
            ]


def memory(shop: Opened) -> int:
    said = wait_until(
        lambda: re.search(r"takes (\d+) MB", shop.said.read_text()), PATIENCE_SECONDS, "the figure of the memory"
    )
    return int(said[1])


def visit(shop: Opened) -> list[Figure]:
    """Browse, search, fill a basket as a guest, sign up, order, look at the order, review; then the price changes."""
    visitor = Visitor(shop.url)
    product = visitor.get(visitor.get(visitor.get("/").link("/shelves/")).link("/products/"))
    name = re.search(r"<h1[^>]*>([^<]+)", product.text)[1]
    found = visitor.get(f"/search/?q={name.split()[0]}")
    visitor.send(product, product=number(product))
    guest = basket(visitor)
    signed_up = sign_up(visitor)
    kept = basket(visitor)
    order = place_order(visitor)
    review = visitor.send(visitor.get(f"/products/{number(product)}/review/"), rating=5, body="Gone by noon.")
    return [
        exactly("Search finds the product by its first word", found.status == 200 and name in found.text, True),
        exactly("Guest's basket, after adding: things", guest, 1),
        exactly("… and kept after signing up", (signed_up.status, kept), (200, guest)),
        exactly("Order placed and shown to its owner", (order.status, name in order.text), (200, True)),
        exactly("… and to nobody else", Visitor(shop.url).get(order.url).status, 404),
        exactly("Review written and shown", (review.status, shows(shop, product.url, "Gone by noon.")), (200, True)),
        at_most(
            "Price changed in the admin, shown on the page after", round(price_change(shop, product), 2), 1, " s"
        ),
    ]


def again(shop: Opened) -> list[Figure]:
    """Close the shop and open it once more."""
    processes = family(shop.process.pid)
    shop.close()
    left = sum((PROC / str(pid)).exists() for pid in processes)
    started = time.monotonic()
    second = Opened(["make", "run"], shop.folder, shop.root)
    try:
        wait_until(lambda: _answers(second), PATIENCE_SECONDS, "the first page")
        seconds = time.monotonic() - started
    finally:
        second.close()
    return [
        exactly(f"Processes left of {len(processes)} after `kill -TERM` of make", left, 0),
        at_most("Second start, until the page is there", round(seconds, 1), SECOND_START_SECONDS, " s"),
    ]


def _answers(shop: Opened) -> bool:
    try:
        return Visitor(shop.url).get("/").status == 200
    except OSError:
        return False


def number(product: Page) -> int:
    return int(re.search(r"/products/(\d+)-", product.url)[1])


def basket(visitor: Visitor) -> int:
    return int(re.search(r'"basket": ?(\d+)', visitor.get("/me.json").text)[1])


def sign_up(visitor: Visitor) -> Page:
    about = {"name": "Nora Visitor", "email": "nora@example.com", "password": "a-crust-of-rye-9"}
    return visitor.send(visitor.get("/account/sign-up/"), **about)


def place_order(visitor: Visitor) -> Page:
    page = visitor.get("/checkout/")
    slot = page.form("slot").choices["slot"][0]
    return visitor.send(page, slot=slot, name="Nora", email="nora@example.com")


def price_change(shop: Opened, product: Page) -> float:
    """Seconds from the admin's answer to the product page that shows the new price."""
    baker = Visitor(shop.url)
    baker.send(baker.get("/admin/"), username="ada@bakery.example", password=PASSWORD)
    page = baker.get(f"/admin/products/product/{number(product)}/change/")
    rows = [name for name in page.form("prices-0-cents").names if re.fullmatch(r"prices-\d+-cents", name)]
    saved = baker.send(page, **dict.fromkeys(rows, "3.33"), follow=False)
    changed = time.monotonic()
    if saved.status != 302:
        raise AssertionError(f"The admin did not save the price: it answered {saved.status}.")
    wait_until(lambda: "€3.33" in Visitor(shop.url).get(product.url).text, PATIENCE_SECONDS, "the new price")
    return time.monotonic() - changed


def shows(shop: Opened, url: str, words: str) -> bool:
    return bool(wait_until(lambda: words in Visitor(shop.url).get(url).text, PATIENCE_SECONDS, "the review"))
