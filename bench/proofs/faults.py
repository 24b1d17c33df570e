"""Servers of the database die, fall silent and come back under load, and visitors see next to nothing of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.crowd import Crowd, Deed, look_at
from bench.databases import Servers, black_hole, kill
from bench.figure import Figure, at_most, exactly
from bench.opened import PATIENCE_SECONDS, Opened, opened_shop, wait_until
from bench.visitor import Page, Visitor
from shop.mariadb_server import Server

SLOWEST_SECONDS = 2.0
BACK_WITHIN_SECONDS = 5.0
PRIMARY_AWAY_SECONDS = 20
SHORTLY = "Orders are taken again shortly"


def prove(seconds: float = 5.0, primary_away: float = PRIMARY_AWAY_SECONDS) -> list[Figure]:
    with opened_shop(servers=Servers()) as shop:
        first, second = shop.databases.cluster.replicas
        return [
            *_replicas(shop, "One replica killed", [first], _killed, seconds),
            *_replicas(shop, "One replica silent", [second], _silent, seconds),
            *_replicas(shop, "Both replicas killed", [first, second], _killed, seconds),
            *_primary(shop, "Primary silent", _silent, primary_away),
            *_primary(shop, "Primary shut down", _shut_down, primary_away),
        ]


Fault = Callable[[Opened, list[Server], float], Iterator[None]]


def _replicas(shop: Opened, what: str, replicas: list[Server], fault: Fault, seconds: float) -> list[Figure]:
    aliases = [shop.alias_of(replica.port) for replica in replicas]
    with Crowd(shop.url, catalogue(shop)) as crowd:
        wait_until(lambda: _reads(crowd, 0) >= {"replica1", "replica2"}, PATIENCE_SECONDS, "a read of each replica")
        with fault(shop, replicas, seconds):
            pass
        began = time.monotonic()
        wait_until(lambda: _reads(crowd, began) >= set(aliases), PATIENCE_SECONDS, "a read of what came back")
        back = time.monotonic() - began
    return [
        exactly(f"{what} for {seconds:g} s under load, of {len(crowd.answers)} requests: failed", crowd.failed, 0),
        at_most("… the slowest", round(crowd.slowest, 2), SLOWEST_SECONDS, " s"),
        at_most("… read from again after it was there", round(back, 1), BACK_WITHIN_SECONDS, " s"),
    ]


def _primary(shop: Opened, what: str, fault: Fault, seconds: float) -> list[Figure]:
    """The catalogue goes on, the checkout says how things are, and afterwards an order goes through."""
    customer = at_checkout(shop)
    told: list[tuple[int, bool, str]] = []
    with Crowd(shop.url, catalogue(shop), size=6) as crowd, Crowd(shop.url, [look_at("/basket/")], size=2):
        wait_until(lambda: len(crowd.answers) > 100, PATIENCE_SECONDS, "the first pages")
        with fault(shop, [shop.databases.cluster.primary], seconds):
            answer = customer()
            told.append((answer.status, SHORTLY in answer.text, answer.headers.get("Retry-After", "none")))
        again = answer.form("key")
        began = time.monotonic()
        placed = wait_until(lambda: _placed(customer), PATIENCE_SECONDS, "an order")
        back = time.monotonic() - began
    figures = [
        exactly(f"{what} for {seconds:g} s, of {len(crowd.answers)} catalogue pages: failed", crowd.failed, 0),
        exactly("… checkout: status, says when, Retry-After", told, [(503, True, "20")]),
        exactly("… its page holds what was typed", dict(again.fields).get("name"), "Nora"),
        exactly("… an order afterwards, without a restart", placed, 303),
    ]
    return [*figures, at_most("… it went through after", round(back, 1), BACK_WITHIN_SECONDS, " s")]


def _placed(customer: Callable) -> int:
    status = customer().status
    return status if status == 303 else 0


def at_checkout(shop: Opened) -> Callable[[], Page]:
    """What sends the order of somebody with one piece in the basket and the form filled in."""
    product = shop.count("SELECT min(product_id) FROM products_stock WHERE quantity > 5")
    visitor = Visitor(shop.url)
    visitor.post("/basket/add/", {"product": product, "n": 1})
    wait_until(
        lambda: visitor.get("/checkout/").status == 200, PATIENCE_SECONDS, "the checkout"
    )  # of each web process
    page = visitor.get("/checkout/")
    slot = page.form("slot").choices["slot"][-1]
    return lambda: visitor.send(page, slot=slot, name="Nora", email="nora@example.com", follow=False)


def catalogue(shop: Opened) -> list[Deed]:
    """Pages from the cache, pages from the tables, and search."""
    links = Visitor(shop.url).get("/shelves/").read.links
    products = sorted({link for link in links if "/products/" in link})[:6]
    paths = ["/", "/shelves/", "/shelves/?tag=vegan&tag=rye", "/search/?q=rye", "/sitemap.xml"]
    return [look_at(path) for path in [*paths, *products, *(f"{product}reviews/" for product in products)]]


def _reads(crowd: Crowd, since: float) -> set[str]:
    return {alias for answer in crowd.since(since) for alias, count in answer.sql.items() if count}


@contextmanager
def _killed(shop: Opened, servers: list[Server], seconds: float) -> Iterator[None]:
    for server in servers:
        kill(server)
    yield
    time.sleep(seconds)  # how long the fault lasts is what is tried, here and below
    shop.databases.manage("start")


@contextmanager
def _silent(shop: Opened, servers: list[Server], seconds: float) -> Iterator[None]:
    with black_hole(servers[0]):
        began = time.monotonic()
        yield
        time.sleep(max(0, seconds - (time.monotonic() - began)))  # silent for as long, all told


@contextmanager
def _shut_down(shop: Opened, servers: list[Server], seconds: float) -> Iterator[None]:
    servers[0].stop()
    yield
    time.sleep(seconds)  # down for as long
    shop.databases.manage("start")
