"""Inputs that are no device: a file, and the song that the program makes itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.files import MAX_BLOCK, AudioReader

Audio = NDArray[np.float32]


class Source(Protocol):
    """Blocks of a mixture."""

    channels: int

    def blocks(self, samplerate: int, start: int = 0) -> Iterator[Audio]:
        """Yield the mixture at this rate in Hz from a frame at this rate on, float32 (channels, any frames) each."""

    def frames(self, samplerate: int) -> int | None:
        """Length at this rate, about; None where it is not known."""


class FileSource:
    """An audio file.

    Raises
    ------
    AudioFileError
        When the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with AudioReader(path) as reader:
            self.channels = reader.channels
            self._samplerate = reader.samplerate
            self._frames = reader.frames

    def blocks(self, samplerate: int, start: int = 0) -> Iterator[Audio]:
        """Read the file from a frame on; what lies before it is decoded too, so that it begins there to the sample."""
        with AudioReader(self._path) as reader:
            left = round(start * reader.samplerate / samplerate)
            while left and (passed := reader.read(min(left, MAX_BLOCK)).shape[1]):
                left -= passed
            yield from reader.blocks(samplerate)

    def frames(self, samplerate: int) -> int | None:
        """Announced length, converted to this rate."""
        return None if self._frames is None else round(self._frames * samplerate / self._samplerate)


class DemoSource:
    """The song that the program makes itself.

    Attributes
    ----------
    stems
        float32 (2, frames) a stem; known once `blocks` or `frames` was called.
    """

    channels = 2

    def __init__(self) -> None:
        self.stems: dict[str, Audio] = {}

    def blocks(self, samplerate: int, start: int = 0) -> Iterator[Audio]:
        """Yield the sum of the stems from a frame on, in one block."""
        yield self.mixture(samplerate)[:, start:]

    def frames(self, samplerate: int) -> int | None:
        """Length of the song."""
        return int(self.mixture(samplerate).shape[1])

    def mixture(self, samplerate: int) -> Audio:
        """Sum of the stems at this rate, float32 (2, frames)."""
        if not self.stems:
            from rtsep.demo.song import demo_song

            self.stems = demo_song(samplerate)
        mixture: Audio = np.sum(list(self.stems.values()), axis=0, dtype=np.float32)
        return mixture
