"""How the sampler walks a table: by its keys, a few at a time, so that no walk holds a cursor open."""

from typing import Any

from django.db.models import QuerySet


def ids_after(rows: "QuerySet[Any]", pk: int, most: int) -> list[int]:
    """The next ids past this one, rising."""
    return list(rows.filter(pk__gt=pk).order_by("pk").values_list("pk", flat=True)[:most])
