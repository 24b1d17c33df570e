"""Clones: an upload goes to the shared storage, as pixels alone, under a name of our own."""

import io
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from PIL import Image

from scaling import pictures
from scaling.pictures import picture_name, store_picture


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def make_file(kind="JPEG", size=(900, 600), colour="tomato", mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, kind, **options)
    file.seek(0)
    return file


def store(file, **changes):
    return store_picture(file, **{"folder": "products", "sizes": (40, 80), "name": "loaf"} | changes)


def stored(stem, size=40):
    with default_storage.open(picture_name(stem, size)) as file:
        image = Image.open(file)
        image.load()
        return image


def refusal(file):
    with pytest.raises(ValidationError) as refused:
        store(file)
    return refused.value.code


def png_header(width, height):
    """A PNG that says how large it is and has almost nothing in it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    ]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_square_in_every_size(kind):
    stem = store(make_file(kind))
    for size in (40, 80):
        image = stored(stem, size)
        assert (image.format, image.size) == ("WEBP", (size, size))


def test_the_middle_is_what_stays():
    wide = Image.new("RGB", (300, 100), "white")
    wide.paste("black", (100, 0, 200, 100))
    file = io.BytesIO()
    wide.save(file, "PNG")
    file.seek(0)
    assert max(stored(store(file)).convert("L").getextrema()) < 40


def test_the_same_content_is_the_same_stem_and_is_written_once(media):
    first = store(make_file())
    before = {path: path.stat().st_mtime_ns for path in media.rglob("*.webp")}
    assert store(make_file()) == first
    assert {path: path.stat().st_mtime_ns for path in media.rglob("*.webp")} == before


def test_other_content_under_the_same_name_overwrites_nothing():
    red, blue = store(make_file(colour="red")), store(make_file(colour="blue"))
    assert red != blue
    assert stored(red).getpixel((20, 20))[0] > 200


def test_a_size_that_is_missing_is_added():
    stem = store(make_file(), sizes=(40,))
    assert store(make_file(), sizes=(40, 80)) == stem
    assert stored(stem, 80).size == (80, 80)


def test_without_a_name_nobody_can_guess_the_stem():
    one, other = (store(make_file(), folder="people", name=None) for _ in range(2))
    assert one != other
    assert one.startswith("people/")


def test_where_it_was_taken_is_forgotten(media):
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[1] = "N"
    stem = store(make_file(exif=exif, comment=b"at home"))
    image = stored(stem)
    assert not image.getexif()
    assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
    assert all(b"A camera" not in path.read_bytes() for path in media.rglob("*.webp"))


def test_a_picture_taken_sideways_is_turned_upright():
    sideways = Image.new("RGB", (100, 100), "white")
    sideways.paste("black", (0, 0, 50, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter to the right: the left side comes up
    file = io.BytesIO()
    sideways.save(file, "JPEG", exif=exif, quality=95)
    file.seek(0)
    image = stored(store(file)).convert("L")
    assert image.getpixel((20, 5)) < 60
    assert image.getpixel((20, 35)) > 200


def test_what_is_transparent_becomes_white():
    assert stored(store(make_file("PNG", colour=(0, 0, 0, 0), mode="RGBA"))).getpixel((20, 20))[0] > 250


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "I;16", "CMYK"])
def test_any_mode_of_colour_can_be_read(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    file = make_file("JPEG" if mode == "CMYK" else kind, mode=mode, colour=0)
    assert stored(store(file)).mode == "RGB"


def test_of_a_moving_picture_the_first_frame_stays():
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("black", "white", "red")]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    file.seek(0)
    image = stored(store(file))
    assert getattr(image, "n_frames", 1) == 1
    assert image.getpixel((20, 20))[0] < 20


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just some words",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        b"\xff\xd8\xff\xe0 almost",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\xffIHDR",
        b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff",
    ],
    ids=["empty", "text", "svg", "pdf", "jpeg-start", "png-start", "webp-start"],
)
def test_what_is_no_picture_is_refused(content, media):
    assert refusal(io.BytesIO(content)) == "not_a_picture"
    assert not list(media.rglob("*.webp"))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_kinds_are_refused(kind):
    assert refusal(make_file(kind)) == "not_a_picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_short_is_refused(kind):
    noise = Image.effect_noise((200, 200), 90)
    file = io.BytesIO()
    noise.save(file, kind)
    assert refusal(io.BytesIO(file.getvalue()[: len(file.getvalue()) // 2])) == "not_a_picture"


@pytest.mark.parametrize("size", [(8_000, 8_000), (15_000, 15_000), (60_000, 60_000)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_before_it_unfolds(size, monkeypatch):
    monkeypatch.setattr(pictures, "_upright", lambda *_: pytest.fail("it was decoded"))
    assert refusal(png_header(*size)) == "too_many_pixels"


def test_a_file_over_eight_megabytes_is_refused_and_not_read_to_its_end():
    file = io.BytesIO(b"\0" * (pictures.MAX_BYTES + 1_000))
    assert refusal(file) == "too_large"
    assert file.tell() == pictures.MAX_BYTES + 1
