"""The null device: nothing is heard, and blocks are asked for at the pace of a device, from a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from rtsep.live.clock import BlockClock
from rtsep.live.realtime import ask_for_realtime
from rtsep.live.streams.player import Player


class NullStream:
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
        self._thread = threading.Thread(target=self._play, name="null device", daemon=True)
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


def open_null(player: Player, outputs: int, samplerate: int, blocksize: int) -> NullStream:
    """Stream without any device."""
    out = np.zeros((outputs, blocksize), np.float32)
    return NullStream(lambda overdue: player.play_null(out, overdue), samplerate, blocksize)
