"""What the causal token is told: which objects were changed, and which of them are not built again yet."""

import pytest

from jobs.changes import CHANGES
from jobs.models import Outbox, now_us
from jobs.versions import versions_of
from products.models import Price, Product
from scaling.replicas import unit_of_work

from ..factories import make_product

pytestmark = pytest.mark.django_db
TASK = "jobs.objects.refresh"


def make_row(subject, **changes):
    return Outbox.objects.create(**{"task": TASK, "subject": subject} | changes)


def test_a_write_is_told_with_its_version():
    product = make_product()
    Outbox.objects.all().delete()
    with unit_of_work() as work:
        CHANGES.taken(work)
        Price.objects.filter(product__slug=product.slug).update(cents=1)
        told = CHANGES.taken(work)
    assert told == {f"product:{product.pk}": versions_of("product", [product.pk], "default")[product.pk]}


def test_a_deleted_object_is_told_too():
    product = make_product()
    name = f"product:{product.pk}"
    with unit_of_work() as work:
        Product.objects.get(pk=product.pk).delete()
        assert CHANGES.taken(work)[name] > 0


def test_more_objects_than_a_token_could_name_cannot_be_told():
    products = [make_product(f"Loaf {number}") for number in range(60)]
    Outbox.objects.all().delete()
    with unit_of_work() as work:
        CHANGES.taken(work)
        for _ in range(2):
            Product.objects.filter(pk__in=[product.pk for product in products]).update(name="Rye")
        assert CHANGES.taken(work) is None


def test_undone_is_what_is_due_or_was_tried_and_nothing_else():
    later = now_us() + 30_000_000
    make_row("product:1")
    make_row("product:1")
    make_row("article:2", attempt=3, due_at=later)
    make_row("product:3", due_at=later)  # the end of a promotion
    make_row("12", task="shop.tasks.send_confirmation")
    assert CHANGES.undone(2) == ["article:2", "product:1"]
    assert CHANGES.undone(1) is None


def test_all_is_built_once_nothing_of_before_is_undone():
    since = now_us() + 1_000
    row = make_row("product:1", created_at=since - 1, attempt=1, due_at=now_us() + 60_000_000)
    make_row("product:2", created_at=since - 1, due_at=now_us() + 30_000_000)
    make_row("product:3", created_at=since + 1)
    assert not CHANGES.are_built(since)
    row.delete()
    assert CHANGES.are_built(since)


def test_a_hurry_makes_due_what_was_sent_and_leaves_what_waits_for_its_moment(django_assert_num_queries):
    later = now_us() + 30_000_000
    make_row("product:1", attempt=5, due_at=later)
    make_row("product:2", due_at=later)
    make_row("12", task="shop.tasks.send_confirmation", attempt=5, due_at=later)
    with django_assert_num_queries(1):
        CHANGES.hurry()
    due = Outbox.objects.filter(due_at__lte=now_us()).values_list("subject", flat=True)
    assert list(due) == ["product:1"]
