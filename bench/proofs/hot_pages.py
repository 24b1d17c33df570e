"""Hot pages of the catalogue ask the database nothing, and the cache once."""

from bench.figure import Figure, exactly
from bench.opened import Opened, cost, opened_shop
from bench.speed import pages
from bench.visitor import Visitor

WARM_UP = 4  # each of gunicorn's processes opens its connections once


def prove() -> list[Figure]:
    with opened_shop() as shop:
        paths = pages(shop)
        paths |= {"sorted and filtered": f"{paths['category']}?sort=price&tag=vegan", "journal": "/journal/"}
        return [_figure(shop, name, path) for name, path in paths.items()]


def _figure(shop: Opened, name: str, path: str) -> Figure:
    visitor = Visitor(shop.url)
    for _ in range(WARM_UP):
        page = visitor.get(path)
    statements, trips = cost(page)
    got = f"{statements} SQL, {trips} to the cache"
    return exactly(f"Hot page, {name}, of {len(page.body)} bytes", got, "0 SQL, 1 to the cache")
