"""What `manage.py check --deploy` refuses, because it would make a server more than a clone.

The article's rule: every server holds the same code, and keeps nobody's data on its disk or in its memory. A session
in a file, a picture in a folder of one's own, a cache in the memory of one process: with one server all of it works,
and with the second every other answer is wrong. So it is said before a clone is sent its first visitor. These checks
are tagged `clones`, for whoever wants to refuse to start because of them: `CHECKS_AT_START = ["clones"]`.
"""

from collections.abc import Iterator
from importlib import import_module
from os import PathLike
from os.path import abspath
from pathlib import Path
from typing import Any

from django.contrib.sessions.backends import cache, db, file, signed_cookies
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage, storages
from django.core.files.storage.handler import InvalidStorageError
from django.utils.module_loading import import_string

from . import settings

CLONES = "clones"  # the tag
LOCAL_CACHES = (LocMemCache, FileBasedCache, DummyCache)
OF_A_RELEASE = "staticfiles"  # made with the code, and not sent by anybody: see scaling.asset_checks
SESSIONS = "Set SESSION_ENGINE to 'scaling.sessions' and SESSION_CACHE_ALIAS to 'keep'."
FOLDER = (
    "Mount a folder that all clones share and name it in SHARED_FOLDERS, or store the files in a bucket; leave out of"
    " STORAGES what nobody uses."
)


@register(CLONES, deploy=True)
def sessions_that_every_clone_reads(**_: Any) -> list[CheckMessage]:
    """Signed cookies and the database make no clone different, and are warned of: nobody can end a session that is in
    a cookie, not even its owner by signing out; and one in the database is a read of the primary for every page."""
    if not any(name.endswith("SessionMiddleware") for name in settings.MIDDLEWARE):
        return []
    store = import_module(settings.SESSION_ENGINE).SessionStore
    alias = settings.SESSION_CACHE_ALIAS
    if issubclass(store, file.SessionStore):
        return [Error("Sessions are files of one clone.", hint=SESSIONS, id="scaling.E011")]
    if issubclass(store, cache.SessionStore) and _is_local(alias):
        told = f"Sessions are in CACHES['{alias}'], which every clone has for itself."
        return [Error(told, hint=SESSIONS, id="scaling.E011")]
    if issubclass(store, signed_cookies.SessionStore):
        told = "Sessions are in cookies: whoever has copied one stays signed in after its owner has signed out."
        return [Warning(told, hint=SESSIONS, id="scaling.W003")]
    if issubclass(store, db.SessionStore):
        told = "Sessions are in the database: a read of the primary for every page."
        return [Warning(told, hint=SESSIONS, id="scaling.W004")]
    return []


@register(CLONES, deploy=True)
def caches_that_every_clone_reads(**_: Any) -> list[CheckMessage]:
    """Two clones with a cache each answer differently after a change, and count a limit twice."""
    hint = "Name a server that all clones ask, for instance 'django_redis.cache.RedisCache'."
    return [
        Error(f"CACHES['{alias}'] belongs to one clone: {its['BACKEND']}.", hint=hint, id="scaling.E012")
        for alias, its in settings.CACHES.items()
        if _is_local(alias)
    ]


@register(CLONES, deploy=True)
def databases_that_every_clone_reads(**_: Any) -> list[CheckMessage]:
    """A file of one machine is no database of all."""
    hint = "Use a database server: MariaDB or MySQL."
    return [
        Error(f"DATABASES['{alias}'] is a file of one machine.", hint=hint, id="scaling.E013")
        for alias, its in settings.DATABASES.items()
        if its["ENGINE"].endswith(".sqlite3")
    ]


@register(CLONES, deploy=True)
def files_that_every_clone_reads(**_: Any) -> list[CheckMessage]:
    """What one clone has stored, the next one has to find; and what one person has sent, nobody else's replaces."""
    found: list[CheckMessage] = []
    for alias, storage in _storages():
        if isinstance(storage, str):
            told = f"STORAGES['{alias}'] cannot be had: {storage}"
            found.append(Error(told, hint="Mend it in STORAGES.", id="scaling.E014"))
        elif where := _own_place(storage):
            told = f"STORAGES['{alias}'] is {where}, which is not known to be shared by all clones."
            found.append(Error(told, hint=FOLDER, id="scaling.E015"))
        elif getattr(storage, "file_overwrite", False):
            told = f"STORAGES['{alias}'] writes over a file of the same name, which may be somebody else's."
            hint = "Set file_overwrite to False in its OPTIONS, or use 'scaling.bucket_storage.BucketStorage'."
            found.append(Error(told, hint=hint, id="scaling.E016"))
    return found


@register(CLONES, deploy=True)
def folders_that_are_mounted(**_: Any) -> list[CheckMessage]:
    """One that was not mounted would be made anew, on this clone alone."""
    return [
        Error(f"SHARED_FOLDERS names {folder}, and it is not there.", hint="Mount it.", id="scaling.E017")
        for folder in settings.SHARED_FOLDERS
        if not Path(folder).is_dir()
    ]


def is_shared(folder: str | PathLike[str]) -> bool:
    """Whether the project says that all clones have this folder."""
    return any(Path(abspath(folder)).is_relative_to(abspath(shared)) for shared in settings.SHARED_FOLDERS)


def _is_local(alias: str) -> bool:
    backend = settings.CACHES.get(alias, {}).get("BACKEND")
    return bool(backend) and issubclass(import_string(backend), LOCAL_CACHES)


def _storages() -> Iterator[tuple[str, Storage | str]]:
    """Those of files that somebody has sent or a worker has made, or why there is none."""
    for alias in settings.STORAGES:
        if alias == OF_A_RELEASE or (alias == "published" and settings.PUBLISH == "off"):
            continue
        try:
            yield alias, storages[alias]
        except (InvalidStorageError, ImportError, TypeError) as why:
            yield alias, str(why)


def _own_place(storage: Storage) -> str:
    if isinstance(storage, InMemoryStorage):
        return "the memory of one process"
    if isinstance(storage, FileSystemStorage) and not is_shared(storage.location):
        return f"the folder {storage.location}"
    return ""
