"""Whatever way a row changes, its object's version rises and an outbox row waits, in the same transaction."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
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


def test_a_name_in_other_letters_is_another_name():
    product = make_product()
    author = make_review(product, make_user("maya")).author
    Outbox.objects.all().delete()
    type(author).objects.filter(pk=author.pk).update(name="Maya")
    assert Outbox.objects.filter(subject=f"product:{product.pk}").exists()


def test_bulk_loading_is_silent_and_leaves_the_triggers_as_they_were():
    product = make_product()
    Outbox.objects.all().delete()
    with suspended():
        Review.objects.bulk_create([Review(product=product, author=steve(), rating=5, body="Good.")])
    assert not Outbox.objects.exists()
    assert installed(connection) == wanted(connection)
    product.save()
    assert Outbox.objects.exists()


def test_no_name_of_a_trigger_is_too_long():
    assert max(map(len, wanted(connection))) <= 64  # characters, in MariaDB


@pytest.mark.skipif(connection.vendor == "sqlite", reason="reads by key there anyway")
def test_a_part_touches_its_object_by_key_and_reads_no_whole_table():
    products = [make_product(f"Loaf {number}") for number in range(50)]
    with connection.cursor() as cursor:
        before = rows_read(cursor)
        products[0].prices.update(cents=300)
        assert rows_read(cursor) - before < 50


def rows_read(cursor):
    cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
    return sum(int(count) for _, count in cursor.fetchall())


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time there")
@pytest.mark.django_db(transaction=True)
def test_two_who_review_one_loaf_at_once_do_not_wait_for_each_other_in_a_circle():
    product, authors = make_product(), [make_user(f"Guest {number}") for number in range(8)]
    together = threading.Barrier(len(authors))

    def write(author):
        try:
            with transaction.atomic():
                Outbox.objects.exists()
                together.wait(10)
                make_review(product, author)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(authors)) as pool:
        list(pool.map(write, authors))
    assert product.reviews.count() == len(authors)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="allowed there")
def test_a_change_that_reads_the_objects_table_is_refused_and_not_missed():
    product = make_product()
    with pytest.raises(OperationalError, match="1442"), transaction.atomic():
        Price.objects.filter(product__slug=product.slug).delete()
    assert product.prices.exists()


@pytest.mark.django_db(transaction=True)  # making a trigger commits in MariaDB
def test_a_missing_trigger_is_a_failed_check_and_migrate_mends_it():
    name = next(iter(wanted(connection)))
    raw(f"DROP TRIGGER {name}")
    assert [error.id for error in check_triggers(["default"])] == ["jobs.E001"]
    call_command("migrate", verbosity=0)
    assert check_triggers(["default"]) == []
