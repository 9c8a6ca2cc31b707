"""Takes what the audio process has put into the record ring and writes it to disk, aligned with the input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import numpy as np

from rtsep.audio.outputs import new_folder
from rtsep.audio.writer import AudioWriter
from rtsep.errors import AudioFileError, ConfigError
from rtsep.live.board import RUNNING, Memory
from rtsep.types import Audio

MIXTURE = "mixture"
MOST_CHANNELS = 8
"""Channels that a FLAC file can have."""
_PIECE = 16384


class Recorder:
    """One 24-bit FLAC file for the mixture and one a stem; the reported latency is cut off all of them.

    Takes are numbered: a folder that holds something is left alone. The files have their names from the start and
    can be read at any time, also when the process was killed. A file that cannot be written, on a full disk for
    example, ends the recording and not the music; what was written until then is kept. Files in which no sound arrived
    are removed again.

    Parameters
    ----------
    folder
        Where the files go; made if missing, and numbered if it is not empty: DIR-2 and so on.
    stems
        Names of the stems.
    samplerate, channels
        Of every file.
    memory
        Shared with the audio process.
    on_notice
        Gets a sentence where the recording ends early, or lost something.
    tags
        Of every file, see `AudioWriter`.

    Attributes
    ----------
    folder
        Where the files are.
    paths
        By track, `mixture` and the stems; empty at the end if no sound came.
    frames
        Written so far.

    Raises
    ------
    ConfigError
        When there are too many channels.
    AudioFileError
        When the files cannot be made.
    """

    def __init__(self, folder: Path, stems: Sequence[str], samplerate: int, channels: int, memory: Memory,
                 on_notice: Callable[[str], object], tags: Mapping[str, str] | None = None) -> None:
        if channels > MOST_CHANNELS:
            raise ConfigError(f"a recording has at most {MOST_CHANNELS} channels a track, the input has {channels}; "
                              f"play fewer --channels, or do not record")
        there = folder.is_dir()
        self.folder = new_folder(folder)
        self._made = not there or self.folder != folder
        self.paths = {name: self.folder / f"{name}.flac" for name in (MIXTURE, *stems)}
        memory.record.shape(len(self.paths) * channels)
        self._memory = memory
        self._notify = on_notice
        self._block = np.zeros((memory.record.rows, _PIECE), np.float32)
        self._position: int | None = None  # frames that had been played before the next one of the ring
        self._ended = False
        self.frames = 0
        with ExitStack() as stack:
            self._writers = {name: stack.enter_context(AudioWriter(
                path, samplerate, channels, tags={**(tags or {}), "title": name}, in_place=True))
                for name, path in self.paths.items()}
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended:
            self._end()
        if not self.frames:
            self._remove()

    def _end(self) -> None:
        try:
            self._close()
        except AudioFileError as error:
            self._notify(str(error))
        clipped = {name: writer.clipped_frames for name, writer in self._writers.items() if writer.clipped_frames}
        if clipped:
            counts = ", ".join(f"{name} {count}" for name, count in clipped.items())
            self._notify(f"the recording was limited to full scale in some frames: {counts}; play it less loud")

    def begin_again(self) -> None:
        """Go on with another audio process."""
        self._position = None

    def drain(self) -> None:
        """Write what waits, less what a stream plays before its first frame and after the last one of a source."""
        board = self._memory.board
        while frames := self._memory.record.read(self._block):
            position = board.record_start if self._position is None else self._position
            first = max(0, board.stream_start + board.latency - position)
            end = board.input_end
            last = frames if end == RUNNING else min(frames, end + board.latency - position)
            self._position = position + frames
            if last > first and not self._ended:
                self._write(self._block[:, first:last])

    def _write(self, block: Audio) -> None:
        try:
            for writer, rows in zip(self._writers.values(), np.split(block, len(self._writers)), strict=True):
                writer.write(rows)
            self.frames += block.shape[1]
        except AudioFileError as error:
            self._notify(f"{error}; the recording ends here, the music goes on")
            self._ended = True
            with suppress(AudioFileError):  # which says the same again
                self._close()

    def _remove(self) -> None:
        """Remove files without sound, which no program reads."""
        with suppress(OSError):
            for path in self.paths.values():
                path.unlink(missing_ok=True)
            if self._made:
                self.folder.rmdir()  # unless it holds something else
        self.paths.clear()
        self._notify(f"nothing was recorded: no sound came before the end, and {self.folder} has no files")

    def _close(self) -> None:
        """Close the files: an interrupted recording is kept as far as it came."""
        self._stack.__exit__(None, None, None)
