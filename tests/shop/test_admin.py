"""The bakehouse: every page opens for Ada, none for Mallory, and none asks the database a question a row."""

import datetime

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.models import Friendship
from jobs.models import Page
from jobs.outbox import enqueue
from jobs.work import submit
from products.models import Category, Product, Tag
from shop.models import Order, OrderLine, Slot
from tests import factories

pytestmark = pytest.mark.django_db
TOMORROW_AT_EIGHT = datetime.time(8)


@pytest.fixture
def ada(client):
    client.force_login(factories.ada())
    return client


@pytest.fixture
def mallory(client):
    client.force_login(factories.mallory())
    return client


def make_order(number=1, *, slot=None, state=Order.State.PLACED, **changes):
    slot = slot or factories.make_slot()
    order = Order.objects.create(
        key=f"key-{number}", number=number, slot=slot, state=state, total_cents=1040, email="s@example.com", **changes
    )
    OrderLine.objects.create(order=order, name="Country sourdough", quantity=2, unit_cents=520)
    return order


@pytest.fixture
def one_of_each():
    """One row of everything that has an admin page."""
    steve, product = factories.steve(), factories.make_product(tags=["Vegan"])
    factories.make_review(product, steve)
    factories.make_article()
    Friendship.objects.create(follower=steve, followed=factories.mallory())
    Group.objects.create(name="Counter")
    make_order(name="Steve", customer=steve)
    enqueue("jobs.objects.refresh", f"product:{product.pk}")
    submit("export", "user:1", {"month": "2026-11"})
    Page.objects.create(release="older", path="/", size=1, published_at=timezone.now())


def addresses():
    """Every page of every model, with the row it is about."""
    yield "admin:index", None
    yield "admin:replicas", None
    yield "admin:sampler", None
    for model in admin.site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield f"{base}_changelist", None
        yield f"{base}_add", None
        yield f"{base}_change", model
        yield f"{base}_history", model
    yield "admin:products_product_object", Product
    yield "admin:shop_order_day", None
    yield "admin:shop_order_exports", None


def address(name, model):
    return reverse(name, args=[model.objects.first().pk] if model else [])


READ_ONLY = {"jobs_job_add", "jobs_outbox_add", "jobs_page_add", "products_review_add", "shop_order_add"}


@pytest.mark.parametrize(("name", "model"), list(addresses()))
def test_every_page_opens_for_ada(ada, one_of_each, name, model):
    expected = 403 if name.removeprefix("admin:") in READ_ONLY else 200
    assert ada.get(address(name, model)).status_code == expected


@pytest.mark.parametrize(("name", "model"), list(addresses()))
def test_no_page_opens_for_mallory(mallory, one_of_each, name, model):
    answer = mallory.get(address(name, model))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


def test_a_helper_without_rights_may_not_see_the_day_or_an_object(client, one_of_each):
    client.force_login(factories.make_user("Ben", is_staff=True))
    closed = ("admin:shop_order_day", "admin:replicas", "admin:sampler")
    for name, model in (*((name, None) for name in closed), ("admin:products_product_object", Product)):
        assert client.get(address(name, model)).status_code == 403


CHANGELISTS = [name for name, _ in addresses() if name.endswith("_changelist")]


@pytest.mark.parametrize("name", CHANGELISTS)
def test_a_list_of_twenty_costs_as_much_as_a_list_of_two(ada, django_assert_max_num_queries, name):
    for number in range(20):
        product = factories.make_product(f"Loaf {number}", slug=f"loaf-{number}")
        author = factories.make_user(f"Customer {number}")
        factories.make_promotion(product)
        factories.make_review(product, author)
        factories.make_article(f"Entry {number}")
        Friendship.objects.create(follower=author, followed=factories.steve())
        make_order(number, customer=author)
        Tag.objects.create(name=f"Tag {number}", slug=f"tag-{number}")
        Category.objects.create(name=f"Shelf {number}", slug=f"shelf-{number}")
        Page.objects.create(release="older", path=f"/{number}/", failed_at=timezone.now(), error="No ink")
    with django_assert_max_num_queries(16):
        assert ada.get(reverse(name)).status_code == 200


def test_nothing_in_the_admin_is_written_into_the_page_as_style_or_script(ada, one_of_each):
    for name, model in addresses():
        page = ada.get(address(name, model)).content.decode()
        assert "style=" not in page, name
        assert "<style" not in page, name
        assert " onclick=" not in page, name


def test_the_admin_sends_the_policy_that_forbids_them(ada):
    assert "default-src 'self'" in ada.get(reverse("admin:index"))["Content-Security-Policy"]


def test_the_admin_reads_from_the_primary(ada):
    product = factories.make_product(name="Seen at once")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "REPLICAS", ["no-such-alias"])
        assert ada.get(reverse("admin:products_product_change", args=[product.pk])).status_code == 200
        assert ada.get(reverse("admin:products_product_changelist")).status_code == 200


def test_the_day_shows_who_collects_what_when(ada):
    order = make_order(name="Steve", note="No bag, please")
    make_order(2, name="Gone", state=Order.State.CANCELLED)
    page = ada.get(reverse("admin:shop_order_day"), {"date": order.slot.starts_at.date()}).content.decode()
    assert "Steve" in page
    assert "No bag, please" in page
    assert "8:00" in page
    assert "€10.40" in page
    assert "Gone" not in page


def test_the_day_says_what_to_bake(ada):
    make_order(1, name="Steve")
    make_order(2, name="Ana")
    day = ada.get(reverse("admin:shop_order_day"), {"date": factories.tomorrow_at(8).date()})
    assert day.context["bake"] == [("Country sourdough", 4)]


def test_the_day_costs_the_same_for_twenty_orders(ada, django_assert_max_num_queries):
    for number in range(20):
        make_order(number, name="Steve", slot=factories.make_slot(factories.tomorrow_at(8 + number % 5)))
    with django_assert_max_num_queries(8):
        ada.get(reverse("admin:shop_order_day"), {"date": factories.tomorrow_at(8).date()})


@pytest.mark.parametrize("date", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "%00", "x" * 1000])
def test_a_day_that_is_none_is_not_found(ada, date):
    assert ada.get(reverse("admin:shop_order_day"), {"date": date}).status_code == 404


def test_an_order_is_handed_over_once(ada):
    order = make_order(name="Steve")
    page = reverse("admin:shop_order_day")
    assert "Handed over" in ada.post(page, {"order": order.pk}, follow=True).content.decode()
    order.refresh_from_db()
    assert order.state == Order.State.COLLECTED
    assert "not waiting" in ada.post(page, {"order": order.pk}, follow=True).content.decode()


@pytest.mark.parametrize("posted", ["", "x", "9" * 400, "²", "-1"])
def test_a_broken_order_id_hands_over_nothing(ada, posted):
    make_order(name="Steve")
    ada.post(reverse("admin:shop_order_day"), {"order": posted})
    assert Order.objects.get().state == Order.State.PLACED


def test_a_cancelled_order_is_not_handed_over(ada):
    order = make_order(name="Steve", state=Order.State.CANCELLED)
    action = {"action": "collected", "_selected_action": order.pk}
    ada.post(reverse("admin:shop_order_changelist"), action)
    order.refresh_from_db()
    assert order.state == Order.State.CANCELLED


def slot_form(slot, capacity):
    moment = slot.starts_at
    typed = {"starts_at_0": f"{moment:%d/%m/%Y}", "starts_at_1": f"{moment:%H:%M:%S}", "cake_capacity": 3}
    return typed | {"capacity": capacity}


def test_a_slot_cannot_hold_less_than_is_taken(ada):
    slot = factories.make_slot(capacity=8, taken=5)
    page = reverse("admin:shop_slot_change", args=[slot.pk])
    answer = ada.post(page, slot_form(slot, 4))
    assert "5 places are taken already" in answer.content.decode()
    assert ada.post(page, slot_form(slot, 12)).status_code == 302
    assert Slot.objects.values_list("capacity", "taken").get() == (12, 5)


def test_guessing_passwords_is_stopped_with_a_word(client):
    factories.ada()
    page, typed = reverse("admin:login"), {"username": "ada@example.com", "password": "wrong"}
    answers = [client.post(page, typed).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    typed["password"] = factories.PASSWORD
    answer = client.post(page, typed)
    assert answer.status_code == 429
    assert "Come back at" in answer.content.decode()


def test_ada_signs_in_by_email(client):
    factories.ada()
    typed = {"username": "ada@example.com", "password": factories.PASSWORD, "next": reverse("admin:index")}
    assert client.post(reverse("admin:login"), typed)["Location"] == reverse("admin:index")


def test_who_may_edit_accounts_cannot_promote_their_own(client, django_user_model):
    ben = factories.make_user("Ben", is_staff=True)
    codenames = ["view_user", "change_user"]
    ben.user_permissions.set(Group.permissions.rel.model.objects.filter(codename__in=codenames))
    client.force_login(ben)
    typed = {"name": "Ben", "email": ben.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(reverse("admin:accounts_user_change", args=[ben.pk]), typed).status_code == 302
    assert not django_user_model.objects.get(pk=ben.pk).is_superuser
