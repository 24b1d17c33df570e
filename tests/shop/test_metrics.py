"""/metrics: for who bears the token, and with a server away without its figures."""

import os
import re
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from jobs import queues
from jobs.models import Job, Outbox, Page, State
from jobs.outbox import enqueue
from jobs.pages import enqueue_pages
from scaling import census, findings, fleet, traffic
from scaling.clones import clone_id
from scaling.comparing import Fault
from scaling.metrics import Metric
from scaling.purging import http_purge
from scaling.stores import keep
from shop.valkeys import free_port
from tests.factories import make_product
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


def test_what_was_answered_is_told(told, client):
    """By all processes: this one has told of its requests, as it does every two seconds."""
    traffic.tell()
    keep().delete(traffic.KEY)
    loaf = make_product()
    for _ in range(2):
        client.get(loaf.get_absolute_url())
    client.get("/there-is-nothing-here/")
    traffic.tell()
    lines = told()
    assert 'requests_total{view="product",status="200"} 2' in lines
    assert 'requests_total{view="other",status="404"} 1' in lines
    assert 'request_seconds_count{view="product"} 2' in lines
    took = next(line for line in lines if line.startswith('request_seconds_sum{view="product"} '))
    assert float(took.split()[1]) > 0
    assert 'cache_reads_total{kind="product",found="miss"} 1' in lines
    assert 'cache_reads_total{kind="product",found="hit"} 1' in lines
    assert 'cached_object_age_seconds_count{kind="product"} 1' in lines
    assert any(line.startswith('sql_statements_total{alias="') for line in lines)


def test_how_far_replicas_are_behind_is_told_by_who_sees_it_furthest(told, monkeypatch):
    census.tell({}, {"replica1": census.View(0.0, ""), "replica2": census.View(0.0, "")})
    monkeypatch.setattr("scaling.census.clone_id", lambda: "another")
    census.tell({}, {"replica1": census.View(1.5, ""), "replica2": census.View(60.0, "is 60 s behind")})
    lines = told()
    assert 'replica_lag_seconds{alias="replica1"} 1.5' in lines
    assert 'replica_left_out{alias="replica1"} 0' in lines
    assert 'replica_left_out{alias="replica2"} 1' in lines


def test_which_code_runs_is_told(told):
    """While two releases answer, a deploy is under way."""
    for number, (kind, release) in enumerate([("web", "41"), ("web", "42"), ("web", "42"), ("worker", "41")]):
        fleet.tell(fleet.Member(kind, f"{kind}{number}", release, 0.0, "here", number))
    lines = told()
    assert 'fleet_processes{kind="web",release="41"} 1' in lines
    assert 'fleet_processes{kind="web",release="42"} 2' in lines
    assert 'fleet_processes{kind="worker",release="41"} 1' in lines


def test_queues_and_jobs_are_told(told):
    queues.declare()
    for state in (State.QUEUED, State.QUEUED, State.RUNNING):
        Job.objects.create(kind="cake", lane="render", owner="user:1", state=state)
    lines = told()
    assert 'queue_messages{queue="render"} 0' in lines
    assert 'queue_messages{queue="dead"} 0' in lines
    assert 'jobs{lane="render",state="queued"} 2' in lines
    assert 'jobs{lane="render",state="running"} 1' in lines
    assert any(line.startswith('jobs_oldest_seconds{lane="render"} ') for line in lines)


def test_with_the_broker_away_the_rest_is_told(told, monkeypatch):
    monkeypatch.setattr("kombu.Connection.ensure_connection", away)
    lines = told()
    assert 'metrics_answered{server="broker"} 0' in lines
    assert 'metrics_answered{server="keep"} 1' in lines
    assert 'metrics_answered{server="primary"} 1' in lines
    assert not any(line.startswith("queue_") for line in lines)


def away(*args, **options):
    raise BrokerError("away")


def test_every_line_is_one_that_prometheus_reads(told):
    enqueue("jobs.objects.refresh", "product:1")
    findings.tell("product", {"compared": 7})
    traffic.tell()
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
