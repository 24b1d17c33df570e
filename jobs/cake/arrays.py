"""One name for arrays of numbers, whatever they hold: `numpy.ndarray` says nothing more to a reader."""

from typing import TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray
