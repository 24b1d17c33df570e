"""A design is checked once; equal designs are equal everywhere; the bill adds up."""

import itertools

import pytest

from jobs.cake import design as design_module
from jobs.cake import options
from jobs.cake.colours import contrast
from jobs.cake.design import LEAST_CONTRAST, Design, Unsuitable
from jobs.cake.inscription import Unwritable

from .factories import STEVES, make_design


def test_it_takes_what_a_form_sends():
    sent = STEVES | {"tiers": "2", "candles": " 5 ", "csrfmiddlewaretoken": "x"}
    assert Design.of(sent) == make_design()


def test_it_comes_back_from_its_own_dict():
    assert Design.of(make_design().as_dict()) == make_design()


@pytest.mark.parametrize("field", [field for field in STEVES if field != "inscription"])
@pytest.mark.parametrize(
    "value", [None, "", "no such choice", 7.5, True, [], {}, -1, 21, 10**9, "٣", "9" * 5000, "1e1"]
)
def test_it_names_the_field_that_cannot_be(field, value):
    with pytest.raises(ValueError) as refused:
        make_design(**{field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("field", STEVES)
def test_it_names_the_field_that_is_missing(field):
    with pytest.raises(Unsuitable) as refused:
        Design.of({key: value for key, value in STEVES.items() if key != field})
    assert refused.value.field == field


@pytest.mark.parametrize("value", [None, 7, True, [], {}])
def test_an_inscription_that_is_no_text_is_refused(value):
    with pytest.raises(Unsuitable) as refused:
        make_design(inscription=value)
    assert refused.value.field == "inscription"


def test_an_inscription_that_cannot_be_written_is_refused_with_its_field():
    with pytest.raises(Unwritable) as refused:
        make_design(inscription="\u202eevetS")
    assert refused.value.field == "inscription"


def test_equal_cakes_have_one_digest_and_others_another():
    others = [
        make_design(inscription="Happy Birthday, Ada!"),
        make_design(tiers=3),
        make_design(candles=6),
        make_design(mood="linen"),
    ]
    assert make_design(inscription="Happy  Birthday,\tSteve!").digest == make_design().digest
    assert len({design.digest for design in [make_design(), *others]}) == 5


def test_a_renderer_of_another_form_means_another_digest(monkeypatch):
    before = make_design().digest
    monkeypatch.setattr(design_module, "FORM", design_module.FORM + 1)
    assert make_design().digest != before


def test_the_digest_is_the_same_in_every_process():
    assert make_design().digest == "c2df7020ca10530f9892a1b68c4aa0cf96ffc9a90f41e7f295b30debea88580f"


def test_the_bill_adds_up():
    lines = make_design().lines()
    assert lines == [
        ("Two tiers, for 18", 6400),
        ("Vanilla sponge", 0),
        ("Vanilla cream", 0),
        ("Dark chocolate glaze", 300),
        ("Cherries", 400),
        ("5 candles", 250),
        ("White porcelain", 0),
    ]
    assert make_design().price_cents == 7350


def test_what_is_not_there_is_not_on_the_bill():
    labels = [label for label, _ in make_design(topping="plain", candles=0).lines()]
    assert not [label for label in labels if "candle" in label or "Nothing" in label]


def test_one_candle_is_one():
    assert ("1 candle", 50) in make_design(candles=1).lines()


def test_allergens_are_named_once():
    assert make_design(sponge="almond").allergens == ("wheat (gluten)", "egg", "milk", "almonds (nuts)", "soya")


@pytest.mark.parametrize(("cream", "glaze"), [*itertools.product(options.CREAMS, options.GLAZES)])
def test_letters_stand_out_from_every_glaze(cream, glaze):
    design = make_design(cream=cream, glaze=glaze)
    assert contrast(design.letters_colour, options.GLAZES[glaze].colour) >= LEAST_CONTRAST
