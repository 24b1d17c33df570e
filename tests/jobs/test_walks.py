"""A row that thousands of objects show: one outbox row, and a worker that goes through them some at a time."""

import pytest
from celery import current_app
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import walks
from jobs.changes import CHANGES
from jobs.models import Outbox, Version, now_us
from jobs.objects import walk
from jobs.versions import versions_of
from jobs.watched import WALK, Part
from products.data import PRODUCTS
from products.models import Category, Tag, Term
from scaling import comparing
from scaling.replicas import unit_of_work

from ..factories import make_category, make_product, make_tag
from ..shop.people import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelf():
    """A category of seven products, of which all is built."""
    current_app.loader.import_default_modules()
    shelf = make_category("Quagga")
    for number in range(7):
        make_product(f"Loaf {number}", category=shelf)
    work_off()
    return shelf


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(walks, "BATCH", 2)
    monkeypatch.setattr(walks, "BATCHES", 2)


def rename(shelf, name="Zebra"):
    Category.objects.filter(pk=shelf.pk).update(name=name)


def waiting():
    return list(Outbox.objects.filter(task=WALK).order_by("pk").values_list("subject", flat=True))


def take_a_turn():
    """What a worker does with the oldest row."""
    row = Outbox.objects.filter(task=WALK).earliest("pk")
    walk([[row.pk, row.subject]])


def found_by(word):
    return set(Term.objects.filter(term=word).values_list("product_id", flat=True))


def of(shelf):
    return list(shelf.products.order_by("pk").values_list("pk", flat=True))


def test_whoever_renames_writes_the_same_whatever_the_number_of_owners(shelf):
    for each in (make_category("Cakes"), shelf):
        Outbox.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            rename(each)
        subjects = set(Outbox.objects.values_list("subject", flat=True))
        assert subjects == {f"category:{each.pk}", f"tags:{each.pk}", f"product/products_category:{each.pk}"}
        assert len(asked) == 1


def test_it_goes_through_the_owners_a_batch_at_a_time_and_gives_others_their_turn(shelf):
    rename(shelf)
    row = Outbox.objects.get(task=WALK)
    pks = of(shelf)
    take_a_turn()
    assert waiting() == [f"product/products_category:{shelf.pk}@{pks[3]}"]
    assert found_by("zebra") == set(pks[:4])
    assert Outbox.objects.get(task=WALK).created_at == row.created_at
    take_a_turn()
    assert waiting() == []
    assert (found_by("zebra"), found_by("quagga")) == (set(pks), set())


def test_what_it_has_raised_it_builds_itself(shelf):
    before = versions_of("product", of(shelf), "default")
    rename(shelf)
    take_a_turn()
    after = versions_of("product", of(shelf), "default")
    assert [after[pk] > before[pk] for pk in of(shelf)] == [True] * 4 + [False] * 3
    assert not Outbox.objects.filter(subject__startswith="product:").exists()
    assert [PRODUCTS.peek(pk).version for pk in of(shelf)] == [after[pk] for pk in of(shelf)]


def test_a_worker_that_is_killed_in_a_batch_begins_again_where_its_row_says(shelf, monkeypatch):
    rename(shelf)
    take_a_turn()
    with monkeypatch.context() as patch:
        patch.setattr(PRODUCTS, "persist", _die)
        with pytest.raises(KeyboardInterrupt):
            take_a_turn()
    assert waiting() == [f"product/products_category:{shelf.pk}@{of(shelf)[3]}"]
    raised = Outbox.objects.filter(subject__startswith="product:")
    assert raised.count() == 2, "what it has raised is told of all the same"
    assert not raised.filter(attempt=0).exists(), "and nobody is sent it while it may live"
    take_a_turn()
    assert found_by("zebra") == set(of(shelf))
    assert not Outbox.objects.filter(subject__startswith="product").exists()


def _die(*args):
    raise KeyboardInterrupt


def test_one_that_cannot_be_built_holds_up_no_other_and_is_tried_again(shelf, monkeypatch):
    bad, persist = of(shelf)[2], PRODUCTS.persist
    rename(shelf)
    with monkeypatch.context() as patch:
        patch.setattr(PRODUCTS, "persist", lambda built: 1 / 0 if bad in built else persist(built))
        take_a_turn()
        take_a_turn()
    assert found_by("zebra") == set(of(shelf)) - {bad}
    assert Outbox.objects.filter(subject=f"product:{bad}").exists()


def test_renamed_again_in_the_middle_it_is_gone_through_once_more_and_not_twice(shelf):
    rename(shelf)
    since = Outbox.objects.get(task=WALK).created_at
    take_a_turn()
    rename(shelf, "Yak")
    take_a_turn()
    assert waiting() == [f"product/products_category:{shelf.pk}"]
    assert Outbox.objects.get(task=WALK).created_at == since
    take_a_turn()
    take_a_turn()
    assert (found_by("yak"), waiting()) == (set(of(shelf)), [])


def test_an_owner_that_is_gone_meanwhile_is_passed_by(shelf):
    rename(shelf)
    shelf.products.order_by("pk").first().delete()
    work_off()
    assert found_by("zebra") == set(of(shelf))


def test_those_it_has_still_to_come_to_are_in_flight(shelf):
    rename(shelf)
    assert comparing.undone() >= {f"product:{pk}" for pk in of(shelf)}
    take_a_turn()
    assert {name for name in comparing.undone() if name.startswith("product")} == {
        f"product:{pk}" for pk in of(shelf)[4:]
    }


def test_whoever_renames_what_pages_show_reads_the_tables_until_it_is_there():
    tag = make_tag()
    for number in range(5):
        make_product(f"Loaf {number}", tags=[tag])
    work_off()
    with unit_of_work() as work:
        Tag.objects.filter(pk=tag.pk).update(name="Plants")
        assert CHANGES.taken(work) is None
    since = now_us()
    Outbox.objects.exclude(task=WALK).delete()
    take_a_turn()
    assert not CHANGES.are_built(since)
    work_off()
    assert CHANGES.are_built(since)


def test_whoever_renames_what_only_search_reads_waits_for_the_object_itself(shelf):
    Outbox.objects.all().delete()
    with unit_of_work() as work:
        CHANGES.taken(work)  # what was made before is told of once
        rename(shelf)
        assert set(CHANGES.taken(work)) == {f"category:{shelf.pk}", f"tags:{shelf.pk}"}
    Outbox.objects.exclude(task=WALK).delete()
    assert CHANGES.are_built(now_us())


def test_it_waits_behind_what_is_urgent():
    assert walk.lane == "bulk"


def test_what_only_another_release_declares_is_left_to_it():
    row = Outbox.objects.create(task=WALK, subject="product/products_flour:1")
    with pytest.raises(LookupError, match="products_flour:1"):
        walk([[row.pk, row.subject]])
    assert waiting() == [row.subject]


def test_owners_in_bulk_that_are_not_in_the_order_of_an_index_are_refused():
    with pytest.raises(ImproperlyConfigured, match="one column of one table"):
        Part(Tag, "SELECT id FROM loaves WHERE tag IN (SELECT 1 FROM tags WHERE id = {row}.id)").owners_after(1, 1)


def test_every_version_that_was_raised_is_of_an_object(shelf):
    rename(shelf)
    work_off()
    assert not Version.objects.filter(subject__contains="/").exists()
