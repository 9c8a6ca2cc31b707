"""How busy the audio process was, second by second, and where hops were missed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from rtsep.live.board import Board

STEP_S = 0.5
"""Length of an entry."""
KEPT = 240
"""Latest entries that are kept: two minutes."""


@dataclass(frozen=True)
class Entry:
    """Half a second of a run.

    Parameters
    ----------
    load
        Share of the time that was spent in callbacks.
    missed
        Hops that were missed, and blocks that were late.
    latency
        Frames by which the output lagged the input.
    """

    load: float
    missed: int
    latency: int


class History:
    """Looks at the board now and then.

    Parameters
    ----------
    board
        Counted by the audio process.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._before = (0, 0.0, 0)
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.total = 0
        """How many entries there were so far."""

    @property
    def load(self) -> float:
        """Load of the latest half second; 0 before the first one is over."""
        return self.entries[-1].load if self.entries else 0.0

    def look(self, samplerate: int) -> None:
        """Add an entry as soon as half a second more was played; call it often."""
        board = self._board
        frames, busy_s, missed = board.frames, board.busy_s, board.missed_hops + board.late_blocks
        seconds = (frames - self._before[0]) / samplerate
        if seconds >= STEP_S:
            self.entries.append(Entry((busy_s - self._before[1]) / seconds, missed - self._before[2], board.latency))
            self.total += 1
            self._before = (frames, busy_s, missed)
