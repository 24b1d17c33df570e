"""Many readers of one object in a process of the shop: how often it was assembled, and how long they waited."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.db import connections

from products.data import PRODUCTS
from scaling.behind import behind
from scaling.fence import OVER
from scaling.reading import Built
from scaling.replicas import unit_of_work

BEHIND_SECONDS = 60


def expire(pk: int) -> None:
    """Store it as something that has expired."""
    built = PRODUCTS.assemble_all([pk])
    old = {pk: replace(built[pk], expires_at=1)}
    PRODUCTS.store(PRODUCTS.take([pk], OVER), old)


def tell(pk: int, threads: int, begin_at: float, hold_seconds: float) -> None:
    """At `begin_at` (seconds since 1970) so many threads read it at once, once each, while who assembles is held up
    for a while. Says how often it was assembled, how many readers got it, and the seconds of the slowest."""
    assembled: list[Sequence[int]] = []
    assemble = PRODUCTS.assemble

    def assemble_slowly(ids: Sequence[int]) -> dict[int, Built]:
        assembled.append(ids)
        time.sleep(hold_seconds)
        return assemble(ids)

    PRODUCTS.assemble = assemble_slowly  # type: ignore[method-assign]
    gate = threading.Barrier(threads)
    with unit_of_work():
        PRODUCTS.peek(pk)  # connections are opened before

    def read(_: int) -> tuple[float, bool]:
        gate.wait()
        time.sleep(max(0.0, begin_at - time.time()))
        began = time.monotonic()
        with unit_of_work():
            found = PRODUCTS.get(pk)
        connections.close_all()
        return time.monotonic() - began, found is not None

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(read, range(threads)))
    behind.wait(BEHIND_SECONDS)
    print(len(assembled), sum(found for _, found in answers), max(seconds for seconds, _ in answers))
