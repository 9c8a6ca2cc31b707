"""Streaming short-time Fourier transform: hops of samples in, one spectrum each out, and back.

Both directions keep their past in an explicit state, so that the same code serves a device and a file. Spectra have
the hops on their first axis: all of one hop then lies side by side, and takes one pass instead of one a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.dsp.windows import Geometry, analysis_window, overlap_so_far, synthesis_window
from rtsep.types import Audio, Spectrum

SPARE_HOPS = 32  # that fit into a history after what it keeps
SILENCE = np.float32(1e-15)  # -300 dB: what lies below counts as zero


def flushed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the values with zero for all below `SILENCE`.

    A sound that fades away would else end in denormal numbers, with which a processor takes a hundred times as long.
    """
    return np.where(np.abs(values) < SILENCE, np.float32(0.0), values)


def silence_bad(values: NDArray[np.float32] | Spectrum) -> None:
    """Set what is NaN or infinite to zero, in place."""
    np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def mid_signal(channels: NDArray[Any], signs: NDArray[np.float32] | float = 1.0) -> NDArray[Any]:
    """Mean over the first axis, which may be the array itself; on short ones half of the time of numpy's own.

    All but the first are multiplied by `signs` before.
    """
    mid: NDArray[Any] = channels[0]
    if len(channels) > 1:
        mid = (mid + signs * sum(channels[2:], start=channels[1])) * np.float32(1.0 / len(channels))
    return mid


class History:
    """The newest samples of some channels; moved back only when its memory ends.

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
        self._length, self._hop = length, hop
        self._samples = np.zeros((channels, length + SPARE_HOPS * hop), np.float32)
        self._end = length

    def push(self, block: Audio) -> Audio:
        """Append whole hops, (channels, hops * hop); return the stretches that end with each.

        They overlap: a view, (hops, channels, length), which the next call may overwrite.
        """
        frames = block.shape[1]
        if self._end + frames > self._samples.shape[1]:
            self._move(frames)
        begin, end = self._end + self._hop - self._length, self._end + frames
        self._samples[:, self._end:end] = block
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


class Scratch:
    """Memory for what some hops become, kept as long as there are as many of them: numpy then takes a tenth less time.

    Parameters
    ----------
    shape
        What one hop becomes.
    dtype
        Its numbers.
    """

    def __init__(self, shape: tuple[int, ...], dtype: type) -> None:
        self._array: NDArray[Any] = np.empty((0, *shape), dtype)

    def of(self, hops: int) -> NDArray[Any]:
        """Return an array for (hops, ...) that holds anything, the same one each time."""
        if len(self._array) != hops:
            self._array = np.empty((hops, *self._array.shape[1:]), self._array.dtype)
        return self._array


class Analysis:
    """Transforms that end at the newest sample: the one that is masked, and longer ones as context.

    Parameters
    ----------
    geometry
        Window and hop lengths.
    channels
        Number of audio channels.
    contexts
        Lengths in frames of further windows, which end at the same sample.
    """

    def __init__(self, geometry: Geometry, channels: int, contexts: Sequence[int] = ()) -> None:
        # numpy transforms float32 faster where it also divides by the length, so the windows are multiplied by it
        self._windows = [length * analysis_window(length, geometry.synthesis)
                         for length in (geometry.analysis, *contexts)]
        self._history = History(channels, max((geometry.analysis, *contexts)), geometry.hop)
        self._spectra = [Scratch((channels, window.size // 2 + 1), np.complex64) for window in self._windows]

    def push(self, block: Audio) -> tuple[Spectrum, list[Spectrum]]:
        """Append whole hops.

        Parameters
        ----------
        block
            float32, (channels, hops * hop); samples below `SILENCE` count as zero.

        Returns
        -------
        spectra
            complex64, (hops, channels, bins); the next call may overwrite them.
        contexts
            Of the longer windows, each complex64 (hops, channels, length // 2 + 1).
        """
        stretches = self._history.push(flushed(block))
        spectra, *contexts = [scratch.of(len(stretches)) for scratch in self._spectra]
        for window, scratch in zip(self._windows, (spectra, *contexts), strict=True):
            _transform(stretches[..., -window.size:] * window, scratch)
        return spectra, contexts

    def reset(self) -> None:
        """Forget all samples."""
        self._history.reset()


def _transform(frames: Audio, spectra: NDArray[Any]) -> None:
    """Fill in the spectra of the last axis, complex64, divided by its length."""
    np.fft.rfft(frames, norm="forward", out=spectra)


class SpectrumDelay:
    """A delay of spectra by whole hops, for masks that are estimated some hops later.

    Parameters
    ----------
    hops
        Of the delay; 0 passes on what comes.
    shape
        What a hop is, (channels, bins).
    """

    def __init__(self, hops: int, shape: tuple[int, ...]) -> None:
        self._waiting = np.zeros((hops, *shape), np.complex64)

    def push(self, spectra: Spectrum) -> Spectrum:
        """Take the spectra of some hops, (hops, ...); return as many older ones, silence at the start."""
        if not len(self._waiting):
            return spectra
        line = np.concatenate([self._waiting, spectra])
        self._waiting = line[len(spectra):].copy()
        return line[:len(spectra)]

    def forget_bad(self) -> None:
        """Forget what is not finite of what waits."""
        silence_bad(self._waiting)

    def reset(self) -> None:
        """Forget what waits."""
        self._waiting.fill(0.0)


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
        self._frames = Scratch((*shape, geometry.analysis), np.float32)
        self._weight = overlap_so_far(geometry)
        self.reset()

    def push(self, spectra: Spectrum) -> Audio:
        """Add spectra of shape (hops, ..., bins); return the hops that are complete, float32 (..., hops * hop).

        They end `synthesis - hop` frames before the newest analysed sample.
        """
        hops, hop = len(spectra), self._geometry.hop
        frames = self._frames.of(hops)
        np.fft.irfft(spectra, self._geometry.analysis, out=frames)
        windowed = frames[..., -self._window.size:] * self._window
        parts = windowed.reshape(hops, *self._shape, self._parts, hop)
        sound: Audio = parts[..., -1, :]
        for index in reversed(range(self._parts - 1)):  # each part is added one hop after the part before it
            earlier, sound = sound, parts[..., index, :]
            np.add(sound[0], self._tails[index], out=sound[0])
            np.add(sound[1:], earlier[:-1], out=sound[1:])
            self._tails[index] = earlier[-1]
        return sound.transpose(self._hops_last).reshape(*self._shape, hops * hop)

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, up to a hop, as the spectra so far have it: (..., frames).

        The overlap-add is divided by what the windows so far add up to, so its fall is taken out.
        """
        known: Audio = self._tails[0][..., :frames] / self._weight[:frames]
        return known

    def forget_bad(self) -> None:
        """Forget what is not finite of what has been added so far."""
        for tail in self._tails:
            silence_bad(tail)

    def reset(self) -> None:
        """Forget what has been added so far."""
        self._tails = [np.zeros((*self._shape, self._geometry.hop), np.float32) for _ in range(self._parts - 1)]
