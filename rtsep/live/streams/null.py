"""Blocks at the pace of a real clock, where no sound card sets it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

PRIORITY = 60
"""Of threads that play: below those of a JACK server, above everything ordinary."""


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


class ClockStream:
    """Calls back once a block from a thread of its own, as an audio device would.

    Parameters
    ----------
    callback
        Gets the seconds by which the block before was overdue (0 when it was not); returns False
        after the last block.
    samplerate, blocksize
        Pace of the calls.

    Attributes
    ----------
    error
        What the callback raised, which ends the stream; else None.
    """

    def __init__(self, callback: Callable[[float], bool], samplerate: int, blocksize: int) -> None:
        self._callback = callback
        self._clock = BlockClock(samplerate, blocksize)
        self._stopping = False
        self._thread = threading.Thread(target=self._play, name="clock", daemon=True)
        self.error: Exception | None = None

    @property
    def active(self) -> bool:
        """True from `start` until the last block or `stop`."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin with the first block now."""
        self._thread.start()

    def stop(self) -> None:
        """End after the current block."""
        self._stopping = True
        self._thread.join()

    def close(self) -> None:
        """Release nothing; here because audio streams have it."""

    def _play(self) -> None:
        ask_for_realtime()
        try:
            while not self._stopping and self._callback(self._clock.wait()):
                pass
        except Exception as error:  # handed to the thread that watches the stream
            self.error = error


def ask_for_realtime(priority: int = PRIORITY) -> str:
    """Let this thread go before ordinary ones, as threads of sound servers do.

    Parameters
    ----------
    priority
        1 to 99; a higher one goes first.

    Returns
    -------
    refusal
        Why that is not so; empty where it is.
    """
    if not hasattr(os, "sched_setscheduler"):
        return f"{sys.platform} gives it to the threads of audio devices only"
    if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK in (os.SCHED_FIFO, os.SCHED_RR):
        return ""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        return (f"{error.strerror}; allow it: ulimit -r 95, or rtprio in /etc/security/limits.conf and membership in "
                f"the group audio")
    return ""
