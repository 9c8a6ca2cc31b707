"""Streaming short-time Fourier transform: one hop of samples in, one spectrum out, and back.

Both directions keep their past in an explicit state, so that the same code serves a device and a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.windows import Geometry, analysis_window, synthesis_window

Audio = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


def mid_signal(channels: NDArray[Any]) -> NDArray[Any]:
    """Mean over the first axis; on short arrays a third of the time of numpy's own."""
    mid: NDArray[Any] = np.add.reduce(channels, axis=0) * np.float32(1.0 / channels.shape[0])
    return mid


class Analysis:
    """Transforms that end at the newest sample: the one that is masked, and longer ones as context.

    Parameters
    ----------
    geometry
        Window and hop lengths.
    channels
        Number of audio channels.
    contexts
        Lengths in frames of further windows on the mid signal, which end at the same sample.
    """

    def __init__(self, geometry: Geometry, channels: int, contexts: Sequence[int] = ()) -> None:
        self._geometry = geometry
        self._window = analysis_window(geometry.analysis, geometry.synthesis)
        self._context_windows = [analysis_window(length, geometry.synthesis) for length in contexts]
        self._history = np.zeros((channels, geometry.analysis), np.float32)
        self._mid = np.zeros(max(contexts, default=0), np.float32)

    def push(self, hop: Audio) -> Spectrum:
        """Append one hop, shape (channels, hop); return its spectrum, complex64 (channels, bins)."""
        _shift(self._history, hop)
        if self._context_windows:
            _shift(self._mid, mid_signal(hop))
        spectrum: Spectrum = np.fft.rfft(self._history * self._window)  # type: ignore[assignment]
        return spectrum

    def contexts(self) -> list[Audio]:
        """Magnitudes of the longer windows of the mid signal after the last push, each (length // 2 + 1,)."""
        return [np.abs(np.fft.rfft(self._mid[-window.size:] * window)) for window in self._context_windows]

    def reset(self) -> None:
        """Forget all samples."""
        self._history.fill(0.0)
        self._mid.fill(0.0)


def _shift(history: Audio, hop: Audio) -> None:
    """Drop the oldest samples of the last axis and append a hop."""
    count = hop.shape[-1]
    history[..., :-count] = history[..., count:]
    history[..., -count:] = hop


class Synthesis:
    """Inverse transform and overlap-add.

    Parameters
    ----------
    geometry
        Window and hop lengths.
    shape
        Leading axes of the spectra, for example (stems, channels).
    """

    def __init__(self, geometry: Geometry, shape: tuple[int, ...]) -> None:
        self._geometry = geometry
        self._window = synthesis_window(geometry)
        self._overlap = np.zeros((*shape, geometry.synthesis), np.float32)

    def push(self, spectrum: Spectrum) -> Audio:
        """Add one spectrum of shape (..., bins); return the hop that is complete, float32 (..., hop).

        The hop ends `synthesis - hop` frames before the newest analysed sample.
        """
        hop, length = self._geometry.hop, self._geometry.synthesis
        self._overlap[..., :-hop] = self._overlap[..., hop:]
        self._overlap[..., -hop:] = 0.0
        self._overlap += np.fft.irfft(spectrum, self._geometry.analysis)[..., -length:] * self._window
        return self._overlap[..., :hop]

    def reset(self) -> None:
        """Forget what has been added so far."""
        self._overlap.fill(0.0)
