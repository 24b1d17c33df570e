"""Pages of a list: numbers that a template can show, and that nobody can break."""

from django.http import Http404

MOST_PAGES = 100_000


def page_of(number: str | int | None, total: int, size: int) -> dict:
    """What a template shows of page `number` (1 when empty). Raises Http404 for what is no page of this list."""
    count = max(1, -(-total // size))
    current = parse(number)
    if current > count:
        raise Http404("There is no such page.")
    start = (current - 1) * size
    return {
        "number": current,
        "count": count,
        "total": total,
        "start": min(start + 1, total),
        "end": min(start + size, total),
        "links": links(current, count),
    }


def parse(number: str | int | None) -> int:
    """The page asked for, before it is known how many there are."""
    text = str(number or 1)
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:7]) <= MOST_PAGES or len(text) > 6:
        raise Http404("There is no such page.")
    return int(text)


def links(current: int, count: int) -> list[int | None]:
    """The first, the last and those around the current page; None where some are left out."""
    shown = sorted({1, count, *range(max(1, current - 1), min(count, current + 1) + 1)})
    found: list[int | None] = []
    for number in shown:
        if found and number - (found[-1] or 0) > 1:
            found.append(None)
        found.append(number)
    return found
