"""Whoever runs the shop sees jobs, queues and workers, and may try again or cancel. Nobody else may."""

import io

import pytest
from celery import current_app
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.urls import reverse
from kombu import Connection

from bench.standin import a_cake
from jobs import alive, dispatch, ends, overview, queues
from jobs.cakes import order
from jobs.kinds import KINDS, JobKind
from jobs.leases import claim
from jobs.models import Job, Render, State
from jobs.work import cancel, submit
from scaling.fleet import RELAY, WORKER, Member, tell

from ..factories import ada, make_user, steve

pytestmark = pytest.mark.django_db
OVEN = Member(WORKER, "oven@bakery", "r1", 0.0, "bakery", 12, ("bulk", "render"))


@pytest.fixture(autouse=True)
def knead(monkeypatch):
    monkeypatch.setitem(KINDS, "knead", JobKind("knead", "bulk"))


@pytest.fixture
def away(monkeypatch):
    """A broker where nobody answers."""
    app = current_app._get_current_object()
    monkeypatch.setattr(app, "connection_for_write", lambda: Connection("redis://127.0.0.1:1/0"))


def a_failed_cake():
    job = order(a_cake(), "user:1")
    ends.fail(claim(Render, job.render_id), "No flour")
    job.refresh_from_db()
    return job


def command(*words):
    said = io.StringIO()
    call_command("jobs", *words, stdout=said)
    return said.getvalue()


def lane(name):
    return next(lane for lane in overview.lanes() if lane.name == name)


def test_lanes_are_counted_by_what_jobs_do():
    submit("knead", "user:1", {})
    claim(Job, submit("knead", "user:1", {}).pk)
    a_failed_cake()
    bulk, render = lane("bulk"), lane("render")
    assert (bulk.queued, bulk.running, bulk.failed) == (1, 1, 0)
    assert bulk.oldest is not None
    assert (render.queued, render.failed, render.oldest) == (0, 1, None)


def test_messages_are_counted_on_the_broker():
    queues.declare()
    submit("knead", "user:1", {})
    dispatch.turn()
    assert queues.depths() == {"interactive": 0, "bulk": 1, "render": 0, "dead": 0}


def test_workers_are_those_of_the_fleet_that_take_from_lanes():
    tell(OVEN)
    tell(Member(RELAY, "bell", "r1", 0.0, "bakery", 13))
    assert alive.workers() == [OVEN]
    assert (lane("bulk").workers, lane("interactive").workers) == (1, 0)


def test_with_the_broker_away_the_rest_is_told(away):
    submit("knead", "user:1", {})
    assert (lane("bulk").queued, lane("bulk").messages) == (1, None)


def test_the_command_tells_all_of_it():
    tell(OVEN)
    job = submit("knead", "user:1", {})
    said = command()
    assert "oven@bakery  bulk, render  release r1" in said
    assert f"{job.key}  knead        queued" in said


def test_the_command_tells_that_nothing_is_there():
    said = command()
    assert "No job waits or runs." in said
    assert "No worker lives." in said


def test_the_command_cancels_and_tries_again():
    job = submit("knead", "user:1", {})
    assert command("--cancel", job.key) == f"knead {job.key} is cancelled.\n"
    assert command("--retry", job.key) == f"knead {job.key} waits again.\n"
    job.refresh_from_db()
    assert job.state == State.QUEUED


@pytest.mark.parametrize("words", [("--cancel", "0" * 32), ("--retry", "0" * 32), ("--retry", ""), ("--cancel", "")])
def test_the_command_says_what_is_not_there(words):
    with pytest.raises(CommandError, match="There is no job"):
        command(*words)


def test_the_command_says_what_cannot_be_done():
    job = submit("knead", "user:1", {})
    with pytest.raises(CommandError, match="nothing to try again"):
        command("--retry", job.key)
    cancel(job)
    with pytest.raises(CommandError, match="had ended"):
        command("--cancel", job.key)


def test_the_admin_shows_jobs_queues_and_workers(client):
    client.force_login(ada())
    tell(OVEN)
    a_failed_cake()
    text = client.get(reverse("admin:jobs_job_changelist")).content.decode()
    assert "oven@bakery (bulk, render)" in text
    assert "No flour" in text
    assert "Happy Birthday, Steve!" in text


def act(client, action, job):
    client.post(reverse("admin:jobs_job_changelist"), {"action": action, "_selected_action": [job.pk]})
    job.refresh_from_db()
    return job.state


def test_the_admin_cancels_and_tries_again(client):
    client.force_login(ada())
    job = a_failed_cake()
    assert act(client, "retry_jobs", job) == State.QUEUED
    assert act(client, "cancel_jobs", job) == State.CANCELLED


def test_in_the_admin_nothing_else_can_be_changed(client):
    client.force_login(ada())
    job = a_failed_cake()
    page = reverse("admin:jobs_job_change", args=[job.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"state": "done"}).status_code == 403
    assert client.get(reverse("admin:jobs_job_add")).status_code == 403
    assert client.get(reverse("admin:jobs_job_delete", args=[job.pk])).status_code == 403


def test_jobs_are_found_by_their_worker(client):
    client.force_login(ada())
    job = a_failed_cake()
    page = reverse("admin:jobs_job_changelist")
    found = client.get(page, {"worker": Render.objects.get().worker}).context["cl"].queryset
    assert list(found) == [job]
    assert not client.get(page, {"worker": "nobody"}).context["cl"].queryset


def test_who_may_only_look_cancels_nothing(client):
    viewer = make_user("Vera", is_staff=True)
    viewer.user_permissions.set(_permission("view_job"))
    client.force_login(viewer)
    assert act(client, "cancel_jobs", submit("knead", "user:1", {})) == State.QUEUED


def test_customers_see_nothing_of_it(client):
    client.force_login(steve())
    assert client.get(reverse("admin:jobs_job_changelist")).status_code == 302


def _permission(codename):
    return Permission.objects.filter(codename=codename)


def test_the_command_says_that_no_letter_is_dead():
    queues.declare()
    assert command("--dead") == "There are no dead letters.\n"
    assert command("--empty-dead") == "0 dead letters are thrown away.\n"


@pytest.mark.parametrize("word", ["--dead", "--empty-dead"])
def test_the_command_says_that_nobody_can_look_into_dead_letters(away, word):
    with pytest.raises(CommandError, match="A server does not answer"):
        command(word)
