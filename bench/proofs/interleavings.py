"""The fence, order by order, with real rows and replicas that stand still: old is never stored, truth always."""

import json
import os
import random

from bench.databases import Servers
from bench.figure import Figure, exactly
from bench.opened import opened_shop
from bench.proofs.property import SEED

TIMES = 200
TELL = "from bench.interleavings import tell; tell({}, {!r})"


def prove(times: int = TIMES) -> list[Figure]:
    seed = os.environ.get(SEED) or str(random.randrange(10**6))
    with opened_shop(servers=Servers(lag_limit=24 * 3600), apart=["worker", "relay"]) as shop:
        for process in shop.apart.values():
            process.end()  # nobody puts right what went wrong
        shop.databases.cluster.catch_up()
        for replica in shop.databases.cluster.replicas:
            replica.ask("STOP SLAVE SQL_THREAD")
        told = json.loads(shop.manage("shell", "-v", "0", "-c", TELL.format(times, seed)).splitlines()[-1])
    return [figure for name, counts in told.items() for figure in _figures(name, times, seed, *counts)]


def _figures(name: str, times: int, seed: str, stored: int, untrue: int) -> list[Figure]:
    return [
        exactly(f"{name[0].upper()}{name[1:]}, {times} times (seed {seed}): old stored", stored, 0),
        exactly("… truth not read afterwards, or not stored", untrue, 0),
    ]
