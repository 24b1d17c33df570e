"""The side of a tier: layers of sponge with cream between, a thin veil of cream scraped over them.

The mesh carries the bulges; pores, crust and veil are a texture, since they are finer than any mesh would be.
"""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from .mesh import Mesh, circle, ease, grid_faces
from .noise import noise, wave

LAYERS = 3
FILLING = 0.5
COLUMNS, ROWS_A_CM = 640, 14
TEXELS, TEXELS_A_CM = 2560, 34
# The table of the texture is one tier after another, each as high as it needs.
CRUST = np.array([0.30, 0.46, 0.58])


@dataclass(frozen=True, eq=False)
class Side:
    """A tier's side, the texture of its colours and of its height (for bumps), both (rows, columns, …)."""

    mesh: Mesh
    colours: Array
    bumps: Array


def side(chance: np.random.Generator, radius: float, foot: float, height: float, sponge: Array, cream: Array) -> Side:
    """The side of a tier that stands at `foot`."""
    wobble = 0.05 * wave(chance, TEXELS, 160)
    mesh = _mesh(chance, radius, foot, height, wobble)
    rows = int(height * TEXELS_A_CM)
    colours, bumps = _skin(chance, radius, height, rows, wobble, sponge, cream)
    return Side(mesh, colours, bumps)


def _mesh(chance: np.random.Generator, radius: float, foot: float, height: float, wobble: Array) -> Mesh:
    rows = int(height * ROWS_A_CM)
    angles, heights = circle(COLUMNS)[None], np.linspace(height, 0, rows)[:, None]
    stretch = (height / rows) / (2 * np.pi * radius / COLUMNS)
    broad = noise(chance, rows, COLUMNS, 40, stretch=stretch)
    fine = noise(chance, rows, COLUMNS, 9, stretch=stretch)
    inside = _inside(heights, height, np.interp(angles, circle(TEXELS), wobble, period=2 * np.pi))
    is_cream = ease(inside, -0.03, 0.06)
    out = (
        0.05 * broad + 0.018 * fine * (1 - is_cream) + 0.13 * is_cream * np.sqrt(np.clip(inside * 2 / FILLING, 0, 1))
    )
    out -= 0.25 * ease(-heights, -0.25, 0)
    reach = radius + out
    points = np.stack(
        [reach * np.cos(angles), reach * np.sin(angles), np.broadcast_to(foot + heights, reach.shape)], -1
    )
    closed = np.concatenate([points, points[:, :1]], axis=1)
    u, v = np.meshgrid(np.linspace(0, 1, COLUMNS + 1), np.linspace(0, 1, rows))
    faces = grid_faces(rows, COLUMNS + 1, is_round=False)
    mesh = Mesh.of(closed.reshape(-1, 3), faces, uv=np.stack([u, v], -1).reshape(-1, 2))
    seam = mesh.normals.reshape(rows, COLUMNS + 1, 3)
    seam[:, 0] = seam[:, -1] = (seam[:, 0] + seam[:, -1]) / np.linalg.norm(
        seam[:, 0] + seam[:, -1], axis=-1, keepdims=True
    )
    return mesh


def _inside(heights: Array, height: float, wobble: Array) -> Array:
    """How deep a point is in a layer of cream, in cm; negative outside."""
    thick = (height - (LAYERS - 1) * FILLING) / LAYERS
    middles = [(place + 1) * thick + (place + 0.5) * FILLING for place in range(LAYERS - 1)]
    return np.max([FILLING / 2 - np.abs(heights - middle + wobble) for middle in middles], axis=0)


def _edge(heights: Array, height: float, wobble: Array) -> Array:
    """How far a point of the sponge is from where its layer was browned."""
    thick = (height - (LAYERS - 1) * FILLING) / LAYERS
    edges = [place * (thick + FILLING) + end for place in range(LAYERS) for end in (0, thick)]
    return np.min([np.abs(heights + wobble - edge) for edge in edges], axis=0)


def _skin(
    chance: np.random.Generator, radius: float, height: float, rows: int, wobble: Array, sponge: Array, cream: Array
) -> tuple[Array, Array]:
    heights = np.linspace(height, 0, rows)[:, None]
    along = (2 * np.pi * radius / TEXELS) * TEXELS_A_CM
    broad, middle, fine = (noise(chance, rows, TEXELS, size, stretch=1 / along) for size in (70, 14, 5.0))
    streaks = noise(chance, rows, TEXELS, 8, stretch=3.5 / along)
    inside = _inside(heights, height, wobble[None])
    is_cream = ease(inside, -0.03 + 0.02 * fine, 0.03)
    pores = ease(fine + 0.55 * middle, 0.95, 2.0)
    veil = 0.75 * ease(broad + 0.55 * streaks + 0.25 * fine, 0.8, 2.1) * (1 - 0.75 * pores)
    crust = 0.95 * np.exp(-_edge(heights, height, wobble[None] + 0.03 * middle) / 0.14)[..., None]
    crumb = (1 + 0.09 * middle + 0.06 * fine + 0.05 * broad - 0.50 * pores)[..., None]
    baked = sponge * np.clip(crumb, 0.3, 1.4) * (1 - crust * CRUST)
    cover = np.maximum(is_cream, veil)[..., None]
    colours = np.clip(baked * (1 - cover) + cream * cover, 0.01, 0.92)
    bumps = (
        (0.010 * fine + 0.016 * middle - 0.06 * pores) * (1 - cover[..., 0]) + 0.02 * cover[..., 0] + 0.004 * streaks
    )
    return colours.astype(np.float32), bumps.astype(np.float32)[..., None]
