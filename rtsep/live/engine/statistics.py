"""What the engine counts while it plays, in memory that does not grow, and what that says afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtsep.live.board import LATE_SPANS, TIME_BINS, Board


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

    def add(self, seconds: float, frames: int, hops: int) -> None:
        """Count one callback of `frames` frames that ran `hops` hops and took `seconds`.

        Only callbacks that ran a hop enter the histogram: the others do next to nothing, and would make
        the percentiles look better than the work is.
        """
        board = self._board
        board.callbacks += 1
        board.frames += frames
        board.hops += hops
        board.busy_s += seconds
        board.late += seconds * self._samplerate > frames
        board.longest_s = max(board.longest_s, seconds)
        if hops:
            board.times[min(int(seconds * 1e6), TIME_BINS - 1)] += 1

    def note_late(self, begin_s: float, end_s: float) -> None:
        """Keep when a late block began and ended."""
        board = self._board
        place = 2 * (board.late_blocks % LATE_SPANS)
        board.late_spans[place], board.late_spans[place + 1] = begin_s, end_s
        board.late_blocks += 1  # last, so that a reader finds the times there


@dataclass(frozen=True)
class Summary:
    """Numbers of a run.

    Times in ms; `load` is the share of the real time that was spent in callbacks; `deadline_ms` is the
    length of a block. The counts are those of the board.
    """

    seconds: float
    callbacks: int
    hops: int
    blocksize: int
    deadline_ms: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    load: float
    late: int
    fallback_frames: int
    input_xruns: int
    output_xruns: int
    bad_blocks: int
    restarts: int
    starved_blocks: int
    lost_frames: int
    reconnects: int
    latency: int
    resampling: int


def summarise(board: Board, samplerate: int) -> Summary:
    """Read the board; safe while the audio process writes to it."""
    times = np.frombuffer(board.times, np.uint32).copy()
    seconds = board.frames / samplerate
    return Summary(
        seconds=seconds, callbacks=board.callbacks, hops=board.hops, blocksize=board.blocksize,
        deadline_ms=1e3 * board.blocksize / samplerate,
        p50_ms=percentile_ms(times, 50.0), p99_ms=percentile_ms(times, 99.0), longest_ms=1e3 * board.longest_s,
        load=board.busy_s / seconds if seconds else 0.0,
        late=board.late, fallback_frames=board.fallback_frames,
        input_xruns=board.input_xruns, output_xruns=board.output_xruns,
        bad_blocks=board.bad_blocks, restarts=board.restarts, starved_blocks=board.starved_blocks,
        lost_frames=board.lost_frames, reconnects=board.reconnects, latency=board.latency,
        resampling=board.resampling)


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
