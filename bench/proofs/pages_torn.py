"""However often a page is published, whoever reads it has a whole one, and never one older than before."""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor

from bench.checking import Told, Watched, read
from bench.figure import Figure, at_least, exactly
from bench.opened import wait_until
from bench.published import Published, published_shop, said

READS = 200_000
CONNECTIONS = 500
PROCESSES = 2
CENTS = 10_000  # to begin with: no other product costs as much
GO_ON = "from bench.raising import go_on; go_on({}, {!r}, {!r})"
FAULTS = ("empty", "torn", "older than the one before", "not modified under another ETag")


def prove(reads: int = READS, connections: int = CONNECTIONS) -> list[Figure]:
    with published_shop() as site:
        pk, pages = _pages(site)
        before = site.times()
        told, raised = _read(site, pk, pages, reads, connections)
        site.wait()
        paths = [page.path for page in pages]
        published = sum(site.times()[path] - before[path] for path in paths)
        differing = site.differing(site.pages())
    clashes = [etag for etag, bodies in told.bodies.items() if len(bodies) > 1]
    what = (
        f"{reads:,} reads through nginx, {connections} connections kept alive, {len(pages)} pages that show one price"
    )
    return [
        at_least(f"{what}; times it was raised meanwhile, by a cent each", raised, 10, is_timed=True),
        at_least("… publications of these pages meanwhile", published, 10, is_timed=True),
        at_least("… different ones that were read", len(told.bodies), 10, is_timed=True),
        exactly("… answers that were neither 200 nor 304", _neither(told), 0),
        *(exactly(f"… {fault}", told.faults[fault], 0) for fault in FAULTS),
        at_least("… asked with the ETag seen last, and not modified", told.counts["304"], 1, is_timed=True),
        exactly("… ETags that came with two different pages of one address", clashes, []),
        exactly("… pages that are not what the shop answers itself, once calm", differing, []),
    ]


def _pages(site: Published) -> tuple[int, list[Watched]]:
    """A product on the first page, and the pages that show it, each with where it says the price."""
    pk = int(re.search(r'href="/products/(\d+)-', site.pages()["/"])[1])
    site.shop.execute("UPDATE products_price SET cents = ? WHERE product_id = ?", CENTS, pk)
    site.wait()
    card = rf'href="/products/{pk}-[\w-]+/".*?€([\d.,]+)'.encode()
    showing = [path for path, page in site.pages().items() if pk in said(page, path)]
    own = next(path for path in showing if path.startswith(f"/products/{pk}-"))
    return pk, [Watched(own, rb'"price": ?"([\d.]+)"'), *(Watched(path, card) for path in showing if path != own)]


def _read(site: Published, pk: int, pages: list[Watched], reads: int, connections: int) -> tuple[Told, int]:
    """What the readers tell, and how often the price was raised meanwhile: by a process that publishes at once, while
    the workers do so, too."""
    over = site.shop.folder / "over"
    raiser = site.shop.start("shell", "-v", "0", "-c", GO_ON.format(pk, [page.path for page in pages], str(over)))
    price = "SELECT max(cents) FROM products_price WHERE product_id = ?"
    wait_until(lambda: site.shop.count(price, pk) > CENTS, 120, "the first raise")
    share = (site.port, pages, reads // PROCESSES, connections // PROCESSES)
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        told = sum((future.result() for future in [pool.submit(read, *share) for _ in range(PROCESSES)]), Told())
    over.touch()
    return told, int(raiser.communicate()[0])


def _neither(told: Told) -> int:
    return told.counts.total() - told.counts["200"] - told.counts["304"]
