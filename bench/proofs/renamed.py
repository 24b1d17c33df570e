"""A category with twenty thousand products is renamed, and then an author of two thousand reviews: the shop is never
slow, and everything is right within a stated time."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from bench.baker import Baker
from bench.beside import beside
from bench.catalogue import say
from bench.crowd import Answer, Crowd, look_at
from bench.databases import Servers
from bench.figure import Figure, at_least, at_most, exactly
from bench.opened import opened_shop
from bench.published import Published
from bench.renaming import faults, kill_and_start, wait_for_calm, without_word

PRODUCTS, REVIEWS = 20_000, 2_000
BEFORE_SECONDS = 30.0
SAVED_WITHIN_SECONDS, PAGE_WITHIN_SECONDS = 1.0, 1.0
RIGHT_WITHIN_SECONDS, AUTHOR_RIGHT_WITHIN_SECONDS = 900.0, 120.0
BESIDE_BEFORE = 3.0
VISITORS, PAUSE_SECONDS = 4, 0.05
CATEGORY, WORD, AUTHOR = "Quagga bread", "quagga", "Quentin Quill"


@dataclass
class Shown:
    """What happened while something was renamed: `saved` and `right` are seconds from the press of the button and
    from the answer to it."""

    before: list[Answer]
    during: list[Answer]
    saved: float
    right: float
    left: int  # rows of the outbox when a worker was killed

    @property
    def failed(self) -> int:
        return sum(answer.status != 200 for answer in self.during)

    @property
    def slowest(self) -> float:
        return max(answer.seconds for answer in self.during)

    @property
    def ratio(self) -> float:
        """The 95th percentile while it went on, beside that of before."""
        return _p95(self.during) / _p95(self.before)


def prove(products: int = PRODUCTS, reviews: int = REVIEWS, before: float = BEFORE_SECONDS) -> list[Figure]:
    with _gathered(products, reviews) as (site, there):
        baker = Baker(site.shop.url)
        named = _renamed(site, there, before, lambda: baker.rename_category(there["category"], CATEGORY))
        figures = _figures(f"A category of {products:,} products is renamed", named, RIGHT_WITHIN_SECONDS)
        figures += _found(site, there, products)
        signed = _renamed(site, there, before, lambda: baker.rename_account(there["author"], AUTHOR))
        figures += _figures(f"An author of {reviews:,} reviews is renamed", signed, AUTHOR_RIGHT_WITHIN_SECONDS)
        figures += _signed(site, there)
        wrong = "… objects, documents, words of search and listings that are wrong in the end"
        return [*figures, exactly(wrong, faults(site.shop), [])]


def _found(site: Published, there: dict[str, Any], products: int) -> list[Figure]:
    """Once a category was renamed: what search and the headers of pages say."""
    missed = without_word(site.shop, there["category"], WORD)
    pages = [page for path, page in site.each() if path.startswith("/products/")]
    return [
        exactly("… products that search does not find by the new name", missed, 0),
        at_least("… published pages of products", len(pages), products),
        exactly(f"… of {len(pages):,} published pages without it", sum(CATEGORY not in page for page in pages), 0),
    ]


def _signed(site: Published, there: dict[str, Any]) -> list[Figure]:
    """Once an author was renamed."""
    pages = {path: page for path, page in site.each() if path in set(there["paths"])}
    old = sum(AUTHOR not in pages.get(path, "") for path in there["paths"])
    return [exactly(f"… of {len(there['paths']):,} published pages without the new name", old, 0)]


@contextmanager
def _gathered(products: int, reviews: int) -> Iterator[tuple[Published, dict[str, Any]]]:
    published = {"PUBLISH": "all"}
    with opened_shop(servers=Servers(), apart=("bulk",), environment=published) as shop, beside(shop) as inside:
        say(f"{products:,} products: making them up")
        inside.ask("make_up", products)
        there = inside.ask("gather", products, reviews)
        say(f"{products:,} products: building and publishing them")
        wait_for_calm(shop)
        yield Published(shop, inside, shop.port), there


def _renamed(site: Published, there: dict[str, Any], before: float, rename: Callable[[], float]) -> Shown:
    """With visitors before and meanwhile, and the worker killed in the middle of it."""
    paths = random.Random(1).sample(there["paths"], min(50, len(there["paths"])))
    deeds = [look_at(path) for path in [*paths, "/", "/shelves/", "/shelves/?sort=price", "/search/?q=rye"]]
    random.Random(2).shuffle(deeds)
    with Crowd(site.shop.url, deeds, VISITORS, PAUSE_SECONDS) as crowd:
        time.sleep(before)  # for so long is it measured what is usual
        began = time.monotonic()
        answered_at = rename()
        time.sleep(1)
        left = site.shop.waiting()
        kill_and_start(site.shop, "bulk")
        right_at = wait_for_calm(site.shop)
    usual = [answer for answer in crowd.answers if answer.at < began]
    return Shown(usual, crowd.since(began), answered_at - began, right_at - answered_at, left)


def _figures(what: str, shown: Shown, bound: float) -> list[Figure]:
    count = len(shown.during)
    return [
        at_most(f"{what}: the admin has answered", round(shown.saved, 2), SAVED_WITHIN_SECONDS, " s"),
        exactly(f"… of {count:,} pages meanwhile failed", shown.failed, 0),
        at_most("… the slowest of them", round(shown.slowest, 2), PAGE_WITHIN_SECONDS, " s"),
        at_most("… 95th percentile beside that of before", round(shown.ratio, 2), BESIDE_BEFORE, is_timed=True),
        at_least("… rows of the outbox when a worker was killed", shown.left, 1),
        at_most("… everything right after", round(shown.right, 1), bound, " s"),
    ]


def _p95(answers: list[Answer]) -> float:
    return quantiles([answer.seconds for answer in answers], n=20)[-1]
