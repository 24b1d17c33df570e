"""The quick drawing: shows every choice, is well-formed whatever is written, and brings no style along."""

from xml.etree import ElementTree

import pytest

from jobs.cake import options
from jobs.cake.sketch import candle_places, sketch
from jobs.cake.sketch_words import broken

from .factories import make_design
from .hostile import HOSTILE

WRITABLE = [text for text, refusal in HOSTILE if refusal is None]
TABLES = {
    "tiers": options.TIERS,
    "sponge": options.SPONGES,
    "cream": options.CREAMS,
    "glaze": options.GLAZES,
    "topping": options.TOPPINGS,
    "plate": options.PLATES,
}


def drawn(**changes):
    return ElementTree.fromstring(sketch(make_design(**changes)))


def written(drawing):
    """The lines of the inscription, without the notes in the margin."""
    lettering = next(group for group in drawing.iter("g") if "scale" in group.get("transform", ""))
    return [text.text for text in lettering.iter("text")]


@pytest.mark.parametrize("text", WRITABLE, ids=ascii)
def test_every_letter_is_drawn_and_none_is_markup(text):
    design = make_design(inscription=text)
    assert "".join(written(drawn(inscription=text))).replace(" ", "") == "".join(design.inscription.split())


@pytest.mark.parametrize("text", WRITABLE, ids=ascii)
def test_the_page_may_forbid_styles_and_scripts(text):
    for element in drawn(inscription=text).iter():
        assert element.tag in ("svg", "g", "path", "ellipse", "circle", "text")
        assert not [name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name]


@pytest.mark.parametrize("field", TABLES)
def test_every_choice_changes_the_drawing(field):
    drawings = {sketch(make_design(**{field: key})) for key in TABLES[field]}
    assert len(drawings) == len(TABLES[field])


@pytest.mark.parametrize("count", range(options.MAX_CANDLES + 1))
def test_every_candle_burns_in_its_own_place(count):
    assert len(set(candle_places(count))) == count
    flames = [path for path in drawn(candles=count).iter("path") if path.get("fill") == "#f6b73c"]
    assert len(flames) == count


def test_equal_designs_are_drawn_alike():
    assert sketch(make_design()) == sketch(make_design())


def test_a_drawing_is_small_enough_for_a_page():
    assert len(sketch(make_design(tiers=3, topping="sprinkles", candles=20))) < 32_000


def test_it_says_in_words_what_it_shows():
    assert drawn().get("aria-label") == "Drawing of a cake that says Happy Birthday, Steve!"
    assert drawn().get("role") == "img"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Steve", ["Steve"]),
        ("Happy Birthday, Steve!", ["Happy", "Birthday,", "Steve!"]),
        ("For\nAda and Steve", ["For", "Ada and Steve"]),
        ("W" * 60, ["W" * 20] * 3),
        ("生日快乐生日快乐生日快乐", ["生日快乐"] * 3),
    ],
)
def test_lines_are_the_customers_or_balanced(text, lines):
    assert broken(text) == lines


def test_what_runs_from_right_to_left_says_so():
    assert 'direction="rtl"' in sketch(make_design(inscription="יום הולדת שמח"))
    assert 'direction="rtl"' not in sketch(make_design())
