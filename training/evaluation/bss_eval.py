"""BSS Eval of one estimate in a mixture of two, quickly: everything by FFT.

An estimate is split into what delays of the target by 0 to 511 samples explain (the filtered target), what the
accompaniment's delays explain beyond that (interference), and the rest (artefacts). Version 3 (Vincent, Gribonval and
Févotte, "Performance measurement in blind audio source separation", 2006) takes the filtered target as the true one;
version 4 (Liutkus, Stöter and Ito, "The 2018 signal separation evaluation campaign", 2018) counts the filtering as a
distortion too, which over a whole mono clip changes the SDR only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.linalg
from numpy.typing import NDArray

from rtsep.types import Audio

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
TAPS = 512
MOST_DB = 200.0


@dataclass(frozen=True)
class Ratios:
    """Scores of one estimate in dB; `sdr_4` is version 4's, the others are version 3's."""

    sdr: float
    sir: float
    sar: float
    sdr_4: float


class BssEval:
    """The measure of one clip, to which any number of estimates can be put.

    Parameters
    ----------
    target, rest
        True target and accompaniment, (frames,).
    """

    def __init__(self, target: Audio, rest: Audio) -> None:
        self._target = target.astype(np.float64)
        self._spectra = _spectra(np.stack([target, rest]))
        gram = _gram(self._spectra, target.size)
        self._factors_target, self._factors = _factors(gram[:TAPS, :TAPS]), _factors(gram)

    def __call__(self, estimate: Audio) -> Ratios:
        """Measure an estimate of the target, (frames,); silence for silence is right, silence for sound is worst."""
        if not np.any(estimate):
            sdr = _silence_db(self._target)
            return Ratios(sdr, sdr, sdr, sdr_4=max(sdr, 0.0))  # 0 dB: as much is missing as there is
        spectrum = _spectra(estimate)
        cross = _lags(np.conj(self._spectra) * spectrum, estimate.size)
        filtered = _filtered(self._spectra[:1], scipy.linalg.lu_solve(self._factors_target, cross[0]), estimate.size)
        explained = _filtered(self._spectra, scipy.linalg.lu_solve(self._factors, cross.reshape(-1)), estimate.size)
        requested = _energy(filtered)
        return Ratios(sdr=_ratio_db(requested, _energy(spectrum - filtered)),
                      sir=_ratio_db(requested, _energy(explained - filtered)),
                      sar=_ratio_db(_energy(explained), _energy(spectrum - explained)),
                      sdr_4=_ratio_db(float(np.sum(np.square(self._target))),
                                      float(np.sum(np.square(self._target - estimate)))))


def sdr_version_3(target: Audio, estimate: Audio) -> float:
    """SDR of version 3 alone, in dB, which does not depend on the accompaniment; both (frames,)."""
    if not np.any(estimate):
        return _silence_db(target)
    spectra, spectrum = _spectra(target[np.newaxis]), _spectra(estimate)
    cross = _lags(np.conj(spectra[0]) * spectrum, target.size)
    taps = scipy.linalg.lu_solve(_factors(_gram(spectra, target.size)), cross)
    filtered = _filtered(spectra, taps, target.size)
    return _ratio_db(_energy(filtered), _energy(spectrum - filtered))


def _transform_size(frames: int) -> int:
    """Even length, so that the last bin is the Nyquist frequency's."""
    return 2 * int(scipy.fft.next_fast_len(-(-(frames + TAPS) // 2), real=True))


def _spectra(signals: Audio) -> Complex:
    """Transform signals (..., frames), padded so that no correlation of up to TAPS lags wraps round."""
    spectra: Complex = scipy.fft.rfft(signals.astype(np.float64), _transform_size(signals.shape[-1]))
    return spectra


def _lags(product: Complex, frames: int) -> Real:
    """Correlations at lags 0 to TAPS - 1 from a product of spectra, (..., TAPS)."""
    correlation: Real = scipy.fft.irfft(product, _transform_size(frames))[..., :TAPS]
    return correlation


def _gram(spectra: Complex, frames: int) -> Real:
    """Inner products of all delayed signals with each other, (signals * TAPS, signals * TAPS)."""
    lags = [[_lags(np.conj(one) * other, frames) for other in spectra] for one in spectra]
    return np.block([[scipy.linalg.toeplitz(lags[i][j], lags[j][i]) for j in range(len(spectra))]
                     for i in range(len(spectra))])


def _factors(gram: Real) -> tuple[Real, NDArray[np.int32]]:
    """Decompose for solving; the smallest of diagonals lets silence and band-limited sound be divided by."""
    factors: tuple[Real, NDArray[np.int32]] = scipy.linalg.lu_factor(gram + np.finfo(float).eps * np.eye(len(gram)))
    return factors


def _filtered(spectra: Complex, taps: Real, frames: int) -> Complex:
    """Spectrum of the sum of signals (signals, bins) after a filter each, taps (signals * TAPS,)."""
    filters = scipy.fft.rfft(taps.reshape(-1, TAPS), _transform_size(frames))
    return np.asarray(np.einsum("sb,sb->b", spectra, filters))


def _energy(spectrum: Complex) -> float:
    """Energy of a signal by its spectrum, but for a constant factor; the first and last bin stand for one only."""
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return float(2.0 * np.sum(power) - power[0] - power[-1])


def _silence_db(target: Audio | Real) -> float:
    """Score of silence: as far as `_ratio_db` goes, up where the target is silent too, else down."""
    return -MOST_DB if np.any(target) else MOST_DB


def _ratio_db(requested: float, error: float) -> float:
    """Ratio of two energies in dB; rounding ends it at 200 dB either way."""
    floor = 1e-20 * (requested + error) + np.finfo(float).tiny
    return float(10.0 * np.log10(max(requested, floor) / max(error, floor)))
