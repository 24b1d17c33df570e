"""The notice asks twice a second: it reads the rows once, and is told of every change."""

import threading

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisConnectionError

from bench.standin import a_cake
from jobs import ends, signal
from jobs.cakes import order
from jobs.models import Job, State
from jobs.signal import standing, tell_progress
from jobs.work import cancel, hand_over
from scaling import flights
from scaling.stores import cache

pytestmark = pytest.mark.django_db(transaction=True)
STEVE, GUEST = "user:1", f"guest:{'0a' * 16}"


def run(job):
    render = job.render
    type(render).objects.filter(pk=render.pk).update(state=State.RUNNING, attempt=render.attempt + 1)
    Job.objects.filter(render=render).update(state=State.RUNNING)
    signal.changed([job.owner])
    render.refresh_from_db()
    return render


def test_it_says_what_the_notice_shows():
    job = order(a_cake("Happy\nBirthday"), STEVE)
    assert standing(STEVE) == [
        {
            "key": job.key,
            "kind": "cake",
            "title": "Happy Birthday",
            "state": "queued",
            "progress": 0,
            "picture_number": 0,
            "seconds_left": None,
        }
    ]


def test_a_second_look_makes_no_queries():
    order(a_cake(), STEVE)
    seen = standing(STEVE)
    with CaptureQueriesContext(connection) as queries:
        assert standing(STEVE) == seen
        standing(GUEST)
        standing(GUEST)
    assert len(queries) == 1


def test_nobody_sees_the_jobs_of_others():
    order(a_cake(), STEVE)
    assert standing(GUEST) == []


def test_progress_is_shown_without_a_write_to_the_rows():
    render = run(order(a_cake(), STEVE))
    standing(STEVE)
    with CaptureQueriesContext(connection) as queries:
        tell_progress(render, 40, 30.0)
        (shown,) = standing(STEVE)
    assert not queries
    assert shown["progress"] == 40
    assert shown["seconds_left"] in (29, 30)


def test_what_an_overtaken_attempt_says_is_not_shown():
    render = run(order(a_cake(), STEVE))
    late = type(render).objects.get()
    run(Job.objects.get())
    tell_progress(late, 90, 1.0)
    assert standing(STEVE)[0]["progress"] == 0


def test_a_flushed_cache_is_read_again():
    render = run(order(a_cake(), STEVE))
    tell_progress(render, 40, None)
    cache().flushall()
    assert standing(STEVE)[0]["state"] == "running"


@pytest.mark.parametrize("verb", [lambda job: ends.finish(run(job), {}), cancel, lambda job: hand_over(STEVE, GUEST)])
def test_a_change_is_seen_at_the_next_look(verb):
    job = order(a_cake(), STEVE)
    before = standing(STEVE)
    verb(job)
    assert standing(STEVE) != before


def test_what_was_read_before_a_change_is_not_put_back_after_it(monkeypatch):
    job = order(a_cake(), STEVE)
    rows = signal._rows

    def slowly(owner):
        found = rows(owner)
        cancel(Job.objects.get(pk=job.pk))
        return found

    monkeypatch.setattr(signal, "_rows", slowly)
    standing(STEVE)
    monkeypatch.setattr(signal, "_rows", rows)
    assert standing(STEVE)[0]["state"] == "cancelled"


def test_without_the_cache_few_read_the_rows_at_once(monkeypatch):
    def away():
        raise RedisConnectionError

    order(a_cake(), STEVE)
    monkeypatch.setattr(signal, "cache", away)
    assert len(standing(STEVE)) == 1
    monkeypatch.setattr(flights, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(flights.flights, "_reads", threading.BoundedSemaphore(1))
    with flights.flights.reading(), pytest.raises(OperationalError):
        standing(STEVE)
