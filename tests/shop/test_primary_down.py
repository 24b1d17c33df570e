"""The primary is down: the shelves stay open, orders are taken again shortly, and nothing that was typed is lost."""

import pytest
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from bench.visitor import Page
from products.models import Review
from scaling.monitor import Monitor
from shop.models import Order

from ..factories import make_product, steve
from .people import a_slot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def down(monkeypatch):
    """From when it is called, as the monitor would tell it."""
    return lambda: monkeypatch.setattr(Monitor, "primary_is_down", lambda self: True)


@pytest.fixture
def visitor():
    """One whose forms are held to their tokens, with a loaf in the basket."""
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("sign_in"))
    loaf = make_product()
    a_slot()
    client.post(reverse("basket_add"), {"product": loaf.pk, "n": 1})
    client.loaf = loaf
    return client


def token(client):
    return client.cookies["csrftoken"].value


def post(client, path, fields):
    return client.post(path, fields | {"csrfmiddlewaretoken": token(client)})


def form_of(path, answer, *names):
    """The form of a page, as a browser reads it."""
    return Page(answer.status_code, path, answer.headers, answer.content).form(*names)


def send_again(client, path, answer):
    """Press the button of a 503 page."""
    form = form_of(path, answer, "csrfmiddlewaretoken")
    assert form.method == "post"
    return client.post(form.action, dict(form.fields))


def test_the_catalogue_goes_on(visitor, down):
    paths = ["/", visitor.loaf.get_absolute_url(), "/search/?q=loaf", "/journal/", "/sitemap.xml"]
    for path in paths:
        assert visitor.get(path).status_code == 200
    down()
    for path in paths:
        assert visitor.get(path).status_code == 200, path


@pytest.mark.parametrize("name", ["basket", "checkout"])
def test_basket_and_checkout_say_that_orders_are_taken_again_shortly(visitor, down, name):
    assert visitor.get(reverse(name)).status_code == 200
    down()
    answer = visitor.get(reverse(name))
    assert (answer.status_code, answer["Retry-After"]) == (503, "20")
    assert "Orders are taken again shortly" in answer.content.decode()


def test_what_was_typed_at_the_checkout_is_sent_again_by_one_button(visitor, down, monkeypatch):
    path = reverse("checkout")
    page = form_of(path, visitor.get(path), "slot", "key")
    note = "Slice it, please.\r\nAnd a paper bag & a ribbon, if there is one left in the drawer."
    about = {"name": 'Nora "B" <3', "email": "nora@example.com", "note": note}
    typed = dict(page.filled({"slot": page.choices["slot"][0], **about}))
    with monkeypatch.context() as away:
        away.setattr(Monitor, "primary_is_down", lambda self: True)
        answer = visitor.post(path, typed)
    assert answer.status_code == 503
    assert Order.objects.count() == 0
    assert send_again(visitor, path, answer).status_code == 303
    order = Order.objects.get()
    assert {name: getattr(order, name) for name in about} == about


def test_a_review_of_many_words_is_kept_where_its_writer_sees_it(monkeypatch):
    client = Client(enforce_csrf_checks=True)
    client.force_login(steve())
    loaf = make_product()
    path = reverse("review", args=[loaf.pk])
    client.get(path)
    words = "\nA crust that sings, and a crumb that does not.\n\nTwice."
    with monkeypatch.context() as away:
        away.setattr(Monitor, "primary_is_down", lambda self: True)
        answer = post(client, path, {"rating": "5", "body": words})
    assert answer.status_code == 503
    assert dict(form_of(path, answer, "body").fields)["body"] == words
    assert send_again(client, path, answer).status_code in (302, 303)
    assert Review.objects.get().body == words.strip()


def test_no_secret_is_written_into_the_page(down):
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("sign_up"))
    down()
    fields = {"name": "Nora", "email": "nora@example.com", "password": "a-crust-of-rye-9"}
    answer = post(client, reverse("sign_up"), fields)
    assert answer.status_code == 503
    assert "a-crust-of-rye-9" not in answer.content.decode()
    assert dict(form_of(reverse("sign_up"), answer, "email").fields)["email"] == "nora@example.com"


def test_nothing_that_another_site_has_sent_is_offered_again(visitor, monkeypatch):
    """The basket's own form holds no token: what it was sent is not proved to be a visitor's."""
    monkeypatch.setattr("scaling.xray.KeepConnection.send_packed_command", _refuse)
    answer = visitor.post(reverse("basket_add"), {"product": visitor.loaf.pk, "n": 6})
    assert answer.status_code == 503
    assert 'class="resend"' not in answer.content.decode()


def _refuse(self, command, check_health=True):
    raise RedisConnectionError("refused")


def test_a_script_is_told_in_its_own_words(visitor, down):
    down()
    answer = visitor.get(reverse("basket"), headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert answer.json() == {"said": "Orders are taken again shortly. Your basket is safe."}


def test_afterwards_all_goes_on(visitor, monkeypatch):
    with monkeypatch.context() as away:
        away.setattr(Monitor, "primary_is_down", lambda self: True)
        assert visitor.get(reverse("checkout")).status_code == 503
    assert visitor.get(reverse("checkout")).status_code == 200
