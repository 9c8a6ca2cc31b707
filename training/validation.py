"""Scores on real songs: the paper's mixtures and measure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import museval
import numpy as np
import torch
from numpy.typing import NDArray

from training.data.medleydb import Song
from training.nets.band_gru import BandGru
from training.spectra import power_of, resynthesise, spectra

Audio = NDArray[np.float32]
Separate = Callable[[Audio], dict[str, Audio]]
TARGETS = ("guitar", "drums")


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


def plain_sdr(wanted: Audio, estimate: Audio) -> float:
    """10 log10 of the target's energy over the error's, in dB."""
    return float(10 * np.log10(np.sum(np.square(wanted)) / (np.sum(np.square(wanted - estimate)) + 1e-12) + 1e-12))


def quick_scores(songs: Sequence[Song], separate: Separate) -> dict[str, float]:
    """Mean plain SDR of each target over the songs with electric guitar: fast, for choosing checkpoints."""
    means = {}
    for target in TARGETS:
        mixtures = [song.mixture(target) for song in songs if song.has_guitar]
        means[target] = float(np.mean([plain_sdr(wanted, separate(wanted + rest)[target]) for wanted, rest in mixtures]))
    return means


def torch_separator(net: BandGru) -> Separate:
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
