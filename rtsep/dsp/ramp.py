"""Gains that reach a new value smoothly, and in a known time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtsep.types import Audio

RAMP_MS = 20.0
"""Length of every ramp of a control."""


class Ramp:
    """Gains that follow their targets along an S: two moving averages, one after the other.

    The first target holds at once. A later one changes neither gain nor slope abruptly, even while the last ramp still
    runs, and no gain ever leaves the range of the targets. The side bands of a fader that moves in steps fall off with
    the third power of the frequency.

    Parameters
    ----------
    frames
        Frames after which a new target is reached.
    gains
        Values at the start, float32 (n,); None to begin at the first target.
    """

    def __init__(self, frames: int, gains: Audio | None = None) -> None:
        self._frames = frames
        self._done = frames
        self._target: Audio | None = None
        self._pasts: list[NDArray[np.float64]] = []
        if gains is not None:
            self._begin(gains)

    def rests_at(self, target: Audio) -> bool:
        """Whether the gains are at a target, float32 (n,), and stay there while it is the target."""
        return self._target is not None and self._done >= self._frames and np.array_equal(target, self._target)

    def next(self, target: Audio, frames: int) -> Audio:
        """Gains of the next frames, float32 (n, frames), or (n, 1) where they do not move."""
        if self._target is None:
            self._begin(target)
        if self.rests_at(target):
            return target[:, np.newaxis].copy()
        return self._move(target, frames)

    def _begin(self, gains: Audio) -> None:
        lengths = (self._frames // 2 + 1, (self._frames + 1) // 2)  # together they take one frame less than their sum
        self._target = gains.copy()
        self._pasts = [np.repeat(gains[:, np.newaxis].astype(np.float64), length, axis=1) for length in lengths]

    def _move(self, target: Audio, frames: int) -> Audio:
        """Go on towards a target."""
        if not np.array_equal(target, self._target):  # type: ignore[arg-type]
            self._target = target.copy()
            self._done = 0
        gains = np.repeat(target[:, np.newaxis], frames, axis=1).astype(np.float64)
        for past in self._pasts:
            gains = _moving_average(past, gains)
        self._done += frames
        if self._done >= self._frames:  # leave no rounding behind
            for past in self._pasts:
                past[:] = target[:, np.newaxis]
        return gains.astype(np.float32)


def _moving_average(past: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the last values at each new one, both (n, frames); as many as `past` holds, which moves on."""
    length = past.shape[1]
    line = np.concatenate([past, values], axis=1)
    past[:] = line[:, -length:]
    total = np.cumsum(line, axis=1)
    means: NDArray[np.float64] = (total[:, length:] - total[:, :-length]) / length
    return means
