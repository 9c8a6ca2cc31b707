"""What streams call when a block is due, and what the audio process needs of a stream."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rtsep.live.board import RUNNING, Board
from rtsep.live.engine.crossfade import Crossfade
from rtsep.live.engine.engine import Processor
from rtsep.live.realtime import Measure, prepare_thread
from rtsep.live.ring import Ring
from rtsep.types import Audio


class Stream(Protocol):
    """What the audio process needs of a stream."""

    @property
    def active(self) -> bool:
        """Whether it calls back."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End after the current block."""

    def close(self) -> None:
        """Give the devices back."""


class Player:
    """The callbacks. What goes wrong in them is kept in `error`, and the stream ends.

    Parameters
    ----------
    processor
        Does the work.
    board
        Shared with the supervisor.
    playback
        Where a source comes from; None for an input device.

    Attributes
    ----------
    measures
        What was done for the thread that calls back; None before the first block.
    blocksize
        Frames of the latest block; 0 before the first one.
    """

    def __init__(self, processor: Processor, board: Board, playback: Ring | None) -> None:
        self._processor = processor
        self._board = board
        self._playback = playback
        self._block = np.zeros((processor.channels, 0), np.float32)
        self._fade = Crossfade()  # of the source, where it is paused
        self._silence = 0  # frames played since the end of the source
        self.measures: tuple[Measure, ...] | None = None
        self.blocksize = 0
        self.finished = False
        self.error: Exception | None = None

    @property
    def channels(self) -> int:
        """Channels of the mixture."""
        return self._processor.channels

    @property
    def samplerate(self) -> int:
        """Frames per second."""
        return self._processor.samplerate

    @property
    def latency(self) -> int:
        """Frames at the rate of the stream by which the output lags the input."""
        board = self._board
        frames: int = round((board.latency + board.resampling) * self.samplerate / self._processor.engine_rate)
        return frames

    def play(self, block: Audio | None, out: Audio) -> None:
        """Play a block of an input device, or None for a source; arrays are (channels, frames)."""
        if self.error is not None:
            out[:] = 0.0
            return
        self.blocksize = out.shape[1]
        try:
            if block is None:
                block = self._next(self._processor.frames_needed(out.shape[1]), gaps=True)
            self._processor.process(block, out)
            if self.measures is None:
                self.measures = prepare_thread()
        except Exception as error:  # must not reach the sound system's thread; the watching thread reports it
            out[:] = 0.0
            self.error = error

    def play_null(self, out: Audio, overdue: float) -> bool:
        """Play one block from the source, float32 (outputs, frames) out; False when that was the last."""
        self._board.output_xruns += overdue * self._processor.samplerate > 1.0
        block = self._next(out.shape[1], gaps=False)
        if block.shape[1]:
            self.play(block, out)
        return not self.finished and self.error is None

    def set_deadline(self, deadline: bool) -> None:
        """Say whether somebody waits for every block in real time."""
        self._processor.deadline = deadline

    def count(self, inputs: bool, outputs: bool) -> None:
        """Count an xrun of input or output."""
        self._board.input_xruns += inputs
        self._board.output_xruns += outputs

    def _next(self, frames: int, gaps: bool) -> Audio:
        """Return the next block of the source at the model's rate, silence after its end.

        Where the supervisor did not write in time, silence fills the gap, or no frames come at all. A paused input is
        silence too, and what is to be passed over is passed over then.
        """
        assert self._playback is not None
        if self._block.shape[1] != frames:
            self._block = np.zeros((self._block.shape[0], frames), np.float32)
        if not frames:
            return self._block
        paused = bool(self._board.paused)
        if paused and self._fade.silent:
            self._playback.skip_to(self._board.skip_to)
            self._block.fill(0.0)
            return self._block
        ended = self._board.source_frames != RUNNING  # asked before reading: what was written is all there then
        if not ended and self._playback.filled < frames:
            self._board.starved_blocks += 1
            if not gaps and not paused:  # a pause is silence whatever is there, and what it passes over is let go
                return self._block[:, :0]
        got = self._playback.read(self._block)
        self._block[:, got:] = 0.0
        fade = self._fade.next(np.zeros(frames, np.bool_) if paused else None, frames)
        if fade is not None:
            self._block *= fade
        if ended and not self._playback.filled:
            if self._board.input_end == RUNNING:
                self._board.input_end = self._board.frames + got
            self._silence += frames - got
            self.finished = self._silence >= self._board.latency + self._board.resampling > 0
        return self._block
