"""Stems on their way into files: at a rate that the format has, and at levels that it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from rtsep.audio.encodings import CLIPS, Encoding
from rtsep.audio.files import MAX_BLOCK, AudioReader
from rtsep.audio.outputs import temporary_name
from rtsep.audio.resample import QUALITY, Resampler
from rtsep.audio.writer import AudioWriter
from rtsep.errors import ConfigError
from rtsep.files.tags import Tags, write_tags
from rtsep.types import Audio

_FULL_SCALE = 0.9999
_UNTAGGED = "the tags or the cover could not be written: is the disk full?"


@dataclass(frozen=True)
class Output:
    """How stems are written.

    Parameters
    ----------
    encoding
        Their format.
    clip
        What is done to samples above full scale where the format ends there: `rescale` turns all stems of a file down
        alike, `clamp` limits the samples, `none` leaves them to the encoder.
    overwrite
        Whether files of the stems' names that are there are replaced.
    """

    encoding: Encoding = field(default_factory=Encoding)
    clip: str = "rescale"
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.clip not in CLIPS:
            raise ConfigError(f"clip is {self.clip!r}: give {', '.join(CLIPS)}")


class StemFile:
    """One stem, kept at its true level until all stems of its track are known.

    Parameters
    ----------
    path, frames, marks
        Name, expected length and own tags, as of `AudioWriter`.
    samplerate, channels
        Of the stem; the file has the nearest rate that its format allows.
    output
        How it is written.
    tags
        Of the source.
    """

    def __init__(self, path: Path, samplerate: int, channels: int, frames: int | None, output: Output,
                 marks: Mapping[str, str], tags: Tags) -> None:
        rate = output.encoding.samplerate(samplerate)
        self.peak = 0.0
        self.tagged = True  # or has no tags to write
        self._tags = tags
        self._ratio = rate / samplerate
        self._frames = 0
        self._resampler = Resampler(samplerate, rate, channels, QUALITY)
        self._stack = ExitStack()
        expected = None if frames is None else round(frames * self._ratio)
        self.writer = self._open(path, rate, channels, expected, output.encoding, marks, output.overwrite,
                                 limit=output.clip != "none")
        self._draft: AudioWriter | None = None
        if output.clip == "rescale" and not output.encoding.holds_any_level:
            draft = temporary_name(path)
            self._stack.callback(draft.unlink, missing_ok=True)
            try:
                self._draft = self._open(draft, rate, channels, expected, Encoding(), in_place=True)
            except BaseException:
                self.writer.discard()
                raise

    def write(self, block: Audio) -> None:
        """Append a block, float32 (channels, frames)."""
        self._frames += block.shape[1]
        self._write(self._resampler.push(block))

    def end(self) -> None:
        """Take what the change of the rate still holds; nothing may be written afterwards."""
        self._write(self._resampler.flush())

    def settle(self, gain: float) -> None:
        """Write what is kept at its true level, times `gain`, and close the file."""
        if self._draft is not None:
            self._draft.commit()
            with AudioReader(self._draft.path) as reader:
                while (block := reader.read(MAX_BLOCK)).shape[1]:
                    self.writer.write(block * np.float32(gain))
        self.writer.close()
        self.tagged = not self._tags or write_tags(self.writer.part, self._tags)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def _open(self, path: Path, rate: int, channels: int, frames: int | None, encoding: Encoding,
              marks: Mapping[str, str] | None = None, overwrite: bool = False, limit: bool = True,
              in_place: bool = False) -> AudioWriter:
        return self._stack.enter_context(AudioWriter(path, rate, channels, frames, encoding, marks, overwrite,
                                                     in_place, limit))

    def _write(self, block: Audio) -> None:
        target = self._draft or self.writer
        block = block[:, :max(0, round(self._frames * self._ratio) - target.position)]
        self.peak = max(self.peak, float(np.abs(block).max(initial=0.0)))
        target.write(block)


def finish(files: Sequence[StemFile], output: Output) -> list[str]:
    """Close all files of a track at levels that their format holds; they get their names when they are committed.

    Returns
    -------
    notes
        Sentences where levels were touched, or tags could not be written.
    """
    for file in files:
        file.end()
    peak = max(file.peak for file in files)
    rescaled = output.clip == "rescale" and not output.encoding.holds_any_level and peak > _FULL_SCALE
    gain = _FULL_SCALE / peak if rescaled else 1.0
    for file in files:
        file.settle(gain)
    untagged = [] if all(file.tagged for file in files) else [_UNTAGGED]
    return _levels(files, gain) + untagged


def _levels(files: Sequence[StemFile], gain: float) -> list[str]:
    """Say what was done to samples above full scale, of files that were turned down by a linear gain."""
    clipped = sum(file.writer.clipped_frames for file in files)
    over = sum(file.writer.over_frames for file in files)
    if gain != 1.0:
        return [f"all stems are turned down by {-20.0 * np.log10(gain):.1f} dB, as the format ends at full scale"]
    if clipped:
        return [f"{clipped} frames above full scale were limited to it"]
    return [f"{over} frames above full scale were left to the encoder"] if over else []
