"""A customer's picture: one square of 400 pixels under a name of our own, made by a worker.

To unfold forty million pixels takes a second and much memory, so the request only measures what was sent and keeps it
where no address leads to; the job makes the picture of it, and what was sent goes. Of two uploads the later counts.
"""

import io
import secrets
from typing import IO

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction

from jobs import files, owners
from jobs.models import Job, new_key
from jobs.running import CannotBeDone, Running, Stopped
from jobs.work import cancel, job_kind, submit
from scaling.pictures import checked_picture, picture_name, store_picture
from scaling.retries import retried

from .models import User

KIND = "portrait"
FOLDER = "people"
SIDE_PIXELS = 400
GONE = "We no longer have this file. Choose it again."


def change_picture(user: User, file: IO[bytes]) -> Job:
    """Have the picture made and then shown instead of the old one. Raises `ValidationError` when it is no picture.

    The file is stored before the transaction: slow, and harmless when the row is never written.
    """
    data, key = checked_picture(file), new_key()
    return _submit(user.pk, key, files.keep(Job(key=key), "sent", data))


@retried
@transaction.atomic
def remove_picture(user: User) -> None:
    """Show none, and make none of what was sent."""
    row = _locked(user.pk)
    _stop_waiting(user.pk)
    _show(row, "")
    user.picture = ""


def latest(user_pk: int) -> Job | None:
    """The job that makes, or has made, what was sent last."""
    return Job.objects.filter(owner=owners.of_user(user_pk), kind=KIND).order_by("-pk").first()


@retried
@transaction.atomic
def _submit(user_pk: int, key: str, sent: str) -> Job:
    _locked(user_pk)
    _stop_waiting(user_pk)
    arguments = {"sent": sent, "stem": secrets.token_hex(16)}
    return submit(KIND, owners.of_user(user_pk), arguments, title="Your picture", key=key)


def _stop_waiting(user_pk: int) -> None:
    for job in Job.objects.unfinished().filter(owner=owners.of_user(user_pk), kind=KIND):
        cancel(job)
        transaction.on_commit(lambda sent=job.arguments["sent"]: files.drop([sent]), robust=True)


@job_kind(KIND, lane="bulk", tells=False)
def portrait(running: Running) -> dict:
    """Make the picture and show it. A second try makes another file and drops that of the first."""
    arguments = running.arguments
    name = f"{arguments['stem']}-{running.work.attempt}"  # a worker that was paused and wakes drops only its own
    try:
        data = files.read(arguments["sent"])
        stem = store_picture(io.BytesIO(data), folder=FOLDER, sizes=[SIDE_PIXELS], name=name)
    except FileNotFoundError:
        raise CannotBeDone(GONE) from None
    except ValidationError as refusal:
        raise CannotBeDone(refusal.message) from None
    picture = picture_name(stem, SIDE_PIXELS)
    if not _shown(running.work, picture):
        default_storage.delete(picture)
        raise Stopped(str(running.work))
    return {"picture": picture}


@retried
@transaction.atomic
def _shown(job: Job, picture: str) -> bool:
    """False for a job that was stopped: whoever stops it holds the user's row."""
    row = _locked(owners.user_of(job.owner))
    if not Job.objects.of_attempt(job).exists():
        return False
    _show(row, picture)
    return True


def _show(row: User, new: str) -> None:
    """Whoever replaces a picture deletes it: none stays behind, and never the one that is shown."""
    old, row.picture = row.picture, new
    row.save(update_fields=["picture"])
    if old:
        # After the commit: a picture that a row still names must not be gone.
        transaction.on_commit(lambda: default_storage.delete(old), robust=True)


def _locked(user_pk: int | None) -> User:
    return User.objects.select_for_update().get(pk=user_pk)
