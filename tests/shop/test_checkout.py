"""An acknowledged order exists, once; stock never goes below zero; sold and left are what there was."""

import datetime

import pytest
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from jobs.models import Outbox
from products.models import Price, Product, Stock
from shop.models import Order, OrderLine, Slot
from shop.orders import PriceChanged, SlotFull, SoldOut, place_order
from tests.factories import make_product, make_promotion, make_slot, mallory, steve

from .people import CONTACT, a_slot, amounts, at_once, form_of, hidden, order, put_in, visitor

pytestmark = pytest.mark.django_db(transaction=True)


def left(product):
    return Stock.objects.get(product=product).quantity


def place(key, lines, total, slot, customer=None):
    return place_order(key, customer=customer, contact=CONTACT, slot_id=slot.pk, lines=lines, shown_total=total)


def tried(*arguments):
    try:
        return place(*arguments)
    except (SoldOut, SlotFull) as refusal:
        return type(refusal)


def basket_with(product, n=1, user=None):
    client = visitor(user)
    put_in(client, product, n)
    return client


def test_a_guest_orders_and_sees_the_order():
    product, slot = make_product(), a_slot()
    client = basket_with(product, 2)
    answer = order(client, slot)
    placed = Order.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, placed.get_absolute_url())
    assert (placed.name, placed.total_cents, placed.number, placed.customer) == ("Steve Baker", 1040, 1, None)
    assert [(line.name, line.quantity, line.unit_cents) for line in placed.lines.all()] == [(product.name, 2, 520)]
    assert (left(product), Slot.objects.get().taken) == (8, 1)
    assert "Pick up between 8:00 and 8:15" in client.get(answer["Location"]).content.decode()
    assert amounts(client) == {}


def test_a_customer_orders_and_is_known():
    customer = steve()
    client = basket_with(make_product(), user=customer)
    assert f'value="{customer.email}"' in client.get(reverse("checkout")).content.decode()
    order(client)
    assert Order.objects.get().customer == customer
    assert amounts(visitor(customer)) == {}


def test_the_mail_is_written_down_with_the_order():
    order(basket_with(make_product()))
    row = Outbox.objects.get(task="shop.tasks.send_confirmation")
    assert row.subject == str(Order.objects.get().pk)


def test_of_many_customers_at_once_as_many_get_one_as_there_are():
    product, slot = make_product(stock=5), a_slot(capacity=100)
    outcomes = at_once(lambda n: tried(f"key-{n}", {product.pk: 1}, 520, slot), 20)
    assert outcomes.count(SoldOut) == 15
    assert (left(product), Order.objects.count(), Slot.objects.get().taken) == (0, 5, 5)


def test_sold_and_left_are_what_there_was_whatever_was_refused():
    rye, bun = make_product("Rye", stock=9), make_product("Bun", stock=7)
    slot = a_slot(capacity=100)
    baskets = [{rye.pk: 2, bun.pk: 1}, {bun.pk: 3}, {rye.pk: 1, bun.pk: 2}]
    totals = [sum(basket.values()) * 520 for basket in baskets]
    at_once(lambda n: tried(f"key-{n}", baskets[n % 3], totals[n % 3], slot), 18)
    for product, start in ((rye, 9), (bun, 7)):
        sold = OrderLine.objects.filter(product=product).aggregate(sold=Sum("quantity"))["sold"] or 0
        assert sold and sold + left(product) == start
    assert Slot.objects.get().taken == Order.objects.count()


def test_a_slot_is_never_overbooked():
    product, slot = make_product(stock=50), a_slot(capacity=3)
    outcomes = at_once(lambda n: tried(f"key-{n}", {product.pk: 1}, 520, slot), 12)
    assert outcomes.count(SlotFull) == 9
    assert (left(product), Slot.objects.get().taken) == (47, 3)


def test_one_key_is_one_order_also_when_it_took_the_last():
    product, slot = make_product(stock=1), a_slot(capacity=1)
    outcomes = at_once(lambda _: tried("the-key", {product.pk: 1}, 520, slot), 20)
    assert len({placed.pk for placed in outcomes}) == 1
    assert (left(product), Slot.objects.get().taken, Order.objects.count()) == (0, 1, 1)


def test_a_form_posted_many_times_at_once_is_one_order_shown_to_each():
    product, slot = make_product(stock=3), a_slot()
    client = basket_with(product, 2)
    form = form_of(client, slot)

    def post(_):
        same = visitor()
        same.cookies = client.cookies
        return same.post(reverse("checkout"), form)

    answers = at_once(post, 12, threads=6)
    assert {answer.status_code for answer in answers} == {303}
    assert {answer["Location"] for answer in answers} == {Order.objects.get().get_absolute_url()}
    assert left(product) == 1


def test_a_reload_after_the_order_leads_to_the_same_order():
    client = basket_with(make_product())
    form = form_of(client)
    first = client.post(reverse("checkout"), form)
    put_in(client, make_product("Rye"))
    assert client.post(reverse("checkout"), form)["Location"] == first["Location"]
    assert Order.objects.count() == 1
    assert list(amounts(client).values()) == [1]


@pytest.mark.parametrize("is_ordered", [True, False])
def test_somebody_elses_key_shows_nothing(is_ordered):
    client = basket_with(make_product(), user=steve())
    form = form_of(client)
    if is_ordered:
        client.post(reverse("checkout"), form | {"name": "Secret Steve"})
    stranger = basket_with(make_product("Rye"), user=mallory())
    answer = stranger.post(reverse("checkout"), form)
    assert answer.status_code == 409
    assert "Secret Steve" not in answer.content.decode()
    assert hidden(answer, "key") != form["key"]
    assert Order.objects.count() == is_ordered
    assert visitor().post(reverse("checkout"), form).status_code == 409


def test_sold_out_is_said_and_nothing_is_taken():
    rye, bun, slot = make_product("Rye"), make_product("Bun"), a_slot()
    client = basket_with(rye)
    put_in(client, bun, 3)
    form = form_of(client, slot, note="Sliced, please")
    Stock.objects.filter(product=bun).update(quantity=0)
    answer = client.post(reverse("checkout"), form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "sold out" in page.lower()
    assert "Sliced, please" in page
    assert (
        left(rye),
        Slot.objects.get().taken,
        Order.objects.count(),
        Outbox.objects.filter(task__contains="send").count(),
    ) == (10, 0, 0, 0)
    assert amounts(client) == {rye.pk: 1, bun.pk: 3}


def test_too_few_are_left():
    product = make_product(stock=4)
    client = basket_with(product, 4)
    form = form_of(client)
    Stock.objects.filter(product=product).update(quantity=2)
    assert "(2 left)" in client.post(reverse("checkout"), form).content.decode()
    assert left(product) == 2


def test_the_rest_is_ordered_without_what_is_gone():
    rye, bun, tart = make_product("Rye"), make_product("Bun"), make_product("Tart")
    client = basket_with(rye)
    put_in(client, bun, 3)
    put_in(client, tart, 3)
    form = form_of(client)
    Stock.objects.filter(product=bun).update(quantity=2)
    Stock.objects.filter(product=tart).update(quantity=0)
    page = client.post(reverse("checkout"), form | {"fit": "1", "note": "Sliced, please"})
    assert page.status_code == 200
    assert "Sliced, please" in page.content.decode()
    assert amounts(client) == {rye.pk: 1, bun.pk: 2}
    assert client.post(reverse("checkout"), form | {"shown": hidden(page, "shown")}).status_code == 303


def test_when_all_is_gone_there_is_nothing_to_order():
    product = make_product()
    client = basket_with(product)
    form = form_of(client)
    Stock.objects.filter(product=product).update(quantity=0)
    assert client.post(reverse("checkout"), form | {"fit": "1"})["Location"] == reverse("basket")


def test_a_full_slot_is_said_beside_the_times_and_the_rest_is_kept():
    slot = a_slot(capacity=1)
    a_slot(9)
    client = basket_with(make_product())
    form = form_of(client, slot, name="Ana Petrović")
    Slot.objects.filter(pk=slot.pk).update(taken=1)
    answer = client.post(reverse("checkout"), form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'id="slot-bad"' in page
    assert "Ana Petrović" in page
    assert Order.objects.count() == 0


def test_a_price_is_accepted_only_after_it_was_shown():
    product = make_product()
    client = basket_with(product, 2)
    form = form_of(client)
    Price.objects.create(product=product, cents=600)
    answer = client.post(reverse("checkout"), form)
    assert answer.status_code == 409
    assert "A price has changed" in answer.content.decode()
    assert (hidden(answer, "shown"), Order.objects.count(), left(product)) == ("1200", 0, 10)
    client.post(reverse("checkout"), form | {"shown": hidden(answer, "shown")})
    assert Order.objects.get().total_cents == 1200


def test_the_price_is_read_when_the_order_is_placed():
    product, slot = make_product(), a_slot()
    make_promotion(product, 410)
    with pytest.raises(PriceChanged):
        place("a", {product.pk: 1}, 520, slot)
    assert place("a", {product.pk: 1}, 410, slot).total_cents == 410
    assert left(product) == 9


def test_what_was_withdrawn_is_not_sold():
    product, slot = make_product(), a_slot()
    Product.objects.filter(pk=product.pk).update(is_published=False)
    with pytest.raises(SoldOut):
        place("a", {product.pk: 1}, 520, slot)
    assert left(product) == 10


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 81),
        ("name", "Steve\x00"),
        ("email", "nobody"),
        ("email", "a@b.com\nBcc: c@d.com"),
        ("phone", "0770"),
        ("phone", "call me"),
        ("note", "x" * 301),
        ("slot", ""),
        ("slot", "x"),
        ("slot", "9" * 30),
        ("shown", "-1"),
        ("shown", ""),
        ("shown", "9" * 5000),
        ("key", ""),
        ("key", "x" * 33),
    ],
)
def test_a_wrong_form_says_so_and_keeps_what_was_typed(field, value):
    client = basket_with(make_product())
    answer = client.post(reverse("checkout"), form_of(client, note="Well done, please") | {field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="alert"' in page
    assert field == "note" or "Well done, please" in page
    assert Order.objects.count() == 0
    assert len(amounts(client)) == 1


@pytest.mark.parametrize("slot_id", ["0", "-1", "424242"])
def test_an_unknown_slot_is_no_order(slot_id):
    client = basket_with(make_product())
    assert client.post(reverse("checkout"), form_of(client) | {"slot": slot_id}).status_code in (409, 422)
    assert Order.objects.count() == 0


def test_today_cannot_be_ordered_for():
    slot = make_slot(timezone.now() + datetime.timedelta(minutes=1))
    client = basket_with(make_product())
    assert order(client, slot).status_code == 409
    assert Order.objects.count() == 0


def test_another_day_is_shown_without_losing_what_was_typed():
    a_slot()
    later = a_slot(10, later=1)
    client = basket_with(make_product())
    form = form_of(client, name="Ana Petrović") | {
        "day": timezone.localdate(later.starts_at),
        "show": "1",
        "slot": "",
    }
    answer = client.post(reverse("checkout"), form)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'name="slot" value="{later.pk}"' in page
    assert "Ana Petrović" in page


def test_numbers_are_counted_afresh_each_day():
    product, one, other = make_product(stock=50), a_slot(), a_slot(9)
    later = a_slot(9, later=1)
    slots = [one, other, later, one]
    numbers = [place(f"key-{n}", {product.pk: 1}, 520, slot).number for n, slot in enumerate(slots)]
    assert numbers == [1, 2, 1, 3]


def test_an_empty_basket_has_no_checkout():
    assert visitor().get(reverse("checkout"))["Location"] == reverse("basket")


def test_what_came_into_the_basket_meanwhile_is_still_there():
    product, other = make_product(), make_product("Rye")
    client = basket_with(product)
    form = form_of(client)
    put_in(client, other)
    assert client.post(reverse("checkout"), form).status_code == 409
    assert amounts(client) == {product.pk: 1, other.pk: 1}


def test_a_checkout_that_could_not_empty_the_basket_does_so_at_the_next_look():
    product = make_product()
    client = basket_with(product)
    placed = place(form_of(client)["key"], {product.pk: 1}, 520, a_slot())
    assert client.get(reverse("checkout"))["Location"] == placed.get_absolute_url()
    assert amounts(client) == {}


def test_ordering_needs_a_token():
    client = visitor(enforce_csrf_checks=True)
    put_in(client, make_product())
    assert client.post(reverse("checkout"), form_of(client)).status_code == 403
