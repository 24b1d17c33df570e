"""A shop with as large a catalogue as one likes, of which those products are built that are measured."""

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .beside import Beside, beside
from .databases import Servers
from .opened import Opened, opened_shop
from .visitor import Page, Visitor

SAMPLE = 1_000
CHUNK = 500


@dataclass(frozen=True)
class Catalogue:
    """A shop of `size` products. Of `ids`, drawn at random, everything is built; `paths` are their pages."""

    size: int
    shop: Opened
    inside: Beside
    ids: list[int]
    paths: list[str]

    def build(self, ids: Sequence[int]) -> list[str]:
        """Build these too, and what stands beside them. Returns their addresses."""
        return [
            path
            for start in range(0, len(ids), CHUNK)
            for path in self.inside.ask("build", ids[start : start + CHUNK])
        ]


@contextmanager
def opened_catalogue(
    size: int, sample: int = SAMPLE, servers: Servers | None = None, apart: Sequence[str] = ()
) -> Iterator[Catalogue]:
    """Open a shop, make up products until there are `size`, and build a sample of them: to build all of a hundred
    thousand takes minutes, and no page would be other for it. `servers` and `apart` are those of `opened_shop`."""
    say(f"{size:,} products: opening the shop")
    with opened_shop(servers=servers, apart=apart) as shop, beside(shop) as inside:
        say(f"{size:,} products: making them up")
        inside.ask("make_up", size)
        ids = inside.ask("products")
        ids = random.Random(size).sample(ids, min(sample, len(ids)))
        say(f"{size:,} products: building {len(ids):,} of them")
        catalogue = Catalogue(size, shop, inside, ids, [])
        catalogue.paths.extend(catalogue.build(ids))
        yield catalogue


def look_at_all(shop: Opened, paths: Sequence[str]) -> list[Page]:
    """One visitor, one page after the other; each has to be there."""
    visitor = Visitor(shop.url)
    pages = [visitor.ask("GET", path, follow=False) for path in paths]
    for page in pages:
        if page.status != 200:
            raise RuntimeError(f"{page.url} answered {page.status}")
    return pages


def say(text: str) -> None:
    """What is being done, for whoever waits."""
    print(f"  {text} …", file=sys.stderr, flush=True)
