"""What the table is covered with, as arrays of linear colour: boards with grain and knots, and woven linen."""

import numpy as np

from .arrays import Array
from .meshes.mesh import ease
from .meshes.noise import noise

SIDE = 1024
BOARDS = 5
# Which threads of a weave are dyed.
DYED = (20, 21, 22, 25, 26, 27, 28, 31, 32, 33)


def boards(chance: np.random.Generator, dark: Array, light: Array) -> Array:
    """Boards that run along the columns: fibres, year rings drawn out lengthwise, and a seam between each two."""
    width = SIDE // BOARDS
    return np.concatenate([_board(chance, width, dark, light) for _ in range(BOARDS)]).astype(np.float32)


def _board(chance: np.random.Generator, width: int, dark: Array, light: Array) -> Array:
    warp = noise(chance, width, SIDE, 26, stretch=9)
    fibres = noise(chance, width, SIDE, 1.6, stretch=40, fall=2.0)
    pores = ease(noise(chance, width, SIDE, 1.6, stretch=22, fall=2.6), 1.4, 2.4)
    across = np.arange(width)[:, None] / width
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (chance.uniform(1.6, 3.2) * (across + chance.uniform()) + 0.42 * warp))
    share = np.clip(0.45 + 0.50 * (rings**2 - 0.4) + 0.17 * fibres - 0.45 * pores, 0, 1)[..., None]
    colour = (dark * (1 - share) + light * share) * chance.uniform(0.74, 1.2)
    seam = ease(np.minimum(across, 1 - across)[..., None], 0.0, 0.018)
    return np.clip(colour * (0.15 + 0.85 * seam), 0.004, 0.9)


def linen(chance: np.random.Generator, colour: Array, check: Array, threads: int = 96) -> tuple[Array, Array]:
    """A plain weave of `threads` each way, thick and thin, some dyed to make a check: its colours and heights."""
    place = np.arange(SIDE) / SIDE * threads
    slub_across = 0.5 * noise(chance, threads, SIDE, 1.0, stretch=60)[place.astype(int)]
    slub_down = 0.5 * noise(chance, threads, SIDE, 1.0, stretch=60)[place.astype(int)].T
    over = (place.astype(int)[:, None] + place.astype(int)[None]) % 2
    bow = np.abs(np.sin(np.pi * place))
    height = np.where(over == 1, bow[:, None] * (1 + 0.3 * slub_across), bow[None] * (1 + 0.3 * slub_down))
    tone = 1 + 0.07 * np.where(over == 1, slub_across, slub_down) + 0.03 * noise(chance, SIDE, SIDE, 40)
    is_dyed = np.isin(place.astype(int), DYED)
    dyed = np.where(over == 1, is_dyed[:, None], is_dyed[None])[..., None]
    colours = np.where(dyed, check, colour) * (tone * (0.72 + 0.28 * height))[..., None]
    return np.clip(colours, 0.01, 0.92).astype(np.float32), height.astype(np.float32)[..., None]
