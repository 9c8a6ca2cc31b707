"""Scores on real songs: the paper's mixtures and measure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import museval
import numpy as np
import scipy.fft
import scipy.linalg
import torch
from numpy.typing import NDArray

from training.data.medleydb import Song
from training.nets import Network
from training.spectra import power_of, resynthesise, spectra

Audio = NDArray[np.float32]
Separate = Callable[[Audio], dict[str, Audio]]
TARGETS = ("guitar", "drums")
FILTER_TAPS = 512


@dataclass(frozen=True)
class Score:
    """BSS Eval of one target in one mixture, all in dB."""

    song: str
    target: str
    seconds: float
    sdr: float
    sir: float
    sar: float
    nsdr: float


def bss_eval(target: Audio, rest: Audio, estimate: Audio, version: int = 3) -> tuple[float, float, float]:
    """SDR, SIR and SAR of one estimate over the whole clip, in dB.

    Parameters
    ----------
    target, rest
        True target and accompaniment, (frames,).
    estimate
        Estimated target, (frames,).
    version
        3 as the paper (source measures, a 512-tap distortion filter is forgiven), or 4 (image measures).
    """
    references = np.stack([target, rest])[..., np.newaxis].astype(np.float64)
    estimates = np.stack([estimate, target + rest])[..., np.newaxis].astype(np.float64)  # only the first is scored
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdr, _, sir, sar, _ = museval.metrics.bss_eval(
            references, estimates, window=np.inf, hop=np.inf, compute_permutation=False,
            framewise_filters=False, bsseval_sources_version=version == 3)
    return float(sdr[0, 0]), float(sir[0, 0]), float(sar[0, 0])


def score(song: Song, target: str, separate: Separate, version: int = 3) -> Score:
    """Separate the paper's mixture of one song and measure one target."""
    wanted, rest = song.mixture(target)
    sdr, sir, sar = bss_eval(wanted, rest, separate(wanted + rest)[target], version)
    before = bss_eval(wanted, rest, wanted + rest, version)[0]
    return Score(song.name, target, wanted.size / 44100, sdr, sir, sar, sdr - before)


def sdr_version_3(target: Audio, estimate: Audio) -> float:
    """SDR of BSS Eval 3 alone, in dB: a few FFTs instead of the toolbox's full decomposition.

    The estimate is projected on the target delayed by 0 to 511 samples (Vincent et al., "Performance
    measurement in blind audio source separation", 2006, Eq. 9 and 16); what is left is distortion.
    """
    size = scipy.fft.next_fast_len(target.size + FILTER_TAPS, real=True)
    spectrum = scipy.fft.rfft(target.astype(np.float64), size)
    correlation = scipy.fft.irfft(np.abs(spectrum) ** 2, size)[:FILTER_TAPS]
    cross = scipy.fft.irfft(np.conj(spectrum) * scipy.fft.rfft(estimate.astype(np.float64), size), size)[:FILTER_TAPS]
    taps = scipy.linalg.solve_toeplitz(correlation + 1e-10 * correlation[0] * (np.arange(FILTER_TAPS) == 0), cross)
    projected = float(taps @ cross)  # energy of the projection
    error = float(np.sum(np.square(estimate, dtype=np.float64))) - projected
    return float(10.0 * np.log10(projected / max(error, 1e-20 * projected)))


def targets_of(stems: Sequence[str]) -> tuple[str, ...]:
    """Stems of a model that the paper's mixtures are made for."""
    return tuple(target for target in TARGETS if target in stems)


def quick_scores(songs: Sequence[Song], separate: Separate, targets: Sequence[str]) -> dict[str, float]:
    """Mean SDR (BSS Eval 3) of each target over the songs with electric guitar, for choosing checkpoints."""
    means = {}
    for target in targets:
        mixtures = [song.mixture(target) for song in songs if song.has_guitar]
        means[target] = float(np.mean([sdr_version_3(wanted, separate(wanted + rest)[target])
                                       for wanted, rest in mixtures]))
    return means


def torch_separator(net: Network) -> Separate:
    """Separate whole mixtures with a network as it is trained, offline and aligned."""
    geometry = net.geometry

    def separate(mixture: Audio) -> dict[str, Audio]:
        lengths = (geometry.analysis, *net.config.contexts)
        hops = -(-mixture.size // geometry.hop) + geometry.synthesis // geometry.hop
        audio = torch.zeros(1, max(lengths) - geometry.hop + hops * geometry.hop)
        begin = max(lengths) - geometry.hop
        audio[0, begin:begin + mixture.size] = torch.from_numpy(mixture)
        with torch.inference_mode():
            mixed = [spectra(audio[:, max(lengths) - length:], length, geometry) for length in lengths]
            masks, _ = net(net.observe([power_of(spectrum) for spectrum in mixed]), net.initial_state(1))
            sound = resynthesise((masks @ net.spread * mixed[0][:, :, None]).transpose(1, 2), geometry)[0].numpy()
        start = geometry.synthesis - geometry.hop
        return {stem: sound[index, start:start + mixture.size] for index, stem in enumerate(net.stems)}

    return separate
