"""The quick drawing of a design: an SVG of some kilobytes, made in the web process while the customer still chooses.

It promises what the picture will show, not how: tiers, colours, toppings, candles and words, drawn as with a pencil.
Text by strangers is escaped in `pencil.element`, the one place where elements are made.
"""

from collections.abc import Iterator
from random import Random

from . import options
from .design import Design
from .pencil import CENTRE, FLAT, INK, element, group, on_ring, path, ring
from .sketch_parts import candle, decoration, note, swirl
from .sketch_words import words

FLOOR = 412.0
# Radius and height of each tier, from the lowest.
SIZES = {1: ((168, 116),), 2: ((186, 92), (126, 84)), 3: ((190, 76), (144, 70), (98, 64))}
RIM = {"porcelain": "#cfc8bd", "gold": "#c9992e", "sage": "#6d8470", "slate": "#2d3136"}
SPINDLE = 2.0


def sketch(design: Design) -> str:
    """The whole `<svg>`; equal designs are drawn alike."""
    tiers, chance = list(_tiers(design.tiers)), Random(7)  # noqa: S311 - a trembling hand, no secret
    parts = [_plate(design, tiers[0][0])]
    before: list[str] = []
    for place, (radius, foot, top) in enumerate(tiers):
        parts += [*_tier(design, radius, foot, top, chance), *before]
        if place + 1 < len(tiers):
            behind, before = _ledge(design, radius, top, tiers[place + 1][0])
            parts += behind
    parts += _top(design, tiers[-1][0], tiers[-1][2])
    parts += _notes(design, tiers)
    drawing = group(parts, fill="none", stroke=INK, stroke_width=1.6, stroke_linecap="round", stroke_linejoin="round")
    label = f"Drawing of a cake that says {' '.join(design.inscription.split())}"
    return element("svg", drawing, viewBox="-40 40 640 456", class_="cake", role="img", aria_label=label)


def _tiers(count: int) -> Iterator[tuple[float, float, float]]:
    """Radius, foot and top of each tier."""
    foot = FLOOR
    for radius, height in SIZES[count]:
        yield radius, foot, foot - height
        foot -= height + SPINDLE


def _plate(design: Design, radius: float) -> str:
    plate = options.PLATES[design.plate].colour if design.plate != "gold" else "#fdfbf6"
    rim = RIM[design.plate]
    inner = ring(FLOOR, radius + 26, stroke=rim, stroke_width=3 if design.plate == "gold" else 1.2)
    return ring(FLOOR + 6, radius + 46, fill=plate, stroke_width=2) + inner


def _tier(design: Design, radius: float, foot: float, top: float, chance: Random) -> Iterator[str]:
    sponge, cream = options.SPONGES[design.sponge].colour, options.CREAMS[design.cream].colour
    bow = ("A", radius, radius * FLAT, "0 0 0", CENTRE + radius)
    yield path("M", CENTRE - radius, top, "V", foot, *bow, foot, "V", top, "Z", fill=sponge)
    for share in (0.4, 0.7):
        height = top + (foot - top) * share
        yield path(
            "M", CENTRE - radius + 1, height, *bow[:4], CENTRE + radius - 1, height, stroke=cream, stroke_width=6
        )
    yield from _shade(radius, foot, top)
    for place in range(beads := int(radius / 6.2)):
        x, y = on_ring(foot - 2, radius + 3, 180 * (place + 0.5) / beads)
        yield element("circle", cx=x, cy=y, r=6.6, fill=cream)
    yield _icing(options.GLAZES[design.glaze].colour, radius, top, foot - top, chance)
    yield ring(top, radius + 1, fill=options.GLAZES[design.glaze].colour)
    yield ring(top, radius - 13, stroke="#ffffff", stroke_opacity=0.22, stroke_width=3)


def _shade(radius: float, foot: float, top: float) -> Iterator[str]:
    """Hatching on the side that is turned away from the light."""
    for place in range(9):
        x, y = on_ring(top, radius, 64 - 6.5 * place)
        yield path("M", x, y + 16, "l", -6, foot - top - 38, stroke_opacity=0.26, stroke_width=1.2)


def _icing(colour: str, radius: float, top: float, height: float, chance: Random) -> str:
    """What runs down the side: long and short drips in turn, each round at its end."""
    outer, count = radius + 2, round(radius / 8.5)
    steps: list[str | float] = ["M", CENTRE - outer, top]
    for place in range(count):
        (left, _), (right, y) = (on_ring(top, outer, 180 - 180 * (place + edge) / count) for edge in (0, 1))
        long = height * (0.12 + 0.3 * chance.random() + (0.2 if place % 3 == 1 else 0))
        steps += ["C", left + (right - left) * 0.05, y + long * 1.35, right - (right - left) * 0.05, y + long * 1.35]
        steps += [right, y + 5]
    return path(*steps, "V", top, "Z", fill=colour)


def _ledge(design: Design, radius: float, top: float, above: float) -> tuple[list[str], list[str]]:
    """Swirls around the next tier: those that it hides, and those before it."""
    middle, cream = (radius + above) / 2 + 3, options.CREAMS[design.cream].colour
    places = _places(round(middle / 11.5))
    swirls = [
        swirl(x, y, 13, cream) + decoration(design.topping, x, y - 17)
        for x, y in (on_ring(top + 3, middle, degrees) for degrees in places)
    ]
    hidden = sum(_depth(degrees) < 0 for degrees in places)
    return swirls[:hidden], swirls[hidden:]


def _top(design: Design, radius: float, top: float) -> Iterator[str]:
    """The crown of swirls: its back, the candles, the words, its front."""
    places, cream = _places(round(radius / 5.6)), options.CREAMS[design.cream].colour
    fruit = design.topping if design.tiers == 1 else "plain"
    swirls = [
        swirl(x, y, 11, cream) + (decoration(fruit, x, y - 13) if number % 3 == 0 else "")
        for number, (x, y) in enumerate(on_ring(top + 3, radius - 12, degrees) for degrees in places)
    ]
    behind = sum(_depth(degrees) < 0 for degrees in places)
    yield from swirls[:behind]
    for place, degrees in enumerate(candle_places(design.candles)):
        x, y = on_ring(top + 2, radius - 27, degrees)
        yield candle(x, y, options.WAX[place % len(options.WAX)])
    yield words(design, CENTRE, top - (3 if design.candles else 6), radius - 30)
    yield from swirls[behind:]


def candle_places(count: int) -> list[float]:
    """Where candles stand: along the back, closer the more there are, and around the rim when they are many."""
    span = min(24 * (count - 1), 150 + 4 * max(count - 8, 0))
    return sorted(
        (270 + span * (place / (count - 1) - 0.5) if count > 1 else 270 for place in range(count)), key=_depth
    )


def _places(count: int) -> list[float]:
    """Places all around, those at the back first."""
    return sorted((360 * (place + 0.5) / count for place in range(count)), key=_depth)


def _depth(degrees: float) -> float:
    """How near a place on a ring is: -1 at the back, 1 in front."""
    return on_ring(0, 1 / FLAT, degrees)[1]


def _notes(design: Design, tiers: list[tuple[float, float, float]]) -> Iterator[str]:
    """The baker's notes in the margin."""
    (low, foot, low_top), (radius, _, top) = tiers[0], tiers[-1]
    yield note((CENTRE + radius * 0.8, top - 1), (458, top - 46), design.glaze)
    yield note((CENTRE - low * 0.82, foot - (foot - low_top) * 0.45), (96, foot - 158), design.sponge)
    if design.candles:
        many = f"{design.candles} candle{'s' * (design.candles > 1)}"
        yield note((CENTRE - min(radius * 0.6, 14 * design.candles), top - radius * 0.2 - 30), (120, top - 78), many)
