"""Streaming short-time Fourier transform: hops of samples in, one spectrum each out, and back.

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

    def push(self, block: Audio) -> tuple[Spectrum, list[Audio]]:
        """Append whole hops.

        Parameters
        ----------
        block
            float32, (channels, hops * hop).

        Returns
        -------
        spectra
            complex64, (channels, hops, bins).
        contexts
            Magnitudes of the longer windows of the mid signal, each (hops, length // 2 + 1).
        """
        spectra: Spectrum = np.fft.rfft(self._frames(self._history, block) * self._window)  # type: ignore[assignment]
        if not self._context_windows:
            return spectra, []
        frames = self._frames(self._mid, mid_signal(block))
        return spectra, [np.abs(np.fft.rfft(frames[:, -window.size:] * window)) for window in self._context_windows]

    def _frames(self, history: Audio, block: Audio) -> Audio:
        """Stretches of a history's length that end with each hop of a block, (..., hops, length); moves it on."""
        extended = np.concatenate([history, block], axis=-1, dtype=np.float32)
        length, hop, size = history.shape[-1], self._geometry.hop, extended.itemsize
        history[...] = extended[..., -length:]
        # overlapping stretches as a view; numpy's sliding_window_view takes eight times as long for a single hop
        return np.ndarray((*block.shape[:-1], block.shape[-1] // hop, length), np.float32, extended, hop * size,
                          (*extended.strides[:-1], hop * size, size))

    def reset(self) -> None:
        """Forget all samples."""
        self._history.fill(0.0)
        self._mid.fill(0.0)


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
        self._tail = np.zeros((*shape, geometry.synthesis - geometry.hop), np.float32)
        product = self._window * analysis_window(geometry.analysis, geometry.synthesis)[-geometry.synthesis:]
        self._weight = np.sum([np.pad(product[start:], (0, start - geometry.hop))  # of the hops so far, after the last
                               for start in range(geometry.hop, geometry.synthesis, geometry.hop)], axis=0)

    def push(self, spectra: Spectrum) -> Audio:
        """Add spectra of shape (..., hops, bins); return the hops that are complete, float32 (..., hops * hop).

        They end `synthesis - hop` frames before the newest analysed sample.
        """
        hop, length, hops = self._geometry.hop, self._geometry.synthesis, spectra.shape[-2]
        frames = np.fft.irfft(spectra, self._geometry.analysis)[..., -length:] * self._window
        sound = np.zeros((*self._tail.shape[:-1], hops * hop + length - hop), np.float32)
        sound[..., :length - hop] = self._tail
        for start in range(0, length, hop):  # the same part of all hops: they lie side by side
            part = frames[..., start:start + hop].reshape(*sound.shape[:-1], hops * hop)
            sound[..., start:start + hops * hop] += part
        self._tail[...] = sound[..., hops * hop:]
        return sound[..., :hops * hop]

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, up to a hop, as the spectra so far have it: (..., frames).

        The overlap-add is divided by what the windows so far add up to, so its fall is taken out.
        """
        known: Audio = self._tail[..., :frames] / self._weight[:frames]
        return known

    def reset(self) -> None:
        """Forget what has been added so far."""
        self._tail.fill(0.0)
