"""What lies on the cream: cherries with stems, raspberries and blueberries with a leaf of mint, sugar sprinkles."""

from collections.abc import Sequence

import numpy as np

from ..arrays import Array
from ..colours import linear
from .mesh import Mesh, circle, copies, ease, grid, join, posed, tube

STEM = (0.16, 0.20, 0.035)
BLUEBERRY, BLOOM = np.array([0.022, 0.03, 0.10]), np.array([0.20, 0.24, 0.40])
LEAF = np.array([0.05, 0.20, 0.035])
DRUPELETS = (1, 5, 8, 10, 11, 10, 8)


def cherry(colour: Array) -> Mesh:
    """A cherry of radius 1 around the origin, without its stem."""
    down, around = np.linspace(0, np.pi, 24)[:, None], circle(32)[None]
    reach = (1 - 0.30 * np.exp(-((down / 0.40) ** 2))) * (1 + 0.025 * np.cos(around))
    x, y = reach * np.sin(down) * np.cos(around), reach * np.sin(down) * np.sin(around)
    z = np.broadcast_to(0.94 * reach * np.cos(down), x.shape)
    blush = colour * (
        1 + 0.9 * ease(np.cos(around + 2) * np.sin(down), 0.2, 1.2)[..., None] * np.array([1, 0.6, 0.6])
    )
    return grid(np.stack([x, y, z], -1), colours=blush)


def stem(chance: np.random.Generator) -> Mesh:
    """A bent stem that leaves a cherry of radius 1 at its top."""
    turn, bend, share = chance.uniform(0, 2 * np.pi), chance.uniform(0.6, 1.3), np.linspace(0, 1, 14)
    path = np.stack(
        [bend * share**2 * np.cos(turn), bend * share**2 * np.sin(turn), 0.55 + 2.3 * share - 0.35 * share**2], -1
    )
    return tube(path, 0.07 + 0.045 * share**4, 8).coloured(STEM)


def raspberry(colour: Array) -> Mesh:
    """A raspberry of radius about 1, pointing up."""
    drupelet, places = _ball(7, 8), []
    for place, count in enumerate(DRUPELETS):
        height = 1.15 - 0.32 * place
        reach = 0.98 * np.sqrt(max(0.0, 1 - ((height + 0.1) / 1.28) ** 2))
        turns = circle(count) + 0.5 * place
        places.append(np.stack([reach * np.cos(turns), reach * np.sin(turns), np.full(count, height)], -1))
    together = copies(drupelet, np.concatenate(places), sizes=0.31)
    inner = 1 - 0.55 * ease(0.95 - np.linalg.norm(together.points * (1, 1, 0.8), axis=1), 0.0, 0.3)
    return together.coloured(colour * inner[:, None])


def blueberry() -> Mesh:
    """A blueberry of radius 1 with its crown, hazy where nobody has touched it."""
    down, around = np.linspace(0.02, np.pi, 26)[:, None], circle(40)[None]
    crown = np.exp(-(((down - 0.36) / 0.10) ** 2)) * (0.55 + 0.45 * np.cos(5 * around))
    reach = 1 - 0.22 * np.exp(-((down / 0.26) ** 2)) + 0.14 * crown
    points = np.stack([reach * np.sin(down) * np.cos(around), reach * np.sin(down) * np.sin(around)], -1)
    z = np.broadcast_to(0.9 * reach * np.cos(down), points.shape[:2])
    haze = (0.55 + 0.45 * np.sin(2 * around + 3 * down))[..., None] * ease(np.sin(down), 0.25, 0.9)[..., None] * 0.45
    colours = BLUEBERRY * (1 - haze) + BLOOM * haze
    return grid(np.concatenate([points, z[..., None]], -1), colours=np.broadcast_to(colours, (*z.shape, 3)))


def leaf() -> Mesh:
    """A leaf of mint along x, 2 long, bent down at its point; seen from above only."""
    along, across = np.linspace(0.02, 1, 18)[:, None], np.linspace(-1, 1, 13)[None]
    half = 0.52 * np.sin(np.pi * along**0.75) ** 0.8 * (1 + 0.06 * np.sin(44 * along))
    veins = 0.03 * np.cos(26 * (along - 0.35 * np.abs(across)))
    z = 0.30 * np.sin(2.4 * along) + 0.22 * np.abs(across) * half + veins * half
    points = np.stack([np.broadcast_to(2 * along, z.shape), half * across, z], -1)
    light = (1 + 0.5 * np.exp(-((across / 0.10) ** 2)) + 3 * veins)[..., None]
    return grid(points, is_round=False, colours=np.broadcast_to(LEAF * light, points.shape))


def sprinkles(chance: np.random.Generator, places: Array, palette: Sequence[str]) -> Mesh:
    """A sprinkle lying at each of the places, in a random direction and colour."""
    share = np.linspace(-1, 1, 9)
    path = np.stack([0.21 * share, 0 * share, 0 * share], -1)
    piece = tube(path, 0.075 * np.sqrt(np.clip(1 - np.abs(share) ** 5, 0, 1)) + 1e-3, 8)
    count = len(places)
    lying = copies(piece, places + np.array([0, 0, 0.06]), turns=chance.uniform(0, 2 * np.pi, count))
    colours = np.array([linear(colour) for colour in palette])[chance.integers(0, len(palette), count)]
    return lying.coloured(np.repeat(colours, len(piece.points), axis=0))


def tumbled(piece: Mesh, places: Array, chance: np.random.Generator, *, size: float, tilt: float) -> Mesh:
    """The piece at each of the places, turned at random and leaning by up to `tilt` radians."""
    turn, lean = chance.uniform(0, 2 * np.pi, len(places)), chance.uniform(-tilt, tilt, len(places))
    about = np.zeros((len(places), 3, 3))
    about[:, 0, 0], about[:, 0, 1], about[:, 1, 0], about[:, 1, 1], about[:, 2, 2] = (
        np.cos(turn),
        -np.sin(turn),
        np.sin(turn),
        np.cos(turn),
        1,
    )
    over = np.zeros_like(about)
    over[:, 0, 0], over[:, 1, 1], over[:, 1, 2], over[:, 2, 1], over[:, 2, 2] = (
        1,
        np.cos(lean),
        -np.sin(lean),
        np.sin(lean),
        np.cos(lean),
    )
    return posed(piece, places, about @ over, size)


def stems(places: Array, chance: np.random.Generator, size: float) -> Mesh:
    return join([copies(stem(chance), place[None], sizes=size) for place in places])


def _ball(rows: int, columns: int) -> Mesh:
    down, around = np.linspace(0, np.pi, rows)[:, None], circle(columns)[None]
    z = np.broadcast_to(np.cos(down), (rows, columns))
    return grid(np.stack([np.sin(down) * np.cos(around), np.sin(down) * np.sin(around), z], -1))
