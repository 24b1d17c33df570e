"""With a hundred times as many products a page is as quick, and a change costs the same: docs/patterns.md."""

from bench import growth, patterns
from bench.catalogue import SAMPLE, Catalogue, opened_catalogue
from bench.figure import Figure, at_most
from bench.growth import Change, Latency
from bench.patterns import OBJECT
from bench.sections import write_section

SMALL, LARGE = 1_000, 100_000
FLAT = 1.2
TITLE = "A hundred times as many products"
TEXT = """Both shops are open at once and take turns; ratios are medians of the rounds'. Of each
catalogue {sample:,} products, drawn at random, have their objects and documents; the tables hold all of them. One
visitor looks at one product after the other, of which no two are the same:

{latencies}
One change is a new price and the refresh after it: assemble, document, search index, store. The same products in
both:

{change}"""


def prove(large: int = LARGE, sample: int = SAMPLE, rounds: int = growth.ROUNDS) -> list[Figure]:
    with opened_catalogue(SMALL, sample) as one, opened_catalogue(large, sample) as other:
        for catalogue in (one, other):
            patterns.warm_up(catalogue)
        latencies = growth.latencies(one, other, rounds)
        return figures(one, other, latencies, growth.changes(one, other))


def figures(small: Catalogue, large: Catalogue, latencies: list[Latency], change: Change) -> list[Figure]:
    tables = {
        "latencies": growth.latency_table(small, large, latencies),
        "change": growth.change_table(small, large, change),
    }
    write_section(TITLE, TEXT.format(sample=len(large.ids), **tables))
    page = next(each.ratio for each in latencies if each.name == OBJECT)
    what = f"{large.size:,} products beside {small.size:,}"
    return [
        at_most(f"{what}: latency of a page from the cached object, median of the rounds", round(page, 2), FLAT),
        _equal("… SQL statements of one change", change.statements),
        _equal("… round trips to the cache", change.trips),
        _equal("… commands of the cache", change.commands),
        at_most("… ms of it, median of the rounds", round(change.ratio, 2), FLAT),
    ]


def _equal(what: str, counts: tuple[list[int], list[int]]) -> Figure:
    """For each of the same products, in the small shop and in the large one."""
    small, large = counts
    words = [f"{min(each)} to {max(each)} for {len(each)} products, {sum(each)} in all" for each in counts]
    return Figure(what, words[1], f"exactly {words[0]}, each the same", small == large)
