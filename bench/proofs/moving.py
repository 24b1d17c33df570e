"""Documents move from SQL to a MongoDB, back, and there for good, while people browse and prices change."""

import time

from bench.crowd import Crowd, Deed, look_at
from bench.databases import Servers
from bench.document_stores import PATIENT, compared, mongo
from bench.figure import Figure, at_least, at_most, exactly
from bench.goods import Changes, Goods
from bench.mongo import MongoServer
from bench.opened import Opened, opened_shop, wait_until

PRODUCTS = 500  # the server that speaks MongoDB looks at each document for a listing
BROWSED_SECONDS = 10.0  # before, between and after the steps
BUILT_WITHIN_SECONDS = 1800
CALM_WITHIN_SECONDS = 300
WITHIN_SECONDS = 300.0
SLOWEST_SECONDS = 2.0


class Moves:
    """Of each part: how long it took, and what differs once calm."""

    def __init__(self, shop: Opened, seconds: float) -> None:
        self.shop, self.goods, self.seconds = shop, Goods(shop), seconds
        self.took: dict[str, float] = {}
        self.wrong: dict[str, list[str]] = {}
        self.changes: list[int] = []
        self.compared: list[int] = []

    def part(self, name: str, *steps: str) -> None:
        """Take these steps while prices change, and compare once they do not."""
        with Changes(self.goods, pause=0.05) as changes:
            time.sleep(self.seconds)  # of browsing: what is measured is that nobody notices
            began = time.monotonic()
            for step in steps:
                self.shop.manage("documents", step)
            self.took[name] = time.monotonic() - began
            time.sleep(self.seconds)
        self.changes.append(changes.count)
        wait_until(lambda: not self.shop.waiting(), CALM_WITHIN_SECONDS, "calm")
        looked_at, self.wrong[name] = compared(self.shop)
        self.compared.append(looked_at)


def prove(
    products: int = PRODUCTS,
    seconds: float = BROWSED_SECONDS,
    servers: Servers | None = Servers(),  # noqa: B008
) -> list[Figure]:
    with mongo() as server, opened_shop(servers=servers, environment=_next(server)) as shop:
        shop.manage("load_bakery", "--products", str(products))
        wait_until(lambda: not shop.waiting(), BUILT_WITHIN_SECONDS, "every object")
        moves = Moves(shop, seconds)
        with Crowd(shop.url, _deeds(), size=4) as crowd:
            moves.part("to MongoDB", "--move")
            moves.part("back to SQL", "--back", "--back")
            moves.part("to MongoDB again, for good", "--move", "--finish")
        return _figures(moves, crowd, shop.count("SELECT count(*) FROM products_product"))


def _next(server: MongoServer) -> dict[str, str]:
    return {"NEXT_DOCUMENTS_URL": f"{server.url('shop')}?{PATIENT}"}


def _figures(moves: Moves, crowd: Crowd, products: int) -> list[Figure]:
    pages = f"{len(crowd.answers):,} pages are read and {sum(moves.changes):,} prices change"
    return [
        exactly(f"{products:,} documents moved to and fro while {pages}: pages that failed", crowd.failed, 0),
        at_least(
            "… pages read, and prices changed in each part, at least", min(len(crowd.answers), *moves.changes), 1
        ),
        exactly("… documents compared after each part", moves.compared, [products] * len(moves.changes)),
        at_most("… the slowest page", round(crowd.slowest, 2), SLOWEST_SECONDS, " s"),
        *(at_most(f"… {name}, within", round(took, 1), WITHIN_SECONDS, " s") for name, took in moves.took.items()),
        *(exactly(f"… {name}: documents that differ, once calm", wrong, []) for name, wrong in moves.wrong.items()),
        exactly("… pages that show a price of before", moves.goods.wrong(), []),
    ]


def _deeds() -> list[Deed]:
    """Those with “in stock” or more than one tag are read from the documents each time."""
    asked = [f"sort={sort}&in=1" for sort in ("newest", "price", "-price", "rating", "name", "baked")]
    asked += ["tag=vegan&tag=gluten-free", "tag=vegan&in=1&sort=price", "sort=price", "tag=vegan&sort=name"]
    return [look_at(f"/shelves/?{each}") for each in asked]
