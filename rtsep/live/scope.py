"""The scope: the latest sound before and after separation, for whoever draws it. It is written and never waited for."""

from __future__ import annotations

import ctypes
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np

from rtsep.types import Audio

FRAMES = 1 << 14
"""Latest frames that are kept; a reader of all of them may find the oldest ones replaced meanwhile."""


class Scope:
    """Mixture and what is heard, each as the mean of its channels, aligned; one writer, any number of readers.

    Parameters
    ----------
    context
        Process context that the memory is shared through; None for this process alone.
    """

    def __init__(self, context: SpawnContext | None) -> None:
        if context is None:
            self._memory: Any = (ctypes.c_float * (2 * FRAMES))()
            self._written: Any = (ctypes.c_int64 * 1)()
        else:
            self._memory = context.RawArray(ctypes.c_float, 2 * FRAMES)
            self._written = context.RawArray(ctypes.c_int64, 1)
        self._view()

    def __getstate__(self) -> tuple[Any, Any]:
        return self._memory, self._written

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        self._memory, self._written = state
        self._view()

    def _view(self) -> None:
        self._frames: Audio = np.frombuffer(self._memory, np.float32).reshape(2, FRAMES)

    @property
    def written(self) -> int:
        """Frames written since the beginning."""
        return int(self._written[0])

    def write(self, mixture: Audio, heard: Audio, buses: int = 1) -> None:
        """Append a block.

        Parameters
        ----------
        mixture, heard
            float32 (channels, frames), of at most `FRAMES` frames; as many frames in both, any channels.
        buses
            How many sounds lie beside each other in the channels of what is heard.
        """
        start, frames = self.written % FRAMES, mixture.shape[1]
        first = min(frames, FRAMES - start)
        for row, block, gain in ((0, mixture, 1.0), (1, heard, float(buses))):
            mono = block.sum(axis=0)
            mono *= np.float32(gain / len(block))
            self._frames[row, start:start + first] = mono[:first]
            self._frames[row, :frames - first] = mono[first:]
        self._written[0] += frames

    def latest(self, frames: int) -> Audio:
        """Copy the latest frames, float32 (2, frames): mixture and what is heard; zeros where there are none yet."""
        places = np.arange(self.written - frames, self.written) % FRAMES
        return self._frames[:, places]
