"""Whoever has written sees it at once on every page, from whichever server, until all have it; nobody else waits.

With TEST_DATABASE=replicas two real replicas stand still meanwhile; elsewhere nothing can be behind.
"""

import re
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from products.data import PRODUCTS
from products.models import Product, Tag
from scaling import epochs, tokens
from scaling.behind import behind
from scaling.causal import CausalMiddleware
from scaling.monitor import monitor
from scaling.stores import keep
from scaling.tokens import Token
from shop.models import Order
from shop.ownership import signed
from tests.factories import make_product, make_review, make_slot, mallory, steve

from ..servers import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
REPLICAS = settings.MARIADB.replicas if settings.MARIADB else []
WORDS = "A crust that sings in the car."
PREFIX = tokens.PREFIX


@contextmanager
def standing_still():
    """The replicas apply nothing inside the block, and the monitor knows."""
    for replica in REPLICAS:
        replica.catch_up(settings.MARIADB.primary)
        replica.ask("STOP SLAVE SQL_THREAD")
    try:
        yield
    finally:
        for replica in REPLICAS:
            replica.ask("START SLAVE SQL_THREAD")


@contextmanager
def executed(alias="default"):
    statements = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connections[alias].execute_wrapper(note):
        yield statements


@pytest.fixture
def loaf():
    """One of three, which nobody has reviewed; the others have a good review each."""
    for name in ("Bagel", "Focaccia"):
        make_review(make_product(name), mallory())
    loaf = make_product("Rye")
    PRODUCTS.refresh(list(Product.objects.values_list("pk", flat=True)))
    return loaf


@pytest.fixture
def writer(client):
    client.force_login(steve())
    return client


def from_the_tables():
    """Where all reviews of a product are: a page that asks the database."""
    return f"{Product.objects.exclude(reviews=None).first().get_absolute_url()}reviews/"


def sql(answer):
    """Statements by alias, as the answer tells."""
    found = re.findall(r'sql-([\w-]+);desc="(\d+) statements', answer["Server-Timing"])
    return {alias: int(count) for alias, count in found}


def trips_to_keep(answer):
    return int(re.search(r'keep;desc="(\d+) round trips', answer["Server-Timing"])[1])


def review(client, product, words=WORDS):
    return client.post(reverse("review", args=[product.pk]), {"rating": "5", "body": words})


def tokens_of(client):
    return [name for name, cookie in client.cookies.items() if name.startswith(PREFIX) and cookie.value]


def bear(client, token, id_="ab" * 8):
    """Give somebody a token that we signed."""
    client.cookies[PREFIX + id_] = tokens.signing.dumps(tokens._packed(token), salt=tokens.SALT + id_)


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_review_is_there_on_every_page_while_the_replicas_stand_still(writer, loaf):
    by_rating = f"{loaf.category.get_absolute_url()}?sort=rating"
    with standing_still():
        review(writer, loaf)
        for _ in range(2):
            assert WORDS in text(writer, loaf.get_absolute_url())
            assert WORDS in text(writer, reverse("product_reviews", args=[loaf.pk, loaf.slug]))
            assert loaf.get_absolute_url() in text(writer, "/search/?q=rye")
            listed = re.findall(r'href="/products/\d+-(\w+)/"', text(writer, by_rating))
            assert list(dict.fromkeys(listed)) == ["bagel", "focaccia", "rye"]
        if REPLICAS:
            assert tokens_of(writer), "the token must last as long as the replicas are behind"


@pytest.mark.skipif(not REPLICAS, reason="Nothing else is ever behind; with TEST_DATABASE=replicas this runs.")
def test_who_has_not_written_reads_the_replica_as_it_is(writer, loaf):
    """So the test above can fail: the replicas really are behind, and really are read."""
    with standing_still():
        review(writer, loaf)
        anybody = Client().get(reverse("product_reviews", args=[loaf.pk, loaf.slug]))
        assert WORDS not in anybody.content.decode()
        assert sum(sql(anybody)[alias] for alias in settings.REPLICAS) > 0


def test_the_mails_link_opens_an_order_that_no_replica_has_yet(loaf):
    slot = make_slot()
    with standing_still():
        placed = Order.objects.create(key="ab" * 16, number=1, slot=slot, total_cents=520, email="nora@example.com")
        answer = Client().get(placed.get_absolute_url(), {"sign": signed(placed.key)}, follow=True)
        assert answer.status_code == 200


def test_the_token_ends_when_everybody_has_it(writer, loaf):
    with standing_still():
        review(writer, loaf)
        assert len(tokens_of(writer)) == 1

    def ends():
        writer.get(loaf.get_absolute_url())
        return not tokens_of(writer)

    wait_until(ends, what="the end of the token")
    assert keep().keys("token:*") == []


def test_a_request_that_writes_asks_for_the_position_once_on_the_same_connection(writer, loaf):
    with executed() as statements:
        review(writer, loaf)
    asked = [sql for sql in statements if "last_gtid" in sql]
    assert len(asked) == (1 if settings.MARIADB else 0)


def test_an_update_in_autocommit_marks_the_request_like_any_write(rf, loaf):
    def view(request):
        Tag.objects.update(name="Green")
        return HttpResponse()

    Tag.objects.create(name="Vegan", slug="vegan")
    assert any(name.startswith(PREFIX) for name in CausalMiddleware(view)(rf.get("/")).cookies)


def test_whoever_has_written_nothing_gets_no_token_and_pays_nothing(loaf):
    client = Client()
    client.get(loaf.get_absolute_url())
    assert behind.wait(PATIENCE_SECONDS)
    answer = client.get(loaf.get_absolute_url())
    assert tokens_of(client) == []
    assert (sum(sql(answer).values()), trips_to_keep(answer)) == (0, 0)


@pytest.mark.parametrize("cookie", ["", "x", "a:b:c", "é" * 20, "[" * 2000])
def test_a_broken_token_costs_nothing_breaks_nothing_and_is_dropped(loaf, cookie):
    client = Client()
    client.get(loaf.get_absolute_url())
    assert behind.wait(PATIENCE_SECONDS)
    client.cookies[PREFIX + "0" * 16] = cookie
    answer = client.get(loaf.get_absolute_url())
    assert (answer.status_code, sum(sql(answer).values()), trips_to_keep(answer)) == (200, 0, 0)
    assert answer.cookies[PREFIX + "0" * 16]["max-age"] == 0


def test_a_token_of_a_log_that_nobody_has_is_dropped_without_waiting(loaf):
    client = Client()
    bear(client, Token(position={"77": 10**9}))
    with executed(settings.REPLICAS[0]) as statements:
        assert client.get(from_the_tables()).status_code == 200
    assert not [sql for sql in statements if "WAIT" in sql]
    assert tokens_of(client) == []


def test_a_token_of_an_older_epoch_reads_the_primary_once_and_is_dropped(loaf, monkeypatch):
    monkeypatch.setattr(monitor(), "epoch", 3)
    client = Client()
    bear(client, Token(position={"0": 10**9}, epoch=2))
    Client().get(from_the_tables())
    costs = []
    for _ in range(2):
        costs.append(sql(client.get(from_the_tables()))["default"] > 0)
    assert costs == [True, False]
    assert tokens_of(client) == []


def test_a_token_of_a_newer_epoch_makes_this_process_look(loaf, monkeypatch):
    moved = []
    monkeypatch.setattr("scaling.monitor.repoint", moved.append)
    monkeypatch.setattr(monitor(), "epoch", 0)
    epochs.begin("10.0.0.9:3306")
    client = Client()
    bear(client, Token(epoch=1))
    client.get(loaf.get_absolute_url())
    assert moved == ["10.0.0.9:3306"]
    keep().delete(epochs.KEY)  # before the threads of the monitor look again


def test_whoever_changed_very_much_reads_everything_from_the_primary_until_it_is_built(loaf):
    client = Client()
    bear(client, Token(whole_since=2**60))
    cost = sql(client.get("/sitemap.xml"))
    assert cost.pop("default") > 0
    assert set(cost.values()) == {0}


@pytest.mark.skipif(not REPLICAS, reason="A connection that can be cut; with TEST_DATABASE=replicas this runs.")
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_only_reads_is_run_once_more_elsewhere_when_a_replica_fails(client, loaf, method):
    for _ in settings.REPLICAS:
        assert client.get(from_the_tables()).status_code == 200
    for replica in REPLICAS:
        for row in replica.ask("SELECT id FROM information_schema.processlist WHERE user = 'reader'"):
            replica.ask("KILL CONNECTION %s", row["id"])
    for _ in range(2 * len(settings.REPLICAS)):
        assert getattr(client, method)(from_the_tables()).status_code == 200
