"""What only failed because two wanted the same at once is done once more, whole."""

import threading

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F

from products.models import Stock
from scaling import retries
from scaling.retries import TRIES, WORTH_RETRYING, retried

from ..factories import make_product
from ..servers import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


class Verb:
    """Fails with the given codes, then answers how often it was run."""

    def __init__(self, *codes):
        self.codes, self.runs = list(codes), 0

    def __call__(self):
        self.runs += 1
        if self.codes:
            raise OperationalError(self.codes.pop(0), "of the test")
        return self.runs


@pytest.mark.parametrize("code", sorted(WORTH_RETRYING))
def test_a_verb_that_met_another_is_run_again(code):
    verb = Verb(code, code)
    assert retried(lambda: verb())() == 3


def test_three_times_and_no_more():
    verb = Verb(*[1213] * 9)
    with pytest.raises(OperationalError):
        retried(lambda: verb())()
    assert verb.runs == TRIES


def test_nothing_is_begun_when_a_second_is_over(monkeypatch):
    monkeypatch.setattr(retries, "BEGUN_WITHIN_SECONDS", -1)
    verb = Verb(1205)
    with pytest.raises(OperationalError):
        retried(lambda: verb())()
    assert verb.runs == 1


@pytest.mark.parametrize("code", [2013, 1290, 1064])
def test_what_is_no_quarrel_over_a_lock_is_not_run_again(code):
    verb = Verb(code)
    with pytest.raises(OperationalError):
        retried(lambda: verb())()
    assert verb.runs == 1


def test_inside_a_transaction_it_is_left_to_whoever_began_that():
    verb = Verb(1213)
    with pytest.raises(OperationalError), transaction.atomic():
        retried(lambda: verb())()
    assert verb.runs == 1


def test_two_that_wait_for_each_other_both_get_through():
    if connection.vendor == "sqlite":
        pytest.skip("In SQLite one writer comes after the other; on MariaDB this test runs as well.")
    rye, spelt = (make_product(name).stock for name in ("Rye", "Spelt"))
    both_hold_one = threading.Barrier(2)
    runs, failures = [], []

    @retried
    @transaction.atomic
    def take(first, second, is_first_run):
        runs.append(first.pk)
        Stock.objects.filter(pk=first.pk).update(quantity=F("quantity") - 1)
        if is_first_run:
            is_first_run.pop()
            both_hold_one.wait(PATIENCE_SECONDS)
        Stock.objects.filter(pk=second.pk).update(quantity=F("quantity") - 1)

    def buy(first, second):
        try:
            take(first, second, [True])
        except OperationalError as error:
            failures.append(error)
        finally:
            connection.close()

    before = [rye.quantity, spelt.quantity]
    threads = [threading.Thread(target=buy, args=pair) for pair in ((rye, spelt), (spelt, rye))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(runs) == 3, "one of them was ended, and ran again"
    rye.refresh_from_db()
    spelt.refresh_from_db()
    assert [rye.quantity, spelt.quantity] == [before[0] - 2, before[1] - 2]
