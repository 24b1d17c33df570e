"""From light to a picture: a glow around what is brighter than the film can take, a film's curve, and 8 bits."""

import numpy as np
from scipy.ndimage import gaussian_filter

from .arrays import Array

# Weight and width (for a picture 640 wide) of the glow, and from which brightness on it shows.
GLOW = ((0.05, 3), (0.05, 10), (0.04, 26))
GLARE, MOST = 1.6, 30.0


def develop(light: Array, exposure: float, bloom: float) -> Array:
    """sRGB bytes (rows, columns, 3) of linear light."""
    exposed = np.maximum(np.nan_to_num(light), 0) * exposure
    return (_encoded(_film(exposed + bloom * _glow(exposed))) * 255 + 0.5).astype(np.uint8)


def _glow(light: Array) -> Array:
    scale = light.shape[1] / 640
    hot = np.maximum(light - GLARE, 0)
    hot *= np.minimum(1, MOST / np.maximum(hot.max(-1, keepdims=True), MOST))  # as a whole: its hue stays
    return sum(weight * gaussian_filter(hot, (width * scale, width * scale, 0)) for weight, width in GLOW)


def _film(light: Array) -> Array:
    """Narkowicz's fit of the ACES curve: soft shoulders, deep but not black shadows."""
    value = light * 0.8
    return np.clip(value * (2.51 * value + 0.03) / (value * (2.43 * value + 0.59) + 0.14), 0, 1)


def _encoded(value: Array) -> Array:
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
