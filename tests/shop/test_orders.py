"""An order is its owner's alone; taking it back gives back once; the mail comes once."""

import datetime

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.urls import reverse
from django.utils import timezone

from jobs.models import Outbox
from products.models import Price, Stock
from scaling.stores import keep
from shop.models import Order, Slot
from shop.orders import TooLate, cancel_order, place_order
from shop.ownership import REMEMBERED, signed
from shop.tasks import MailUnderWay, send_confirmation
from tests.factories import make_product, mallory, steve, tomorrow_at

from .people import CONTACT, a_slot, amounts, at_once, order, put_in, visitor

pytestmark = pytest.mark.django_db(transaction=True)


def placed(product=None, *, n=2, key="a" * 32, customer=None, slot=None, **contact):
    product = product or make_product()
    return place_order(
        key,
        customer=customer,
        contact=CONTACT | contact,
        slot_id=(slot or a_slot()).pk,
        lines={product.pk: n},
        shown_total=520 * n,
    )


def pages(found):
    return [reverse(name, args=[found.key]) for name in ("order", "order_cancel", "order_again")]


def test_an_order_is_shown_to_its_customer_on_every_device():
    found = placed(customer=steve())
    assert visitor(steve()).get(found.get_absolute_url()).status_code == 200


def test_nobody_else_sees_or_changes_it():
    found = placed(customer=steve())
    for client in (visitor(mallory()), visitor()):
        see, cancel, again = pages(found)
        assert client.get(see).status_code == 404
        assert client.post(cancel).status_code == 404
        assert client.post(again).status_code == 404
        assert amounts(client) == {}
    found.refresh_from_db()
    assert found.state == Order.State.PLACED


def test_a_guests_order_is_not_shown_to_a_customer_with_the_same_address():
    found = placed(email=steve().email)
    assert visitor(steve()).get(found.get_absolute_url()).status_code == 404


def test_a_guest_sees_the_order_until_the_session_ends():
    client = visitor()
    put_in(client, make_product())
    address = order(client)["Location"]
    assert client.get(address).status_code == 200
    client.logout()
    assert client.get(address).status_code == 404


def test_the_mails_link_opens_the_order_and_leaves_the_address():
    found, client = placed(), visitor()
    answer = client.get(found.get_absolute_url(), {"sign": signed(found.key)})
    assert answer["Location"] == found.get_absolute_url()
    assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize(
    "sign",
    ["", "x", "a:b:c", signed("b" * 32), signed("a" * 32)[:-1], "é\x00"],
    ids=["none", "a word", "three words", "another order's", "cut short", "no text"],
)
def test_a_forged_or_borrowed_link_opens_nothing(sign):
    assert visitor().get(placed().get_absolute_url(), {"sign": sign}).status_code == 404


def test_a_link_does_not_open_for_ever(monkeypatch):
    found = placed()
    link = signed(found.key)
    monkeypatch.setattr("django.core.signing.time.time", lambda: timezone.now().timestamp() + 91 * 86400)
    assert visitor().get(found.get_absolute_url(), {"sign": link}).status_code == 404


@pytest.mark.parametrize("key", ["x", "a" * 33, "%00", "é", "a" * 2000])
def test_an_unknown_key_is_a_404_page(key):
    assert visitor().get(f"/orders/{key}/").status_code == 404


def test_a_session_remembers_a_bounded_number_of_orders():
    client = visitor()
    keys = [f"{n:032}" for n in range(REMEMBERED + 2)]
    for key in keys:
        client.get(reverse("order", args=[key]), {"sign": signed(key)})
    assert client.session["orders"] == keys[-REMEMBERED:]


def test_an_order_page_is_not_stored_anywhere():
    client = visitor(steve())
    assert "no-store" in client.get(placed(customer=steve()).get_absolute_url())["Cache-Control"]


def test_an_order_that_is_looked_at_is_read_from_a_replica():
    client, found = visitor(), placed()
    client.get(found.get_absolute_url(), {"sign": signed(found.key)})
    for _ in range(2):  # what its token names is assembled first
        answer = client.get(found.get_absolute_url())
    assert answer.status_code == 200
    assert 'sql-default;desc="0 statements"' in answer["Server-Timing"]


def test_cancelling_gives_stock_and_place_back():
    product = make_product()
    found, client = placed(product, customer=steve()), visitor(steve())
    answer = client.post(reverse("order_cancel", args=[found.key]))
    assert answer.status_code == 303
    assert "Cancelled" in client.get(answer["Location"]).content.decode()
    assert (Stock.objects.get(product=product).quantity, Slot.objects.get().taken) == (10, 0)


def test_cancelling_twice_at_once_gives_back_once():
    product = make_product()
    found = placed(product)
    outcomes = at_once(lambda _: cancel_order(Order.objects.get(pk=found.pk)), 8)
    assert outcomes.count(True) == 1
    assert (Stock.objects.get(product=product).quantity, Slot.objects.get().taken) == (10, 0)


def test_what_was_collected_is_not_cancelled():
    product = make_product()
    found = placed(product)
    Order.objects.update(state=Order.State.COLLECTED)
    assert cancel_order(found) is False
    assert Stock.objects.get(product=product).quantity == 8


def test_past_the_cut_off_it_stays():
    product = make_product()
    found = placed(product, customer=steve())
    Slot.objects.update(starts_at=tomorrow_at(8) - datetime.timedelta(days=1))
    found.refresh_from_db()
    with pytest.raises(TooLate):
        cancel_order(found)
    client = visitor(steve())
    answer = client.post(reverse("order_cancel", args=[found.key]))
    assert "can no longer be cancelled" in client.get(answer["Location"]).content.decode()
    assert Stock.objects.get(product=product).quantity == 8


def test_a_product_that_is_gone_does_not_hold_up_cancelling():
    product = make_product()
    found = placed(product)
    product.delete()
    assert cancel_order(found)
    assert Slot.objects.get().taken == 0


def test_ordering_again_fills_the_basket_at_todays_prices():
    rye = make_product("Rye")
    found, client = placed(rye, n=3, customer=steve()), visitor(steve())
    Price.objects.create(product=rye, cents=600)
    assert client.post(reverse("order_again", args=[found.key])).status_code == 303
    assert amounts(client) == {rye.pk: 3}


def test_ordering_again_leaves_out_what_is_not_to_be_had():
    bun = make_product("Bun", stock=2)
    found, client = placed(bun, customer=steve()), visitor(steve())
    client.post(reverse("order_again", args=[found.key]))
    assert amounts(client) == {}
    assert "Not everything" in client.get(reverse("basket")).content.decode()


def test_changes_come_by_post_with_a_token():
    found = placed(customer=steve())
    for address in pages(found)[1:]:
        assert visitor(steve()).get(address).status_code == 405
        assert visitor(steve(), enforce_csrf_checks=True).post(address).status_code == 403


def send(found):
    """As a worker does it: the row goes with the mail."""
    row = Outbox.objects.create(task="shop.tasks.send_confirmation", subject=str(found.pk))
    send_confirmation([[row.pk, row.subject]])


def test_the_mail_says_what_when_and_where():
    found = placed(make_product("Rye & rose", price=520), name="Ana <b>& co", note="it's sliced")
    send(found)
    message = mail.outbox[0]
    assert message.to == [found.email]
    assert f"say {found.number}" in message.subject
    for words in ("Hello Ana <b>& co", "2 × Rye & rose, €10.40", "between 8:00 and 8:15", "“it's sliced”"):
        assert words in message.body
    link = next(line for line in message.body.splitlines() if line.startswith("http"))
    client = visitor()
    assert client.get(link.removeprefix("http://127.0.0.1:8000"), follow=True).status_code == 200


def test_the_mail_comes_once_however_often_the_task_does():
    found = placed()
    send(found)
    send(found)
    assert len(mail.outbox) == 1


def test_a_task_that_meets_another_at_work_comes_back_later():
    found = placed()
    keep().set(f"mailed:{found.key}", "sending")
    with pytest.raises(MailUnderWay):
        send(found)
    assert mail.outbox == []


def test_a_mail_that_did_not_go_out_is_tried_again(monkeypatch):
    found = placed()
    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", lambda *_: (_ for _ in ()).throw(ConnectionRefusedError()))
        with pytest.raises(ConnectionRefusedError):
            send(found)
    send(found)
    assert len(mail.outbox) == 1


def test_the_row_of_the_mail_goes_when_it_is_sent():
    found = placed()
    row = Outbox.objects.get(task="shop.tasks.send_confirmation")
    send_confirmation([[row.pk, row.subject]])
    assert len(mail.outbox) == 1
    assert not Outbox.objects.filter(pk=row.pk).exists()
    assert found.lines.count() == 1


def test_nothing_is_mailed_for_what_was_cancelled_or_is_gone():
    found = placed()
    cancel_order(found)
    send(found)
    send(Order(pk=424242))
    assert mail.outbox == []
