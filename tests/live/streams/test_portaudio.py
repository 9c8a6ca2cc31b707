"""PortAudio's callbacks, called as PortAudio does: by C, with its flags, on buffers of (frames, channels)."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import cffi
import numpy as np
import pytest

from rtsep.audio.devices import Device, Route
from rtsep.errors import DeviceError
from rtsep.live.board import Board, new_board
from rtsep.live.streams.player import Player
from rtsep.live.streams.portaudio import device_latencies, open_portaudio_stream

INPUT_UNDERFLOW, INPUT_OVERFLOW, OUTPUT_UNDERFLOW, OUTPUT_OVERFLOW, PRIMING = 1, 2, 4, 8, 16  # of portaudio.h
FFI = cffi.FFI()
FFI.cdef("typedef int PaStreamCallback(const void *input, void *output, unsigned long frames, const void *time, "
         "unsigned long flags, void *data);")


class Flags:
    """As `sounddevice.CallbackFlags`: true where any is set."""

    def __init__(self, flags: int) -> None:
        self._flags = flags
        self.input_underflow, self.input_overflow = bool(flags & INPUT_UNDERFLOW), bool(flags & INPUT_OVERFLOW)
        self.output_underflow, self.output_overflow = bool(flags & OUTPUT_UNDERFLOW), bool(flags & OUTPUT_OVERFLOW)
        self.priming_output = bool(flags & PRIMING)

    def __bool__(self) -> bool:
        return bool(self._flags)


class FakeStream:
    """A stream whose callback is a C function with PortAudio's arguments; what it raises is kept.

    The buffers lie in C memory that holds garbage at first, input read-only, as with PortAudio.
    """

    latency = (0.01, 0.02)

    def __init__(self, inputs: int, outputs: int, callback: Callable[..., None]) -> None:
        self.inputs, self.outputs, self.raised = inputs, outputs, None

        @FFI.callback("PaStreamCallback", onerror=self._keep)
        def called(source: Any, sink: Any, frames: int, _time: Any, flags: int, _data: Any) -> int:
            outdata = self._array(sink, frames, outputs)
            if inputs:
                indata = self._array(source, frames, inputs)
                indata.flags.writeable = False
                callback(indata, outdata, frames, SimpleNamespace(), Flags(flags))
            else:
                callback(outdata, frames, SimpleNamespace(), Flags(flags))
            return 0

        self._called = called

    def _keep(self, _kind: Any, error: Any, _trace: Any) -> None:
        self.raised = error

    @staticmethod
    def _array(pointer: Any, frames: int, channels: int) -> np.ndarray:
        return np.frombuffer(FFI.buffer(pointer, 4 * frames * channels), np.float32).reshape(frames, channels)

    def call(self, sound: np.ndarray, flags: int = 0) -> np.ndarray:
        """Call back as PortAudio does; `sound` is (frames, inputs)."""
        frames = len(sound)
        source = FFI.from_buffer(np.ascontiguousarray(sound, np.float32)) if self.inputs else FFI.NULL
        sink = FFI.new("float[]", [7.0] * (frames * self.outputs))
        self._called(source, sink, frames, FFI.NULL, flags, FFI.NULL)
        assert self.raised is None
        return self._array(sink, frames, self.outputs).copy()


class FakeSounddevice:
    """As much of sounddevice as opening a stream takes."""

    class PortAudioError(Exception):  # noqa: D106
        pass

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.asked: dict[str, Any] = {}

    def Stream(self, channels: tuple[int, int], callback: Callable[..., None], **asked: Any) -> FakeStream:
        self.asked = asked
        if self.refuses:
            raise self.PortAudioError("Illegal combination of I/O devices")
        return FakeStream(*channels, callback)

    def OutputStream(self, channels: int, callback: Callable[..., None], **asked: Any) -> FakeStream:
        self.asked = asked
        return FakeStream(0, channels, callback)


class Negative:
    """A processor that turns the sound over, so that no output is right by chance."""

    samplerate = engine_rate = 44100
    deadline = True

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def process(self, block: np.ndarray, out: np.ndarray) -> None:
        assert block.shape[0] == self.channels
        out[:] = -block[:out.shape[0]] if block.shape[0] >= out.shape[0] else -block[:1]


def opened(channels: int, outputs: int, first: tuple[int, int] = (0, 0)) -> tuple[FakeStream, Player, Board]:
    board = new_board(None)
    player = Player(Negative(channels), board, None)
    card = Device(3, "card", "ALSA", 64, 64, 44100, portaudio=5)
    stream = open_portaudio_stream(FakeSounddevice(), player, Route(card, first[0]), Route(card, first[1]), outputs,
                                   44100, None)
    return stream, player, board


@pytest.mark.parametrize("frames", [1, 64, 65, 441, 512, 8193])
@pytest.mark.parametrize(("channels", "outputs"), [(1, 1), (1, 2), (2, 2), (8, 8)])
def test_blocks_of_any_size_come_and_go_in_the_right_channels(channels: int, outputs: int, frames: int) -> None:
    stream, player, _ = opened(channels, outputs)
    sound = np.random.default_rng(1).standard_normal((frames, channels)).astype(np.float32)
    np.testing.assert_array_equal(stream.call(sound), -sound if channels == outputs else -np.repeat(sound, 2, axis=1))
    assert player.error is None
    assert player.blocksize == frames


def test_channels_before_the_chosen_ones_are_neither_heard_nor_played() -> None:
    stream, _, _ = opened(2, 2, first=(2, 4))
    assert (stream.inputs, stream.outputs) == (4, 6)
    sound = np.random.default_rng(2).standard_normal((64, 4)).astype(np.float32)
    out = stream.call(sound)
    np.testing.assert_array_equal(out[:, :4], 0.0)
    np.testing.assert_array_equal(out[:, 4:], -sound[:, 2:])


@pytest.mark.parametrize(("flags", "counted"), [
    (0, (0, 0)), (INPUT_OVERFLOW, (1, 0)), (INPUT_UNDERFLOW, (1, 0)), (OUTPUT_UNDERFLOW, (0, 1)),
    (OUTPUT_OVERFLOW, (0, 1)), (INPUT_OVERFLOW | OUTPUT_UNDERFLOW, (1, 1)), (PRIMING, (0, 0))])
def test_flags_are_counted_and_the_sound_goes_on(flags: int, counted: tuple[int, int]) -> None:
    stream, _, board = opened(2, 2)
    sound = np.ones((64, 2), np.float32)
    np.testing.assert_array_equal(stream.call(sound, flags), -sound)
    assert (board.input_xruns, board.output_xruns) == counted


def test_what_goes_wrong_is_silence_and_kept_for_the_watching_thread() -> None:
    stream, player, _ = opened(2, 2)
    player._processor.process = lambda block, out: (_ for _ in ()).throw(ValueError("broken"))
    for _ in range(2):
        np.testing.assert_array_equal(stream.call(np.ones((64, 2), np.float32)), 0.0)
    assert isinstance(player.error, ValueError)


def test_devices_are_opened_by_portaudios_own_numbers() -> None:
    sounddevice, card = FakeSounddevice(), Device(3, "card", "ALSA", 2, 2, 48000, portaudio=5)
    player = Player(Negative(2), new_board(None), None)
    open_portaudio_stream(sounddevice, player, Route(card), Route(card), 2, 48000, 256)
    assert (sounddevice.asked["device"], sounddevice.asked["samplerate"], sounddevice.asked["blocksize"]) == (
        (5, 5), 48000, 256)
    open_portaudio_stream(sounddevice, player, None, Route(card), 2, 48000, None)
    assert (sounddevice.asked["device"], sounddevice.asked["blocksize"]) == (5, 0)


def test_devices_that_do_not_go_together_are_a_sentence() -> None:
    card = Device(3, "card", "ALSA", 2, 2, 48000, portaudio=5)
    with pytest.raises(DeviceError, match=r"cannot open card, ALSA and card, ALSA at 48000 Hz .PortAudio says: Ille"):
        open_portaudio_stream(FakeSounddevice(refuses=True), Player(Negative(2), new_board(None), None), Route(card),
                              Route(card), 2, 48000, None)


@pytest.mark.parametrize(("latency", "frames"), [((0.01, 0.02), (480, 960)), ((4.2e9, 0.02), (None, 960)),
                                                 ((-1.0, float("nan")), (None, None))])
def test_latencies_that_nobody_can_believe_are_not_told(latency: tuple[float, float],
                                                        frames: tuple[int | None, int | None]) -> None:
    assert device_latencies(SimpleNamespace(latency=latency), False, 48000) == frames
