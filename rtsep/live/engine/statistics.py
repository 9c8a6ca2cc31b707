"""What the engine counts while it plays, in memory that does not grow, and what that says afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.live.board import Board
from rtsep.live.counters import COUNTERS, LATE_SPANS, TIME_BINS


class Statistics:
    """Writes times and counts of callbacks onto the board; used on the audio path.

    Parameters
    ----------
    board
        The shared board.
    samplerate
        Frames per second, which makes a block's length its deadline.
    """

    def __init__(self, board: Board, samplerate: int) -> None:
        self._board = board
        self._samplerate = samplerate

    def add(self, begin_s: float, end_s: float, frames: int, hops: int, missed: int) -> None:
        """Count one callback.

        Only callbacks that ran a hop enter the histogram: the others do next to nothing, and would make
        the percentiles look better than the work is.

        Parameters
        ----------
        begin_s, end_s
            When it ran.
        frames, hops, missed
            What it played, and how many of the hops had no result of the model.
        """
        board, seconds = self._board, end_s - begin_s
        late = seconds * self._samplerate > frames
        board.callbacks += 1
        board.frames += frames
        board.blocksize = frames
        board.hops += hops
        board.busy_s += seconds
        board.late_blocks += late
        board.missed_hops += missed
        board.longest_s = max(board.longest_s, seconds)
        if hops:
            board.times[min(int(seconds * 1e6), TIME_BINS - 1)] += 1
        if late or missed:
            self.note(begin_s, end_s)

    def note(self, begin_s: float, end_s: float) -> None:
        """Keep when a block in trouble began and ended."""
        board = self._board
        place = 2 * (board.spans % LATE_SPANS)
        board.late_spans[place], board.late_spans[place + 1] = begin_s, end_s
        board.spans += 1  # last, so that a reader finds the times there


@dataclass(frozen=True)
class Summary:
    """Numbers of a run; every number of `rtsep.live.counters` is an attribute too.

    Times in ms; `load` is the share of the real time that was spent in callbacks; `deadline_ms` is the
    length of a block.
    """

    seconds: float
    deadline_ms: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    load: float
    counts: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        counts = self.__dict__.get("counts", {})  # there are none while it is unpickled
        if name not in counts:
            raise AttributeError(name)
        return counts[name]

    def numbers(self) -> dict[str, float]:
        """Return all of it as one dictionary, for JSON."""
        times = {name: value for name, value in vars(self).items() if name != "counts"}
        return times | dict(self.counts)


def summarise(board: Board, samplerate: int) -> Summary:
    """Read the board; safe while the audio process writes to it."""
    times = np.frombuffer(board.times, np.uint32).copy()
    seconds = board.frames / samplerate
    return Summary(
        seconds=seconds, deadline_ms=1e3 * board.blocksize / samplerate,
        p50_ms=percentile_ms(times, 50.0), p99_ms=percentile_ms(times, 99.0), longest_ms=1e3 * board.longest_s,
        load=board.busy_s / seconds if seconds else 0.0,
        counts={row.name: getattr(board, row.name) for row in COUNTERS if row.is_number})


def percentile_ms(times: NDArray[np.uint32], percent: float) -> float:
    """Time in ms that `percent` of the counted callbacks did not exceed; 0 without any.

    Parameters
    ----------
    times
        Callbacks a microsecond bin, shape (bins,).
    percent
        0 to 100.
    """
    total = np.cumsum(times, dtype=np.int64)
    if not total[-1]:
        return 0.0
    rank = max(1, int(np.ceil(percent / 100.0 * total[-1])))
    return float(np.searchsorted(total, rank) + 1) / 1e3
