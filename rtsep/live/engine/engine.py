"""The work of one callback: a block of the mixture in, a block for the outputs out, times and counts noted.

Nothing in here locks, waits, prints or keeps growing. It knows no device: the streams of
`rtsep.live.streams.portaudio` and `rtsep.live.streams.jack` call it.
"""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from rtsep.dsp.delay import Delay
from rtsep.live.board import Board
from rtsep.live.engine.crossfade import Crossfade
from rtsep.live.engine.guard import Guard, limit
from rtsep.live.engine.inline import Inference, common_multiple
from rtsep.live.engine.meters import Meters
from rtsep.live.engine.mixer import Mixer
from rtsep.live.engine.statistics import Statistics
from rtsep.live.ring import Ring
from rtsep.live.scope import Scope
from rtsep.separator import is_sound
from rtsep.types import Audio

PIECE = 8192  # longer blocks are worked through in pieces; a multiple of every hop


class Processor(Protocol):
    """What a stream calls: the engine, or a change of the sample rate around it."""

    samplerate: int
    channels: int
    deadline: bool

    @property
    def engine_rate(self) -> int:
        """Rate of the model in Hz, at which latencies are counted, and sources are read."""

    def frames_needed(self, frames: int) -> int:
        """Frames of a source, at the model's rate, from which the next block of so many frames is made."""

    def process(self, block: Audio, out: Audio) -> None:
        """Play one block."""


class Engine:
    """Separates and mixes blocks as they come.

    The first block tells the period of the device, to which the latency is set. If a later block does not
    fit, everything starts anew at what both are a multiple of, and that is counted.

    Parameters
    ----------
    inference
        Separates; its controls follow the board.
    mixer
        Brings stems to output channels.
    board
        Shared with the supervisor.
    record
        Ring where the mixture and all stems are recorded, as late as the output, while the board says so; None for
        no recording.
    scope
        Gets the mixture and what is heard, to be looked at; None where nobody can.
    deadline
        Whether somebody waits for every block in real time. Else nothing is left out to save time.
    """

    def __init__(self, inference: Inference, mixer: Mixer, board: Board, record: Ring | None = None,
                 deadline: bool = True, scope: Scope | None = None) -> None:
        self._inference = inference
        self._mixer = mixer
        self._board = board
        separator = inference.separator
        self.samplerate, self.channels = separator.samplerate, separator.channels
        self.deadline = deadline
        self.hop = separator.info.geometry.hop
        self.stems, self._controls = separator.stems, separator.controls
        self._controls_state = b""  # as they were taken last
        self._statistics = Statistics(board, separator.samplerate)
        self._record = record
        self._recording = False
        self._scope = scope
        self._meters = Meters(board, len(self.stems), separator.samplerate)
        self._record_block = np.zeros(((1 + len(self.stems)) * self.channels, PIECE), np.float32)
        self._block = np.zeros((self.channels, PIECE), np.float32)
        self._delay = Delay(self.channels, 0)
        self._crossfade = Crossfade()
        self._guard = Guard(self.samplerate)
        self._multiple = 0  # that all blocks are of; 0 before the first block
        self._longest = 0
        self._frames = 0  # since the last start
        self._behind_s = 0.0  # by which the next block begins after its time

    @property
    def engine_rate(self) -> int:
        """Its own rate, see `Processor`."""
        return self.samplerate

    def frames_needed(self, frames: int) -> int:
        """As many, see `Processor`."""
        return frames

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
        frames, missed = block.shape[1], self._inference.missed
        if not self._multiple or frames % self._multiple or frames > self._inference.longest:
            self._start(frames)
        self._follow_controls()
        self._follow_recording()
        for start in range(0, frames, PIECE):
            piece = slice(start, min(start + PIECE, frames))
            self._play(block[:, piece], out[:, piece])
        hops = (self._frames + frames) // self.hop - self._frames // self.hop
        self._frames += frames
        ended = time.perf_counter()
        period_s = frames / self.samplerate
        behind_s = self._behind_s + ended - started - period_s
        self._behind_s = min(max(0.0, behind_s), period_s)  # a device waits for nobody
        self._statistics.add(started, ended, frames, hops, self._inference.missed - missed)

    def _follow_controls(self) -> None:
        """Take the controls from the board, where any was moved."""
        state = self._board.controls_state()
        if state != self._controls_state:
            self._controls_state = state
            self._board.take_controls(self._controls, self.stems)
        self._mixer.master = self._board.master

    def _follow_recording(self) -> None:
        """Begin or end to fill the record ring, where the supervisor asks for that; note where it begins."""
        requested = self._record is not None and bool(self._board.recording)
        if requested and not self._recording:
            self._board.record_start = self._board.frames
        self._recording = requested

    def _start(self, frames: int) -> None:
        """Set everything to the size of the first block, or to that of a later one too."""
        multiple = common_multiple(frames, self.hop, self._multiple)
        if self._multiple:
            self._board.restarts += 1
        else:
            self._board.stream_start = self._board.frames
        self._multiple, self._longest = multiple, max(frames, self._longest)
        self._inference.start(self._longest, multiple)
        self._delay = Delay(self.channels, self._inference.latency)
        self._frames = 0
        self._board.latency = self._inference.latency

    def _play(self, block: Audio, out: Audio) -> None:
        clean = self._block[:, :block.shape[1]]
        clean[:] = block
        if not is_sound(clean):
            clean.fill(0.0)
            self._board.bad_blocks += 1
        spoilt = self._inference.spoilt
        stems, present = self._inference.process(clean, self._behind_s > 0.0, self.deadline)
        dry, passes = self._delay.push(clean), self._guard.passes(stems, clean)
        self._board.wild_blocks += not passes or self._inference.spoilt != spoilt
        if not passes:
            self._inference.forget()
            stems[:] = dry / len(stems)
            present = np.zeros(block.shape[1], np.bool_)
        crossfade = self._crossfade.next(present, block.shape[1])
        if crossfade is not None:
            self._board.fallback_frames += int(np.count_nonzero(crossfade < 1.0))
        if self._record is not None and self._recording:
            self._put(self._record, stems, dry, crossfade)
        self._meters.add(clean, stems)
        self._mixer.mix(stems, dry, out, crossfade)
        self._board.limited_blocks += limit(out)
        self._meters.add_output(out)
        if self._scope is not None:
            self._scope.write(dry, out, self._mixer.buses)

    def _put(self, record: Ring, stems: Audio, dry: Audio, crossfade: Audio | None) -> None:
        """Put mixture and stems into the ring; for a missed hop every stem gets its share of the mixture."""
        frames, channels = dry.shape[1], dry.shape[0]
        block = self._record_block[:, :frames]
        block[:channels] = dry
        tracks = block[channels:].reshape(stems.shape)
        tracks[:] = stems if crossfade is None else crossfade * stems + (1.0 - crossfade) / len(stems) * dry
        if not record.write(block):
            self._board.lost_frames += frames
