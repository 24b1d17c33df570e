"""The cake of the tests."""

from jobs.cake.design import Design

STEVES = {
    "inscription": "Happy Birthday, Steve!",
    "tiers": 2,
    "sponge": "vanilla",
    "cream": "cream",
    "glaze": "chocolate",
    "topping": "cherries",
    "candles": 5,
    "plate": "porcelain",
    "mood": "party",
}


def make_design(**changes) -> Design:
    return Design.of(STEVES | changes)
