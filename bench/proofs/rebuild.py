"""Every document built again from the tables, on MariaDB and in a MongoDB; killed in the middle, and resumed."""

import re
import subprocess
import time
from dataclasses import dataclass

from bench.beside import beside
from bench.catalogue import say
from bench.databases import Servers
from bench.document_stores import PATIENT, compared, mongo
from bench.figure import Figure, at_least, at_most, exactly
from bench.opened import Opened, opened_shop, wait_until
from shop.memory import PROC

PRODUCTS = 100_000
CACHE = ("--cache-size", "1G")  # for the MongoDB: what it cannot hold it has to put out before it answers
KILLED_AT = 0.2  # of all
LEAST_A_SECOND = 100
MOST_MEGABYTES = 200  # Django and this shop's code are half of it
LOOKED_AGAIN_SECONDS = 0.1
MIDDLE_WITHIN_SECONDS = 3600
DONE = "SELECT max(done) FROM products_documentwalk WHERE name = 'rebuild' AND NOT is_over"


@dataclass(frozen=True)
class Rebuilt:
    """What the second call said: how many were built before it, how many by it, a second; and its peak in MB."""

    before: int
    built: int
    rate: int
    megabytes: float


def prove(products: int = PRODUCTS, servers: Servers | None = Servers(replicas=0)) -> list[Figure]:  # noqa: B008
    with mongo(*CACHE) as server, opened_shop(servers=servers, apart=["worker", "relay"]) as shop:
        for name in ("worker", "relay"):
            shop.apart[name].end()
        say(f"{products:,} products: making them up")
        shop.manage("load_bakery", "--products", str(products))
        with beside(shop) as inside:
            inside.ask("forget_what_waits")
        figures = _figures(shop, "MariaDB" if servers else "SQLite", "default")
        shop.environment["DOCUMENTS_URL"] = f"{server.url('shop')}?{PATIENT}"
        shop.manage("documents", "--adopt")
        return [*figures, *_figures(shop, "a server that speaks MongoDB", server.url("shop"))]


def _figures(shop: Opened, name: str, store: str) -> list[Figure]:
    total = shop.count("SELECT count(*) FROM products_product")
    say(f"{name}: building {total:,} documents, killed in the middle")
    _kill_at(shop, int(total * KILLED_AT))
    rebuilt = _rebuild(shop)
    documents = re.search(r"The documents are in (\S+): ([\d,]*\d)", shop.manage("documents"))
    say(f"{name}: comparing them")
    looked_at, wrong = compared(shop)
    what = f"{total:,} documents rebuilt on {name}, killed at {rebuilt.before:,} and called again"
    peak = round(rebuilt.megabytes)
    return [
        exactly(f"{what}: built before and after", rebuilt.before + rebuilt.built, total),
        at_least("… before it was killed", rebuilt.before, 1),
        at_least("… rate", rebuilt.rate, LEAST_A_SECOND, " a second", is_timed=True),
        at_most("… memory of the process at its peak", peak, MOST_MEGABYTES, " MB"),
        exactly("… in the store", documents.groups(), (store, f"{total:,}")),
        exactly("… compared with a fresh assembly", looked_at, total),
        exactly("… missing or differing", wrong, []),
    ]


def _kill_at(shop: Opened, count: int) -> None:
    process = shop.start("documents", "--rebuild")
    try:
        wait_until(
            lambda: shop.count(DONE) >= count or process.poll() is not None, MIDDLE_WITHIN_SECONDS, "the middle"
        )
    finally:
        process.kill()
        process.wait()


def _rebuild(shop: Opened) -> Rebuilt:
    process = shop.start("documents", "--rebuild")
    peak = 0.0
    while process.poll() is None:  # it says a few lines, which the pipe holds
        peak = _peak(process.pid) or peak
        time.sleep(LOOKED_AGAIN_SECONDS)
    said = process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, said)
    before = re.search(r"([\d,]+) were built before", said)
    built, rate = re.search(r"Built ([\d,]+) in .*: ([\d,]+) documents a second", said).groups()
    return Rebuilt(_number(before[1]) if before else 0, _number(built), _number(rate), peak)


def _peak(pid: int) -> float:
    """MB that the process has held at most so far; 0 once it has ended."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", (PROC / str(pid) / "status").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def _number(text: str) -> int:
    return int(text.replace(",", ""))
