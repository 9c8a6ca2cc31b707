"""Rings of samples between two processes: one writes, one reads, nobody waits."""

from __future__ import annotations

import ctypes
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np

from rtsep.types import Audio


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
    def taken(self) -> int:
        """Frames read since the beginning."""
        return int(self._counts[1])

    @property
    def filled(self) -> int:
        """Frames that wait for the reader."""
        return int(self._counts[0] - self._counts[1])

    @property
    def free(self) -> int:
        """Frames that the writer may add."""
        return self.capacity - self.filled

    def skip_to(self, total: int) -> None:
        """Pass over frames unread, up to a number of frames written; for the reader."""
        self._counts[1] = max(self.taken, min(total, self.total))

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
