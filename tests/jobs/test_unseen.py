"""Owners that come while one statement changes many rows, on a database where others write meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from products.data import PRODUCTS

from ..factories import make_category, make_product, make_tag
from ..servers import PATIENCE_SECONDS, wait_until
from ..shop.people import work_off

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="one writes at a time there"),
]
WAITS = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"

MEANWHILE = {
    "nothing": lambda loaf: None,
    "a price": lambda loaf: loaf.prices.update(cents=1),  # a version later than the trigger's
}


class Statement:
    """A transaction of another connection. `over` is set when it has done what it does, and then it waits for leave
    to commit."""

    def __init__(self, verb):
        self.over, self.may_commit = threading.Event(), threading.Event()
        self._verb = verb

    def run(self):
        try:
            with transaction.atomic():
                self._verb()
                self.over.set()
                assert self.may_commit.wait(PATIENCE_SECONDS)
        finally:
            connection.close()


@pytest.fixture
def begun():
    """Begins a statement; at the end of its block it commits."""
    with ThreadPoolExecutor(2) as pool:

        @contextmanager
        def begin(verb):
            statement = Statement(verb)
            running = pool.submit(statement.run)
            try:
                yield statement
            finally:
                statement.may_commit.set()
                running.result(PATIENCE_SECONDS)

        yield begin


def is_somebody_waiting():
    with connection.cursor() as cursor:
        cursor.execute(WAITS)
        return int(cursor.fetchone()[1])


@pytest.mark.parametrize("meanwhile", MEANWHILE.values(), ids=MEANWHILE)
def test_who_joins_a_row_in_the_middle_of_an_update_of_many_shows_its_new_name(begun, meanwhile):
    loaf, (first, held, last) = make_product(), [make_tag(name) for name in ("Ann", "Bob", "Cid")]
    make_product("Rye", category=make_category("Cakes"), tags=[first])  # so that the statement reads before it waits
    work_off()
    rows = type(first).objects.filter(pk__in=[first.pk, held.pk, last.pk])
    with begun(lambda: type(held).objects.select_for_update().get(pk=held.pk)) as holder:
        assert holder.over.wait(PATIENCE_SECONDS)
        with begun(lambda: rows.update(name="Renamed")) as many:
            wait_until(is_somebody_waiting, what="the statement over many")
            loaf.tags.add(last)
            holder.may_commit.set()
            assert many.over.wait(PATIENCE_SECONDS)
            meanwhile(loaf)
            work_off()
            assert "Cid" in shown(loaf)
    work_off()
    assert "Renamed" in shown(loaf)
    assert "Cid" not in shown(loaf)


def shown(loaf):
    """What the cache holds of it, in words."""
    return str(PRODUCTS.peek(loaf.pk).data)
