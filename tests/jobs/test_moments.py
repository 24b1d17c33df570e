"""What changes by itself at a moment has a new version from then on, whatever clocks say."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import moments
from jobs import objects as tasks
from jobs.models import Outbox, now_us
from jobs.versions import versions_of
from products.data import ARTICLES, PRODUCTS
from products.models import Article, Document
from scaling.cache import registry

from ..factories import make_price, make_product

pytestmark = pytest.mark.django_db
AHEAD = timedelta(seconds=30)


def make_promotion_ahead(product):
    """It starts by the relay's clock, and in half a minute by ours. Its row, as the relay has just sent it."""
    start = timezone.now() + AHEAD
    make_price(product, 100, starts_at=start, ends_at=start + timedelta(hours=1))
    Outbox.objects.filter(moment=None).delete()
    return Outbox.objects.order_by("moment").first()


def version_of(product):
    return versions_of("product", [product.pk], "default")[product.pk]


def work(row):
    tasks.refresh([[row.pk, row.subject]])


def test_a_row_that_waits_says_for_which_moment_and_a_change_does_not():
    product = make_product()
    assert set(Outbox.objects.values_list("moment", flat=True)) == {None}
    row = make_promotion_ahead(product)
    assert row.moment == row.due_at > now_us()


def test_a_moment_raises_the_version_once():
    product = make_product()
    row = make_promotion_ahead(product)
    moments.tell([row.pk])
    raised = version_of(product)
    assert raised >= row.moment
    moments.tell([row.pk])
    assert version_of(product) == raised


def test_a_change_is_not_raised_again_by_its_own_row():
    product = make_product()
    before = version_of(product)
    work(Outbox.objects.filter(subject=f"product:{product.pk}").first())
    assert version_of(product) == before


def test_a_worker_whose_clock_is_behind_builds_what_is_from_the_moment_on():
    product = make_product()
    row = make_promotion_ahead(product)
    work(row)
    assert not Outbox.objects.filter(pk=row.pk).exists()
    assert PRODUCTS.peek(product.pk).data["price"] == 100


def test_one_in_company_is_not_shown_before_its_own_moment():
    product, other = make_product(), make_product("Rye")
    row = make_promotion_ahead(product)
    make_promotion_ahead(other)
    moments.tell([row.pk])
    built = PRODUCTS.assemble([product.pk, other.pk])
    assert [built[pk].data["price"] for pk in (product.pk, other.pk)] == [100, 520]


def test_a_worker_whose_clock_is_behind_publishes_an_article():
    day = timezone.now() + AHEAD
    article = Article.objects.create(title="T", slug="t", summary="s", body="b", published_at=day)
    assert ARTICLES.get(article.pk) is None
    work(Outbox.objects.get(subject=f"article:{article.pk}", moment__isnull=False))
    assert ARTICLES.get(article.pk)["title"] == "T"


def test_a_build_from_before_the_moment_is_not_written_over_one_from_after_it():
    product = make_product()
    row = make_promotion_ahead(product)
    late = PRODUCTS.assemble([product.pk])
    work(row)
    PRODUCTS.persist(late)
    assert Document.objects.get(pk=product.pk).price == 100


def test_what_another_release_holds_ends_at_the_moment(monkeypatch):
    product = make_product()
    row = make_promotion_ahead(product)
    with monkeypatch.context() as patch:
        patch.setattr(PRODUCTS, "shape", "of another release")
        PRODUCTS.get(product.pk)
        assert PRODUCTS.peek(product.pk).data["price"] == 520
    work(row)
    monkeypatch.setattr(PRODUCTS, "shape", "of another release")
    assert PRODUCTS.peek(product.pk) is None


def test_a_build_that_takes_other_rows_along_leaves_a_moment_to_its_own_message():
    product = make_product()
    row = make_promotion_ahead(product)
    Outbox.objects.filter(pk=row.pk).update(due_at=now_us() - 1, attempt=1)
    change = Outbox.objects.create(task=row.task, subject=row.subject)
    work(change)
    assert Outbox.objects.filter(pk=row.pk, moment=row.moment).exists()


def test_a_worker_that_dies_after_the_version_was_raised_loses_nothing(monkeypatch):
    product = make_product()
    row = make_promotion_ahead(product)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(registry["product"], "refresh", died)
        work(row)
    work(row)
    assert PRODUCTS.peek(product.pk).data["price"] == 100


def died(ids):
    raise KeyboardInterrupt
