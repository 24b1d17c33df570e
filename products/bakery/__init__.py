"""The demo bakery as files that bakers can read: shelves and what is on them, people, what they said, the journal."""

import tomllib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


def _read(name: str) -> dict:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def house() -> dict:
    """The `tags` by slug, and the last sentence on allergens of each of our `rooms`."""
    return _read("house.toml")


@cache
def shelves() -> list[dict]:
    """The categories in their order, each with its `products`."""
    return [_read(f"shelves/{path.name}") for path in sorted((FOLDER / "shelves").glob("*.toml"))]


@cache
def people() -> dict[str, dict]:
    return _read("people.toml")


@cache
def reviews(kind: str) -> list[dict]:
    """What people said of what they `bought`, or only `tasted` elsewhere."""
    fields = ("by", "rating", "days", "body")
    said = _read(f"reviews/{kind}.toml")
    return [{"product": slug} | dict(zip(fields, row, strict=True)) for slug, rows in said.items() for row in rows]


@cache
def orders() -> list[dict]:
    """Orders beside those that follow from what people bought and reviewed."""
    return _read("orders.toml")["orders"]


@cache
def journal() -> list[dict]:
    """The articles: slug, title, summary, picture, alt, days (ago) and body."""
    return [_article(path) for path in sorted((FOLDER / "journal").glob("*.md"))]


def _article(path: Path) -> dict:
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return fields | {"slug": path.stem, "days": int(fields["days"]), "body": body.strip()}


@cache
def measuring() -> dict:
    """Lists of words for the catalogue to measure with."""
    return _read("measuring.toml")


def pictures() -> list[Path]:
    """The originals, 800 pixels square."""
    return sorted((FOLDER / "pictures").glob("*.webp"))
