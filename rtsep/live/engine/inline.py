"""Where the model runs: in the callback itself."""

from __future__ import annotations

import math
import sys
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtsep.separator import Separator
from rtsep.types import Audio


class Inference(Protocol):
    """What the engine asks of `Inline` here and of `rtsep.live.engine.worker.Worker`."""

    separator: Separator
    latency: int
    """Frames by which the stems lag the block, after `start`."""
    missed: int
    """Hops so far for which the model had no result in time."""
    spoilt: int
    """Hops so far that the model spoilt, see `rtsep.Separator.spoilt_hops`."""
    longest: int
    """Frames that a block may have, after `start`."""

    def start(self, frames: int, multiple: int) -> None:
        """Begin anew with blocks of up to `frames` frames, each a multiple of `multiple`."""

    def process(self, block: Audio, behind: bool, deadline: bool) -> tuple[Audio, NDArray[np.bool_] | None]:
        """Separate a block.

        Parameters
        ----------
        block
            float32 (channels, frames).
        behind
            Whether this block began after its time already.
        deadline
            False where nobody waits for the sound in real time: then nothing is ever late.

        Returns
        -------
        stems
            float32 (stems, channels, frames), `latency` frames late; ours to change.
        present
            Whether the stems are what the model says, (frames,), and not made up to fill a gap; None where all are.
        """

    def forget(self) -> None:
        """Let the separator begin anew with the next hop, at the same place of the stream."""


class Inline:
    """Runs the model in the callback, which adds no latency.

    A callback that took too long makes the next one begin late. That one leaves the model out and keeps
    the masks, which takes a small part of the time, until the lost time is made up for.

    Parameters
    ----------
    separator
        Loaded and warm.
    """

    def __init__(self, separator: Separator) -> None:
        self.separator = separator
        self.latency = separator.latency
        self.missed = self.spoilt = 0
        self.longest = sys.maxsize
        self._hop = separator.info.geometry.hop
        self._missed_frames = 0  # that are no whole hop yet

    def start(self, frames: int, multiple: int) -> None:
        """Begin anew; the length of the blocks does not matter, what they are a multiple of does."""
        self.separator.set_blocksize(multiple)
        self.latency = self.separator.latency

    def process(self, block: Audio, behind: bool, deadline: bool) -> tuple[Audio, NDArray[np.bool_] | None]:
        """Separate a block, see `Inference`."""
        held = behind and deadline
        self.separator.hold = held
        stems = self.separator.separate(block)
        if held:
            self._missed_frames += block.shape[1]
            missed, self._missed_frames = divmod(self._missed_frames, self._hop)
            self.missed += missed
        spoilt, self.spoilt = self.spoilt, self.separator.spoilt_hops
        return stems, np.zeros(block.shape[1], np.bool_) if held or self.spoilt != spoilt else None

    def forget(self) -> None:
        """Let the separator begin anew, see `Inference`."""
        self.separator.forget()


def common_multiple(frames: int, hop: int, multiple: int) -> int:
    """Return what blocks of `frames`, and of multiples of `multiple` before them (0: none), are all multiples of."""
    return math.gcd(frames, multiple or hop)
