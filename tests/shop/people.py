"""Visitors for tests of the basket, the checkout and orders."""

import datetime
import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from celery import current_app
from django.db import connections
from django.test import Client
from django.urls import reverse

from jobs.claims import claim
from jobs.models import Outbox, now_us
from shop.baskets import basket_of
from shop.till import reckon
from tests.factories import make_slot, tomorrow_at

CONTACT = {"name": "Steve Baker", "email": "steve@example.com", "phone": "+44 7700 900123", "note": ""}


def at_once(work, count, *, threads=20):
    """The results of work(0), work(1) … done by many threads, each with its own connections."""

    def run(number):
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(count)))


def work_off():
    """What the relay and a worker do with all that is due."""
    current_app.loader.import_default_modules()
    while rows := claim(list(Outbox.objects.filter(due_at__lte=now_us()))):
        for row in rows:
            current_app.tasks[row.task]([[row.pk, row.subject]])


def visitor(user=None, **options):
    client = Client(**options)
    if user:
        client.force_login(user)
    return client


def put_in(client, product, n=1, **headers):
    return client.post(reverse("basket_add"), {"product": product.pk, "n": n}, headers=headers)


def a_slot(hour=8, *, later=0, **changes):
    """One that can be ordered for at any time of today: in two days, or `later` than that."""
    return make_slot(tomorrow_at(hour) + datetime.timedelta(days=1 + later), **changes)


def till_of(client):
    """What this visitor's basket comes to."""
    return reckon(basket_of(SimpleNamespace(session=client.session)))


def amounts(client):
    """Product id and how many, of everything in this visitor's basket."""
    return till_of(client)["quantities"]


def hidden(page, name):
    return re.search(rf'type="hidden" name="{name}" value="(\w*)"', page.content.decode())[1]


def form_of(client, slot=None, **changes):
    """What the checkout form of this visitor would post."""
    page = client.get(reverse("checkout"))
    shown = {name: hidden(page, name) for name in ("key", "shown")}
    return CONTACT | shown | {"slot": (slot or a_slot()).pk} | changes


def order(client, slot=None, **changes):
    return client.post(reverse("checkout"), form_of(client, slot, **changes))
