"""What was changed while triggers were missing is told once they are back."""

import pytest
from django.db import connection

from jobs import untold
from jobs.models import Outbox, Version, now_us
from jobs.triggers import install, installed, wanted
from jobs.versions import versions_of
from products.models import Product

from ..factories import make_product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def away():
    """The triggers are gone, as in the middle of a migration."""

    def drop():
        Outbox.objects.all().delete()
        with connection.cursor() as cursor:
            for name in installed(connection):
                cursor.execute(f"DROP TRIGGER {name}")

    yield drop
    install()


def test_what_was_changed_deleted_or_made_meanwhile_is_told(away, monkeypatch):
    monkeypatch.setattr(untold, "BATCH", 2)
    changed, gone, *others = [make_product(f"Loaf {number}") for number in range(5)]
    ids = [changed.pk, gone.pk, *(other.pk for other in others)]
    before = versions_of("product", ids, "default")
    away()
    Product.objects.filter(pk=changed.pk).update(name="Rye")
    gone.delete()
    ids.append(make_product("Bagel").pk)
    assert not Outbox.objects.exists()
    install()
    after = versions_of("product", ids, "default")
    assert all(after[pk] > before.get(pk, 0) for pk in ids)
    assert {f"product:{pk}" for pk in ids} <= set(Outbox.objects.values_list("subject", flat=True))


def test_where_nothing_differs_nothing_is_told():
    make_product()
    Outbox.objects.all().delete()
    install()
    assert not Outbox.objects.exists()


def test_one_trigger_that_differs_is_enough(away):
    pk = make_product().pk
    Outbox.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {min(installed(connection))}")
    install()
    assert Outbox.objects.filter(subject=f"product:{pk}").exists()
    assert installed(connection) == wanted(connection)


def test_whoever_died_in_between_is_followed_by_one_who_tells(away, monkeypatch):
    pk = make_product().pk
    away()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(untold, "_tell_those_there", died)
        install()
    install()
    assert Outbox.objects.filter(subject=f"product:{pk}").exists()
    assert not Version.objects.filter(subject=untold.MARK).exists()


def test_rows_of_an_older_release_are_marked_as_those_of_a_moment(away):
    away()
    later = now_us() + 60_000_000
    Outbox.objects.create(task="jobs.objects.refresh", subject="product:1", due_at=later)
    now = Outbox.objects.create(task="jobs.objects.refresh", subject="product:2")
    install()
    assert Outbox.objects.get(subject="product:1").moment == later
    assert Outbox.objects.get(pk=now.pk).moment is None


def died(*args):
    raise KeyboardInterrupt
