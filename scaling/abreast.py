"""Keeping the cache abreast: of what a visitor has just changed, and of what was changed while it was away."""

import logging
import time
from collections.abc import Iterable

from django.db import connections
from django.utils.module_loading import import_string

from . import settings
from .cache import RefusedError, registry
from .flights import flights
from .queries import stamp_all
from .replicas import unit_of_work
from .stores import cache

REFRESHES = 3  # until what a visitor has changed is built, or is read from the tables
WAIT_SECONDS = 0.5  # a visitor does, before the view begins
MOST_UNDONE = 2_000

log = logging.getLogger(__name__)


def bring_up_to(versions: dict[str, int]) -> bool:
    """Refresh those of these objects ("name:id") that are not stored, or as older versions. False if that was in
    vain, or somebody else takes longer than WAIT_SECONDS over it: then they are read from the tables."""
    deadline = time.monotonic() + WAIT_SECONDS
    wanted = {name: version for name, version in versions.items() if name.partition(":")[0] in registry}
    for _ in range(REFRESHES):
        stale = _by_name(older_than(wanted))
        if not stale:
            return True
        for name, ids in stale.items():
            try:
                built = registry[name].refresh(ids, wait_seconds=deadline - time.monotonic())
            except RefusedError:
                return False
            for pk in ids:
                if built[pk].data is None:
                    del wanted[f"{name}:{pk}"]  # there is no such object any more, and the cache has been told
                else:  # a write that was rolled back may have been told of: there is no such version
                    wanted[f"{name}:{pk}"] = min(wanted[f"{name}:{pk}"], built[pk].version)
    return not older_than(wanted)


def older_than(versions: dict[str, int]) -> list[tuple[str, int]]:
    """Which of these objects are not stored, or as older versions, in one round trip."""
    if not versions:
        return []
    named = _parted(versions)
    pipeline = cache().pipeline(transaction=False)
    for name, pk in named:
        pipeline.hget(registry[name].key(pk), f"v:{registry[name].shape}")
    stored = zip(named, versions.values(), pipeline.execute(), strict=True)
    return [each for each, version, found in stored if found is None or int(found) < version]


def probe() -> None:
    """Raise unless the cache takes what is written: a replica answers readers, too."""
    cache().set("probe", "", px=1)


def catch_up() -> None:
    """The cache is back. It may hold what was changed while nobody could tell it: drop that before anybody reads.
    What cannot be known, or is too much, drops everything."""
    flights.forget()
    stamp_all()
    undone = _undone()
    if undone is None:
        cache().flushdb()
        return
    for name, ids in undone.items():
        registry[name].forget(ids)


def _undone() -> dict[str, list[int]] | None:
    """The objects that were changed and are not built again, by name; None when that cannot be told."""
    changes = import_string(settings.CAUSAL_CHANGES)
    try:
        with unit_of_work():
            undone = changes.undone(MOST_UNDONE)
            changes.hurry()
        return None if undone is None else _by_name(_parted(undone))
    except Exception:  # whatever it is, what is old must not be read
        log.exception("Nobody can tell what was changed while the cache was away")
        return None
    finally:
        connections.close_all()


def _parted(names: Iterable[str]) -> list[tuple[str, int]]:
    """ "name:id" in two, of the objects that this release knows."""
    return [(name, int(pk)) for name, _, pk in (each.partition(":") for each in names) if name in registry]


def _by_name(named: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = {}
    for name, pk in named:
        ids.setdefault(name, []).append(pk)
    return ids
