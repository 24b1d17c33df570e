"""Asynchronism #1: published pages in an S3 bucket, for whoever has no disk that all proxies share.

There is no lock, so every write has a condition: what is replaced or deleted is still what was looked at. A page's
number is in its bytes, so that the same page under another number has another ETag and is not taken for it. What was
removed is remembered beside the pages, in `.gone/`.

Without conditions the slower of two workers would win, and a late one would bring back a page that was removed.
"""

import copy
import gzip
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

PATIENCE = Config(
    connect_timeout=1,  # seconds, as is the next
    read_timeout=5,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=32,
    tcp_keepalive=True,
)
TRIES = 8  # each is lost to another one that has written meanwhile
TYPES = {".html": "text/html; charset=utf-8", ".xml": "application/xml; charset=utf-8"}
PLAIN = "text/plain; charset=utf-8"
# How S3 says that a condition does not hold any more, or that nothing is there; to HEAD it answers without a body.
CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404"}


class Contended(OSError):
    """Others write the same page again and again. A later try is worth it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a key held: no ETag for nothing. `by` is the call that wrote it. What took the place of something is
    settled; what has only come into being may have been removed before that."""

    etag: str = ""
    number: int = 0
    by: str = ""
    is_settled: bool = False


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
        storage = copy.copy(storage)
        storage.client_config = PATIENCE.merge(storage.client_config)
        self._client = storage.connection.meta.client
        self._bucket = storage.bucket_name
        self._parameters = storage.get_object_parameters(release)
        self._root = f"{storage.location.rstrip('/')}/".lstrip("/")
        self._release = release

    def put(self, name: str, page: bytes, number: int) -> bool:
        """Store the page, unless what is there, or was removed, has this number or a higher one; then False. Two
        requests; the first time for a name four and the second three, because it may have been removed."""
        key, by = self._page(name), secrets.token_hex(8)
        body, headers = (
            _packed(page, number),
            {"ContentType": TYPES.get(PurePath(name).suffix, PLAIN), "ContentEncoding": "gzip"},
        )
        for _ in range(TRIES):
            seen = self._look(key)
            if seen.by == by:  # an earlier try, whose answer was lost
                return not self._is_gone(name, number + 1)
            if seen.number >= number or (not seen.is_settled and self._is_gone(name, number)):
                return False
            if self._write(key, seen, body, number, by, **headers):
                return bool(seen.etag) or not self._is_gone(name, number + 1)
        raise Contended(f"{key} changes all the time.")

    def remove(self, name: str, number: int) -> bool:
        """Remove the page and remember its number, unless what is there, or was removed, has this number or a higher
        one; then False. Four requests. What an earlier `remove` had begun and not finished is finished."""
        key, by = self._gone(name), secrets.token_hex(8)
        for _ in range(TRIES):
            seen = self._look(key)
            if seen.by != by and seen.number >= number:
                self._clear(name, seen.number)
                return False
            if seen.by == by or self._write(key, seen, str(number).encode(), number, by, ContentType=PLAIN):
                return self._clear(name, number)
        raise Contended(f"{key} changes all the time.")

    def read(self, name: str) -> tuple[int, bytes] | None:
        """The number and the page, unpacked; None where there is none. One request."""
        found = self._get(self._page(name))
        return found and (int(found[0].get("number", 0)), gzip.decompress(found[1]))

    def names(self) -> Iterator[str]:
        """Of all pages there are, in their order; one request for a thousand."""
        prefix = self._page("")
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with _changes():
            yield from (each["Key"].removeprefix(prefix) for page in pages for each in page.get("Contents", ()))

    def point(self) -> None:
        """Move the pointer to this release. The last to do so wins."""
        with _changes():
            self._store(f"{self._root}current", self._release.encode(), ContentType=PLAIN)

    def pointed(self) -> str:
        """The release that the pointer points to; "" for none."""
        found = self._get(f"{self._root}current")
        return found[1].decode() if found else ""

    def _page(self, name: str) -> str:
        return f"{self._root}{self._release}/{name}"

    def _gone(self, name: str) -> str:
        return f"{self._root}.gone/{self._release}/{name}"

    def _is_gone(self, name: str, number: int) -> bool:
        """Whether it was removed with this number or a higher one; then a page that came late is taken away. `remove`
        writes its number first and looks for the page second, so one of two that overlap sees the other."""
        gone = self._look(self._gone(name)).number
        return gone >= number and (self._clear(name, gone) or True)

    def _clear(self, name: str, number: int) -> bool:
        """Delete the page as long as its number is lower; False when a page is left."""
        key = self._page(name)
        for _ in range(TRIES):
            seen = self._look(key)
            if not seen.etag or seen.number >= number:
                return not seen.etag
            with _changes():
                self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=seen.etag)
                return True
        raise Contended(f"{key} changes all the time.")

    def _look(self, key: str) -> Seen:
        with _changes():
            head = self._client.head_object(Bucket=self._bucket, Key=key)
            told = head["Metadata"]
            return Seen(head["ETag"], int(told.get("number", 0)), told.get("by", ""), "settled" in told)
        return Seen()

    def _get(self, key: str) -> tuple[dict[str, str], bytes] | None:
        with _changes():
            found = self._client.get_object(Bucket=self._bucket, Key=key)
            return found["Metadata"], found["Body"].read()
        return None

    def _write(self, key: str, seen: Seen, body: bytes, number: int, by: str, **headers: str) -> bool:
        """Write where nothing has changed since it was looked at; False when something has."""
        condition = {"IfMatch": seen.etag} if seen.etag else {"IfNoneMatch": "*"}
        metadata = {"number": str(number), "by": by} | ({"settled": "yes"} if seen.etag else {})
        with _changes():
            self._store(key, body, Metadata=metadata, **condition, **headers)
            return True
        return False

    def _store(self, key: str, body: bytes, **parameters: Any) -> None:
        mine = {"Bucket": self._bucket, "Key": key, "Body": body, "CacheControl": "no-cache"}
        self._client.put_object(**self._parameters | mine | parameters)


def _packed(page: bytes, number: int) -> bytes:
    """Other bytes for another number, which stands where gzip names a file."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename=str(number), mode="wb", fileobj=packed, mtime=0) as file:
        file.write(page)
    return packed.getvalue()


@contextmanager
def _changes() -> Iterator[None]:
    """Leave the block when something has changed. All else is the OSError that a folder would raise."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code not in CHANGED:
            raise OSError(f"The bucket does not answer as it should: {error}") from error
