"""What all processes say of the replicas: how far each is behind, who leaves it out and why, and who reads where.

Each process tells on `keep`, where whoever asks adds it up.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, cast

from .clones import clone_id
from .stores import keep

SHARE_MINUTES = 5
FRESH_SECONDS = 3.0  # what a process has said longer ago counts no longer
VIEWS = "replicas:views"


class View(NamedTuple):
    """How one process sees one replica: seconds behind, and why it is left out (empty when it is in service)."""

    lag: float
    why: str


def tell(reads: Mapping[str, int], views: Mapping[str, View]) -> None:
    """Add what this process has read where since it last told, and how it sees the replicas. One round trip."""
    pipeline = keep().pipeline(transaction=False)
    if reads:
        key = f"reads:{int(time.time() // 60)}"
        for alias, times in reads.items():
            pipeline.hincrby(key, alias, times)
        pipeline.expire(key, (SHARE_MINUTES + 1) * 60)
    pipeline.hset(VIEWS, own_name(), json.dumps([time.time(), views]))
    pipeline.execute()


def own_name() -> str:
    """Of this process, among those that tell."""
    return f"{clone_id()}/{os.getpid()}"


def reads() -> Counter[str]:
    """How many units of work have read where in the last minutes, over all processes."""
    minute = int(time.time() // 60)
    pipeline = keep().pipeline(transaction=False)
    for number in range(SHARE_MINUTES):
        pipeline.hgetall(f"reads:{minute - number}")
    counts: Counter[str] = Counter()
    for found in pipeline.execute():
        counts.update({alias.decode(): int(times) for alias, times in found.items()})
    return counts


def views() -> dict[str, dict[str, View]]:
    """How each running process, by its name, sees the replicas. What dead ones have said is forgotten."""
    fresh, stale = {}, []
    for process, text in cast("dict[bytes, bytes]", keep().hgetall(VIEWS)).items():
        at, seen = json.loads(text)
        if abs(time.time() - at) < FRESH_SECONDS:
            fresh[process.decode()] = {alias: View(*view) for alias, view in seen.items()}
        else:
            stale.append(process)
    if stale:
        keep().hdel(VIEWS, *stale)
    return fresh
