"""Clones: a picture that somebody uploads belongs on every server, so it goes to the shared storage, never to a disk.

What arrives is not trusted. A file can be huge, be something else under a good name, unfold to gigapixels, carry the
place where it was taken, or come with a name that is somebody else's file. So nothing of it is kept but its pixels:
it is measured before it is decoded, turned upright, cut to a square and written anew under a name of our own.
"""

import hashlib
import io
import secrets
import struct
from collections.abc import Iterable
from typing import IO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 82
# What Pillow raises when bytes are not what they claim to be.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error)

REFUSALS = {
    "too_large": "The picture is larger than 8 MB. Choose a smaller one.",
    "too_many_pixels": "The picture has more than 40 million pixels. Make it smaller first.",
    "not_a_picture": "We cannot read this as a picture. Save it as JPEG, PNG or WebP and try again.",
}


def store_picture(file: IO[bytes], *, folder: str, sizes: Iterable[int], name: str | None = None) -> str:
    """Keep a picture as square `<stem>-<size>.webp` files, one for each of `sizes` in pixels, and return the stem.

    With a `name` the stem is `<folder>/<name>-<hash of the content>`: the same file again is the same stem and is not
    written twice. Without one the stem is random, so that it tells nothing and nobody guesses it. Raises
    `ValidationError` with a sentence for the person who chose the file.
    """
    data = checked_picture(file)
    stem = f"{folder}/{name}-{hashlib.sha256(data).hexdigest()[:16]}" if name else f"{folder}/{secrets.token_hex(16)}"
    missing = [size for size in sizes if not default_storage.exists(picture_name(stem, size))]
    if missing:
        picture = _pixels(data, max(missing))
        for size in missing:
            _write(picture, picture_name(stem, size), size)
    return stem


def checked_picture(file: IO[bytes]) -> bytes:
    """The bytes of what says of itself that it is a picture we take. It is measured and not unfolded, so it may still
    be broken. Raises `ValidationError` like `store_picture`."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _refusal("too_large")
    try:
        _measure(data)
    except UNREADABLE as error:
        raise _refusal("not_a_picture") from error
    return data


def picture_name(stem: str, size: int) -> str:
    """The storage name of one size of a stored picture."""
    return f"{stem}-{size}.webp"


def _refusal(code: str) -> ValidationError:
    return ValidationError(REFUSALS[code], code=code)


def _pixels(data: bytes, largest: int) -> Image.Image:
    try:
        return _upright(data, largest)
    except UNREADABLE as error:
        raise _refusal("not_a_picture") from error


def _measure(data: bytes) -> None:
    """Refuse before anything is unfolded: the header says how large it would be."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            pixels = image.width * image.height
            image.verify()
    except Image.DecompressionBombError as error:
        raise _refusal("too_many_pixels") from error
    if pixels > MAX_PIXELS:
        raise _refusal("too_many_pixels")


def _upright(data: bytes, largest: int) -> Image.Image:
    """The first frame as it was meant to be seen, on white, with nothing but its pixels."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        image.draft("RGB", (largest, largest))  # a large JPEG is decoded at a fraction of its size
        turned = ImageOps.exif_transpose(image).convert("RGBA")
    clean = Image.new("RGB", turned.size, "white")
    clean.paste(turned, mask=turned.getchannel("A"))
    return clean


def _write(picture: Image.Image, name: str, size: int) -> None:
    square = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    square.save(buffer, "WEBP", quality=QUALITY, method=4)
    default_storage.save(name, ContentFile(buffer.getvalue()))
