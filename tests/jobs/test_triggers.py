"""Whatever way a row changes, its object's version rises and an outbox row waits, in the same transaction."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from jobs.models import Outbox, now_us
from jobs.triggers import check_triggers, installed, suspended, wanted
from products.models import Article, Category, Price, Product, Review, Stock, Tag, Text

from ..factories import make_product, make_review, make_tag, make_user, steve

pytestmark = pytest.mark.django_db


def raw(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


CHANGES = {
    "save": lambda p: p.save(),
    "update": lambda p: Product.objects.filter(pk=p.pk).update(name="Rye"),
    "bulk update": lambda p: Product.objects.bulk_update([p], ["about"]),
    "raw SQL": lambda p: raw("UPDATE products_product SET about = 'new' WHERE id = %s", p.pk),
    "price added": lambda p: p.prices.create(cents=300),
    "price updated": lambda p: p.prices.update(cents=300),
    "price deleted": lambda p: p.prices.all().delete(),
    "prices in bulk": lambda p: Price.objects.bulk_create([Price(product=p, cents=1)]),
    "text": lambda p: Text.objects.create(product=p, kind="story", body="A day and a night."),
    "tag added": lambda p: p.tags.add(make_tag("Rye")),
    "tags set": lambda p: p.tags.set([make_tag("Nuts")]),
    "tags cleared": lambda p: p.tags.clear(),
    "tag renamed": lambda p: Tag.objects.filter(slug="vegan").update(name="Plants only"),
    "tag deleted": lambda p: Tag.objects.filter(slug="vegan").delete(),
    "review": lambda p: make_review(p, make_user("Maya")),
    "reviewer deleted": lambda p: p.reviews.get().author.delete(),
    "reviewer renamed": lambda p: type(p.reviews.get().author).objects.filter(reviews__product=p).update(name="Bo"),
    "related": lambda p: p.related.add(make_product("Bagel")),
    "sold out": lambda p: Stock.objects.filter(product=p).update(quantity=0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_way_to_change_an_object_raises_its_version(change):
    product = make_product(tags=["Vegan"])
    make_review(product, steve())
    before = Product.objects.get(pk=product.pk).version
    Outbox.objects.all().delete()
    change(product)
    assert Product.objects.get(pk=product.pk).version > before
    assert Outbox.objects.filter(task="products.tasks.refresh", subject=f"product:{product.pk}").exists()


def test_a_sale_within_a_band_changes_nothing():
    product = make_product(stock=50)
    Outbox.objects.all().delete()
    Stock.objects.filter(product=product).update(quantity=49)
    assert not Outbox.objects.exists()


def test_a_deleted_product_leaves_an_outbox_row():
    product = make_product()
    pk = product.pk
    Outbox.objects.all().delete()
    product.delete()
    assert Outbox.objects.filter(subject=f"product:{pk}").exists()


def test_a_version_never_goes_back_even_for_a_row_made_again():
    product = make_product()
    first = Product.objects.get(pk=product.pk).version
    pk, category = product.pk, product.category
    product.delete()
    Product.objects.create(pk=pk, name="Again", slug="again", about="x", category=category, version=1)
    assert Product.objects.get(pk=pk).version > first


def test_nothing_is_told_of_what_is_rolled_back():
    product = make_product()
    Outbox.objects.all().delete()
    with pytest.raises(RuntimeError), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(name="Rye")
        raise RuntimeError
    assert not Outbox.objects.exists()


def test_a_promotion_waits_in_the_outbox_for_its_start_and_its_end():
    product = make_product()
    Outbox.objects.all().delete()
    start = timezone.now() + timedelta(seconds=5)
    Price.objects.create(product=product, cents=100, starts_at=start, ends_at=start + timedelta(hours=1))
    later = Outbox.objects.filter(subject=f"product:{product.pk}", due_at__gt=now_us() + 1_000_000).order_by("due_at")
    due = [row.due_at for row in later]
    starts = int(start.timestamp() * 1_000_000)
    assert len(due) == 2
    assert 0 <= due[0] - starts <= 3_000
    assert 0 <= due[1] - starts - 3_600_000_000 <= 3_000


def test_an_article_waits_for_its_day():
    tomorrow = timezone.now() + timedelta(days=1)
    article = Article.objects.create(title="T", slug="t", summary="s", body="b", published_at=tomorrow)
    assert Outbox.objects.filter(subject=f"article:{article.pk}", due_at__gt=now_us() + 3_600_000_000).exists()


def test_a_category_hears_of_products_that_move_and_of_no_others():
    product = make_product(tags=["Vegan"])
    other = Category.objects.create(name="Cakes", slug="cakes")
    Outbox.objects.all().delete()
    Product.objects.filter(pk=product.pk).update(name="Rye")
    assert not Outbox.objects.filter(subject__startswith="category:").exists()
    Product.objects.filter(pk=product.pk).update(category=other)
    told = set(Outbox.objects.filter(subject__startswith="category:").values_list("subject", flat=True))
    assert told == {f"category:{product.category_id}", f"category:{other.pk}"}


def test_bulk_loading_is_silent_and_leaves_the_triggers_as_they_were():
    product = make_product()
    Outbox.objects.all().delete()
    with suspended():
        Review.objects.bulk_create([Review(product=product, author=steve(), rating=5, body="Good.")])
    assert not Outbox.objects.exists()
    assert installed(connection) == wanted()


def test_a_missing_trigger_is_a_failed_check_and_migrate_mends_it():
    name = next(iter(wanted()))
    raw(f"DROP TRIGGER {name}")
    assert [error.id for error in check_triggers(["default"])] == ["jobs.E001"]
    call_command("migrate", verbosity=0)
    assert check_triggers(["default"]) == []
