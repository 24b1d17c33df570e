"""How often somebody may try. Counted on `keep`, so that every clone counts the same.

A limit is a name, whose tries are counted, and how many there may be. Past it the answer is 429 with the time to come
back at. Where somebody has typed, the view shows the form again with what was typed; `limited` is for the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django_ratelimit.core import get_usage

Key = str | Callable[[str, HttpRequest], str]


def typed_email(field: str) -> Key:
    """Count by the e-mail that was typed, whether or not it is a customer's: the answer must not tell."""
    return lambda group, request: request.POST.get(field, "").strip().lower()


@dataclass(frozen=True)
class Limit:
    name: str
    key: Key
    rate: str

    def count(self, request: HttpRequest) -> int:
        """Count one try. Returns 0, or when that was one too many the seconds until the next is welcome."""
        usage = self._usage(request, increment=True)
        return _seconds(usage) if usage["should_limit"] else 0

    def wait(self, request: HttpRequest) -> int:
        """The seconds to wait before another try, 0 for none. Counts nothing."""
        usage = self._usage(request, increment=False)
        return _seconds(usage) if usage["count"] >= usage["limit"] else 0

    def _usage(self, request: HttpRequest, *, increment: bool) -> dict:
        return get_usage(request, group=self.name, key=self.key, rate=self.rate, increment=increment)


def _seconds(usage: dict) -> int:
    return max(1, usage["time_left"])


SIGN_IN = (Limit("sign-in", "ip", "60/10m"), Limit("sign-in", typed_email("username"), "10/10m"))
SIGN_UP = (Limit("sign-up", "ip", "40/h"),)
RESET = (Limit("reset", "ip", "20/h"), Limit("reset", typed_email("email"), "4/h"))
PASSWORD = (Limit("password", "user", "10/10m"),)
PICTURE = (Limit("picture", "user", "20/h"),)
ASK = (Limit("ask-a-friend", "user", "20/h"),)
PEOPLE = (Limit("people", "user", "120/10m"),)
REVIEW = (Limit("review", "user", "30/h"),)
DRAFT = (Limit("draft", "ip", "60/h"),)  # each is a session on `keep` for somebody unknown
CAKE = (Limit("cake", "ip", "20/h"),)  # each keeps a worker busy for a minute


def count(request: HttpRequest, limits: tuple[Limit, ...]) -> int:
    """Count one try against each. Returns 0, or the longest time to wait in seconds."""
    return max(limit.count(request) for limit in limits)


def wait(request: HttpRequest, limits: tuple[Limit, ...]) -> int:
    """The longest time to wait in seconds, or 0. Counts nothing."""
    return max(limit.wait(request) for limit in limits)


def come_back(seconds: int) -> str:
    """When the next try is welcome, in words."""
    at = timezone.localtime() + timedelta(seconds=seconds + 60)  # rounded up: at that minute it is sure to work
    return f"That was a lot of tries. Come back at {at.hour}:{at.minute:02}, and it will work again."


def too_many(response: HttpResponse, seconds: int) -> HttpResponse:
    """Make it a 429 that says when to come back."""
    response.status_code = 429
    response["Retry-After"] = str(seconds)
    return response


def limited(limits: tuple[Limit, ...], methods: tuple[str, ...] = ("POST",)):
    """For views whose form holds nothing that was typed: past the limit, a page instead of the view."""

    def decorate(view):
        @wraps(view)
        def counted(request, *args, **kwargs):
            seconds = count(request, limits) if request.method in methods else 0
            if not seconds:
                return view(request, *args, **kwargs)
            return too_many(render(request, "429.html", {"words": come_back(seconds)}), seconds)

        return counted

    return decorate
