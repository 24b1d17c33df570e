"""A week after the end nothing is kept that nobody needs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import files
from jobs.cakes import order
from jobs.cleaning import KEPT_DAYS, clean
from jobs.models import Job, Render, State
from jobs.signal import standing
from jobs.work import cancel, retry
from scaling.stores import cache
from shop.cakes import pictures_of
from tests.jobs.cake.factories import make_design

pytestmark = pytest.mark.django_db
ENDED = (State.DONE, State.FAILED, State.CANCELLED)


@pytest.fixture
def cleaned(django_capture_on_commit_callbacks):
    def run():
        with django_capture_on_commit_callbacks(execute=True):
            clean()

    return run


def ended(work, state, days):
    """The work, with a file, ended so many days ago."""
    name = files.keep(work, "1.checkpoint", b"light")
    changes = {"state": state, "finished_at": timezone.now() - timedelta(days=days), "checkpoint": name}
    type(work).objects.filter(pk=work.pk).update(**changes)
    work.refresh_from_db()
    return work


def an_export():
    return Job.objects.create(kind="export", lane="bulk", owner="user:1")


def a_render():
    return Render.objects.create(digest=make_design().digest, design={})


@pytest.mark.parametrize("make", [an_export, a_render])
@pytest.mark.parametrize("state", ENDED)
def test_files_go_a_week_after_the_end_but_finished_pictures_stay(make, state, cleaned):
    work = ended(make(), state, KEPT_DAYS + 1)
    cleaned()
    stays = isinstance(work, Render) and state == State.DONE
    assert bool(files.kept(work)) == stays
    work.refresh_from_db()
    assert (work.has_files, bool(work.checkpoint)) == (stays, stays)


@pytest.mark.parametrize("make", [an_export, a_render])
@pytest.mark.parametrize("state", ENDED)
def test_within_the_week_they_stay(make, state, cleaned):
    work = ended(make(), state, KEPT_DAYS - 1)
    cleaned()
    assert files.kept(work) == [work.checkpoint]


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_what_was_begun_again_keeps_its_files(state, cleaned):
    work = ended(a_render(), state, KEPT_DAYS + 1)
    cleaned()
    assert files.kept(work) == [work.checkpoint]


def test_what_is_tried_again_while_it_is_cleaned_keeps_what_it_writes(django_capture_on_commit_callbacks):
    job = order(make_design(), "user:1")
    Job.objects.update(state=State.CANCELLED, place=None)
    ended(job.render, State.CANCELLED, KEPT_DAYS + 1)
    with django_capture_on_commit_callbacks() as callbacks:
        clean()
    assert retry(job)
    render = Render.objects.get()
    render.attempt += 1
    written = files.keep(render, "1.checkpoint", b"new light")
    for callback in callbacks:
        callback()
    assert files.kept(render) == [written] and render.has_files


def test_nothing_is_asked_of_the_storage_twice(cleaned, django_assert_num_queries):
    ended(an_export(), State.DONE, KEPT_DAYS + 1)
    cleaned()
    with django_assert_num_queries(2):
        clean()


def test_a_picture_that_was_cleaned_away_is_promised_to_nobody(cleaned):
    job = order(make_design(), "user:1")
    name = files.keep(job.render, "1.webp", b"webp")
    Render.objects.update(picture=name, picture_number=3)
    assert pictures_of([job.key]) and standing("user:1")[0]["picture_number"] == 3
    cancel(job)
    ended(job.render, State.CANCELLED, KEPT_DAYS + 1)
    cleaned()
    cache().flushall()
    assert not pictures_of([job.key]) and standing("user:1")[0]["picture_number"] == 0
