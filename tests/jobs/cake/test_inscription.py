"""Text by strangers: refused clearly, or kept as it will be drawn."""

import subprocess
import sys
import unicodedata

import pytest

from jobs.cake import coverage
from jobs.cake.inscription import Unwritable, checked, graphemes

from ...servers import PATIENCE_SECONDS
from .hostile import HOSTILE


@pytest.mark.parametrize(("text", "refusal"), HOSTILE, ids=lambda value: ascii(value)[:40])
def test_the_hostile_are_refused_clearly_or_written(text, refusal):
    if refusal is None:
        lines = checked(text).split("\n")
        assert all(coverage.font_of(letter) for line in lines for letter in graphemes(line) if letter != " ")
        return
    with pytest.raises(Unwritable) as refused:
        checked(text)
    assert refusal in refused.value.message
    assert len(refused.value.message) < 500


def test_there_are_fifty_of_them():
    assert len({text for text, _ in HOSTILE}) >= 50


def test_a_refusal_can_be_shown_to_anybody():
    """Whatever came in, a message holds nothing that hides, turns or breaks the page."""
    for text, refusal in HOSTILE:
        if refusal:
            with pytest.raises(Unwritable) as refused:
                checked(text)
            hidden = [
                sign for sign in refused.value.message if unicodedata.category(sign) in ("Cc", "Cs", "Co", "Zl")
            ]
            assert not hidden
            refused.value.message.encode()


def test_it_is_composed_and_tidied():
    assert checked("  Zoe\u0308\t and\u3000 Ada \r\n\r\n for ever ") == "Zo\u00eb and Ada\nfor ever"


def test_what_is_checked_stays_as_it_is():
    for text, refusal in HOSTILE:
        if refusal is None:
            assert checked(checked(text)) == checked(text)


def test_an_emoji_is_written_in_its_one_form():
    assert checked("❤️") == checked("❤︎") == "❤"


def test_letters_are_counted_as_readers_count_them():
    assert checked("ṩ" * 60)
    with pytest.raises(Unwritable):
        checked("ṩ" * 61)


def test_letters_that_cannot_be_written_are_named_each_once():
    with pytest.raises(Unwritable) as refused:
        checked("𓀀𓀁𓀀 Steve")
    assert refused.value.letters == ("𓀀", "𓀁")


def test_a_letter_with_marks_is_left_to_a_font_that_can_place_them():
    assert coverage.font_of("e") == "lobster"
    assert coverage.font_of("ë") == "lobster"
    assert coverage.font_of("e\u0304\u0301") == "sans"
    assert coverage.font_of("λ") == "comfortaa"


def test_the_web_needs_no_font_library():
    """Nor anything else of the renderer's: its requirements are not installed there."""
    heavy = "{'numpy', 'scipy', 'uharfbuzz', 'mitsuba', 'drjit', 'mitsuba_oidn'}"
    code = f"import sys, jobs.cake.sketch; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], timeout=PATIENCE_SECONDS).returncode == 0


@pytest.mark.parametrize("letter", ["\u2800", "\u3164", "\u115f"])
def test_a_letter_that_shows_nothing_is_named_by_its_number(letter):
    with pytest.raises(Unwritable) as refused:
        checked(f"For {letter} Ada")
    assert refused.value.letters[0].startswith(f"U+{ord(letter):04X} ")
