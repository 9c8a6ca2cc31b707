"""The audio process: devices, model and callbacks, and nothing else.

It ends through `os._exit`, because a sound server that dies leaves PortAudio in a state in which every
call hangs, the interpreter's own exit included.
"""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rtsep.audio.devices import (
    JACK,
    Defaults,
    Direction,
    Route,
    check_channels,
    check_feedback,
    check_format,
    choose_route,
    list_defaults,
    list_devices,
    open_portaudio,
    silence_libraries,
)
from rtsep.errors import ModelError, RtsepError
from rtsep.live.board import RUNNING, Memory
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer, output_channels
from rtsep.live.engine.warm_up import rehearse
from rtsep.live.engine.worker import Worker
from rtsep.live.process.calibration import Choice, Period, calibrate, calibrate_others, decide
from rtsep.live.process.monitor import PeriodWatch, StreamWatch, watch
from rtsep.live.protocol import Ended, Failed, LiveSettings, Loaded, Notice, Prepared, Started
from rtsep.live.realtime import ask_for_realtime, model_measures, prepare_process, stay_awake
from rtsep.live.signals import ignore_signals
from rtsep.live.streams.jack import JackStream
from rtsep.live.streams.null import open_null
from rtsep.live.streams.player import Player, Stream
from rtsep.live.streams.portaudio import device_latencies, open_portaudio_stream
from rtsep.live.streams.resampled import Resampled
from rtsep.separator import Separator

_WATCH_PRIORITY = 10  # of the thread that looks after the stream: below those that play, but never starved


@dataclass(frozen=True)
class Devices:
    """What was chosen; None where a fed input or the clock stands in."""

    sounddevice: Any
    source: Route | None
    target: Route | None
    channels: int
    defaults: Defaults

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
    ignore_signals()
    silence_libraries()
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
    awake = stay_awake()  # first, since the calibration depends on it
    devices = _choose(settings)
    jack = _join_jack(devices) if devices.jack else None
    separator, settings, choice = _load(settings, devices, _period(settings, devices, jack), pipe)
    stems, channels = separator.stems, devices.channels
    outputs = _outputs(settings, devices, len(stems))
    if jack is None:
        _check_devices(settings, devices, outputs, separator.samplerate)
    else:
        _prepare_jack(settings, jack, separator.samplerate)
    mixer = Mixer(stems, channels, outputs, separator.samplerate, separator.controls, settings.split)
    memory.feed.shape(channels)
    memory.tape.shape((1 + len(stems)) * channels)
    if settings.record:
        memory.tape.touch()
    rehearse(separator, outputs, settings.split)
    inference = Worker(separator) if settings.engine == "worker" else Inline(separator)
    engine = Engine(inference, mixer, memory.board, memory.tape if settings.record else None, not settings.null_device)
    geometry = separator.info.geometry
    pipe.send(Loaded(separator.info.name, separator.samplerate, channels, stems, geometry.synthesis, geometry.hop,
                     settings.model, settings.threads, None if choice is None else choice.p99_ms))
    if pipe.poll() or (settings.fed and watch(pipe, memory.board, lambda: memory.feed.filled > 0
                                              or memory.board.source_frames != RUNNING)):
        return  # stopped before anything was played
    measures = (*model_measures(separator.executor, settings.threads), awake, *prepare_process())
    ask_for_realtime(_WATCH_PRIORITY)
    player, stream = _open(settings, devices, engine, outputs, memory, jack)
    stream.start()
    pipe.send(_started(settings, devices, player, stream, separator.samplerate))
    over = StreamWatch(stream, player, memory.board)
    if not watch(pipe, memory.board, lambda: over() or player.measures is not None):
        pipe.send(Prepared((*measures, *(player.measures or ()))))
        period = PeriodWatch(None if settings.engine == "worker" else choice, player,
                             lambda text: pipe.send(Notice(text)))
        watch(pipe, memory.board, lambda: period() or over())
    stream.stop()
    stream.close()


def _choose(settings: LiveSettings) -> Devices:
    """Find the devices first: a wrong name must not cost the time to load a model."""
    fed_channels = settings.channels or 2
    if settings.null_device:
        return Devices(None, None, None, fed_channels, Defaults())
    sounddevice = open_portaudio()
    devices = list_devices(sounddevice)
    target = choose_route(devices, settings.output, "output")
    if settings.fed:
        return Devices(sounddevice, None, target, fed_channels, list_defaults(sounddevice))
    source = choose_route(devices, settings.input, "input")
    if not settings.allow_feedback:
        check_feedback(source.device, target.device)
    channels = source.count or settings.channels or min(2, source.device.inputs)
    check_channels(source.device, "input", source.first + channels)
    return Devices(sounddevice, source, target, channels, list_defaults(sounddevice))


def _period(settings: LiveSettings, devices: Devices, jack: JackStream | None) -> Period | None:
    """Return the blocks in which the callback has to run the model; None where they do not matter or are not known."""
    if settings.engine == "worker":
        return None
    if jack is not None:
        return Period(settings.blocksize or jack.blocksize, jack.samplerate)
    if settings.blocksize is None or devices.target is None or not settings.resample:
        return None if settings.blocksize is None else Period(settings.blocksize)
    return Period(settings.blocksize, devices.target.device.samplerate)


def _load(settings: LiveSettings, devices: Devices, period: Period | None,
          pipe: Connection) -> tuple[Separator, LiveSettings, Choice | None]:
    """Choose build, threads and provider, and load the model.

    Returns
    -------
    separator, settings, choice
        The settings are those with what was chosen; the choice is None without a calibration, now or before.
    """
    if settings.provider != "cpu":
        settings = _with_provider(settings, pipe)
    choice = None
    if settings.calibration_s and settings.provider == "cpu":
        choice = _calibrate(settings, devices.channels, period, pipe)
        settings = replace(settings, model=str(choice.path), threads=choice.threads)
    separator = Separator(settings.model, devices.channels, stems=settings.stems, threads=settings.threads,
                          provider=settings.provider)
    if choice is None and settings.p99_ms is not None:
        geometry = separator.info.geometry
        choice = Choice(Path(settings.model), settings.threads, separator.info.name, settings.p99_ms, geometry.hop,
                        geometry.synthesis, separator.samplerate)
    return separator, settings, choice


def _with_provider(settings: LiveSettings, pipe: Connection) -> LiveSettings:
    """Return the settings with what runs the model, or with the processor where that is not to be had."""
    from rtsep.backends.onnx_runtime import check_provider  # loads ONNX Runtime, which the kernels do without
    try:
        check_provider(settings.provider)
    except ModelError as error:
        pipe.send(Notice(f"{error}. The processor does the work instead."))
        return replace(settings, provider="cpu")
    return settings


def _calibrate(settings: LiveSettings, channels: int, period: Period | None, pipe: Connection) -> Choice:
    """Time the model, and others where it is too slow; say and return what is to be taken."""
    wanted = calibrate(settings.model, settings.stems, channels, settings.calibration_s, period)
    others = [] if wanted.holds else calibrate_others(settings.model, settings.stems, channels, period)
    choice, sentences = decide(wanted, others, settings.auto)
    for sentence in sentences:
        pipe.send(Notice(sentence))
    return choice


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


def _join_jack(devices: Devices) -> JackStream:
    """Become a client of the JACK server, in place of PortAudio."""
    assert devices.target is not None
    devices.sounddevice._terminate()
    return JackStream(devices.source, devices.target)


def _prepare_jack(settings: LiveSettings, jack: JackStream, samplerate: int) -> None:
    """Check the server's rate, and set its period where one is wanted."""
    if not settings.resample:
        jack.check_rate(samplerate)
    if settings.blocksize is not None:
        jack.set_blocksize(settings.blocksize)


def _output_names(settings: LiveSettings, stems: tuple[str, ...], outputs: int) -> list[str]:
    """Name the output ports."""
    if not settings.split:
        return [f"out_{index + 1}" for index in range(outputs)]
    return [f"{stem}_{index + 1}" for stem in stems for index in range(outputs // len(stems))]


def _open(settings: LiveSettings, devices: Devices, engine: Engine, outputs: int, memory: Memory,
          jack: JackStream | None) -> tuple[Player, Stream]:
    """Make the player and the stream that calls it, at the device's rate."""
    feed = memory.feed if settings.fed else None
    if devices.target is None:
        player = Player(engine, memory.board, feed)
        return player, open_null(player, outputs, engine.samplerate, settings.blocksize or engine.hop)
    rate = devices.target.device.samplerate if jack is None else jack.samplerate
    if not settings.resample or rate == engine.samplerate:
        player = Player(engine, memory.board, feed)
    else:
        resampled = Resampled(engine, outputs, rate)
        memory.board.resampling = resampled.delay
        player = Player(resampled, memory.board, feed)
    if jack is not None:
        jack.attach(player, _output_names(settings, engine.stems, outputs))
        return player, jack
    return player, open_portaudio_stream(devices.sounddevice, player, devices.source, devices.target, outputs,
                                         player.samplerate, settings.blocksize)


def _started(settings: LiveSettings, devices: Devices, player: Player, stream: Stream, samplerate: int) -> Started:
    """Say what plays, with the latencies of the devices in frames at the model's rate."""
    source = settings.input or "fed" if devices.source is None else devices.source.device.label
    if devices.target is None:
        return Started(source, "null device", 0, 0, devices.defaults)
    if isinstance(stream, JackStream):
        latencies: tuple[int | None, int | None] = stream.latencies()
    else:
        latencies = device_latencies(stream, settings.fed, player.samplerate)
    first, second = (None if frames is None else round(frames * samplerate / player.samplerate)
                     for frames in latencies)
    return Started(source, devices.target.device.label, first, second, devices.defaults)
