"""Takes what the audio process has put on the tape and writes it to disk, aligned with the input."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.files import AudioWriter
from rtsep.live.shared import Board, Ring

Audio = NDArray[np.float32]
MIXTURE = "mixture"
_PIECE = 16384


class Recorder:
    """One WAV file for the mixture and one a stem; the reported latency is cut off all of them.

    Parameters
    ----------
    folder
        Where the files go; made if missing.
    stems
        Names of the stems.
    samplerate, channels
        Of every file.
    ring, board
        Shared with the audio process.
    frames
        Expected length, None where it is unknown.
    """

    def __init__(self, folder: Path, stems: Sequence[str], samplerate: int, channels: int, ring: Ring, board: Board,
                 frames: int | None = None) -> None:
        self.paths = {name: folder / f"{name}.wav" for name in (MIXTURE, *stems)}
        ring.shape(len(self.paths) * channels)
        self._ring = ring
        self._board = board
        self._block = np.zeros((ring.rows, _PIECE), np.float32)
        self._position = 0  # frames taken from the tape
        with ExitStack() as stack:
            self._writers = [stack.enter_context(AudioWriter(path, samplerate, channels, frames))
                             for path in self.paths.values()]
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.__exit__(None, None, None)  # an interrupted recording is kept up to here

    def drain(self, end: int | None) -> None:
        """Write what waits.

        Parameters
        ----------
        end
            Frames of the input, after which silence was played that is not recorded; None if not known.
        """
        while frames := self._ring.read(self._block):
            late = self._board.latency
            first = max(0, late - self._position)
            last = frames if end is None else min(frames, end + late - self._position)
            self._position += frames
            if last > first:
                self._write(self._block[:, first:last])

    def _write(self, block: Audio) -> None:
        for writer, rows in zip(self._writers, np.split(block, len(self._writers)), strict=True):
            writer.write(rows)
