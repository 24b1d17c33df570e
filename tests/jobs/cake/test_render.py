"""The picture is made in passes by a process of its own, which can be stopped, lost and gone on from."""

import io
import subprocess
import sys

import pytest
from PIL import Image, ImageChops, ImageStat

from jobs.cake import render
from jobs.cake.render import Pass, RenderFailed, passes, variant
from jobs.leaving import Leaving, leaving

from .factories import make_design

SMALL = (64, 48)
ALIKE = 8  # what other noise makes of one picture, in levels of 256


def painted(design=None, saved=None, of=2) -> list[Pass]:
    return list(passes(design or make_design(), saved, final_passes=of, size=SMALL, threads=2))


def pixels(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture)).convert("RGB")


def difference(one: bytes, other: bytes) -> float:
    """Of two pictures, in levels of 256, on the average."""
    return sum(ImageStat.Stat(ImageChops.difference(pixels(one), pixels(other))).mean) / 3


def test_a_picture_grows_in_passes_and_can_be_gone_on_from():
    first, last = painted()
    assert [(found.number, found.of) for found in (first, last)] == [(1, 2), (2, 2)]
    assert pixels(first.picture).size == pixels(last.picture).size == SMALL
    assert first.percent < last.percent == 100
    assert first.seconds_left > last.seconds_left == 0
    (resumed,) = painted(saved=first.checkpoint)
    assert resumed.number == 2
    assert difference(resumed.picture, last.picture) < ALIKE < difference(first.picture, last.picture)
    (again,) = painted(saved=last.checkpoint)
    assert difference(again.picture, last.picture) < ALIKE


@pytest.mark.parametrize(
    "changes",
    [
        {"tiers": 1, "topping": "berries", "mood": "linen", "plate": "gold", "candles": 1, "inscription": "Ελένη"},
        {"tiers": 3, "topping": "sprinkles", "mood": "evening", "plate": "slate", "candles": 20},
    ],
    ids=["one tier", "three tiers"],
)
def test_every_kind_of_cake_can_be_painted(changes):
    (found,) = painted(make_design(**changes), of=1)
    tones = pixels(found.picture).getcolors(SMALL[0] * SMALL[1])
    assert len(tones) > 500, "it shows something"


def test_who_stops_listening_stops_the_work(monkeypatch):
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    plain = make_design(tiers=1, topping="plain", mood="linen", plate="sage", candles=0, inscription="W" * 60)
    painting = passes(plain, final_passes=6, size=SMALL, threads=2)
    assert next(painting).number == 1
    assert started[0].poll() is None
    painting.close()
    assert started[0].poll() is not None


def test_a_renderer_that_breaks_is_an_error_with_its_last_words(monkeypatch):
    monkeypatch.setattr(render, "variant", lambda: "no_such_variant")
    with pytest.raises(RenderFailed, match="no_such_variant"):
        painted()


def test_a_renderer_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(render, "PASS_SECONDS", 0.0)
    with pytest.raises(RenderFailed, match="said nothing"):
        painted()


def test_a_renderer_that_does_not_read_what_was_saved_is_given_up(monkeypatch):
    monkeypatch.setattr(render, "PASS_SECONDS", 0.1)
    monkeypatch.setattr(render, "_started", _asleep)
    with pytest.raises(RenderFailed, match="read nothing"):
        painted(saved=b"x" * 1_000_000)


def test_a_worker_that_is_told_to_end_waits_for_no_pass(monkeypatch):
    monkeypatch.setattr(render, "PASS_SECONDS", 5.0)
    monkeypatch.setattr(render, "_started", lambda log: started.append(_asleep(log)) or started[-1])
    monkeypatch.setattr(leaving, "is_set", lambda: True)
    started = []
    with pytest.raises(Leaving):
        painted()
    assert started[0].poll() is not None


def _asleep(log):
    """A renderer that never says a word."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stderr=log, **pipes)


@pytest.mark.parametrize(
    ("library", "chosen"),
    [
        ("libLLVM.so.19.1", "llvm_ad_rgb"),
        ("libLLVM-19.so", "llvm_ad_rgb"),
        ("libLLVM-15.so.1", "scalar_rgb"),
        ("libLLVM-16.so.19", "scalar_rgb"),
        ("", "scalar_rgb"),
    ],
)
def test_llvm_is_used_only_where_19_is_named(library, chosen, monkeypatch, tmp_path):
    if library:
        (tmp_path / library).touch()
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", str(tmp_path / library) if library else "")
    assert variant() == chosen


def test_a_library_that_is_not_there_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", str(tmp_path / "libLLVM-19.so"))
    assert variant() == "scalar_rgb"
