"""An S3 in memory whose requests come in whatever order a test wants, so that every order can be tried.

Calls run as greenlets and stop before each request. What it promises of conditions is compared with a real server's
word in test_bucket.py.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace

from botocore.config import Config
from botocore.exceptions import ClientError
from greenlet import getcurrent, greenlet

STATUS = {"PreconditionFailed": 412, "NoSuchKey": 404, "404": 404}


class Memory:
    """As much of a client for S3 as a Bucket needs, and as much of a storage as gives it that client."""

    bucket_name, location = "pages", ""
    client_config = Config()

    def __init__(self):
        self.held = {}
        self.requests = []
        self.before = lambda operation: None  # called before each request is carried out
        self.connection = SimpleNamespace(meta=SimpleNamespace(client=self))

    def get_object_parameters(self, name):
        return {}

    def head_object(self, *, Bucket, Key):  # noqa: N803
        return self._there("HeadObject", Key, "404")

    def get_object(self, *, Bucket, Key):  # noqa: N803
        there = self._there("GetObject", Key, "NoSuchKey")
        return there | {"Body": io.BytesIO(there["Body"])}

    def put_object(self, *, Bucket, Key, Body, Metadata=None, IfMatch="", IfNoneMatch="", **headers):  # noqa: N803
        self._begin("PutObject")
        if IfNoneMatch == "*" and Key in self.held:
            raise refusal("PutObject", "PreconditionFailed")
        self._demand("PutObject", Key, IfMatch)
        tag = f'"{hashlib.md5(Body).hexdigest()}"'
        self.held[Key] = headers | {"ETag": tag, "Body": Body, "Metadata": Metadata or {}}
        return {"ETag": tag}

    def delete_object(self, *, Bucket, Key, IfMatch=""):  # noqa: N803
        self._begin("DeleteObject")
        self._demand("DeleteObject", Key, IfMatch)
        self.held.pop(Key, None)

    def _begin(self, operation):
        self.before(operation)
        self.requests.append(operation)

    def _there(self, operation, key, otherwise):
        self._begin(operation)
        if key not in self.held:
            raise refusal(operation, otherwise)
        return self.held[key]

    def _demand(self, operation, key, tag):
        if tag and key not in self.held:
            raise refusal(operation, "NoSuchKey")
        if tag and tag != self.held[key]["ETag"]:
            raise refusal(operation, "PreconditionFailed")


def refusal(operation, code):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": STATUS[code]}}, operation)


class Call:
    """A call that stops before each of its requests. Killed after so many requests, when `killed_after` is said."""

    def __init__(self, work: Callable[[], bool], killed_after: int | None = None):
        self.answer = None
        self.began = self.ended = None  # at which request of all
        self._left = killed_after
        self._greenlet = greenlet(self._run)
        self._work = work

    def start(self):
        """Up to its first request."""
        self._greenlet.switch()

    def _run(self):
        self.answer = self._work()

    def step(self, now: int):
        """Carry out one request, and go on to the next."""
        self.began = now if self.began is None else self.began
        if self._left is not None:
            self._left -= 1
        self._greenlet.switch()
        if self._greenlet.dead:
            self.ended = now

    @property
    def can_go_on(self) -> bool:
        return not self._greenlet.dead and self._left != 0

    def abandon(self):
        if not self._greenlet.dead:
            self._greenlet.throw()


def stop_before_each_request(operation):
    """What `Memory.before` is while calls are interleaved: back to who decides."""
    getcurrent().parent.switch()


def every_order(
    begin: Callable[[], list[Call]], after_each: Callable[[], None], most_turns: int = 99
) -> Iterator[list[Call]]:
    """Run what `begin` answers in every order in which its requests can come; yield each end. `begin` makes the world
    anew; `after_each` looks at it after every request. With `most_turns` a call that could go on is left for another
    so many times and no more."""
    untried: list[tuple[int, ...]] = [()]
    while untried:
        prefix = untried.pop()
        calls = begin()
        for call in calls:
            call.start()
        taken: list[int] = []
        turns = 0
        while ready := [place for place, call in enumerate(calls) if call.can_go_on]:
            goes_on = bool(taken) and taken[-1] in ready
            if len(taken) < len(prefix):
                chosen = prefix[len(taken)]
            else:
                chosen = taken[-1] if goes_on else ready[0]
                if not goes_on or turns < most_turns:
                    untried += [(*taken, other) for other in ready if other != chosen]
            turns += goes_on and chosen != taken[-1]
            calls[chosen].step(len(taken))
            taken.append(chosen)
            after_each()
        yield calls
        for call in calls:
            call.abandon()
