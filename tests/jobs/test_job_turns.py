"""Whose turn it is: few are sent ahead, each owner's oldest by turns, and what is late is sent again."""

import subprocess
import sys

import pytest
from celery import current_app
from django.conf import settings
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerError

from bench.standin import a_cake
from jobs import dispatch, drawing, starts
from jobs.cakes import order
from jobs.dispatch import AHEAD, DRAW, RUN
from jobs.kinds import KINDS, JobKind
from jobs.leases import claim
from jobs.models import Job, Render, State
from jobs.relay import Relay
from jobs.work import cancel, submit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def knead(monkeypatch):
    monkeypatch.setitem(KINDS, "knead", JobKind("knead", "bulk", run=lambda running: running.arguments))


@pytest.fixture
def sent(monkeypatch):
    """Messages, as task and id, with their queue."""
    messages = []

    def send_task(name, args, queue, **options):
        messages.append((name, args[0], queue))

    monkeypatch.setattr(current_app._get_current_object(), "send_task", send_task)
    return messages


def make_jobs(owner, count):
    return [submit("knead", owner, {"number": number}) for number in range(count)]


def all_due():
    Job.objects.update(again_at=Now())


def test_a_message_carries_the_id_and_nothing_of_the_job(sent):
    job, cake = submit("knead", "user:1", {"dough": "rye"}), order(a_cake(), "user:1")
    assert dispatch.turn() == 2
    assert sorted(sent) == sorted([(RUN, job.pk, "bulk"), (DRAW, cake.render_id, "render")])


def test_the_relay_sends_jobs(sent):
    submit("knead", "user:1", {})
    assert Relay().turn() == 1
    assert len(sent) == 1


def test_what_was_sent_is_sent_again_when_it_is_late(sent):
    submit("knead", "user:1", {})
    assert [dispatch.turn(), dispatch.turn()] == [1, 0]
    all_due()
    assert dispatch.turn() == 1
    assert Job.objects.get().sent == 2


def test_what_is_begun_is_not_sent_again(sent):
    job = submit("knead", "user:1", {})
    claim(Job, job.pk)
    all_due()
    assert dispatch.turn() == 0


def test_only_few_are_on_their_way(sent, monkeypatch):
    monkeypatch.setitem(AHEAD, "bulk", 4)
    make_jobs("user:1", 9)
    assert [dispatch.turn(), dispatch.turn()] == [4, 0]
    claim(Job, Job.objects.filter(sent=1).first().pk)
    assert dispatch.turn() == 1


def test_one_owners_twenty_do_not_starve_anothers_first(sent, monkeypatch):
    monkeypatch.setitem(AHEAD, "bulk", 4)
    many = make_jobs("user:1", 20)
    dispatch.turn()
    few = make_jobs("user:2", 2)
    sent.clear()
    for job in many[:3]:
        claim(Job, job.pk)
    dispatch.turn()
    assert [pk for _, pk, _ in sent] == [few[0].pk, few[1].pk, many[4].pk]


def test_those_who_come_together_go_by_turns(sent, monkeypatch):
    monkeypatch.setitem(AHEAD, "bulk", 4)
    one, other = make_jobs("user:1", 3), make_jobs("user:2", 3)
    dispatch.turn()
    assert [pk for _, pk, _ in sent] == [one[0].pk, other[0].pk, one[1].pk, other[1].pk]


def test_a_lane_that_is_full_holds_up_no_other(sent, monkeypatch):
    monkeypatch.setitem(AHEAD, "bulk", 1)
    monkeypatch.setitem(KINDS, "taste", JobKind("taste", "interactive"))
    make_jobs("user:1", 3)
    dispatch.turn()
    sent.clear()
    job = submit("taste", "user:1", {})
    dispatch.turn()
    assert sent == [(RUN, job.pk, "interactive")]


def test_of_two_relays_one_sends_it(sent, monkeypatch):
    submit("knead", "user:1", {})
    by_turns = dispatch._by_turns

    def and_then_the_other(due, busy):
        rows = by_turns(due, busy)
        monkeypatch.setattr(dispatch, "_by_turns", by_turns)
        assert dispatch.turn() == 1
        return rows

    monkeypatch.setattr(dispatch, "_by_turns", and_then_the_other)
    assert dispatch.turn() == 0
    assert len(sent) == 1


def test_with_the_broker_away_it_waits_as_if_nobody_had_tried(monkeypatch):
    make_jobs("user:1", 2)

    def refuse(*args, **options):
        raise BrokerError("away")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", refuse)
    with pytest.raises(BrokerError):
        dispatch.turn()
    assert list(Job.objects.values_list("sent", flat=True)) == [0, 0]
    monkeypatch.setattr(current_app._get_current_object(), "send_task", lambda *args, **options: None)
    assert dispatch.turn() == 2


def test_a_kind_of_another_release_is_left_to_that(sent, monkeypatch):
    job = submit("knead", "user:1", {})
    monkeypatch.delitem(KINDS, "knead")
    assert dispatch.turn() == 0
    starts.run(job.pk)
    job.refresh_from_db()
    assert job.state == State.QUEUED


def test_every_relay_and_worker_knows_the_kinds_of_the_shop():
    code = (
        "import django; django.setup(); from shop.celery import app; app.loader.import_default_modules();"
        "from jobs.kinds import KINDS; print(sorted(KINDS))"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, check=True).stdout
    assert said == "['cake', 'export', 'portrait']\n"


def test_a_message_that_comes_twice_runs_the_job_once(monkeypatch):
    runs = []
    monkeypatch.setitem(KINDS, "knead", JobKind("knead", "bulk", run=lambda running: runs.append(1) or {"loaf": 1}))
    job = submit("knead", "user:1", {})
    starts.run(job.pk)
    starts.run(job.pk)
    job.refresh_from_db()
    assert (runs, job.state, job.result) == ([1], State.DONE, {"loaf": 1})


def test_a_message_for_what_was_cancelled_does_nothing():
    job = submit("knead", "user:1", {})
    cancel(job)
    starts.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.CANCELLED, 0)


def test_a_cake_is_drawn_pass_by_pass():
    one, other = order(a_cake(), "user:1"), order(a_cake(), "user:2")
    drawing.draw(one.render_id)
    other.refresh_from_db()
    assert (other.state, other.result) == (State.DONE, {"passes": 6})
    assert Render.objects.get().picture_number == 6
