"""Gains that reach a new value smoothly, and in a known time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
RAMP_MS = 20.0
"""Length of every ramp of a control."""


class Ramp:
    """Gains that follow their targets along an S: two moving averages, one after the other.

    A new target changes neither gain nor slope abruptly, even while the last ramp still runs, and no gain
    ever leaves the range of the targets. The side bands of a fader that moves in steps fall off with the third
    power of the frequency.

    Parameters
    ----------
    gains
        Values at the start, float32 (n,).
    frames
        Frames after which a new target is reached.
    """

    def __init__(self, gains: Audio, frames: int) -> None:
        lengths = (frames // 2 + 1, (frames + 1) // 2)  # together they take one frame less than their sum
        self._pasts = [np.repeat(gains[:, np.newaxis].astype(np.float64), length, axis=1) for length in lengths]
        self._frames = frames
        self._target = gains.copy()
        self._done = frames

    @property
    def arrived(self) -> bool:
        """Whether the gains have reached the last target."""
        return self._done >= self._frames

    def next(self, target: Audio, frames: int) -> Audio:
        """Gains of the next frames, float32 (n, frames), or (n, 1) where they do not move."""
        if not np.array_equal(target, self._target):
            self._target[:] = target
            self._done = 0
        if self.arrived:
            return self._target[:, np.newaxis].copy()
        gains = np.repeat(self._target[:, np.newaxis], frames, axis=1).astype(np.float64)
        for past in self._pasts:
            gains = _moving_average(past, gains)
        self._done += frames
        if self.arrived:  # leave no rounding behind
            for past in self._pasts:
                past[:] = self._target[:, np.newaxis]
        return gains.astype(np.float32)


def _moving_average(past: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the last values at each new one, both (n, frames); as many as `past` holds, which moves on."""
    length = past.shape[1]
    line = np.concatenate([past, values], axis=1)
    past[:] = line[:, -length:]
    total = np.cumsum(line, axis=1)
    means: NDArray[np.float64] = (total[:, length:] - total[:, :-length]) / length
    return means
