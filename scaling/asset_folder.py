"""The static files of all releases in a folder, for a proxy to serve, with packed ones beside those they are of."""

import os
import secrets
import time
from pathlib import Path

from django.core.files.storage import FileSystemStorage

READABLE = 0o644  # by the proxy, whoever it is


class AssetFolder:
    """See `scaling.assets.Assets`. All clones and the proxy mount it. A file is written beside and renamed: who is
    cut off leaves no half of one, which would be taken for the whole from then on."""

    packed = (".gz",)

    def __init__(self, storage: FileSystemStorage) -> None:
        self.root = Path(storage.location)

    def names(self) -> dict[str, float]:
        files = (Path(folder) / name for folder, _, names in os.walk(self.root) for name in names)
        return {str(file.relative_to(self.root)): _mtime(file) for file in files if not file.name.startswith(".")}

    def put(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with beside.open("xb") as file:
                file.write(data)
                os.fchmod(file.fileno(), READABLE)
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def delete(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)


def _mtime(file: Path) -> float:
    """One that is being replaced is as young as can be."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return time.time()
