"""A visitor who goes from clone to clone, without a proxy."""

from bench.wandering import Wandering


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
