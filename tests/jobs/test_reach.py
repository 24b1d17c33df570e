"""Whoever a trigger could not see is raised after the commit, and whoever it saw is left alone."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from jobs import reach
from jobs.changes import CHANGES
from jobs.models import Outbox, now_us
from jobs.objects import reach as task
from jobs.versions import versions_of
from jobs.watched import REACH, Part
from products.models import Tag
from scaling import comparing

from ..factories import make_category, make_price, make_product, make_review, make_tag, make_user

pytestmark = pytest.mark.django_db
ON_MARIADB = pytest.mark.skipif(connection.vendor == "sqlite", reason="one writes at a time there")


def make_row(part, **changes):
    """The row of a trigger that was told of this tag and has seen nobody."""
    subject = f"product/{part._meta.db_table}:{part.pk}"
    return Outbox.objects.create(**{"task": REACH, "subject": subject, "created_at": now_us()} | changes)


def version_of(product):
    return versions_of("product", [product.pk], "default")[product.pk]


def work(*rows):
    task([[row.pk, row.subject] for row in rows])


def left():
    return list(Outbox.objects.filter(task=REACH).order_by("subject").values_list("subject", flat=True))


def test_whoever_owns_the_row_by_then_is_raised_and_told():
    tag, shelf = make_tag(), make_category("Cakes")
    tagged, shelved, other = make_product(tags=[tag]), make_product("Rye", category=shelf), make_product("Bagel")
    before = [version_of(each) for each in (tagged, shelved, other)]
    Outbox.objects.all().delete()
    work(make_row(tag), make_row(shelf))
    after = [version_of(each) for each in (tagged, shelved, other)]
    assert [new > old for new, old in zip(after, before, strict=True)] == [True, True, False]
    told = set(Outbox.objects.values_list("subject", flat=True))
    assert told == {f"product:{tagged.pk}", f"product:{shelved.pk}"}


def test_whoever_the_trigger_has_raised_is_not_raised_twice():
    tag = make_tag()
    loaf = make_product(tags=[tag])
    before = version_of(loaf)
    work(make_row(tag, created_at=before - 1), make_row(tag, created_at=before))
    assert version_of(loaf) == before


def test_whoever_was_raised_since_by_somebody_else_is_raised():
    """It may have been before the commit, with a build that has read what was there before."""
    tag = make_tag()
    loaf = make_product(tags=[tag])
    before = version_of(loaf)
    work(make_row(tag, created_at=before - 1))
    assert version_of(loaf) > before


def test_many_owners_are_raised_in_steps(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(reach, "STEP", 2)
    tag = make_tag()
    loaves = [make_product(f"Loaf {number}", tags=[tag]) for number in range(5)]
    before, row = [version_of(loaf) for loaf in loaves], make_row(tag)
    with django_assert_num_queries(1 + 3 * (2 + 3)):  # the rows; in each step two that read, and a transaction
        reach.raise_unseen([row.subject])
    assert all(version_of(loaf) > old for loaf, old in zip(loaves, before, strict=True))


def test_what_is_done_already_is_not_done_again():
    tag = make_tag()
    loaf = make_product(tags=[tag])
    before, row = version_of(loaf), make_row(tag)
    Outbox.objects.filter(pk=row.pk).delete()
    work(row)
    assert version_of(loaf) == before


def test_what_only_another_release_declares_is_left_to_it():
    known = make_row(make_tag())
    unknown = make_row(make_tag("Nuts"), subject="product/products_flour:1")
    with pytest.raises(LookupError, match="products_flour:1"):
        work(known, unknown)
    assert left() == [unknown.subject]
    assert CHANGES.undone(5) is not None


def test_whoever_it_may_raise_is_in_flight():
    tags = [make_tag(), make_tag("Nuts")]
    loaves = [make_product(f"Loaf {number}", tags=tags) for number in range(3)]
    Outbox.objects.all().delete()
    for tag in tags:
        make_row(tag)
    names = {f"product:{loaf.pk}" for loaf in loaves}
    assert comparing.undone() == set(CHANGES.undone(3)) == names
    assert CHANGES.undone(2) is None


def test_nothing_is_built_before_it_was_looked_for_again():
    row = make_row(make_tag())
    assert not CHANGES.are_built(row.created_at)
    work(row)
    assert CHANGES.are_built(row.created_at)


def test_a_search_by_two_columns_is_refused():
    with pytest.raises(ImproperlyConfigured, match="one column"):
        _ = Part(Tag, "SELECT id FROM loaves WHERE tag = {row}.id OR name = {row}.name").sought_by


@ON_MARIADB
def test_a_change_of_a_part_that_names_its_owner_leaves_no_such_row():
    loaf, author = make_product(), make_user()
    Outbox.objects.all().delete()
    make_price(loaf, 300).delete()
    make_review(loaf, author)
    loaf.stock.delete()
    loaf.save()
    make_tag("Nuts").delete()
    assert left() == []


@ON_MARIADB
def test_a_change_of_a_part_whose_owners_are_searched_for_leaves_a_row_for_each_kind():
    tag = make_tag()
    Outbox.objects.all().delete()
    Tag.objects.filter(pk=tag.pk).update(name="Plants")
    assert left() == [f"tags/products_tag:{tag.pk}"], "the products are gone through in bulk"


@ON_MARIADB
def test_what_a_trigger_has_raised_has_the_time_of_its_row():
    tag, shelves = make_tag(), [make_category(name) for name in ("Cakes", "Pies")]
    for shelf in shelves:
        make_product(tags=[tag], category=shelf)
    Outbox.objects.all().delete()
    Tag.objects.filter(pk=tag.pk).update(name="Plants")
    row = Outbox.objects.get(task=REACH)
    assert set(versions_of("tags", [shelf.pk for shelf in shelves], "default").values()) == {row.created_at}
    work(row)
    assert set(versions_of("tags", [shelf.pk for shelf in shelves], "default").values()) == {row.created_at}
