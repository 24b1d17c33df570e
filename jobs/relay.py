"""The relay: the process that sends what the outbox holds. Any number of them may run."""

import logging
import threading

from celery import current_app
from django.db import close_old_connections

from scaling.replicas import unit_of_work
from scaling.unavailable import OUTAGES

from .outbox import claim, send

POLL_SECONDS = 0.2
log = logging.getLogger(__name__)


def run(stop: threading.Event) -> None:
    """Send what is due, five times a second, until `stop` is set. A database or broker that is away is waited for."""
    current_app.loader.import_default_modules()
    while not stop.wait(_turn()):
        pass


def _turn() -> float:
    """One look at the outbox. Returns the seconds to wait until the next."""
    try:
        with unit_of_work():
            return 0 if send(claim()) else POLL_SECONDS
    except OUTAGES as error:
        log.warning("The outbox waits: %s", error)
        close_old_connections()
        return 1.0
