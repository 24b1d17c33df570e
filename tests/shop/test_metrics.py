"""/metrics: for who bears the token, and with a server away without its figures."""

import os
import re
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from jobs.models import Outbox, Page
from jobs.outbox import enqueue
from jobs.pages import enqueue_pages
from scaling import findings
from scaling.clones import clone_id
from scaling.comparing import Fault
from scaling.metrics import Metric
from scaling.purging import http_purge
from shop.valkeys import free_port
from tests.scaling.test_outages import refuse

pytestmark = pytest.mark.django_db
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+')


@pytest.fixture(autouse=True)
def no_token(settings):
    settings.METRICS_TOKEN = ""


@pytest.fixture
def told(client):
    """What is answered, as lines."""

    def told(**headers):
        answer = client.get(reverse("metrics"), **headers)
        assert answer.status_code == 200
        return answer.content.decode().splitlines()

    return told


def test_the_counts_of_the_sampler_are_told(told):
    fault = Fault("product", "1", "cached", "price")
    findings.tell("product", {"compared": 7, "cached": 1, "documents": 0, "listings": 0, "repaired": 1}, [fault])
    lines = told()
    assert 'sampler_compared_total{kind="product"} 7' in lines
    assert 'sampler_wrong_total{kind="product",where="cached"} 1' in lines
    assert 'sampler_repaired_total{kind="product"} 1' in lines
    assert f'cache_breaker_open{{process="{clone_id()}/{os.getpid()}"}} 0' in lines


def test_pages_that_were_not_purged_are_told(told, settings):
    settings.CDN_PURGE_URL = f"http://127.0.0.1:{free_port()}"
    http_purge(["/", "/shelves/"])
    assert 'purges_total{result="failed"} 2' in told()


def test_what_waits_in_the_outbox_is_told(told):
    enqueue("jobs.objects.refresh", "product:1")
    enqueue("jobs.objects.refresh", "product:2")
    Outbox.objects.filter(subject="product:2").update(attempt=1)
    lines = told()
    assert 'outbox_rows{task="jobs.objects.refresh",state="to_send"} 1' in lines
    assert 'outbox_rows{task="jobs.objects.refresh",state="not_done"} 1' in lines
    assert any(line.startswith('outbox_oldest_seconds{task="jobs.objects.refresh"} ') for line in lines)


def test_how_published_pages_stand_is_told(told):
    now = timezone.now()
    Page.objects.create(release="embedded", path="/", size=1, published_at=now - timedelta(hours=1))
    Page.objects.create(release="embedded", path="/a/", size=1, published_at=now, failed_at=now)
    Page.objects.create(release="embedded", path="/gone/", published_at=now - timedelta(days=1))
    Page.objects.create(release="embedded", path="/never/", failed_at=now)
    Page.objects.create(release="older", path="/", size=1, published_at=now - timedelta(days=2), failed_at=now)
    enqueue_pages([("embedded", "/"), ("older", "/")])
    enqueue_pages([("embedded", "/a/")], later=True)
    lines = told()
    assert 'pages_published{release="embedded"} 2' in lines
    assert 'pages_failed{release="embedded"} 2' in lines
    assert 'pages_waiting{release="embedded"} 2' in lines
    oldest = next(line for line in lines if line.startswith('pages_oldest_seconds{release="embedded"} '))
    assert 3600 <= float(oldest.split()[1]) < 24 * 3600


def test_where_no_page_is_nothing_is_told_of_the_oldest(told):
    lines = told()
    assert 'pages_published{release="embedded"} 0' in lines
    assert not any(line.startswith("pages_oldest_seconds{") for line in lines)


def test_every_line_is_one_that_prometheus_reads(told):
    enqueue("jobs.objects.refresh", "product:1")
    findings.tell("product", {"compared": 7})
    lines = told()
    assert [line for line in lines if not (line.startswith(("# HELP ", "# TYPE ")) or LINE.fullmatch(line))] == []
    declared = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(declared) == len(set(declared))


def test_odd_labels_are_escaped():
    assert (
        Metric("m", "gauge", "Odd.", [({"kind": 'a"\\\n'}, 0.5)]).text().splitlines()[2] == r'm{kind="a\"\\\n"} 0.5'
    )


def test_with_a_token_only_its_bearer_is_answered(client, told, settings):
    settings.METRICS_TOKEN = "sesame-é"
    for given in ({}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "sesame-é"}):
        answer = client.get(reverse("metrics"), **given)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"
        assert b"sampler" not in answer.content
    settings.XRAY = False
    assert any(line.startswith("cache_breaker_open{") for line in told(HTTP_AUTHORIZATION="Bearer sesame-é"))


def test_without_a_token_it_is_found_with_the_xray_alone(client, settings):
    settings.XRAY = False
    assert client.get(reverse("metrics")).status_code == 404
    settings.XRAY = True
    assert client.get(reverse("metrics")).status_code == 200


def test_it_is_stored_nowhere_and_touches_no_session(client):
    answer = client.get(reverse("metrics"))
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    assert 'cache;desc="0 round trips"' in answer["Server-Timing"]


def test_with_keep_away_the_rest_is_told(told, monkeypatch):
    monkeypatch.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
    lines = told()
    assert 'metrics_answered{server="keep"} 0' in lines
    assert 'metrics_answered{server="primary"} 1' in lines
    assert not any(line.startswith("sampler_") for line in lines)


def test_with_the_primary_down_the_rest_is_told(told, monkeypatch):
    monkeypatch.setattr("scaling.monitor.Monitor.primary_is_down", lambda self: True)
    lines = told()
    assert 'metrics_answered{server="primary"} 0' in lines
    assert 'metrics_answered{server="keep"} 1' in lines
    assert not any(line.startswith(("outbox_", "pages_")) for line in lines)


def test_figures_that_take_too_long_leave_the_others(told, monkeypatch):
    def too_long():
        raise OperationalError("timed out")

    monkeypatch.setattr("shop.views.metrics.figures", too_long)
    lines = told()
    assert 'metrics_answered{server="primary"} 0' in lines
    assert any(line.startswith("# TYPE outbox_rows") for line in lines)
    assert not any(line.startswith("pages_") for line in lines)
