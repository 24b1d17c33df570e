"""A cake in the basket and in an order: made to order, never more than a slot can hold, and kept as it was sold."""

import datetime

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from jobs.cake import design, options
from jobs.models import Job
from shop import slots
from shop.models import Order, OrderLine, Slot
from shop.orders import CakeGone, CakesFull, PriceChanged, cancel_order, place_order
from shop.ownership import signed
from shop.till import MAX_CAKES
from tests.factories import ada, make_product, make_slot, mallory, steve, tomorrow_at

from .cakes import CENTS, asked, in_basket, painted
from .people import CONTACT, a_slot, at_once, form_of, order, put_in, till_of, visitor, work_off

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Happy Birthday, Steve!"


def a_cake_slot(**changes):
    """One for which a cake can be ordered at any time of today."""
    return a_slot(10, later=1, **changes)


def ordered(client, slot=None, **changes):
    answer = order(client, slot or a_cake_slot(), **changes)
    assert answer.status_code == 303, answer.content.decode()
    return Order.objects.get(key=answer["Location"].split("/")[2])


def place(job_keys, slot, *, key="a" * 32, shown=None):
    return place_order(
        key,
        customer=None,
        contact=CONTACT,
        slot_id=slot.pk,
        lines={},
        cakes=job_keys,
        shown_total=CENTS * len(job_keys) if shown is None else shown,
    )


# ---------------------------------------------------------------- the basket


def test_a_cake_is_a_line_of_its_own_at_the_price_of_its_design():
    client, loaf = visitor(), make_product()
    put_in(client, loaf, 2)
    job = in_basket(client)
    till = till_of(client)
    assert [line["id"] for line in till["lines"]] == [loaf.pk]
    assert [(cake["key"], cake["cents"], cake["words"]) for cake in till["cakes"]] == [(job.key, CENTS, WORDS)]
    assert till["total"] == CENTS + 2 * 520
    assert till["pieces"] == 3
    page = client.get(reverse("basket")).content.decode()
    assert f'src="/jobs/{job.key}/picture?n=6"' in page


def test_the_same_cake_twice_is_in_it_once():
    client = visitor()
    job = in_basket(client)
    client.post(reverse("job_basket", args=[job.key]))
    assert till_of(client)["pieces"] == 1
    assert client.get("/me.json").json()["basket"] == 1


def test_a_cake_that_is_still_painted_is_shown_as_drawn():
    client = visitor()
    client.post(reverse("job_basket", args=[asked(client).key]))
    page = client.get(reverse("basket")).content.decode()
    assert "Drawing of a cake that says" in page
    assert "/picture" not in page


def test_it_is_taken_out_again():
    client = visitor()
    job = in_basket(client)
    client.post(reverse("basket"), {"remove": f"cake:{job.key}"})
    assert till_of(client)["is_empty"]


def test_a_guests_cake_is_in_the_customers_basket_after_signing_in():
    client = visitor()
    job = in_basket(client)
    client.force_login(steve())
    assert [cake["key"] for cake in till_of(client)["cakes"]] == [job.key]
    assert client.get(reverse("job_picture", args=[job.key])).status_code == 200


def test_nobody_puts_in_somebody_elses_cake():
    job = painted(asked(visitor(steve())))
    client = visitor(mallory())
    assert client.post(reverse("job_basket", args=[job.key])).status_code == 404
    assert till_of(client)["is_empty"]


def test_more_cakes_than_one_pick_up_holds_are_told_before_the_checkout():
    client = visitor()
    for number in range(MAX_CAKES + 1):
        in_basket(client, inscription=f"Number {number}")
    till = till_of(client)
    assert [cake["trouble"] for cake in till["cakes"]] == [""] * MAX_CAKES + ["many"]
    assert not till["is_ready"]
    assert "one cake too many for one pick-up" in client.get(reverse("basket")).content.decode()


def test_a_cake_we_no_longer_make_is_told_and_can_be_taken_out(monkeypatch):
    client = visitor()
    in_basket(client)
    without = {key: choice for key, choice in options.GLAZES.items() if key != "chocolate"}
    monkeypatch.setattr("jobs.cake.design._TABLES", design._TABLES | {"glaze": without})
    till = till_of(client)
    assert (till["is_gone"], till["is_ready"], till["total"]) == (True, False, 0)
    assert "A cake we no longer make" in client.get(reverse("basket")).content.decode()


# ---------------------------------------------------------------- the order


def test_it_is_ordered_with_its_design_and_its_price():
    client, slot = visitor(steve()), a_cake_slot()
    job = in_basket(client, inscription="For Ada", tiers="3")
    found = ordered(client, slot)
    line = found.lines.get()
    assert line.name == "Birthday cake, three tiers"
    assert (line.quantity, line.unit_cents, line.job_key) == (1, found.total_cents, job.key)
    assert line.design == job.arguments
    assert till_of(client)["is_empty"]
    slot.refresh_from_db()
    assert (slot.taken, slot.cakes_taken) == (1, 1)


def test_the_order_keeps_what_it_cost_and_said_whatever_comes_later(monkeypatch):
    client = visitor(steve())
    in_basket(client)
    found = ordered(client)
    monkeypatch.setattr("jobs.cake.options.CANDLE_CENTS", 99_00)
    Job.objects.all().delete()
    page = client.get(found.get_absolute_url()).content.decode()
    assert "€73.50" in page
    assert WORDS in page
    assert "Drawing of a cake that says" in page


def test_bread_and_a_cake_are_one_order():
    client, loaf = visitor(), make_product(stock=5)
    put_in(client, loaf, 2)
    in_basket(client)
    found = ordered(client)
    assert found.total_cents == CENTS + 1040
    loaf.stock.refresh_from_db()
    assert loaf.stock.quantity == 3


def test_posting_twice_is_one_order_and_one_place():
    client, slot = visitor(), a_cake_slot()
    in_basket(client)
    typed = form_of(client, slot)
    places = {client.post(reverse("checkout"), typed)["Location"] for _ in range(2)}
    slot.refresh_from_db()
    assert (len(places), Order.objects.count(), slot.cakes_taken) == (1, 1, 1)


def test_a_price_that_changed_meanwhile_is_told_and_nothing_is_taken():
    job, slot = painted(asked(visitor())), a_cake_slot()
    with pytest.raises(PriceChanged):
        place([job.key], slot, shown=CENTS - 1)
    slot.refresh_from_db()
    assert (slot.taken, slot.cakes_taken) == (0, 0)


def test_a_cake_that_is_not_there_is_not_ordered():
    slot = a_cake_slot()
    with pytest.raises(CakeGone):
        place(["0" * 32], slot, shown=CENTS)
    assert not Order.objects.exists()


# ---------------------------------------------------------------- two days, and as many as a slot can hold


def at(day, hour, minute=0):
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(hour, minute)))


TUESDAY = datetime.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("moment", "ready"),
    [
        (at(TUESDAY, 17, 59), datetime.date(2026, 11, 26)),
        (at(TUESDAY, 18), datetime.date(2026, 11, 27)),
        (at(datetime.date(2026, 11, 28), 9), datetime.date(2026, 12, 1)),  # Saturday: closed on Monday
    ],
)
def test_a_cake_needs_two_days_and_an_open_shop(moment, ready):
    assert slots.ready_from(moment) == ready


def test_a_slot_of_tomorrow_is_no_choice_for_a_cake(client):
    tomorrow = make_slot(tomorrow_at(9))
    job = painted(asked(client))
    with pytest.raises(CakesFull):
        place([job.key], tomorrow)
    tomorrow.refresh_from_db()
    assert (tomorrow.taken, tomorrow.cakes_taken) == (0, 0)


def test_a_slot_whose_cakes_are_all_taken_takes_bread_and_no_cake():
    client, loaf, full = visitor(), make_product(), a_cake_slot(cake_capacity=1, cakes_taken=1)
    in_basket(client)
    refused = order(client, full)
    assert refused.status_code == 409
    assert "We cannot have the cake ready at this time any more." in refused.content.decode()
    assert not till_of(client)["is_empty"]
    other = visitor()
    put_in(other, loaf)
    assert ordered(other, full).slot == full


def test_the_checkout_offers_a_cake_only_slots_that_have_room_for_it():
    client = visitor()
    full, free = a_slot(10, later=1, cake_capacity=1, cakes_taken=1), a_slot(11, later=1)
    in_basket(client)
    page = client.get(reverse("checkout")).content.decode()
    assert f'value="{full.pk}" disabled' in page
    assert f'name="slot" value="{free.pk}">' in page
    assert "made to order" in page


def test_ten_who_want_the_last_two_cakes_of_a_slot_get_two():
    slot = a_cake_slot(cake_capacity=2)
    job = painted(asked(visitor()))

    def buy(number):
        try:
            return bool(place([job.key], slot, key=f"{number:032x}"))
        except CakesFull:
            return False

    assert sum(at_once(buy, 10, threads=10)) == 2
    slot.refresh_from_db()
    assert (slot.taken, slot.cakes_taken) == (2, 2)
    assert OrderLine.objects.count() == 2


def test_cancelling_gives_the_places_of_its_cakes_back_once():
    slot, jobs = a_cake_slot(), [painted(asked(visitor(), inscription=words)) for words in ("One", "Two")]
    found = place([job.key for job in jobs], slot)
    assert [cancel_order(found), cancel_order(found)] == [True, False]
    assert Slot.objects.filter(pk=slot.pk).values_list("taken", "cakes_taken").get() == (0, 0)


# ---------------------------------------------------------------- afterwards


def test_the_account_shows_it_with_its_picture():
    client = visitor(steve())
    job = in_basket(client)
    found = ordered(client)
    Order.objects.update(state=Order.State.COLLECTED)
    page = client.get(reverse("account")).content.decode()
    assert "Birthday cake, two tiers" in page
    assert f'src="/jobs/{job.key}/picture?n=6"' in page
    assert reverse("order_again", args=[found.key]) in page


def test_it_is_ordered_again():
    client = visitor(steve())
    job = in_basket(client)
    found = ordered(client)
    assert till_of(client)["is_empty"]
    client.post(reverse("order_again", args=[found.key]))
    assert [cake["key"] for cake in till_of(client)["cakes"]] == [job.key]
    assert ordered(client).pk != found.pk


def test_the_link_in_the_orders_mail_shows_the_picture_of_its_cake():
    client = visitor()
    job = in_basket(client)
    found = ordered(client)
    work_off()
    assert f"(“{WORDS}”)" in next(letter.body for letter in mail.outbox if "Birthday cake" in letter.body)
    elsewhere = visitor()
    elsewhere.get(found.get_absolute_url(), {"sign": signed(found.key)})
    assert elsewhere.get(reverse("job_picture", args=[job.key])).status_code == 200
    assert visitor(mallory()).get(reverse("job_picture", args=[job.key])).status_code == 404


def test_the_bakers_print_shows_the_picture_the_words_and_the_choices():
    client, baker = visitor(), visitor(ada())
    job = in_basket(client, inscription="For\nAda", sponge="almond")
    found = ordered(client)
    page = baker.get(reverse("admin:shop_order_day"), {"date": timezone.localdate(found.slot.starts_at)})
    text = page.content.decode()
    address = reverse("admin:shop_order_cake", args=[job.key])
    assert f'src="{address}"' in text
    assert "For<br>Ada" in text
    assert "Almond sponge" in text
    assert baker.get(address)["Content-Type"] == "image/webp"
    assert visitor(mallory()).get(address).status_code == 302


def test_bakers_see_the_pictures_of_orders_and_no_others():
    job = painted(asked(visitor(steve())))
    assert visitor(ada()).get(reverse("admin:shop_order_cake", args=[job.key])).status_code == 404


def test_the_capacity_for_cakes_is_not_set_below_what_is_ordered():
    slot = a_cake_slot(cakes_taken=2)
    address = reverse("admin:shop_slot_change", args=[slot.pk])
    at_ten = timezone.localtime(slot.starts_at)
    typed = {"starts_at_0": f"{at_ten:%Y-%m-%d}", "starts_at_1": f"{at_ten:%H:%M}", "capacity": 8, "cake_capacity": 1}
    assert "2 cakes are ordered already." in visitor(ada()).post(address, typed).content.decode()
