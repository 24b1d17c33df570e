"""The router's promise for each way the ORM has to a database, by the connection that executed the statement.

Outside a transaction what only reads goes to one replica, and what writes goes whole to the primary, with the reads
that it does on its way. Inside one, everything is the primary's. Objects come from a replica beforehand: where they
came from decides nothing.
"""

from contextlib import ExitStack, contextmanager

import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections, transaction
from django.db.models import Count, Max, Prefetch
from django.db.transaction import TransactionManagementError

from products.models import Category, Price, Product, Review, Tag
from scaling.replicas import is_write, primary, unit_of_work

from ..factories import make_category, make_product, make_review, make_tag, steve

pytestmark = pytest.mark.django_db(transaction=True)

READ_REPLICA, READ_PRIMARY, WRITE_PRIMARY = ("read", "replica"), ("read", "primary"), ("write", "primary")
READS = {READ_REPLICA}
WRITES = {WRITE_PRIMARY}
READS_TO_WRITE = {READ_PRIMARY, WRITE_PRIMARY}
TRANSACTIONS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "SET ")


def new_product(**fields):
    about = {"name": "Rye", "slug": "rye", "about": "Dark.", "category": Category.objects.first()}
    return Product(**about | fields)


def save_after_setting_the_foreign_key(product):
    product.category = Category.objects.exclude(pk=product.category_id).first() or product.category
    product.save()


def deferred_field(product):
    return Product.objects.only("pk").get(pk=product.pk).name


READING = {
    "get": lambda product: Product.objects.get(pk=product.pk),
    "filter": lambda product: list(Product.objects.filter(category=product.category_id)),
    "first": lambda product: Product.objects.order_by("pk").first(),
    "exists": lambda product: Product.objects.exists(),
    "count": lambda product: Product.objects.count(),
    "aggregate": lambda product: Product.objects.aggregate(Max("pk")),
    "annotate": lambda product: list(Product.objects.annotate(Count("reviews"))),
    "values": lambda product: list(Product.objects.values_list("name", flat=True)),
    "in_bulk": lambda product: Product.objects.in_bulk([product.pk]),
    "iterator": lambda product: list(Product.objects.iterator()),
    "raw": lambda product: list(Product.objects.raw("SELECT * FROM products_product")),
    "union": lambda product: list(Tag.objects.order_by().union(Tag.objects.order_by())),
    "explain": lambda product: Product.objects.all().explain(),
    "select_related": lambda product: list(Product.objects.select_related("category")),
    "prefetch_related": lambda product: list(Product.objects.prefetch_related("tags", "reviews", "prices")),
    "prefetch with a queryset": lambda product: list(
        Product.objects.prefetch_related(Prefetch("reviews", Review.objects.filter(rating=5), to_attr="best"))
    ),
    "prefetch of an object": lambda product: product.__class__.objects.prefetch_related("tags").get(pk=product.pk),
    "foreign key": lambda product: Price.objects.first().product.name,
    "reverse foreign key": lambda product: list(product.reviews.all()),
    "many to many": lambda product: list(product.tags.all()),
    "one to one": lambda product: product.stock,
    "deferred field": deferred_field,
    "refresh_from_db": lambda product: product.refresh_from_db(),
    # Asked of a replica: it spares the visitor a round and decides nothing. The constraint in the table decides.
    "validate_unique": lambda product: new_product().validate_unique(),
}
WRITING = {
    "validate_constraints": (lambda product: Price(product=product, cents=1).validate_constraints(), {READ_PRIMARY}),
    "create": (lambda product: Tag.objects.create(name="Rye", slug="rye"), WRITES),
    "get_or_create, there": (lambda product: Tag.objects.get_or_create(slug="vegan"), {READ_PRIMARY}),
    "get_or_create, new": (
        lambda product: Tag.objects.get_or_create(slug="rye", defaults={"name": "Rye"}),
        READS_TO_WRITE,
    ),
    "update_or_create, there": (
        lambda product: Tag.objects.update_or_create(slug="vegan", defaults={"name": "Green"}),
        READS_TO_WRITE,
    ),
    "update_or_create, new": (
        lambda product: Tag.objects.update_or_create(slug="rye", defaults={"name": "Rye"}),
        READS_TO_WRITE,
    ),
    "related get_or_create": (lambda product: product.tags.get_or_create(slug="rye", name="Rye"), READS_TO_WRITE),
    "save": (lambda product: product.save(), WRITES),
    "save of some fields": (lambda product: product.save(update_fields=["name"]), WRITES),
    "foreign key set": (save_after_setting_the_foreign_key, {READ_REPLICA, WRITE_PRIMARY}),
    "many to many add": (lambda product: product.tags.add(Tag.objects.create(name="Rye", slug="rye")), None),
    "many to many set": (lambda product: product.tags.set([]), READS_TO_WRITE),
    "many to many create": (lambda product: product.tags.create(name="Rye", slug="rye"), None),
    "many to many remove": (lambda product: product.tags.remove(1), None),
    "many to many clear": (lambda product: product.tags.clear(), None),
    "update": (lambda product: Product.objects.filter(pk=product.pk).update(name="Rye"), WRITES),
    "bulk_create": (lambda product: Tag.objects.bulk_create([Tag(name="Rye", slug="rye")]), WRITES),
    "bulk_update": (lambda product: Product.objects.bulk_update([product], ["name"]), WRITES),
    "delete with cascades": (lambda product: product.delete(), None),
    "delete of many": (lambda product: Review.objects.all().delete(), None),
    "related create": (lambda product: product.prices.create(cents=100), WRITES),
}


@contextmanager
def executed():
    """What is executed where inside the block: pairs of "read" or "write" and "primary" or "replica"."""
    done, replicas = set(), set()

    def note(execute, sql, params, many, context):
        alias = context["connection"].alias
        if not sql.lstrip().upper().startswith(TRANSACTIONS):
            done.add(("write" if is_write(sql) else "read", "primary" if alias == "default" else "replica"))
            replicas.update({alias} - {"default"})
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for each in connections.all():
            stack.enter_context(each.execute_wrapper(note))
        yield done
    assert len(replicas) <= 1, "one replica a unit of work"


@pytest.fixture
def product(db):
    """Read from a replica, with everything that may hang on one."""
    make_category("Cakes")
    loaf = make_product(tags=["Vegan"])
    make_review(loaf, steve())
    for replica in settings.MARIADB.replicas if settings.MARIADB else ():
        replica.catch_up(settings.MARIADB.primary)
    with unit_of_work():
        found = Product.objects.get(pk=loaf.pk)
        assert found._state.db in settings.REPLICAS
    return found


@pytest.mark.parametrize("name", READING)
def test_what_only_reads_goes_to_a_replica(product, name):
    with unit_of_work(), executed() as done:
        READING[name](product)
    assert done == READS


@pytest.mark.parametrize("name", READING)
def test_inside_a_transaction_it_goes_to_the_primary(product, name):
    with unit_of_work(), transaction.atomic(), executed() as done:
        READING[name](product)
    assert done == {READ_PRIMARY}


@pytest.mark.parametrize("name", READING)
def test_after_a_write_it_goes_to_the_primary(product, name):
    with unit_of_work():
        make_tag("Rye")
        with executed() as done:
            READING[name](product)
    assert done == {READ_PRIMARY}


@pytest.mark.parametrize("name", READING)
def test_in_a_block_it_goes_to_the_primary(product, name):
    with unit_of_work(), primary(), executed() as done:
        READING[name](product)
    assert done == {READ_PRIMARY}


@pytest.mark.parametrize("name", WRITING)
def test_what_writes_goes_to_the_primary(product, name):
    verb, expected = WRITING[name]
    with unit_of_work(), executed() as done:
        verb(product)
    assert done == (expected or done - {READ_REPLICA})
    assert ("write", "replica") not in done


@pytest.mark.parametrize("name", WRITING)
def test_what_writes_inside_a_transaction_touches_no_replica(product, name):
    with unit_of_work(), transaction.atomic(), executed() as done:
        WRITING[name][0](product)
    assert done
    assert {where for _, where in done} == {"primary"}


def test_a_lock_is_taken_on_the_primary_and_only_in_a_transaction(product):
    with unit_of_work(), transaction.atomic(), executed() as done:
        Product.objects.select_for_update().get(pk=product.pk)
        list(Product.objects.select_for_update().filter(pk=product.pk))
    assert done == {READ_PRIMARY}
    if connection.features.has_select_for_update:
        with unit_of_work(), pytest.raises(TransactionManagementError):
            Product.objects.select_for_update().get(pk=product.pk)


@pytest.mark.parametrize("alias", settings.REPLICAS)
@pytest.mark.parametrize("write", ["update", "create", "delete", "save"])
def test_a_write_that_was_sent_to_a_replica_by_accident_is_an_error(product, alias, write):
    there = Product.objects.using(alias)
    with unit_of_work(), pytest.raises(OperationalError):
        if write == "update":
            there.filter(pk=product.pk).update(name="Rye")
        elif write == "create":
            Tag.objects.using(alias).create(name="Rye", slug="rye")
        elif write == "delete":
            Review.objects.using(alias).all().delete()
        else:
            product.save(using=alias)
    assert Product.objects.get(pk=product.pk).name == product.name
