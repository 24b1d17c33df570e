"""Plates: a footed stand of porcelain, the same with a gold rim, a broad plate of stoneware, a slab of slate."""

import numpy as np

from ..arrays import Array
from .mesh import Mesh, circle, grid, turned

# How far the surface of each lies above the table.
HEIGHTS = {"porcelain": 4.2, "gold": 4.2, "sage": 1.1, "slate": 0.9}


def plate(kind: str, radius: float) -> Mesh:
    """The plate with its surface at height 0; the cake's foot may reach to `radius`."""
    if kind == "slate":
        return _slab(radius + 0.6)
    return turned(_stand(radius) if kind in ("porcelain", "gold") else _dish(radius), 320)


def rim(radius: float) -> Mesh:
    """The gilded edge of a stand."""
    turns = np.linspace(np.pi, 0, 12)
    return turned(np.stack([radius + 0.52 - 0.24 * np.cos(turns[::-1]), 0.13 + 0.19 * np.sin(turns)], -1), 320)


def _stand(radius: float) -> Array:
    lip = [(radius + 0.35 - 0.35 * np.cos(turn), 0.28 * np.sin(turn) ** 0.7) for turn in np.linspace(0, np.pi, 14)]
    under = [(0.70, -0.1), (0.55, -0.35), (-0.6, -0.6)]
    foot = [
        (0.6, -0.8),
        (0.30, -1.1),
        (0.17, -1.7),
        (0.145, -2.4),
        (0.17, -3.1),
        (0.30, -3.7),
        (0.42, -4.0),
        (0.44, -4.12),
        (0.43, -4.2),
    ]
    profile = [(0.01, 0.0), *((reach, 0.0) for reach in np.linspace(1, radius, 12)), *lip]
    profile += [(radius + more, z) for more, z in under] + [(radius * share, z) for share, z in foot]
    return np.array(profile)


def _dish(radius: float) -> Array:
    rise = [(radius + 1.9 * share, 0.55 * share**1.8) for share in np.linspace(0, 1, 12)]
    lip = [
        (radius + 1.9 + 0.16 * np.sin(turn), 0.55 - 0.16 + 0.16 * np.cos(turn)) for turn in np.linspace(0.2, np.pi, 8)
    ]
    profile = [(0.01, 0.0), *((reach, 0.0) for reach in np.linspace(1, radius - 0.2, 12)), *rise, *lip]
    return np.array([*profile, (radius + 0.4, -0.35), (radius * 0.7, -0.8), (radius * 0.62, -1.1)])


def _slab(radius: float) -> Mesh:
    """A round slab whose edge was broken, not cut."""
    angles = circle(360)
    ragged = sum(np.sin(angles * wave + wave * wave) / wave for wave in (7, 13, 23, 37, 61)) * 0.18
    profile = [(share * radius, 0.0, 0.0) for share in (0.001, 0.3, 0.6, 0.9)]
    profile += [
        (radius - 0.10, 0.0, 0.8),
        (radius, -0.08, 1.0),
        (radius + 0.05, -0.4, 0.4),
        (radius, -0.82, 1.0),
        (radius - 0.1, -0.9, 0.8),
    ]
    rows = [
        np.stack(
            [(reach + ragged * share) * np.cos(angles), (reach + ragged * share) * np.sin(angles), np.full(360, z)],
            -1,
        )
        for reach, z, share in profile
    ]
    return grid(np.array(rows))
