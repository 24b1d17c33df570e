"""Write the configuration of a proxy that runs somewhere else, such as in a container of its own."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.core.management.base import BaseCommand, CommandParser

from shop.nginx_files import Proxy

NOWHERE = Path("/nonexistent")  # what lies in a bucket is asked of the clones


class Command(BaseCommand):
    help = (
        "Write nginx.conf and headers.conf for a proxy that serves from the same folders as this release writes to."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("clones", nargs="+", metavar="HOST:PORT", help="whom it asks; it must know their names")
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where to write; it is made")
        parser.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="default: %(default)s")
        parser.add_argument("--trust", default="", metavar="NETWORK,…", help="who in front may say for whom it asks")

    def handle(self, *, clones: list[str], to: Path, listen: str, trust: str, **options: Any) -> None:
        to.mkdir(parents=True, exist_ok=True)
        scheme = "https" if settings.SECURE_SSL_REDIRECT else "http"
        static = "assets" if "assets" in settings.STORAGES else "staticfiles"
        folders = [folder_of(name) for name in ("published", static, "default")]
        trusted = tuple(filter(None, trust.split(",")))
        Proxy(listen, tuple(clones), *folders, scheme=scheme, trusted=trusted).write(to)
        self.stdout.write(f"{to / 'nginx.conf'}: {listen} asks {', '.join(clones)}.")


def folder_of(name: str) -> Path:
    """Where a storage keeps its files, as whoever mounts the same folder sees it."""
    storage = storages[name]
    return Path(storage.location) if isinstance(storage, FileSystemStorage) else NOWHERE
