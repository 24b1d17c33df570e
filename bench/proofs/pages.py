"""What changes in the admin is published on every page that shows it, and no other page is published for it."""

import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from bench.baker import Baker, slug
from bench.figure import Figure, at_most, exactly
from bench.goods import seconds_since
from bench.opened import wait_until
from bench.published import Published, published_shop, said, without_clock
from bench.visitor import Visitor

CHANGES = 100
OTHERS = 10
CENTS = 20_001  # of the first change: each costs a cent more, and nothing else costs as much
BOUND_SECONDS = 2.0
SLOWEST_SECONDS = 5.0
LOST_SECONDS = 120.0
BAKED_AT = ("04:30", "06:10", "07:45", "23:30")  # first, in the middle and last on a shelf
# Published for one change, and what they were: three pages that add up the tags of all shelves, and the first page,
# whose card says to nobody which shelf it is from.
MOST_IN_VAIN = 4
SHELF = re.compile(r"/shelves/(\d+)-[\w-]+/")


@dataclass
class Told:
    """Of changes of one kind: `first` and `every` are the seconds until the pages one looks at first were right, and
    until all were; `published` and `should` count publications, `in_vain` those that changed nothing, by change."""

    first: list[float] = field(default_factory=list)
    every: list[float] = field(default_factory=list)
    published: int = 0
    should: int = 0
    in_vain: list[int] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


def prove(changes: int = CHANGES, others: int = OTHERS) -> list[Figure]:
    with published_shop(absent=["beat"]) as site:  # which would have the first page published each minute
        baker = Baker(site.url)
        return [*_prices(site, baker, changes), *_others(site, baker, others)]


def _prices(site: Published, baker: Baker, changes: int) -> list[Figure]:
    told = Told()
    for cents in range(CENTS, CENTS + changes):
        _change_price(site, baker, cents, told)
        time.sleep(random.uniform(0, 0.3))  # at no fixed place in the relay's rhythm
    cuts = statistics.quantiles(told.first, n=100, method="inclusive")
    what = f"{changes} prices changed in the admin; from its answer until product, shelf, all products and first page"
    return [
        at_most(f"{what} show it through nginx, the median", round(cuts[49], 2), BOUND_SECONDS, " s"),
        at_most("… the slowest five of a hundred", round(cuts[94], 2), BOUND_SECONDS, " s"),
        at_most("… the slowest", round(max(told.first), 2), SLOWEST_SECONDS, " s"),
        at_most(
            "… until every page that shows it does, the slowest", round(max(told.every), 2), SLOWEST_SECONDS, " s"
        ),
        exactly("… publications, for so many pages that show one", told.published, told.should),
        exactly("… changes for which other pages were published than show it", told.missed, []),
        exactly("… pages that are not what the shop answers itself, once calm", site.differing(site.pages()), []),
    ]


def _change_price(site: Published, baker: Baker, cents: int, told: Told) -> None:
    before, times = site.pages(), site.times()
    own = random.choice([path for path in before if path.startswith("/products/")])
    pk = _id(own)
    showing = {own, *(path for path, page in before.items() if pk in said(page, path))}
    first = {path for path in showing if path in ("/", own) or path.startswith("/shelves/")}
    answered_at = baker.change_price(pk, cents)
    for paths, seconds in ((first, told.first), (showing, told.every)):
        wait_until(lambda paths=paths: _cost_it(site, paths, pk, cents), LOST_SECONDS, "the price")
        seconds.append(seconds_since(answered_at))
    site.wait()
    published = Counter(site.times()) - Counter(times)
    told.published += published.total()
    told.should += len(showing)
    if set(published) != showing:
        told.missed.append(f"{own}: {sorted(set(published) ^ showing)}")


def _cost_it(site: Published, paths: Iterable[str], pk: int, cents: int) -> bool:
    visitor = Visitor(site.url)
    return all(said(site.read(visitor, path), path).get(pk) == {cents} for path in paths)


def _others(site: Published, baker: Baker, count: int) -> list[Figure]:
    added, moved, deleted = Told(), Told(), Told()
    for number in range(count):
        loaf = Loaf(site, baker, number)
        _do(site, added, loaf.add, loaf.is_there)
        _do(site, moved, loaf.move, loaf.is_moved)
        _do(site, deleted, loaf.delete, loaf.is_gone)
    return [
        *_figures(f"{count} products added in the admin; from its answer until their page is there", added),
        *_figures(f"{count} products moved to another shelf; until they are on it", moved),
        *_figures(f"{count} products deleted; until their page is gone (404)", deleted),
    ]


class Loaf:
    """A product that comes, moves and goes. What is done returns when it was answered."""

    def __init__(self, site: Published, baker: Baker, number: int) -> None:
        self.site, self.baker = site, baker
        self.name, self.baked_at = f"Zebra loaf {number}", BAKED_AT[number % len(BAKED_AT)]
        self.here, self.there = random.sample([path for path in site.pages() if SHELF.fullmatch(path)], 2)

    def add(self) -> float:
        answered_at = self.baker.add(self.name, _id(self.here), CENTS, self.baked_at)
        self.pk = self.site.shop.count("SELECT max(id) FROM products_product")
        self.path = f"/products/{self.pk}-{slug(self.name)}/"
        return answered_at

    def is_there(self) -> bool:
        return bool(self.site.read(Visitor(self.site.url), self.path))

    def move(self) -> float:
        return self.baker.move(self.pk, _id(self.there))

    def is_moved(self) -> bool:
        return self.pk in said(self.site.read(Visitor(self.site.url), self.there), self.there)

    def delete(self) -> float:
        return self.baker.delete(self.pk)

    def is_gone(self) -> bool:
        return Visitor(self.site.url).get(self.path).status == 404


def _do(site: Published, told: Told, deed: Callable[[], float], is_done: Callable[[], bool]) -> None:
    before, times = site.pages(), site.times()
    lists = [path for path in before if not path.startswith(("/products/", "/journal/"))]
    answered_at = deed()
    wait_until(is_done, LOST_SECONDS, "the first page")
    told.first.append(seconds_since(answered_at))
    with suppress(TimeoutError):  # those that are wrong for good are told of below
        wait_until(lambda: not site.differing(lists), SLOWEST_SECONDS, "every page")
    told.every.append(seconds_since(answered_at))
    site.wait()
    after = site.pages()
    changed = {path for path in before | after if _is_other(before.get(path, ""), after.get(path, ""))}
    published = set(Counter(site.times()) - Counter(times))
    told.differing += site.differing(before | after)
    told.missed += changed - published
    told.in_vain.append(len(published - changed))


def _is_other(one: str, other: str) -> bool:
    return without_clock(one) != without_clock(other)


def _id(address: str) -> int:
    return int(re.search(r"\d+", address)[0])


def _figures(what: str, told: Told) -> list[Figure]:
    return [
        at_most(f"{what}, the slowest", round(max(told.first), 2), BOUND_SECONDS, " s"),
        at_most(
            "… until every list of products is right, the slowest", round(max(told.every), 2), SLOWEST_SECONDS, " s"
        ),
        exactly("… pages that are not what the shop answers itself, once calm", sorted(set(told.differing)), []),
        exactly("… pages that are others and were not published", told.missed, []),
        at_most(
            "… pages that were published and are what they were, for one of them", max(told.in_vain), MOST_IN_VAIN
        ),
    ]
