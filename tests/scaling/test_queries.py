"""The old pattern: the result of a query under its hash, thrown away by any write to a table that it reads."""

import pytest
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.expressions import RawSQL
from redis.exceptions import ConnectionError as RedisConnectionError

from products.models import Category, Document, Price, Product, Review, Tag
from scaling import queries
from scaling.queries import cached_query, tables_in
from scaling.replicas import current, unit_of_work
from scaling.stores import cache
from scaling.xray import measured

from ..factories import make_category, make_product, make_review

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loaf():
    with unit_of_work():
        loaf = make_product("Rye", tags=["Vegan"])
        make_review(loaf)
    asked(Tag.objects.values("pk"))  # the server is told the script
    cache().flushall()
    return loaf


@pytest.fixture(autouse=True)
def everybody_a_new_visitor(loaf):
    with unit_of_work():
        yield


def names():
    return Product.objects.order_by("pk").values_list("name", flat=True)


def asked(queryset):
    """What a stranger gets, and the SQL statements and round trips that it costs."""
    with unit_of_work(), measured() as cost:
        rows = cached_query(queryset)
    return rows, sum(cost.sql.values()) > 0, cost.trips["cache"]


def write(action, *args, **changes):
    with unit_of_work():
        return action(*args, **changes)


def test_a_result_is_found_under_its_query():
    assert asked(names()) == (["Rye"], True, 2)
    assert asked(names()) == (["Rye"], False, 1)


def test_other_parameters_and_other_forms_are_other_queries(loaf):
    products = Product.objects.filter(pk=loaf.pk)
    assert asked(products.values("name"))[0] == [{"name": "Rye"}]
    assert asked(products.values_list("name"))[0] == [["Rye"]]
    assert asked(products.values_list("name", flat=True))[0] == ["Rye"]
    assert asked(Product.objects.filter(pk=loaf.pk + 1).values_list("name", flat=True))[0] == []


def test_rows_look_the_same_however_they_came(loaf):
    moments = Product.objects.values("created_at", "baked_at")
    first, second = asked(moments)[0], asked(moments)[0]
    with transaction.atomic():
        inside = cached_query(moments)
    assert first == second == inside == [{"created_at": loaf.created_at.isoformat(), "baked_at": None}]


@pytest.mark.parametrize(
    "queryset", [lambda: Product.objects.all(), lambda: Product.objects.values_list("name", named=True)]
)
def test_instances_are_refused(queryset):
    with pytest.raises(TypeError, match=r"takes \.values"):
        cached_query(queryset())


def test_a_table_whose_writes_give_no_stamp_is_refused():
    with pytest.raises(ValueError, match="products_document"):
        cached_query(Document.objects.values("data"))
    with measured() as cost:
        write(Document.objects.update, price=1)
    assert cost.trips["cache"] == 0


def test_nothing_is_asked_for_what_cannot_be():
    assert asked(Product.objects.none().values("name")) == ([], False, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda loaf: Product.objects.filter(pk=loaf.pk).update(name="Spelt"),
        lambda loaf: loaf.save(),
        lambda loaf: Product.objects.bulk_create([Product(name="B", slug="b", about="", category=loaf.category)]),
        lambda loaf: connection.cursor().execute("UPDATE products_product SET name = 'Spelt'"),
    ],
    ids=["update", "save", "bulk_create", "SQL"],
)
def test_a_write_throws_away_what_was_read_from_its_table(loaf, change):
    asked(names())
    write(change, loaf)
    assert asked(names())[1:] == (True, 2)


def test_one_write_throws_away_every_result_of_its_table_and_no_other(loaf):
    shelves = Category.objects.values_list("name", flat=True)
    first, second = Product.objects.filter(pk=loaf.pk).values("name"), Product.objects.values("slug")
    for queryset in (first, second, shelves):
        asked(queryset)
    write(make_product, "Bagel", category=loaf.category)
    assert [asked(queryset)[1] for queryset in (first, second, shelves)] == [True, True, False]


@pytest.mark.parametrize(
    "queryset",
    [
        lambda: Product.objects.filter(prices__cents__gt=1).values("name"),
        lambda: Product.objects.filter(Exists(Price.objects.filter(product=OuterRef("pk")))).values("name"),
        lambda: Product.objects.filter(pk__in=Price.objects.values("product_id")).values("name"),
        lambda: names().order_by().union(Price.objects.order_by().values_list("label", flat=True)),
        lambda: Product.objects.annotate(n=RawSQL("(SELECT count(*) FROM products_price)", ())).values("n"),
    ],
    ids=["join", "exists", "in", "union", "raw"],
)
def test_every_table_that_a_query_reads_counts(loaf, queryset):
    asked(queryset())
    assert not asked(queryset())[1]
    write(Price.objects.filter(product=loaf).update, cents=99)
    assert asked(queryset())[1]


def test_tables_between_two_models_count(loaf):
    tags = Tag.objects.filter(products__name="Rye").values_list("name", flat=True)
    assert asked(tags)[0] == ["Vegan"]
    write(loaf.tags.clear)
    assert asked(tags)[0] == []
    assert tables_in(str(tags.query)) == {"products_tag", "products_product", "products_product_tags"}


def test_a_deletion_that_django_cascades_is_seen(loaf):
    reviews = Review.objects.values_list("body", flat=True)
    assert len(asked(reviews)[0]) == 1
    write(loaf.delete)
    assert asked(reviews)[0] == []


def test_a_transaction_gives_its_stamps_after_the_commit_in_one_round_trip(loaf):
    asked(names())
    with unit_of_work(), measured() as cost, transaction.atomic():
        for name in ("Spelt", "Barley"):
            Product.objects.filter(pk=loaf.pk).update(name=name)
            make_category(name)
        before = cache().mget("stamp:products_product", "stamp:products_category")
        cost.trips.clear()
    assert cost.trips["cache"] == 1
    after = cache().mget("stamp:products_product", "stamp:products_category")
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert asked(names())[0] == ["Barley"]


def test_what_is_rolled_back_throws_nothing_away(loaf):
    asked(names())
    with unit_of_work(), pytest.raises(ZeroDivisionError), transaction.atomic():
        Product.objects.update(name="Spelt")
        raise ZeroDivisionError
    assert asked(names()) == (["Rye"], False, 1)


def test_a_savepoint_that_is_rolled_back_takes_no_stamp_of_the_others_along(loaf):
    asked(names())
    with unit_of_work(), transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Product.objects.update(name="Spelt")
            raise ZeroDivisionError
        Product.objects.update(name="Barley")
    assert asked(names())[0] == ["Barley"]


def test_an_evicted_stamp_brings_no_old_result_back(loaf):
    asked(names())
    write(Product.objects.update, name="Spelt")
    cache().delete("stamp:products_product")
    assert asked(names())[0] == ["Spelt"]
    cache().delete("stamp:products_product")
    assert asked(names())[1:] == (True, 2)


def test_inside_a_transaction_and_after_a_write_the_database_is_asked(loaf):
    asked(names())
    with transaction.atomic(), measured() as cost:
        cached_query(names())
    assert (cost.sql["default"], cost.trips["cache"]) == (1, 0)
    current().bears_token = True
    with measured() as cost:
        cached_query(names())
    assert (sum(cost.sql.values()) > 0, cost.trips["cache"]) == (True, 0)
    with unit_of_work():
        Product.objects.update(name="Spelt")
        assert cached_query(names()) == ["Spelt"]


def test_with_the_cache_down_the_database_is_asked_and_writes_succeed(loaf, monkeypatch):
    def refuse():
        raise RedisConnectionError("refused")

    asked(names())
    with monkeypatch.context() as away:
        away.setattr(queries, "cache", refuse)
        assert asked(names())[0] == ["Rye"]
        with unit_of_work(), transaction.atomic():
            Product.objects.filter(pk=loaf.pk).update(name="Spelt")
        assert asked(names())[0] == ["Spelt"]


def test_a_result_ends_with_its_time_out():
    cached_query(names(), seconds=77)
    (key,) = cache().keys("q:*")
    assert 70 <= cache().ttl(key) <= 77


def between_asking_and_storing(monkeypatch, happens):
    """Have something happen when a reader has its rows and has not stored them yet."""
    compress = queries.codec.compress

    def interrupted(rows):
        monkeypatch.setattr(queries.codec, "compress", compress)
        happens()
        return compress(rows)

    monkeypatch.setattr(queries.codec, "compress", interrupted)


def test_a_reader_from_before_a_commit_who_stores_after_the_stamp_does_no_harm(monkeypatch):
    between_asking_and_storing(monkeypatch, lambda: write(Product.objects.update, name="Spelt"))
    assert asked(names())[0] == ["Rye"]  # it was true when it was read
    assert asked(names())[0] == ["Spelt"]


def test_between_the_commit_and_its_stamp_the_result_from_before_is_given(monkeypatch):
    asked(names())
    given = []
    stamp = queries.stamp

    def late(tables):
        given.append(asked(names())[0])
        stamp(tables)

    monkeypatch.setattr(queries, "stamp", late)
    write(Product.objects.update, name="Spelt")
    assert given == [["Rye"]]
    assert asked(names())[0] == ["Spelt"]


def test_a_commit_whose_process_dies_before_the_stamp_is_not_heard_of(monkeypatch):
    asked(names())
    monkeypatch.setattr(queries, "stamp", lambda tables: None)
    write(Product.objects.update, name="Spelt")
    assert asked(names()) == (["Rye"], False, 1)  # until the time-out: this is why there is another pattern


def test_what_a_replica_gives_is_not_stored(monkeypatch):
    monkeypatch.setattr(queries, "may_store", lambda: False)
    assert asked(names()) == (["Rye"], True, 1)
    assert cache().keys("q:*") == []
