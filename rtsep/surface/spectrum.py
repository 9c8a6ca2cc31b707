"""Spectra of the latest sound in bands that people see: as wide as pitch is heard, in dB."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BANDS = 96
LOWEST_HZ, HIGHEST_HZ = 40.0, 16000.0
FLOOR_DB = -100
"""What a band says of nothing."""

_FRAMES = 2048
_LEAST = 10.0 ** (FLOOR_DB / 20.0)


class BandSpectrum:
    """Levels of bands whose edges are in equal ratios.

    Parameters
    ----------
    samplerate
        Frames per second.
    """

    frames = _FRAMES

    def __init__(self, samplerate: int) -> None:
        self.samplerate = samplerate
        self._window = np.hanning(_FRAMES + 1)[:-1]
        edges = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (np.arange(BANDS + 1) / BANDS)
        bins = np.clip(np.round(edges * _FRAMES / samplerate).astype(int), 1, _FRAMES // 2 - 1)
        self._starts, self._end = bins[:-1], int(max(bins[-1], bins[-2] + 1))

    def levels(self, sound: NDArray[np.float32]) -> NDArray[np.int64]:
        """Measure the bands.

        Parameters
        ----------
        sound
            float32 (rows, `frames`).

        Returns
        -------
        levels
            (rows, `BANDS`), the strongest part of each band in dB of a full-scale sine, at least `FLOOR_DB`.
        """
        magnitudes = np.abs(np.fft.rfft(sound * self._window))[:, :self._end] * (4.0 / _FRAMES)
        bands = np.maximum.reduceat(magnitudes, self._starts, axis=1)
        return np.asarray(np.round(20.0 * np.log10(np.maximum(bands, _LEAST))), np.int64)


@lru_cache(maxsize=2)
def band_spectrum(samplerate: int) -> BandSpectrum:
    """Return the bands of a sample rate, made once."""
    return BandSpectrum(samplerate)
