"""Pages as functions of the objects they show.

A public page depends on nothing but its objects, and objects from the cache are compared by content
(`scaling.reading.Stored`). So a process works out equal pages once. It cannot be stale: another price is another
argument. Nothing a visitor did is kept, and the least used pages are forgotten.
"""

from functools import lru_cache
from typing import Any

from django.template.loader import get_template

from scaling.cache import Stored

Cards = tuple[Stored, ...]

kept = lru_cache(maxsize=256)


def rendered(template: str, context: dict[str, Any]) -> bytes:
    return get_template(template).render(context).encode()
