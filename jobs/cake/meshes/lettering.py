"""Letters piped onto the glaze: round as icing comes out of the bag, and following the surface under them."""

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from ..arrays import Array
from ..letters import ink, layout
from .glaze import Top
from .mesh import Mesh

# Cells of ink to a step of the mesh.
FINE = 3
STEP, LEAST_STEP = 0.034, 0.014
THICKEST, THINNEST = 0.19, 0.05
SUNK = 0.05


def lettering(text: str, top: Top, radius: float, forward: float) -> tuple[Mesh, float]:
    """The letters on a circle `forward` of the middle of the top, and the size of their em in cm."""
    laid = layout(text, radius)
    step = float(np.clip(laid.em / 42, LEAST_STEP, STEP))
    depth = _depth(ink(laid, radius, step / FINE), step / FINE)
    rows, columns = np.nonzero(depth > -2.6 * step)
    box = depth[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    half = (depth.shape[0] - 1) / 2
    x = (np.arange(columns.min(), columns.max() + 1) - half) * step
    y = (half - np.arange(rows.min(), rows.max() + 1)) * step - forward
    across, along = np.meshgrid(x, y)
    points = np.stack([across, along, top.at(across, along) + _relief(box)], -1)
    return _surface(points, box > -2.6 * step), laid.em


def _depth(mask: Array, cell: float) -> Array:
    """How deep inside the ink a point is in cm, negative outside, at the steps of the mesh."""
    signed = (distance_transform_edt(mask) - distance_transform_edt(~mask)) * cell
    size = len(mask) // FINE
    coarse = signed[: size * FINE, : size * FINE].reshape(size, FINE, size, FINE).mean((1, 3))
    return gaussian_filter(coarse, 0.7)


def _relief(depth: Array) -> Array:
    """The height over the glaze: a round rope inside, and outside a skirt that goes under."""
    thick = float(np.clip(np.percentile(depth[depth > 0], 97), THINNEST, THICKEST))
    share = np.clip(depth / thick, 0, 1)
    rope = 0.03 + 1.2 * thick * np.sqrt(1 - (1 - share) ** 2)
    return np.where(depth > 0, rope, np.maximum(0.03 + 3 * depth, -SUNK))


def _surface(points: Array, kept: Array) -> Mesh:
    """The cells of a grid all of whose corners are kept."""
    rows, columns = np.nonzero(kept[:-1, :-1] & kept[1:, :-1] & kept[:-1, 1:] & kept[1:, 1:])
    numbers = np.arange(kept.size).reshape(kept.shape)
    a, b = numbers[rows, columns], numbers[rows, columns + 1]
    c, d = numbers[rows + 1, columns], numbers[rows + 1, columns + 1]
    faces = np.concatenate([np.stack([a, c, d], -1), np.stack([a, d, b], -1)])
    used, renamed = np.unique(faces, return_inverse=True)
    return Mesh.of(points.reshape(-1, 3)[used], renamed.reshape(faces.shape))
