"""Whatever way a row changes, its object's version rises and an outbox row waits, in the same transaction."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs import triggers
from jobs.models import Outbox, Version, now_us
from jobs.triggers import DIALECTS, check_triggers, installed, suspended, wanted, watched_objects
from jobs.versions import versions_of
from jobs.watched import Part, Watched
from products.models import Article, Category, Price, Product, Review, Stock, Tag, Text

from ..factories import ada, make_category, make_product, make_review, make_tag, make_user, steve
from ..servers import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db


def raw(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def version_of(obj, name="product"):
    return versions_of(name, [obj.pk], "default")[obj.pk]


def through(**changes):
    """A statement on the prices that finds them by their product's row."""
    return lambda p: Price.objects.filter(product__slug=p.slug).update(**changes)


def admin_action(p):
    client = Client()
    client.force_login(ada())
    asked = {"action": "delete_selected", "_selected_action": p.reviews.get().pk, "post": "yes"}
    assert client.post(reverse("admin:products_review_changelist"), asked).status_code == 302


CHANGES = {
    "save": lambda p: p.save(),
    "delete": lambda p: Product.objects.get(pk=p.pk).delete(),
    "update": lambda p: Product.objects.filter(pk=p.pk).update(name="Rye"),
    "update through a relation": lambda p: Product.objects.filter(category__slug="bread").update(name="Rye"),
    "delete through a relation": lambda p: Product.objects.filter(category__slug="bread").delete(),
    "bulk update": lambda p: Product.objects.bulk_update([p], ["about"]),
    "raw SQL": lambda p: raw("UPDATE products_product SET about = 'new' WHERE id = %s", p.pk),
    "price added": lambda p: p.prices.create(cents=300),
    "price updated": lambda p: p.prices.update(cents=300),
    "price deleted": lambda p: p.prices.all().delete(),
    "price updated through its product": through(cents=1),
    "price deleted through its product": lambda p: Price.objects.filter(product__category=p.category).delete(),
    "prices in bulk": lambda p: Price.objects.bulk_create([Price(product=p, cents=1)]),
    "prices of a subselect": lambda p: raw(
        "UPDATE products_price SET cents = cents * 2"
        " WHERE product_id IN (SELECT id FROM products_product WHERE category_id = %s)",
        p.category_id,
    ),
    "prices deleted by a subselect": lambda p: raw(
        "DELETE FROM products_price WHERE product_id IN (SELECT id FROM products_product WHERE slug = %s)", p.slug
    ),
    "prices from a select": lambda p: raw(
        "INSERT INTO products_price (product_id, cents, label, starts_at)"
        " SELECT id, 1, '', '2026-01-01' FROM products_product WHERE slug = %s",
        p.slug,
    ),
    "text": lambda p: Text.objects.create(product=p, kind="story", body="A day and a night."),
    "stock upserted": lambda p: Stock.objects.bulk_create(
        [Stock(product=p, quantity=0)], update_conflicts=True, update_fields=["quantity"], unique_fields=UNIQUE
    ),
    "tag added": lambda p: p.tags.add(make_tag("Rye")),
    "tags set": lambda p: p.tags.set([make_tag("Nuts")]),
    "tags cleared": lambda p: p.tags.clear(),
    "tagged from the other side": lambda p: make_tag("Nuts").products.add(p),
    "tag set from the other side": lambda p: make_tag("Nuts").products.set([p]),
    "tag cleared from the other side": lambda p: make_tag("Vegan").products.clear(),
    "tag deleted": lambda p: Tag.objects.filter(slug="vegan").delete(),
    "review": lambda p: make_review(p, make_user("Maya")),
    "review deleted in the admin": admin_action,
    "reviews deleted through their author": lambda p: Review.objects.filter(author__name="Steve").delete(),
    "reviewer deleted": lambda p: p.reviews.get().author.delete(),
    "related": lambda p: p.related.add(make_product("Bagel")),
    "related no more": lambda p: p.related.clear(),
    "sold out": lambda p: Stock.objects.filter(product=p).update(quantity=0),
    "sold out through its product": lambda p: Stock.objects.filter(product__slug=p.slug).update(quantity=0),
}
OF_ANOTHER_RELEASE = {
    "sqlite": "CREATE TRIGGER version_former AFTER INSERT ON products_price BEGIN SELECT 1; END",
    "mysql": "CREATE TRIGGER version_former AFTER INSERT ON products_price FOR EACH ROW SET @former = 1",
}
UNIQUE = None if connection.vendor == "mysql" else ["product"]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_way_to_change_an_object_raises_its_version(change):
    product = make_product(tags=["Vegan"])
    product.related.add(make_product("Rye"))
    make_review(product, steve())
    before, pk = version_of(product), product.pk
    Outbox.objects.all().delete()
    change(product)
    assert versions_of("product", [pk], "default")[pk] > before
    assert Outbox.objects.filter(task="jobs.objects.refresh", subject=f"product:{pk}").exists()


def test_an_upsert_of_objects_raises_those_that_were_there_and_those_that_were_not():
    product = make_product()
    before = version_of(product)
    rows = [product, Product(pk=product.pk + 1, name="Rye", slug="rye", about="x", category=product.category)]
    unique = None if connection.vendor == "mysql" else ["id"]
    Product.objects.bulk_create(rows, update_conflicts=True, update_fields=["name"], unique_fields=unique)
    versions = versions_of("product", [row.pk for row in rows], "default")
    assert min(versions.values()) > before


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
    pk, category = product.pk, product.category
    Version.objects.update(version=now_us() + 60_000_000)  # a server whose clock was ahead
    seen = [version_of(product)]
    product.delete()
    seen += versions_of("product", [pk], "default").values()
    seen.append(version_of(Product.objects.create(pk=pk, name="Again", slug="again", about="x", category=category)))
    assert seen == sorted(set(seen))


def test_an_object_never_heard_of_has_no_version():
    assert versions_of("product", [make_product().pk + 1], "default") == {}


def test_versions_are_compared_byte_by_byte():
    make_product()
    assert not Version.objects.filter(subject__startswith="product:").filter(subject__in=["PRODUCT:1"]).exists()
    Version.objects.create(subject="product:a", version=1)
    Version.objects.create(subject="product:A", version=2)
    assert Version.objects.get(subject="product:a").version == 1


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


def test_the_tags_of_a_shelf_hear_of_products_that_move_and_of_no_others():
    product = make_product(tags=["Vegan"])
    other = Category.objects.create(name="Cakes", slug="cakes")
    Outbox.objects.all().delete()
    Product.objects.filter(pk=product.pk).update(name="Rye")
    assert not Outbox.objects.filter(subject__startswith="tags:").exists()
    Product.objects.filter(pk=product.pk).update(category=other)
    told = set(Outbox.objects.filter(subject__startswith="tags:").values_list("subject", flat=True))
    assert told == {f"tags:{product.category_id}", f"tags:{other.pk}"}
    assert not Outbox.objects.filter(subject__startswith="category:").exists(), "the header stays as it is"


def test_a_name_in_other_letters_is_another_name():
    author = make_user("maya")
    Outbox.objects.all().delete()
    type(author).objects.filter(pk=author.pk).update(name="Maya")
    assert Outbox.objects.filter(subject=f"person:{author.pk}").exists()


def test_bulk_loading_is_silent_and_leaves_the_triggers_as_they_were():
    product = make_product()
    Outbox.objects.all().delete()
    with suspended():
        Review.objects.bulk_create([Review(product=product, author=steve(), rating=5, body="Good.")])
    assert not Outbox.objects.exists()
    assert installed(connection) == wanted(connection)
    product.save()
    assert Outbox.objects.exists()


def test_two_parts_of_one_table_are_refused_for_one_would_be_lost():
    parts = [Part(Review, "product_id"), Part(Review, "author_id")]
    with pytest.raises(ImproperlyConfigured, match="two parts in products_review"):
        triggers.DIALECTS[connection.vendor].triggers(Watched("loaf", Product, "loaves", parts))


def test_a_trigger_of_another_form_has_another_name():
    """So those of two releases stand side by side."""
    dialect = triggers.DIALECTS[connection.vendor]
    names = [
        set(dialect.triggers(Watched("shelf", Category, task, only=only)))
        for task, only in [("t", ["{row}.name"]), ("t", ["{row}.slug"]), ("u", ["{row}.name"])]
    ]
    assert all(one - another for one in names for another in names if one is not another)


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
                together.wait(PATIENCE_SECONDS)
                make_review(product, author)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(authors)) as pool:
        list(pool.map(write, authors))
    assert product.reviews.count() == len(authors)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time there")
@pytest.mark.django_db(transaction=True)
def test_single_statements_over_one_loaf_never_wait_for_each_other_in_a_circle():
    loaf, authors = make_product(tags=["Vegan"]), [make_user(f"Guest {number}") for number in range(20)]
    together = threading.Barrier(4)
    statements = [
        lambda number: Product.objects.filter(pk=loaf.pk).update(name=f"Rye {number}"),
        lambda number: Price.objects.filter(product__slug=loaf.slug).update(cents=number + 1),
        lambda number: Review.objects.bulk_create([Review(product=loaf, author=authors[number], rating=5, body="x")]),
        lambda number: Tag.objects.filter(slug="vegan").update(name=f"Plants {number}"),
    ]

    def write(statement):
        try:
            together.wait(PATIENCE_SECONDS)
            for number in range(len(authors)):
                statement(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(statements)) as pool:
        list(pool.map(write, statements))
    assert loaf.reviews.count() == len(authors)


@pytest.fixture
def watching_names_alone(monkeypatch):
    """The shelves again, as something that shows nothing but their names."""
    monkeypatch.setattr(triggers, "_watched", {"shelf": Watched("shelf", Category, "shelves", only=["{row}.name"])})
    triggers.install()
    yield
    monkeypatch.undo()
    triggers.install()


@pytest.mark.django_db(transaction=True)  # making a trigger commits in MariaDB
def test_what_an_object_does_not_show_of_its_own_row_does_not_matter(watching_names_alone):
    shelf = make_category()
    before = version_of(shelf, "shelf")
    Category.objects.filter(pk=shelf.pk).update(position=9)
    assert version_of(shelf, "shelf") == before
    Category.objects.filter(pk=shelf.pk).update(name="BREAD")
    assert version_of(shelf, "shelf") > before


@pytest.mark.django_db(transaction=True)
def test_a_deploy_keeps_the_triggers_of_the_release_that_runs_until_it_is_proved(monkeypatch):
    """Given a release that shows no prices
    When it is deployed
    Then what the release before shows is told of until the next migrate, and no longer."""
    product = make_product()

    def is_told(cents):
        before = version_of(product)
        product.prices.update(cents=cents)
        return version_of(product) > before

    try:
        with monkeypatch.context() as patch:
            patch.setattr(triggers, "_watched", {"product": Watched("product", Product, "t", only=["{row}.name"])})
            call_command("migrate", keep_triggers=True, verbosity=0)
            assert is_told(301)
            assert [warning.id for warning in check_triggers(["default"])] == ["jobs.W002"]
            call_command("migrate", verbosity=0)
            assert not is_told(302)
            assert installed(connection) == wanted(connection)
        call_command("migrate", keep_triggers=True, verbosity=0)  # before it is rolled back
        assert is_told(303)
    finally:
        triggers.install()
    assert check_triggers(["default"]) == []


@pytest.mark.django_db(transaction=True)
def test_the_triggers_of_another_release_go_without_a_word(monkeypatch):
    """Nothing has gone untold: all objects would be built for nothing."""
    pk = make_product().pk
    raw(OF_ANOTHER_RELEASE[connection.vendor])
    Outbox.objects.all().delete()
    before = versions_of("product", [pk], "default")
    call_command("migrate", verbosity=0)
    assert installed(connection) == wanted(connection)
    assert versions_of("product", [pk], "default") == before
    assert not Outbox.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_trigger_that_somebody_has_altered_is_made_again():
    product = make_product()
    name, _ = next(item for item in installed(connection).items() if "ON products_price " in item[1])
    statement = OF_ANOTHER_RELEASE[connection.vendor].replace("version_former", name)
    raw(f"DROP TRIGGER {name}")
    raw(statement)
    assert [error.id for error in check_triggers(["default"])] == ["jobs.E001"]
    before = version_of(product)
    call_command("migrate", verbosity=0)
    assert installed(connection) == wanted(connection)
    assert version_of(product) > before


@pytest.mark.django_db(transaction=True)
def test_a_migration_may_make_every_table_again_and_the_versions_in_them_are_kept():
    product, ahead = make_product(), now_us() + 3_600_000_000
    try:
        call_command("migrate", "products", "0001", verbosity=0)
        raw("UPDATE products_product SET version = %s WHERE id = %s", ahead, product.pk)
        Version.objects.all().delete()
    finally:
        call_command("migrate", verbosity=0)
    assert version_of(product) == ahead + 1  # kept, and raised: nobody told of what was written meanwhile
    assert check_triggers(["default"]) == []
    product.save()
    assert version_of(product) > 5


@pytest.mark.django_db(transaction=True)  # making a trigger commits in MariaDB
def test_a_missing_trigger_is_a_failed_check_and_migrate_mends_it():
    name = next(iter(wanted(connection)))
    raw(f"DROP TRIGGER {name}")
    assert [error.id for error in check_triggers(["default"])] == ["jobs.E001"]
    call_command("migrate", verbosity=0)
    assert check_triggers(["default"]) == []


def test_the_real_migrate_mends_what_check_refuses(tmp_path):
    """Given a shop whose triggers are not those declared, as after a restored dump
    When somebody types what the check tells them to
    Then the triggers are made, and the check has nothing to say."""
    manage(tmp_path, "migrate")
    name = next(iter(DIALECTS["sqlite"].triggers(watched_objects()["product"])))
    with closing(sqlite3.connect(tmp_path / "shop.sqlite3")) as file:
        file.execute(f"DROP TRIGGER {name}")
    refused = manage(tmp_path, "check", "--database", "default")
    assert (refused.returncode, "jobs.E001" in refused.stderr) == (1, True)
    assert "Run manage.py migrate" in refused.stderr
    mended = manage(tmp_path, "migrate")
    assert (mended.returncode, "jobs.W001" in mended.stderr, name in mended.stderr) == (0, True, True)
    assert manage(tmp_path, "check", "--database", "default").returncode == 0


def manage(folder, *words):
    """The command line itself, over an SQLite shop of its own: `call_command` passes the checks by."""
    environment = os.environ | {"STATE_DIR": str(folder), "DATABASE_URL": "", "REPLICA_URLS": ""}
    environment |= {"DJANGO_SETTINGS_MODULE": "settings.embedded"}
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, check=False)
