"""Whatever is written, and whatever happens to workers and cache meanwhile: once calm, the cache tells the truth."""

import time
from random import Random

import pytest
from celery import current_app
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from accounts.data import FRIENDS, PEOPLE
from accounts.models import User
from bench.truth import differences
from bench.writes import new_product, write
from jobs.claims import claim, known_tasks
from jobs.models import Outbox, now_us
from jobs.sending import send
from products.data import ARTICLES, CATEGORIES, JOURNAL, PRODUCTS, SHELF_TAGS, SHELVES
from products.models import Article, Category, Document, Product, Tag, Term
from products.shelf import listing_of
from scaling import fence
from scaling.abreast import catch_up
from scaling.behind import behind
from scaling.cache import fetch
from scaling.listings import _add, _begin, _finish
from scaling.replicas import primary, unit_of_work
from scaling.stores import cache
from shop.stream import ACTIVITIES

from ..servers import PATIENCE_SECONDS

KINDS = (PRODUCTS, CATEGORIES, SHELF_TAGS, ARTICLES, PEOPLE, FRIENDS, ACTIVITIES)
SOON_US = 6_000_000  # longer than who goes through many objects has to build some of them
SMALL = settings(
    max_examples=4,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    print_blob=True,
)
STEPS = ("persist", "store", "settle")

randoms = st.builds(Random, st.integers(0, 2**32))  # what is drawn may not depend on what is in the tables
kinds = st.sampled_from(KINDS)
ids = st.integers(1, 6)


class Died(Exception):
    """A worker was killed."""


class Catalogue(RuleBasedStateMachine):
    """Writers, a worker that may die, builders who are late, readers, and a cache that forgets."""

    @initialize(random=randoms)
    def empty(self, random):
        for model in (Product, Category, Article, Tag, User, Outbox, Document, Term):
            model.objects.all().delete()
        Outbox.objects.all().delete()
        cache().flushall()
        self.late = []
        for name in ("Bread", "Cakes"):
            Category.objects.create(name=name, slug=name.lower())
        for slug in "abc":
            Tag.objects.create(name=slug, slug=slug)
        User.objects.create(email="steve@example.com", name="Steve")
        for pk in range(1, 4):
            new_product(random, pk)

    @rule(random=randoms)
    def write(self, random):
        write(random)

    @rule(random=randoms)
    def write_more(self, random):
        for _ in range(5):
            write(random)

    @rule()
    def work(self):
        work()

    @rule(kind=kinds, step=st.sampled_from(STEPS))
    def die_at_work(self, kind, step):
        """Before a step of a refresh: its row stays, and is sent again."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kind, step, died)
            work()

    @rule(kind=kinds, pk=ids)
    def begin_late_refresh(self, kind, pk):
        """A worker that is slow: its row has been sent again and done by another meanwhile."""
        with unit_of_work():
            self.late.append(late_refresh(kind, pk))
            next(self.late[-1], None)

    @rule(kind=kinds, pk=ids)
    def begin_late_read(self, kind, pk):
        with unit_of_work():
            self.late.append(late_read(kind, pk))
            next(self.late[-1], None)

    @rule(random=randoms)
    def begin_late_rebuild(self, random):
        with unit_of_work(), primary():
            self.late.append(late_rebuild(any_listing(random)))
            next(self.late[-1], None)

    @rule(random=randoms)
    def go_on_with_one_that_is_late(self, random):
        if self.late:
            one = random.choice(self.late)
            with unit_of_work():
                if next(one, "over") == "over":
                    self.late.remove(one)

    @rule(random=randoms)
    def one_that_is_late_dies(self, random):
        if self.late:
            self.late.remove(random.choice(self.late))

    @rule(kind=kinds, pk=ids)
    def read(self, kind, pk):
        with unit_of_work():
            kind.get(pk)

    @rule(random=randoms)
    def read_listing(self, random):
        with unit_of_work():
            fetch(any_listing(random).slice(0, 9))

    @rule()
    def flush(self):
        cache().flushall()

    @rule()
    def catch_up(self):
        catch_up()

    @rule(random=randoms)
    def evict(self, random):
        if keys := sorted(cache().keys("[ol]:*")):
            cache().delete(random.choice(keys))

    @rule()
    def calm(self):
        calm()
        assert differences() == []

    def teardown(self):
        for one in self.late:
            with unit_of_work():
                for _ in one:
                    pass
        self.calm()


def died(*args, **options):
    raise Died


def work():
    """What the relay and a worker do in one turn."""
    with unit_of_work():
        send(claim(list(Outbox.objects.filter(due_at__lte=now_us()))), known_tasks())


def calm():
    """Until nothing is due, nor will be in a moment."""
    assert behind.wait(PATIENCE_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while waiting := Outbox.objects.filter(due_at__lte=now_us() + SOON_US).count():
        assert time.monotonic() < deadline, f"{waiting} rows do not get done"
        Outbox.objects.filter(attempt__gt=0, due_at__lte=now_us() + SOON_US).update(due_at=now_us())
        work()
    assert behind.wait(PATIENCE_SECONDS)


def late_refresh(kind, pk):
    """A refresh with the world going on between its steps; it dies in the end."""
    leases = kind.take([pk], fence.OVER)
    yield
    built = kind.assemble_all([pk])
    yield
    with primary():
        places = kind.persist(built)
    yield
    if kind.store({each: leases[each] for each in places}, built, places):
        yield
        kind.settle(built)


def late_read(kind, pk):
    lease = kind.take([pk], fence.MISSING)[pk]
    if lease.is_ours:
        yield
        built = kind.assemble_all([pk])
        yield
        kind.store({pk: lease}, built)


def late_rebuild(listing):
    token = f"late {id(listing)}"
    _begin(cache(), [listing.key], [token, 60])
    yield
    rows = list(listing.rows())
    yield
    if _add(cache(), [listing.key], [token, 60, *[part for row in rows for part in row]]):
        yield
        _finish(cache(), [listing.key], [token])


def any_listing(random: Random):
    category = random.choice([None, *Category.objects.order_by("pk").values_list("pk", flat=True)[:3]])
    listing = listing_of(category, random.choice(["", "a", "b"]), random.choice(["price", "name", "newest", "baked"]))
    return random.choice([listing, listing, SHELVES, JOURNAL])


@pytest.fixture
def tasks_at_once():
    current_app.loader.import_default_modules()
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


@pytest.mark.django_db(transaction=True)
def test_once_calm_the_cache_tells_the_truth(tasks_at_once):
    run_state_machine_as_test(Catalogue, settings=SMALL)
