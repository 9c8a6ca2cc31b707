"""Memory that the processes of a live run share: one board of numbers, and rings of samples.

A number is replaced whole, so the reader sees the old or the new value and no side ever waits for the
other. Every counter and meter has one writer. A control may have several, such as a MIDI process beside
the interface: the last value written holds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.controls.controls import HIGHEST_LEVEL, HIGHEST_MASK_GAIN, Controls

Audio = NDArray[np.float32]

MAX_STEMS = 16
LATE_SPANS = 64
"""Latest late blocks whose times are kept."""
TIME_BINS = 100_000
"""Bins of the histogram of callback times, one microsecond each; the last one holds everything longer."""

_FEED_SAMPLES = 1 << 20  # 12 s of stereo
_TAPE_SAMPLES = 1 << 22  # 16 s of a stereo mixture with two stereo stems

RUNNING = -1
"""Value of `source_frames` while the end of the input is not known."""


class Board(ctypes.Structure):
    """Controls (anyone writes), counters and meters (the audio process writes, where nothing else is said).

    Controls; the audio process reads them once a block and takes what is out of range as the nearest end.

    mask_gain
        Weight of the background in the mask, 0 to 1000; at rest 1.
    wet
        0 plays the delayed mixture, 1 the separated sound; at rest 1.
    bypass
        1 plays the delayed mixture; at rest 0.
    levels, mutes, solos
        A value a stem, in the order of `Loaded.stems`: linear level 0 to 4 (at rest 1), and switches 0 or 1
        (at rest 0). A muted stem is silent. Where any stem is soloed, the others are silent.
    preset
        Place in the file of the preset that was called last, -1 for none; it moves no sound.
    master
        Gain of all outputs, 0 or 1 (the supervisor writes).
    source_frames
        Length of a fed input once it is known (the supervisor writes), else `RUNNING`.

    Counters.

    heartbeat
        Moves while the audio process is alive.
    callbacks, hops, frames
        What was played.
    late
        Blocks that took longer than they last, and hops that a worker did not have ready in time.
    fallback_frames
        Frames in which the delayed mixture stood in for a late hop.
    input_xruns, output_xruns
        As the device tells them.
    bad_blocks
        Blocks with NaN, infinity or absurd samples, taken as silence.
    restarts
        Times that the latency changed because a block of another size came.
    starved_blocks
        Blocks for which a fed input was not there in time.
    lost_frames
        Frames that did not fit onto the tape.
    reconnects
        Audio processes started anew after a device was lost (the supervisor writes).
    midi_messages, midi_malformed, midi_checksum
        MIDI messages that arrived, bytes that were none, and the CRC-32 of all bytes in their order, by which a
        sender can tell that none was lost or overtaken (the MIDI process writes).

    Meters.

    latency, blocksize
        Frames at the model's rate by which output lags input, and frames of a block.
    resampling
        Frames at the model's rate that a change of the sample rate adds to the latency.
    busy_s, longest_s
        Time spent in callbacks, all together and the longest one.
    input_peak, output_peak
        Recent peaks, linear.
    times
        Histogram of callback times, a microsecond a bin.
    late_blocks, late_spans
        Blocks in which `late` grew, and when the latest of them began and ended, in seconds of `time.perf_counter`:
        block n at 2 n, modulo the length.
    """

    mask_gain: float
    wet: float
    bypass: int
    levels: Any
    mutes: Any
    solos: Any
    preset: int
    master: float
    source_frames: int
    heartbeat: int
    callbacks: int
    hops: int
    frames: int
    late: int
    fallback_frames: int
    input_xruns: int
    output_xruns: int
    bad_blocks: int
    restarts: int
    starved_blocks: int
    lost_frames: int
    reconnects: int
    midi_messages: int
    midi_malformed: int
    midi_checksum: int
    latency: int
    blocksize: int
    resampling: int
    busy_s: float
    longest_s: float
    input_peak: float
    output_peak: float
    times: Any
    late_blocks: int
    late_spans: Any

    _fields_ = (
        ("mask_gain", ctypes.c_double), ("wet", ctypes.c_double), ("bypass", ctypes.c_int64),
        ("levels", ctypes.c_double * MAX_STEMS), ("mutes", ctypes.c_int64 * MAX_STEMS),
        ("solos", ctypes.c_int64 * MAX_STEMS), ("preset", ctypes.c_int64), ("master", ctypes.c_double),
        ("source_frames", ctypes.c_int64),
        ("heartbeat", ctypes.c_int64), ("callbacks", ctypes.c_int64), ("hops", ctypes.c_int64),
        ("frames", ctypes.c_int64), ("late", ctypes.c_int64), ("fallback_frames", ctypes.c_int64),
        ("input_xruns", ctypes.c_int64), ("output_xruns", ctypes.c_int64), ("bad_blocks", ctypes.c_int64),
        ("restarts", ctypes.c_int64), ("starved_blocks", ctypes.c_int64), ("lost_frames", ctypes.c_int64),
        ("reconnects", ctypes.c_int64), ("midi_messages", ctypes.c_int64), ("midi_malformed", ctypes.c_int64),
        ("midi_checksum", ctypes.c_int64),
        ("latency", ctypes.c_int64), ("blocksize", ctypes.c_int64), ("resampling", ctypes.c_int64),
        ("busy_s", ctypes.c_double),
        ("longest_s", ctypes.c_double), ("input_peak", ctypes.c_double), ("output_peak", ctypes.c_double),
        ("times", ctypes.c_uint32 * TIME_BINS),
        ("late_blocks", ctypes.c_int64), ("late_spans", ctypes.c_double * (2 * LATE_SPANS)),
    )

    def controls_state(self) -> bytes:
        """Return all controls as they lie in memory: equal where none was moved."""
        return bytes(memoryview(self).cast("B")[:_CONTROL_BYTES])

    def put_controls(self, controls: Controls, stems: Sequence[str]) -> None:
        """Copy controls onto the board; levels, mutes and solos in the order of `stems`."""
        self.mask_gain, self.wet, self.bypass = controls.mask_gain, controls.wet, int(controls.bypass)
        for index, stem in enumerate(stems):
            self.levels[index] = controls.level(stem)
            self.mutes[index] = controls.muted(stem)
            self.solos[index] = controls.soloed(stem)

    def take_controls(self, controls: Controls, stems: Sequence[str]) -> None:
        """Copy the board's values into controls; levels, mutes and solos in the order of `stems`."""
        controls.mask_gain = _within(self.mask_gain, HIGHEST_MASK_GAIN)
        controls.wet, controls.bypass = _within(self.wet, 1.0), bool(self.bypass)
        for index, stem in enumerate(stems):
            controls.set_level(stem, _within(self.levels[index], HIGHEST_LEVEL))
            controls.set_mute(stem, bool(self.mutes[index]))
            controls.set_solo(stem, bool(self.solos[index]))


_CONTROL_BYTES = vars(Board)["source_frames"].offset  # what lies before it are controls


def _within(value: float, highest: float) -> float:
    """Bring a number into 0 to `highest`: a writer's mistake must not end the music."""
    return min(max(0.0, value), highest)  # in this order NaN becomes 0


def new_board(context: SpawnContext | None) -> Board:
    """Make a board, controls at rest and counters at zero, in shared memory or, without a context, for this process."""
    board: Board = Board() if context is None else context.RawValue(Board)
    board.mask_gain = board.wet = board.master = 1.0
    board.preset = -1
    board.levels[:] = [1.0] * MAX_STEMS
    board.source_frames = RUNNING
    return board


class Ring:
    """Samples on their way from one process to the other: one writer, one reader, nobody waits.

    Both sides call `shape` with the same number of rows before they use it.

    Parameters
    ----------
    context
        Process context that the memory is shared through.
    samples
        Room for this many samples, all rows together.
    """

    def __init__(self, context: SpawnContext, samples: int) -> None:
        self._memory: Any = context.RawArray(ctypes.c_float, samples)
        self._counts: Any = context.RawArray(ctypes.c_int64, 2)  # frames written, frames read
        self.shape(1)

    def __getstate__(self) -> tuple[Any, Any]:
        return self._memory, self._counts

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        self._memory, self._counts = state
        self.shape(1)

    def shape(self, rows: int) -> None:
        """Lay the memory out as `rows` rows of equal length."""
        self.rows = rows
        self.capacity = len(self._memory) // rows
        flat = np.frombuffer(self._memory, np.float32)
        self._frames: Audio = flat[:rows * self.capacity].reshape(rows, self.capacity)

    @property
    def total(self) -> int:
        """Frames written since the beginning."""
        return int(self._counts[0])

    @property
    def taken(self) -> int:
        """Frames read since the beginning."""
        return int(self._counts[1])

    @property
    def filled(self) -> int:
        """Frames that wait for the reader."""
        return int(self._counts[0] - self._counts[1])

    @property
    def free(self) -> int:
        """Frames that the writer may add."""
        return self.capacity - self.filled

    def touch(self) -> None:
        """Write every page once, so that the first use does not fault; before any frame is written."""
        self._frames.fill(0.0)

    def write(self, block: Audio) -> bool:
        """Append a block, float32 (rows, frames); False and nothing written where it does not fit."""
        frames = block.shape[1]
        if frames > self.free:
            return False
        start = self._counts[0] % self.capacity
        first = min(frames, self.capacity - start)
        self._frames[:, start:start + first] = block[:, :first]
        self._frames[:, :frames - first] = block[:, first:]
        self._counts[0] += frames  # last, so the reader never sees what is not there yet
        return True

    def read(self, out: Audio) -> int:
        """Move waiting frames into `out`, float32 (rows, frames); return how many there were."""
        frames = int(min(out.shape[1], self.filled))
        start = self._counts[1] % self.capacity
        first = min(frames, self.capacity - start)
        out[:, :first] = self._frames[:, start:start + first]
        out[:, first:frames] = self._frames[:, :frames - first]
        self._counts[1] += frames
        return frames


@dataclass(frozen=True)
class Memory:
    """All that is shared: the board, the fed input on its way to the audio process, and the tape on its way back."""

    board: Board
    feed: Ring
    tape: Ring


def new_memory(context: SpawnContext) -> Memory:
    """Make the shared memory of a run."""
    return Memory(new_board(context), Ring(context, _FEED_SAMPLES), Ring(context, _TAPE_SAMPLES))
