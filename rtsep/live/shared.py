"""Memory that the audio process and its supervisor share: one board of numbers, and rings of samples.

Every number has one writer. A number is replaced whole, so the reader sees the old or the new value and
no side ever waits for the other.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.controls import Controls

Audio = NDArray[np.float32]

MAX_STEMS = 16
TIME_BINS = 100_000
"""Bins of the histogram of callback times, one microsecond each; the last one holds everything longer."""

RUNNING = -1
"""Value of `source_frames` while the end of the input is not known."""


class Board(ctypes.Structure):
    """Controls (the supervisor writes), counters and meters (the audio process writes)."""

    mask_gain: float
    wet: float
    bypass: int
    levels: Any
    source_frames: int
    heartbeat: int
    callbacks: int
    hops: int
    frames: int
    late: int
    input_xruns: int
    output_xruns: int
    bad_blocks: int
    restarts: int
    starved_blocks: int
    lost_frames: int
    latency: int
    blocksize: int
    busy_s: float
    longest_s: float
    input_peak: float
    output_peak: float
    times: Any

    _fields_ = (
        # controls
        ("mask_gain", ctypes.c_double), ("wet", ctypes.c_double), ("bypass", ctypes.c_int64),
        ("levels", ctypes.c_double * MAX_STEMS), ("source_frames", ctypes.c_int64),
        # counters
        ("heartbeat", ctypes.c_int64), ("callbacks", ctypes.c_int64), ("hops", ctypes.c_int64),
        ("frames", ctypes.c_int64), ("late", ctypes.c_int64), ("input_xruns", ctypes.c_int64),
        ("output_xruns", ctypes.c_int64), ("bad_blocks", ctypes.c_int64), ("restarts", ctypes.c_int64),
        ("starved_blocks", ctypes.c_int64), ("lost_frames", ctypes.c_int64),
        # meters
        ("latency", ctypes.c_int64), ("blocksize", ctypes.c_int64), ("busy_s", ctypes.c_double),
        ("longest_s", ctypes.c_double), ("input_peak", ctypes.c_double), ("output_peak", ctypes.c_double),
        ("times", ctypes.c_uint32 * TIME_BINS),
    )

    def put_controls(self, controls: Controls, stems: Sequence[str]) -> None:
        """Copy controls onto the board; levels in the order of `stems`."""
        self.mask_gain, self.wet, self.bypass = controls.mask_gain, controls.wet, int(controls.bypass)
        for index, stem in enumerate(stems):
            self.levels[index] = controls.level(stem)

    def take_controls(self, controls: Controls, stems: Sequence[str]) -> None:
        """Copy the board's values into controls; levels in the order of `stems`."""
        controls.mask_gain, controls.wet, controls.bypass = self.mask_gain, self.wet, bool(self.bypass)
        for index, stem in enumerate(stems):
            controls.set_level(stem, self.levels[index])


def new_board(context: SpawnContext) -> Board:
    """Make a board in shared memory, with the controls at rest and all counters at zero."""
    board: Board = context.RawValue(Board)
    board.mask_gain = board.wet = 1.0
    board.levels[:] = [1.0] * MAX_STEMS
    board.source_frames = RUNNING
    return board


class Ring:
    """Samples on their way from one process to the other: one writer, one reader, nobody waits.

    Both sides call `shape` with the same number of rows before they use it.

    Parameters
    ----------
    context
        Process context that the memory is shared through.
    samples
        Room for this many samples, all rows together.
    """

    def __init__(self, context: SpawnContext, samples: int) -> None:
        self._memory: Any = context.RawArray(ctypes.c_float, samples)
        self._counts: Any = context.RawArray(ctypes.c_int64, 2)  # frames written, frames read
        self.shape(1)

    def __getstate__(self) -> tuple[Any, Any]:
        return self._memory, self._counts

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        self._memory, self._counts = state
        self.shape(1)

    def shape(self, rows: int) -> None:
        """Lay the memory out as `rows` rows of equal length."""
        self.rows = rows
        self.capacity = len(self._memory) // rows
        flat = np.frombuffer(self._memory, np.float32)
        self._frames: Audio = flat[:rows * self.capacity].reshape(rows, self.capacity)

    @property
    def total(self) -> int:
        """Frames written since the beginning."""
        return int(self._counts[0])

    @property
    def filled(self) -> int:
        """Frames that wait for the reader."""
        return int(self._counts[0] - self._counts[1])

    @property
    def free(self) -> int:
        """Frames that the writer may add."""
        return self.capacity - self.filled

    def touch(self) -> None:
        """Write every page once, so that the first use does not fault; before any frame is written."""
        self._frames.fill(0.0)

    def write(self, block: Audio) -> bool:
        """Append a block, float32 (rows, frames); False and nothing written where it does not fit."""
        frames = block.shape[1]
        if frames > self.free:
            return False
        start = self._counts[0] % self.capacity
        first = min(frames, self.capacity - start)
        self._frames[:, start:start + first] = block[:, :first]
        self._frames[:, :frames - first] = block[:, first:]
        self._counts[0] += frames  # last, so the reader never sees what is not there yet
        return True

    def read(self, out: Audio) -> int:
        """Move waiting frames into `out`, float32 (rows, frames); return how many there were."""
        frames = int(min(out.shape[1], self.filled))
        start = self._counts[1] % self.capacity
        first = min(frames, self.capacity - start)
        out[:, :first] = self._frames[:, start:start + first]
        out[:, first:frames] = self._frames[:, :frames - first]
        self._counts[1] += frames
        return frames
