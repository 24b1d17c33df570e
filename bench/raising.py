"""A process of the shop that raises a price and publishes its pages, again and again."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.db.models import F

from products.data import PRODUCTS
from products.models import Price
from scaling.pages import UnsettledError, publish
from scaling.replicas import unit_of_work


def go_on(pk: int, paths: Sequence[str], until: str) -> None:
    """By a cent each time, until there is a file of that name. Says how often."""
    raised = 0
    while not Path(until).exists():
        with unit_of_work():
            Price.objects.filter(product=pk).update(cents=F("cents") + 1)
            PRODUCTS.refresh([pk])
            with suppress(UnsettledError):  # a worker changes what we look at; it publishes then
                publish(paths)
        raised += 1
    print(raised)
