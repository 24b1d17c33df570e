"""How many requests a second the shop's pages answer, beside an empty view of the same gunicorn.

The figures of one machine mean little on another, their ratios more. The pages take turns, round by round, so that
whatever else the machine does at the moment falls on all of them; the ratio is the median of the rounds'.
"""

from dataclasses import dataclass
from statistics import median

from .load import requests_a_second
from .opened import Opened, cost
from .visitor import Visitor

ROUNDS = 20
SECONDS_A_ROUND = 0.75
EMPTY = "/empty/"


@dataclass(frozen=True)
class Speed:
    """Of one page: requests a second, their ratio to the empty view's, what one request costs, and its bytes."""

    name: str
    rate: float
    ratio: float
    statements: int
    trips: int
    size: int


def pages(shop: Opened) -> dict[str, str]:
    """Addresses of one page of each kind, by name."""
    home = Visitor(shop.url).get("/")
    listing = Visitor(shop.url).get("/shelves/")
    found = {"home": "/", "product": listing.link("/products/"), "category": home.link("/shelves/")}
    return {name: url.removeprefix(shop.url) for name, url in found.items()} | {"all products": "/shelves/"}


def measure(shop: Opened, rounds: int = ROUNDS, seconds: float = SECONDS_A_ROUND) -> list[Speed]:
    paths = {"empty view": EMPTY} | pages(shop)
    for path in paths.values():
        requests_a_second(shop.port, [path], 1)
    rates = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            rates[name].append(requests_a_second(shop.port, [path], seconds))
    return [_speed(shop, name, path, rates[name], rates["empty view"]) for name, path in paths.items()]


def _speed(shop: Opened, name: str, path: str, rates: list[float], empty: list[float]) -> Speed:
    page = Visitor(shop.url).get(path)
    ratio = median(rate / base for rate, base in zip(rates, empty, strict=True))
    return Speed(name, median(rates), ratio, *cost(page), len(page.body))


def table(speeds: list[Speed]) -> str:
    lines = [f"{'':14}{'requests/s':>12}{'ratio':>8}{'SQL':>6}{'trips':>7}{'bytes':>9}\n"]
    lines += [
        f"{each.name:14}{each.rate:12.0f}{each.ratio:8.2f}{each.statements:6}{each.trips:7}{each.size:9}\n"
        for each in speeds
    ]
    return "".join(lines)
