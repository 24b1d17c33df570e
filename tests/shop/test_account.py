from datetime import timedelta

import pytest
from django.urls import reverse

from shop.models import Order, OrderLine
from shop.views.account import greeting
from tests.factories import make_product, make_review, make_slot, mallory, steve, tomorrow_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(client):
    client.force_login(steve())
    return client


def make_order(user, product, *, starts_at=None, state=Order.State.PLACED, **changes):
    number = Order.objects.count() + 1
    fields = {"key": f"{number:032}", "number": number, "name": user.name, "email": user.email, "total_cents": 1040}
    slot = make_slot(starts_at or tomorrow_at(8, 30))
    order = Order.objects.create(customer=user, slot=slot, state=state, **fields | changes)
    OrderLine.objects.create(order=order, product=product, name=product.name, quantity=2, unit_cents=520)
    return order


def last_week(hour=8):
    return tomorrow_at(hour) - timedelta(days=8)


def page_of(client, query=""):
    response = client.get(reverse("account") + query)
    assert response.status_code == 200
    return response.content.decode()


def test_what_is_to_be_collected_leads_and_what_is_past_follows(customer):
    loaf, roll = make_product(), make_product("Cinnamon roll")
    make_order(steve(), loaf)
    make_order(steve(), roll, starts_at=last_week(), state=Order.State.COLLECTED)
    make_order(steve(), roll, starts_at=last_week(), state=Order.State.CANCELLED)
    page = page_of(customer)
    assert page.index("2 × Country sourdough") < page.index("2 × Cinnamon roll")
    assert "8:30" in page and "€10.40" in page
    assert "Collected" in page and "Cancelled" in page
    assert "2 bags since" in page


def test_an_order_that_nobody_came_for_is_past(customer):
    make_order(steve(), make_product(), starts_at=last_week())
    assert "Not collected" in page_of(customer)


def test_nobody_sees_the_orders_and_reviews_of_others(customer):
    loaf = make_product()
    order = make_order(mallory(), loaf)
    make_review(loaf, mallory(), body="Mallory was here.")
    page = page_of(customer)
    assert order.key not in page and "Mallory" not in page


def test_a_long_history_comes_in_pages(customer):
    loaf = make_product()
    for hour in range(10):
        make_order(steve(), loaf, starts_at=last_week(7 + hour), state=Order.State.COLLECTED)
    assert page_of(customer).count('class="pics"') == 8
    assert page_of(customer, "?page=2").count('class="pics"') == 2
    for bad in ("3", "0", "-1", "x", "9" * 40):
        assert customer.get(reverse("account"), {"page": bad}).status_code == 404


def test_a_long_history_costs_no_more_statements(customer, django_assert_max_num_queries):
    loaf = make_product()
    for hour in range(8):
        make_order(steve(), loaf, starts_at=last_week(7 + hour), state=Order.State.COLLECTED)
    page_of(customer)
    with django_assert_max_num_queries(20):
        page_of(customer)


def test_an_order_keeps_its_words_when_the_product_is_gone(customer):
    loaf = make_product("Stollen")
    make_order(steve(), loaf, starts_at=last_week(), state=Order.State.COLLECTED)
    loaf.delete()
    page = page_of(customer)
    assert "2 × Stollen" in page and ">Again<" not in page


def test_my_reviews_are_listed_the_hidden_one_too(customer):
    make_review(make_product(), steve(), body="Crackles when you squeeze it.")
    make_review(make_product("Rye"), steve(), body="Not for me.", is_hidden=True)
    page = page_of(customer)
    assert "Crackles when you squeeze it." in page
    assert "Not for me." in page and "Hidden by the bakery" in page


def test_what_was_collected_and_not_reviewed_is_asked_about(customer):
    roll, loaf = make_product("Cinnamon roll"), make_product()
    make_order(steve(), roll, starts_at=last_week(), state=Order.State.COLLECTED)
    make_order(steve(), loaf, starts_at=last_week(), state=Order.State.COLLECTED)
    make_review(loaf, steve())
    page = page_of(customer)
    assert "Cinnamon roll: how was it?" in page and "Country sourdough: how was it?" not in page


def test_an_empty_account_says_what_to_do(customer):
    page = page_of(customer)
    assert "Your first bag is still to come." in page and reverse("shelves") in page


def test_the_page_is_stored_nowhere(customer):
    assert "no-store" in customer.get(reverse("account"))["Cache-Control"]


@pytest.mark.parametrize(
    ("hour", "words"), [(4, "Still up"), (6, "Good morning"), (15, "Good afternoon"), (22, "Good evening")]
)
def test_the_greeting_knows_the_hour(hour, words):
    assert greeting(hour) == words
