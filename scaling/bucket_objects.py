"""Asynchronism #1: the objects of an S3 bucket, as `scaling.bucket` needs them.

There is no lock there. But a write may have a condition, that the object is still what was looked at, and of two who
looked at the same only one succeeds.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
# How S3 says that a condition does not hold any more, or that nothing is there; to HEAD it answers without a body.
CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a key held: no ETag for nothing. `by` is the call that wrote it. What took the place of something is
    settled; what has only come into being may have been removed before that."""

    etag: str = ""
    number: int = 0
    by: str = ""
    is_settled: bool = False


class Objects:
    """The objects of a storage, each with a number. One client serves all threads, and keeps its connections.

    Everything raises OSError when the bucket does not answer as it should: then nobody knows whether it was done.
    """

    def __init__(self, storage: S3Storage) -> None:
        storage = copy.copy(storage)
        storage.client_config = PATIENCE.merge(storage.client_config)
        self._client = storage.connection.meta.client
        self._bucket = storage.bucket_name
        self._parameters = storage.get_object_parameters("")

    def look(self, key: str) -> Seen:
        with _changes():
            head = self._client.head_object(Bucket=self._bucket, Key=key)
            told = head["Metadata"]
            return Seen(head["ETag"], int(told.get("number", 0)), told.get("by", ""), "settled" in told)
        return Seen()

    def read(self, key: str) -> tuple[int, bytes] | None:
        """Its number, 0 for one that has none, and what is in it."""
        with _changes():
            found = self._client.get_object(Bucket=self._bucket, Key=key)
            return int(found["Metadata"].get("number", 0)), found["Body"].read()
        return None

    def write(self, key: str, seen: Seen, body: bytes, number: int, by: str, **headers: str) -> bool:
        """Where nothing has changed since it was looked at; False when something has."""
        condition = {"IfMatch": seen.etag} if seen.etag else {"IfNoneMatch": "*"}
        metadata = {"number": str(number), "by": by} | ({"settled": "yes"} if seen.etag else {})
        with _changes():
            self._put(key, body, Metadata=metadata, **condition, **headers)
            return True
        return False

    def overwrite(self, key: str, body: bytes, **headers: str) -> None:
        """Whatever is there."""
        with _changes():
            self._put(key, body, **headers)

    def delete(self, key: str, etag: str) -> bool:
        """False when it is not what it was any more."""
        with _changes():
            self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=etag)
            return True
        return False

    def delete_all(self, prefix: str) -> None:
        """A thousand with one request."""
        for some in self.listed(prefix):
            objects = {"Objects": [{"Key": each["Key"]} for each in some], "Quiet": True}
            with _changes():
                told = self._client.delete_objects(Bucket=self._bucket, Delete=objects)
                if told.get("Errors"):
                    raise OSError(f"The bucket does not delete as it should: {told['Errors'][0]}")

    def listed(self, prefix: str, what: str = "Contents", **more: str) -> Iterator[list[dict[str, Any]]]:
        """Up to a thousand at a time."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, **more)
        with _changes():
            yield from (page[what] for page in pages if what in page)

    def _put(self, key: str, body: bytes, **parameters: Any) -> None:
        mine = {"Bucket": self._bucket, "Key": key, "Body": body, "CacheControl": "no-cache"}
        self._client.put_object(**self._parameters | mine | parameters)


@contextmanager
def _changes() -> Iterator[None]:
    """Leave the block when something has changed. All else is the OSError that a folder would raise."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code not in CHANGED:
            raise OSError(f"The bucket does not answer as it should: {error}") from error
