"""Where sounds stand between two channels: pans, widths, and the mixtures that are not ordinary stereo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

from rtsep.types import Audio
from training import SAMPLERATE
from training.recipes.numbers import Share

Random = np.random.Generator
SIDE_DB = (-22.0, -5.0)
"""Level of a wide sound's side signal against its mid signal."""


@dataclass(frozen=True)
class StereoConfig:
    """How often mixtures are not ordinary stereo, as probabilities.

    Parameters
    ----------
    mono
        Both channels are equal.
    inverted
        One channel is the negative of the other, as with a balanced line on a stereo input.
    dead
        One channel is silent.
    mirrored_pairs
        Two sounds of a kind stand at mirrored places, as double-tracked guitars do.
    """

    mono: Share = 0.2
    inverted: Share = 0.02
    dead: Share = 0.02
    mirrored_pairs: Share = 0.5


@dataclass(frozen=True)
class Places:
    """Where the sounds of one kind stand.

    Parameters
    ----------
    centred
        Probability of the exact middle.
    pan
        Largest distance from the middle else, 0 to 1 (one channel alone).
    wide
        Probability of a side signal of its own: a stereo microphone, a room, a doubling effect.
    """

    centred: Share = 0.4
    pan: Share = 0.8
    wide: Share = 0.3


def draw_pans(count: int, places: Places, mirrored: float, rng: Random) -> list[float]:
    """Pans of `count` sounds of a kind, -1 (left) to 1 (right)."""
    pans = [0.0 if rng.random() < places.centred else float(rng.uniform(-places.pan, places.pan))
            for _ in range(count)]
    if count == 2 and rng.random() < mirrored:
        pans[0] = float(rng.uniform(0.3, 1.0) * max(places.pan, 0.3))
        pans[1] = -pans[0]
    return pans


def place(sound: Audio, pan: float, wide: float, rng: Random) -> Audio:
    """Put a sound, (frames,), at a place with constant power; wide with a probability; float32 (2, frames)."""
    angle = (pan + 1.0) * np.pi / 4.0
    stereo = np.array([np.cos(angle), np.sin(angle)], np.float32)[:, np.newaxis] * sound
    if rng.random() < wide:
        stereo += np.array([[1.0], [-1.0]], np.float32) * _side(sound, rng)
    return stereo


def spoil(stems: Audio, config: StereoConfig, rng: Random) -> Audio:
    """Invert or silence one channel of all stems, (stems, 2, frames), in place, as often as the config says."""
    draw = rng.random()
    channel = int(rng.integers(2))
    if draw < config.inverted:
        stems[:, channel] = -stems[:, 1 - channel]
    elif draw < config.inverted + config.dead:
        stems[:, channel] = 0.0
    return stems


def _side(sound: Audio, rng: Random) -> Audio:
    """Side signal that is unlike the sound itself: early reflections, or a late copy."""
    level = np.float32(10.0 ** (rng.uniform(*SIDE_DB) / 20.0))
    if rng.random() < 0.3:
        late = int(SAMPLERATE * rng.uniform(0.004, 0.025))
        return level * np.concatenate([np.zeros(late, np.float32), sound[:-late]])
    seconds = rng.uniform(0.005, 0.06)
    impulse = rng.standard_normal(int(4 * seconds * SAMPLERATE)) * np.exp(-np.arange(int(4 * seconds * SAMPLERATE))
                                                                         / (seconds * SAMPLERATE))
    impulse /= np.sqrt(np.sum(np.square(impulse)))
    echoes: Audio = signal.oaconvolve(sound, impulse.astype(np.float32))[:sound.size].astype(np.float32)
    return level * echoes
