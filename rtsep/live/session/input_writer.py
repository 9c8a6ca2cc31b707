"""Brings the blocks of a file or of the demo song to the audio process, ahead of time, from any place of them on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

import numpy as np

from rtsep.live.board import RUNNING, Board
from rtsep.live.ring import Ring
from rtsep.live.session.sources import Source
from rtsep.types import Audio

Loop = tuple[int, int]
"""First frame of a part of the source that is played again and again, and the frame after its last one."""

_PIECE = 16384  # frames written at once
_EDGE = 256  # frames over which both ends of a loop are faded: no click where it begins again
_KEPT_S = 300.0  # a loop up to this long is kept in memory


class InputWriter:
    """Keeps the ring filled.

    Parameters
    ----------
    source
        Of the mixture.
    samplerate
        Frames per second of what is written.
    ring
        Towards the audio process; shaped to the channels of the source.
    board
        Gets the length of the input once it is known.
    limit
        Frames after which the input counts as over; None for all of it.
    start
        Frame of the source to begin at.

    Attributes
    ----------
    loop
        What is repeated; None for nothing.
    """

    def __init__(self, source: Source, samplerate: int, ring: Ring, board: Board, limit: int | None = None,
                 start: int = 0) -> None:
        self._source = source
        self._samplerate = samplerate
        self._ring = ring
        self._board = board
        self._limit = limit
        self._blocks: Iterator[Audio] = source.blocks(samplerate, start)
        self._opening: Future[Iterator[Audio]] | None = None  # of other blocks, in a thread, as it may take a second
        self._rest = np.zeros((ring.rows, 0), np.float32)
        self._marks = [(0, start)]  # frame of the ring, and the frame of the source that is there
        self._kept: list[Audio] | None = None  # what was written since the loop began
        self._ended = False
        self.loop: Loop | None = None

    @property
    def position(self) -> int:
        """Frame of the source that is played next."""
        return self._source_frame(self._ring.taken)

    @property
    def ready(self) -> bool:
        """Whether what was jumped to is there to be played."""
        return self._ended or (self._opening is None and self._ring.filled > 0)

    def jump(self, frame: int) -> None:
        """Let the source go on at a frame of it, from the next frame on that is written."""
        self._limit = None if self._limit is None else self._limit + self._ring.filled  # which is passed over
        self._board.source_frames = self._board.input_end = RUNNING
        self._ended = False
        self._open(frame)

    def fill(self) -> None:
        """Write as much as fits."""
        if self._opening is not None:
            if not self._opening.done():
                return
            self._blocks, self._opening = self._opening.result(), None
        while not self._ended and self._opening is None and self._ring.free >= _PIECE:
            if not self._rest.shape[1]:
                self._next()
            piece, self._rest = self._rest[:, :_PIECE], self._rest[:, _PIECE:]
            self._write(piece)
            if self._limit is not None and self._ring.total >= self._limit:
                self._end()

    def _write(self, piece: Audio) -> None:
        """Write a piece, and go back to the beginning of a loop at its end."""
        if self.loop is None:
            self._ring.write(piece)
            return
        begin, end = self.loop
        at = self._source_frame(self._ring.total)
        piece = piece[:, :max(0, end - at)]
        places = np.arange(at, at + piece.shape[1])
        edge = np.minimum((places - begin) / _EDGE, (end - 1 - places) / _EDGE)
        self._ring.write(piece * np.where(places >= begin, np.clip(edge, 0.0, 1.0), 1.0).astype(np.float32))
        if self._kept is not None:
            self._kept.append(piece)
        if at + piece.shape[1] >= end or self._ended:
            self._repeat(begin)

    def _repeat(self, begin: int) -> None:
        if self._ended and self._ring.total == self._marks[-1][0]:  # nothing is there to be repeated
            self.loop = None
            return
        self._ended = False
        self._board.source_frames = RUNNING
        if self._kept is None:
            self._open(begin)
        else:
            self._rest, self._blocks = self._rest[:, :0], iter(self._kept)
            self._mark(begin)
            self._kept = []

    def _open(self, frame: int) -> None:
        """Read the source from a frame on."""
        self._mark(frame)
        self._rest = self._rest[:, :0]
        short = self.loop is not None and self.loop[1] - self.loop[0] <= _KEPT_S * self._samplerate
        self._kept = [] if short and self.loop is not None and frame == self.loop[0] else None
        pool = ThreadPoolExecutor(1)
        self._opening = pool.submit(self._first_read, frame)
        pool.shutdown(wait=False)

    def _first_read(self, frame: int) -> Iterator[Audio]:
        blocks = self._source.blocks(self._samplerate, frame)
        first = next(blocks, None)
        return blocks if first is None else chain((first,), blocks)

    def _next(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            self._end()
        else:
            room = block.shape[1] if self._limit is None else max(0, self._limit - self._ring.total)
            self._rest = block[:, :room]

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._board.source_frames = self._ring.total

    def _mark(self, frame: int) -> None:
        heard = max(0, bisect_right(self._marks, (self._ring.taken, frame)) - 1)
        self._marks = [mark for mark in self._marks[heard:] if mark[0] < self._ring.total]
        self._marks.append((self._ring.total, frame))

    def _source_frame(self, total: int) -> int:
        """Frame of the source that is at a frame of the ring."""
        at = max(0, bisect_right(self._marks, (total, 1 << 62)) - 1)
        ring_frame, source_frame = self._marks[at]
        return source_frame + total - ring_frame
