"""The Jinja environment of the storefront. What is the same on every page is worked out once a process.

Templates get plain dicts and these names; they cannot query. Addresses of products come with the products.
"""

from collections.abc import Callable
from functools import lru_cache
from math import cos, pi, sin
from urllib.parse import parse_qsl, urlencode, urljoin

from django.conf import settings
from django.core.files.storage import default_storage
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from jinja2 import Environment
from markupsafe import Markup

from products.data import shelves
from shop import wording
from shop.compiled import PageEnvironment


def environment(**options) -> Environment:
    """Called once by Django. Blocks are trimmed: whitespace is the cheapest thing to leave out of a page."""
    options |= {"trim_blocks": True, "lstrip_blocks": True}
    env = PageEnvironment(**options)
    env.filters |= {name: getattr(wording, name) for name in FILTERS}
    env.globals |= {
        "url": lru_cache(maxsize=2048)(url),
        "static": lru_cache(maxsize=None)(static),
        "pictures": default_storage.url(""),
        "picture": pictures(default_storage.url("")),
        "picture_link": pictures(urljoin(settings.SITE_URL, default_storage.url(""))),  # for other sites
        "media": default_storage.url,
        "toggled": toggled,
        "scallops": scallops(),
        "now": timezone.localtime,
        "today": timezone.localdate,
        "shelves": shelves,
        "links_of": links_of,
        "frame": Frame(env),
    }
    return env


FILTERS = [
    "euro",
    "mark",
    "day",
    "long_date",
    "clock",
    "grouped",
    "date_time",
    "prose",
    "strong",
    "steps",
    "jsonld",
    "first_sentence",
]


class Frame:
    """The macros of frame.html, each rendered once for what it shows: a page then only puts them together."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.kept = lru_cache(maxsize=256)(self.render)

    def __call__(self, part: str, *shown) -> Markup:
        return self.kept(part, *shown)

    def render(self, part: str, *shown) -> Markup:
        return getattr(self.env.get_template("frame.html").module, part)(*shown)


def links_of(shelves: list[dict]) -> tuple[tuple, ...]:
    return tuple((shelf["id"], shelf["name"], shelf["url"]) for shelf in shelves)


def url(name: str, *args) -> str:
    return reverse(name, args=args)


def pictures(base: str) -> Callable[[str, int], str]:
    """picture("products/rye-3fa9c1", 400): where the square of that width lies. A page asks this fifty times."""
    return lambda stem, width: f"{base}{stem}-{width}.webp"


@lru_cache(maxsize=4096)
def toggled(query: str, name: str, value: str) -> str:
    """The query string with that pair put in, or taken out when it was there; back on the first page."""
    pairs = [pair for pair in parse_qsl(query) if pair[0] != "page"]
    pair = (name, value)
    return urlencode([one for one in pairs if one != pair] if pair in pairs else [*pairs, pair])


def scallops(count: int = 16, inner: float = 41, outer: float = 55) -> str:
    """A pie's rim seen from above, as an SVG path in a box of 100: the edge of a price sticker."""

    def at(step: float, radius: float) -> str:
        angle = 2 * pi * step / count
        return f"{50 + radius * cos(angle):.1f} {50 + radius * sin(angle):.1f}"

    curves = (f"Q{at(step + 0.5, outer)} {at(step + 1, inner)}" for step in range(count))
    return f"M{at(0, inner)}{''.join(curves)}Z"
