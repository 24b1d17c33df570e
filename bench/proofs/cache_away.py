"""The cache is away for half a minute under load: no page fails, none hangs, and afterwards nothing old is shown."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.crowd import Answer, Crowd, Deed, look_at
from bench.figure import Figure, at_most, exactly
from bench.goods import Changes, Goods, price_on
from bench.opened import PATIENCE_SECONDS, Opened, opened_shop, wait_until
from bench.visitor import Page, Visitor

AWAY_SECONDS = 30.0
AROUND_SECONDS = 10.0  # before and after
SLOWEST_SECONDS = 2.0
LAG_SECONDS = 1.0  # of a change, on any day
SHARED_SECONDS = 1.0  # an answer of the database serves whoever comes within that, while the cache is away
MOST_STATEMENTS = 20  # of a page that the database alone answers
PAUSE_SECONDS = 0.05  # between two changes, on average
LOOK_SECONDS = 0.05  # at a page, before a visitor asks for the next


def prove(away: float = AWAY_SECONDS) -> list[Figure]:
    with opened_shop(apart=["cache"]) as shop:
        goods = Goods(shop)
        return [
            *_fault(goods, f"Cache killed for {away:g} s under load", _killed, away),
            *_fault(goods, f"Cache silent for {away:g} s under load", _silent, away),
        ]


def _fault(goods: Goods, what: str, fault: Callable, away: float) -> list[Figure]:
    wait_until(lambda: not goods.wrong(), PATIENCE_SECONDS, "the prices")
    reads = Reads(goods)
    deeds = _catalogue(goods, reads)
    with Crowd(goods.shop.url, deeds, pause=LOOK_SECONDS) as crowd, Changes(goods, PAUSE_SECONDS):
        time.sleep(AROUND_SECONDS)  # the crowd browses: how long it does, and how long the fault lasts, is measured
        began = time.monotonic()
        with fault(goods.shop):
            time.sleep(away)  # the fault lasts so long
        back = time.monotonic()
        time.sleep(AROUND_SECONDS)  # and the crowd goes on for as long as before
    wait_until(lambda: not goods.shop.waiting(), PATIENCE_SECONDS, "the outbox")
    meanwhile = [answer for answer in crowd.answers if began <= answer.at <= back]
    return [
        exactly(f"{what}, of {len(crowd.answers)} pages: failed", crowd.failed, 0),
        at_most("… the slowest", round(crowd.slowest, 2), SLOWEST_SECONDS, " s"),
        at_most(f"… statements a page, of {len(meanwhile)} without it", _most_statements(meanwhile), MOST_STATEMENTS),
        _old("… prices shown before", reads.ages(0, began), LAG_SECONDS),
        _old("… prices shown meanwhile", reads.ages(began, back), LAG_SECONDS + SHARED_SECONDS),
        _old("… prices shown after its return", reads.ages(back), LAG_SECONDS),
        at_most("… used by every process again after", _unused(crowd, back), 1, " s"),
        exactly("… objects, documents and listings that are not as the tables say", goods.differences(), []),
    ]


def _old(what: str, ages: list[float], lag: float) -> Figure:
    """Those that were not the last, nor had been within so many seconds."""
    old = sum(age > lag for age in ages)
    return exactly(f"{what}, of {len(ages)}: older than {lag:g} s (the oldest by {max(ages):.2f} s)", old, 0)


class Reads:
    """What was read of which product, and when."""

    def __init__(self, goods: Goods) -> None:
        self.goods = goods
        self.all: list[tuple[float, int, int]] = []

    def of(self, pk: int) -> Deed:
        def read(visitor: Visitor) -> Page:
            began_at = time.monotonic()
            page = visitor.get(self.goods.pages[pk])
            if page.status == 200:
                self.all.append((began_at, pk, price_on(page.text)))
            return page

        return read

    def ages(self, since: float, until: float = float("inf")) -> list[float]:
        return [self.goods.age(pk, price, at) for at, pk, price in self.all if since <= at <= until]


def _catalogue(goods: Goods, reads: Reads) -> list[Deed]:
    shelves = Visitor(goods.shop.url).get("/").read.links
    shelf = next(link for link in shelves if "/shelves/" in link and link.count("/") > 2)
    paths = ["/", "/shelves/", shelf, f"{shelf}?sort=price", f"{shelf}?tag=vegan", "/shelves/?tag=vegan&tag=rye"]
    paths += ["/shelves/?sort=-price&page=2", "/shelves/?in=1", "/journal/"]
    return [deed for path in paths for deed in (look_at(path), *map(reads.of, goods.pages))]


def _most_statements(answers: list[Answer]) -> int:
    return max((answer.sql.total() for answer in answers), default=0)


def _unused(crowd: Crowd, back: float) -> float:
    """Until the last page that was made without the cache."""
    return round(max((answer.at - back for answer in crowd.since(back) if not answer.trips), default=0.0), 2)


@contextmanager
def _killed(shop: Opened) -> Iterator[None]:
    shop.apart["cache"].kill()
    yield
    shop.apart["cache"].start()


@contextmanager
def _silent(shop: Opened) -> Iterator[None]:
    shop.apart["cache"].pause()
    yield
    shop.apart["cache"].resume()
