"""A design as a scene: tiers put on one another, piped, topped, written on, lit and looked at."""

from dataclasses import dataclass
from typing import Any

import mitsuba as mi
import numpy as np

from . import options
from .arrays import Array
from .camera import Frame, camera
from .colours import linear
from .design import Design
from .materials import OF_POINTS, Plugin, bumped, image, rgb, shape, surface
from .meshes import candles, piping, plates, toppings
from .meshes.glaze import Top, glaze
from .meshes.lettering import lettering
from .meshes.mesh import Mesh, copies, join
from .meshes.sponge import Side, side
from .moods import LIGHTS, surroundings

# Radius and height of each tier, from the lowest.
TIERS = {1: ((11.0, 7.4),), 2: ((12.6, 6.6), (9.0, 6.0)), 3: ((14.2, 5.7), (11.2, 5.3), (8.3, 5.0))}
PLATE_BEYOND = 2.4
OVERLAP = 0.08
DARK = 0.12


@dataclass(frozen=True)
class Tier:
    radius: float
    foot: float
    height: float
    side: Side
    glaze: Mesh
    top: Top


def scene(design: Design, width: int, height: int) -> Any:
    """Mitsuba's scene of the design, for a picture of that size. The same design is the same scene."""
    chance = np.random.default_rng(int(design.digest[:8], 16))
    tiers = _tiers(design, chance)
    top = tiers[-1].top
    letters, em = lettering(design.inscription, top, _writing_radius(design, top), _forward(design))
    plate_radius = tiers[0].radius + PLATE_BEYOND
    floor = -plates.HEIGHTS[design.plate]
    parts = _tier_shapes(design, tiers) | _piped(design, tiers, chance) | _plate(design, plate_radius)
    parts["letters"] = shape("letters", letters, surface(rgb(linear(design.letters_colour)), 0.30, coat=0.4))
    parts |= _candles(design, top, chance) if design.candles else {}
    parts |= surroundings(design.mood, floor, plate_radius * 0.5)
    parts["sensor"] = camera(_frame(design, tiers, plate_radius, em), width, height)
    return mi.load_dict({"type": "scene"} | parts, parallel=False)  # loaded in parallel, lamps may change places


def _tiers(design: Design, chance: np.random.Generator) -> list[Tier]:
    sponge, cream = (
        np.array(linear(choice.colour)) for choice in (options.SPONGES[design.sponge], options.CREAMS[design.cream])
    )
    tiers, foot = [], 0.0
    for radius, height in TIERS[design.tiers]:
        poured, top = glaze(chance, radius, foot, height, 0.48)
        tiers.append(Tier(radius, foot, height, side(chance, radius, foot, height, sponge, cream), poured, top))
        foot = top.height - OVERLAP
    return tiers


def _tier_shapes(design: Design, tiers: list[Tier]) -> dict[str, Plugin]:
    colour = np.array(linear(options.GLAZES[design.glaze].colour))
    is_dark = colour.mean() < DARK
    shiny = surface(rgb(colour), 0.20 if is_dark else 0.30, coat=0.6 if is_dark else 0.35)
    parts = {"glaze": shape("glaze", join([tier.glaze for tier in tiers]), shiny)}
    for place, tier in enumerate(tiers):
        crumb = bumped(surface(image(tier.side.colours), 0.8, specular=0.2), image(tier.side.bumps), 1.0)
        parts[f"side{place}"] = shape(f"side{place}", tier.side.mesh, crumb)
    return parts


def _piped(design: Design, tiers: list[Tier], chance: np.random.Generator) -> dict[str, Plugin]:
    """Shells at every foot, swirls on every ledge, a crown around the top; and what lies on them."""
    cream = np.array(linear(options.CREAMS[design.cream].colour))
    swirl, shell = piping.swirl(cream), piping.shell(cream)
    piped, spots = [], []
    for place, tier in enumerate(tiers):
        foot = tiers[place - 1].top.height if place else 0.0
        piped.append(piping.ring_of_shells(shell, tier.radius + 0.42, foot, size=0.74))
        if place + 1 < len(tiers):
            middle = (tier.radius + tiers[place + 1].radius) / 2 + 0.28
            count = round(2 * np.pi * middle / 4.0)
            spots.append(_around(tier.top, middle, count, 0.25))
            piped.append(_swirls(swirl, spots[-1], 1.12))
    crown = _around(
        tiers[-1].top, tiers[-1].radius - 0.72, 3 * round(2 * np.pi * (tiers[-1].radius - 0.7) / 5.2), 0.5
    )
    piped.append(_swirls(swirl, crown, 0.80))
    parts = {"cream": shape("cream", join(piped), surface(OF_POINTS, 0.38, specular=0.45, coat=0.12, sheen=0.25))}
    on = _over(np.concatenate(spots), 1.30) if spots else _over(crown[::3], 0.92)
    return parts | _topped(design, tiers, on, chance)


def _around(top: Top, radius: float, count: int, start: float) -> Array:
    turns = 2 * np.pi * (np.arange(count) + start) / count
    x, y = radius * np.cos(turns), radius * np.sin(turns)
    return np.stack([x, y, top.at(x, y)], -1)


def _over(places: Array, height: float) -> Array:
    return places + np.array([0, 0, height])


def _swirls(piece: Mesh, places: Array, size: float) -> Mesh:
    return copies(piece, places, turns=np.arctan2(places[:, 1], places[:, 0]) + 1.1, sizes=size)


def _topped(design: Design, tiers: list[Tier], on: Array, chance: np.random.Generator) -> dict[str, Plugin]:
    parts: dict[str, Plugin] = {}
    colour = np.array(linear(options.TOPPINGS[design.topping].colour))
    if design.topping == "cherries":
        centres = _over(on, 0.30)
        fruit = toppings.tumbled(toppings.cherry(colour * 0.75), centres, chance, size=0.84, tilt=0.2)
        parts["fruit"] = shape("fruit", fruit, surface(OF_POINTS, 0.12, specular=0.6, coat=1.0))
        parts["stems"] = shape("stems", toppings.stems(centres, chance, 0.84), surface(OF_POINTS, 0.5))
    elif design.topping == "berries":
        parts |= _berries(colour, on, chance)
    elif design.topping == "sprinkles":
        strewn = toppings.sprinkles(chance, _strewn(tiers, chance), options.SPRINKLES)
        parts["sprinkles"] = shape("sprinkles", strewn, surface(OF_POINTS, 0.25, coat=0.4))
    return parts


def _berries(colour: Array, on: Array, chance: np.random.Generator) -> dict[str, Plugin]:
    aside = np.stack([-on[:, 1], on[:, 0], 0 * on[:, 0]], -1) / np.hypot(on[:, 0], on[:, 1])[:, None]
    red = toppings.tumbled(toppings.raspberry(colour), _over(on - 0.42 * aside, 0.10), chance, size=0.66, tilt=0.4)
    blue = toppings.tumbled(toppings.blueberry(), on + 0.62 * aside, chance, size=0.56, tilt=0.6)
    green = copies(
        toppings.leaf(),
        _over(on, -0.25),
        turns=np.arctan2(on[:, 1], on[:, 0]) + chance.uniform(-0.6, 0.6, len(on)),
        sizes=0.85,
    )
    return {
        "red": shape("red", red, surface(OF_POINTS, 0.34, specular=0.5, coat=0.25)),
        "blue": shape("blue", blue, surface(OF_POINTS, 0.45, specular=0.4)),
        "green": shape("green", green, {"type": "twosided", "bsdf": surface(OF_POINTS, 0.45)}),
    }


def _strewn(tiers: list[Tier], chance: np.random.Generator) -> Array:
    """Places for sprinkles: on every ledge, and around the top between the crown and the letters."""
    places = []
    for place, tier in enumerate(tiers):
        is_last = place + 1 == len(tiers)
        low, high = (
            (tier.radius * 0.80, tier.radius - 1.3) if is_last else (tiers[place + 1].radius + 0.9, tier.radius)
        )
        count = int(34 * (high - low) * tier.radius / 6)
        reach, turns = chance.uniform(low, high, count), chance.uniform(0, 2 * np.pi, count)
        x, y = reach * np.cos(turns), reach * np.sin(turns)
        places.append(np.stack([x, y, tier.top.at(x, y)], -1))
    return np.concatenate(places)


def _candles(design: Design, top: Top, chance: np.random.Generator) -> dict[str, Plugin]:
    """Along the back of the top, closer the more they are."""
    count, radius = design.candles, _candle_radius(top)
    span = np.radians(min(24 * (count - 1), 140 + 4 * max(count - 6, 0)))
    turns = np.pi / 2 + (np.linspace(0.5, -0.5, count) * span if count > 1 else np.zeros(1))
    waxes, wicks, flames = [], [], []
    for place, turn in enumerate(turns):
        at = (radius * np.cos(turn), radius * np.sin(turn), top.height)
        waxes.append(candles.wax(np.array(linear(options.WAX[place % len(options.WAX)]))).moved(*at))
        wicks.append(candles.wick(chance.uniform(-0.08, 0.08, 2)).moved(*at))
        flames.append(candles.flame(0.10 * chance.standard_normal(2)).moved(*at))
    glow = {"type": "area", "radiance": image(candles.glow(_flame(design)))}
    return {
        "wax": shape("wax", join(waxes), surface(OF_POINTS, 0.34)),
        "wicks": shape("wicks", join(wicks), surface(OF_POINTS, 0.9)),
        "flames": shape("flames", join(flames), {"type": "diffuse", "reflectance": rgb((0, 0, 0))}, glow),
    }


def _plate(design: Design, radius: float) -> dict[str, Plugin]:
    colour = rgb(linear("#f4f2ee" if design.plate == "gold" else options.PLATES[design.plate].colour))
    finish = {"sage": (0.38, 0.3), "slate": (0.62, 0.0)}.get(design.plate, (0.14, 0.35))
    parts = {"plate": shape("plate", plates.plate(design.plate, radius), surface(colour, finish[0], coat=finish[1]))}
    if design.plate == "gold":
        parts["rim"] = shape("rim", plates.rim(radius), surface(rgb((0.83, 0.58, 0.22)), 0.22, metallic=1.0))
    return parts


def _flame(design: Design) -> float:
    """How bright a flame is: many together are each fainter, or the film would see nothing else."""
    return LIGHTS[design.mood].flame / max(1.0, design.candles / 4) ** 0.7


def _candle_radius(top: Top) -> float:
    return top.radius - 1.75


def _writing_radius(design: Design, top: Top) -> float:
    """The circle for the letters: inside the crown, and clear of the candles."""
    if not design.candles:
        return top.radius - 1.75
    return top.radius - (2.05 if design.candles <= 8 else 2.45)


def _forward(design: Design) -> float:
    return 0.55 if design.candles else 0.0


def _frame(design: Design, tiers: list[Tier], plate_radius: float, em: float) -> Frame:
    top = tiers[-1].top
    flames = (_candle_radius(top), top.height + candles.TALL + candles.FLAME + 0.5) if design.candles else None
    circles = ((plate_radius + 0.7, 0.0), (top.radius, top.height), (top.radius, top.height + 1.2))
    return Frame(circles, flames, em, (0.0, -0.5 * top.radius, top.height))
