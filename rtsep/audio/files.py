"""Audio files of any length, read and written block by block.

Inside rtsep audio is float32 (channels, frames); only this module knows soundfile's (frames, channels).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtsep.audio.resample import Resampler
from rtsep.errors import AudioFileError

Audio = NDArray[np.float32]
MAX_BLOCK = 192_000  # frames read at once: bounds the memory whatever a header says
_LOUDEST = 1e6  # 120 dB above full scale: no sound, and its square may not fit into float32 any more
_UNKNOWN = 2**63 - 1  # frames that libsndfile reports when a stream does not say how long it is
_WAV_LIMIT = 2**32 - 2**16  # bytes of samples that fit into a WAV file beside its header
_STREAMED = (0, 2**31 - 2**16)  # data sizes at or below, and above, which a WAV header says nothing


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is never repositioned: reading goes on where the decoder stands.

    soundfile seeks after every block, which costs time in compressed formats and fails at the end of
    FLAC streams of unknown length.
    """

    def seekable(self) -> bool:
        return False


class AudioReader:
    """An audio file, read once from its beginning to its end.

    Parameters
    ----------
    path
        A wav, flac, mp3, ogg, opus, aiff or other file that libsndfile reads.

    Attributes
    ----------
    samplerate, channels
        As in the file.
    frames
        Length that the file announces, or None where it says nothing. An estimate for some mp3 files.
    position
        Frames read so far; the true length when the end is reached.
    bad_frames
        Frames read so far that held NaN, infinity or values beyond a million, and were silenced.

    Raises
    ------
    AudioFileError
        When there is no such file, or it is damaged, empty or in an unknown format.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.position = 0
        self.bad_frames = 0
        self._file = _open(self.path)
        self.samplerate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.frames = None if self._file.frames == _UNKNOWN else int(self._file.frames)
        try:
            self._check_length()
        except AudioFileError:
            self.close()
            raise

    @property
    def missing_frames(self) -> int:
        """Announced frames that have not come: after the end, what the file lacks (or an mp3 overstated)."""
        return max(0, (self.frames or 0) - self.position)

    def read(self, frames: int) -> Audio:
        """Read the next block at the file's own rate.

        Parameters
        ----------
        frames
            Most frames to read.

        Returns
        -------
        block
            float32 (channels, up to `frames`); no frames at the end of the file.

        Raises
        ------
        AudioFileError
            When the file is damaged here.
        """
        try:
            block = self._file.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise AudioFileError(f"{self.path} is damaged after {self.position / self.samplerate:.1f} s "
                                 f"({error.error_string.strip('. ')}); repair it or fetch it again") from None
        self.position += len(block)
        if not np.abs(block).max(initial=0.0) <= _LOUDEST:  # NaN compares as False
            bad = ~(np.abs(block) <= _LOUDEST).all(axis=1)
            self.bad_frames += int(np.count_nonzero(bad))
            block[bad] = 0.0
        return np.ascontiguousarray(block.T)

    def blocks(self, samplerate: int | None = None, seconds: float = 1.0) -> Iterator[Audio]:
        """Read to the end, at another sample rate where wanted.

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

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_length(self) -> None:
        """Refuse files without sound, and WAV files that end before their header says."""
        if self.frames == 0:
            raise AudioFileError(f"{self.path} holds no sound: its length is 0 frames")
        sizes = re.search(r"^data : (\d+) \(should be (\d+)\)", self._file.extra_info, re.MULTILINE)
        if sizes is None:
            return
        promised, found = map(int, sizes.groups())
        if found < promised < _STREAMED[1] and promised > _STREAMED[0]:
            raise AudioFileError(f"{self.path} is cut short: {found} of {promised} bytes of sound are there; "
                                 f"copy it again, or save what is left: ffmpeg -i {self.path.name} repaired.wav")


class AudioWriter:
    """A WAV file of 32-bit floats, or a FLAC file of 24 bits, which exists under its name only once it is whole.

    Samples beyond full scale stay as they are in WAV, and are clipped in FLAC. Until `commit` the file is called
    NAME.part; a `with` block that ends in an error removes it.

    Parameters
    ----------
    path
        Name of the finished file, `.flac` for FLAC; missing folders are made.
    samplerate
        In Hz.
    channels
        Number of audio channels, at most 8 in FLAC.
    frames
        Expected length. WAV files of 4 GB and more, and of unknown length (None), get the RF64 header,
        WAV's extension for long files.

    Raises
    ------
    AudioFileError
        When the file cannot be made or written, for example on a full disk.
    """

    def __init__(self, path: str | Path, samplerate: int, channels: int, frames: int | None = None) -> None:
        self.path = Path(path)
        self.position = 0
        self._part = self.path.with_name(self.path.name + ".part")
        short = frames is not None and frames * channels * 4 < _WAV_LIMIT
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._part.touch()
            flac = self.path.suffix.lower() == ".flac"
            self._file = _Sequential(self._part, "w", samplerate, channels, "PCM_24" if flac else "FLOAT",
                                     format="FLAC" if flac else "WAV" if short else "RF64")
        except OSError as error:
            raise AudioFileError(f"cannot write {self.path}: {error.strerror}") from None
        except soundfile.LibsndfileError as error:
            self._part.unlink(missing_ok=True)
            raise self._failure(error) from None

    def write(self, block: Audio) -> None:
        """Append a block, float32 (channels, frames)."""
        try:
            self._file.write(np.ascontiguousarray(block.T))
        except (soundfile.LibsndfileError, AssertionError) as error:  # soundfile asserts that all was written
            raise self._failure(error) from None
        self.position += block.shape[1]

    def commit(self) -> None:
        """Close the file and give it its name."""
        try:
            self._file.close()
            self._part.replace(self.path)
        except (OSError, soundfile.LibsndfileError) as error:
            raise self._failure(error) from None

    def discard(self) -> None:
        """Close and remove an unfinished file; does nothing to one that is committed."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None and not self._file.closed:
            self.commit()
        self.discard()

    def _failure(self, error: Exception) -> AudioFileError:
        if _is_full(self.path.parent):
            return AudioFileError(f"cannot write {self.path}: the disk is full; free some space or choose another "
                                  f"folder")
        reason = getattr(error, "strerror", None) or "the system took only a part of it (a quota or a size limit?)"
        return AudioFileError(f"cannot write {self.path}: {reason}")


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 2**20
    except OSError:  # the folder itself is gone
        return False


def _open(path: Path) -> soundfile.SoundFile:
    """Open a file for reading, or say in one sentence why that fails."""
    if path.is_dir():
        raise AudioFileError(f"{path} is a folder: name the audio files in it, for example {path / '*.wav'}")
    if not path.exists():
        raise AudioFileError(f"no file {path}: check the name and the folder")
    try:
        with path.open("rb"):
            pass
        return _Sequential(path)
    except OSError as error:
        raise AudioFileError(f"cannot read {path}: {error.strerror}") from None
    except (soundfile.LibsndfileError, TypeError):  # TypeError: headerless .raw files ask for parameters
        raise AudioFileError(f"{path} is damaged or in a format that rtsep does not read: give wav, flac, mp3, ogg or "
                             f"aiff, or convert it: ffmpeg -i {path.name} {path.stem}.wav") from None
