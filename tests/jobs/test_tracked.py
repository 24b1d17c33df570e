"""The id of a request is that of all that it has left to do: in the outbox, in messages, and in the workers."""

import threading

import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from django.db import connection
from django.urls import reverse

from jobs import dispatch, outbox, queues, tracked, work
from jobs.kinds import KINDS, JobKind
from jobs.models import Job, Outbox, State, now_us
from jobs.relay import Relay
from scaling import traffic
from scaling.requests import HEADER, on_behalf_of, request_id
from shop.celery import app

from ..factories import make_product
from ..servers import wait_until

pytestmark = pytest.mark.django_db
REFRESH = "jobs.objects.refresh"


@shared_task(name="tests.tracked")
def told(seen, fails=False):
    seen.append(request_id())
    if fails:
        raise ValueError("burnt")


NOTED = []


@shared_task(name="tests.noted")
def noted():
    NOTED.append(request_id())


@pytest.fixture
def sent(monkeypatch):
    """The headers of what goes to the broker, by task."""
    messages = []
    app.loader.import_default_modules()

    def publish(producer, body, *, headers, **options):
        messages.append((headers["task"], headers.get("request_id", "")))

    monkeypatch.setattr("kombu.messaging.Producer.publish", publish)
    return messages


def test_what_is_written_down_for_a_request_bears_its_id():
    with on_behalf_of("a-request-id"):
        outbox.enqueue(REFRESH, "product:1")
        outbox.enqueue_many(REFRESH, ["product:2", "product:3"])
    outbox.enqueue(REFRESH, "product:4")
    assert list(Outbox.objects.order_by("pk").values_list("request_id", flat=True)) == ["a-request-id"] * 3 + [""]


def test_rows_of_triggers_have_none_and_are_written_as_ever():
    with on_behalf_of("a-request-id"):
        loaf = make_product()
    rows = Outbox.objects.filter(subject=f"product:{loaf.pk}")
    assert set(rows.values_list("request_id", flat=True)) == {""}


def test_an_older_release_that_knows_of_no_id_still_writes():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_outbox (task, subject, due_at, attempt, created_at) VALUES (%s, %s, 0, 0, 0)",
            [REFRESH, "product:1"],
        )
    assert Outbox.objects.get().request_id == ""


def test_the_message_says_whose_rows_it_carries(sent):
    """Of several that are done at once, the first that knows."""
    for identity in ("", "first-request", "second-request"):
        Outbox.objects.create(task=REFRESH, subject="product:1", due_at=now_us() - 1_000_000, request_id=identity)
    Relay().turn()
    assert sent == [(REFRESH, "first-request")]


def test_a_message_for_nobody_says_nothing(sent):
    Outbox.objects.create(task=REFRESH, subject="product:1", due_at=now_us() - 1_000_000)
    Relay().turn()
    assert sent == [(REFRESH, "")]


def test_what_a_request_sends_itself_bears_its_id(sent):
    with on_behalf_of("a-request-id"):
        told.apply_async(args=([],), queue="bulk")
    told.apply_async(args=([],), queue="bulk", headers=tracked.asked_by("another-id"))
    assert [identity for _, identity in sent] == ["a-request-id", "another-id"]


def test_a_job_remembers_who_asked_and_who_asked_again(sent, monkeypatch):
    monkeypatch.setitem(KINDS, "thing", JobKind("thing", "bulk", run=lambda running: {}))
    with on_behalf_of("a-request-id"):
        job = work.submit("thing", "user:1", {})
    dispatch.turn()
    Job.objects.update(state=State.FAILED)
    with on_behalf_of("another-id"):
        assert work.retry(job)
    dispatch.turn()
    assert [identity for _, identity in sent] == ["a-request-id", "another-id"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_worker_does_it_for_that_request_and_no_longer(fails):
    seen = []
    told.apply(args=(seen, fails), headers={"request_id": "a-request-id"})
    assert seen == ["a-request-id"]
    assert request_id() == ""
    assert not tracked._running


def test_what_has_no_id_is_done_for_nobody():
    seen = []
    told.apply(args=(seen,))
    assert seen == [""]


def test_one_message_that_comes_twice_at_once_leaves_no_id_behind():
    """Each thread of a worker has its own."""
    left, both = [], threading.Barrier(2)

    def work_off():
        told.apply(args=(Waits(both),), headers={"request_id": "a-request-id"}, task_id="the-same")
        left.append(request_id())

    threads = [threading.Thread(target=work_off) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert left == ["", ""]


class Waits(list):
    def __init__(self, barrier):
        self.barrier = barrier

    def append(self, value):
        self.barrier.wait()


def test_tasks_are_counted_by_how_they_end():
    traffic._forget()
    told.apply(args=([],))
    told.apply(args=([], True))
    assert traffic._counted["tasks", "tests.tracked", "success"] == 1
    assert traffic._counted["tasks", "tests.tracked", "failure"] == 1
    assert traffic._counted["task_times", "tests.tracked"] == 2


@pytest.mark.django_db(transaction=True)
def test_a_wish_is_followed_from_the_visitor_to_the_worker(client, sent):
    """Given a visitor whose request is called something by the proxy
    When they ask for a new password, which a worker mails
    Then the message to the worker is called the same."""
    asked = {"email": "nobody@bakery.example"}
    client.post(reverse("password_reset"), asked, headers={HEADER: "from-the-proxy"})
    Relay().turn()
    assert sent == [("accounts.tasks.send_password_reset", "from-the-proxy")]


@pytest.mark.django_db(transaction=True)
def test_the_id_comes_through_a_real_broker():
    NOTED.clear()
    queues.declare()
    with start_worker(app, pool="solo", queues=["bulk"], perform_ping_check=False):
        noted.apply_async(queue="bulk", headers=tracked.asked_by("a-request-id"))
        noted.apply_async(queue="bulk")
        wait_until(lambda: len(NOTED) == 2, what="two tasks")
    assert NOTED == ["a-request-id", ""]
