"""Lit candles: twisted wax with a little pool on top, a bent wick, and a flame that is bright where it burns."""

from dataclasses import replace

import numpy as np

from ..arrays import Array
from .mesh import Mesh, circle, ease, grid, tube

TALL, RADIUS = 5.0, 0.27
FLAME = 1.6
PALE = np.array([0.88, 0.85, 0.79])
GLOW = np.array([1.25, 1.02, 0.72])
# Warm tips, a bright body, a faint and bluish foot, as shares of the radiance of the flame.
BODY, TIP, FOOT = np.array([1.0, 0.54, 0.17]), np.array([1.0, 0.36, 0.06]), np.array([0.12, 0.12, 0.34])


def wax(colour: Array) -> Mesh:
    """A candle that stands 0.4 deep in the glaze; near the flame the light shines through."""
    heights, angles = np.linspace(TALL, -0.4, 110)[:, None], circle(36)[None]
    groove = np.cos(2 * (angles - heights * 2.9))
    reach = RADIUS * (1 + 0.06 * groove) + 0 * heights
    stripe = ease(groove, 0.1, 0.45)[..., None]
    colours = PALE * (1 - stripe) + colour * stripe
    lit = np.exp(-(TALL - heights) / 0.9)[..., None]
    colours = np.clip(colours * (1 + 0.45 * lit * (GLOW - 0.3)), 0, 0.95)
    side = np.stack([reach * np.cos(angles), reach * np.sin(angles), np.broadcast_to(heights, reach.shape)], -1)
    pool = [
        np.stack([radius * np.cos(angles[0]), radius * np.sin(angles[0]), np.full(36, TALL + rise)], -1)
        for radius, rise in ((0.02, -0.07), (0.12, -0.06), (0.19, 0.01), (0.245, 0.03))
    ]
    melted = np.broadcast_to(np.clip(colours[:1] * 1.1, 0, 0.95), (4, 36, 3))
    return grid(np.concatenate([pool, side]), colours=np.concatenate([melted, colours]))


def wick(bend: Array) -> Mesh:
    share = np.linspace(0, 1, 8)
    path = np.stack([bend[0] * share**2, bend[1] * share**2, TALL - 0.08 + 0.55 * share], -1)
    return tube(path, 0.045, 7).coloured((0.02, 0.015, 0.012))


def flame(lean: Array) -> Mesh:
    """A flame, with a texture that runs up it (`glow`)."""
    share, angles = np.linspace(0, 1, 30)[:, None], circle(18)[None]
    reach = 0.30 * np.sin(np.pi * np.clip(share, 0, 1) ** 0.58) ** 0.85 * (1 - 0.40 * share)
    x, y = reach * np.cos(angles) + lean[0] * share**2, reach * np.sin(angles) + lean[1] * share**2
    z = np.broadcast_to(TALL + 0.16 + FLAME * share, x.shape)
    mesh = grid(np.stack([x, y, z], -1)[::-1])
    height = np.broadcast_to(share, x.shape)[::-1].reshape(-1)
    return replace(mesh, uv=np.stack([np.full_like(height, 0.5), height], -1))


def glow(radiance: float) -> Array:
    """The light of a flame from its foot to its tip, as a texture one texel wide."""
    share = np.linspace(0, 1, 48)[:, None]
    low, high = 1 - ease(share, 0.05, 0.30), ease(share, 0.62, 1.0)
    colours = radiance * (BODY * (1 - low) * (1 - high) + FOOT * low + TIP * high)
    return np.repeat(colours[:, None], 2, axis=1).astype(np.float32)
