"""Streams that call the engine: two devices, a fed input with an output device, or a fed input with a clock."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.clock import ClockStream
from rtsep.audio.devices import Device
from rtsep.errors import DeviceError
from rtsep.live.engine import Engine
from rtsep.live.shared import RUNNING, Board, Ring

Audio = NDArray[np.float32]
_LONGEST_LATENCY_S = 2.0  # PortAudio reports garbage for some JACK clients; longer than this is not believed


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
    engine
        Does the work.
    board
        Shared with the supervisor.
    feed
        Where a fed input comes from; None for an input device.
    channels
        Channels of the mixture.
    """

    def __init__(self, engine: Engine, board: Board, feed: Ring | None, channels: int) -> None:
        self._engine = engine
        self._board = board
        self._feed = feed
        self._block = np.zeros((channels, 0), np.float32)
        self._silence = 0  # frames played since the end of the fed input
        self.finished = False
        self.error: Exception | None = None

    def duplex(self, indata: Audio, outdata: Audio, frames: int, _time: Any, status: Any) -> None:
        """Serve an input and an output device; arrays are (frames, channels)."""
        self._count(status)
        self._process(indata.T, outdata.T)

    def output_only(self, outdata: Audio, frames: int, _time: Any, status: Any) -> None:
        """Serve an output device from the fed input."""
        self._count(status)
        self._process(self._next(frames, gaps=True), outdata.T)

    def clocked(self, out: Audio, overdue: float) -> bool:
        """Play one block from the fed input, float32 (outputs, frames) out; False when that was the last."""
        self._board.output_xruns += overdue * self._engine.samplerate > 1.0
        block = self._next(out.shape[1], gaps=False)
        if block.shape[1]:
            self._engine.process(block, out)
        return not self.finished

    def _process(self, block: Audio, out: Audio) -> None:
        if self.error is not None:
            out[:] = 0.0
            return
        try:
            self._engine.process(block, out)
        except Exception as error:  # must not reach PortAudio's thread; the watching thread reports it
            out[:] = 0.0
            self.error = error

    def _next(self, frames: int, gaps: bool) -> Audio:
        """Return the next block of the fed input, silence after its end.

        Where the supervisor did not feed in time, silence fills the gap, or no frames come at all.
        """
        assert self._feed is not None
        if self._block.shape[1] != frames:
            self._block = np.zeros((self._block.shape[0], frames), np.float32)
        ended = self._board.source_frames != RUNNING  # asked before reading: what was fed is all there then
        if not ended and self._feed.filled < frames:
            self._board.starved_blocks += 1
            if not gaps:
                return self._block[:, :0]
        got = self._feed.read(self._block)
        self._block[:, got:] = 0.0
        if ended and not self._feed.filled:
            self._silence += frames - got
            self.finished = self._silence >= self._board.latency > 0
        return self._block

    def _count(self, status: Any) -> None:
        if status:
            self._board.input_xruns += bool(status.input_overflow or status.input_underflow)
            self._board.output_xruns += bool(status.output_overflow or status.output_underflow)


def open_clock(player: Player, outputs: int, samplerate: int, blocksize: int) -> ClockStream:
    """Stream without any device."""
    out = np.zeros((outputs, blocksize), np.float32)
    return ClockStream(lambda overdue: player.clocked(out, overdue), samplerate, blocksize)


def open_devices(sounddevice: Any, player: Player, source: Device | None, target: Device, channels: int,
                 outputs: int, samplerate: int, blocksize: int | None) -> Any:
    """Stream of an output device, with an input device or without one.

    A blocksize of 0 lets the device bring its own period: on JACK any other value, even the server's own,
    costs one more block of delay.

    Raises
    ------
    DeviceError
        When the devices cannot be opened together.
    """
    common = {"samplerate": samplerate, "blocksize": blocksize or 0, "dtype": "float32", "latency": "low"}
    try:
        if source is None:
            return sounddevice.OutputStream(device=target.index, channels=outputs, callback=player.output_only,
                                            **common)
        return sounddevice.Stream(device=(source.index, target.index), channels=(channels, outputs),
                                  callback=player.duplex, **common)
    except sounddevice.PortAudioError as error:
        names = target.label if source is None else f"{source.label} and {target.label}"
        raise DeviceError(f"cannot open {names} at {samplerate} Hz (PortAudio says: {error.args[0]}); take input and "
                          f"output of one host API, and see rtsep devices") from None


def device_latencies(stream: Any, fed: bool, samplerate: int) -> tuple[int | None, int | None]:
    """Latencies of input and output device as PortAudio tells them, in frames; None where unbelievable."""
    seconds = (0.0, stream.latency) if fed else stream.latency
    first, second = (round(value * samplerate) if 0.0 <= value <= _LONGEST_LATENCY_S else None for value in seconds)
    return first, second
