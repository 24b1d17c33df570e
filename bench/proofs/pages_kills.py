"""The workers that publish die at the worst of moments: each page stays whole, and is right again within seconds."""

import os
import random
import statistics
import time

from bench.figure import Figure, at_most, exactly
from bench.goods import Changes, Goods, seconds_since
from bench.opened import wait_until
from bench.proofs.property import SEED
from bench.published import Published, published_shop, said

TRIALS = 100
BOUND_SECONDS = 10.0
LOST_SECONDS = 120.0  # what is not right by then is wrong for good
PAUSE_SECONDS = 0.01  # between two changes
DYING = (("worker",), ("worker",), ("worker", "bulk"))


def prove(trials: int = TRIALS) -> list[Figure]:
    seed = os.environ.get(SEED) or str(random.randrange(10**6))
    print(f"{SEED}={seed}")
    random.seed(seed)
    with published_shop(apart=("worker", "bulk"), absent=["beat"]) as site:
        goods = Goods(site.shop)
        wait_until(lambda: _are_right(site, goods), LOST_SECONDS, "the first prices")
        return _kills(site, goods, trials, seed)


def _kills(site: Published, goods: Goods, trials: int, seed: str) -> list[Figure]:
    seconds: list[float] = []
    strange: list[str] = []
    lost = changes = 0
    for _ in range(trials):
        dying = random.choice(DYING)
        if "bulk" in dying:
            site.inside.ask("reconcile")
        changes += _kill(site, goods, dying)
        strange += _strange(site, goods)
        started_at = _start(site, dying)
        try:
            wait_until(lambda: _are_right(site, goods), LOST_SECONDS, "every page")
        except TimeoutError:
            lost += 1
        seconds.append(seconds_since(started_at))
    site.wait()
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    left = sum(file.name.startswith("tmp") for file in (site.folder.parent / ".work").iterdir())
    what = f"kill -9 of the publishing worker, {trials} times (seed {seed}) amid {changes:,} changes of prices"
    return [
        exactly(f"{what}; pages that were not whole, or neither old nor new", strange, []),
        Figure("… kills in the middle of writing a file", str(left), "counted", holds=True),
        exactly("… wrong for good", lost, 0),
        at_most(
            "… every page right after the worker’s new start, the median", round(cuts[49], 2), BOUND_SECONDS, " s"
        ),
        at_most("… the slowest", round(max(seconds), 2), BOUND_SECONDS, " s"),
        exactly("… pages that are not what the shop answers itself, once calm", site.differing(site.pages()), []),
    ]


def _kill(site: Published, goods: Goods, dying: tuple[str, ...]) -> int:
    """Prices change one after the other; at some moment the worker dies. Returns how many did."""
    with Changes(goods, PAUSE_SECONDS) as changes:
        time.sleep(random.uniform(0.1, 0.6))  # the moment of the kill is random
        for name in dying:
            site.shop.apart[name].kill()
    return changes.count


def _start(site: Published, dying: tuple[str, ...]) -> float:
    for name in dying:
        site.shop.apart[name].start()
    return time.monotonic()


def _strange(site: Published, goods: Goods) -> list[str]:
    """Prices on pages that have never been."""
    return [
        f"{path}: {pk} costs {cents}"
        for path, page in site.pages().items()
        for pk, all_cents in said(page, path).items()
        for cents in all_cents
        if not goods.has_been(pk, cents)
    ]


def _are_right(site: Published, goods: Goods) -> bool:
    """Whether every page shows the last price of everything on it."""
    return not any(_is_wrong(page, path, goods) for path, page in site.each())


def _is_wrong(page: str, path: str, goods: Goods) -> bool:
    return any(all_cents != {goods.prices[pk]} for pk, all_cents in said(page, path).items())
