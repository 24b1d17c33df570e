"""The orders of a month as a file: asked for by staff, written by a worker, fetched by who asked."""

import csv
import datetime

import pytest
from django.urls import reverse

from jobs import starts
from jobs.models import Job, Outbox, State
from jobs.work import submit
from shop import exports
from shop.models import Order, OrderLine

from ..factories import ada, make_slot, make_user, mallory, tomorrow_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def private_pictures(settings, tmp_path):
    private = settings.STORAGES["pictures_private"]
    options = private["OPTIONS"] | {"location": tmp_path / "private"}
    settings.STORAGES = settings.STORAGES | {"pictures_private": private | {"OPTIONS": options}}


@pytest.fixture
def baker(client):
    client.force_login(ada())
    return client


def make_order(number, at, **changes):
    fields = {"key": f"key-{number}", "name": "Steve", "email": "s@example.com", "total_cents": 1040}
    order = Order.objects.create(number=number, slot=make_slot(at, capacity=99), **fields | changes)
    OrderLine.objects.create(order=order, name="Country sourdough", quantity=2, unit_cents=520)
    return order


def asked(client, month):
    client.post(reverse("admin:shop_order_exports"), {"month": month})
    return Job.objects.filter(kind="export").last()


def fetched(client, job):
    answer = client.get(reverse("admin:shop_order_export", args=[job.key]))
    assert answer.status_code == 200
    return list(csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))


def test_a_month_is_exported_whole_and_nothing_else(baker, monkeypatch):
    monkeypatch.setattr(exports, "BATCH", 2)
    at = tomorrow_at(8).replace(day=15)
    for number in range(5):
        make_order(number, at + datetime.timedelta(minutes=15 * (number // 2)))
    make_order(9, at + datetime.timedelta(days=40))
    job = asked(baker, f"{at:%Y-%m}")
    starts.run(job.pk)
    headings, *rows = fetched(baker, job)
    assert headings[:3] == ["number", "day", "time"]
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4"]
    assert rows[0][3:] == ["placed", "Steve", "s@example.com", "", "", "2 × Country sourdough", "10.40"]


def test_what_customers_typed_is_no_formula(baker):
    at = tomorrow_at(8)
    make_order(1, at, name="=1+1", note="@SUM(A1)", phone="+49 30 1234")
    job = asked(baker, f"{at:%Y-%m}")
    starts.run(job.pk)
    _, row = fetched(baker, job)
    assert [row[4], row[6], row[7]] == ["'=1+1", "'+49 30 1234", "'@SUM(A1)"]


def test_nobody_gets_a_mail_for_it(baker):
    job = asked(baker, "2026-11")
    starts.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["rows"]) == (State.DONE, 0)
    assert not Outbox.objects.filter(subject=job.key).exists()


def test_the_page_shows_how_it_stands(baker):
    job = asked(baker, "2026-11")
    page = reverse("admin:shop_order_exports")
    assert "Queued" in baker.get(page).content.decode()
    starts.run(job.pk)
    assert reverse("admin:shop_order_export", args=[job.key]) in baker.get(page).content.decode()


@pytest.mark.parametrize("month", ["", "9999-12", "2026-13", "November", "2026-11-01"])
def test_what_is_no_month_is_refused(baker, month):
    assert asked(baker, month) is None


def test_a_worker_refuses_it_as_well():
    job = submit("export", "user:1", {"month": "2026-13"})
    starts.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "There is no month “2026-13”. Choose one, like 2026-11.")


def test_a_fourth_at_once_is_refused_kindly(baker):
    for _ in range(4):
        asked(baker, "2026-11")
    assert Job.objects.count() == 3
    assert "Three exports" in baker.get(reverse("admin:shop_order_exports")).content.decode()


def test_only_who_asked_for_it_fetches_it(baker, client):
    job = asked(baker, "2026-11")
    starts.run(job.pk)
    client.force_login(make_user("Grace", is_staff=True, is_superuser=True))
    assert client.get(reverse("admin:shop_order_export", args=[job.key])).status_code == 404


@pytest.mark.parametrize("is_staff", [False, True])
def test_who_may_not_see_orders_gets_nothing(client, is_staff):
    user = make_user("Vera", is_staff=True) if is_staff else mallory()
    client.force_login(user)
    answer = client.get(reverse("admin:shop_order_exports"))
    assert answer.status_code == (403 if is_staff else 302)
    assert client.post(reverse("admin:shop_order_exports"), {"month": "2026-11"}).status_code == answer.status_code
    assert not Job.objects.exists()
