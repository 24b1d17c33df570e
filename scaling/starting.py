"""A new clone proves that it is ready before anybody is sent to it.

It does so in a child of its own: connections and threads do not survive a fork well, and what has asked the databases
is gone when the first worker begins.
"""

import logging
import os
import signal
import time
import traceback
from collections.abc import Iterator
from typing import NoReturn

from django.core.checks import CheckMessage, run_checks
from django.db import DEFAULT_DB_ALIAS
from django.test import Client
from django.utils.module_loading import import_string

from . import settings
from .probes import READY
from .replicas import DATABASE_OUTAGES, primary

AGAIN_SECONDS = 0.5
PAGE_SECONDS = 30
log = logging.getLogger(__name__)


class NotReadyError(Exception):
    """Why this release cannot be served here."""


def prove_ready() -> None:
    """Return once a child of this process has shown that it can serve. What another server is to blame for is waited
    for, READY_WITHIN_SECONDS at most. Raises NotReadyError, whose reasons the child has written to stderr."""
    child = os.fork()
    if not child:
        os._exit(_as_the_child())
    before = signal.signal(signal.SIGTERM, _stop)  # the first process of a container would not hear of it otherwise
    try:
        status = os.waitpid(child, 0)[1]
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    if os.waitstatus_to_exitcode(status):
        raise NotReadyError("This clone is not ready: its log says why.")


def _stop(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _as_the_child() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.alarm(int(settings.READY_WITHIN_SECONDS + PAGE_SECONDS))  # whatever it is that hangs
    try:
        _wait(time.monotonic() + settings.READY_WITHIN_SECONDS, os.getppid())
    except NotReadyError as why:
        log.error("Not ready: %s", why)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _wait(deadline: float, parent: int) -> None:
    if found := _refused():
        raise NotReadyError("; ".join(f"{message.msg} ({message.id}) {message.hint or ''}" for message in found))
    told = ""
    while why := _unready():
        if time.monotonic() > deadline or os.getppid() != parent:
            raise NotReadyError(why)
        if why != told:
            log.warning("Not ready yet: %s", why)
        told = why
        time.sleep(AGAIN_SECONDS)


def _refused() -> list[CheckMessage]:
    """What system checks have against this."""
    if not settings.CHECKS_AT_START:
        return []
    tags = settings.CHECKS_AT_START
    found = run_checks(tags=tags, include_deployment_checks=True, databases=[DEFAULT_DB_ALIAS])
    return [message for message in found if message.is_serious() and not message.is_silenced()]


def _unready() -> str:
    """What a visitor and a balancer would meet that must not be; empty when all is well."""
    hosts = [host for host in settings.ALLOWED_HOSTS if host not in ("*",)]
    client = Client(raise_request_exception=False, SERVER_NAME=hosts[0].lstrip(".") if hosts else "localhost")
    try:
        for path in _shown():
            answer = client.get(path, secure=True)
            if answer.status_code != 200:
                said = answer.content.decode(errors="replace").strip() if path == READY else ""
                return f"{path} answers {answer.status_code}. {said}".strip()
    except DATABASE_OUTAGES as error:
        return f"The primary does not say which pages there are: {error}"
    return ""


def _shown() -> Iterator[str]:
    yield READY
    yield from settings.PAGES_OF_A_READY_CLONE
    if settings.FURTHER_PAGES_OF_A_READY_CLONE:
        with primary():
            further = list(import_string(settings.FURTHER_PAGES_OF_A_READY_CLONE)())
        yield from further
