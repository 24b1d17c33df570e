"""Published pages: which address is which file. The proxy knows the same (`compose/proxy/nginx.conf`)."""

import mimetypes
import re

ADDRESS = re.compile(r"(/(?:[\w~-][\w.~-]*/)*(?:[\w~-][\w.~-]*)?)(?:\?page=([1-9]\d{0,4}))?", re.ASCII)
LONGEST_PATH = 150


def name_of(path: str) -> str:
    """The name of the page at a path, like `shelves/1-bread/page-2.html`; empty for one that cannot be published."""
    found = ADDRESS.fullmatch(path) if len(path) <= LONGEST_PATH else None
    if not found:
        return ""
    plain, number = found[1][1:], found[2]
    if plain and not plain.endswith("/"):
        name = plain
    else:
        name = f"{plain}page-{number}.html" if number else f"{plain}index.html"
    return name if path_of(name) == path else ""  # and not by the name that it has on the disk


def path_of(name: str) -> str:
    """And back."""
    folder, _, leaf = name.rpartition("/")
    folder = f"/{folder}/" if folder else "/"
    if leaf == "index.html":
        return folder
    number = re.fullmatch(r"page-(\d+)\.html", leaf)
    return f"{folder}?page={number[1]}" if number else f"{folder}{leaf}"


def kind_of(name: str) -> str:
    """The media type that a file is served with: it is told by the name, since nothing else of the answer is kept."""
    return mimetypes.guess_type(name)[0] or "text/html"
