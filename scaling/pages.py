"""Asynchronism, way 1: the bread is baked at night. Pages that are the same for everybody are rendered in advance, by
workers, and served as files: no process of ours is asked for them.

Whole sites that are built anew are late, and lists of which page shows what are wrong. So rendering notes what a page
is made of (`scaling.uses`), an index keeps that, and a change renders those pages again that are made of it.

Two things go wrong without care. An older page must not replace a newer one: a publisher draws a number before it
reads anything, and the store refuses a lower one. And what changes between reading and noting would find no page to
renew: so a publisher, once what it read is noted, looks again whether it is still so.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Protocol

from django.core.files.storage import storages
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpResponse
from django.urls import resolve
from django.utils.module_loading import import_string

from . import lua, settings
from .addresses import kind_of, name_of
from .purging import purge
from .reading import CACHE_DOWN, Built
from .replicas import primary
from .stores import cache
from .unavailable import OUTAGES
from .uses import Uses, noted

LOOKS = 3  # at what a page is made of, until it stands still
LEASE_MS = 2_000  # who died holds a page up no longer; who is slower is told apart by the number
WAIT_SECONDS = 3.0  # for whoever renders the same page; by then their lease is over
LOOK_AGAIN_SECONDS = 0.01

_lock_end = lua.Script("lock_end")


class PrivateError(Exception):
    """A page that was to be published is not the same for everybody."""


class KindError(Exception):
    """What was to be published is no page, or not of the kind that its address says: JSON would come back as HTML."""


class UnsettledError(Exception):
    """What a page is made of does not stand still, or somebody else renders it for long. It has to be done again."""


class Store(Protocol):
    """Where the pages of one release are: `scaling.folder.Folder`, `scaling.bucket.Bucket`."""

    def put(self, name: str, page: bytes, number: int) -> bool: ...
    def remove(self, name: str, number: int) -> bool: ...
    def read(self, name: str) -> tuple[int, bytes] | None: ...
    def names(self) -> Iterator[str]: ...
    def point(self) -> None: ...
    def pointed(self) -> str: ...
    def releases(self) -> set[str]: ...
    def drop(self, release: str) -> None: ...
    def tidy(self, before: float) -> None: ...


class Index(Protocol):
    """Who remembers which page is made of what: the setting PAGES_INDEX names such a thing."""

    def draw(self, paths: Sequence[str]) -> int:
        """A number higher than any that was drawn for one of these pages."""

    def record(self, number: int, uses: Mapping[str, Uses]) -> set[str]:
        """Remember what these pages are made of. Returns those of which nobody with a higher number has said so."""

    def done(self, number: int, sizes: Mapping[str, int | None]) -> None:
        """These are in place, in so many bytes; None is one that is gone."""

    def failed(self, path: str, error: Exception) -> None:
        """This one could not be rendered, and stays as it was."""

    def touch(self, name: str, built: Mapping[int, Built]) -> None:
        """These objects were stored anew: have the pages that this concerns published again."""


class NoIndex:
    """Of a project without one: pages are published when they are told to be."""

    def draw(self, paths: Sequence[str]) -> int:
        return time.time_ns()

    def record(self, number: int, uses: Mapping[str, Uses]) -> set[str]:
        return set(uses)

    def done(self, number: int, sizes: Mapping[str, int | None]) -> None:
        pass

    def failed(self, path: str, error: Exception) -> None:
        pass

    def touch(self, name: str, built: Mapping[int, Built]) -> None:
        pass


NO_INDEX = NoIndex()


@dataclass(slots=True)
class Rendered:
    """`page` is None where there is none (any more)."""

    page: bytes | None
    uses: Uses


@lru_cache(maxsize=1)
def index() -> Index:
    return import_string(settings.PAGES_INDEX)


@lru_cache(maxsize=1)
def store() -> Store:
    """The pages of this release."""
    return import_string(settings.PUBLISHED_STORE)(storages["published"], settings.RELEASE)


def publish(paths: Iterable[str]) -> dict[str, bool]:
    """Render these pages and put them in place; those that are not there any more are removed. Returns which are
    there. One that fails stays as it was, and its error is raised once the others are done."""
    waiting = list(dict.fromkeys(paths))
    if unfit := [path for path in waiting if not name_of(path)]:
        raise ValueError(f"{unfit[0]} is no path that can be published.")
    there: dict[str, bool] = {}
    errors: list[Exception] = []
    deadline = time.monotonic() + WAIT_SECONDS
    while waiting:
        with _alone(waiting) as mine:
            if mine:
                there |= _publish(mine, errors)
        waiting = [path for path in waiting if path not in mine]
        if waiting and time.monotonic() > deadline:
            raise UnsettledError(f"Somebody else renders {waiting[0]}.")
        if waiting and not mine:
            time.sleep(LOOK_AGAIN_SECONDS)
    if errors:
        raise errors[0]
    return there


def unpublish(paths: Iterable[str]) -> None:
    """Remove these pages, whatever is behind them."""
    paths = list(dict.fromkeys(paths))
    if paths:
        number = index().draw(paths)
        index().record(number, {path: Uses() for path in paths})
        _put(number, {path: Rendered(None, Uses()) for path in paths})


def render(path: str) -> Rendered:
    """A page as nobody sees it, through the view that serves it live, and what it is made of. It is read on the
    primary, so that nothing a replica has not heard of is missing."""
    plain, _, query = path.partition("?")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": plain, "QUERY_STRING": query, "wsgi.input": BytesIO()}
    request = WSGIRequest(environ | {"SERVER_NAME": "localhost", "SERVER_PORT": "443", "wsgi.url_scheme": "https"})
    with noted() as uses, primary():
        try:
            match = request.resolver_match = resolve(plain)
            response = match.func(request, *match.args, **match.kwargs)
        except Http404:
            return Rendered(None, uses)
    # A page of its own for what is not there, or away, has its status for a name.
    is_page = response.status_code == 200 or name_of(path) == f"{response.status_code}.html"
    return Rendered(_everybodys(path, request, response) if is_page else None, uses)


def _everybodys(path: str, request: WSGIRequest, response: HttpResponse) -> bytes:
    if response.cookies or "cookie" in response.get("Vary", "").lower() or "CSRF_COOKIE" in request.META:
        raise PrivateError(f"{path} has a cookie or a token in it: it is not the same for everybody.")
    kind, served = response.get("Content-Type", "").partition(";")[0].strip().lower(), kind_of(name_of(path))
    if kind != served and not (kind.endswith("xml") and served.endswith("xml")):
        raise KindError(f"{path} is {kind or 'of no kind'}, and its file would be served as {served}.")
    return response.content


def _publish(paths: Sequence[str], errors: list[Exception]) -> dict[str, bool]:
    """Alone with these pages."""
    number = index().draw(paths)
    made = _render_all(paths, errors)
    ours = index().record(number, {path: one.uses for path, one in made.items()})
    moving = [path for path in made if path in ours]
    for _ in range(LOOKS):
        again = _render_all(moving, errors)
        ours -= set(moving) - again.keys()  # who fails now stays as it was
        moving = [path for path, one in again.items() if one.uses != made[path].uses]
        made |= again
        if not moving:
            break
        ours -= set(moving) - index().record(number, {path: made[path].uses for path in moving})
    there = _put(number, {path: one for path, one in made.items() if path in ours})
    if moving:
        errors.append(UnsettledError(f"What {moving[0]} is made of does not stand still."))
    return there


def _render_all(paths: Iterable[str], errors: list[Exception]) -> dict[str, Rendered]:
    """Those that can be. An outage is raised; what is wrong with a page is told of, and the page stays as it was."""
    made = {}
    for path in paths:
        try:
            made[path] = render(path)
        except OUTAGES:
            raise
        except Exception as error:
            index().failed(path, error)
            errors.append(error)
    return made


def _put(number: int, made: Mapping[str, Rendered]) -> dict[str, bool]:
    sizes: dict[str, int | None] = {}
    for path, one in made.items():
        if one.page is None:
            store().remove(name_of(path), number)
        else:
            store().put(name_of(path), one.page, number)
        sizes[path] = None if one.page is None else len(one.page)
    purge(list(made))
    index().done(number, sizes)
    return {path: size is not None for path, size in sizes.items()}


@contextmanager
def _alone(paths: Sequence[str]) -> Iterator[list[str]]:
    """Those of the pages that nobody renders meanwhile. Without the cache all of them: two who render the same page
    waste the time of one, and the store knows whose is newer."""
    token = secrets.token_hex(8)
    keys = {path: f"page:{settings.RELEASE}:{path}" for path in paths}
    try:
        pipeline = cache().pipeline(transaction=False)
        for key in keys.values():
            pipeline.set(key, token, nx=True, px=LEASE_MS)
        mine = [path for path, is_ours in zip(paths, pipeline.execute(), strict=True) if is_ours]
    except CACHE_DOWN:
        mine = list(paths)
    try:
        yield mine
    finally:
        with suppress(*CACHE_DOWN):
            lua.run(cache(), [(_lock_end, [keys[path]], [token]) for path in mine])
