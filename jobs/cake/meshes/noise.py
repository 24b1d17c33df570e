"""Smooth randomness that closes around a cake: noise by the frequencies that are left of it."""

import numpy as np

from ..arrays import Array


def noise(
    chance: np.random.Generator, rows: int, columns: int, size: float, *, stretch: float = 1.0, fall: float = 3.2
) -> Array:
    """(rows, columns), periodic, of mean 0 and deviation 1. `size` is that of features in rows, `stretch` how much
    longer they are along the columns, `fall` how soon finer ones fade."""
    upright, along = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None] * stretch
    loudness = (1 + (np.hypot(upright, along) * size) ** 2) ** (-fall / 2)
    waves = np.fft.rfft2(chance.standard_normal((rows, columns))) * loudness
    field = np.fft.irfft2(waves, (rows, columns))
    return (field - field.mean()) / field.std()


def wave(chance: np.random.Generator, columns: int, size: float) -> Array:
    """(columns,), the same in one dimension."""
    return noise(chance, 1, columns, 1.0, stretch=size, fall=3.2)[0]
