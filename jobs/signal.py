"""Signal when it is done: how an owner's jobs stand, for the notice that asks twice a second.

The rows are the truth, but a page that polls must not read them each time, and a worker must not write each step into
them. So the list of an owner's jobs is kept in the cache until one of them changes, and a worker writes its progress
beside it. A reader puts back what it has read only while its token is there: a change takes it away, and so does a
flush. Without the cache every look reads the rows, and progress moves with the checkpoints.
"""

import secrets
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from scaling import lua
from scaling.codec import dumps, loads
from scaling.flights import flights
from scaling.reading import CACHE_DOWN
from scaling.stores import cache

from .models import UNFINISHED, Job, State, Work

SHOWN = 20
SHOWN_AFTER_END = timedelta(days=1)
LIST_SECONDS = 15
MOVING_LIST_SECONDS = 5  # who is killed right after their commit drops no list
TOKEN_SECONDS = 10
PROGRESS_SECONDS = 300

_put = lua.Script("put_with_token")


def standing(owner: str) -> list[dict[str, Any]]:
    """The owner's unfinished jobs and those that ended within a day, the newest first: key, kind, state, progress (in
    hundredths), seconds_left (None when nobody knows), picture_number (0 for none yet) and title."""
    try:
        return _cached(owner)
    except CACHE_DOWN:
        with flights.reading():
            rows = _rows(owner)
        return [_shown(row, None) for row in rows]


def tell_progress(work: Work, progress: int, seconds_left: float | None) -> None:
    """Where the running attempt is. With the cache away it stays unsaid."""
    ends_at = None if seconds_left is None else time.time() + seconds_left
    value = dumps([work.attempt, progress, ends_at])
    try:
        cache().set(_progress_key(work._meta.db_table, work.pk), value, ex=PROGRESS_SECONDS)
    except CACHE_DOWN:
        return


def changed(owners: Iterable[str]) -> None:
    """Once this transaction is committed, jobs of these owners stand otherwise."""
    keys = [key for owner in owners for key in (_list_key(owner), _token_key(owner))]
    if keys:
        transaction.on_commit(lambda: _drop(keys), robust=True)


def _cached(owner: str) -> list[dict[str, Any]]:
    stored: Any = cache().get(_list_key(owner))
    rows = loads(stored) if stored else _read(owner)
    running = [row for row in rows if row["state"] == State.RUNNING]
    told: Any = cache().mget([_progress_key(*row["work"]) for row in running]) if running else []
    progress = {row["key"]: loads(value) for row, value in zip(running, told, strict=True) if value}
    return [_shown(row, progress.get(row["key"])) for row in rows]


def _read(owner: str) -> list[dict[str, Any]]:
    """From the tables, and put back."""
    token = secrets.token_hex(8)
    cache().set(_token_key(owner), token, ex=TOKEN_SECONDS)
    rows = _rows(owner)
    seconds = MOVING_LIST_SECONDS if any(row["state"] in UNFINISHED for row in rows) else LIST_SECONDS
    _put(cache(), [_token_key(owner), _list_key(owner)], [token, dumps(rows), seconds])
    return rows


def _rows(owner: str) -> list[dict[str, Any]]:
    since = timezone.now() - SHOWN_AFTER_END
    jobs = Job.objects.filter(Q(state__in=UNFINISHED) | Q(finished_at__gt=since), owner=owner)
    return [_row(job) for job in jobs.select_related("render").order_by("-created_at", "-pk")[:SHOWN]]


def _row(job: Job) -> dict[str, Any]:
    work = job.render or job
    return {
        "key": job.key,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "progress": 100 if job.state == State.DONE else work.progress,
        "picture_number": job.picture_number,
        "attempt": work.attempt,
        "work": [work._meta.db_table, work.pk],
    }


def _shown(row: dict[str, Any], told: list | None) -> dict[str, Any]:
    """What another attempt has said counts no longer."""
    shown = {name: row[name] for name in ("key", "kind", "title", "state", "progress", "picture_number")}
    shown["seconds_left"] = None
    if told and told[0] == row["attempt"]:
        shown["progress"] = max(told[1], row["progress"])
        shown["seconds_left"] = None if told[2] is None else max(0, round(told[2] - time.time()))
    return shown


def _drop(keys: list[str]) -> None:
    try:
        cache().delete(*keys)
    except CACHE_DOWN:
        return  # an old list ends by itself within seconds


def _list_key(owner: str) -> str:
    return f"jobs:{owner}"


def _token_key(owner: str) -> str:
    return f"jobs:{owner}:token"


def _progress_key(table: str, pk: int) -> str:
    return f"jobs:progress:{table}:{pk}"
