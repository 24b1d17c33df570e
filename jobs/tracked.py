"""A request's id travels with what it has left to do, and what tasks have done is counted.

A message carries the id in its headers, a worker takes it over while it does the task, and what that task sends or
writes down is the same request's again.
"""

import threading
import time
from contextlib import ExitStack
from typing import Any

from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun

from scaling import traffic
from scaling.requests import on_behalf_of, request_id

HEADER = "request_id"

# By thread and the task's id, since a message may come twice: since when, and what ends with it
_running: dict[tuple[int, str], tuple[float, ExitStack]] = {}


def asked_by(identity: str) -> dict[str, str]:
    """Headers for a message that is sent for the request with this id."""
    return {HEADER: identity} if identity else {}


@before_task_publish.connect(dispatch_uid="jobs.tracked")
def _pass_on(headers: dict[str, Any], **_: Any) -> None:
    """Whoever sends for another request has said so already."""
    if identity := request_id():
        headers.setdefault(HEADER, identity)


@task_prerun.connect(dispatch_uid="jobs.tracked")
def _begin(task_id: str, task: Task, **_: Any) -> None:
    stack = ExitStack()
    stack.enter_context(on_behalf_of((task.request.headers or {}).get(HEADER) or request_id()))
    _running[threading.get_ident(), task_id] = time.perf_counter(), stack


@task_postrun.connect(dispatch_uid="jobs.tracked")
def _end(task_id: str, task: Task, state: str | None = None, **_: Any) -> None:
    """`state` is empty when the task has ended in no way that Celery knows."""
    began, stack = _running.pop((threading.get_ident(), task_id))
    stack.close()
    traffic.count_task(task.name, (state or "unknown").lower(), time.perf_counter() - began)
