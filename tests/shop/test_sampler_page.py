"""The page of the sampler in the bakehouse: counts, the last faults, and a batch at once."""

import re

import pytest
from django.urls import reverse

from jobs.models import Outbox
from products.data import PRODUCTS
from products.models import Document
from scaling import comparing, findings
from scaling.comparing import Fault
from shop import admin_sampler
from tests import factories
from tests.servers import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client):
    client.force_login(factories.ada())
    return client


@pytest.fixture
def loaf(monkeypatch):
    monkeypatch.setattr(comparing, "IN_FLIGHT_SECONDS", 0)
    monkeypatch.setattr(admin_sampler, "SECONDS", PATIENCE_SECONDS)
    product = factories.make_product()
    PRODUCTS.refresh([product.pk])
    Outbox.objects.all().delete()
    return product


def page(client):
    return client.get(reverse("admin:sampler")).content.decode()


def test_before_the_first_run_it_says_so(ada):
    assert "Nothing has been compared yet." in page(ada)


def test_a_batch_at_once_finds_repairs_and_counts(ada, loaf):
    Document.objects.filter(pk=loaf.pk).delete()
    answer = ada.post(reverse("admin:sampler"), follow=True)
    said = answer.content.decode()
    assert "1 wrong in the documents; 1 repaired." in said
    assert re.search(r"In \d+ comparisons 1 place was wrong\. Objects and listings repaired: 1\.", said)
    assert Document.objects.filter(pk=loaf.pk).exists()
    assert f'href="{reverse("admin:products_product_object", args=[loaf.pk])}"' in said


def test_an_object_wrong_in_two_places_is_repaired_once(ada):
    faults = [Fault("product", "7", "cached", "price differs"), Fault("product", "7", "documents", "price differs")]
    findings.tell("product", {"cached": 1, "documents": 1, "compared": 1310, "repaired": 1}, faults)
    assert "In 1,310 comparisons 2 places were wrong. Objects and listings repaired: 1." in page(ada)


def test_it_ends_in_time_and_says_what_it_left(ada, loaf, monkeypatch):
    monkeypatch.setattr(admin_sampler, "SECONDS", 0)
    said = ada.post(reverse("admin:sampler"), follow=True).content.decode()
    assert re.search(r"Compared 0; [1-9]\d* left for a later run\.", said)


def test_what_has_no_page_any_more_is_named_without_a_link(ada):
    fault = Fault("product", "999", "cached", "is there no more")
    findings.tell("product", {"cached": 1, "compared": 5}, [fault, Fault("listing", "l:shelves", "listings", "odd")])
    said = page(ada)
    assert "product 999" in said
    assert "l:shelves" in said
    assert "/999/" not in said


def test_only_superusers_may_have_a_batch_compared(client):
    client.force_login(factories.make_user("Ben", is_staff=True))
    assert client.post(reverse("admin:sampler")).status_code == 403
    assert findings.tallies() == []


def test_the_index_leads_there(ada):
    assert reverse("admin:sampler") in ada.get(reverse("admin:index")).content.decode()
