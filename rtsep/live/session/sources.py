"""Inputs that are no device: a file, and the song that the program makes itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from rtsep.audio.files import MAX_BLOCK, AudioReader
from rtsep.types import Audio

_MOST_NOTES = 5


class Source(Protocol):
    """Blocks of a mixture.

    Attributes
    ----------
    samplerate
        Its own rate in Hz; None where it is made at any.
    """

    channels: int
    samplerate: int | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what is missing or damaged in it, as far as it was read."""

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
            self.samplerate: int | None = reader.samplerate
            self._frames = reader.frames
        self._reader: AudioReader | None = None  # that read it last

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader says, each with the name of the file."""
        if self._reader is None:
            return ()
        found = self._reader.notes
        if len(found) > _MOST_NOTES:
            found = (*found[:_MOST_NOTES], f"{len(found) - _MOST_NOTES} damaged places more")
        if self._reader.bad_frames:
            found += (f"{self._reader.bad_frames} frames held no usable numbers (NaN, infinity) and were silent",)
        return tuple(f"{self._path.name}: {note}" for note in found)

    def blocks(self, samplerate: int, start: int = 0) -> Iterator[Audio]:
        """Read the file from a frame on; what lies before it is decoded too, so that it begins there to the sample."""
        with AudioReader(self._path) as reader:
            self._reader = reader
            left = round(start * reader.samplerate / samplerate)
            while left and (passed := reader.read(min(left, MAX_BLOCK)).shape[1]):
                left -= passed
            yield from reader.blocks(samplerate)

    def frames(self, samplerate: int) -> int | None:
        """Announced length, converted to this rate."""
        return None if self._frames is None else round(self._frames * samplerate / (self.samplerate or samplerate))


class DemoSource:
    """The song that the program makes itself.

    Attributes
    ----------
    stems
        float32 (2, frames) a stem; known once `blocks` or `frames` was called.
    """

    channels = 2
    samplerate: int | None = None
    notes: tuple[str, ...] = ()

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
