"""A hot product page reaches half the speed of an empty view under the same gunicorn."""

from bench.figure import Figure, at_least
from bench.opened import opened_shop
from bench.speed import measure

HALF = 0.5


def prove() -> list[Figure]:
    with opened_shop() as shop:
        speeds = {speed.name: speed for speed in measure(shop)}
    what = "Requests a second of the hot product page beside those of an empty view, median of the rounds"
    return [at_least(what, round(speeds["product"].ratio, 2), HALF)]
