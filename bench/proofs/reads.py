"""What still reaches the primary with none, one and two replicas, and what a causal token costs: docs/reads.md."""

import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from bench.customers import customers
from bench.databases import Servers
from bench.figure import Figure, at_most, exactly
from bench.opened import ROOT, Opened, opened_shop, statements
from bench.proofs.faults import catalogue
from bench.proofs.own_writes import REVIEWS_EACH, ReviewForm
from bench.proofs.promotion import PLENTY
from bench.visitor import Page, Visitor

PAGES, ORDERS, TOKENS = 1_000, 100, 100
UNEVEN_PERCENT = 10.0
TABLE = ROOT / "docs" / "reads.md"
HEAD = """# What reaches the primary

Measured by `make prove reads`, and written down by it: SQL statements of the web processes, by who executed them, on
MariaDB. The {pages:,} pages are those that strangers look at: home, shelves, filters, search, products, reviews, the
site map. An order is all of it: into the basket, checkout, the order's page. Workers are not counted.

| replicas | what | primary | replica1 | replica2 | on the primary |
|---|---|---:|---:|---:|---:|
"""
LATENCY = """
What a causal token costs the page of a product's reviews, in ms, median of {rounds}: read by a stranger and by
somebody who has written just before, in turns.

| both replicas | stranger | with a token | ratio |
|---|---:|---:|---:|
"""


@dataclass
class Spread:
    """Statements by alias."""

    pages: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)


def prove(pages: int = PAGES, orders: int = ORDERS, tokens: int = TOKENS) -> list[Figure]:
    spreads, latencies = {}, {}
    for replicas in (0, 1, 2):
        with opened_shop(servers=Servers(replicas=replicas, lag_limit=60)) as shop:
            spreads[replicas] = Spread(_browse(shop, pages), _order(shop, orders))
            if replicas == 2:
                latencies = _latencies(shop, tokens)
    TABLE.write_text(_table(spreads, latencies, (pages, orders, tokens)))
    of_two = spreads[2].pages
    shares = sorted(of_two[alias] for alias in ("replica1", "replica2"))
    uneven = 100 * (shares[1] - shares[0]) / max(1, shares[1])
    return [
        exactly(f"{pages:,} catalogue pages with one replica: statements on the primary", _primary(spreads[1]), 0),
        exactly("… with two", _primary(spreads[2]), 0),
        at_most("… the replica that was asked less, below the other", round(uneven, 1), UNEVEN_PERCENT, " %"),
    ]


def _primary(spread: Spread) -> int:
    return spread.pages["default"]


def _browse(shop: Opened, pages: int) -> Counter[str]:
    deeds, visitor = catalogue(shop), Visitor(shop.url)
    for deed in 4 * deeds:  # each web process opens its connections once
        deed(visitor)
    return sum((Counter(statements(deeds[turn % len(deeds)](visitor))) for turn in range(pages)), Counter())


def _order(shop: Opened, orders: int) -> Counter[str]:
    """Everybody takes one piece, of a product of which there is plenty, and a free time."""
    product = shop.count("SELECT product_id FROM products_stock ORDER BY quantity DESC LIMIT 1")
    shop.manage("shell", "-v", "0", "-c", PLENTY)
    sql: Counter[str] = Counter()
    for _ in range(orders):
        visitor = Visitor(shop.url)
        pages = [visitor.post("/basket/add/", {"product": product, "n": 1}, follow=False), visitor.get("/checkout/")]
        slot = pages[-1].form("slot").choices["slot"][0]
        about = {"slot": slot, "name": "Nora", "email": "nora@example.com"}
        pages.append(visitor.send(pages[-1], **about, follow=False))
        pages.append(visitor.get(pages[-1].headers["Location"]))
        sql.update(sum((Counter(statements(page)) for page in pages), Counter()))
    return sql


def _latencies(shop: Opened, rounds: int) -> dict[str, tuple[float, float]]:
    level = _latency(shop, rounds)
    replicas = shop.databases.cluster.replicas
    for replica in replicas:
        replica.ask("STOP SLAVE SQL_THREAD")
    still = _latency(shop, rounds)
    for replica in replicas:
        replica.ask("START SLAVE SQL_THREAD")
    return {"follow": level, "stand still": still}


def _latency(shop: Opened, rounds: int) -> tuple[float, float]:
    """Median ms of a stranger's read and of a writer's, each once what was written is assembled."""
    product = Visitor(shop.url).get("/shelves/").link("/products/")
    people = customers(shop, -(-rounds // REVIEWS_EACH))
    stranger, times = Visitor(shop.url), ([], [])
    for turn in range(rounds):
        if turn % REVIEWS_EACH == 0:
            form = ReviewForm(people[turn // REVIEWS_EACH], product)
        form.send(f"The {turn}th slice was as good as the first.")
        form.customer.get(f"{product}reviews/")
        for visitor, spent in zip((stranger, form.customer), times, strict=True):
            spent.append(_ms(lambda visitor=visitor: visitor.get(f"{product}reviews/")))
    return median(times[0]), median(times[1])


def _ms(action) -> float:
    began = time.perf_counter()
    page: Page = action()
    if page.status != 200:
        raise RuntimeError(f"{page.url} answered {page.status}")
    return (time.perf_counter() - began) * 1000


def _table(spreads: dict[int, Spread], latencies: dict, sizes: tuple[int, int, int]) -> str:
    pages, orders, rounds = sizes
    lines = [HEAD.format(pages=pages)]
    for replicas, spread in spreads.items():
        for what, sql in ((f"{pages:,} pages", spread.pages), (f"{orders} orders", spread.orders)):
            counts = [f"{sql[alias]:,}" for alias in ("default", "replica1", "replica2")]
            share = f"{100 * sql['default'] / max(1, sql.total()):.1f} %"
            lines.append(f"| {replicas} | {what} | {' | '.join(counts)} | {share} |\n")
    lines.append(LATENCY.format(rounds=rounds))
    for what, (stranger, bearer) in latencies.items():
        lines.append(f"| {what} | {stranger:.1f} | {bearer:.1f} | {bearer / stranger:.2f} |\n")
    return "".join(lines)
