"""Every choice can be shown, priced, labelled and drawn."""

import re

import pytest

from jobs.cake import options

TABLES = [
    options.TIERS,
    options.SPONGES,
    options.CREAMS,
    options.GLAZES,
    options.TOPPINGS,
    options.PLATES,
    options.MOODS,
]
CHOICES = [choice for table in TABLES for choice in table.values()]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.label)
def test_a_choice_has_a_label_a_price_and_a_colour(choice):
    assert choice.label[0].isupper()
    assert choice.cents >= 0
    assert re.fullmatch("#[0-9a-f]{6}", choice.colour)


def test_labels_tell_the_choices_apart():
    labels = [choice.label for choice in CHOICES]
    assert len(labels) == len(set(labels))


def test_more_tiers_serve_more_and_cost_more():
    tiers = list(options.TIERS.values())
    assert list(options.TIERS) == [1, 2, 3]
    assert [tier.serves for tier in tiers] == sorted({tier.serves for tier in tiers})
    assert [tier.cents for tier in tiers] == sorted({tier.cents for tier in tiers})


def test_what_harms_is_named():
    assert "almonds (nuts)" in options.SPONGES["almond"].allergens
    assert all("wheat (gluten)" in sponge.allergens for sponge in options.SPONGES.values())
