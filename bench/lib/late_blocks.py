"""When a live run was late, and what the machine did just then."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.lib.stalls import Stall, stalled_s
from rtsep.live.board import Board
from rtsep.live.counters import LATE_SPANS

PLACES = 1000  # of a run, at which chance is tried


class LateBlocks:
    """When blocks were late, read from the board as they come.

    Attributes
    ----------
    begin
        Reading of `time.perf_counter` from which on times are counted.
    """

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []
        self._seen = 0
        self.begin = self._end = time.perf_counter()

    def look(self, board: Board) -> None:
        """Take what is new, some forty times a second; more than the board keeps are lost, and not accounted for."""
        self._end = time.perf_counter()
        for block in range(max(self._seen, board.spans - LATE_SPANS), board.spans):
            place = 2 * (block % LATE_SPANS)
            self.spans.append((board.late_spans[place], board.late_spans[place + 1]))
        self._seen = board.spans

    def beside(self, stalls: Sequence[Stall], moves: Sequence[Stall], period_s: float,
               worker: bool = False) -> dict[str, Any]:
        """Say which blocks were late for want of a core, which others while memory was moved, and how many by chance.

        A callback stood still for at least as long as it was late. How late a worker is, nobody sees: half a
        period has to be lost in the two before. The shares of chance are those of blocks as long, a thousand times
        each, all over the run.
        """
        begins, ends = np.array(self.spans).reshape(-1, 2).T
        if not worker:  # the others began late, and left the model out for that
            begins, ends = begins[ends - begins > period_s], ends[ends - begins > period_s]
        begins = begins - 2.0 * period_s * worker
        needed = np.full(len(begins), period_s / 2.0) if worker else ends - begins - period_s
        stood, moved = stalled_s(begins, ends, stalls), stalled_s(begins, ends, moves) > 0.0
        lengths = (ends - begins)[:, np.newaxis]
        anywhere = self.begin + np.linspace(0.0, 1.0, PLACES) * (self._end - self.begin - lengths)
        still_by_chance = stalled_s(anywhere, anywhere + lengths, stalls) >= needed[:, np.newaxis]
        moved_by_chance = stalled_s(anywhere, anywhere + lengths, moves) > 0.0
        return {"late_in_stalls": int(np.sum(stood >= needed)),
                "stalls_by_chance": _share(still_by_chance),
                "late_in_moves": int(np.sum(moved & (stood < needed))),
                "moves_by_chance": _share(moved_by_chance),
                "blocks_in_trouble": [{"at_s": begin - self.begin, "late_ms": 1e3 * late,
                                       "stood_still_ms": 1e3 * still, "memory_moved": bool(move)}
                                      for begin, late, still, move in zip(begins, needed, stood, moved, strict=True)]}


def _share(found: NDArray[np.bool_]) -> float:
    return float(np.mean(found)) if found.size else 0.0
