"""The audio process: devices, model and callbacks, and nothing else.

It ends through `os._exit`, because a sound server that dies leaves PortAudio in a state in which every
call hangs, the interpreter's own exit included.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from rtsep.audio.devices import Device, check_format, choose_device, list_devices, open_portaudio
from rtsep.errors import DeviceError, RtsepError
from rtsep.live.engine import Engine
from rtsep.live.mixer import Mixer, output_channels
from rtsep.live.protocol import Ended, Failed, LiveSettings, Loaded, Started
from rtsep.live.shared import RUNNING, Board, Ring
from rtsep.live.streams import Player, Stream, device_latencies, open_clock, open_devices
from rtsep.separator import Separator

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that the supervisor answers, for which this process waits to be stopped."""

TICK_S = 0.02  # how often the stream is looked after
SILENT_SERVER_S = 3.0  # without a callback for so long, the sound server counts as dead
_SWITCH_INTERVAL_S = 0.0005  # how long other threads of this process may keep the interpreter
_WARM_UP_S = 0.5  # of noise through the separator before the stream opens


@dataclass(frozen=True)
class Rooms:
    """The shared memory: board, fed input and tape."""

    board: Board
    feed: Ring
    tape: Ring


@dataclass(frozen=True)
class Devices:
    """What was chosen, with how many channels; None where a fed input or the clock stands in."""

    sounddevice: Any
    source: Device | None
    target: Device | None
    channels: int
    available: int


def run_audio(settings: LiveSettings, pipe: Connection, rooms: Rooms) -> None:
    """Body of the audio process; never returns.

    Parameters
    ----------
    settings
        What to play.
    pipe
        To the supervisor. Anything that comes through it, its end too, stops the stream.
    rooms
        Shared memory.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # sound libraries write to the terminal; our own errors use the pipe
    try:
        _play(settings, pipe, rooms)
        pipe.send(Ended())
    except RtsepError as error:
        pipe.send(Failed(error))
    except (BrokenPipeError, EOFError):  # the supervisor is gone
        pass
    except Exception:
        pipe.send(Failed(RtsepError(f"the audio process failed; please report this:\n{traceback.format_exc()}")))
    finally:
        os._exit(0)


def _play(settings: LiveSettings, pipe: Connection, rooms: Rooms) -> None:
    """Load, open, play, close."""
    devices = _choose(settings)
    separator = Separator(settings.model, devices.channels, stems=settings.stems)
    separator.controls.mask_gain = settings.mask_gain
    for stem in settings.silent:
        separator.controls.set_level(stem, 0.0)
    rooms.board.put_controls(separator.controls, separator.stems)
    stems = separator.stems
    outputs = output_channels(len(stems), devices.channels, devices.available, settings.split)
    _check_devices(settings, devices, outputs, separator.samplerate)
    mixer = Mixer(stems, devices.channels, outputs, separator.samplerate, separator.controls, settings.split)
    rooms.feed.shape(devices.channels)
    rooms.tape.shape((1 + len(stems)) * devices.channels)
    if settings.record:
        rooms.tape.touch()
    engine = Engine(separator, mixer, rooms.board, rooms.tape if settings.record else None)
    _warm_up(separator)
    geometry = separator.info.geometry
    pipe.send(Loaded(separator.info.name, separator.samplerate, devices.channels, stems, geometry.synthesis,
                     geometry.hop))
    if settings.fed:
        _watch(pipe, rooms.board, lambda: rooms.feed.filled > 0 or rooms.board.source_frames != RUNNING)
    player = Player(engine, rooms.board, rooms.feed if settings.fed else None, devices.channels)
    _prepare_interpreter()
    stream, started = _open(settings, devices, player, outputs, separator)
    stream.start()
    pipe.send(started)
    _watch(pipe, rooms.board, _StreamGuard(stream, player, rooms.board))
    stream.stop()
    stream.close()


def _choose(settings: LiveSettings) -> Devices:
    """Find the devices first: a wrong name must not cost the time to load a model."""
    fed_channels = settings.channels or 2
    if settings.clocked:
        return Devices(None, None, None, fed_channels, 64)
    sounddevice = open_portaudio()
    devices = list_devices(sounddevice)
    target = choose_device(devices, settings.output, "output")
    if settings.fed:
        return Devices(sounddevice, None, target, fed_channels, target.outputs)
    source = choose_device(devices, settings.input, "input")
    return Devices(sounddevice, source, target, settings.channels or min(2, source.inputs), target.outputs)


def _check_devices(settings: LiveSettings, devices: Devices, outputs: int, samplerate: int) -> None:
    if devices.source is not None:
        check_format(devices.sounddevice, devices.source, "input", devices.channels, samplerate)
    if devices.target is not None:
        check_format(devices.sounddevice, devices.target, "output", outputs, samplerate)


def _open(settings: LiveSettings, devices: Devices, player: Player, outputs: int,
          separator: Separator) -> tuple[Stream, Started]:
    source = settings.input or "fed" if devices.source is None else devices.source.label
    if devices.target is None:
        blocksize = settings.blocksize or separator.info.geometry.hop
        return open_clock(player, outputs, separator.samplerate, blocksize), Started(source, "clock", 0, 0)
    stream = open_devices(devices.sounddevice, player, devices.source, devices.target, devices.channels, outputs,
                          separator.samplerate, settings.blocksize)
    latencies = device_latencies(stream, settings.fed, separator.samplerate)
    return stream, Started(source, devices.target.label, *latencies)


def _warm_up(separator: Separator) -> None:
    """Run noise through everything, so that no first time is left for the stream."""
    hop = separator.info.geometry.hop
    noise = np.random.default_rng(0).standard_normal((separator.channels, hop)).astype(np.float32) * 0.1
    for _ in range(round(_WARM_UP_S * separator.samplerate / hop)):
        separator.process(noise)
    separator.reset()


def _prepare_interpreter() -> None:
    """Keep the garbage collector and other threads from the audio path."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def _watch(pipe: Connection, board: Board, done: Callable[[], bool]) -> None:
    """Tick until `done`, or until the supervisor says stop or is gone."""
    while not done() and not pipe.poll(TICK_S):
        board.heartbeat += 1


class _StreamGuard:
    """Says when a stream is over; raises when it died."""

    def __init__(self, stream: Stream, player: Player, board: Board) -> None:
        self._stream = stream
        self._player = player
        self._board = board
        self._callbacks = -1
        self._moved = time.monotonic()

    def __call__(self) -> bool:
        if self._player.finished:
            return True
        error = self._player.error or getattr(self._stream, "error", None)
        if error is not None:
            raise error
        if not self._stream.active:
            raise DeviceError("the sound server or device went away; start it again, then rtsep live")
        if self._board.callbacks != self._callbacks:
            self._callbacks = self._board.callbacks
            self._moved = time.monotonic()
        elif time.monotonic() - self._moved > SILENT_SERVER_S:
            raise DeviceError(f"the sound server or device has not called for {SILENT_SERVER_S:.0f} s; restart it, "
                              f"then rtsep live")
        return False
