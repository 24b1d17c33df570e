"""Two releases side by side, workers of one alone: neither reads the other's, and both follow every change."""

import os
import random

from bench.figure import Figure, at_least, exactly
from bench.opened import PATIENCE_SECONDS, Opened, opened_shop, wait_until
from bench.proofs.property import SEED, TELL

WRITES = 2_000
THREADS = 4
READ_SECONDS = 20.0
RELEASES = {"ours": "", "the next": "next"}

READ = "from bench.releases import read; read({!r}, {})"
LOOK = "from bench.releases import tell; tell({!r})"


def prove(writes: int = WRITES, seconds: float = READ_SECONDS) -> list[Figure]:
    seed = os.environ.get(SEED) or str(random.randrange(10**6))
    with opened_shop() as shop:
        readers = {name: _shell(shop, READ.format(release, seconds)) for name, release in RELEASES.items()}
        shop.manage("shell", "-v", "0", "-c", TELL.format(seed, writes // THREADS, THREADS))
        told = {name: reader.communicate()[0].split() for name, reader in readers.items()}
        wait_until(lambda: not shop.waiting(), PATIENCE_SECONDS, "calm")
        looked = {name: _shell(shop, LOOK.format(release)).communicate()[0] for name, release in RELEASES.items()}
    return [
        *(
            figure
            for name in RELEASES
            for figure in _figures(f"{name} (seed {seed})", writes, told[name], looked[name])
        )
    ]


def _shell(shop: Opened, code: str):
    return shop.start("shell", "-v", "0", "-c", code)


def _figures(name: str, writes: int, told: list[str], looked: str) -> list[Figure]:
    count, others = map(int, told)
    products, wrong = map(int, looked.split())
    return [
        at_least(f"Release {name} beside another, under {writes:,} random writes: objects read", count, 1),
        exactly("… that were the other release's", others, 0),
        exactly(f"… of {products} products once calm: not as the tables say", wrong, 0),
    ]
