"""Asynchronism #1: published pages in an S3 bucket, for whoever has no disk that all proxies share.

Without a lock the slower of two workers would win, and a late one would bring back a page that was removed. So every
write has a condition: what is replaced or deleted is still what was looked at. A page's number is in its bytes, so
that the same page under another number has another ETag and is not taken for it. What was removed is remembered
beside the pages, in `.gone/`.
"""

import secrets
import time
import zlib
from collections.abc import Iterator
from pathlib import PurePath

from storages.backends.s3 import S3Storage

from .bucket_objects import Objects
from .folder import HEAD, packed

POINTED_SECONDS = 2.0  # visitors who have written shortly before would ask all the time
TRIES = 8  # each is lost to another one that has written meanwhile
TYPES = {".html": "text/html; charset=utf-8", ".xml": "application/xml; charset=utf-8"}
PLAIN = "text/plain; charset=utf-8"


class Bucket:
    """The pages of one release, as objects `<release>/<name>`, gzipped, that can be served as they are.

    For each name the highest number wins, however calls of `put` and `remove` overlap. What has answered is seen by
    whoever asks after that, and readers see whole pages only. Numbers are positive, and no two calls share one. A
    call that died has happened, or has not, or will have by the next one with that name.

    What S3 has no condition for: a `put` of a page that was not there, overtaken by a whole `remove` right before it
    writes, shows its page until it has looked once more; if it dies before that, until the next call with that name.

    Any number of threads may share one; a process that forks makes its own. Every call raises OSError when the bucket
    does not answer as it should, and then nobody knows whether it has happened.
    """

    def __init__(self, storage: S3Storage, release: str) -> None:
        self.objects, self.release = Objects(storage), release
        self._pointed = "", 0.0  # and until when it counts, of time.monotonic
        self.root = f"{storage.location.rstrip('/')}/".lstrip("/")
        self.pages, self.gone = f"{self.root}{release}/", f"{self.root}.gone/{release}/"

    def put(self, name: str, page: bytes, number: int) -> bool:
        """Have this page there, unless what is there, or was removed, has this number or a higher one; then False.
        Two requests; the first time for a name four and the second three, because it may have been removed."""
        key, by = f"{self.pages}{name}", secrets.token_hex(8)
        data, kind = HEAD % number + packed(page), TYPES.get(PurePath(name).suffix, PLAIN)
        for _ in range(TRIES):
            seen = self.objects.look(key)
            if seen.by == by:  # an earlier try, whose answer was lost
                return not self._is_gone(name, number + 1)
            if seen.number >= number or (not seen.is_settled and self._is_gone(name, number)):
                return False
            if self.objects.write(key, seen, data, number, by, ContentType=kind, ContentEncoding="gzip"):
                return bool(seen.etag) or not self._is_gone(name, number + 1)
        raise OSError(f"{key} changes all the time.")

    def remove(self, name: str, number: int) -> bool:
        """Have no such page, likewise. Four requests. First it is remembered, then it goes; what an earlier `remove`
        has begun and not finished is finished."""
        key, by = f"{self.gone}{name}", secrets.token_hex(8)
        for _ in range(TRIES):
            seen = self.objects.look(key)
            if seen.by != by and seen.number >= number:
                self._clear(name, seen.number)
                return False
            if seen.by == by or self.objects.write(key, seen, b"%d" % number, number, by, ContentType=PLAIN):
                return self._clear(name, number)
        raise OSError(f"{key} changes all the time.")

    def read(self, name: str) -> tuple[int, bytes] | None:
        """The number and the page, or None. One request."""
        found = self.objects.read(f"{self.pages}{name}")
        return found and (found[0], zlib.decompress(found[1], zlib.MAX_WBITS | 16))

    def names(self) -> Iterator[str]:
        """Of all pages there are; one request for a thousand."""
        return (each["Key"].removeprefix(self.pages) for some in self.objects.listed(self.pages) for each in some)

    def point(self) -> None:
        """Have the proxies serve this release's pages from now on. The last to say so wins."""
        self.objects.overwrite(f"{self.root}current", self.release.encode(), ContentType=PLAIN)
        self._pointed = "", 0.0

    def pointed(self) -> str:
        """The release whose pages are served, or nothing; as it was POINTED_SECONDS ago at the most."""
        release, known_until = self._pointed
        if time.monotonic() > known_until:
            found = self.objects.read(f"{self.root}current")
            release = found[1].decode() if found else ""
            self._pointed = release, time.monotonic() + POINTED_SECONDS
        return release

    def releases(self) -> set[str]:
        """Those of which there is a page."""
        listed = self.objects.listed(self.root, "CommonPrefixes", Delimiter="/")
        names = {each["Prefix"].removeprefix(self.root).rstrip("/") for some in listed for each in some}
        return {name for name in names if not name.startswith(".")}

    def drop(self, release: str) -> None:
        """Remove all pages of a release, and no longer remember what was removed."""
        self.objects.delete_all(f"{self.root}{release}/")
        self.objects.delete_all(f"{self.root}.gone/{release}/")

    def tidy(self, before: float) -> None:
        """No longer remember what was removed before that time (seconds since 1970): its publishers are long gone."""
        for some in self.objects.listed(self.gone):
            for each in some:
                if each["LastModified"].timestamp() < before:
                    self.objects.delete(each["Key"], each["ETag"])

    def _is_gone(self, name: str, number: int) -> bool:
        """Whether it was removed with this number or a higher one; then a page that came late is taken away. `remove`
        writes its number first and looks for the page second, so one of two that overlap sees the other."""
        gone = self.objects.look(f"{self.gone}{name}").number
        return gone >= number and (self._clear(name, gone) or True)

    def _clear(self, name: str, number: int) -> bool:
        """Delete the page as long as its number is lower; False when a page is left."""
        key = f"{self.pages}{name}"
        for _ in range(TRIES):
            seen = self.objects.look(key)
            if not seen.etag or seen.number >= number:
                return not seen.etag
            if self.objects.delete(key, seen.etag):
                return True
        raise OSError(f"{key} changes all the time.")
