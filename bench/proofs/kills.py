"""Workers and the relay die at the worst of moments, and every page is right again within seconds."""

import random
import statistics
import time

from bench.databases import Servers
from bench.figure import Figure, at_least, at_most, exactly
from bench.goods import Changes, Goods, seconds_since
from bench.opened import PATIENCE_SECONDS, opened_shop, wait_until
from bench.visitor import Visitor

TRIALS = 200
BOUND_SECONDS = 5.0
LOST_SECONDS = 120.0  # what is not right by then is wrong for good
PROCESSES = ("worker", "relay")


def prove(trials: int = TRIALS, servers: Servers | None = None) -> list[Figure]:
    with opened_shop(servers=servers, apart=PROCESSES) as shop:
        goods = Goods(shop)
        wait_until(lambda: not goods.wrong(), PATIENCE_SECONDS, "the first prices")
        return [
            *_without_kills(goods, trials),
            *_kills(goods, "Worker killed between COMMIT and refresh", trials, _before),
            *_kills(goods, "Worker or relay killed in the middle of refreshes", trials, _amid),
        ]


def _without_kills(goods: Goods, trials: int) -> list[Figure]:
    visitor, seconds = Visitor(goods.shop.url), []
    for _ in range(trials):
        pk = goods.any()
        committed_at = goods.change(pk)
        wait_until(lambda pk=pk: goods.is_right(visitor, pk), LOST_SECONDS, "the new price")
        seconds.append(seconds_since(committed_at))
        time.sleep(random.uniform(0, 0.3))  # at no fixed place in the relay's rhythm
    cuts = statistics.quantiles(seconds, n=100)
    what = f"{trials} prices changed; on their pages within a second from COMMIT"
    return [
        at_least(what, round(100 * sum(each <= 1 for each in seconds) / trials, 1), 99, " %", is_timed=True),
        at_most("… the median", round(cuts[49], 2), 1, " s"),
        at_most("… the slowest five of a hundred", round(cuts[94], 2), 1, " s"),
        at_most("… the slowest of all", round(max(seconds), 2), BOUND_SECONDS, " s"),
    ]


def _kills(goods: Goods, what: str, trials: int, kill) -> list[Figure]:
    """After each kill a new process is started at once; the time is until every price is on its page."""
    seconds, lost = [], 0
    for _ in range(trials):
        killed_at = kill(goods)
        try:
            wait_until(lambda: not goods.wrong(), LOST_SECONDS, "every price")
        except TimeoutError:
            lost += 1
        seconds.append(seconds_since(killed_at))
    wait_until(lambda: not goods.shop.waiting(), LOST_SECONDS, "the outbox")
    cuts = statistics.quantiles(seconds, n=100)
    return [
        exactly(f"{what}, {trials} times: wrong for good", lost, 0),
        at_most("… right after, the median", round(cuts[49], 2), BOUND_SECONDS, " s"),
        at_most("… the slowest", round(max(seconds), 2), BOUND_SECONDS, " s"),
        exactly("… objects, documents and listings that are not as the tables say", goods.differences(), []),
    ]


def _before(goods: Goods) -> float:
    """The worker stands still while a price is changed, and never goes on."""
    worker = goods.shop.apart["worker"]
    worker.pause()
    goods.change(goods.any())
    time.sleep(random.uniform(0, 0.5))  # with or without the message in its hands
    worker.kill()
    killed_at = time.monotonic()
    worker.start()
    return killed_at


def _amid(goods: Goods) -> float:
    """Prices change one after the other; at some moment the worker dies, or the relay, or both."""
    dying = random.choice([("worker",), ("worker",), ("relay",), PROCESSES])
    with Changes(goods, pause=0.01):
        time.sleep(random.uniform(0.2, 0.8))  # the moment of the kill is random
        for name in dying:
            goods.shop.apart[name].kill()
        killed_at = time.monotonic()
    for name in dying:
        goods.shop.apart[name].start()
    return killed_at
