"""A sound, some frames later."""

from __future__ import annotations

import numpy as np

from rtsep.types import Audio


class Delay:
    """Delays blocks of any length.

    Parameters
    ----------
    channels
        Number of audio channels.
    frames
        Frames of delay.
    """

    def __init__(self, channels: int, frames: int) -> None:
        self.frames = frames
        self._past = np.zeros((channels, frames), np.float32)

    def push(self, block: Audio) -> Audio:
        """Take in a block, float32 (channels, frames); return the delayed one, which is the caller's."""
        ready = self._past[:, :block.shape[1]]
        fresh = block[:, :block.shape[1] - ready.shape[1]]
        delayed = np.concatenate([ready, fresh], axis=1)
        self.keep(block)
        return delayed

    def keep(self, block: Audio) -> None:
        """Take in a block whose delayed one nobody asks for."""
        count = min(block.shape[1], self.frames)
        if count:
            self._past[:, :-count] = self._past[:, count:]
            self._past[:, self.frames - count:] = block[:, block.shape[1] - count:]
