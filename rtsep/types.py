"""Types of arrays that every room uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
"""Samples; (channels, frames) unless said otherwise."""
Spectrum = NDArray[np.complex64]
"""Bins on the last axis."""
Magnitude = NDArray[np.float32]
"""Absolute values of a spectrum."""
