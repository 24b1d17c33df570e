"""A worker refreshes products in company ten times as fast as alone: docs/patterns.md."""

from bench import assembly
from bench.catalogue import SAMPLE, Catalogue, opened_catalogue
from bench.figure import Figure, at_least
from bench.sections import write_section

SIZE = 1_000
TIMES = 10.0
TITLE, SIZES = "Assembling", "Bytes a product in the cache"
TEXT = """One worker refreshes products that are there already: assemble, document, search index, store. One by one,
as after a change; and a hundred at a time, as after many.

{table}"""
SIZES_TEXT = """Means over the products that are built. All told are the two forms, the places in listings and what
the cache itself needs for the object's key; the card, which is too small to gain from it, is not compressed.

{table}"""


def prove(size: int = SIZE, sample: int = SAMPLE, rounds: int = assembly.ROUNDS) -> list[Figure]:
    with opened_catalogue(size, sample) as catalogue:
        return figures(assembly.rates(catalogue, rounds), catalogue, catalogue)


def figures(found: tuple[float, float, float], small: Catalogue, *catalogues: Catalogue) -> list[Figure]:
    write_section(TITLE, TEXT.format(table=assembly.rate_table(small, found)))
    write_section(SIZES, SIZES_TEXT.format(table=assembly.size_table(*catalogues)))
    what = "Products a second that one worker refreshes in batches of 100 beside one by one, median of the rounds"
    return [at_least(what, round(found[2], 1), TIMES)]
