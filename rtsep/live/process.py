"""The audio process: devices, model and callbacks, and nothing else.

It ends through `os._exit`, because a sound server that dies leaves PortAudio in a state in which every
call hangs, the interpreter's own exit included.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from rtsep.audio.clock import ask_for_realtime
from rtsep.audio.devices import (
    JACK,
    Direction,
    Route,
    check_channels,
    check_feedback,
    check_format,
    choose_route,
    list_devices,
    open_portaudio,
)
from rtsep.errors import DeviceGoneError, ModelError, RtsepError
from rtsep.live.calibration import calibrate, find_faster
from rtsep.live.engine import Engine
from rtsep.live.inference import Inline
from rtsep.live.jack import JackStream
from rtsep.live.mixer import Mixer, output_channels
from rtsep.live.protocol import Ended, Failed, LiveSettings, Loaded, Notice, Prepared, Started
from rtsep.live.resampled import Resampled
from rtsep.live.scheduling import model_measures, prepare_process
from rtsep.live.shared import RUNNING, Board, Memory
from rtsep.live.streams import Player, Stream, device_latencies, open_clock, open_portaudio_stream
from rtsep.live.worker import Worker
from rtsep.model import check_provider
from rtsep.separator import Separator

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that the supervisor answers, for which this process waits to be stopped."""

TICK_S = 0.02  # how often the stream is looked after
SILENT_SERVER_S = 1.0  # without a callback for so long, the sound server counts as dead
_WATCH_PRIORITY = 10  # of the thread that looks after the stream: below those that play, but never starved
_WARM_UP_S = 0.5  # of noise through the separator before the stream opens


@dataclass(frozen=True)
class Devices:
    """What was chosen; None where a fed input or the clock stands in."""

    sounddevice: Any
    source: Route | None
    target: Route | None
    channels: int

    @property
    def jack(self) -> bool:
        """Whether all of it is on JACK."""
        routes = [route for route in (self.source, self.target) if route is not None]
        return bool(routes) and all(route.device.hostapi == JACK for route in routes)


def run_audio(settings: LiveSettings, pipe: Connection, memory: Memory) -> None:
    """Body of the audio process; never returns.

    Parameters
    ----------
    settings
        What to play.
    pipe
        To the supervisor. Anything that comes through it, its end too, stops the stream.
    memory
        Shared memory.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # sound libraries write to the terminal; our own errors use the pipe
    try:
        _play(settings, pipe, memory)
        pipe.send(Ended())
    except RtsepError as error:
        pipe.send(Failed(error))
    except (BrokenPipeError, EOFError):  # the supervisor is gone
        pass
    except Exception:
        pipe.send(Failed(RtsepError(f"the audio process failed; please report this:\n{traceback.format_exc()}")))
    finally:
        os._exit(0)


def _play(settings: LiveSettings, pipe: Connection, memory: Memory) -> None:
    """Load, open, play, close."""
    devices = _choose(settings)
    separator, settings = _load(settings, devices, pipe)
    stems, channels = separator.stems, devices.channels
    outputs = _outputs(settings, devices, len(stems))
    jack = _open_jack(settings, devices, outputs, separator) if devices.jack else None
    if jack is None:
        _check_devices(settings, devices, outputs, separator.samplerate)
    mixer = Mixer(stems, channels, outputs, separator.samplerate, separator.controls, settings.split,
                  memory.board.master)
    memory.feed.shape(channels)
    memory.tape.shape((1 + len(stems)) * channels)
    if settings.record:
        memory.tape.touch()
    _warm_up(separator)
    inference = Worker(separator) if settings.engine == "worker" else Inline(separator)
    engine = Engine(inference, mixer, memory.board, memory.tape if settings.record else None, not settings.clocked)
    geometry = separator.info.geometry
    pipe.send(Loaded(separator.info.name, separator.samplerate, channels, stems, geometry.synthesis, geometry.hop,
                     settings.model, settings.threads))
    if pipe.poll() or (settings.fed and _watch(pipe, memory.board, lambda: memory.feed.filled > 0
                                               or memory.board.source_frames != RUNNING)):
        return  # stopped before anything was played
    measures = (*model_measures(settings.threads), *prepare_process())
    ask_for_realtime(_WATCH_PRIORITY)
    player, stream = _open(settings, devices, engine, outputs, memory, jack)
    stream.start()
    pipe.send(_started(settings, devices, player, stream, separator.samplerate))
    guard = _StreamGuard(stream, player, memory.board)
    over = _watch(pipe, memory.board, lambda: guard() or player.measures is not None)
    if player.measures is not None:
        pipe.send(Prepared((*measures, *player.measures)))
    if not over:
        _watch(pipe, memory.board, guard)
    stream.stop()
    stream.close()


def _choose(settings: LiveSettings) -> Devices:
    """Find the devices first: a wrong name must not cost the time to load a model."""
    fed_channels = settings.channels or 2
    if settings.clocked:
        return Devices(None, None, None, fed_channels)
    sounddevice = open_portaudio()
    devices = list_devices(sounddevice)
    target = choose_route(devices, settings.output, "output")
    if settings.fed:
        return Devices(sounddevice, None, target, fed_channels)
    source = choose_route(devices, settings.input, "input")
    if not settings.allow_feedback:
        check_feedback(source.device, target.device)
    channels = source.count or settings.channels or min(2, source.device.inputs)
    check_channels(source.device, "input", source.first + channels)
    return Devices(sounddevice, source, target, channels)


def _load(settings: LiveSettings, devices: Devices, pipe: Connection) -> tuple[Separator, LiveSettings]:
    """Choose build, threads and provider, and load the model; return it, and the settings with what was chosen."""
    try:
        check_provider(settings.provider)
    except ModelError as error:
        pipe.send(Notice(f"{error}. The processor does the work instead."))
        settings = replace(settings, provider="cpu")
    if settings.calibration_s and settings.provider == "cpu":
        settings = _calibrated(settings, devices.channels, pipe)
    separator = Separator(settings.model, devices.channels, stems=settings.stems, threads=settings.threads,
                          provider=settings.provider)
    return separator, settings


def _calibrated(settings: LiveSettings, channels: int, pipe: Connection) -> LiveSettings:
    """Time the model, say whether it holds its deadline, and return what to take."""
    choice = calibrate(settings.model, settings.stems, channels, settings.calibration_s)
    if choice.holds:
        pipe.send(Notice(f"{choice}: holds its deadline"))
    else:
        faster = find_faster(settings.stems, channels)
        advice = "no shipped model does; try --engine worker" if faster is None else f"{faster}: does"
        pipe.send(Notice(f"{choice}: too slow for this computer; {advice}"))
        if faster is not None and settings.auto:
            choice = faster
        elif faster is not None:
            pipe.send(Notice(f"to take it: --model {faster.name}, or --auto"))
    return replace(settings, model=str(choice.path), threads=choice.threads)


def _outputs(settings: LiveSettings, devices: Devices, stems: int) -> int:
    """Output channels to open."""
    if devices.target is None:
        return output_channels(stems, devices.channels, 64, settings.split)
    available = devices.target.count or devices.target.device.outputs - devices.target.first
    return output_channels(stems, devices.channels, available, settings.split)


def _check_devices(settings: LiveSettings, devices: Devices, outputs: int, samplerate: int) -> None:
    wanted: tuple[tuple[Route | None, Direction, int], ...] = (
        (devices.source, "input", devices.channels), (devices.target, "output", outputs))
    for route, direction, count in wanted:
        if route is not None:
            rate = route.device.samplerate if settings.resample else samplerate
            check_format(devices.sounddevice, route.device, direction, route.first + count, rate)


def _open_jack(settings: LiveSettings, devices: Devices, outputs: int, separator: Separator) -> JackStream:
    """Become a client of the JACK server, in place of PortAudio."""
    assert devices.target is not None
    devices.sounddevice._terminate()
    names = [f"out_{index + 1}" for index in range(outputs)]
    if settings.split:
        width = outputs // len(separator.stems)
        names = [f"{stem}_{index + 1}" for stem in separator.stems for index in range(width)]
    stream = JackStream(devices.source, devices.target, 0 if settings.fed else devices.channels, names)
    if not settings.resample:
        stream.check_rate(separator.samplerate)
    if settings.blocksize is not None:
        stream.set_blocksize(settings.blocksize)
    return stream


def _open(settings: LiveSettings, devices: Devices, engine: Engine, outputs: int, memory: Memory,
          jack: JackStream | None) -> tuple[Player, Stream]:
    """Make the player and the stream that calls it, at the device's rate."""
    feed = memory.feed if settings.fed else None
    if devices.target is None:
        player = Player(engine, memory.board, feed)
        return player, open_clock(player, outputs, engine.samplerate, settings.blocksize or engine.hop)
    rate = devices.target.device.samplerate if jack is None else jack.samplerate
    if not settings.resample or rate == engine.samplerate:
        player = Player(engine, memory.board, feed)
    else:
        resampled = Resampled(engine, outputs, rate)
        memory.board.resampling = resampled.delay
        player = Player(resampled, memory.board, feed)
    if jack is not None:
        jack.attach(player)
        return player, jack
    return player, open_portaudio_stream(devices.sounddevice, player, devices.source, devices.target, outputs,
                                         player.samplerate, settings.blocksize)


def _started(settings: LiveSettings, devices: Devices, player: Player, stream: Stream, samplerate: int) -> Started:
    """Say what plays, with the latencies of the devices in frames at the model's rate."""
    source = settings.input or "fed" if devices.source is None else devices.source.device.label
    if devices.target is None:
        return Started(source, "clock", 0, 0)
    if isinstance(stream, JackStream):
        latencies: tuple[int | None, int | None] = stream.latencies()
    else:
        latencies = device_latencies(stream, settings.fed, player.samplerate)
    first, second = (None if frames is None else round(frames * samplerate / player.samplerate)
                     for frames in latencies)
    return Started(source, devices.target.device.label, first, second)


def _warm_up(separator: Separator) -> None:
    """Run noise through everything, so that no first time is left for the stream."""
    hop = separator.info.geometry.hop
    noise = np.random.default_rng(0).standard_normal((separator.channels, hop)).astype(np.float32) * 0.1
    for _ in range(round(_WARM_UP_S * separator.samplerate / hop)):
        separator.process(noise)
    separator.reset()


def _watch(pipe: Connection, board: Board, done: Callable[[], bool]) -> bool:
    """Tick until `done`, or until the supervisor says stop or is gone, and return True then."""
    while not done():
        if pipe.poll(TICK_S):
            return True
        board.heartbeat += 1
    return False


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
            raise getattr(self._stream, "error", None) or DeviceGoneError("the sound device went away; connect it "
                                                                          "again")
        if self._board.callbacks != self._callbacks:
            self._callbacks = self._board.callbacks
            self._moved = time.monotonic()
        elif time.monotonic() - self._moved > SILENT_SERVER_S:
            raise DeviceGoneError(f"the sound server or device has not called for {SILENT_SERVER_S:.0f} s")
        return False
