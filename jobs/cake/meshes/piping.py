"""Cream from a star tip: swirls that were turned up into a point, and shells that were set one behind the other.

Between the ribs light bounces in the cream itself and comes out warmer; that is in the colours of the points.
"""

import numpy as np

from ..arrays import Array
from .mesh import Mesh, copies, ease, grid

RIBS = 7
TWIST = 1.3
ROWS, COLUMNS = 30, 70
SHELL_ROWS, SHELL_COLUMNS = 14, 28
# Higher powers of a colour are deeper and stronger: how deep a valley is told as such a power.
DEEPER = 0.55


def swirl(cream: Array) -> Mesh:
    """A star of cream, turned as it was set and drawn up to a point that leans; of radius 1 and about 1.4 high."""
    share, angles = np.linspace(1, 0, ROWS)[:, None], np.linspace(0, 2 * np.pi, COLUMNS, endpoint=False)[None]
    body = (
        (1 - share) ** 0.66 * (1 + 0.24 * np.sin(np.pi * np.clip(share * 1.7, 0, 1))) * (1 - 0.22 * (1 - share) ** 14)
    )
    crest = _crest(RIBS / 2 * (angles - TWIST * share**0.8))
    width = body * (0.76 + 0.24 * crest)
    lean = 0.16 * ease(share, 0.55, 1.0)
    x = np.broadcast_to(width * np.cos(angles) + lean, width.shape)
    z = np.broadcast_to(1.42 * share - 0.05, width.shape)
    return grid(np.stack([x, width * np.sin(angles), z], -1), colours=_shaded(cream, crest))


def shell(cream: Array) -> Mesh:
    """A shell along x with its head at +x, about 1 wide and 1.6 long, its foot at height 0."""
    share = np.linspace(0.004, 1, SHELL_ROWS)[:, None]
    angles = np.linspace(0, 2 * np.pi, SHELL_COLUMNS, endpoint=False)[None]
    body = np.sin(np.pi * share**0.62) ** 0.72 * (1 - 0.55 * share) + 0.012
    crest = _crest(angles * 8 / 2 + 0.7 * share)
    width = 0.74 * body * (0.84 + 0.24 * crest)
    x = np.broadcast_to(0.62 - 1.55 * share, width.shape)
    z = np.maximum(0.34 * body + 0.12 * (1 - share) + 0.95 * width * np.sin(angles), -0.02)
    return grid(np.stack([x, width * np.cos(angles), z], -1), colours=_shaded(cream, crest))


def ring_of_shells(piece: Mesh, radius: float, height: float, *, size: float) -> Mesh:
    count = round(2 * np.pi * radius / (1.02 * size))
    angles = 2 * np.pi * np.arange(count) / count
    places = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full(count, height)], -1)
    return copies(piece, places, turns=angles + np.pi / 2, sizes=size)


def _crest(phase: Array) -> Array:
    """1 on a rib, 0 in the sharp valley between two: broad crests, as a star tip leaves them."""
    return np.abs(np.cos(phase)) ** 0.75


def _shaded(cream: Array, crest: Array) -> Array:
    return cream ** (1 + DEEPER * (1 - crest[..., None]))
