"""What may be written is written: no letter is a box, none is lost, none hangs over the edge."""

import numpy as np
import pytest
import uharfbuzz

from jobs.cake import bidi
from jobs.cake.coverage import font_of
from jobs.cake.fonts import font
from jobs.cake.inscription import checked, graphemes
from jobs.cake.letters import ink, layout
from jobs.cake.shaping import pen_for, written

from .hostile import HOSTILE

RADIUS, CELL = 7.0, 0.05
WRITABLE = [checked(text) for text, refusal in HOSTILE if refusal is None]


def drawn(text):
    return ink(layout(text, RADIUS), RADIUS, CELL)


@pytest.mark.parametrize("text", WRITABLE, ids=ascii)
def test_all_of_it_is_on_the_cake(text):
    rows, columns = np.nonzero(drawn(text))
    middle = (len(drawn(text)) - 1) / 2
    assert len(rows) > 50
    assert np.hypot(rows - middle, columns - middle).max() * CELL < RADIUS * 1.1


@pytest.mark.parametrize("text", WRITABLE, ids=ascii)
def test_no_letter_is_an_empty_box(text):
    for letter in graphemes("".join(text.split())):
        buffer = uharfbuzz.Buffer()
        buffer.add_str(letter)
        buffer.guess_segment_properties()
        uharfbuzz.shape(font(font_of(letter)), buffer)
        assert 0 not in [info.codepoint for info in buffer.glyph_infos]


@pytest.mark.parametrize("text", WRITABLE, ids=ascii)
def test_lines_hold_all_the_letters(text):
    lines = layout(text, RADIUS).lines
    assert 1 <= len(lines) <= 3
    assert sum(line.width for line in lines) > 0.2 * len(graphemes("".join(text.split())))


def test_a_ring_has_a_hole():
    mask = drawn("o")
    rows, columns = np.nonzero(mask)
    assert not mask[(rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2]


def test_one_hand_writes_all_that_it_can():
    assert pen_for("Happy Birthday") == "lobster"
    assert pen_for("Zoë ❤") == "lobster"
    assert pen_for("Χρόνια πολλά, Steve") == "comfortaa"


def test_short_words_are_written_large_and_breaks_are_even():
    assert layout("Ada", RADIUS).em > layout("Happy Birthday, Ada", RADIUS).em > layout("W" * 60, RADIUS).em
    widths = [line.width for line in layout("生日快乐", RADIUS).lines]
    assert len(widths) == 2
    assert widths[0] == pytest.approx(widths[1], rel=0.05)


def test_the_customers_own_lines_stay():
    assert len(layout("For ever\nforty", RADIUS).lines) == 2


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("abc", ["abc"]),
        ("שלום", ["שלום"]),
        ("שלום 30 Ada", ["Ada", " ", "30", "שלום "]),
        ("Ada שלום!", ["Ada ", "שלום", "!"]),
    ],
)
def test_runs_are_drawn_from_the_left(text, order):
    parts = ["".join(letters) for letters, _ in bidi.runs(list(text))]
    assert parts == order


def test_hebrew_is_drawn_from_right_to_left():
    """Of three letters the last ends up at the left."""
    line, last = written("אבל", "hebrew"), written("ל", "hebrew")
    left = min(line.contours, key=lambda contour: contour[:, 0].min())
    assert len(left) == len(last.contours[0])
    assert len(left) != len(written("א", "hebrew").contours[0])
