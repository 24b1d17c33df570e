"""Five hundred readers of a cold key are one assembly; of an expired one, too, and nobody waits for it."""

import time

from bench.figure import Figure, at_most, exactly
from bench.opened import PATIENCE_SECONDS, Opened, opened_shop, statements, wait_until
from bench.proofs.stock import at_once
from bench.visitor import Page, Visitor

READERS = 500
PROCESSES = 10
TIMES = 5
HOLD_SECONDS = 6.0
START_SECONDS = 1.5  # a process needs before it can read

READ = "from bench.readers import tell; tell({}, {}, {}, {})"
EXPIRE = "from bench.readers import expire; expire({})"


def prove(readers: int = READERS, processes: int = PROCESSES, times: int = TIMES) -> list[Figure]:
    with opened_shop() as shop:
        pk = shop.count("SELECT min(product_id) FROM products_document")
        path = Visitor(shop.url).get(f"/products/{pk}-x/").url
        ways = {
            f"{readers} connections": lambda: _over_http(shop, path, readers),
            f"{readers} threads": lambda: _in_processes(shop, pk, 1, readers),
            f"{processes} processes of {readers // processes} threads": lambda: _in_processes(
                shop, pk, processes, readers // processes
            ),
        }
        return [
            *(figure for name, way in ways.items() for figure in _cold(shop, pk, name, way, times)),
            *_expired_over_http(shop, pk, path, readers, times),
            *_expired(shop, pk, 1, readers),
            *_expired(shop, pk, processes, readers // processes),
        ]


def _cold(shop: Opened, pk: int, what: str, read, times: int) -> list[Figure]:
    told = []
    for _ in range(times):
        shop.store("cache").delete(f"o:product:{pk}")
        told.append(read()[0])
    return [exactly(f"{what} on a cold key, {times} times: assemblies", told, [1] * times)]


def _over_http(shop: Opened, path: str, readers: int) -> tuple[int, int]:
    """How many of these pages asked the database, and how many came."""
    pages = at_once([lambda: Visitor(shop.url).get(path)] * readers)
    return sum(_asked(page) for page in pages), sum(page.status == 200 for page in pages)


def _asked(page: Page) -> bool:
    return bool(sum(statements(page).values()))


def _in_processes(shop: Opened, pk: int, processes: int, threads: int, hold: float = 0) -> tuple[int, int, float]:
    """Assemblies, answers, and the seconds of the slowest."""
    begin_at = time.time() + START_SECONDS * (1 + processes)
    readers = [
        shop.start("shell", "-v", "0", "-c", READ.format(pk, threads, begin_at, hold)) for _ in range(processes)
    ]
    told = [reader.communicate()[0].split() for reader in readers]
    return (
        sum(int(assembled) for assembled, _, _ in told),
        sum(int(found) for _, found, _ in told),
        max(float(slowest) for _, _, slowest in told),
    )


def _expired_over_http(shop: Opened, pk: int, path: str, readers: int, times: int) -> list[Figure]:
    told = []
    for _ in range(times):
        shop.manage("shell", "-v", "0", "-c", EXPIRE.format(pk))
        told.append(_over_http(shop, path, readers))
        wait_until(lambda: _is_fresh(shop, pk), PATIENCE_SECONDS, "the new one")
    what = f"{readers} connections on an expired key, {times} times: pages that asked the database, and pages"
    return [exactly(what, told, [(0, readers)] * times)]


def _is_fresh(shop: Opened, pk: int) -> bool:
    cache = shop.store("cache")
    key = f"o:product:{pk}"
    fields = [name for name in cache.hkeys(key) if name.startswith(b"x:")]
    return bool(fields) and int(cache.hget(key, fields[0])) > time.time() * 1_000_000


def _expired(shop: Opened, pk: int, processes: int, threads: int) -> list[Figure]:
    shop.manage("shell", "-v", "0", "-c", EXPIRE.format(pk))
    assembled, found, slowest = _in_processes(shop, pk, processes, threads, HOLD_SECONDS)
    what = f"{processes} × {threads} threads on an expired key, whose assembly takes {HOLD_SECONDS:g} s: assemblies"
    return [
        exactly(what, assembled, 1),
        exactly("… answers", found, processes * threads),
        at_most("… the slowest, which would have waited for it", round(slowest, 2), HOLD_SECONDS / 2, " s"),
    ]
