"""Jobs are rows: submitted once, limited, cancelled, tried again, handed over, and told of once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from bench.standin import a_cake
from jobs import ends, work
from jobs.cakes import MOST_WAITING, order
from jobs.kinds import KINDS, JobKind
from jobs.leases import claim
from jobs.models import Job, Outbox, Render, State
from jobs.work import TooMany, cancel, hand_over, retry, submit

pytestmark = pytest.mark.django_db
STEVE, GUEST = "user:1", f"guest:{'0a' * 16}"
TELL = "shop.tasks.tell"


@pytest.fixture(autouse=True)
def knead(monkeypatch):
    """A kind of light jobs."""
    monkeypatch.setitem(KINDS, "knead", JobKind("knead", "bulk", attempts=2))


def run(work):
    """As a worker's claim does."""
    type(work).objects.filter(pk=work.pk).update(state=State.RUNNING, attempt=work.attempt + 1)
    if isinstance(work, Render):
        work.jobs.unfinished().update(state=State.RUNNING)
    work.refresh_from_db()
    return work


def told():
    return list(Outbox.objects.filter(task=TELL).order_by("pk").values_list("subject", flat=True))


def test_a_job_is_there_when_its_transaction_is_and_not_otherwise():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        submit("knead", STEVE, {"dough": "rye"})
        1 / 0  # noqa: B018
    assert not Job.objects.exists()
    job = submit("knead", STEVE, {"dough": "rye"}, title="Rye")
    assert (job.state, job.lane, job.arguments, job.title) == (State.QUEUED, "bulk", {"dough": "rye"}, "Rye")


def test_keys_cannot_be_guessed():
    keys = {submit("knead", STEVE, {}).key for _ in range(20)}
    assert len(keys) == 20
    assert {len(key) for key in keys} == {32}


def test_the_same_key_again_is_the_same_job():
    job = order(a_cake(), STEVE, key="ab" * 16)
    assert order(a_cake(), STEVE, key="ab" * 16) == job
    assert Job.objects.count() == 1


def test_somebody_elses_key_leads_nowhere():
    mine = order(a_cake(), STEVE, key="ab" * 16)
    other = order(a_cake(), "user:2", key="ab" * 16)
    assert other.key != mine.key
    assert other.owner == "user:2"


def test_equal_designs_share_a_render():
    one, other = order(a_cake(), STEVE), order(a_cake(), GUEST)
    assert one.render == other.render
    assert one.render.design == a_cake().as_dict()


def test_a_fourth_waiting_cake_is_too_many():
    jobs = [order(a_cake(f"Cake {number}"), STEVE) for number in range(MOST_WAITING)]
    with pytest.raises(TooMany):
        order(a_cake("Cake 4"), STEVE)
    assert not Render.objects.filter(digest=a_cake("Cake 4").digest).exists()
    order(a_cake("Cake 4"), GUEST)
    cancel(jobs[1])
    assert order(a_cake("Cake 4"), STEVE).state == State.QUEUED


def test_light_jobs_have_no_limit():
    assert len({submit("knead", STEVE, {}).pk for _ in range(10)}) == 10


def test_a_render_ends_all_its_jobs_and_each_owner_is_told_once():
    one, other = order(a_cake(), STEVE), order(a_cake(), GUEST)
    render = run(one.render)
    assert ends.finish(render, {"passes": 6})
    assert not ends.finish(render, {"passes": 6})
    assert list(Job.objects.values_list("state", "result")) == [(State.DONE, {"passes": 6})] * 2
    assert told() == [one.key, other.key]


def test_who_asks_for_a_cake_that_is_done_has_it():
    ends.finish(run(order(a_cake(), STEVE).render), {})
    job = order(a_cake(), GUEST)
    assert (job.state, told()[-1]) == (State.DONE, job.key)


def test_who_asks_for_a_cake_that_is_being_drawn_sees_it_run():
    run(order(a_cake(), STEVE).render)
    assert order(a_cake(), GUEST).state == State.RUNNING


def test_a_render_stops_with_the_last_of_its_jobs():
    one, other = order(a_cake(), STEVE), order(a_cake(), GUEST)
    render = run(one.render)
    cancel(one)
    render.refresh_from_db()
    assert render.state == State.RUNNING
    cancel(other)
    assert not ends.finish(render, {})
    render.refresh_from_db()
    assert render.state == State.CANCELLED
    assert told() == []


def test_who_cancelled_is_not_given_what_the_others_get():
    one, other = order(a_cake(), STEVE), order(a_cake(), GUEST)
    cancel(one)
    ends.finish(run(one.render), {})
    one.refresh_from_db()
    assert (one.state, told()) == (State.CANCELLED, [other.key])


def test_what_was_cancelled_is_drawn_when_somebody_wants_it_again():
    cancel(order(a_cake(), STEVE))
    job = order(a_cake(), GUEST)
    assert (job.state, job.render.state) == (State.QUEUED, State.QUEUED)


def test_what_has_ended_cannot_be_cancelled():
    job = run(submit("knead", STEVE, {}))
    ends.finish(job, {})
    assert not cancel(job)
    job.refresh_from_db()
    assert job.state == State.DONE


def test_what_failed_is_tried_again_and_told_of_again():
    job = run(submit("knead", STEVE, {}))
    ends.fail(job, "No flour")
    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "No flour")
    assert retry(job)
    assert (job.state, job.error, job.last_attempt) == (State.QUEUED, "", job.attempt + 2)
    ends.finish(run(job), {})
    assert told() == [job.key, job.key]
    assert not retry(job)


def test_a_cake_that_failed_is_tried_again():
    job = order(a_cake(), STEVE)
    ends.fail(run(job.render), "No flour")
    assert retry(job)
    assert (job.state, job.render.state) == (State.QUEUED, State.QUEUED)


def test_a_retry_is_a_waiting_cake_like_any_other():
    failed = order(a_cake(), STEVE)
    ends.fail(run(failed.render), "No flour")
    for number in range(MOST_WAITING):
        order(a_cake(f"Cake {number}"), STEVE)
    with pytest.raises(TooMany):
        retry(failed)
    failed.refresh_from_db()
    assert failed.state == State.FAILED


def test_after_the_last_attempt_it_has_failed():
    job = submit("knead", STEVE, {})
    assert ends.give_back(run(job), "The worker died")
    job.refresh_from_db()
    assert job.state == State.QUEUED
    assert ends.give_back(run(job), "The worker died")
    job.refresh_from_db()
    assert (job.state, job.error, told()) == (State.FAILED, "The worker died", [job.key])


@pytest.mark.parametrize("verb", [ends.finish, ends.fail, ends.give_back])
def test_an_attempt_that_was_overtaken_says_nothing_any_more(verb):
    late = run(submit("knead", STEVE, {}))
    Job.objects.update(attempt=2)
    assert not verb(late, {} if verb is ends.finish else "Too late")
    assert (Job.objects.get().state, told()) == (State.RUNNING, [])


def test_a_guests_jobs_go_along_when_they_sign_in():
    jobs = [order(a_cake(f"Cake {number}"), GUEST) for number in range(2)]
    mine = order(a_cake("Mine"), STEVE)
    hand_over(GUEST, STEVE)
    assert set(Job.objects.filter(owner=STEVE)) == {*jobs, mine}
    with pytest.raises(TooMany):
        order(a_cake("One more"), STEVE)


def test_a_cake_that_ends_while_its_guest_signs_in_takes_no_place(monkeypatch):
    job, place_at = order(a_cake(), "guest:1"), work._place_at

    def end_meanwhile(owner, kind):
        assert ends.finish(claim(Render, job.render_id), {})
        return place_at(owner, kind)

    monkeypatch.setattr(work, "_place_at", end_meanwhile)
    hand_over("guest:1", "user:1")
    job.refresh_from_db()
    assert (job.owner, job.state, job.place) == ("user:1", State.DONE, None)
    assert order(a_cake("The next"), "user:1", key="k" * 32).place == 1


def test_nothing_is_lost_when_there_are_too_many_to_hand_over():
    for number in range(MOST_WAITING):
        order(a_cake(f"Cake {number}"), GUEST)
        order(a_cake(f"Tart {number}"), STEVE)
    hand_over(GUEST, STEVE)
    assert Job.objects.filter(owner=STEVE).unfinished().count() == 2 * MOST_WAITING
    cancel(Job.objects.first())
    with pytest.raises(TooMany):
        order(a_cake("One more"), STEVE)


def together(verbs):
    """Run them at once; what each answered or raised."""

    def outcome(verb):
        try:
            return verb()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(outcome, verbs))


@pytest.mark.django_db(transaction=True)
def test_of_ten_clicks_at_once_three_get_a_place():
    outcomes = together([lambda n=n: order(a_cake(f"Cake {n}"), STEVE) for n in range(10)])
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == MOST_WAITING
    assert sum(isinstance(outcome, TooMany) for outcome in outcomes) == 10 - MOST_WAITING


@pytest.mark.django_db(transaction=True)
def test_ten_who_want_the_same_at_once_share_a_render():
    outcomes = together([lambda n=n: order(a_cake(), f"user:{n}") for n in range(10)])
    assert {outcome.render_id for outcome in outcomes} == {Render.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_job():
    outcomes = together([lambda: order(a_cake(), STEVE, key="ab" * 16) for _ in range(4)])
    assert set(outcomes) == {Job.objects.get()}


@pytest.mark.django_db(transaction=True)
def test_of_ten_retries_at_once_one_runs_it_again():
    job = submit("knead", STEVE, {})
    ends.fail(claim(Job, job.pk), "No flour.")
    assert sorted(together([lambda: retry(Job.objects.get(pk=job.pk))] * 10)) == [False] * 9 + [True]
