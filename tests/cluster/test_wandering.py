"""A visitor who goes from clone to clone, and what counts as a promise that was kept."""

from collections import Counter

import pytest

from bench.proofs.cluster_faults import PROXY, Fault
from bench.proofs.joining import Shares
from bench.regulars import NO_ANSWER, Told
from bench.wandering import Wandering


def told(doing, status, *, says_when=False, at=1.0):
    return Told(doing, at, 0.1, status, says_when)


def a_fault(*answers, server="cache"):
    return Fault(server, answers, began=0.5, back=1.0, also=())


def asked(visitor, count):
    names = []
    for _ in range(count):
        visitor.last = visitor._next()
        names.append(visitor.last)
    return names


def test_each_request_goes_to_the_next_clone_but_for_those_that_are_absent():
    places = dict.fromkeys(("web1", "web2", "web3"), "127.0.0.1:9")
    visitor = Wandering("http://127.0.0.1:8080", places, "127.0.0.7")
    assert asked(visitor, 4) == ["web1", "web2", "web3", "web1"]
    visitor.absent.add("web2")
    assert asked(visitor, 3) == ["web3", "web1", "web3"]


def test_a_clone_is_told_what_the_proxy_would_tell_it():
    visitor = Wandering("http://127.0.0.1:8080", {"web1": "127.0.0.1:9"}, "127.0.0.7")
    assert visitor._said_by_the_proxy() == {
        "Host": "127.0.0.1:8080",
        "X-Forwarded-For": "127.0.0.7",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "127.0.0.1:8080",
    }


@pytest.mark.parametrize(
    "answer",
    [
        told("search", 503, says_when=True),
        told("live pages", NO_ANSWER),
        told("order", 500),
        told("order", 503),
        told("account", NO_ANSWER),
        told("cake", 429),
    ],
)
def test_what_is_not_as_promised_is_counted(answer):
    assert a_fault(answer).failed() == {(answer.doing, answer.status): 1}


def test_a_refusal_that_says_when_to_come_again_is_as_promised_but_not_of_the_catalogue():
    assert a_fault(told("order", 503, says_when=True), told("search", 200), told("basket", 303)).failed() == {}


def test_while_the_proxy_is_away_nobody_answers():
    fault = a_fault(told("search", NO_ANSWER, at=2.5), told("search", 200, at=3.0), server=PROXY)
    assert (fault.failed(), fault.silent) == ({}, 2.0)
    assert a_fault(told("search", 502), server=PROXY).failed() == {("search", 502): 1}


def test_the_share_that_is_furthest_from_an_even_one_counts():
    assert Shares(Counter(web1=100, web2=100, web3=100), {}).most_uneven == 0
    assert Shares(Counter(web1=90, web2=100, web3=110), {}).most_uneven == pytest.approx(10)
