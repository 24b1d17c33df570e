"""One worker at a time does a job; a dead one is found out, and one that was paused spoils nothing."""

import threading
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from bench.standin import a_cake
from jobs import files, leases
from jobs.cakes import CAKE, order, picture
from jobs.kinds import KINDS, JobKind
from jobs.leases import Lease, claim, free_expired
from jobs.leaving import leaving
from jobs.models import Job, Outbox, Render, State
from jobs.running import CannotBeDone, Running, Stopped, perform
from jobs.signal import standing
from jobs.work import cancel, retry, submit

from ..servers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
STEVE = "user:1"
KNEAD = JobKind("knead", "bulk", attempts=3)


@pytest.fixture(autouse=True)
def knead(monkeypatch):
    monkeypatch.setattr(leases, "_name", "oven")
    monkeypatch.setitem(KINDS, "knead", KNEAD)


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.02)


def begun(job=None):
    return claim(Job, (job or submit("knead", STEVE, {"dough": "rye"})).pk)


def drawing():
    job = order(a_cake(), STEVE)
    return claim(Render, job.render_id), job


def running(work):
    kind = CAKE if isinstance(work, Render) else KNEAD
    return Running(work, kind, {}, Lease(work))


def expire():
    for model in (Job, Render):
        model.objects.exclude(lease_until=None).update(lease_until=Now() - timedelta(seconds=1))


def told():
    return list(Outbox.objects.filter(task="shop.tasks.tell").values_list("subject", flat=True))


def test_of_two_who_claim_a_job_one_has_it():
    job = submit("knead", STEVE, {})
    assert claim(Job, job.pk).attempt == 1
    assert claim(Job, job.pk) is None


def test_a_claimed_job_says_who_runs_it_and_since_when():
    job = begun()
    assert (job.state, job.worker, job.release) == (State.RUNNING, "oven", "embedded")
    assert job.started_at >= job.created_at - timedelta(seconds=1)


def test_with_a_render_its_jobs_run():
    _, job = drawing()
    job.refresh_from_db()
    assert (job.state, job.lease_until) == (State.RUNNING, None)
    assert standing(STEVE)[0]["state"] == "running"


def test_a_lease_that_runs_out_frees_the_job():
    job = begun()
    assert free_expired() == 0
    expire()
    assert free_expired() == 1
    job.refresh_from_db()
    assert (job.state, job.error) == (State.QUEUED, "The worker oven stopped.")
    assert begun(job).attempt == 2


def test_a_render_that_is_freed_waits_with_its_jobs():
    _, job = drawing()
    expire()
    assert free_expired() == 1
    job.refresh_from_db()
    assert (job.state, job.render.state) == (State.QUEUED, State.QUEUED)


def test_a_lease_renewed_in_the_last_moment_is_not_taken(monkeypatch):
    job = begun()
    expire()
    give_back = leases.give_back

    def renewed_first(work, *args, **options):
        Job.objects.update(lease_until=Now() + timedelta(seconds=9))
        return give_back(work, *args, **options)

    monkeypatch.setattr(leases, "give_back", renewed_first)
    assert free_expired() == 0
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_what_kills_its_workers_has_failed_after_its_last_attempt():
    job = submit("knead", STEVE, {})
    for _ in range(KNEAD.attempts):
        begun(job)
        expire()
        free_expired()
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.FAILED, 3)
    assert told() == [job.key]


def test_who_gets_further_may_try_again_as_often():
    render, job = drawing()
    running(render).report(20, b"one")
    for _ in range(CAKE.attempts):
        expire()
        free_expired()
        render = claim(Render, render.pk) or render
    assert render.attempt == CAKE.attempts + 1
    expire()
    free_expired()
    job.refresh_from_db()
    assert job.state == State.FAILED


def test_a_lease_renews_itself_until_its_block_ends(quickly):
    job = begun()
    with Lease(job):
        expire()
        wait_until(lambda: Job.objects.filter(lease_until__gt=Now()).exists(), what="a renewal")
    expire()
    assert free_expired() == 1


def test_a_lease_notices_that_it_was_overtaken(quickly):
    job = begun()
    with Lease(job) as lease:
        Job.objects.update(attempt=2)
        wait_until(lambda: lease.is_lost, what="the loss")
    job = Job.objects.get()
    assert (job.attempt, job.state) == (2, State.RUNNING)


def test_a_light_job_that_was_cancelled_stops_at_its_next_report(quickly):
    job = begun()
    with Lease(job) as lease:
        cancel(job)
        wait_until(lambda: lease.is_lost, what="the loss")
        with pytest.raises(Stopped):
            Running(job, KNEAD, {}, lease).report(10)


def test_a_cancelled_render_stops_at_its_next_pass():
    render, job = drawing()
    cancel(job)
    with pytest.raises(Stopped):
        running(render).report(10, b"one", b"webp")
    assert picture(job) is None


def test_a_checkpoint_outlives_its_worker_and_replaces_the_one_before():
    render, job = drawing()
    first = running(render)
    first.report(10, b"one", b"webp 1")
    old = render.checkpoint
    first.report(20, b"two", b"webp 2")
    assert not files.private().exists(old)
    expire()
    free_expired()
    successor = running(claim(Render, render.pk))
    assert successor.checkpoint == b"two"
    assert successor.work.progress == 20
    assert (picture(job).number, files.read(picture(job).name)) == (2, b"webp 2")


def test_the_last_attempt_begins_anew():
    render, _ = drawing()
    running(render).report(10, b"one that nobody can go on from")
    found = []
    for _ in range(CAKE.attempts):
        expire()
        free_expired()
        found.append(running(claim(Render, render.pk)).checkpoint)
    assert [checkpoint is None for checkpoint in found] == [False] * (CAKE.attempts - 1) + [True]


def test_what_never_gets_past_a_pass_has_failed():
    """The last attempt begins anew, and what it does again is no progress."""
    render, job = drawing()

    def paint(running):
        for number in range(int(running.checkpoint or b"0") + 1, 7):
            if number == 4:
                raise RuntimeError("This pass never comes out.")
            running.report(15 * number, str(number).encode(), b"webp")
        return {}

    perform(render, CAKE, paint, {})
    for _ in range(3 * CAKE.attempts):
        if claimed := claim(Render, render.pk):
            perform(claimed, CAKE, paint, {})
    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "RuntimeError: This pass never comes out.")


@pytest.mark.parametrize("result", [{"at": object()}, {1, 2}])
def test_a_result_that_cannot_be_stored_is_an_error_like_any_other(result):
    render, _ = drawing()
    perform(render, CAKE, lambda running: result, {})
    render.refresh_from_db()
    assert render.state == State.QUEUED and render.error.startswith("TypeError")


def test_a_worker_that_wakes_after_its_end_leaves_its_successors_files(monkeypatch):
    kind = JobKind("knead", "bulk")
    monkeypatch.setitem(KINDS, "knead", kind)
    job, tidy = submit("knead", "user:1", {}), files.tidy

    def refuse(running):
        raise CannotBeDone("No flour.")

    def tidy_late(work, keep):
        monkeypatch.setattr(files, "tidy", tidy)
        assert retry(Job.objects.get(pk=job.pk))
        perform(claim(Job, job.pk), kind, lambda running: {"file": running.keep("a.csv", b"rows")}, {})
        tidy(work, keep)

    monkeypatch.setattr(files, "tidy", tidy_late)
    perform(claim(Job, job.pk), kind, refuse, {})
    job.refresh_from_db()
    assert job.state == State.DONE and files.read(job.result["file"]) == b"rows"


def test_a_checkpoint_that_is_gone_means_to_begin_again():
    render, _ = drawing()
    running(render).report(10, b"one")
    files.private().delete(render.checkpoint)
    assert running(render).checkpoint is None


def test_a_worker_that_was_paused_and_wakes_spoils_nothing():
    late, job = drawing()
    expire()
    free_expired()
    successor = claim(Render, late.pk)
    running(successor).report(50, b"new", b"new webp")
    with pytest.raises(Stopped):
        running(late).report(90, b"old", b"old webp")
    perform(late, CAKE, lambda running: {"late": True}, {})
    successor.refresh_from_db()
    assert (successor.state, successor.progress, successor.result) == (State.RUNNING, 50, {})
    assert files.read(picture(job).name) == b"new webp"
    assert len(files.private().listdir(files.folder_of(late))[1]) == 2
    assert told() == []


def test_the_signal_shows_how_long_it_will_take():
    render, _ = drawing()
    running(render).report(50, b"one", b"webp", seconds_left=30)
    (shown,) = standing(STEVE)
    assert (shown["progress"], shown["picture_number"]) == (50, 1)
    assert shown["seconds_left"] in (29, 30)


def test_done_is_stored_with_its_result_and_only_the_picture_stays():
    render, job = drawing()

    def paint(running):
        running.report(50, b"one", b"webp 1")
        running.report(90, b"two", b"webp 2")
        return {"passes": 2}

    perform(render, CAKE, paint, {})
    job.refresh_from_db()
    assert (job.state, job.result, job.render.progress) == (State.DONE, {"passes": 2}, 100)
    assert len(files.private().listdir(files.folder_of(render))[1]) == 1
    assert picture(job).is_final
    assert told() == [job.key]


def test_an_error_is_tried_again_later_and_then_shown():
    job = submit("knead", STEVE, {})

    def burn(running):
        raise ValueError("burnt")

    for attempt in range(1, KNEAD.attempts + 1):
        perform(begun(job), KNEAD, burn, {})
        job.refresh_from_db()
        assert (job.attempt, job.error) == (attempt, "ValueError: burnt")
    assert (job.state, told()) == (State.FAILED, [job.key])
    assert retry(job)
    perform(begun(job), KNEAD, lambda running: {}, {})
    job.refresh_from_db()
    assert (job.state, job.error) == (State.DONE, "")


def test_what_cannot_be_done_is_not_tried_again():
    job = begun()

    def refuse(running):
        raise CannotBeDone("There is no such month.")

    perform(job, KNEAD, refuse, {})
    job.refresh_from_db()
    assert (job.state, job.error, job.attempt) == (State.FAILED, "There is no such month.", 1)


def test_what_fails_while_the_worker_ends_is_no_attempt(monkeypatch):
    job = begun()

    def end(running):
        monkeypatch.setattr(leaving, "is_set", lambda: True)
        raise OSError("The renderer was ended, too.")

    perform(job, KNEAD, end, {})
    job.refresh_from_db()
    assert (job.state, job.error, job.last_attempt) == (State.QUEUED, "", KNEAD.attempts + 1)


def test_a_worker_that_is_told_to_end_hands_back_what_it_has_begun(monkeypatch):
    told_to_end = threading.Event()
    told_to_end.set()
    monkeypatch.setattr(leaving, "is_set", told_to_end.is_set)
    render, job = drawing()
    perform(render, CAKE, lambda running: running.report(20, b"one"), {})
    job.refresh_from_db()
    assert (job.state, job.render.state, job.render.error) == (State.QUEUED, State.QUEUED, "")
    assert running(claim(Render, render.pk)).checkpoint == b"one"
