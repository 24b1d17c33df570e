"""A hot product page reaches half the speed of an empty view under the same gunicorn."""

from bench.figure import Figure, at_least
from bench.opened import opened_shop
from bench.speed import measure

HALF = 0.5


def prove() -> list[Figure]:
    with opened_shop() as shop:
        speeds = {speed.name: speed for speed in measure(shop)}
    empty, product = speeds["empty view"], speeds["product"]
    what = f"Hot product page beside an empty view ({product.rate:.0f} of {empty.rate:.0f} requests a second)"
    return [at_least(what, round(product.ratio, 2), HALF)]
