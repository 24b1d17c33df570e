"""`make bench`: pages beside an empty view, one page by every pattern, and both with a hundred times the products.

It measures what `make prove speed patterns catalogue-growth assembly` holds against bounds; its two shops are opened
once.
"""

from . import assembly, growth, patterns, speed
from .catalogue import opened_catalogue, say
from .proofs.growth import LARGE, SMALL


def main() -> None:
    with opened_catalogue(SMALL) as small, opened_catalogue(LARGE) as large:
        say("The shop's own pages, one of each kind")
        show("Pages, each asked for again and again", speed.table(speed.measure(small.shop)))
        for catalogue in (small, large):
            patterns.warm_up(catalogue)
        if differ := patterns.differing(small):
            raise SystemExit(f"The pages of {differ} products are not the same by every pattern.")
        show("The page of a product, each time of another one", patterns.table(patterns.measure(small)))
        show("The same for one visitor", growth.latency_table(small, large, growth.latencies(small, large)))
        show("One change", growth.change_table(small, large, growth.changes(small, large)))
        show("One worker", assembly.rate_table(small, assembly.rates(small)))
        show("In the cache", assembly.size_table(small, large))


def show(title: str, table: str) -> None:
    print(f"\n{title}\n\n{table}", flush=True)


if __name__ == "__main__":
    main()
