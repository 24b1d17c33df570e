"""The same page from joins, from cached queries, from the document and from the cached object: docs/patterns.md."""

from bench import patterns
from bench.catalogue import SAMPLE, Catalogue, opened_catalogue
from bench.figure import Figure, at_least, exactly
from bench.patterns import DOCUMENT, JOINS, OBJECT, QUERIES, Pattern
from bench.sections import write_section

SIZE = 1_000
COSTS = {
    JOINS: "17 SQL, 1 to the cache",
    QUERIES: "0 SQL, 18 to the cache",
    DOCUMENT: "3 SQL, 1 to the cache",
    OBJECT: "0 SQL, 1 to the cache",
}
BESIDE_JOINS, BESIDE_QUERIES = 3.0, 3.0
TITLE = "One page, four patterns"
TEXT = """The page of a product, of {size:,} in the shop, each request for another one. The same template and the
same bytes; what differs is where the product and the cards beside it come from. The shelves in the header are read
from the cache by all of them. A process remembers pages that it has rendered, but not as many as are asked for
here: every request renders, which is the same work for all.

{table}
From joins the page is assembled from the tables by whoever looks at it. Cached queries save the database the work,
but not the asker: each statement is composed all the same, to be looked up, in a round trip of its own, and the
product is put together from the rows. The document is one read by key, with one more for the cards and one for the
names of reviewers; the cached object comes with all of these and the shelves at once.
"""


def prove(size: int = SIZE, sample: int = SAMPLE, rounds: int = patterns.ROUNDS) -> list[Figure]:
    with opened_catalogue(size, sample) as catalogue:
        patterns.warm_up(catalogue)
        return figures(catalogue, patterns.measure(catalogue, rounds))


def figures(catalogue: Catalogue, measured: list[Pattern]) -> list[Figure]:
    write_section(TITLE, TEXT.format(size=catalogue.size, table=patterns.table(measured)))
    by_name = {each.name: each for each in measured}
    rate = {name: each.to_joins for name, each in by_name.items()}
    differ = patterns.differing(catalogue)
    return [
        exactly("The page of one product by four patterns: products of 50 whose pages differ", differ, 0),
        *(
            exactly(f"… from {name}", f"{each.statements} SQL, {each.trips} to the cache", COSTS[name])
            for name, each in by_name.items()
        ),
        at_least("… requests a second of the cached object beside joins", round(rate[OBJECT], 1), BESIDE_JOINS),
        at_least("… beside cached queries", round(rate[OBJECT] / rate[QUERIES], 1), BESIDE_QUERIES),
    ]
