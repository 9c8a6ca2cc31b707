"""Separate one file: file -> separator -> one WAV a stem."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rtsep.audio.files import AudioReader
from rtsep.audio.outputs import check_outputs
from rtsep.audio.writer import AudioWriter
from rtsep.errors import AudioFileError
from rtsep.files.levels import Output, StemFile, finish
from rtsep.files.stream import AnySeparator, aligned_stems, open_separator
from rtsep.files.tags import read_tags
from rtsep.model.catalogue import FILE_MODEL
from rtsep.separator import MAX_CHANNELS, Separator
from rtsep.signals import undivided

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
        Of the source; some formats have another rate.
    elapsed_s
        Time that it took, in seconds.
    bad_frames
        Frames of the source that held no usable numbers (NaN, infinity) and were taken as silence.
    notes
        Sentences about what is missing or damaged in the source, and about what was done to levels.
    """

    source: Path
    outputs: dict[str, Path]
    samplerate: int
    channels: int
    frames: int
    elapsed_s: float
    bad_frames: int
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length of the sound in seconds."""
        return self.frames / self.samplerate

    @property
    def times_real_time(self) -> float:
        """How many seconds of sound were separated in one second."""
        return self.seconds / max(self.elapsed_s, 1e-9)


def separate_file(source: str | Path, folder: str | Path, model: str | Path = FILE_MODEL,
                  stems: str | Sequence[str] | None = None, mask_gain: float = 1.0,
                  progress: Progress | None = None, overwrite: bool = False) -> SeparatedFile:
    """Write every stem of an audio file to `folder/STEM.wav`.

    The stems have the sample rate, the channels and exactly the length of the file and are aligned
    with it. The memory used does not depend on the length.

    Parameters
    ----------
    source
        Audio file in any format, sample rate and number of channels.
    folder
        Where the stems go; made if missing.
    model
        Name of a shipped model, or a path to a step model or a file model.
    stems
        Stems to write, `rest` for what is left over; a string names one, or several with commas between;
        default all of the model.
    mask_gain
        Weight of the background in the mask, as in `Controls`; 1 for file models, which have no such mask.
    progress
        Called after every block with the seconds done and the seconds expected (None if unknown).
    overwrite
        Whether files of the stems' names that are there are replaced.

    Raises
    ------
    AudioFileError
        When the source cannot be read, or a stem cannot be written or is there already; no stem is left then.
    ModelError, ConfigError
        When the model, the stems or the gain cannot be used.
    """
    return separate_track(source, lambda stem: Path(folder) / f"{stem}.wav", model, stems, mask_gain, progress,
                          Output(overwrite=overwrite))


def separate_track(source: str | Path, name: Callable[[str], Path | None], model: str | Path = FILE_MODEL,
                   stems: str | Sequence[str] | None = None, mask_gain: float = 1.0,
                   progress: Progress | None = None, output: Output | None = None,
                   marks: Callable[[str], Mapping[str, str]] | None = None) -> SeparatedFile:
    """Write every stem of an audio file under a name of its own.

    Parameters
    ----------
    name
        Gives the path of a stem; None for one that is not written.
    output
        Format, levels, and whether files are replaced.
    marks
        Gives the tags of a stem, see `AudioWriter`. Those of the source, and its cover, are added where the format
        takes them; without a title it is the stem's.

    The other parameters, and what is raised, are those of `separate_file`.
    """
    started = time.perf_counter()
    output = output or Output()
    with AudioReader(source) as reader, ExitStack() as stack:
        _check(reader)
        separator = open_separator(model, reader.channels, stems, mask_gain, reader.samplerate)
        paths = {stem: path for stem in separator.stems if (path := name(stem)) is not None}
        check_outputs(paths.values(), [reader.path])
        output.encoding.check_channels(reader.channels)
        tags = read_tags(reader.path)
        with undivided():
            files = {separator.stems.index(stem): stack.enter_context(
                StemFile(path, reader.samplerate, reader.channels, reader.frames, output,
                         {"title": stem, **(marks(stem) if marks else {})}, tags)) for stem, path in paths.items()}
        for blocks in aligned_stems(separator, reader.blocks(), reader.samplerate):
            for index, file in files.items():
                file.write(blocks[index])
            if progress is not None:
                progress(reader.position / reader.samplerate, reader.frames and reader.frames / reader.samplerate)
        notes = (*finish(list(files.values()), output), *_spoilt(separator))
        with undivided():
            _commit([file.writer for file in files.values()])
        return SeparatedFile(reader.path, paths, reader.samplerate, reader.channels, reader.position,
                             time.perf_counter() - started, reader.bad_frames, (*reader.notes, *notes))


def _check(reader: AudioReader) -> None:
    """Refuse what is no music."""
    if reader.channels > MAX_CHANNELS:
        raise AudioFileError(f"{reader.path} has {reader.channels} channels: rtsep separates up to {MAX_CHANNELS}")


def _spoilt(separator: AnySeparator) -> tuple[str, ...]:
    """Say how much of the sound the model did not separate."""
    hops = separator.spoilt_hops if isinstance(separator, Separator) else 0
    return (f"the model gave no numbers in {hops} hops: there every stem is an even share of the mixture",) * (hops > 0)


def _commit(writers: Sequence[AudioWriter]) -> None:
    """Give all files their names, or none of them."""
    for count, writer in enumerate(writers):
        try:
            writer.commit()
        except AudioFileError:
            for done in writers[:count]:
                done.withdraw()
            raise
