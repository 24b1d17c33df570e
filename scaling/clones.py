"""Clones: any server answers the same, and says which one it was and which code it runs.

A clone that is told to end drains first: it says that it is not ready any more (`scaling.probes`) while it still
answers what comes. Without that, a deploy loses the requests that were on their way.
"""

import mmap
import os
import socket
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import settings

CUT_OFF_STATUS = 5  # of a clone that has ended before somebody had their answer
_draining = mmap.mmap(-1, 1)  # one byte, the same for a process and its children


def clone_id() -> str:
    return settings.CLONE or f"{socket.gethostname()}-{os.getpid()}"


def drain() -> None:
    """From now on this clone, with all of its processes, is not ready."""
    _draining[0] = 1


def is_draining() -> bool:
    return bool(_draining[0])


class CloneMiddleware:
    """The outermost middleware: X-Clone and X-Release on every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response["X-Clone"] = clone_id()
        response["X-Release"] = settings.RELEASE
        return response
