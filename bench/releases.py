"""A process of another release: the same code, whose products have another form."""

import random
import time
from collections.abc import Sequence

from products.data import PRODUCTS, Products
from products.models import Product
from scaling.reading import Built
from scaling.replicas import unit_of_work

from .truth import differing_objects


def become(release: str) -> None:
    """From now on the products of this process are of `release`, and say so; of ours when it is empty."""
    if not release:
        return
    assemble = PRODUCTS.assemble

    def assemble_anew(ids: Sequence[int]) -> dict[int, Built]:
        built = assemble(ids)
        for one in built.values():
            if one.data is not None:
                one.data["release"] = one.card["release"] = release
        return built

    Products.form = f"{release}: {Products.form}"
    PRODUCTS.__init__()  # type: ignore[misc]  # its shape is that of its form
    PRODUCTS.assemble = assemble_anew  # type: ignore[method-assign]


def read(release: str, seconds: float) -> None:
    """Read products as `release` for so long. Says how many there were, and how many of them were another's."""
    become(release)
    count = others = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with unit_of_work():
            ids = random.sample(range(1, 45), 5)
            found = [PRODUCTS.get(ids[0]), *PRODUCTS.get_many(ids).values()]
        for data in (data for data in found if data is not None):
            count += 1
            others += data.get("release", "") != release
    print(count, others)


def tell(release: str) -> None:
    """Once calm: read every product as `release`, and say what is not as the tables say."""
    become(release)
    with unit_of_work():
        ids = list(Product.objects.values_list("pk", flat=True))
        found = {pk: PRODUCTS.get(pk) for pk in ids}
        fresh = PRODUCTS.assemble_all(ids)
    wrong = [pk for pk in ids if (found[pk] and found[pk]["name"]) != (fresh[pk].data and fresh[pk].data["name"])]
    print(len(ids), len(wrong) + len(differing_objects()))
