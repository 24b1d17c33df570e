"""What all processes together have answered: requests by view and status, SQL by database, objects by kind.

Each process counts in memory and adds what it has counted to a hash on `keep` every two seconds, in a thread: no
request waits for that. So whoever reads the figures need not know which processes there are, and one that ends takes
two seconds along at the most. While `keep` is away a process goes on counting; what `keep` has taken without being
able to say so is counted twice.
"""

import os
import threading
from collections import Counter
from typing import Any

from redis.exceptions import RedisError

from .clock import SECOND, now_us
from .codec import dumps, loads
from .stores import keep
from .xray import Cost

KEY = "traffic"
MOST_COUNTED = 2_000  # figures of one process between two tellings; views beyond that are counted as OTHER
OTHER = "other"  # the view of a request that none answers: not found, or a file

Figure = tuple[str, ...]  # what is counted (microseconds where it ends in _us), and the values of its labels

_counted: Counter[Figure] = Counter()
_lock = threading.Lock()


def count(view: str, status: int, seconds: float, cost: Cost) -> None:
    """One request: asks nobody."""
    found = _read(cost)
    with _lock:
        named = view if view and len(_counted) < MOST_COUNTED else OTHER
        found["requests", named, str(status)] = 1
        found["request_times", named] = 1
        found["request_us", named] = int(seconds * SECOND)
        for figure, times in found.items():
            _counted[figure] += times


def _read(cost: Cost) -> dict[Figure, int]:
    """What a request has read. A page has fifty objects: they are counted before they are named."""
    found: dict[Figure, int] = {("sql_statements", alias): times for alias, times in cost.sql.items()}
    found |= {("cache_reads", kind, "miss"): times for kind, times in cost.misses.items()}
    now, hits, ages = now_us(), dict[str, int](), dict[str, int]()
    for kind, _, _, stored_at in cost.objects:
        hits[kind] = hits.get(kind, 0) + 1
        ages[kind] = ages.get(kind, 0) + now - stored_at
    found |= {("cache_reads", kind, "hit"): times for kind, times in hits.items()}
    return found | {("cached_age_us", kind): max(0, age) for kind, age in ages.items()}


def count_task(task: str, state: str, seconds: float) -> None:
    """One task of a worker."""
    with _lock:
        _counted["tasks", task, state] += 1
        _counted["task_times", task] += 1
        _counted["task_us", task] += int(seconds * SECOND)


def tell() -> None:
    """Add what was counted since the last time to what others have. One round trip, or none when there is nothing;
    with `keep` away it is told the next time."""
    with _lock:
        told = Counter(_counted)
        _counted.clear()
    if not told:
        return
    pipeline = keep().pipeline()
    for figure, times in told.items():
        pipeline.hincrby(KEY, dumps(figure), times)
    try:
        pipeline.execute()
    except RedisError:
        with _lock:
            _counted.update(told)


def totals() -> Counter[Figure]:
    """What all processes have told. Raises RedisError when `keep` is down."""
    found: Any = keep().hgetall(KEY)
    return Counter({tuple(loads(figure)): int(times) for figure, times in found.items()})


def _forget() -> None:
    """What a process had counted before a fork is told by itself, and not by its children as well."""
    global _lock
    _lock = threading.Lock()
    _counted.clear()


os.register_at_fork(after_in_child=_forget)
