"""What is measured inside a shop's own process, as one of its workers would do it: see `bench.beside`."""

import atexit
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from jobs.models import Outbox
from jobs.page_models import Page
from jobs.reconciling import reconcile as look_at_all
from jobs.watched import REFRESH
from products.data import CATEGORIES, PRODUCTS, SHELF_TAGS
from products.models import Category, Price, Product
from scaling import codec, health, monitor
from scaling.replicas import unit_of_work
from scaling.stores import cache
from scaling.xray import measured
from shop.nginx import Nginx

from .gathering import gather, make_up
from .opened import PATIENCE_SECONDS

BATCH = 100


def forget_what_waits() -> int:
    """Objects that nobody is going to measure are not built; returns how many."""
    return Outbox.objects.filter(task=REFRESH).delete()[0]


def products() -> list[int]:
    """The ids of all that are for sale."""
    return list(Product.objects.published().order_by("pk").values_list("pk", flat=True))


def build(ids: Sequence[int]) -> list[str]:
    """Build these products, what stands beside them, and the shelves. Returns the products' addresses."""
    beside = Product.related.through.objects.filter(from_product__in=ids).values_list("to_product_id", flat=True)
    for kind in (CATEGORIES, SHELF_TAGS):
        kind.refresh(Category.objects.values_list("pk", flat=True))
    _refresh(sorted({*ids, *beside}), BATCH)
    slugs = dict(Product.objects.filter(pk__in=ids).values_list("pk", "slug"))
    return [Product(pk=pk, slug=slugs[pk]).get_absolute_url() for pk in ids]


def change(ids: Sequence[int]) -> dict[str, Any]:
    """Change the price of each product and refresh it: statements and commands of each, and the median of ms."""
    costs = [_change(pk) for pk in ids]
    statements, trips, commands, seconds = zip(*costs, strict=True)
    return {"statements": statements, "trips": trips, "commands": commands, "ms": 1000 * median(seconds)}


def assembly(ids: Sequence[int], alone: int) -> list[float]:
    """Products a second that are refreshed one by one (the first so many), and in batches."""
    one, many = _seconds(ids[:alone], 1), _seconds(ids, BATCH)
    return [alone / one, len(ids) / many]


def sizes(ids: Sequence[int]) -> dict[str, float]:
    """Means over these products, in bytes: all that the cache holds of one, what it is compressed to, what it would
    be, and the card."""
    found = [_sizes(pk) for pk in ids]
    return {name: mean(each[name] for each in found) for name in found[0]}


def open_proxy(folder: str, clone: str) -> int:
    """Start the proxy of production in front of a clone, until this process ends. Returns its port."""
    published = Path(settings.STORAGES["published"]["OPTIONS"]["location"])
    proxy = Nginx(Path(folder), (clone,), published, Path(settings.STATIC_ROOT), Path(settings.MEDIA_ROOT))
    atexit.register(proxy.stop)
    proxy.start()
    return proxy.port


def times() -> dict[str, int]:
    """How often each page was published."""
    return dict(Page.objects.filter(release=settings.RELEASE).values_list("path", "times"))


def reconcile() -> None:
    """Have all pages looked at again."""
    look_at_all()


def _change(pk: int) -> tuple[int, int, int, float]:
    with transaction.atomic():
        Price.objects.filter(product=pk).update(cents=F("cents") + 10)
        forget_what_waits()  # else a worker would do it meanwhile
    before = _commands()
    with unit_of_work(), measured() as cost:
        began = time.perf_counter()
        PRODUCTS.refresh([pk])
        seconds = time.perf_counter() - began
    return sum(cost.sql.values()), cost.trips["cache"], _commands() - before - 1, seconds


def _commands() -> int:
    """That the cache has executed, those of scripts included; and this one, once it is done."""
    return sum(each["calls"] for each in cache().info("commandstats").values())


def _seconds(ids: Sequence[int], size: int) -> float:
    began = time.perf_counter()
    _refresh(ids, size)
    return time.perf_counter() - began


def _refresh(ids: Sequence[int], size: int) -> None:
    for start in range(0, len(ids), size):
        with unit_of_work():
            PRODUCTS.refresh(ids[start : start + size])


def _sizes(pk: int) -> dict[str, int]:
    key, shape = PRODUCTS.key(pk), PRODUCTS.shape
    payload, card = cache().hmget(key, f"s:{shape}", f"c:{shape}")
    plain = len(codec.dumps(codec.decompress(payload)))
    return {
        "all": cache().memory_usage(key, samples=0),
        "compressed": len(payload),
        "plain": plain,
        "card": len(card),
    }


VERBS: dict[str, Callable] = {
    verb.__name__: verb
    for verb in (
        *(forget_what_waits, products, build, change, assembly, sizes, open_proxy, times, reconcile),
        *(make_up, gather),
    )
}


def serve() -> None:
    """Answer each line of standard input, `["verb", argument, ...]`, with a line of JSON. Whoever works without a
    pause may not hear of the primary for a second: that is not a primary that is down."""
    health.SILENT_SECONDS = monitor.ANSWER_WITHIN_SECONDS = PATIENCE_SECONDS
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        print(json.dumps(VERBS[verb](*arguments)), file=answers, flush=True)
