"""A basket loses nothing: not to two tabs, not to signing in, not to signing out."""

from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import RequestFactory

from scaling.stores import keep
from scaling.xray import measured
from shop import baskets
from shop.baskets import KEPT_SECONDS, MAX_LINES, MAX_QUANTITY, Basket, BasketFull, basket_of, retire

from .people import at_once

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


def request_of(user_id=None, **session):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.session.update(session | ({SESSION_KEY: str(user_id)} if user_id else {}))
    return request


def basket(*products):
    held = basket_of(request_of(), opened=True)
    for product_id, quantity in products:
        held.add(product_id, quantity, 500)
    return held


def amounts(held):
    return {product_id: line.quantity for product_id, line in held.lines().items()}


def test_twenty_adds_at_once_give_twenty_lines():
    held = basket()
    at_once(lambda n: held.add(n + 1, 1, 100 + n), 20)
    assert held.lines() == {n + 1: (1, 100 + n) for n in range(20)}


def test_adds_of_one_product_at_once_add_up():
    held = basket()
    at_once(lambda n: held.add(1, 1, 500), 10)
    assert amounts(held) == {1: 10}


def test_a_line_stops_at_the_most_for_one_bag():
    held = basket((1, 9))
    assert held.add(1, 9, 500) == MAX_QUANTITY
    assert amounts(held) == {1: MAX_QUANTITY}


def test_a_basket_has_room_for_so_many_lines_also_when_all_come_at_once():
    held = basket()

    def add(number):
        try:
            return held.add(number + 1, 1, 500)
        except BasketFull:
            return 0

    assert sum(at_once(add, MAX_LINES + 5)) == MAX_LINES
    assert len(held.lines()) == MAX_LINES
    assert held.add(next(iter(held.lines())), 1, 500) == 2


def test_the_price_is_the_one_seen_at_the_last_add():
    held = basket((1, 1))
    held.add(1, 1, 450)
    assert held.lines() == {1: (2, 450)}


def test_setting_changes_only_what_is_in_it():
    held = basket((1, 1), (2, 2), (3, 3))
    held.set({1: 5, 2: 0, 4: 4})
    assert amounts(held) == {1: 5, 3: 3}
    held.remove(3)
    assert amounts(held) == {1: 5}


def test_a_basket_is_kept_thirty_days_from_its_last_change():
    held = basket((1, 1))
    keep().expire(held.key, 60)
    held.set({1: 2})
    assert KEPT_SECONDS - 5 <= keep().ttl(held.key) <= KEPT_SECONDS


def test_counting_is_one_round_trip():
    guest, customer = request_of(basket=basket((1, 2), (2, 3)).id), request_of(7)
    basket_of(customer).add(1, 4, 500)
    for request, pieces in ((guest, 5), (customer, 4)):
        baskets.count(request)
        with measured() as cost:
            assert baskets.count(request) == pieces
        assert cost.trips["keep"] == 1
        assert not cost.sql


def test_a_visitor_who_put_nothing_in_costs_nothing():
    request = request_of()
    with measured() as cost:
        assert baskets.count(request) == 0
        assert basket_of(request).lines() == {}
    assert not cost.trips
    assert "basket" not in request.session


def test_signing_in_pours_the_guests_basket_into_the_customers():
    basket_of(request_of(7)).add(1, 2, 400)
    signed_in = request_of(7, basket=basket((1, 3), (2, 1)).id)
    assert basket_of(signed_in).lines() == {1: (5, 500), 2: (1, 500)}


def test_merging_twice_does_not_double():
    guests = basket((1, 3)).id
    at_once(lambda _: basket_of(request_of(7, basket=guests)), 10)
    assert amounts(basket_of(request_of(7))) == {1: 3}


def test_a_merged_line_stops_at_the_most_for_one_bag():
    basket_of(request_of(7)).add(1, 8, 500)
    assert amounts(basket_of(request_of(7, basket=basket((1, 8)).id))) == {1: MAX_QUANTITY}


def test_a_customer_finds_the_basket_again_on_another_device():
    basket_of(request_of(7)).add(1, 2, 500)
    assert amounts(basket_of(request_of(7))) == {1: 2}
    assert basket_of(request_of(8)).lines() == {}
    assert basket_of(request_of()).lines() == {}


def test_many_devices_agree_on_the_customers_first_basket():
    assert len(set(at_once(lambda _: basket_of(request_of(7)).id, 10))) == 1


def test_after_an_order_the_basket_has_a_new_id_and_keeps_what_came_in_meanwhile():
    request = request_of(basket=basket((1, 2), (2, 1)).id)
    ordered = basket_of(request)
    ordered.add(1, 1, 500)
    retire(request, ordered.id, {1: 2, 2: 1})
    assert basket_of(request).id != ordered.id
    assert amounts(basket_of(request)) == {1: 1}
    assert ordered.lines() == {}


def test_two_clicks_agree_on_the_next_basket():
    held = basket((1, 2), (2, 1))
    requests = [request_of(basket=held.id) for _ in range(2)]
    for request in requests:
        retire(request, held.id, {1: 2})
    first, second = (basket_of(request) for request in requests)
    assert first == second
    assert amounts(first) == {2: 1}


def test_an_order_on_one_device_empties_the_customers_basket_on_all():
    here, there = request_of(7), request_of(7)
    basket_of(there).add(1, 2, 500)
    retire(here, basket_of(here).id, {1: 2})
    assert basket_of(there).lines() == {}
    basket_of(there).add(3, 1, 500)
    assert amounts(basket_of(here)) == {3: 1}


def test_an_old_order_does_not_touch_the_basket_of_today():
    request = request_of(7)
    old = basket_of(request).id
    retire(request, old, {})
    basket_of(request).add(1, 1, 500)
    retire(request, old, {1: 1})
    assert amounts(basket_of(request)) == {1: 1}


@pytest.mark.parametrize("key", ["", "no-such-basket"])
def test_clearing_an_empty_basket_is_fine(key):
    Basket(key).clear()
    assert Basket(key).lines() == {}
