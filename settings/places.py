"""Where files lie: in a folder that every clone mounts, or in a bucket of S3."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

FOLDER = "django.core.files.storage.FileSystemStorage"
SIGNED_SECONDS = 60
FOR_EVER = "public, max-age=31536000, immutable"
DEFAULT_REGION = "us-east-1"


def origin(address: str) -> str:
    """Scheme and host of an address, or nothing for one that begins with a slash: that is ours."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


@dataclass(frozen=True)
class Place:
    """Said as file:///folder, or as s3://bucket/folder?endpoint=https://…&region=…, with or without that folder."""

    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        is_folder = parts.scheme == "file" and not parts.netloc and parts.path.strip("/")
        if not is_folder and not (parts.scheme == "s3" and parts.netloc):
            raise ImproperlyConfigured(f"'{self.url}' is neither file:///folder nor s3://bucket/folder.")

    @property
    def folder(self) -> Path | None:
        parts = urlsplit(self.url)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None

    def inside(self, name: str) -> "Place":
        parts = urlsplit(self.url)
        return Place(parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl())

    @property
    def bucket(self) -> dict:
        """For a storage of django-storages, as far as the URL says it."""
        parts, told = urlsplit(self.url), self._told
        return {
            "bucket_name": parts.netloc,
            "location": unquote(parts.path).strip("/"),
            "endpoint_url": told.get("endpoint"),
            "region_name": told.get("region"),
            "file_overwrite": False,
        }

    def address(self, of_a_folder: str) -> str:
        """Where everybody reads what is public, with a slash at its end: of a folder what is said here, or the
        bucket's own. A server of one's own has the bucket in the path, and Amazon's in its name."""
        if self.folder:
            return of_a_folder
        name, path = self.bucket["bucket_name"], quote(self.bucket["location"])
        amazon = f"https://{name}.s3.{self._told.get('region', DEFAULT_REGION)}.amazonaws.com"
        host = f"{self._told['endpoint'].rstrip('/')}/{name}" if "endpoint" in self._told else amazon
        return f"{host}/{path}/" if path else f"{host}/"

    @property
    def _told(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))

    def public(self, address: str) -> dict:
        """The storage of files that everybody may read there; of a folder the MEDIA_ROOT is meant. They never change,
        because no name is used twice."""
        if self.folder:
            return {"BACKEND": FOLDER}
        return self._bucket_storage(base_url=address, object_parameters={"CacheControl": FOR_EVER})

    def private(self) -> dict:
        """The storage of files that are somebody's: without an address, but for one that is signed for a minute."""
        if self.folder:
            options = {"location": self.folder, "base_url": None, "file_permissions_mode": 0o600}
            return {"BACKEND": FOLDER, "OPTIONS": options}
        return self._bucket_storage(querystring_expire=SIGNED_SECONDS)

    def plain(self) -> dict:
        """The storage for whoever only wants to know where it is."""
        if self.folder:
            return {"BACKEND": FOLDER, "OPTIONS": {"location": self.folder, "base_url": None}}
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": self.bucket}

    def _bucket_storage(self, **options) -> dict:
        style = "path" if "endpoint" in self._told else "virtual"
        options = self.bucket | {"addressing_style": style} | options
        return {"BACKEND": "scaling.bucket_storage.BucketStorage", "OPTIONS": options}
