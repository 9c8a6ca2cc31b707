"""The transform of a real signal, with its window, and back: by the compiled kernels, or by numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtsep.kernels.library import TRANSFORM, address, best_kernels

Audio = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
_SHORTEST = 64  # frames; the kernels take powers of two


class Forward:
    """From windowed frames to spectra.

    Parameters
    ----------
    window
        float32 (length,), even.
    """

    def __init__(self, window: Audio) -> None:
        self._kernels = best_kernels() if _is_for_kernels(len(window)) else None
        self._window = window.astype(np.float32)
        # numpy transforms float32 faster where it also divides by the length
        self._scaled = len(window) * self._window
        self._tables = Tables(len(window), self._window)

    def __call__(self, frames: Audio, spectra: Spectrum) -> None:
        """Fill in the spectra.

        Parameters
        ----------
        frames
            float32 (hops, rows, length), samples side by side.
        spectra
            complex64 (hops, rows, length // 2 + 1), all side by side.
        """
        if self._kernels is None:
            spectra[:] = np.fft.rfft(frames * self._scaled, norm="forward")
            return
        hops, rows, _ = frames.shape
        hop_step, row_step, _ = frames.strides
        self._kernels.rtsep_forward(self._tables.address, hops, rows, hop_step // 4, row_step // 4, address(frames),
                                    address(spectra))


class Inverse:
    """From spectra to the last frames of each signal, windowed.

    Parameters
    ----------
    length
        Frames that a spectrum stands for, even.
    window
        float32, of the last frames.
    """

    def __init__(self, length: int, window: Audio) -> None:
        self._length, self._window = length, window
        self._kernels = best_kernels() if _is_for_kernels(length) and len(window) % 2 == 0 else None
        self._tables = Tables(length, window / np.float32(length))

    def __call__(self, spectra: Spectrum, frames: Audio) -> None:
        """Fill in the frames.

        Parameters
        ----------
        spectra
            complex64 (..., length // 2 + 1).
        frames
            float32 (..., window), all side by side.
        """
        if self._kernels is None:
            whole = np.fft.irfft(spectra, self._length)
            np.multiply(whole[..., -len(self._window):], self._window, out=frames)
            return
        spectra = np.ascontiguousarray(spectra, np.complex64)
        self._kernels.rtsep_inverse(self._tables.address, frames.size // len(self._window), address(spectra),
                                    address(frames))


class Tables:
    """What the kernels need to know of one length.

    Parameters
    ----------
    length
        Frames, a power of two.
    window
        What the frames, or the last of them, are multiplied by.
    """

    def __init__(self, length: int, window: Audio) -> None:
        points = length // 2
        columns = 1 << (points.bit_length() - 1) // 2
        angles = 2.0 * np.pi / length * np.arange(length // 4 + 1)
        turns = np.exp(-2j * np.pi / points * np.outer(np.arange(columns), np.arange(points // columns)))
        self._arrays = {"window": window, "cosines": np.cos(angles), "sines": np.sin(angles),
                        "turn_real": turns.real, "turn_imaginary": turns.imag, "work": np.zeros(4 * points)}
        self._arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in self._arrays.items()}
        self._row = np.zeros((), TRANSFORM)
        self._row["length"], self._row["columns"], self._row["window_size"] = length, columns, len(window)
        for name, array in self._arrays.items():
            self._row[name] = address(array)
        self.address = address(self._row)


def _is_for_kernels(length: int) -> bool:
    return length >= _SHORTEST and length & (length - 1) == 0
