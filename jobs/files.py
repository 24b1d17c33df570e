"""What workers keep for long work: checkpoints, and pictures that are only their owner's.

A file is written under a name of its attempt, and counts once the row names it. So a worker that was paused and wakes
overwrites nothing of its successor's; what it wrote nobody looks for.
"""

import logging
from collections.abc import Collection

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.http import HttpResponseBase
from django.utils.crypto import salted_hmac

from scaling.private_files import sent

from .models import Job, Render, Work

log = logging.getLogger(__name__)


def private() -> Storage:
    """The storage that no address leads to."""
    return storages["pictures_private"]


def folder_of(work: Work) -> str:
    """Nobody guesses it: of a picture it is an HMAC of the design's digest, so that equal designs share it."""
    name = work.digest if isinstance(work, Render) else work.key if isinstance(work, Job) else ""
    return f"{work._meta.model_name}s/{salted_hmac('jobs.files', name, algorithm='sha256').hexdigest()}"


def keep(work: Work, name: str, content: bytes) -> str:
    """Write a file of this attempt. Returns the name it can be read by."""
    return private().save(f"{folder_of(work)}/{work.attempt}-{name}", ContentFile(content))


def read(name: str) -> bytes:
    with private().open(name) as file:
        return file.read()


def send(name: str, content_type: str, file_name: str = "") -> HttpResponseBase:
    """The file for whoever was asked whose it is, see `scaling.private_files`. Raises FileNotFoundError."""
    return sent(private(), name, content_type, file_name)


def drop(names: Collection[str]) -> None:
    """These are named by no row any more. One that cannot be deleted costs room and nothing else."""
    for name in filter(None, names):
        try:
            private().delete(name)
        except OSError as error:
            log.warning("%s stays behind: %s", name, error)


def kept(work: Work) -> list[str]:
    """The names of all its files."""
    folder = folder_of(work)
    try:
        return [f"{folder}/{name}" for name in private().listdir(folder)[1]]
    except FileNotFoundError:  # there never were any
        return []


def tidy(work: Work, keep: Collection[str]) -> None:
    """This attempt has ended the work: of its files and those before only these stay. A successor's are not ours.
    What cannot be tidied now goes with the rest, after a week (`jobs.cleaning`)."""
    try:
        names = kept(work)
    except OSError as error:
        log.warning("The files of %s stay for now: %s", work, error)
        return
    drop([name for name in names if name not in keep and _attempt_of(name) <= work.attempt])


def _attempt_of(name: str) -> int:
    return int(name.rpartition("/")[2].partition("-")[0])
