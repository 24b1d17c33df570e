"""Clones: the static files of all releases lie in one place, so that a page of any of them finds what it asks for.

While a deploy rolls there are pages of two releases about, and later pages that somebody has left open. A clone of
the old release has never heard of a new file: it answers 404, and a CDN keeps that. So each file has the hash of its
content in its name, is put in the one place before the first clone of its release starts, and stays there when the
next release comes. Which hash a name has in this release is in its manifest: a part of its code, like the files that
`collectstatic` has made. A copy of it lies in the place, as `manifests/<release>.json`, and tells what is needed.
"""

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote

from django.core.files.storage import storages
from django.utils.module_loading import import_string

from . import settings

MANIFESTS, JSON = "manifests/", ".json"
GRACE_SECONDS = 24 * 3600  # nothing younger is removed: a page that asks for it may still be open
AT_ONCE = 8
TRIES = 3  # each is lost to somebody who removes files meanwhile


class Assets(Protocol):
    """Where they all lie. Every call raises OSError when the place does not answer as it should."""

    packed: tuple[str, ...]  # the endings of those that lie beside a file, packed, because of who serves them

    def names(self) -> dict[str, float]:
        """Of all files, each with the time at which it was put there (seconds since 1970)."""

    def put(self, name: str, data: bytes) -> None:
        """Have that file there, whole or not at all."""

    def read(self, name: str) -> bytes: ...

    def delete(self, name: str) -> None: ...


@dataclass(frozen=True)
class Collected:
    """What `collectstatic` has made for this release."""

    storage: Any  # Django's own, with a manifest

    @cached_property
    def manifest(self) -> bytes:
        """Empty where nothing was collected yet, or names get no hashes."""
        reads = getattr(self.storage, "read_manifest", None)
        return ((reads and reads()) or "").encode()

    def files(self, packed: Iterable[str]) -> dict[str, Path]:
        """What has to lie in the place, each with where it is here."""
        plain = {name: Path(self.storage.path(name)) for name in named_in(self.manifest)}
        beside = {name + ending: Path(f"{path}{ending}") for name, path in plain.items() for ending in packed}
        return plain | {name: path for name, path in beside.items() if path.exists()}


def assets() -> Assets | None:
    """The place of this project, or None: it has no storage called `assets`."""
    if "assets" not in settings.STORAGES:
        return None
    place: Assets = import_string(settings.ASSETS_STORE)(storages["assets"])
    return place


def upload(place: Assets, release: str, made: Collected, say: Callable[[int, int], None]) -> tuple[int, int]:
    """Put there what is missing of a release, and say how many of how many. Returns how many were put, and how many
    there are. What has the name of a file is that file, so whatever is there is left alone.

    The manifest goes first: whoever removes files from then on leaves those that it names.
    """
    wanted = made.files(place.packed)
    place.put(manifest_of(release), made.manifest)
    count = 0
    for _ in range(TRIES):
        missing = sorted(wanted.keys() - place.names().keys())
        if not missing:
            return count, len(wanted)
        _put(place, {name: wanted[name] for name in missing}, say)
        count += len(missing)
    raise OSError("Somebody removes static files while they are put there.")


def _put(place: Assets, files: dict[str, Path], say: Callable[[int, int], None]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        puts = pool.map(lambda name: place.put(name, files[name].read_bytes()), files)
        for number, _ in enumerate(puts, start=1):
            say(number, len(files))


def prune(place: Assets, release: str, keep: int) -> list[str]:
    """Remove what is older than a day and needed neither by this release nor by the last `keep`, nor by any that was
    put there within a day: one that is left is put there once more. Returns the names."""
    there, limit = place.names(), time.time() - GRACE_SECONDS
    # Asked afterwards: what a release that comes in between finds there, it has said before that it needs.
    known = releases(place.names())
    kept = {release, *list(known)[:keep], *(name for name, since in known.items() if since >= limit)}
    needed = {name for each in kept for name in _needed(place, each)}
    old = [name for name, since in there.items() if since < limit and _plain(name, place.packed) not in needed]
    for name in old:
        place.delete(name)
    return old


def releases(there: dict[str, float]) -> dict[str, float]:
    """Those whose files were put there, the last one first, each with when that was."""
    manifests = {name: since for name, since in there.items() if name.startswith(MANIFESTS)}
    latest = sorted(manifests, key=manifests.__getitem__, reverse=True)
    return {unquote(name.removeprefix(MANIFESTS).removesuffix(JSON)): manifests[name] for name in latest}


def manifest_of(release: str) -> str:
    return f"{MANIFESTS}{quote(release, safe='')}{JSON}"


def named_in(manifest: bytes) -> set[str]:
    """The names with hashes."""
    return set(json.loads(manifest)["paths"].values()) if manifest else set()


def _needed(place: Assets, release: str) -> set[str]:
    try:
        return {manifest_of(release), *named_in(place.read(manifest_of(release)))}
    except FileNotFoundError:
        return set()


def _plain(name: str, packed: tuple[str, ...]) -> str:
    return next((name.removesuffix(ending) for ending in packed if name.endswith(ending)), name)
