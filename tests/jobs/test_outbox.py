"""A row is done when its effect is stored, not when it is sent."""

import pytest
from django.db import transaction

from jobs.models import Outbox, now_us
from jobs.outbox import claim, enqueue, send
from products import tasks
from products.models import Product
from shop.celery import app

from ..factories import make_product

pytestmark = pytest.mark.django_db
TASK = "products.tasks.refresh"


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(app.tasks[TASK], "apply_async", lambda args, **options: messages.append(args[0]))
    return messages


def make_row(subject="product:1", **changes):
    return Outbox.objects.create(task=TASK, subject=subject, **changes)


def test_it_sends_what_is_due_and_keeps_the_row(sent):
    row = make_row()
    make_row("product:2", due_at=now_us() + 60_000_000)
    assert send(claim()) == 1
    assert sent == [[[row.pk, "product:1"]]]
    assert Outbox.objects.filter(pk=row.pk, attempt=1, due_at__gt=now_us()).exists()


def test_a_claimed_row_is_not_claimed_again_before_its_time(sent):
    make_row()
    assert len(claim()) == 1
    assert claim() == []


def test_a_row_whose_effect_does_not_arrive_is_sent_again_later_and_later():
    row = make_row()
    waits = []
    for _ in range(8):
        Outbox.objects.update(due_at=now_us())
        claim()
        row.refresh_from_db()
        waits.append(round((row.due_at - now_us()) / 1e6))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_rows_of_one_task_travel_together_but_second_attempts_alone(sent):
    for number in range(150):
        make_row(f"product:{number}")
    assert send(claim()) == 2
    assert [len(pairs) for pairs in sent] == [100, 50]
    sent.clear()
    Outbox.objects.filter(subject__in=["product:1", "product:2"]).update(due_at=now_us())
    assert send(claim()) == 2
    assert [len(pairs) for pairs in sent] == [1, 1]


def test_the_row_goes_when_the_effect_is_stored():
    product = make_product()
    Outbox.objects.all().delete()
    row = make_row(f"product:{product.pk}")
    tasks.refresh([[row.pk, row.subject]])
    assert not Outbox.objects.exists()


def test_a_task_that_fails_leaves_its_row():
    row = make_row("nonsense:1")
    with pytest.raises(KeyError):
        tasks.refresh([[row.pk, row.subject]])
    assert Outbox.objects.filter(pk=row.pk).exists()


def test_a_message_that_comes_twice_does_its_work_once(monkeypatch):
    product = make_product()
    Outbox.objects.all().delete()
    row = make_row(f"product:{product.pk}")
    tasks.refresh([[row.pk, row.subject]])
    monkeypatch.setattr(tasks.registry["product"], "refresh", lambda ids: pytest.fail("again"))
    tasks.refresh([[row.pk, row.subject]])


def test_ten_changes_of_one_product_are_one_build(monkeypatch):
    product = make_product()
    Outbox.objects.all().delete()
    for number in range(10):
        Product.objects.filter(pk=product.pk).update(name=f"Rye {number}")
    built = []
    monkeypatch.setattr(tasks.registry["product"], "refresh", built.append)
    tasks.refresh([[row.pk, row.subject] for row in claim() if row.subject.startswith("product")])
    assert built == [[product.pk]]


def test_what_is_enqueued_in_a_transaction_goes_with_it():
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(TASK, "product:1")
        raise RuntimeError
    assert not Outbox.objects.exists()
