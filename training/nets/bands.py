"""Triangular frequency bands that sum to one in every bin: fine where music's pitches lie, coarse above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def band_centres(bins: int, bands: int, linear: int) -> NDArray[np.float64]:
    """Centre bins of the bands: `linear` of them one bin apart, the others spaced geometrically.

    Parameters
    ----------
    bins
        Number of frequency bins.
    bands
        Number of bands, more than `linear`.
    linear
        Number of lowest bins that get a band each.

    Returns
    -------
    centres
        float64 (bands,), rising from 0 to bins - 1.
    """
    steps = bands - linear
    low, high = 1.0, float(bins)
    for _ in range(60):  # growth of the spacing for which the last centre meets the last bin
        growth = (low + high) / 2
        end = linear - 1 + float(np.sum(growth ** np.arange(1, steps + 1)))
        low, high = (growth, high) if end < bins - 1 else (low, growth)
    spacing = low ** np.arange(1, steps + 1)
    centres = np.concatenate([np.arange(linear), linear - 1 + np.cumsum(spacing)])
    centres[-1] = bins - 1
    return centres


def triangles(bins: int, bands: int, linear: int) -> NDArray[np.float32]:
    """Weights of every band in every bin, float32 (bands, bins); each column sums to one."""
    centres = band_centres(bins, bands, linear)
    weights = np.stack([np.interp(np.arange(bins), centres, row) for row in np.eye(bands)])
    return weights.astype(np.float32)
