"""Traces go to whoever speaks OTLP and errors to Sentry, when the settings say where; otherwise nothing is loaded.

What sends them needs threads, and a fork copies none. So a program is prepared once, when it starts, and each of its
processes begins to send when it has its first request, task or message.
"""

import os
import threading
from importlib import import_module
from importlib.util import find_spec

from celery.signals import before_task_publish, task_prerun
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started

SETTINGS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "SENTRY_DSN")
PACKAGES = (
    "sentry_sdk",
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.instrumentation.django",
    "opentelemetry.instrumentation.celery",
    "opentelemetry.instrumentation.redis",
    "opentelemetry.instrumentation.mysqlclient",
)

_begun_in = 0  # this process, by its id
_beginning = threading.Lock()


def prepare() -> None:
    """Before the first middleware is loaded and before anything forks. Raises ImproperlyConfigured when a setting
    wants what is not installed."""
    wanted = [name for name in SETTINGS if getattr(settings, name)]
    if wanted and not all(map(_is_installed, PACKAGES)):
        raise ImproperlyConfigured(f"{' and '.join(wanted)}: run pip install -r requirements-tracing.txt first.")
    if wanted:
        for signal in (request_started, task_prerun, before_task_publish):
            signal.connect(begin, dispatch_uid="shop.tracing")
        # Afterwards: who is told of a task first is whoever asked first.
        import_module("shop.reporting").instrument()


def begin(**_) -> None:
    """Send from this process from now on. Done twice, or where nothing is wanted, it changes nothing."""
    global _begun_in
    if _begun_in == os.getpid() or not any(getattr(settings, name) for name in SETTINGS):
        return
    with _beginning:
        if _begun_in != os.getpid():
            import_module("shop.reporting").begin()
            _begun_in = os.getpid()


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even what it is in
        return False
