"""Meters of the input, of each stem and of the output, for whoever looks at the board."""

from __future__ import annotations

import math

import numpy as np

from rtsep.live.board import Board
from rtsep.live.engine.guard import peak
from rtsep.types import Audio

_PEAK_FALL_S = 0.4  # in which a peak falls to a third: between two looks, 33 ms, by less than a decibel
_MEAN_S = 0.3  # over which the power is averaged, as a VU meter does


class Meters:
    """Writes meters onto the board; used on the audio path.

    Parameters
    ----------
    board
        The shared board.
    stems
        Number of stems.
    samplerate
        Frames per second.
    """

    def __init__(self, board: Board, stems: int, samplerate: int) -> None:
        self._board = board
        self._samplerate = samplerate
        self._peaks = np.frombuffer(board.stem_peaks, np.float64)[:stems]
        self._powers = np.frombuffer(board.stem_powers, np.float64)[:stems]
        self._peaks[:] = self._powers[:] = 0.0
        self._frames = 0  # of the blocks that the next two are for
        self._fall = self._keep = 0.0

    def add(self, block: Audio, stems: Audio) -> None:
        """Take a block of the input, (channels, frames), and its stems, (stems, channels, frames), before levels."""
        if block.shape[1] != self._frames:
            self._frames = block.shape[1]
            self._fall = math.exp(-self._frames / (_PEAK_FALL_S * self._samplerate))
            self._keep = math.exp(-self._frames / (_MEAN_S * self._samplerate))
        self._board.input_peak = max(peak(block), self._fall * self._board.input_peak)
        flat = stems.reshape(len(stems), -1)
        self._peaks *= self._fall
        np.maximum(self._peaks, flat.max(axis=1), out=self._peaks)
        np.maximum(self._peaks, -flat.min(axis=1), out=self._peaks)
        powers = np.vecdot(flat, flat) / flat.shape[1]
        self._powers += (1.0 - self._keep) * (powers - self._powers)

    def add_output(self, out: Audio) -> None:
        """Take a block of the output, (outputs, frames), that belongs to the input taken last."""
        self._board.output_peak = max(peak(out), self._fall * self._board.output_peak)
