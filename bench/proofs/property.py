"""Whatever is written, whoever is killed and whatever the cache forgets: once calm, it tells the truth."""

import os
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence

from bench.crowd import Crowd, Deed, look_at
from bench.databases import Servers
from bench.figure import Figure, at_least, exactly
from bench.goods import differences
from bench.opened import Opened, opened_shop, wait_until
from bench.visitor import Visitor

ROUNDS = 15
WRITES = 100  # of each thread in a round
PROCESSES, THREADS = 2, 2
CALM_WITHIN_SECONDS = 120
TRUE_WITHIN_SECONDS = 60  # a promotion may begin or end while we look
SEED = "PROVE_SEED"  # in the environment, to do the same writes again

TELL = "from bench.writes import tell; tell({!r}, {}, {})"


def prove(rounds: int = ROUNDS, writes: int = WRITES, servers: Servers | None = Servers()) -> list[Figure]:  # noqa: B008
    seed = os.environ.get(SEED) or str(random.randrange(10**6))
    print(f"{SEED}={seed}")
    told: Counter[str] = Counter()
    wrong: list[str] = []
    with opened_shop(servers=servers, apart=["worker", "relay"]) as shop:
        deeds = _deeds(shop)
        for number in range(rounds):
            told += _round(shop, deeds, f"{seed} {number}", writes)
            wrong += [f"round {number}: {line}" for line in _untrue(shop)]
    done = told.pop("writes")
    what = f"Random writes (seed {seed}) by {PROCESSES * THREADS} at once, in {rounds} rounds under readers"
    return [
        at_least(what, done, rounds * writes),
        *(at_least(f"… {name}", told[name], 1) for name in sorted(told)),
        exactly("… objects, documents, words and listings that are not as the tables say, once calm", wrong, []),
    ]


def _round(shop: Opened, deeds: Sequence[Deed], seed: str, writes: int) -> Counter[str]:
    told: Counter[str] = Counter()
    disturb, chance = _disturbances(shop), random.Random(seed)
    with Crowd(shop.url, deeds, size=2):
        words = ("shell", "-v", "0", "-c")
        writers = [
            shop.start(*words, TELL.format(f"{seed} {number}", writes, THREADS)) for number in range(PROCESSES)
        ]
        while any(writer.poll() is None for writer in writers):
            time.sleep(chance.uniform(0.1, 0.8))
            name = chance.choice(list(disturb))
            disturb[name]()
            told[name] += 1
        told["writes"] = sum(map(_done, writers))
        wait_until(lambda: not shop.waiting(), CALM_WITHIN_SECONDS, "calm")
    return told


def _disturbances(shop: Opened) -> dict[str, Callable[[], object]]:
    def again(name: str) -> None:
        shop.apart[name].kill()
        shop.apart[name].start()

    def evict() -> None:
        keys = list(shop.store("cache").scan_iter("[ol]:*", count=1000))
        shop.store("cache").delete(*random.sample(keys, min(20, len(keys))), "none")

    return {
        "kills of the worker": lambda: again("worker"),
        "kills of the relay": lambda: again("relay"),
        "flushes": lambda: shop.store("cache").flushall(),
        "evictions": evict,
        "evictions, again": evict,
    }


def _done(writer: subprocess.Popen) -> int:
    """How many writes went through."""
    said = writer.communicate()[0]
    if writer.returncode:
        raise SystemExit(f"A writer ended with status {writer.returncode}")
    counts = {name: int(count) for name, count in re.findall(r"'(\w+)': (\d+)", said)}
    return sum(count for name, count in counts.items() if name.islower())


def _untrue(shop: Opened) -> list[str]:
    deadline = time.monotonic() + TRUE_WITHIN_SECONDS
    while found := differences(shop):
        if time.monotonic() > deadline:
            break
    return found


def _deeds(shop: Opened) -> list[Deed]:
    shelves = {link for link in Visitor(shop.url).get("/").read.links if re.fullmatch(r".*/shelves/\d+-.*", link)}
    paths = ["/", "/journal/", "/shelves/", *sorted(shelves)[:3]]
    for sort in ("price", "-price", "name", "rating", "newest"):
        paths += [f"/shelves/?sort={sort}", f"/shelves/?sort={sort}&tag=vegan"]
    return [look_at(path) for path in [*paths, *(f"/products/{pk}-x/" for pk in range(1, 12))]]
