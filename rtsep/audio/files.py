"""Audio files of any length, read block by block to their true end.

Inside rtsep audio is float32 (channels, frames); only this package knows soundfile's (frames, channels).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from rtsep.audio.decoders import open_sound
from rtsep.audio.resample import Resampler
from rtsep.audio.stored import open_stored, spooled
from rtsep.errors import AudioFileError
from rtsep.types import Audio

STDIN = Path("-")
MAX_BLOCK = 192_000  # frames read at once: bounds the memory whatever a header says
RATES = range(1000, 1_000_001)
"""Sample rates in Hz that a sound can have; others are damaged headers."""
_LOUDEST = 1e6  # 120 dB above full scale: no sound, and its square may not fit into float32 any more


class AudioReader:
    """An audio file, read once from its beginning to its end.

    Parameters
    ----------
    path
        A wav, flac, mp3, ogg, opus, aiff or other file that libsndfile reads, or, where ffmpeg is installed, one that
        ffmpeg reads; `-` for standard input. Pipes are taken onto the disk first.

    Attributes
    ----------
    samplerate, channels
        As in the file.
    frames
        Length that the file announces, or None where it says nothing; a hint and no promise.
    position
        Frames read so far; the true length when the end is reached.
    bad_frames
        Frames read so far that held NaN, infinity or values beyond a million, and were silenced.

    Raises
    ------
    AudioFileError
        When there is no such file, or it is empty or in an unknown format.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.position = 0
        self.bad_frames = 0
        self._stored = _open(self.path)
        try:
            self._sound = open_sound(self.path, self._stored)
        except BaseException:
            self._stored.close()
            raise
        self.samplerate = self._sound.samplerate
        self.channels = self._sound.channels
        self.frames = self._sound.frames
        if self.samplerate not in RATES:
            self.close()
            raise AudioFileError(f"{self.path} has a sample rate of {self.samplerate} Hz in its header: sound has "
                                 f"{RATES[0]} to {RATES[-1]} Hz, so the file is damaged")
        if self.frames == 0:
            self.close()
            raise AudioFileError(f"{self.path} holds no sound: its length is 0 frames")

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what is missing or damaged, complete when the end is reached."""
        return tuple(self._sound.notes)

    def read(self, frames: int) -> Audio:
        """Read the next block at the file's own rate.

        What is damaged is left out, or silent where its length is known, and told in `notes`.

        Parameters
        ----------
        frames
            Most frames to read.

        Returns
        -------
        block
            float32 (channels, up to `frames`); no frames at the end of the file.
        """
        block = self._next(frames)
        self.position += len(block)
        if not np.abs(block).max(initial=0.0) <= _LOUDEST:  # NaN compares as False
            bad = ~(np.abs(block) <= _LOUDEST).all(axis=1)
            self.bad_frames += int(np.count_nonzero(bad))
            block[bad] = 0.0
        return np.ascontiguousarray(block.T)

    def blocks(self, samplerate: int | None = None, seconds: float = 1.0) -> Iterator[Audio]:
        """Read to the end, at another sample rate where requested.

        Parameters
        ----------
        samplerate
            Rate of the blocks in Hz; None for the file's own.
        seconds
            Length of a block, about: the blocks of a resampled file vary.

        Yields
        ------
        block
            float32 (channels, frames); the first frame of the first block is the file's first.
        """
        resampler = Resampler(self.samplerate, samplerate or self.samplerate, self.channels)
        frames = max(1, min(round(seconds * self.samplerate), MAX_BLOCK))
        while (block := self.read(frames)).shape[1]:
            yield resampler.push(block)
        if not self.position:
            raise AudioFileError(f"{self.path} holds no sound that can be decoded")
        yield resampler.flush()

    def _next(self, frames: int) -> Audio:
        """Decode (frames, channels), less only at the end; decoders stop where a stream or a damaged place ends."""
        blocks = [self._sound.read(frames)]
        missing = frames - len(blocks[0])
        while missing and len(blocks[-1]):
            blocks.append(self._sound.read(missing))
            missing -= len(blocks[-1])
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def close(self) -> None:
        """Close the file."""
        self._sound.close()
        self._stored.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_source(path: Path) -> None:
    """Refuse a file that is not there or cannot be read, and leave what it holds alone.

    Raises
    ------
    AudioFileError
        When `AudioReader` could not open it.
    """
    if (path != STDIN and not os.access(path, os.R_OK)) or path.is_dir():
        _open(path).close()


def _open(path: Path) -> BinaryIO:
    """Open a file for reading, or say in one sentence why that fails."""
    if path == STDIN:
        if sys.stdin is None:
            raise AudioFileError("there is no standard input to read: name a file")
        return spooled(sys.stdin.buffer)
    if path.is_dir():
        raise AudioFileError(f"{path} is a folder: name the audio files in it, for example {path / '*.wav'}")
    try:
        return open_stored(path)
    except FileNotFoundError:
        raise AudioFileError(f"no file {path}: check the name and the folder") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise AudioFileError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
