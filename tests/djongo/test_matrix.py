"""What can be done on each engine stands in docs/documents.md, and is tried here."""

from django.conf import settings
from django.db import Error

from .conftest import ENGINES
from .matrix import CHECKS, WRITES, fill

PAGE = settings.ROOT / "docs" / "documents.md"


def test_the_page_says_what_can_be_done(sheets):
    fill(sheets)
    assert {name: outcome(name, sheets) for name in CHECKS} == told(sheets.db)


def outcome(name, sheets):
    try:
        return "yes" if CHECKS[name](sheets) else "wrong"
    except (Error, ValueError):
        return "refused"
    finally:
        if name in WRITES:
            sheets.all().delete()
            fill(sheets)


def told(engine):
    """What the page says: yes, refused, or wrong."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    column = list(ENGINES).index(engine) + 1
    return {row[0]: row[column] for row in rows if len(row) == len(ENGINES) + 1 and row[0] in CHECKS}
