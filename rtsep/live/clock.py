"""The pace of a device where there is none: deadlines of blocks, by the time of the system."""

from __future__ import annotations

import time
from collections.abc import Callable


class BlockClock:
    """Deadlines of consecutive blocks.

    Every deadline is computed from the first one, so a late block does not push the later ones back
    and nothing drifts.

    Parameters
    ----------
    samplerate
        Frames per second.
    blocksize
        Frames per block.
    now, sleep
        The clock and the pause, in seconds; replaced in tests.
    """

    def __init__(self, samplerate: int, blocksize: int, now: Callable[[], float] = time.perf_counter,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._samplerate = samplerate
        self._blocksize = blocksize
        self._now = now
        self._sleep = sleep
        self._first: float | None = None
        self._blocks = 0

    def wait(self) -> float:
        """Sleep until the next block is due.

        Returns
        -------
        lateness
            Seconds by which the moment had passed already when this was called; 0 when it had not.
        """
        if self._first is None:
            self._first = self._now()
        due = self._first + self._blocks * self._blocksize / self._samplerate
        self._blocks += 1
        early = due - self._now()
        if early > 0.0:
            self._sleep(early)
        return max(0.0, -early)
