"""A published page is as quick as a plain file of its size: nginx alone is asked for it."""

import gzip
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.figure import Figure, at_least
from bench.plain import plain_server
from bench.published import Published, published_shop
from bench.visitor import Visitor
from bench.wrk import missing, requests_a_second

ROUNDS = 15
SECONDS_A_ROUND = 2
AS_QUICK = 0.9
PACKED = {"Accept-Encoding": "gzip"}
PAST_THE_FILES = {"causal-none": "1"}  # a cookie for the proxy, and no token to the shop


def prove(rounds: int = ROUNDS, seconds: int = SECONDS_A_ROUND) -> list[Figure]:
    if reason := missing():
        raise SystemExit(reason)
    with published_shop() as site, tempfile.TemporaryDirectory(prefix="plain-") as folder:
        path = next(path for path in site.pages() if path.startswith("/products/"))
        packed = (site.folder / path.strip("/") / "index.html.gz").read_bytes()
        with plain_server(Path(folder), gzip.decompress(packed), packed) as plain:
            return _figures(site, path, plain, len(packed), rounds, seconds)


def _figures(site: Published, path: str, plain: str, size: int, rounds: int, seconds: int) -> list[Figure]:
    live = Visitor(site.url, PAST_THE_FILES).get(path)
    if not site.read(Visitor(site.url), path) or live.headers["Cache-Control"] == "no-cache":
        raise RuntimeError(f"{path} is not both published and live.")
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in PAST_THE_FILES.items())}
    asked: dict[str, tuple[str, Mapping[str, str]]] = {
        "published": (f"{site.url}{path}", PACKED),
        "packed": (f"{plain}/packed/page.html", PACKED),
        "plain": (f"{plain}/page.html", PACKED),
        "live": (f"{site.url}{path}", PACKED | cookie),
    }
    rates: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):  # by turns: whatever else the machine does falls on all of them
        for name, (url, headers) in asked.items():
            rates[name].append(requests_a_second(url, seconds, headers))
    ratios = {name: median(map(_ratio, rates["published"], rates[name])) for name in rates}
    rate = {name: f"{median(rates[name]):,.0f}/s" for name in rates}
    what = f"A published product page of {size:,} bytes packed, {rate['published']}, beside"
    return [
        at_least(
            f"{what} the same file under gzip_static in a bare nginx, {rate['packed']}",
            round(ratios["packed"], 2),
            AS_QUICK,
        ),
        at_least(f"… a plain file of as many bytes there, {rate['plain']}", round(ratios["plain"], 2), AS_QUICK),
        Figure(
            f"… the live page through the same proxy, {rate['live']}",
            f"{ratios['live']:.1f}",
            "a ratio to know",
            holds=True,
        ),
    ]


def _ratio(one: float, other: float) -> float:
    return one / other
