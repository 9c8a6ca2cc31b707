"""Streaming short-time Fourier transform: hops of samples in, one spectrum each out, and back.

Both directions keep their past in an explicit state, so that the same code serves a device and a file. Spectra have
the hops on their first axis: all of one hop then lies side by side, and takes one pass instead of one a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.windows import Geometry, analysis_window, synthesis_window

Audio = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
ROOM = 32  # hops that fit into a line after what it keeps


def mid_signal(channels: NDArray[Any]) -> NDArray[Any]:
    """Mean over the first axis, which may be the array itself; on short ones half of the time of numpy's own."""
    mid: NDArray[Any] = channels[0]
    return mid if len(channels) == 1 else sum(channels[1:], start=mid) * np.float32(1.0 / len(channels))


class Line:
    """The newest samples of some channels and of their mid signal; moved back only when its memory ends.

    Parameters
    ----------
    channels
        Number of channels.
    length
        Frames that are kept.
    hop
        Frames of a hop.
    """

    def __init__(self, channels: int, length: int, hop: int) -> None:
        self._channels, self._length, self._hop = channels, length, hop
        rows = channels + (channels > 1)  # one channel is its own mid signal
        self._samples = np.zeros((rows, length + ROOM * hop), np.float32)
        self._end = length

    def push(self, block: Audio) -> Audio:
        """Append whole hops, (channels, hops * hop); return the stretches that end with each.

        They overlap: a view, (hops, rows, length), which the next call may overwrite. The last row is the mid signal.
        """
        frames = block.shape[1]
        if self._end + frames > self._samples.shape[1]:
            self._move(frames)
        begin, end = self._end + self._hop - self._length, self._end + frames
        self._samples[:self._channels, self._end:end] = block
        if self._channels > 1:
            self._samples[-1, self._end:end] = mid_signal(block)
        self._end = end
        # numpy's own sliding_window_view takes eight times as long for a single hop
        return np.ndarray((frames // self._hop, len(self._samples), self._length), np.float32, self._samples,
                          begin * 4, (self._hop * 4, self._samples.strides[0], 4))

    def reset(self) -> None:
        """Forget all samples."""
        self._samples.fill(0.0)

    def _move(self, frames: int) -> None:
        """Move the newest samples to the beginning; into more memory where so many frames do not fit after them."""
        newest = self._samples[:, self._end - self._length:self._end]
        if self._length + frames > self._samples.shape[1]:
            self._samples = np.zeros((len(newest), self._length + frames), np.float32)
        self._samples[:, :self._length] = newest
        self._end = self._length


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
        # numpy transforms float32 faster where it also divides by the length, so the windows are multiplied by it
        self._window, *self._context_windows = [length * analysis_window(length, geometry.synthesis)
                                                for length in (geometry.analysis, *contexts)]
        self._line = Line(channels, max((geometry.analysis, *contexts)), geometry.hop)
        self._channels = channels

    def push(self, block: Audio) -> tuple[Spectrum, list[Audio]]:
        """Append whole hops.

        Parameters
        ----------
        block
            float32, (channels, hops * hop).

        Returns
        -------
        spectra
            complex64, (hops, channels, bins).
        contexts
            Magnitudes of the longer windows of the mid signal, each (hops, length // 2 + 1).
        """
        stretches = self._line.push(block)
        spectra = _transform(stretches[:, :self._channels, -self._window.size:] * self._window)
        return spectra, [np.abs(_transform(stretches[:, -1, -window.size:] * window))
                         for window in self._context_windows]

    def reset(self) -> None:
        """Forget all samples."""
        self._line.reset()


def _transform(frames: Audio) -> Spectrum:
    """Spectra of the last axis, divided by its length."""
    spectra: NDArray[Any] = np.fft.rfft(frames, norm="forward")  # complex64 from float32, which its types do not say
    return spectra


class Synthesis:
    """Inverse transform and overlap-add.

    Parameters
    ----------
    geometry
        Window and hop lengths.
    shape
        Middle axes of the spectra, for example (stems, channels).
    """

    def __init__(self, geometry: Geometry, shape: tuple[int, ...]) -> None:
        self._geometry, self._shape = geometry, shape
        self._window = synthesis_window(geometry)
        self._parts = geometry.synthesis // geometry.hop
        self._hops_last = (*range(1, len(shape) + 1), 0, len(shape) + 1)
        self._tail = np.zeros((self._parts - 1, *shape, geometry.hop), np.float32)
        product = self._window * analysis_window(geometry.analysis, geometry.synthesis)[-geometry.synthesis:]
        self._weight = product.reshape(-1, geometry.hop)[1:].sum(axis=0)  # of the hops so far, in the next one

    def push(self, spectra: Spectrum) -> Audio:
        """Add spectra of shape (hops, ..., bins); return the hops that are complete, float32 (..., hops * hop).

        They end `synthesis - hop` frames before the newest analysed sample.
        """
        hops, hop = len(spectra), self._geometry.hop
        windowed = np.fft.irfft(spectra, self._geometry.analysis)[..., -self._window.size:]
        windowed *= self._window
        parts = windowed.reshape(hops, *self._shape, self._parts, hop)
        sound = np.concatenate([self._tail, parts[..., -1, :]])
        for index in range(self._parts - 1):
            sound[index:index + hops] += parts[..., index, :]
        self._tail = sound[hops:]
        return sound[:hops].transpose(self._hops_last).reshape(*self._shape, hops * hop)

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, up to a hop, as the spectra so far have it: (..., frames).

        The overlap-add is divided by what the windows so far add up to, so its fall is taken out.
        """
        known: Audio = self._tail[0, ..., :frames] / self._weight[:frames]
        return known

    def reset(self) -> None:
        """Forget what has been added so far."""
        self._tail = np.zeros_like(self._tail)
