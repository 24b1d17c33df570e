import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Outbox
from products.models import Review
from products.reviews import write_review
from shop.models import Order, OrderLine
from tests.factories import PASSWORD, make_product, make_review, make_slot, mallory, steve

pytestmark = pytest.mark.django_db
GOOD = {"rating": "5", "body": "Ask for it unsliced. Then hide it."}


@pytest.fixture
def loaf():
    return make_product()


@pytest.fixture
def customer(client):
    client.force_login(steve())
    return client


def path(product):
    return reverse("review", args=[product.pk])


def bought(user, product, state=Order.State.COLLECTED, key="a" * 32):
    slot = make_slot()
    fields = {"number": 7, "name": user.name, "email": user.email, "slot": slot, "state": state, "total_cents": 520}
    order = Order.objects.create(key=key, customer=user, **fields)
    OrderLine.objects.create(order=order, product=product, name=product.name, quantity=1, unit_cents=520)


def test_a_review_is_written_and_leads_back_to_the_product(customer, loaf):
    response = customer.post(path(loaf), GOOD)
    assert response.url == f"{loaf.get_absolute_url()}#reviews"
    review = Review.objects.get()
    assert (review.author, review.rating, review.body, review.is_verified) == (steve(), 5, GOOD["body"], False)


def test_the_thanks_reach_the_page_that_holds_nobodys_data_and_only_once(customer, loaf):
    customer.post(path(loaf), GOOD)
    answers = [customer.get(reverse("me")).json()["notices"] for _ in range(2)]
    assert answers == [["Thank you. Your review is on its way to the page."], []]


@pytest.mark.parametrize(
    ("state", "is_verified"),
    [(Order.State.PLACED, True), (Order.State.COLLECTED, True), (Order.State.CANCELLED, False)],
)
def test_it_is_marked_as_bought_here_only_by_an_order_that_stands(customer, loaf, state, is_verified):
    bought(steve(), loaf, state)
    customer.post(path(loaf), GOOD)
    assert Review.objects.get().is_verified is is_verified


def test_what_somebody_else_bought_does_not_count(customer, loaf):
    bought(mallory(), loaf)
    customer.post(path(loaf), GOOD)
    assert Review.objects.get().is_verified is False


def test_writing_again_changes_the_one_review(customer, loaf):
    customer.post(path(loaf), GOOD)
    page = customer.get(path(loaf)).content.decode()
    assert GOOD["body"] in page and 'value="5" checked' in page
    customer.post(path(loaf), {"rating": "3", "body": "A little dry today."})
    review = Review.objects.get()
    assert (review.rating, review.body) == (3, "A little dry today.")


def test_a_hidden_review_stays_hidden_when_it_is_changed(customer, loaf):
    make_review(loaf, steve(), is_hidden=True)
    customer.post(path(loaf), GOOD)
    review = Review.objects.get()
    assert review.is_hidden and review.body == GOOD["body"]


def test_two_customers_cannot_touch_each_others_reviews(customer, loaf):
    theirs = make_review(loaf, mallory(), body="Mallory was here.")
    assert customer.post(reverse("review_delete", args=[loaf.pk])).status_code == 404
    assert "Mallory was here." not in customer.get(path(loaf)).content.decode()
    customer.post(path(loaf), GOOD | {"author": theirs.author_id, "id": theirs.pk})
    theirs.refresh_from_db()
    assert theirs.body == "Mallory was here."
    assert Review.objects.count() == 2


def test_a_review_can_be_taken_back(customer, loaf):
    customer.post(path(loaf), GOOD)
    assert customer.post(reverse("review_delete", args=[loaf.pk])).url == reverse("account")
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"rating": ""}, "rating-bad"),
        ({"rating": "6"}, "rating-bad"),
        ({"rating": "0"}, "rating-bad"),
        ({"rating": "five"}, "rating-bad"),
        ({"body": ""}, "id_body_error"),
        ({"body": "ok"}, "id_body_error"),
        ({"body": "   \n  "}, "id_body_error"),
        ({"body": "x" * 2001}, "id_body_error"),
        ({"body": "bread\x00"}, "id_body_error"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_the_rest_is_kept(customer, loaf, typed, error):
    response = customer.post(path(loaf), GOOD | typed)
    page = response.content.decode()
    assert response.status_code == 422 and f'id="{error}"' in page
    assert ('value="5" checked' in page) if "body" in typed else (GOOD["body"] in page)
    assert not Review.objects.exists()


def test_markup_in_a_review_is_only_text(customer, loaf):
    customer.post(path(loaf), GOOD | {"body": "<script>alert(1)</script>"})
    assert "<script>alert" not in customer.get(reverse("account")).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_product_that_is_not_there_is_a_404(customer, method):
    hidden = make_product(is_published=False)
    for pk in (hidden.pk, 999_999):
        assert getattr(customer, method)(reverse("review", args=[pk]), GOOD).status_code == 404


def test_a_stranger_signs_in_first_and_what_was_typed_comes_back(client, loaf):
    user = steve()
    response = client.post(path(loaf), GOOD)
    assert response.url == f"{reverse('sign_in')}?next={path(loaf)}"
    assert not Review.objects.exists()
    typed = {"username": user.email, "password": PASSWORD, "next": path(loaf)}
    page = client.post(reverse("sign_in"), typed, follow=True).content.decode()
    assert GOOD["body"] in page and 'value="5" checked' in page


def test_a_strangers_drafts_cannot_fill_the_server_of_sessions(loaf):
    kept = 0
    for _ in range(65):
        stranger = Client()
        assert stranger.post(path(loaf), GOOD).status_code == 302
        kept += "sessionid" in stranger.cookies
    assert kept == 60


def test_too_many_reviews_mean_waiting_and_keep_the_words(customer, loaf):
    for _ in range(30):
        assert customer.post(path(loaf), {}).status_code == 422
    response = customer.post(path(loaf), GOOD)
    assert response.status_code == 429 and int(response["Retry-After"]) > 0
    assert GOOD["body"] in response.content.decode()
    assert not Review.objects.exists()


def test_a_review_asks_for_the_product_to_be_built_again(customer, loaf):
    Outbox.objects.all().delete()
    customer.post(path(loaf), GOOD)
    assert Outbox.objects.filter(subject=f"product:{loaf.pk}").exists()


@pytest.mark.parametrize("name", ["review", "review_delete"])
def test_a_post_without_a_token_is_refused(name, loaf):
    client = Client(enforce_csrf_checks=True)
    client.force_login(steve())
    assert client.post(reverse(name, args=[loaf.pk]), GOOD).status_code == 403


def test_writing_for_an_unknown_product_raises():
    with pytest.raises(make_product().DoesNotExist):
        write_review(999_999, steve(), 5, "Good.", False)
