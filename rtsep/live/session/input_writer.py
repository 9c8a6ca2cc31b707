"""Brings the blocks of a file or of the demo song to the audio process, ahead of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtsep.live.board import Board
from rtsep.live.ring import Ring

Audio = NDArray[np.float32]
_PIECE = 16384  # frames written at once


class InputWriter:
    """Keeps the ring filled.

    Parameters
    ----------
    blocks
        The mixture, float32 (channels, any number of frames) each, at the model's rate.
    ring
        Towards the audio process; shaped to `channels` rows.
    board
        Gets the length of the input once it is known.
    limit
        Frames after which the input counts as over; None for all of it.
    """

    def __init__(self, blocks: Iterator[Audio], ring: Ring, board: Board, limit: int | None = None) -> None:
        self._blocks = blocks
        self._ring = ring
        self._board = board
        self._limit = limit
        self._rest = np.zeros((ring.rows, 0), np.float32)
        self.frames: int | None = None
        """Length of the input, once all of it was fed."""

    def feed(self) -> None:
        """Write as much as fits."""
        while self.frames is None and self._ring.free >= _PIECE:
            if not self._rest.shape[1]:
                self._next()
            piece, self._rest = self._rest[:, :_PIECE], self._rest[:, _PIECE:]
            self._ring.write(piece)
            if self._limit is not None and self._ring.total >= self._limit:
                self._end()

    def _next(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            self._end()
        else:
            room = block.shape[1] if self._limit is None else self._limit - self._ring.total
            self._rest = block[:, :room]

    def _end(self) -> None:
        if self.frames is None:
            self.frames = self._board.source_frames = self._ring.total
