"""A page straight from joins beside one straight from its document, with the cache away: docs/patterns.md."""

import time
from dataclasses import dataclass, field
from itertools import cycle, islice
from statistics import median, quantiles

from bench.catalogue import Catalogue, opened_catalogue, say
from bench.databases import Servers
from bench.figure import Figure, at_least
from bench.opened import statements
from bench.patterns import DOCUMENT, JOINS, paths_of
from bench.sections import write_section
from bench.visitor import Visitor

SIZES = (1_000, 100_000)
SAMPLE, ROUNDS = 500, 1_000
FEWER_MS, LESS_SQL = 1.2, 2
TITLE = "From joins and from the document, without a cache"
TEXT = """The page of a product with no cache at all, on MariaDB: the same bytes. {rounds:,} pages of each kind, in
turns, each of another product than the one before. The shelves in the header are read by neither: while the cache is
away a process reads them once a second for everybody.

{table}
From joins the page is put together from the tables of its parts, and so are the cards beside it. The document is one
read by key, with one more for the cards and one for the names of who reviewed it. What is left, the header, the
rendering and the way to the process, is the same work for both.
"""


@dataclass
class Taken:
    """By pages of one kind: ms and SQL statements of each."""

    ms: list[float] = field(default_factory=list)
    sql: list[int] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return quantiles(self.ms, n=20)[-1]


def prove(sizes: tuple[int, ...] = SIZES, sample: int = SAMPLE, rounds: int = ROUNDS) -> list[Figure]:
    taken = {}
    for size in sizes:
        with opened_catalogue(size, sample, Servers(replicas=0), apart=("cache",)) as catalogue:
            catalogue.shop.apart["cache"].kill()
            taken[size] = _taken(catalogue, rounds)
    write_section(TITLE, TEXT.format(rounds=rounds, table=_table(taken)))
    return [figure for size, of_size in taken.items() for figure in _figures(size, of_size)]


def _taken(catalogue: Catalogue, rounds: int) -> dict[str, Taken]:
    """In turns, so that whatever else the machine does falls on both."""
    say(f"{catalogue.size:,} products, no cache: {rounds:,} pages of each kind")
    visitor, found = Visitor(catalogue.shop.url), {JOINS: Taken(), DOCUMENT: Taken()}
    paths = {name: islice(cycle(paths_of(catalogue)[name]), rounds) for name in found}
    for _ in range(rounds):
        for name, taken in found.items():
            _look(visitor, next(paths[name]), taken)
    return found


def _look(visitor: Visitor, path: str, taken: Taken) -> None:
    began = time.perf_counter()
    page = visitor.get(path)
    if page.status != 200:
        raise RuntimeError(f"{page.url} answered {page.status}")
    taken.ms.append((time.perf_counter() - began) * 1000)
    taken.sql.append(sum(statements(page).values()))


def _table(taken: dict[int, dict[str, Taken]]) -> str:
    lines = [
        "| products | from | SQL | ms, median | ms, 95th percentile | median beside the document | 95th |\n",
        "|---:|---|---:|---:|---:|---:|---:|\n",
    ]
    for size, of_size in taken.items():
        least = of_size[DOCUMENT]
        for name, one in of_size.items():
            cells = [f"{size:,}", name, f"{median(one.sql):g}", f"{median(one.ms):.1f}", f"{one.p95:.1f}"]
            ratios = [median(one.ms) / median(least.ms), one.p95 / least.p95]
            lines.append(f"| {' | '.join(cells)} | {ratios[0]:.2f} | {ratios[1]:.2f} |\n")
    return "".join(lines)


def _figures(size: int, taken: dict[str, Taken]) -> list[Figure]:
    joins, document = taken[JOINS], taken[DOCUMENT]
    what = f"A page of {size:,} products without a cache, from joins beside from its document"
    return [
        at_least(f"{what}: SQL statements", round(median(joins.sql) / median(document.sql), 1), LESS_SQL),
        at_least("… median latency", round(median(joins.ms) / median(document.ms), 2), FEWER_MS, is_timed=True),
        at_least("… 95th percentile", round(joins.p95 / document.p95, 2), FEWER_MS, is_timed=True),
    ]
