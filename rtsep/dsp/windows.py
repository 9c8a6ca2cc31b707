"""Analysis and synthesis windows whose product overlap-adds to one.

A long analysis window resolves frequencies, a short synthesis window keeps the latency low: only the
last `synthesis` samples of each analysed stretch are played. The construction follows D. Mauler and
R. Martin, "A low delay, variable resolution, perfect reconstruction spectral analysis-synthesis
system for speech enhancement", EUSIPCO 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtsep.errors import ConfigError

Window = NDArray[np.float32]


@dataclass(frozen=True)
class Geometry:
    """Lengths of the short-time Fourier transform, in frames.

    Parameters
    ----------
    analysis
        Length of the analysis window and of the transform.
    synthesis
        Length of the synthesis window.
    hop
        Distance between two transforms; divides `synthesis` at least twice.
    look_ahead
        Hops that the masked spectrum is older than the newest one.

    Raises
    ------
    ConfigError
        When the lengths cannot overlap-add to one, or the look-ahead is negative.
    """

    analysis: int
    synthesis: int
    hop: int
    look_ahead: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.hop <= self.synthesis // 2 or self.synthesis % (2 * self.hop):
            raise ConfigError(f"synthesis {self.synthesis} must be an even multiple of hop {self.hop}")
        if self.analysis < self.synthesis or self.analysis % 2:
            raise ConfigError(f"analysis {self.analysis} must be even and at least synthesis {self.synthesis}")
        if self.look_ahead < 0:
            raise ConfigError(f"look_ahead {self.look_ahead} must be 0 or more hops")

    @property
    def bins(self) -> int:
        """Number of frequency bins of the transform."""
        return self.analysis // 2 + 1

    @property
    def latency(self) -> int:
        """The algorithmic latency: synthesis window, hop buffering included, and look-ahead."""
        return self.synthesis + self.look_ahead * self.hop


PROFILES = {
    "paper": Geometry(1024, 1024, 512),
    "stage": Geometry(1024, 512, 256),
    "ultra": Geometry(1024, 256, 128),
    "song": Geometry(2048, 2048, 512, look_ahead=4),
}
"""The geometries that models are made for, with latencies of 23.2, 11.6, 5.8 and 92.9 ms at 44.1 kHz."""


def analysis_window(length: int, synthesis: int) -> Window:
    """Window that rises slowly over its past and falls with the last half of a root-Hann of `synthesis`.

    Parameters
    ----------
    length
        Frames of the window, at least `synthesis`.
    synthesis
        Frames of the synthesis window that it is paired with.

    Returns
    -------
    window
        float32, shape (length,), values in 0..1.
    """
    rise = length - synthesis // 2
    rising = np.sin(0.5 * np.pi * np.arange(rise) / rise)
    falling = np.sin(np.pi * np.arange(synthesis // 2, synthesis) / synthesis)
    return np.concatenate([rising, falling]).astype(np.float32)


def synthesis_window(geometry: Geometry) -> Window:
    """Window of shape (synthesis,) that turns the analysis window's end into an overlap-adding Hann."""
    length = geometry.synthesis
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    analysis = analysis_window(geometry.analysis, length)[-length:].astype(np.float64)
    overlap = length / (2 * geometry.hop)  # what Hann windows at this hop add up to
    window = np.zeros(length)
    np.divide(hann, overlap * analysis, out=window, where=hann > 0.0)
    return window.astype(np.float32)


def overlap_so_far(geometry: Geometry) -> Window:
    """Sum of what the windows of the hops so far leave for the next one, float32 (hop,); 1 is the whole of it."""
    analysis = analysis_window(geometry.analysis, geometry.synthesis)[-geometry.synthesis:]
    left: Window = (synthesis_window(geometry) * analysis).reshape(-1, geometry.hop)[1:].sum(axis=0)
    return left
