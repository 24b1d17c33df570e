"""Builders, changes and a cache that forgets, in every order that is known to hurt, with real rows."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from django.utils import timezone

from products.data import PRODUCTS
from products.models import Category, Price, Product
from scaling import fence
from scaling.reading import Built
from scaling.replicas import unit_of_work
from scaling.stores import cache

PK = 900_001
STEPS = 14


class Bread:
    """One product under one id. `price` is true."""

    def __init__(self) -> None:
        self.price = 0
        self.make()

    def make(self) -> None:
        product = Product(pk=PK, name="Rye", slug="rye", about="Dark.", category=Category.objects.all()[0])
        product.save(force_insert=True)
        self.price += 1
        Price.objects.create(product=product, cents=self.price, starts_at=timezone.now() - timezone.timedelta(days=1))

    def drop(self) -> None:
        Product.objects.filter(pk=PK).delete()

    def change(self) -> None:
        self.price += 1
        Price.objects.filter(product=PK).update(cents=self.price)

    def make_again(self) -> None:
        self.drop()
        PRODUCTS.refresh([PK])
        self.make()
        PRODUCTS.refresh([PK])


class Builder:
    """A build in three steps, and whether it was stored in the end."""

    def __init__(self, why: str) -> None:
        self.leases = PRODUCTS.take([PK], why)
        self.built: dict[int, Built] = PRODUCTS.assemble_all([PK])

    def store(self) -> bool:
        return bool(PRODUCTS.store(self.leases, self.built))


def evict() -> None:
    cache().delete(PRODUCTS.key(PK))


def flush() -> None:
    cache().flushall()


def old_build_finishes_last(bread: Bread) -> bool:
    late = Builder(fence.OVER)
    bread.change()
    PRODUCTS.refresh([PK])
    return late.store()


def flush_between(bread: Bread) -> bool:
    evict()
    late = Builder(fence.MISSING)
    bread.change()
    flush()
    return late.store()


def evicted_between(bread: Bread) -> bool:
    late = Builder(fence.OVER)
    bread.change()
    evict()
    return late.store()


def built_from_a_lagging_replica(bread: Bread) -> bool:
    """With the primary away; its replicas stand still."""
    bread.change()
    evict()
    with unit_of_work() as work:
        work.without_primary = True
        served = PRODUCTS.get(PK)
        if served and served["price"] == bread.price:
            raise RuntimeError("The replica does not lag.")
    return PRODUCTS.peek(PK) is not None


def deleted_and_made_again(bread: Bread) -> bool:
    late = Builder(fence.OVER)
    bread.make_again()
    PRODUCTS.persist(late.built)
    return late.store()


ORDERS: dict[str, Callable[[Bread], bool]] = {
    "an old build finishes last": old_build_finishes_last,
    "a flush between": flush_between,
    "evicted between": evicted_between,
    "built from a lagging replica": built_from_a_lagging_replica,
    "deleted and made again under its id": deleted_and_made_again,
}


def tell(times: int, seed: str) -> None:
    """Each so many times: how often what is old was stored, and how often the truth was not read afterwards."""
    with unit_of_work():
        Product.objects.filter(pk=PK).delete()
        bread, told = Bread(), {}
        for name, order in ORDERS.items():
            told[name] = [0, 0]
            for _ in range(times):
                PRODUCTS.refresh([PK])
                told[name][0] += order(bread)
                told[name][1] += not is_true(bread)
        told["any order of all of these"] = at_random(bread, Random(seed), times)
        bread.drop()
    print(json.dumps(told))


def is_true(bread: Bread) -> bool:
    """What a reader gets, and what is left once the change is worked off."""
    found = PRODUCTS.get(PK)
    PRODUCTS.refresh([PK])
    stored = PRODUCTS.peek(PK)
    documents = PRODUCTS.durable([PK])
    prices = [found and found["price"], stored and stored.data["price"], documents[PK].data["price"]]
    return prices == [bread.price] * 3


def at_random(bread: Bread, random: Random, times: int) -> list[int]:
    counts: Counter[str] = Counter()
    for _ in range(times):
        counts["overwritten"] += sum(_steps(bread, random))
        PRODUCTS.refresh([PK])
        counts["untrue"] += not is_true(bread)
    return [counts["overwritten"], counts["untrue"]]


def _steps(bread: Bread, random: Random) -> Iterator[bool]:
    """Yields whether what is stored has become older, though the cache has forgotten nothing."""
    builders: list[Builder] = []
    highest = 0
    for _ in range(STEPS):
        step = random.choice(["over", "missing", "store", "store", "change", "refresh", "again", "evict", "flush"])
        if step in ("over", "missing"):
            builders.append(Builder(step))
        elif step == "store" and builders:
            builders.pop(random.randrange(len(builders))).store()
        elif step in ("evict", "flush"):
            highest = 0
            evict() if step == "evict" else flush()
        elif step == "refresh":
            PRODUCTS.refresh([PK])
        elif step == "change":
            bread.change()
        elif step == "again":
            bread.make_again()
        stored = PRODUCTS.peek(PK)
        version = stored.version if stored else highest
        yield version < highest
        highest = version
