"""How the level of a sound moves: renderings pause and ring where recordings play on and are dry.

On float32 at 44.1 kHz of shape (frames,), or (channels, frames) where it says so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtsep.types import Audio
from training import SAMPLERATE

Random = np.random.Generator
PIECE = 128  # frames that share one value of the envelope
MAX_GAIN = 4.0  # of a compressor, against noise between notes


def active_rms(audio: Audio) -> np.float32:
    """Root mean square over the 100-ms pieces that are within 30 dB of the loudest; never zero.

    Channels, (channels, frames), add up: the root is of the sum of their squares.
    """
    power = _powers(audio, SAMPLERATE // 10)
    loud = power[power > 1e-3 * power.max(initial=0.0)]
    return np.float32(np.sqrt(loud.mean() if loud.size else 0.0) + 1e-6)


def activity(audio: Audio) -> float:
    """Part of the 50-ms pieces that are within 20 dB of the loud ones, 0 to 1."""
    power = _powers(audio, SAMPLERATE // 20)
    return float(np.mean(power > 0.01 * np.quantile(power, 0.95) + 1e-12)) if power.size else 0.0


def ride(audio: Audio, exponent: float, rng: Random) -> Audio:
    """Multiply the level, in dB below the loud parts, by 1 + exponent; arguments as of `ride_gain`."""
    return audio * ride_gain(audio, exponent, rng)


def ride_gain(audio: Audio, exponent: float, rng: Random) -> Audio:
    """Gain, (frames,), that multiplies a level in dB below the loud parts by 1 + exponent.

    Parameters
    ----------
    audio
        float32 (frames,) or (channels, frames).
    exponent
        Above 0 it expands, as close microphones, gates and dry rooms do; below 0 it compresses.
    rng
        Draws the release time, 30 to 200 ms, and what counts as loud.
    """
    power = _powers(audio, PIECE) + 1e-10
    if power.size < 2:
        return np.ones(audio.shape[-1], np.float32)
    release = np.arange(power.size) * (PIECE / (SAMPLERATE * rng.uniform(0.03, 0.2)))  # nepers that have fallen
    envelope = np.exp(np.maximum.accumulate(np.log(power) + release) - release)
    loud = np.quantile(envelope, rng.uniform(0.85, 0.99))
    gain = np.minimum(np.minimum(1.0, envelope / loud) ** (0.5 * exponent), MAX_GAIN)
    centres = (np.arange(gain.size) + 0.5) * PIECE
    return np.asarray(np.interp(np.arange(audio.shape[-1]), centres, gain), np.float32)


def _powers(audio: Audio, size: int) -> NDArray[np.float64]:
    """Mean square of consecutive pieces of `size` frames, summed over channels."""
    pieces = audio[..., :audio.shape[-1] // size * size].reshape(-1, audio.shape[-1] // size, size)
    return np.asarray(np.sum(np.mean(np.square(pieces, dtype=np.float64), axis=2), axis=0))
