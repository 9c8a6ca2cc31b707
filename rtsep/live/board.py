"""The board: controls, counters and meters of a live run, in memory that its processes share.

A number is replaced whole, so the reader sees the old or the new value and no side ever waits for the other. Every
counter and meter has one writer.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any

from rtsep.controls.memory import MAX_STEMS, ControlMemory
from rtsep.live.counters import COUNTERS, Counters
from rtsep.live.ring import Ring
from rtsep.live.scope import Scope

__all__ = ["MAX_STEMS", "RUNNING", "Board", "Memory", "board_fields", "new_board", "new_memory"]

_PLAYBACK_SAMPLES = 1 << 20  # 12 s of stereo
_RECORD_SAMPLES = 1 << 22  # 16 s of a stereo mixture with two stereo stems

RUNNING = -1
"""Value of `source_frames` and `input_end` while the end of the input is not known."""

_REQUESTED = ("source_frames", "recording", "paused", "skip_to")


def board_fields(counters: Counters = COUNTERS) -> list[tuple[str, Any]]:
    """Fields of a board behind its controls: what the supervisor tells, then a field a counter."""
    return [("master", ctypes.c_double), *((name, ctypes.c_int64) for name in _REQUESTED),
            *((counter.name, counter.type) for counter in counters)]


class Board(ControlMemory):
    """Controls (`rtsep.controls.table`), what the supervisor tells, and counters (`rtsep.live.counters`).

    The audio process reads once a block what it follows.

    master
        Gain of all outputs, 0 or 1 (the supervisor writes).
    source_frames
        Length of a source once it is known (the supervisor writes), else `RUNNING`.
    recording
        Whether what is played goes into the record ring, 0 or 1 (the supervisor writes).
    paused
        Whether silence takes the place of a source, 0 or 1 (the supervisor writes).
    skip_to
        Frames of a source, counted as in its ring, that are to be passed over unheard (the supervisor writes).
    """

    _fields_ = board_fields()


def new_board(context: SpawnContext | None) -> Board:
    """Make a board, controls at rest and counters at zero, in shared memory or, without a context, for this process."""
    board: Board = Board() if context is None else context.RawValue(Board)
    board.rest()
    board.master = 1.0
    board.source_frames = board.input_end = RUNNING
    return board


@dataclass(frozen=True)
class Memory:
    """All that is shared: the board, the rings of a source and of what is recorded, and the scope to look at."""

    board: Board
    playback: Ring
    record: Ring
    scope: Scope


def new_memory(context: SpawnContext) -> Memory:
    """Make the shared memory of a run."""
    return Memory(new_board(context), Ring(context, _PLAYBACK_SAMPLES), Ring(context, _RECORD_SAMPLES),
                  Scope(context))
