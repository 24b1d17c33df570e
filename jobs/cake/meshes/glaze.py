"""The glaze of a tier: poured onto the top, round over the rim, and run down the side in drips.

The side is a height field over the unrolled cylinder. Where the band of glaze and a drip meet they are blended as
liquids are, so that no seam shows.
"""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from .mesh import Mesh, circle, ease, grid
from .noise import noise, wave

COLUMNS, ROWS_A_CM = 720, 15
THICK, RIM = 0.24, 0.40
POOL = 0.35
SPACING = 2.0
BLEND = 0.32


@dataclass(frozen=True, eq=False)
class Top:
    """Where the glaze ends above: what lies on a tier asks it for the height of its surface."""

    radius: float
    height: float
    ripples: Array

    def at(self, x: Array, y: Array) -> Array:
        """The height of the surface at points of the top."""
        rows, columns = self.ripples.shape
        row = np.clip(np.hypot(x, y) / self.radius, 0, 0.999) * (rows - 1)
        column = (np.arctan2(y, x) % (2 * np.pi)) / (2 * np.pi) * columns
        low, left = row.astype(int), column.astype(int) % columns
        down, across = row - low, column - column.astype(int)
        inner = self.ripples[low, left] * (1 - across) + self.ripples[low, (left + 1) % columns] * across
        outer = self.ripples[low + 1, left] * (1 - across) + self.ripples[low + 1, (left + 1) % columns] * across
        return self.height + inner * (1 - down) + outer * down


def glaze(chance: np.random.Generator, radius: float, foot: float, height: float, reach: float) -> tuple[Mesh, Top]:
    """The glaze of a tier that stands at `foot`; drips run down at most `reach` of its height."""
    angles, level = circle(COLUMNS), height + POOL
    heights = np.linspace(level - RIM, height * 0.06, int(height * ROWS_A_CM))
    thickness = _thickness(chance, angles * radius, heights, radius, height, reach)
    top = Top(radius, foot + level, _ripples(chance))
    rows = [*_pool(top, angles), *_rim(top, angles, thickness[0])]
    rows += [
        _row(radius + depth, angles, np.full(COLUMNS, foot + z))
        for depth, z in zip(thickness[1:], heights[1:], strict=True)
    ]
    return grid(np.array(rows)), top


def _ripples(chance: np.random.Generator) -> Array:
    """The unevenness of the top, in cm, by radius and angle: still in the middle, so that it has one height."""
    field = noise(chance, 64, 256, 16) + 0.5 * noise(chance, 64, 256, 6)
    return 0.016 * field * ease(np.linspace(0, 1, 64), 0.0, 0.3)[:, None]


def _pool(top: Top, angles: Array) -> list[Array]:
    """The flat of the top, from the middle outwards."""
    return [
        _row(np.full(COLUMNS, reach), angles, top.at(reach * np.cos(angles), reach * np.sin(angles)))
        for reach in np.linspace(0.02, top.radius + THICK - RIM, 40)
    ]


def _rim(top: Top, angles: Array, thickness: Array) -> list[Array]:
    """A quarter of a circle from the flat to the side."""
    rows = []
    edge = top.at(top.radius * np.cos(angles), top.radius * np.sin(angles)) - top.height
    for turn in np.linspace(0, np.pi / 2, 9)[1:]:
        reach = top.radius + THICK - RIM + RIM * np.sin(turn) + (thickness - THICK) * np.sin(turn) ** 2
        rows.append(_row(reach, angles, top.height - RIM + RIM * np.cos(turn) + edge * np.cos(turn)))
    return rows


def _thickness(
    chance: np.random.Generator, across: Array, heights: Array, radius: float, height: float, reach: float
) -> Array:
    """How thick the glaze is on the side, by height and place; negative (under the sponge) where there is none."""
    around, z = 2 * np.pi * radius, heights[:, None]
    band = 0.55 + 0.10 * wave(chance, COLUMNS, 70)
    depth = z - (height - band[None])
    swell = np.zeros_like(depth)
    count = max(8, int(around / SPACING))
    for place in range(count):
        middle = (place + 0.5 + chance.uniform(-0.24, 0.24)) * around / count
        width, end = chance.uniform(0.33, 0.50), height - 0.5 - chance.uniform(0.12, 1) ** 1.3 * reach * height
        beside = np.abs(across - middle)
        beside = np.minimum(beside, around - beside)
        near = np.nonzero(beside < 1.6)[0]
        drip = _drip(beside[near][None], z, width, end)
        depth[:, near] = _blended(depth[:, near], drip)
        swell[:, near] += 0.15 * np.exp(-((beside[near][None] / 0.34) ** 2) - ((z - end - 0.06) / 0.42) ** 2)
    share = np.clip(depth / 0.42, 0, 1)
    thick = THICK * np.sqrt(1 - (1 - share) ** 2) + swell * share
    return np.where(depth > 0, thick, np.maximum(1.2 * depth, -0.45))


def _drip(beside: Array, z: Array, width: float, end: float) -> Array:
    """The signed distance into a drip: wider at its round end, slim above, wide again where it leaves the rim."""
    wide = width * (1.12 - 0.28 * ease(z, end, end + 1.6))
    return wide - np.where(z > end, beside, np.hypot(beside, z - end))


def _blended(one: Array, other: Array) -> Array:
    """The larger of two distances, rounded where they meet."""
    share = np.clip(0.5 + 0.5 * (other - one) / BLEND, 0, 1)
    return one * (1 - share) + other * share + BLEND * share * (1 - share)


def _row(reach: Array, angles: Array, z: Array) -> Array:
    return np.stack([reach * np.cos(angles), reach * np.sin(angles), z], -1)
