"""The work of one callback: a block of the mixture in, a block for the outputs out, times and counts noted.

Nothing in here locks, waits, prints or keeps growing. It knows no device: the streams of
`rtsep.live.streams` call it.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray

from rtsep.live.mixer import Delay, Mixer
from rtsep.live.shared import Board, Ring
from rtsep.live.statistics import Statistics
from rtsep.separator import Separator, is_sound

Audio = NDArray[np.float32]
PIECE = 8192  # longer blocks are worked through in pieces; a multiple of every hop
_METER_FALL = 0.9  # share of a peak that the meter keeps from block to block


class Engine:
    """Separates and mixes blocks as they come.

    The first block tells the period of the device: the separator is set to it, so that aligned periods
    cost no extra latency. Should a later block not fit, everything restarts once, for blocks of any
    size, and that is counted.

    Parameters
    ----------
    separator
        Loaded and warm; its controls follow the board.
    mixer
        Brings stems to output channels.
    board
        Shared with the supervisor.
    tape
        Where the mixture and all stems are recorded, as late as the output; None for no recording.
    """

    def __init__(self, separator: Separator, mixer: Mixer, board: Board, tape: Ring | None = None) -> None:
        self._separator = separator
        self._mixer = mixer
        self._board = board
        self._statistics = Statistics(board, separator.samplerate)
        self._tape = tape
        channels = separator.channels
        self._tape_block = np.zeros(((1 + len(separator.stems)) * channels, PIECE), np.float32)
        self._block = np.zeros((channels, PIECE), np.float32)
        self._delay = Delay(channels, 0, PIECE)
        self._grain = 0  # frames that every block is a multiple of; 0 before the first block
        self._frames = 0  # since the last restart

    @property
    def samplerate(self) -> int:
        """Frames per second."""
        return self._separator.samplerate

    def process(self, block: Audio, out: Audio) -> None:
        """Play one block.

        Parameters
        ----------
        block
            The mixture, float32 (channels, frames), any number of frames, any memory order.
        out
            Receives the sound, float32 (outputs, frames).
        """
        started = time.perf_counter()
        frames = block.shape[1]
        if not self._grain or frames % self._grain:
            self._start(frames)
        self._board.take_controls(self._separator.controls, self._separator.stems)
        for start in range(0, frames, PIECE):
            piece = slice(start, min(start + PIECE, frames))
            self._play(block[:, piece], out[:, piece])
        hop = self._separator.info.geometry.hop
        hops = (self._frames + frames) // hop - self._frames // hop
        self._frames += frames
        self._statistics.add(time.perf_counter() - started, frames, hops)

    def _start(self, frames: int) -> None:
        """Set everything to the first block's size, or to any size when a later one does not fit."""
        self._board.restarts += self._grain > 0
        hop = self._separator.info.geometry.hop
        self._grain = 1 if self._grain else math.gcd(frames, hop)
        self._separator.set_blocksize(self._grain)
        self._delay = Delay(self._separator.channels, self._separator.latency, PIECE)
        self._frames = 0
        self._board.latency = self._separator.latency
        self._board.blocksize = frames

    def _play(self, block: Audio, out: Audio) -> None:
        clean = self._block[:, :block.shape[1]]
        clean[:] = block
        if not is_sound(clean):
            clean.fill(0.0)
            self._board.bad_blocks += 1
        stems = self._separator.process(clean)
        dry = self._delay.push(clean)
        if self._tape is not None:
            self._record(self._tape, stems, dry)
        self._mixer.mix(stems, dry, out)
        self._meter(clean, out)

    def _record(self, tape: Ring, stems: Audio, dry: Audio) -> None:
        frames, channels = dry.shape[1], dry.shape[0]
        block = self._tape_block[:, :frames]
        block[:channels] = dry
        block[channels:] = stems.reshape(-1, frames)
        if not tape.write(block):
            self._board.lost_frames += frames

    def _meter(self, block: Audio, out: Audio) -> None:
        board = self._board
        board.input_peak = max(float(np.abs(block).max(initial=0.0)), _METER_FALL * board.input_peak)
        board.output_peak = max(float(np.abs(out).max(initial=0.0)), _METER_FALL * board.output_peak)
