"""Where the picture is taken from: as near as shows all that was ordered, and lower the less there is to read."""

import math
from dataclasses import dataclass

import mitsuba as mi
import numpy as np

from .arrays import Array
from .materials import Plugin
from .meshes.mesh import circle

FIELD = 30.0
MARGIN = 0.955
APERTURE = 0.62
ASIDE = -0.10
# The camera's height over the table in degrees, for large letters and for the smallest.
LOW, HIGH = 34.0, 47.0
READABLE, TINY = 2.4, 0.8


@dataclass(frozen=True)
class Frame:
    """What must be in the picture: circles of (radius, height), an arc of flames at the back; the letters."""

    circles: tuple[tuple[float, float], ...]
    flames: tuple[float, float] | None
    em: float
    focus: tuple[float, float, float]


def camera(frame: Frame, width: int, height: int) -> Plugin:
    """A lens that frames it; the letters are in focus."""
    small = np.clip((READABLE - frame.em) / (READABLE - TINY), 0, 1)
    rise = math.radians(LOW + (HIGH - LOW) * small)
    ahead = _unit(np.array([ASIDE, math.cos(rise), -math.sin(rise)]))
    aside = _unit(np.cross(ahead, (0, 0, 1)))
    up = np.cross(aside, ahead)
    target, away = _fitted(_points(frame), ahead, aside, up, width / height)
    origin = target - away * ahead
    looking = mi.ScalarTransform4f().look_at(origin.tolist(), target.tolist(), [0, 0, 1])
    film = {"type": "hdrfilm", "width": width, "height": height, "pixel_format": "rgb", "component_format": "float32"}
    return {
        "type": "thinlens",
        "fov": FIELD,
        "fov_axis": "x",
        "aperture_radius": APERTURE,
        "focus_distance": float((np.array(frame.focus) - origin) @ ahead),
        "to_world": looking,
        "film": film | {"rfilter": {"type": "box"}},
        "sampler": {"type": "independent"},
    }


def _points(frame: Frame) -> Array:
    turns = circle(48)
    rings = [_ring(turns, radius, height) for radius, height in frame.circles]
    if frame.flames:
        rings.append(_ring(np.linspace(0, math.pi, 16), *frame.flames))
    return np.concatenate(rings)


def _ring(turns: Array, radius: float, height: float) -> Array:
    return np.stack([radius * np.cos(turns), radius * np.sin(turns), np.full(len(turns), height)], -1)


def _fitted(points: Array, ahead: Array, aside: Array, up: Array, shape: float) -> tuple[Array, float]:
    """Where to look and from how far, so that the points fill the picture: a few steps of better guesses."""
    wide = math.tan(math.radians(FIELD / 2))
    high, target, away = wide / shape, points.mean(0), 60.0
    for _ in range(40):
        seen = points - (target - away * ahead)
        depth = seen @ ahead
        x, y = (seen @ aside) / depth / wide, (seen @ up) / depth / high
        target = target + away * ((x.max() + x.min()) / 2 * wide * aside + (y.max() + y.min()) / 2 * high * up)
        away *= 1 + 0.7 * (max(np.ptp(x), np.ptp(y)) / 2 / MARGIN - 1)
    return target, float(away)


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)
