"""The basket's page and the one form without a token: “Add to basket”."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connections
from django.urls import reverse
from redis.exceptions import ConnectionError as KeepDown

from products.models import Price, Product, Stock
from scaling.sessions import SessionStore
from shop.baskets import MAX_QUANTITY
from tests.factories import make_product, make_promotion, mallory, steve

from .people import amounts, put_in, till_of, visitor

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "http://testserver"
ELSEWHERE = "https://mallory.example"


def change(client, **quantities):
    return client.post(reverse("basket"), {name.replace("_", "-"): value for name, value in quantities.items()})


def test_a_guest_fills_a_basket_without_signing_in():
    client, product = visitor(), make_product()
    answer = put_in(client, product, 2)
    assert (answer.status_code, answer["Location"]) == (303, reverse("basket"))
    page = client.get(reverse("basket"))
    assert till_of(client)["total"] == 1040
    assert "Country sourdough is in your basket." in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_script_gets_the_count_and_the_words():
    answer = put_in(visitor(), make_product(), 3, accept="application/json")
    assert answer.json() == {"basket": 3, "said": "Country sourdough is in your basket."}


def test_looking_into_an_empty_basket_starts_no_session():
    answer = visitor().get(reverse("basket"))
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


@pytest.mark.parametrize(
    ("headers", "is_put_in"),
    [
        ({}, True),
        ({"origin": HERE}, True),
        ({"origin": HERE, "sec-fetch-site": "same-origin"}, True),
        ({"origin": ELSEWHERE}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"origin": ELSEWHERE, "sec-fetch-site": "cross-site"}, False),
        ({"origin": HERE + ".mallory.example"}, False),
    ],
)
def test_what_comes_from_elsewhere_must_be_confirmed(headers, is_put_in):
    client, product = visitor(enforce_csrf_checks=True), make_product()
    answer = put_in(client, product, **headers)
    assert answer.status_code == (303 if is_put_in else 200)
    assert amounts(client) == ({product.pk: 1} if is_put_in else {})
    if not is_put_in:
        assert "Put it in your basket?" in answer.content.decode()


def test_the_confirmation_holds_a_token_that_is_good_enough():
    client, product = visitor(enforce_csrf_checks=True), make_product()
    page = put_in(client, product, 2, origin=ELSEWHERE)
    token = client.cookies["csrftoken"].value
    assert token
    data = {"product": product.pk, "n": 2, "csrfmiddlewaretoken": token}
    assert 'name="csrfmiddlewaretoken"' in page.content.decode()
    client.post(reverse("basket_add"), data, headers={"sec-fetch-site": "cross-site"})
    assert amounts(client) == {product.pk: 2}


def test_a_wrong_token_is_no_token():
    client, product = visitor(enforce_csrf_checks=True), make_product()
    client.cookies["csrftoken"] = "a" * 32
    data = {"product": product.pk, "csrfmiddlewaretoken": "b" * 32}
    answer = client.post(reverse("basket_add"), data, headers={"origin": ELSEWHERE})
    assert answer.status_code == 200
    assert amounts(client) == {}


def test_script_from_elsewhere_is_refused():
    client, product = visitor(enforce_csrf_checks=True), make_product()
    assert put_in(client, product, origin=ELSEWHERE, accept="application/json").status_code == 403
    assert amounts(client) == {}


def test_changing_the_basket_needs_a_token():
    assert change(visitor(enforce_csrf_checks=True), n_1="2").status_code == 403


@pytest.mark.parametrize("quantity", ["0", "-1", "13", "1.5", "many", "", "9" * 5000, "１２\x00", "1e3"])
def test_a_hostile_quantity_is_told_and_changes_nothing(quantity):
    client, product = visitor(), make_product()
    put_in(client, product, 2)
    answer = put_in(client, product, quantity)
    assert answer.status_code == 422
    assert str(MAX_QUANTITY) in answer.content.decode()
    assert amounts(client) == {product.pk: 2}


@pytest.mark.parametrize("product", ["0", "-1", "999999", "9" * 30, "9" * 5000, "x", "", "1 OR 1=1", "\x00"])
def test_an_unknown_product_is_a_page_that_says_so(product):
    answer = visitor().post(reverse("basket_add"), {"product": product})
    assert answer.status_code == 404
    assert "We do not bake this" in answer.content.decode()


def test_what_is_not_sold_is_not_put_in():
    client = visitor()
    assert put_in(client, make_product("Bagel", stock=0)).status_code == 409
    assert put_in(client, make_product("Secret", is_published=False)).status_code == 404
    assert put_in(client, make_product("Priceless", price=None)).status_code == 404
    assert amounts(client) == {}


def test_quantities_change_and_lines_go():
    client, one, two = visitor(), make_product("Rye"), make_product("Bun")
    put_in(client, one)
    put_in(client, two)
    assert change(client, **{f"n_{one.pk}": "4", f"n_{two.pk}": "2"}).status_code == 303
    assert amounts(client) == {one.pk: 4, two.pk: 2}
    client.post(reverse("basket"), {f"n-{one.pk}": "9", "remove": two.pk})
    assert amounts(client) == {one.pk: 4}
    change(client, **{f"n_{one.pk}": "0"})
    assert amounts(client) == {}


def test_a_wrong_number_is_told_beside_its_line_and_the_others_are_kept():
    client, one, two = visitor(), make_product("Rye"), make_product("Bun")
    put_in(client, one)
    put_in(client, two)
    answer = change(client, **{f"n_{one.pk}": "4", f"n_{two.pk}": "99"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="99"' in page
    assert f'id="wrong-{two.pk}"' in page
    assert amounts(client) == {one.pk: 4, two.pk: 1}


@pytest.mark.parametrize("name", ["n-", "n-x", "n-" + "9" * 40, "n-0", "n-1\x00", "remove"])
def test_hostile_line_names_are_a_page(name):
    assert visitor().post(reverse("basket"), {name: "x"}).status_code == 422


def test_going_on_keeps_the_numbers_first():
    client, product = visitor(), make_product()
    put_in(client, product)
    answer = change(client, **{f"n_{product.pk}": "3", "then": "checkout"})
    assert answer["Location"] == reverse("checkout")
    assert amounts(client) == {product.pk: 3}


def test_a_promotion_is_shown_and_counted():
    client, product = visitor(), make_product()
    make_promotion(product, 410)
    put_in(client, product, 2)
    page = client.get(reverse("basket"))
    assert (till_of(client)["total"], till_of(client)["saved"]) == (820, 220)
    assert "Sourdough week" in page.content.decode()


def test_a_price_that_changed_since_is_told():
    client, product = visitor(), make_product()
    put_in(client, product)
    Price.objects.create(product=product, cents=560)
    page = client.get(reverse("basket"))
    assert "it was €5.20 when you put it in" in page.content.decode()
    assert till_of(client)["total"] == 560


def test_what_is_sold_out_stays_until_it_is_taken_out():
    client, product, other = visitor(), make_product("Bagel"), make_product("Rye")
    put_in(client, product)
    put_in(client, other)
    Stock.objects.filter(product=product).update(quantity=0)
    page = client.get(reverse("basket"))
    assert 'class="lost"' in page.content.decode()
    assert not till_of(client)["is_ready"]
    assert till_of(client)["total"] == 520
    assert client.get(reverse("checkout"))["Location"] == reverse("basket")
    client.post(reverse("basket"), {"remove": product.pk})
    assert client.get(reverse("checkout")).status_code == 200


def test_fewer_are_left_than_asked_for():
    client, product = visitor(), make_product(stock=5)
    put_in(client, product, 4)
    Stock.objects.filter(product=product).update(quantity=2)
    assert "Only 2 left, and you have 4." in client.get(reverse("basket")).content.decode()


def test_a_product_that_was_withdrawn_is_named():
    client, product = visitor(), make_product("Bagel")
    put_in(client, product)
    Product.objects.filter(pk=product.pk).update(is_published=False)
    page = client.get(reverse("basket")).content.decode()
    assert "Bagel" in page
    assert "We do not bake this any more." in page


def test_a_basket_follows_its_owner_through_signing_in_and_out():
    customer, product = steve(), make_product()
    client = visitor()
    put_in(client, product, 2)
    client.force_login(customer)
    assert amounts(client) == {product.pk: 2}
    client.logout()
    assert amounts(client) == {}
    assert amounts(visitor(customer)) == {product.pk: 2}
    assert amounts(visitor(mallory())) == {}


def test_me_tells_the_visitor_and_asks_no_database():
    client, product = visitor(steve()), make_product()
    put_in(client, product, 2, accept="application/json")
    session = client.session
    session.update({"name": "Steve", "picture": "/media/people/x.webp"})
    session.save()
    answer = client.get(reverse("me"))
    told = answer.json()
    assert told.pop("csrf")
    assert told == {"name": "Steve", "picture": "/media/people/x.webp", "basket": 2, "notices": [], "jobs": True}
    for alias in connections:
        assert f'sql-{alias};desc="0 statements"' in answer["Server-Timing"]
    assert "private" in answer["Cache-Control"]


def test_me_knows_nobody_at_first():
    told = visitor().get(reverse("me")).json()
    assert (told["name"], told["picture"], told["basket"]) == (None, None, 0)


def test_while_keep_is_down_me_knows_nobody_and_leaves_the_cookie(monkeypatch):
    def down(*_):
        raise KeepDown

    client = visitor(steve())
    assert SESSION_KEY in client.session
    monkeypatch.setattr(SessionStore, "load", down)
    answer = client.get(reverse("me"))
    assert (answer.status_code, answer.json()["name"], answer.json()["basket"]) == (200, None, 0)
    assert "sessionid" not in answer.cookies


def test_while_keep_is_down_nothing_is_put_in_and_nothing_is_promised(monkeypatch):
    def down(*_):
        raise KeepDown

    client, product = visitor(steve()), make_product()
    with monkeypatch.context() as outage:
        outage.setattr(SessionStore, "load", down)
        answer = put_in(client, product)
    assert (answer.status_code, answer["Retry-After"]) == (503, "20")
    assert "sessionid" not in answer.cookies
    assert amounts(client) == {}


def test_a_page_that_shows_messages_itself_leaves_them_to_the_page_that_follows():
    client, product = visitor(steve()), make_product()
    assert 'data-mine="/me.json?quiet"' in client.get(reverse("account")).content.decode()
    assert 'data-mine="/me.json"' in client.get(product.get_absolute_url()).content.decode()
    put_in(client, product)
    assert client.get(reverse("me"), {"quiet": ""}).json()["notices"] == []
    assert "Country sourdough is in your basket." in client.get(reverse("account")).content.decode()


def test_a_message_is_told_once():
    client = visitor()
    put_in(client, make_product())
    notices = [client.get(reverse("me")).json()["notices"] for _ in range(2)]
    assert notices == [["Country sourdough is in your basket."], []]
