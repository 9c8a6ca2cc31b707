"""Audio files, written block by block: all or nothing, or readable at every moment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile

from rtsep.audio.encodings import Encoding, encoding_of
from rtsep.audio.outputs import begin_file, put_in_place, remove_abandoned, temporary_name
from rtsep.audio.sndfile import SequentialFile
from rtsep.errors import AudioFileError
from rtsep.types import Audio

_WAV_LIMIT = 2**32 - 2**16  # bytes of samples that fit into a WAV file beside its header
_PIECE = 4096  # frames given to an encoder at once: Vorbis crashes on many more


class AudioWriter:
    """An audio file that exists under its name only once it is whole.

    Until `commit` the file has a temporary name beside it; a `with` block that ends in an error removes it. With
    `in_place` it has its own name from the start, and what is written so far can be read at any time, also after
    the process was killed.

    Parameters
    ----------
    path
        Name of the finished file; missing folders are made.
    samplerate
        In Hz.
    channels
        Number of audio channels.
    frames
        Expected length. WAV files of 4 GB and more, and of unknown length (None), get the RF64 header,
        WAV's extension for long files.
    encoding
        Format; by default what the suffix says, WAV of 32-bit floats for most.
    tags
        `title`, `artist`, `date`, `comment`, `software` and further ones of soundfile.
    overwrite
        Whether a file of this name is replaced.
    in_place
        Write under the file's own name, which must be new.
    limit
        Whether samples above full scale are limited to it where the format ends there, or left to the encoder.

    Attributes
    ----------
    position
        Frames written so far.
    clipped_frames, over_frames
        Frames with samples above full scale that the format cannot hold: limited to it, or left to the encoder.

    Raises
    ------
    AudioFileError
        When the file cannot be made or written, for example on a full disk.
    """

    def __init__(self, path: str | Path, samplerate: int, channels: int, frames: int | None = None,
                 encoding: Encoding | None = None, tags: Mapping[str, str] | None = None, overwrite: bool = True,
                 in_place: bool = False, limit: bool = True) -> None:
        self.path = Path(path)
        self.position = 0
        self.clipped_frames = self.over_frames = 0
        self.encoding = encoding or encoding_of(self.path)
        self._limit = limit
        self._overwrite = overwrite
        self._in_place = in_place
        self._part = self.path if in_place else temporary_name(self.path)
        long = frames is None or frames * channels * 4 >= _WAV_LIMIT
        self._refuse_existing()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.path)
            self._hold = begin_file(self._part)
        except OSError as error:
            raise AudioFileError(f"cannot write {self.path}: {error.strerror}") from None
        try:
            self._file = SequentialFile(_name(self._part), "w", samplerate, channels, **self.encoding.options(long))
            for name, value in (tags or {}).items():
                setattr(self._file, name, value)
        except (soundfile.LibsndfileError, ValueError) as error:
            self._part.unlink(missing_ok=True)
            self._release()
            raise self._failure(error) from None

    @property
    def part(self) -> Path:
        """Name that the file has until it is committed."""
        return self._part

    def write(self, block: Audio) -> None:
        """Append a block, float32 (channels, frames)."""
        if not self.encoding.holds_any_level and np.abs(block).max(initial=0.0) > 1.0:
            over = int(np.count_nonzero((np.abs(block) > 1.0).any(axis=0)))
            if self._limit:
                self.clipped_frames += over
                block = np.clip(block, -1.0, 1.0)
            else:
                self.over_frames += over
        interleaved = np.ascontiguousarray(block.T)
        try:
            for start in range(0, len(interleaved), _PIECE):
                self._file.write(interleaved[start:start + _PIECE])
        except (soundfile.LibsndfileError, AssertionError) as error:  # soundfile asserts that all was written
            raise self._failure(error) from None
        self.position += block.shape[1]

    def close(self) -> None:
        """Close the file, which keeps its temporary name."""
        try:
            self._file.close()
        except soundfile.LibsndfileError as error:
            raise self._failure(error) from None

    def commit(self) -> None:
        """Close the file and give it its name."""
        self.close()
        if self._in_place:
            return
        try:
            put_in_place(self._part, self.path, self._overwrite)
        except FileExistsError:
            raise AudioFileError(f"{self.path} was written by another program meanwhile: it is kept, and this result "
                                 f"is not; separate again") from None
        except OSError as error:
            raise self._failure(error) from None

    def withdraw(self) -> None:
        """Remove a committed file again, where it replaced none."""
        if not self._overwrite:
            self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Close and remove an unfinished file; does nothing to one that is committed."""
        self._file.close()
        if not self._in_place:
            self._part.unlink(missing_ok=True)
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None and not self._file.closed:
                self.commit()
        finally:
            self.discard()

    def _release(self) -> None:
        """Hold the file no longer."""
        if self._hold >= 0:
            os.close(self._hold)
        self._hold = -1

    def _refuse_existing(self) -> None:
        if os.path.lexists(self.path) and (self._in_place or not self._overwrite):
            raise AudioFileError(f"{self.path} is there already: it is kept; choose another folder")

    def _failure(self, error: Exception) -> AudioFileError:
        if _is_full(self.path.parent):
            return AudioFileError(f"cannot write {self.path}: the disk is full; free some space or choose another "
                                  f"folder")
        reason = getattr(error, "strerror", None) or "the system took only a part of it (a quota or a size limit?)"
        return AudioFileError(f"cannot write {self.path}: {reason}")


def _name(path: Path) -> str | bytes:
    """Name of a file for libsndfile: soundfile refuses the text of one that is not UTF-8."""
    return os.fsencode(path) if os.name == "posix" else str(path)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 2**20
    except OSError:  # the folder itself is gone
        return False
