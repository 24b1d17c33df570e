"""How many products a second one worker refreshes, alone and in company, and how large each is in the cache."""

from statistics import median

from .catalogue import Catalogue, say

ROUNDS = 8
ALONE = 100
IN_COMPANY = 500


def rates(catalogue: Catalogue, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Products a second one by one and in batches of a hundred, in turns, and the median of the rounds' ratios."""
    say(f"One worker refreshes products of {catalogue.size:,}, {rounds} rounds")
    ids = catalogue.ids[:IN_COMPANY]
    alone = min(ALONE, len(ids))
    catalogue.inside.ask("assembly", ids, alone)
    found = [catalogue.inside.ask("assembly", ids, alone) for _ in range(rounds)]
    one, many = zip(*found, strict=True)
    return median(one), median(many), median(rate / other for other, rate in found)


def rate_table(catalogue: Catalogue, found: tuple[float, float, float]) -> str:
    one, many, ratio = found
    head = "| products | one by one, a second | in batches of 100, a second | ratio |\n|---:|---:|---:|---:|\n"
    return f"{head}| {catalogue.size:,} | {one:,.0f} | {many:,.0f} | {ratio:.1f} |\n"


def size_table(*catalogues: Catalogue) -> str:
    lines = [
        "| products | bytes in the cache, all told | of them the object, compressed | it would be | its card |\n",
        "|---:|---:|---:|---:|---:|\n",
    ]
    for catalogue in catalogues:
        size = catalogue.inside.ask("sizes", catalogue.ids)
        cells = [f"{size[name]:,.0f}" for name in ("all", "compressed", "plain", "card")]
        lines.append(f"| {catalogue.size:,} | {' | '.join(cells)} |\n")
    return "".join(lines)
