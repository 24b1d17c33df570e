"""docs/patterns.md: a section for each proof that measures a pattern, written by it."""

from .opened import ROOT

TABLE = ROOT / "docs" / "patterns.md"
HEAD = """# What each pattern costs

Measured by `make prove patterns joins catalogue-growth assembly`, and written down by it; `make bench` prints some of
the same. Figures in seconds are those of one machine, where not said otherwise with SQLite in the web process itself,
where a statement crosses no network; counts, bytes and ratios say more.
"""
TITLES = (
    "One page, four patterns",
    "From joins and from the document, without a cache",
    "A hundred times as many products",
    "Assembling",
    "Bytes a product in the cache",
)


def write_section(title: str, text: str) -> None:
    """Put it in its place, and leave the others as they are."""
    found = dict.fromkeys(TITLES, "")
    for section in (TABLE.read_text() if TABLE.exists() else "").split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        found[name] = body.strip("\n")
    found[title] = text.strip("\n")
    sections = [f"\n## {name}\n\n{body}\n" for name, body in found.items() if body]
    TABLE.write_text("".join([HEAD, *sections]))
