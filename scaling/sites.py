"""Which pages a project publishes: the setting PAGES_SITE names a `Site`."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from django.utils.module_loading import import_string

from . import settings
from .reading import Built


class Site(Protocol):
    def all(self) -> Iterable[str]:
        """Every path there should be, those that matter most first."""

    def of(self, name: str, pk: int, one: Built) -> Iterable[str]:
        """The paths of this object itself, as it is now."""

    def further(self, listing: str, total: int) -> Iterable[str]:
        """All pages of the listing with this key, now that it is so long; none of a listing that has no pages."""

    def timed(self) -> Iterable[str]:
        """Those that show what time it is, and are made anew every minute."""

    def wants(self, path: str) -> bool:
        """Whether this page, if it is there, is worth a file."""


class NoSite:
    """Of a project that publishes what it is told to."""

    def all(self) -> Iterable[str]:
        return ()

    def of(self, name: str, pk: int, one: Built) -> Iterable[str]:
        return ()

    def further(self, listing: str, total: int) -> Iterable[str]:
        return ()

    def timed(self) -> Iterable[str]:
        return ()

    def wants(self, path: str) -> bool:
        return True


NO_SITE = NoSite()


@lru_cache(maxsize=1)
def site() -> Site:
    return import_string(settings.PAGES_SITE)
