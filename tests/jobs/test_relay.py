"""The relay outlives whatever it meets, and loses nothing: the rows are the truth."""

import io
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models import Sum
from kombu.exceptions import OperationalError as BrokerError

from jobs import dispatch, queues, relay
from jobs import objects as tasks
from jobs.management.commands import relay as command
from jobs.models import NEVER, Outbox, now_us
from jobs.relay import Relay
from products.models import Document
from shop.celery import app

from ..factories import make_product
from ..servers import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db
TASK = "jobs.objects.refresh"
MAIL = "shop.tasks.send_confirmation"
WALK = "jobs.objects.walk"
WEEK = 7 * 24 * 3_600 * 1_000_000


@pytest.fixture
def broker(monkeypatch):
    """What it takes: messages by task. `refuses` raises for what it does not."""

    class Broker(list):
        refuses = staticmethod(lambda pairs: None)

    taken = Broker()
    app.loader.import_default_modules()

    def of(name):
        def apply_async(args, **options):
            taken.refuses(args[0])
            taken.append((name, args[0]))

        return apply_async

    for name in (TASK, MAIL, WALK):
        monkeypatch.setattr(app.tasks[name], "apply_async", of(name))
    return taken


def make_row(subject="product:1", *, task=TASK, **changes):
    """A row that has been due for a second."""
    return Outbox.objects.create(**{"task": task, "subject": subject, "due_at": now_us() - 1_000_000} | changes)


@pytest.mark.parametrize("phase", [0, 1, 2, 3])
@pytest.mark.parametrize("apart", [0, 2], ids=["at once", "a tenth of a second apart"])
def test_ten_changes_of_one_product_in_a_second_are_one_or_two_builds(broker, monkeypatch, phase, apart):
    """By a clock of our own, in ticks of 50 ms: the relay looks at every fourth, and each is built in a tick."""
    builds, begin = [], now_us()
    monkeypatch.setattr(tasks.registry["product"], "refresh", builds.append)
    one, tick, told = Relay(), 0, 0
    while told < 10 or Outbox.objects.exists():
        now = begin + tick * 50_000
        for module in ("jobs.claims", "jobs.models"):
            monkeypatch.setattr(f"{module}.now_us", lambda now=now: now)
        while told < 10 and told * apart <= tick:
            make_row(due_at=now)
            told += 1
        if tick % 4 == phase:
            work_off(one, broker)
        tick += 1
    assert len(builds) <= 2
    assert tick - 9 * apart <= 18  # the last change is built within 0.9 s


def work_off(one, broker):
    """A turn, and what a worker makes of it. Returns the number of its messages."""
    one.turn()
    messages, broker[:] = list(broker), []
    for _, pairs in messages:
        tasks.refresh(pairs)
    return len(messages)


@pytest.mark.django_db(transaction=True)  # connections are closed
def test_a_broker_that_is_away_leaves_everything_as_it_was(broker):
    def refuse(pairs):
        raise BrokerError("away")

    rows = [make_row(f"product:{number}") for number in range(3)]
    one, broker.refuses = Relay(), refuse
    assert relay._turn(one) == relay.AFTER_OUTAGE_SECONDS
    assert Outbox.objects.filter(attempt=0, due_at__lte=now_us(), tried_since=NEVER).count() == len(rows)
    broker.refuses = lambda pairs: None
    Outbox.objects.update(due_at=now_us() - 1_000_000)
    one.turn()
    assert [len(pairs) for _, pairs in broker] == [3]


@pytest.fixture
def depths(monkeypatch):
    """What the broker says is in each lane."""
    told = {"interactive": 0, "bulk": 0, "render": 0, "dead": 500}
    monkeypatch.setattr(queues, "depths", lambda: dict(told))
    return told


def test_rows_of_a_full_lane_wait_in_the_outbox_and_those_of_another_go(broker, depths):
    depths["bulk"] = relay.most_ahead("bulk")
    behind, other, one = make_row("category:1@9", task=WALK), make_row(), Relay()
    one.turn()
    assert broker == [(TASK, [[other.pk, other.subject]])]
    assert Outbox.objects.get(pk=behind.pk).attempt == 0
    depths["bulk"] -= 1
    one.turn()
    assert broker[1:] == [(WALK, [[behind.pk, behind.subject]])]


@pytest.mark.usefixtures("depths")
def test_a_relay_that_begins_asks_first_and_then_after_every_few_rows(broker, monkeypatch):
    asked, depths = [], queues.depths
    monkeypatch.setattr(queues, "depths", lambda: asked.append(len(broker)) or depths())
    monkeypatch.setattr(relay, "ASK_AFTER", 2)
    one = Relay()
    for number in range(6):
        make_row(f"product:{number}")
        one.turn()
    assert asked == [0, 2, 4]


def test_with_no_worker_what_is_late_makes_no_queue_longer_for_ever(monkeypatch):
    """On the broker itself: a hundred rows that are late again and again."""
    monkeypatch.setattr(relay, "AHEAD", 5)
    monkeypatch.setitem(dispatch.AHEAD, "interactive", 0)
    Outbox.objects.all().delete()
    Outbox.objects.bulk_create(Outbox(task=MAIL, subject=str(number), due_at=5) for number in range(100))
    one = Relay()
    for _ in range(10):
        one.turn()
        Outbox.objects.update(due_at=5)
    assert queues.depths()["interactive"] == 100


def test_messages_that_a_broker_has_lost_are_sent_again(broker):
    row, one = make_row(), Relay()
    one.turn()
    broker.clear()
    Outbox.objects.update(due_at=now_us())
    one.turn()
    assert broker == [(TASK, [[row.pk, row.subject]])]


def test_one_bad_row_holds_up_no_other_and_is_tried_again(broker, caplog):
    def refuse(pairs):
        if pairs[0][1] == "bad":
            raise TypeError("no message can be made of it")

    broker.refuses = refuse
    bad, good = make_row("bad", task=MAIL), make_row("12", task=MAIL, due_at=now_us())
    Relay().turn()
    assert broker == [(MAIL, [[good.pk, "12"]])]
    assert Outbox.objects.filter(pk=bad.pk, attempt=1).exists()
    assert "send_confirmation could not be sent for bad" in caplog.text


def test_a_task_that_nobody_knows_here_is_named_once_and_its_rows_stay(broker, caplog):
    make_row(task="cakes.tasks.bake")
    make_row(task="cakes.tasks.bake")
    row, one = make_row(), Relay()
    one.turn()
    one.name_strangers()
    assert caplog.text.count("cakes.tasks.bake") == 1
    assert broker == [(TASK, [[row.pk, row.subject]])]
    assert Outbox.objects.filter(task="cakes.tasks.bake", attempt=0).count() == 2


def test_what_was_tried_for_a_week_is_given_up_with_its_name(broker, caplog):
    old = {"tried_since": now_us() - WEEK - 1_000_000, "attempt": 10_000, "due_at": now_us() + 60_000_000}
    make_row("product:666", **old)
    kept = [
        make_row("product:1", **old | {"tried_since": now_us() - WEEK + 60_000_000}),
        make_row("product:2", **old | {"attempt": 3}),  # the relay was away for a week
        make_row("product:3", created_at=now_us() - 2 * WEEK, due_at=now_us() + WEEK),  # the end of a promotion
    ]
    with caplog.at_level(logging.ERROR):
        Relay().turn()
    assert list(Outbox.objects.order_by("pk")) == kept
    assert [record.getMessage() for record in caplog.records] == [
        "Given up after 10000 attempts in a week: jobs.objects.refresh(product:666)"
    ]


def test_it_looks_for_what_to_give_up_once_an_hour(monkeypatch, broker):
    looked = []
    monkeypatch.setattr(Relay, "give_up", lambda self: looked.append(True))
    one = Relay()
    one.turn()
    one.turn()
    assert looked == [True]


def test_without_a_relay_for_a_while_nothing_is_lost(broker):
    product = make_product()
    Outbox.objects.update(due_at=now_us() - WEEK, created_at=now_us() - WEEK)
    work_off(Relay(), broker)
    assert Document.objects.get().product_id == product.pk
    assert not Outbox.objects.filter(subject=f"product:{product.pk}").exists()


@pytest.mark.django_db(transaction=True)
def test_two_relays_send_each_row_once(broker):
    """Once a period, that is: nothing is due again before its second is over."""
    Outbox.objects.all().delete()
    far = now_us() - 60_000_000
    Outbox.objects.bulk_create(Outbox(task=MAIL, subject=str(number), due_at=far) for number in range(1_500))
    together = threading.Barrier(2)

    def run():
        try:
            one = Relay()
            together.wait(PATIENCE_SECONDS)
            while one.turn():
                pass
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run) for _ in range(2)]:
            done.result()
    sent = [pair[0] for _, pairs in broker for pair in pairs]
    assert (len(sent), len(set(sent))) == (Outbox.objects.aggregate(times=Sum("attempt"))["times"], 1_500)


def test_the_backlog_is_told_by_task():
    make_row(due_at=now_us() - 3_600_000_000)
    make_row("product:2", due_at=now_us() + WEEK, created_at=now_us() - WEEK)
    make_row("12", task=MAIL, attempt=3, tried_since=now_us() - 120_000_000, due_at=now_us() + 8_000_000)
    make_row("1", task="cakes.tasks.bake", due_at=now_us() + WEEK)
    lines = [line.split() for line in told().splitlines()]
    assert lines[1:4] == [
        ["cakes.tasks.bake", "?", "0", "0", "1"],
        [TASK, "1", "0", "1", "1", "h"],
        [MAIL, "0", "1", "0", "2", "min"],
    ]


def told():
    out = io.StringIO()
    call_command("relay", "--backlog", stdout=out)
    return out.getvalue()


def test_an_empty_outbox_says_so():
    assert told() == "Nothing waits.\n"


def test_a_database_that_is_away_is_one_clear_line(monkeypatch):
    def refuse():
        raise OperationalError(2002, "away")

    monkeypatch.setattr(command, "waiting", refuse)
    with pytest.raises(CommandError, match="The database does not answer"):
        told()
