"""Published pages in a folder that every proxy can read.

A page is one file, packed once: `index.html.gz`. It is written beside and renamed, so that a reader has the old page
or the new one. The file carries the number of its publisher, and a page that was removed leaves its number behind:
both are looked at under a lock, so whoever comes late with an older page is refused. The kernel drops the lock of a
process that dies.
"""

import fcntl
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from django.core.files.storage import FileSystemStorage

LOCKS = 256  # files; pages that share one wait for each other
LOCK = "lock-"
LOCKED_SECONDS = 5
LOOK_AGAIN_SECONDS = 0.005
LEVEL = 6
HEAD = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff%020d\0"  # gzip without a time; its comment is the number
NUMBER = slice(10, 30)
HEAD_LENGTH = 31
PACKED, GONE = ".gz", ".gone"
WORK = ".work"  # temporary files and locks
CURRENT = "current"
DROPPED = "dropped"  # its time is that of the latest page that a dropped release had


class There(NamedTuple):
    """What is known of a page: its number, when its file is said to be from (seconds), and the file without its head,
    empty for a page that was removed."""

    number: int
    mtime: int
    rest: bytes


NEVER = There(0, 0, b"")


class Served(NamedTuple):
    """A page as it lies in the folder: packed, and since when (seconds)."""

    data: bytes
    mtime: int


class Folder:
    """The pages of one release under the folder of a storage. Names are like `shelves/1-bread/index.html`."""

    def __init__(self, storage: FileSystemStorage, release: str) -> None:
        self.root, self.release = Path(storage.location), release
        self.pages = self.root / release
        self.work = self.root / WORK
        self.work.mkdir(parents=True, exist_ok=True)
        self.pages.mkdir(exist_ok=True)

    def put(self, name: str, page: bytes, number: int) -> bool:
        """Have this page there, unless what is there, or was removed, has this number or a higher one."""
        file = self._file(name, PACKED)
        rest = packed(page)
        with self._locked(name):
            known = self._known(name)
            if known.number >= number:
                return False
            # A proxy tells one state of a file from another by whole seconds. The same page stays what it was.
            mtime = known.mtime if rest == known.rest else max(self._latest(name, known) + 1, int(time.time()))
            self._replace(file, HEAD % number + rest, mtime)
            self._file(name, GONE).unlink(missing_ok=True)
        return True

    def remove(self, name: str, number: int) -> bool:
        """Have no such page, likewise. First it is remembered, then it goes."""
        with self._locked(name):
            known = self._known(name)
            if known.number >= number:
                return False
            self._replace(self._file(name, GONE), b"%020d" % number, known.mtime)
            self._file(name, PACKED).unlink(missing_ok=True)
        return True

    def read(self, name: str) -> tuple[int, bytes] | None:
        """The number and the page, or None."""
        try:
            data = self._file(name, PACKED).read_bytes()
        except FileNotFoundError:
            return None
        return int(data[NUMBER]), zlib.decompress(data, zlib.MAX_WBITS | 16)

    def served(self, name: str) -> Served | None:
        """The page that proxies give, of the release that is pointed to."""
        try:
            with (self.root / CURRENT / f"{name}{PACKED}").open("rb") as opened:
                return Served(opened.read(), int(os.fstat(opened.fileno()).st_mtime))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self) -> Iterator[str]:
        """Of all pages there are."""
        for file in self.pages.rglob(f"*{PACKED}"):
            yield str(file.relative_to(self.pages)).removesuffix(PACKED)

    def point(self) -> None:
        """Have the proxies serve this release's pages from now on."""
        beside = self.work / f"{CURRENT}-{os.getpid()}"
        beside.unlink(missing_ok=True)
        beside.symlink_to(self.release)
        beside.replace(self.root / CURRENT)

    def pointed(self) -> str:
        """The release whose pages are served, or nothing."""
        try:
            return os.readlink(self.root / CURRENT)
        except FileNotFoundError:
            return ""

    def releases(self) -> set[str]:
        return {file.name for file in self.root.iterdir() if file.is_dir() and file.name not in (WORK, CURRENT)}

    def drop(self, release: str) -> None:
        """Remove all pages of a release: at once for readers, who find none."""
        if not (self.root / release).exists():
            return
        aside = Path(tempfile.mkdtemp(dir=self.work))
        (self.root / release).rename(aside / "pages")
        latest = max((_mtime(file) for file in aside.rglob("*") if file.is_file()), default=0)
        (self.work / DROPPED).touch()
        os.utime(self.work / DROPPED, (latest, max(latest, _mtime(self.work / DROPPED))))
        shutil.rmtree(aside, ignore_errors=True)

    def tidy(self, before: float) -> None:
        """Forget what was removed before that time (seconds since 1970), and drop what killed publishers have left:
        whoever could come late with it is long gone."""
        for file in (*self.pages.rglob(f"*{GONE}"), *self.work.iterdir()):
            is_kept = file.name == DROPPED or file.name.startswith(LOCK)
            if file.is_file() and not is_kept and file.stat().st_ctime < before:
                file.unlink(missing_ok=True)

    def _file(self, name: str, ending: str) -> Path:
        return self.pages / f"{name}{ending}"

    def _latest(self, name: str, known: There) -> int:
        """The time that nothing served under this name has passed, whichever release it was of."""
        if known.number:
            return known.mtime
        served = self.served(name)
        return max(served.mtime if served else 0, _mtime(self.work / DROPPED))

    def _known(self, name: str) -> There:
        """The later of the two, of which one may be left over from a publisher that died in between."""
        return max(self._page(self._file(name, PACKED)), self._removed(self._file(name, GONE)))

    def _page(self, file: Path) -> There:
        try:
            with file.open("rb") as opened:
                data = opened.read()
                return There(int(data[NUMBER]), int(os.fstat(opened.fileno()).st_mtime), data[HEAD_LENGTH:])
        except FileNotFoundError:
            return NEVER

    def _removed(self, file: Path) -> There:
        try:
            return There(int(file.read_bytes()), int(file.stat().st_mtime), b"")
        except FileNotFoundError:
            return NEVER

    def _replace(self, file: Path, data: bytes, mtime: int) -> None:
        handle, beside = tempfile.mkstemp(dir=self.work)
        try:
            with os.fdopen(handle, "wb") as opened:
                os.fchmod(handle, 0o644)
                opened.write(data)
                opened.flush()
                os.fsync(handle)
            os.utime(beside, (mtime, mtime))
            file.parent.mkdir(parents=True, exist_ok=True)
            os.replace(beside, file)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Alone with this page, among all processes that have this folder."""
        number = zlib.crc32(f"{self.release}/{name}".encode()) % LOCKS
        with (self.work / f"{LOCK}{number}").open("ab") as file:
            deadline = time.monotonic() + LOCKED_SECONDS
            while not _lock(file):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"Somebody holds {file.name} for more than {LOCKED_SECONDS} s.")
                time.sleep(LOOK_AGAIN_SECONDS)
            yield


def _mtime(file: Path) -> int:
    """In whole seconds; 0 when there is none."""
    try:
        return int(file.stat().st_mtime)
    except FileNotFoundError:
        return 0


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def packed(page: bytes) -> bytes:
    """A gzip file after its head: the same bytes for the same page."""
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    check = zlib.crc32(page).to_bytes(4, "little") + (len(page) % 2**32).to_bytes(4, "little")
    return deflate.compress(page) + deflate.flush() + check
