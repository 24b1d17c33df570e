"""The static files of all releases in a bucket of S3, for a CDN to serve.

Each says that it never changes, and what it is: a browser runs no script that does not say so. They are not packed
there: that is the CDN's affair, which knows what its visitor can read.
"""

import mimetypes
from pathlib import PurePath

from storages.backends.s3 import S3Storage

from .bucket_objects import Objects

FOR_EVER = "public, max-age=31536000, immutable"
# What Python calls otherwise from one machine to the next, or not at all
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
UNKNOWN = "application/octet-stream"


class AssetBucket:
    """See `scaling.assets.Assets`. Any number of threads may share one."""

    packed = ()

    def __init__(self, storage: S3Storage) -> None:
        self.objects = Objects(storage)
        self.root = f"{storage.location.rstrip('/')}/".lstrip("/")

    def names(self) -> dict[str, float]:
        found = (each for some in self.objects.listed(self.root) for each in some)
        return {each["Key"].removeprefix(self.root): each["LastModified"].timestamp() for each in found}

    def put(self, name: str, data: bytes) -> None:
        suffix = PurePath(name).suffix
        kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or UNKNOWN
        self.objects.overwrite(f"{self.root}{name}", data, ContentType=kind, CacheControl=FOR_EVER)

    def read(self, name: str) -> bytes:
        found = self.objects.read(f"{self.root}{name}")
        if found is None:
            raise FileNotFoundError(name)
        return found[1]

    def delete(self, name: str) -> None:
        key = f"{self.root}{name}"
        self.objects.delete(key, self.objects.look(key).etag)
