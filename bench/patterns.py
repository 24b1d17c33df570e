"""The same page by every pattern: what it costs, and how many a second there are of it.

Each request is for another product, in a circle that is longer than what a process remembers of pages that it has
rendered (`products.rendering`): so every request renders, whatever the pattern.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from statistics import mean, median

from .catalogue import Catalogue, look_at_all, say
from .load import requests_a_second
from .opened import cost

ROUNDS = 16
SECONDS_A_ROUND = 0.75
CHECKED = 50
VISITORS = 8
EMPTY = "/empty/"
JOINS, QUERIES, DOCUMENT, OBJECT = "joins", "cached queries", "document", "cached object"


@dataclass(frozen=True)
class Pattern:
    """Medians of one pattern: SQL statements, round trips to the cache, bytes, requests a second, and their ratios to
    those of the empty view and of the page from joins."""

    name: str
    statements: int
    trips: int
    size: int
    rate: float
    to_empty: float
    to_joins: float


def paths_of(catalogue: Catalogue) -> dict[str, list[str]]:
    """Where each pattern shows the products, by its name."""
    measured = {JOINS: "joins", QUERIES: "queries", DOCUMENT: "document"}
    paths = {name: [f"/measured/{word}/{pk}/" for pk in catalogue.ids] for name, word in measured.items()}
    return paths | {OBJECT: catalogue.paths}


def warm_up(catalogue: Catalogue) -> None:
    """What is to be found in the cache gets there."""
    say(f"{catalogue.size:,} products: looking at each page")
    for name in (QUERIES, OBJECT):
        paths = paths_of(catalogue)[name]
        with ThreadPoolExecutor(VISITORS) as pool:
            shares = [paths[number::VISITORS] for number in range(VISITORS)]
            list(pool.map(partial(look_at_all, catalogue.shop), shares))


def differing(catalogue: Catalogue, checked: int = CHECKED) -> int:
    """Of how many products the pages are not the same bytes by every pattern."""
    pages = [look_at_all(catalogue.shop, paths[:checked]) for paths in paths_of(catalogue).values()]
    return sum(len({page.body for page in of_one}) != 1 for of_one in zip(*pages, strict=True))


def measure(catalogue: Catalogue, rounds: int = ROUNDS, seconds: float = SECONDS_A_ROUND) -> list[Pattern]:
    """In turns, round by round, so that whatever else the machine does falls on all of them."""
    say(f"{catalogue.size:,} products: asking for as many pages as there are, {rounds} rounds")
    asked = {EMPTY: [EMPTY]} | paths_of(catalogue)
    rates: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, paths in asked.items():
            start = int(sum(rates[name]) * seconds)
            circle = list(islice(cycle(paths), start % len(paths), start % len(paths) + len(paths)))
            rates[name].append(requests_a_second(catalogue.shop.port, circle, seconds))
    return [_pattern(catalogue, name, rates) for name in asked if name != EMPTY]


def _pattern(catalogue: Catalogue, name: str, rates: dict[str, list[float]]) -> Pattern:
    pages = look_at_all(catalogue.shop, paths_of(catalogue)[name][:CHECKED])
    statements, trips = (int(median(each)) for each in zip(*map(cost, pages), strict=True))
    size = round(mean(len(page.body) for page in pages))
    ratios = [_ratio(rates[name], rates[other]) for other in (EMPTY, JOINS)]
    return Pattern(name, statements, trips, size, median(rates[name]), *ratios)


def _ratio(rates: Sequence[float], others: Sequence[float]) -> float:
    return median(rate / other for rate, other in zip(rates, others, strict=True))


def table(patterns: Sequence[Pattern]) -> str:
    lines = [
        "| from | SQL | round trips | bytes | requests a second | beside an empty view | beside joins |\n",
        "|---|---:|---:|---:|---:|---:|---:|\n",
    ]
    for each in patterns:
        cells = [each.name, str(each.statements), str(each.trips), f"{each.size:,}", f"{each.rate:,.0f}"]
        lines.append(f"| {' | '.join(cells)} | {each.to_empty:.2f} | {each.to_joins:.2f} |\n")
    return "".join(lines)
