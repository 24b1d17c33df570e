"""A whole site is published by one worker within minutes; once more, and no file is another one."""

import json
from pathlib import Path

from bench.catalogue import Catalogue, opened_catalogue, say
from bench.figure import Figure, at_least, exactly
from bench.s3 import missing, opened_bucket

PRODUCTS = 1_000
A_SECOND = 20  # pages of one worker
TELL = "from bench.publishing import tell; tell()"
MEGABYTE = 1_000_000


def prove(products: int = PRODUCTS) -> list[Figure]:
    if reason := missing():
        raise SystemExit(reason)
    with opened_catalogue(products) as catalogue:
        catalogue.shop.environment["PUBLISH"] = "all"  # of the process that does it: the others go on without
        return [*_into_a_folder(catalogue), *_into_a_bucket(catalogue)]


def _into_a_folder(catalogue: Catalogue) -> list[Figure]:
    say("publishing all pages, twice")
    pages, seconds = _publish(catalogue)
    first = _files(catalogue.shop.folder / "published")
    again, seconds_again = _publish(catalogue)
    second = _files(catalogue.shop.folder / "published")
    size = sum(length for length, _ in first.values()) / MEGABYTE
    what = f"{catalogue.size:,} products: {pages:,} pages, {size:.1f} MB packed, published by one process"
    return [
        at_least(f"{what} in {seconds:.0f} s; pages a second", round(pages / seconds, 1), A_SECOND),
        exactly("… files", len(first), pages),
        at_least(f"… once more, in {seconds_again:.0f} s; pages a second", round(again / seconds_again, 1), A_SECOND),
        exactly("… files that are of another time or size since", len(first.items() ^ second.items()), 0),
    ]


def _into_a_bucket(catalogue: Catalogue) -> list[Figure]:
    say("publishing all pages to an S3")
    with opened_bucket("bakery-pages") as environment:
        catalogue.shop.environment |= environment
        pages, seconds = _publish(catalogue)
    what = f"… to an S3 API on this machine (moto), in {seconds:.0f} s; pages a second"
    return [at_least(what, round(pages / seconds, 1), A_SECOND / 2)]


def _publish(catalogue: Catalogue) -> tuple[int, float]:
    pages, seconds = json.loads(catalogue.shop.manage("shell", "-v", "0", "-c", TELL))
    return pages, seconds


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Length and time of each."""
    found = ((file, file.stat()) for file in folder.rglob("*.gz"))
    return {str(file.relative_to(folder)): (stat.st_size, stat.st_mtime_ns) for file, stat in found}
