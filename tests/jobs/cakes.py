"""Cakes for tests."""

from jobs.cake.design import Design

CHOICES = {
    "tiers": 2,
    "sponge": "cocoa",
    "cream": "cream",
    "glaze": "chocolate",
    "topping": "cherries",
    "candles": 6,
    "plate": "porcelain",
    "mood": "evening",
}


def a_cake(inscription="Happy Birthday, Steve!", **changes):
    return Design.of(CHOICES | {"inscription": inscription} | changes)
