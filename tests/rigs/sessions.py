"""Sessions without a device: a sound in memory that is played by the clock, and what was recorded of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from rtsep.live.protocol import LiveSettings

SAMPLERATE = 44100


class ArraySource:
    """A sound in memory, in blocks of odd sizes."""

    samplerate = None
    notes = ()

    def __init__(self, sound: np.ndarray) -> None:
        self.sound = sound
        self.channels = sound.shape[0]

    def blocks(self, samplerate: int, start: int = 0) -> Iterator[np.ndarray]:
        yield from np.array_split(self.sound[:, start:], 7, axis=1)

    def frames(self, samplerate: int) -> int | None:
        return None


def noise(frames: int, channels: int = 2) -> np.ndarray:
    """Make noise that 24 bits can hold."""
    sound = 0.2 * np.random.default_rng(9).standard_normal((channels, frames))
    return (np.round(sound * 2**23) / 2**23).astype(np.float32)


def settings(model: Path, **changes: object) -> LiveSettings:
    options = {"has_source": True, "null_device": True, "channels": 2, "record": True} | changes
    return LiveSettings(model=str(model), **options)


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32", always_2d=True)[0].T
