"""A row is done when its effect is stored, not when it is sent."""

import pytest
from django.db import OperationalError, transaction

from accounts.tasks import send_password_reset
from jobs import objects as tasks
from jobs.changes import CHANGES
from jobs.claims import CLAIM_ROWS, Lately, claim, due, known_tasks, put_back
from jobs.models import NEVER, Outbox, now_us
from jobs.objects import FORMER_SAMPLE
from jobs.outbox import enqueue
from jobs.relay import Relay
from jobs.sending import send
from jobs.triggers import watched_objects
from jobs.watched import FORMER_REFRESH
from products.models import Document, Product
from shop.celery import app

from ..factories import make_product, make_user

pytestmark = pytest.mark.django_db
TASK = "jobs.objects.refresh"
MAIL = "shop.tasks.send_confirmation"


@pytest.fixture
def sent(monkeypatch):
    """The messages, each as what it carries."""
    messages = []
    app.loader.import_default_modules()
    for name in (TASK, MAIL):
        monkeypatch.setattr(app.tasks[name], "apply_async", lambda args, **options: messages.append(args[0]))
    return messages


def make_row(subject="product:1", *, task=TASK, **changes):
    """A row that has been due for a second."""
    return Outbox.objects.create(**{"task": task, "subject": subject, "due_at": now_us() - 1_000_000} | changes)


def ready(lately=None):
    return due(known_tasks(), lately or Lately())[0]


def send_what_is_due():
    return send(claim(ready()), known_tasks())


def test_it_sends_what_is_due_and_keeps_the_row(sent):
    row = make_row()
    make_row("product:2", due_at=now_us() + 60_000_000)
    send_what_is_due()
    assert sent == [[[row.pk, "product:1"]]]
    assert Outbox.objects.filter(pk=row.pk, attempt=1, due_at__gt=now_us()).exists()


def test_a_claimed_row_is_not_due_before_its_time(sent):
    make_row()
    assert len(claim(ready())) == 1
    assert ready() == []


def test_of_two_who_claim_a_row_one_has_it():
    make_row()
    rows = ready()
    assert [claim(rows), claim(rows)] == [rows, []]


def test_a_row_whose_effect_does_not_arrive_is_sent_again_later_and_later():
    row = make_row()
    waits = []
    for _ in range(8):
        Outbox.objects.update(due_at=now_us())
        claim(Outbox.objects.all())
        row.refresh_from_db()
        waits.append(round((row.due_at - now_us()) / 1e6))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_it_is_tried_since_its_first_attempt():
    row = make_row()
    claim([row])
    since = Outbox.objects.get().tried_since
    claim(Outbox.objects.all())
    assert Outbox.objects.get().tried_since == since


def test_what_is_put_back_is_as_if_nobody_had_tried():
    old, new = make_row(attempt=3, tried_since=5), make_row("product:2")
    put_back(claim([old, new]))
    kept = Outbox.objects.order_by("pk").values_list("attempt", "tried_since")
    assert list(kept) == [(3, 5), (0, NEVER)]
    assert not Outbox.objects.filter(due_at__gt=now_us()).exists()


def test_rows_of_one_task_travel_together_but_late_attempts_alone(sent):
    for number in range(150):
        make_row(f"product:{number}")
    send_what_is_due()
    assert [len(pairs) for pairs in sent] == [100, 50]
    again = []
    for _ in range(3):
        sent.clear()
        Outbox.objects.filter(subject__in=["product:1", "product:2"]).update(due_at=now_us())
        send_what_is_due()
        again.append([len(pairs) for pairs in sent])
    assert again == [[2], [2], [1, 1]]


def test_one_that_cannot_be_done_holds_up_nobody_it_travels_with():
    good, bad, another = make_row(f"product:{make_product().pk}"), make_row("product:x"), make_row("category:1")
    with pytest.raises(ValueError, match="x"):
        tasks.refresh([[row.pk, row.subject] for row in (good, bad, another)])
    assert list(Outbox.objects.filter(pk__in=[good.pk, bad.pk, another.pk])) == [bad]
    assert tasks.registry["product"].peek(int(good.subject.partition(":")[2]))


def test_with_a_server_away_nothing_is_tried_one_by_one(monkeypatch):
    asked = []

    def refuse(ids):
        asked.append(ids)
        raise OperationalError("away")

    monkeypatch.setattr(tasks.registry["product"], "refresh", refuse)
    rows = [make_row(f"product:{number}") for number in range(3)]
    with pytest.raises(OperationalError):
        tasks.refresh([[row.pk, row.subject] for row in rows])
    assert asked == [[0, 1, 2]]


def test_all_rows_of_one_subject_travel_together(sent):
    for _ in range(150):
        make_row()
    send_what_is_due()
    assert [len(pairs) for pairs in sent] == [150]


def test_a_fresh_row_ripens_first_unless_its_task_never_merges(sent):
    make_row(due_at=now_us())
    mail = make_row("12", task=MAIL, due_at=now_us())
    send_what_is_due()
    assert sent == [[[mail.pk, "12"]]]


def test_a_subject_that_was_just_sent_rests_and_its_rows_stay_due():
    first, lately = make_row(), Lately()
    lately.note([first])
    other = make_row("product:2")
    assert ready(lately) == [other]
    assert Outbox.objects.get(pk=first.pk).attempt == 0


def test_what_is_sent_again_does_not_rest():
    row, lately = make_row(attempt=1), Lately()
    lately.note([row])
    assert ready(lately) == [row]


def test_rows_that_rest_hold_up_no_others(monkeypatch):
    lately, now = Lately(), now_us()
    monkeypatch.setattr("jobs.claims.now_us", lambda: now - 500_000)
    lately.note([make_row()])
    monkeypatch.setattr("jobs.claims.now_us", lambda: now)
    Outbox.objects.all().delete()
    since = [Outbox(task=TASK, subject="product:1", due_at=now - 400_000) for _ in range(CLAIM_ROWS)]
    Outbox.objects.bulk_create(since)
    other = make_row("product:2", due_at=now - 300_000)
    assert ready(lately) == [other]
    assert Outbox.objects.filter(attempt=0).count() == CLAIM_ROWS + 1


def test_a_backlog_of_one_subject_is_claimed_in_silence_for_a_message_does_for_all_of_it(sent):
    Outbox.objects.bulk_create(Outbox(task=TASK, subject="product:1", due_at=5) for _ in range(2 * CLAIM_ROWS))
    one = Relay()
    assert [one.turn(), one.turn(), one.turn()] == [CLAIM_ROWS, CLAIM_ROWS, 0]
    assert [len(pairs) for pairs in sent] == [CLAIM_ROWS]
    assert not Outbox.objects.filter(attempt=0).exists()


def test_what_a_relay_remembers_is_bounded(monkeypatch):
    monkeypatch.setattr("jobs.claims.REMEMBERED", 2)
    rows, lately = [make_row(f"product:{number}") for number in range(3)], Lately()
    lately.note(rows)
    assert [lately.holds(row) for row in rows] == [False, True, True]


def test_a_task_of_another_release_is_left_to_it(sent):
    stranger = make_row(task="cakes.tasks.bake")
    row = make_row()
    send_what_is_due()
    assert sent == [[[row.pk, "product:1"]]]
    assert Outbox.objects.get(pk=stranger.pk).attempt == 0


def test_the_row_goes_when_the_effect_is_stored():
    product = make_product()
    Outbox.objects.all().delete()
    row = make_row(f"product:{product.pk}")
    tasks.refresh([[row.pk, row.subject]])
    assert not Outbox.objects.exists()


def test_a_task_that_fails_leaves_its_row():
    row = make_row("nonsense:1")
    with pytest.raises(KeyError):
        tasks.refresh([[row.pk, row.subject]])
    assert Outbox.objects.filter(pk=row.pk).exists()


def test_a_message_that_comes_twice_does_its_work_once(monkeypatch):
    product = make_product()
    Outbox.objects.all().delete()
    row = make_row(f"product:{product.pk}")
    tasks.refresh([[row.pk, row.subject]])
    monkeypatch.setattr(tasks.registry["product"], "refresh", lambda ids: pytest.fail("again"))
    tasks.refresh([[row.pk, row.subject]])


@pytest.fixture
def built(monkeypatch):
    """The ids of each build; `during` is what happens while one is made."""

    class Builds(list):
        during = staticmethod(lambda: None)

    def refresh(ids):
        builds.append(ids)
        builds.during()

    builds = Builds()
    monkeypatch.setattr(tasks.registry["product"], "refresh", refresh)
    return builds


def test_a_build_is_one_for_all_changes_that_were_there(built):
    product = make_product()
    Outbox.objects.all().delete()
    for number in range(10):
        Product.objects.filter(pk=product.pk).update(name=f"Rye {number}")
    claim(Outbox.objects.all()[2:4])
    first = Outbox.objects.first()
    tasks.refresh([[first.pk, first.subject]])
    assert built == [[product.pk]]
    assert not Outbox.objects.exists()


def test_a_change_while_it_is_built_stays(built):
    product = make_product()
    Outbox.objects.all().delete()
    row = make_row(f"product:{product.pk}")
    built.during = lambda: Product.objects.filter(pk=product.pk).update(name="Rye")
    tasks.refresh([[row.pk, row.subject]])
    assert Outbox.objects.exclude(pk=row.pk).get().subject == row.subject
    assert not Outbox.objects.filter(pk=row.pk).exists()


def test_what_waits_for_its_own_moment_stays_and_so_do_other_subjects(built):
    row = make_row("product:1")
    kept = [make_row(due_at=now_us() + 500_000), make_row("product:11"), make_row(task=MAIL)]
    tasks.refresh([[row.pk, row.subject]])
    assert list(Outbox.objects.order_by("pk")) == kept


def test_a_mail_is_sent_for_each_row(mailoutbox):
    user = make_user()
    Outbox.objects.all().delete()
    rows = [make_row(str(user.pk), task=send_password_reset.name) for _ in range(2)]
    for number, row in enumerate(rows, start=1):
        send_password_reset([[row.pk, row.subject]])
        assert len(mailoutbox) == number
    assert not Outbox.objects.exists()


def test_a_worker_that_dies_after_the_effect_does_it_once_more_and_no_harm(monkeypatch):
    product = make_product()
    Outbox.objects.all().delete()
    row = make_row(f"product:{product.pk}")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tasks.registry["product"], "refresh", dies_after(tasks.registry["product"].refresh))
        tasks.refresh([[row.pk, row.subject]])
    stored = Document.objects.values().get()
    assert Outbox.objects.get() == row
    tasks.refresh([[row.pk, row.subject]])
    assert Document.objects.values().get() == stored
    assert not Outbox.objects.exists()


def dies_after(verb):
    def run(ids):
        verb(ids)
        raise KeyboardInterrupt

    return run


def test_what_is_enqueued_in_a_transaction_goes_with_it():
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(TASK, "product:1")
        raise RuntimeError
    assert not Outbox.objects.exists()


def test_rows_of_the_release_before_name_the_task_as_it_was_called(sent):
    product = make_product()
    Outbox.objects.all().delete()
    row = make_row(f"product:{product.pk}", task=FORMER_REFRESH)
    assert ready() == [row]
    assert CHANGES.undone(1) == [row.subject]
    app.tasks[FORMER_REFRESH]([[row.pk, row.subject]])
    assert not Outbox.objects.exists()


def test_beat_and_triggers_name_tasks_that_exist_and_the_former_ones_do_too():
    app.loader.import_default_modules()
    named = {each["task"] for each in app.conf.beat_schedule.values()} | {w.task for w in watched_objects().values()}
    assert named | {FORMER_REFRESH, FORMER_SAMPLE} <= app.tasks.keys()


def test_no_time_limit_is_set_where_no_pool_would_keep_it():
    app.loader.import_default_modules()
    assert not app.conf.task_time_limit
    assert not [name for name, task in app.tasks.items() if task.time_limit]
