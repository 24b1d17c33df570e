"""What the function of a job is given while it runs, and what becomes of its outcome."""

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from scaling.unavailable import OUTAGES

from . import ends, files, signal
from .kinds import JobKind
from .leases import LEASE_SECONDS, Lease
from .leaving import Leaving, leaving
from .models import Job, Render, State, Work

LONGEST_WAIT_SECONDS = 60  # between two attempts
log = logging.getLogger(__name__)


class Stopped(Exception):
    """This attempt counts no longer: it was cancelled, or overtaken by another."""


class CannotBeDone(Exception):
    """Trying again would not help. The text is for the owner."""


class Running:
    """One attempt. `arguments` are the job's."""

    def __init__(self, work: Work, kind: JobKind, arguments: dict[str, Any], lease: Lease) -> None:
        self.work, self.kind, self.arguments = work, kind, arguments
        self._lease = lease
        self._began_at, self._began_with = time.monotonic(), work.progress
        self._saved = 0

    @cached_property
    def checkpoint(self) -> bytes | None:
        """What an earlier attempt saved last, or None. The last attempt begins anew: what was saved may be what the
        others failed over."""
        if not self.work.checkpoint or self.work.attempt >= self.work.last_attempt:
            return None
        try:
            return files.read(self.work.checkpoint)
        except FileNotFoundError:
            log.warning("The checkpoint of %s is gone; it begins again", self.work)
            return None

    def report(
        self,
        progress: float,
        checkpoint: bytes | None = None,
        preview: bytes | None = None,
        seconds_left: float | None = None,
    ) -> None:
        """Say how far it is, in hundredths, and save what another attempt may go on from and what the owner may see.

        Raises Stopped when this attempt counts no longer, and Leaving when the worker is to end: let both through.
        """
        hundredths = min(99, max(0, int(progress)))
        if self._lease.is_lost:
            raise Stopped(str(self.work))
        if checkpoint is not None or preview is not None:
            self._save(hundredths, checkpoint, preview)
        signal.tell_progress(self.work, hundredths, self._seconds_left(progress, seconds_left))
        if leaving.is_set():
            raise Leaving(str(self.work))

    def keep(self, name: str, content: bytes) -> str:
        """Store a file that belongs to the result, which must name it under `file`. Returns the name to be named."""
        return files.keep(self.work, name, content)

    def _save(self, progress: int, checkpoint: bytes | None, preview: bytes | None) -> None:
        """Files first, then the row that names them, then the old files go. Who gets further than
        any attempt before has every try again."""
        self._saved += 1
        named: dict[str, str] = {}
        if checkpoint is not None:
            named["checkpoint"] = files.keep(self.work, f"{self._saved}.checkpoint", checkpoint)
        if preview is not None:
            named["picture"] = files.keep(self.work, f"{self._saved}.webp", preview)
        rows = type(self.work)._default_manager.of_attempt(self.work)  # type: ignore[attr-defined]
        is_further = progress > self._began_with
        if not rows.update(
            progress=progress,
            lease_until=Now() + timedelta(seconds=LEASE_SECONDS),
            **named,
            **({"last_attempt": F("attempt") + self.kind.attempts} if is_further else {}),
            **({"picture_number": F("picture_number") + 1} if preview is not None else {}),
        ):
            files.drop(named.values())
            raise Stopped(str(self.work))
        files.drop([getattr(self.work, field) for field in named])
        self.work.refresh_from_db()
        signal.changed(_owners(self.work))

    def _seconds_left(self, progress: float, told: float | None) -> float | None:
        """By the pace of this attempt, unless the function knows better."""
        gone, done = time.monotonic() - self._began_at, progress - self._began_with
        return told if told is not None or done <= 0 else gone * (100 - progress) / done


def perform(work: Work, kind: JobKind, function: Callable[[Running], dict], arguments: dict[str, Any]) -> None:
    """Do what was claimed, and store what came of it. With the database away nothing can be stored: then the lease
    ends, and another attempt goes on from the last checkpoint."""
    with Lease(work) as lease:
        try:
            result = function(Running(work, kind, arguments, lease))
            json.dumps(result)  # what cannot be stored is the function's error, and said as one
        except Stopped:
            log.info("%s: attempt %d counts no longer", work, work.attempt)
        except CannotBeDone as reason:
            _tidied(work, ends.fail(work, str(reason)))
        except Exception as error:
            _handed_on(work, error)
        else:
            _tidied(work, ends.finish(work, result))


def _handed_on(work: Work, error: Exception) -> None:
    """Somebody else shall try, later the more often it went wrong. What fails while this worker is told to end, fails
    because of that."""
    if leaving.is_set():
        ends.hand_back(work)
        return
    log.warning("%s: attempt %d failed", work, work.attempt, exc_info=not isinstance(error, OUTAGES))
    ends.give_back(work, _said(error), seconds=min(2**work.attempt, LONGEST_WAIT_SECONDS))


def _tidied(work: Work, has_ended: bool) -> None:
    """A finished picture stays, and what a failed attempt has got done: it may be tried again."""
    if not has_ended:
        return
    work.refresh_from_db()
    kept = {work.picture} if isinstance(work, Render) else {work.result.get("file", "")}
    files.tidy(work, kept | ({work.checkpoint} if work.state == State.FAILED else set()))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _owners(work: Work) -> list[str]:
    if isinstance(work, Job):
        return [work.owner]
    return list(Job.objects.filter(render=work.pk).values_list("owner", flat=True))
