"""What a step looks at in one hop: the inputs that models declare, by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtsep.dsp.pairing import Pair, sign_of
from rtsep.dsp.stft import flushed, mid_signal
from rtsep.types import Audio, Magnitude, Spectrum

CROSS, DIFFERENCE = "cross", "difference"


def feature_lengths(analysis: int, contexts: Sequence[int], stereo: bool) -> dict[str, int]:
    """Length in frames of the window that each feature is made from, by name."""
    lengths = {"magnitude": analysis} | {f"context_{index}": length for index, length in enumerate(contexts)}
    return lengths | (dict.fromkeys((CROSS, DIFFERENCE), analysis) if stereo else {})


def features(spectra: Spectrum, contexts: Sequence[Spectrum], stereo: bool,
             pairs: NDArray[np.int32] | int = Pair.SONG) -> dict[str, Magnitude]:
    """Make the features of a model.

    Parameters
    ----------
    spectra
        Of the masked window, complex64 (hops, channels, bins).
    contexts
        Of the longer windows, each complex64 (hops, channels, length // 2 + 1).
    stereo
        Whether the model looks at all channels (formats 2 and 3), or at the mid signal, their mean (format 1).
    pairs
        What two channels are together in each hop, (hops,), or in all: see `rtsep.dsp.pairing`. Opposite ones are
        taken as if the second had the first one's sign, and where one is dead the other counts as two equal ones.

    Returns
    -------
    features
        float32 (hops, bins) each. Format 1: `magnitude` of the mid signal, `context_0` and so on. Formats 2 and 3:
        these are root mean squares over the channels, and how the channels are related is told by `cross`, the mean
        real part of the cross spectra of their pairs, and `difference`, half of the first of two channels' power less
        the second's. Both lie between minus and plus the square of `magnitude`. One channel counts as two equal ones.
    """
    pairs = np.asarray(pairs)[..., np.newaxis]  # the same in every bin
    sizes = [_root_mean_square(one) if stereo else np.abs(_mid(one, pairs)) for one in (spectra, *contexts)]
    made = {f"context_{index - 1}" if index else "magnitude": size for index, size in enumerate(sizes)}
    return made | _relations(spectra, pairs) if stereo else made


def noise_features(lengths: dict[str, int], levels: Sequence[float], rng: np.random.Generator) -> dict[str, Magnitude]:
    """Features of stereo noise whose magnitudes have a level in each hop; arguments as of `feature_lengths`.

    To try models with; windows of several lengths hear noise of their own.
    """
    stereo = CROSS in lengths
    scale = np.asarray(levels, np.float32)[:, np.newaxis, np.newaxis]
    spectra = [scale * (rng.standard_normal((len(levels), 2, length // 2 + 1, 2), np.float32) @ np.array([1.0, 1.0j]))
               for name, length in lengths.items() if name not in (CROSS, DIFFERENCE)]
    made = features(spectra[0].astype(np.complex64), [one.astype(np.complex64) for one in spectra[1:]], stereo)
    return {name: values.astype(np.float32) for name, values in made.items()}


def _mid(spectra: Spectrum, pairs: NDArray[np.int32]) -> Spectrum:
    return mid_signal(spectra.swapaxes(0, 1), sign_of(pairs))


def _power(spectrum: Spectrum) -> Audio:
    """Squared magnitude; what a sound that fades away leaves would be too small to be squared, and is zero."""
    power: Audio = np.square(flushed(np.abs(spectrum)))
    return power


def _root_mean_square(spectra: Spectrum) -> Magnitude:
    mean: Magnitude = np.sqrt(_power(spectra).mean(axis=1))
    return mean


def _relations(spectra: Spectrum, pairs: NDArray[np.int32]) -> dict[str, Audio]:
    """`cross` and `difference`: the mid signal's power has all pairs of channels in it, besides their own powers."""
    channels, powers = spectra.shape[1], _power(spectra)
    mean = powers.mean(axis=1)
    if channels == 1:
        return {CROSS: mean, DIFFERENCE: np.zeros_like(mean)}
    mid = _power(_mid(spectra, pairs))
    difference = 0.5 * (powers[:, 0] - powers[:, 1]) if channels == 2 else np.zeros_like(mean)
    dead, cross = pairs == Pair.ONE_DEAD, (channels * mid - mean) / np.float32(channels - 1)
    return {CROSS: np.where(dead, mean, cross), DIFFERENCE: np.where(dead, np.float32(0.0), difference)}
