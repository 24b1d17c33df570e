"""What `bench.engines` measures, inside a process that has both engines: 1,000 documents in the store of each."""

import time
from collections.abc import Callable
from statistics import median

import django
import pymongo
import sqlparse
from django.conf import settings
from django.db import connections

from products.documents.columns import ORDERS
from products.documents.mongo_store import MongoStore
from products.models import Document

DOCUMENTS, BATCH, ROUNDS, EACH = 1_000, 100, 10, 10
PAGE = 24
DATA = {"name": "A loaf", "about": "What it is made of, and who bakes it. " * 60, "tags": ["vegan"] * 4, "price": 310}


def tell() -> None:
    """Print the table of docs/documents.md: milliseconds, and what they are of the driver's."""
    djongo, official = settings.DOCUMENTS, settings.NEXT_DOCUMENTS
    for alias in (djongo, official):
        store = MongoStore(alias)
        store.prepare()
        for first in range(1, DOCUMENTS + 1, BATCH):
            store.put(_row(number) for number in range(first, first + BATCH))
    print(f"Django {django.__version__}, pymongo {pymongo.version}, sqlparse {sqlparse.__version__}\n")
    print("| ms, the median of rounds | djongo | django-mongodb-backend | pymongo alone |\n|---|---|---|---|")
    for name, by_orm, alone in (
        ("one document by its key", _read, _read_alone),
        (f"a listing: {PAGE} keys in order, and how many there are", _list, _list_alone),
        ("a write behind a version", _write, _write_alone),
    ):
        asked = [lambda n, by=by_orm, a=alias: by(a, n) for alias in (djongo, official)]
        times = _medians([*asked, lambda n, by=alone: by(official, n)])
        print(f"| {name} | {' | '.join(f'{ms:.1f} ({ms / times[-1]:.1f}×)' for ms in times)} |", flush=True)


def _medians(asked: list[Callable[[int], object]]) -> list[float]:
    """They take turns, so that whatever else the machine does falls on all of them."""
    rounds = [[_milliseconds(ask, turn) for ask in asked] for turn in range(ROUNDS + 1)]
    return [median(times) for times in zip(*rounds[1:], strict=True)]  # the first one opens connections


def _milliseconds(ask: Callable[[int], object], turn: int) -> float:
    began = time.perf_counter()
    for number in range(EACH):
        ask((turn * EACH + number) % DOCUMENTS + 1)
    return (time.perf_counter() - began) * 1000 / EACH


def _row(number: int) -> dict:
    numbers = {"price": number % 97, "rating": number % 50, "baked": number % 1440, "created": number}
    texts = {"sort_name": f"loaf {number:05}", "tags": "|vegan|", "band": "in", "shape": "abc"}
    kept = {"product_id": number, "version": 1, "category_id": number % 20 + 1, "is_gone": False, "left": []}
    return numbers | texts | kept | {"data": DATA}


def _read(alias: str, number: int) -> object:
    return Document.objects.using(alias).get(pk=number)


def _read_alone(alias: str, number: int) -> object:
    return _collection(alias).find_one({"product_id": number})


def _list(alias: str, number: int) -> object:
    found = Document.objects.using(alias).filter(is_gone=False, category_id=number % 20 + 1).exclude(band="out")
    return found.count(), list(found.order_by(*ORDERS["price"]).values_list("product_id", flat=True)[:PAGE])


def _list_alone(alias: str, number: int) -> object:
    asked = {"is_gone": False, "category_id": number % 20 + 1, "band": {"$ne": "out"}}
    found = _collection(alias).find(asked, {"product_id": 1})
    ordered = found.sort([("price", 1), ("sort_name", 1), ("product_id", 1)]).limit(PAGE)
    return _collection(alias).count_documents(asked), list(ordered)


def _write(alias: str, number: int) -> object:
    version = time.time_ns()
    return Document.objects.using(alias).filter(pk=number, version__lt=version).update(version=version, data=DATA)


def _write_alone(alias: str, number: int) -> object:
    version = time.time_ns()
    asked = {"product_id": number, "version": {"$lt": version}}
    return _collection(alias).update_one(asked, {"$set": {"version": version, "data": DATA}})


def _collection(alias: str) -> pymongo.collection.Collection:
    return connections[alias].get_collection(Document._meta.db_table)
