"""Clones: files that people send lie in a bucket of S3 that every clone asks, as Django knows files.

The ready-made storage writes over what is there: of two people who send a file of one name the second takes the
first one's away. Looking first does not help, since both may look before either writes. Here S3 itself refuses a name
that is taken. And what goes wrong is an OSError, as with a folder, so that nobody needs to know which of both it is.
"""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from .bucket_objects import CHANGED, PATIENCE
from .unavailable import FilesAway

TYPES = {".webp": "image/webp"}  # of those that Python's list may lack
UNKNOWN = "application/octet-stream"


class BucketStorage(S3Storage):
    """No name is ever written twice. A file is read and written whole, and held in memory for that.

    With a `base_url` files have addresses that begin with it, and everybody may read them there, which the bucket or
    a CDN has to allow. Without one they have none but those that `signed_url` makes. What is not there is a
    FileNotFoundError, and a bucket that does not answer as it should is FilesAway.
    """

    file_overwrite = False
    signature_version = "s3v4"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_config = PATIENCE.merge(self.client_config)  # type: ignore[has-type]

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {"base_url": ""}

    def url(self, name: str, *args: Any, **options: Any) -> str:
        """Asks nobody: pages do this fifty times."""
        if not self.base_url:
            raise ValueError("These files have no address that everybody may read.")
        key = self._normalize_name(clean_name(name))
        return self.base_url + filepath_to_uri(key.removeprefix(self.location).lstrip("/"))

    def signed_url(self, name: str, content_type: str, file_name: str = "") -> str:
        """Whoever has this address may read the file for `querystring_expire` seconds, and no cache keeps it. With a
        `file_name` a browser stores it under that."""
        told = {"ResponseContentType": content_type, "ResponseCacheControl": "private, no-store"}
        if file_name:
            told["ResponseContentDisposition"] = f"attachment; filename*=UTF-8''{quote(file_name)}"
        with answering():
            return super().url(name, told)

    def exists(self, name: str) -> bool:
        with answering():
            return super().exists(name)

    def delete(self, name: str) -> None:
        with answering():
            super().delete(name)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with answering():
            return super().listdir(name)

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError("Files in the bucket are read whole, or saved whole.")
        with answering():
            found = self._client.get_object(Bucket=self.bucket_name, Key=self._normalize_name(clean_name(name)))
            return File(BytesIO(found["Body"].read()), name)

    def _save(self, name: str, content: File) -> str:
        content.seek(0)
        data = content.read()
        name = clean_name(name)
        while not self._put(name, data if isinstance(data, bytes) else data.encode()):
            name = self.get_available_name(name)
        return name

    def _put(self, name: str, data: bytes) -> bool:
        """False when the name is taken, if only by somebody who has come in between."""
        kind = TYPES.get(PurePath(name).suffix) or mimetypes.guess_type(name)[0] or UNKNOWN
        mine = {"Bucket": self.bucket_name, "Key": self._normalize_name(name), "Body": data, "ContentType": kind}
        try:
            with answering():
                self._client.put_object(**self.get_object_parameters(name) | mine, IfNoneMatch="*")
        except FileExistsError:
            return False
        return True

    @property
    def _client(self) -> Any:
        return self.connection.meta.client


@contextmanager
def answering() -> Iterator[None]:
    """What S3 says, in the words of a folder."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError("The bucket has no such file.") from error
        if code in CHANGED:
            raise FileExistsError("The bucket has a file of that name.") from error
        raise FilesAway(f"The bucket does not answer as it should: {error}") from error
