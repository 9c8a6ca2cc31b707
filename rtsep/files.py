"""Separate whole files: a separator fed as fast as it goes, its latency taken out again.

The way: file -> separator -> one WAV a stem, and where the model does not run at the rate of the file, a change of
the rate before and after. The separator is the live one, or that of a file model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.files import AudioReader
from rtsep.audio.writer import AudioWriter
from rtsep.audio.resample import Resampler
from rtsep.backends.segments import FileSeparator, is_file_model
from rtsep.errors import AudioFileError, ConfigError
from rtsep.model.catalogue import find_model
from rtsep.separator import MAX_CHANNELS, Separator, runs_at

Audio = NDArray[np.float32]
Progress = Callable[[float, float | None], None]


@dataclass(frozen=True)
class SeparatedFile:
    """What became of one file.

    Attributes
    ----------
    source
        The file that was separated.
    outputs
        The written file of every stem.
    samplerate, channels, frames
        Of the source and of every output.
    elapsed_s
        Time that it took, in seconds.
    bad_frames
        Frames of the source that held no usable numbers (NaN, infinity) and were taken as silence.
    missing_frames
        Frames that the source announced and did not hold.
    """

    source: Path
    outputs: dict[str, Path]
    samplerate: int
    channels: int
    frames: int
    elapsed_s: float
    bad_frames: int
    missing_frames: int

    @property
    def seconds(self) -> float:
        """Length of the sound in seconds."""
        return self.frames / self.samplerate

    @property
    def times_real_time(self) -> float:
        """How many seconds of sound were separated in one second."""
        return self.seconds / max(self.elapsed_s, 1e-9)


def separate_file(source: str | Path, folder: str | Path, model: str | Path = "stage",
                  stems: Sequence[str] | None = None, mask_gain: float = 1.0,
                  progress: Progress | None = None) -> SeparatedFile:
    """Write every stem of an audio file to `folder/STEM.wav`.

    The stems have the sample rate, the channels and exactly the length of the file and are aligned
    with it. The memory used does not depend on the length.

    Parameters
    ----------
    source
        Audio file in any format, sample rate and number of channels.
    folder
        Where the stems go; made if missing. Older stems of the same name are replaced.
    model
        Name of a shipped model, or a path to a step model or a file model.
    stems
        Stems to write, `rest` for what is left over; default all of the model.
    mask_gain
        Weight of the background in the mask, as in `Controls`; 1 for file models, which have no such mask.
    progress
        Called after every block with the seconds done and the seconds expected (None if unknown).

    Raises
    ------
    AudioFileError
        When the source cannot be read to its end or a stem cannot be written; no stem is left then.
    ModelError, ConfigError
        When the model, the stems or the gain cannot be used.
    """
    started = time.perf_counter()
    with AudioReader(source) as reader, ExitStack() as stack:
        if reader.channels > MAX_CHANNELS:
            raise AudioFileError(f"{reader.path} has {reader.channels} channels: rtsep separates up to {MAX_CHANNELS}")
        separator = open_separator(model, reader.channels, stems, mask_gain, reader.samplerate)
        paths = {stem: Path(folder) / f"{stem}.wav" for stem in separator.stems}
        _keep_source(reader.path, paths.values())
        outputs = [_StemOutput(path, reader, separator.samplerate, stack) for path in paths.values()]
        _pump(reader, separator, outputs, progress)
        for output in outputs:
            output.writer.commit()
        return SeparatedFile(reader.path, paths, reader.samplerate, reader.channels, reader.position,
                             time.perf_counter() - started, reader.bad_frames, reader.missing_frames)


def open_separator(model: str | Path, channels: int, stems: Sequence[str] | None,
                   mask_gain: float, samplerate: int | None = None) -> Separator | FileSeparator:
    """Make the separator that a model is for, at this rate in Hz if it runs at it; the rest as of `separate_file`."""
    path = find_model(str(model))
    if is_file_model(path):
        if mask_gain != 1.0:
            raise ConfigError(f"mask_gain is {mask_gain}: {model} is a file model without a mask of this kind; "
                              f"leave it at 1 or choose another model")
        return FileSeparator(path, channels, stems)
    separator = Separator(model, channels=channels, stems=stems)
    if samplerate is not None and runs_at(separator.info.samplerate, samplerate):
        separator.set_samplerate(samplerate)
    separator.controls.mask_gain = mask_gain
    return separator


def track_folders(sources: Iterable[Path], folder: Path) -> dict[Path, Path]:
    """Folder of every source's stems: named like the file, numbered where two files share a name.

    Parameters
    ----------
    sources
        Audio files; one that is named twice counts once.
    folder
        Where the tracks' folders go.

    Returns
    -------
    folders
        By source, in the order given. Names differ in more than their case.
    """
    folders: dict[Path, Path] = {}
    known: set[Path] = set()
    taken: set[str] = set()
    for source in sources:
        if source.resolve() in known:
            continue
        known.add(source.resolve())
        name = track = source.stem.strip(". ") or "track"
        number = 1
        while track.casefold() in taken:
            number += 1
            track = f"{name}-{number}"
        taken.add(track.casefold())
        folders[source] = folder / track
    return folders


class _StemOutput:
    """One stem on its way to its file: latency off, back to the file's sample rate, never too long."""

    def __init__(self, path: Path, reader: AudioReader, samplerate: int, stack: ExitStack) -> None:
        self._resampler = Resampler(samplerate, reader.samplerate, reader.channels)
        self.writer = stack.enter_context(AudioWriter(path, reader.samplerate, reader.channels, reader.frames))

    def push(self, block: Audio, end: int | None = None) -> None:
        """Write a block, at most up to frame `end` of the file."""
        block = self._resampler.push(block)
        self.writer.write(block if end is None else block[:, :end - self.writer.position])


def _keep_source(source: Path, paths: Iterable[Path]) -> None:
    """Refuse to replace the very file that is being read."""
    for path in paths:
        if path.exists() and path.samefile(source):
            raise AudioFileError(f"separating {source} would overwrite it: choose another output folder")


def _pump(reader: AudioReader, separator: Separator | FileSeparator, outputs: Sequence[_StemOutput],
          progress: Progress | None) -> None:
    """Feed the file, then silence until latency and resampling delay have come out."""
    late = separator.latency
    for block in reader.blocks(separator.samplerate):
        late = _push(separator, block, outputs, late)
        if progress is not None:
            progress(reader.position / reader.samplerate, reader.frames and reader.frames / reader.samplerate)
    silence = np.zeros((separator.channels, separator.latency), np.float32)
    while outputs[0].writer.position < reader.position:
        late = _push(separator, silence, outputs, late, reader.position)


def _push(separator: Separator | FileSeparator, block: Audio, outputs: Sequence[_StemOutput], late: int,
          end: int | None = None) -> int:
    """Separate a block; drop the first `late` frames; return how many are still to be dropped."""
    separated = separator.process(block)[:, :, late:]
    for output, stem in zip(outputs, separated, strict=True):
        output.push(stem, end)
    return max(0, late - int(block.shape[1]))
