"""The audio process: devices, model and callbacks, and nothing else.

It ends through `os._exit`, because a sound server that dies leaves PortAudio in a state in which every
call hangs, the interpreter's own exit included.
"""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

from rtsep.audio.systems import silence_libraries
from rtsep.errors import RtsepError
from rtsep.live.board import RUNNING, Board, Memory
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer, output_channels
from rtsep.live.engine.warm_up import warm_up
from rtsep.live.engine.worker import Worker
from rtsep.live.process.calibration import Choice, Period
from rtsep.live.process.devices import Devices, choose_devices, choose_rate, wait_for
from rtsep.live.process.loading import load
from rtsep.live.process.monitor import ConnectionWatch, GuardWatch, PeriodWatch, StreamWatch, watch
from rtsep.live.protocol import Connected, Ended, Failed, LiveSettings, Loaded, Notice, Prepared, Started
from rtsep.live.realtime import ask_for_realtime, model_measures, prepare_process, stay_awake
from rtsep.live.streams.jack import JackStream
from rtsep.live.streams.null import open_null
from rtsep.live.streams.player import Player, Stream
from rtsep.live.streams.portaudio import device_latencies, open_portaudio_stream
from rtsep.live.streams.resampled import Resampled
from rtsep.separator import Separator, runs_at
from rtsep.signals import ignore_signals

_WATCH_PRIORITY = 10  # of the thread that looks after the stream: below those that play, but never starved


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


@dataclass(frozen=True)
class _Parts:
    """What plays: settings with what was chosen, devices, and the model at their rate."""

    settings: LiveSettings
    devices: Devices
    jack: JackStream | None
    separator: Separator
    choice: Choice | None
    outputs: int


def _play(settings: LiveSettings, pipe: Connection, memory: Memory) -> None:
    """Load, open, play, close."""
    parts = _await_parts(settings, pipe, memory.board) if settings.waits else _find_parts(settings, pipe)
    if parts is None:
        return
    settings, separator = parts.settings, parts.separator
    awake = stay_awake()
    engine = _make_engine(parts, memory)
    geometry = separator.info.geometry
    pipe.send(Loaded(separator.info.name, separator.samplerate, separator.channels, separator.stems, geometry.latency,
                     geometry.hop, settings.model,
                     None if parts.choice is None else parts.choice.p99_ms))
    if separator.samplerate != separator.info.samplerate:
        pipe.send(Notice(f"{separator.info.name}, made for {separator.info.samplerate} Hz, runs as it is at "
                         f"{separator.samplerate} Hz, the rate of the "
                         f"{'file' if settings.null_device else 'device'}"))
    if pipe.poll() or (settings.has_source and watch(pipe, memory.board, lambda: memory.playback.filled > 0
                                              or memory.board.source_frames != RUNNING)):
        return  # stopped before anything was played
    measures = (*model_measures(separator.executor), awake, *prepare_process())
    ask_for_realtime(_WATCH_PRIORITY)
    player, stream = _open(parts, engine, memory)
    stream.start()
    pipe.send(_started(parts, player, stream))
    over = StreamWatch(stream, player, memory.board)
    if not watch(pipe, memory.board, lambda: over() or player.measures is not None):
        pipe.send(Prepared((*measures, *(player.measures or ()))))
        period = PeriodWatch(None if settings.engine == "worker" else parts.choice, player, partial(_tell, pipe))
        links = ConnectionWatch(stream, lambda connections, latencies: pipe.send(
            Connected(connections, *_at_rate(latencies, separator.samplerate, player.samplerate))))
        guard = GuardWatch(separator.info.name, memory.board, partial(_tell, pipe))
        if watch(pipe, memory.board, lambda: period() or over() or links() or guard()):
            links.finish()
        guard()
    stream.stop()
    stream.close()


def _find_parts(settings: LiveSettings, pipe: Connection) -> _Parts:
    """Find the devices first: a wrong name must not cost the time to load a model."""
    devices = choose_devices(settings)
    jack = _join_jack(settings, devices)
    rate = None if devices.target is None else devices.target.device.samplerate
    stay_awake()  # the calibration depends on it
    separator, settings, choice = load(settings, devices.channels, _period(settings, devices, jack), rate,
                                       partial(_tell, pipe))
    devices, outputs = _fitted(settings, devices, separator)
    return _Parts(settings, devices, jack, separator, choice, outputs)


def _await_parts(settings: LiveSettings, pipe: Connection, board: Board) -> _Parts | None:
    """Load the model first, so that the music goes on as soon as the devices are there; None where the run is over."""
    separator, settings, choice = load(settings, settings.channels or 2, None, settings.samplerate,
                                       partial(_tell, pipe))
    found = wait_for(lambda: _fitted(settings, choose_devices(settings), separator), partial(_idle, pipe, board),
                     partial(_tell, pipe))
    if found is None:
        return None
    devices, outputs = found
    return _Parts(settings, devices, _join_jack(settings, devices), separator, choice, outputs)


def _fitted(settings: LiveSettings, devices: Devices, separator: Separator) -> tuple[Devices, int]:
    """Return the devices with their rate, and the output channels; set the model to the rate where it runs at it."""
    outputs = _outputs(settings, devices, len(separator.stems))
    devices = choose_rate(settings, devices, separator.info.samplerate, outputs)
    rates = settings.samplerate, devices.rate, separator.info.samplerate
    separator.set_samplerate(next(rate for rate in rates if rate and runs_at(separator.info.samplerate, rate)))
    return devices, outputs


def _tell(pipe: Connection, text: str) -> None:
    """Send a sentence to the user."""
    pipe.send(Notice(text))


def _idle(pipe: Connection, board: Board, seconds: float) -> bool:
    """Wait; True where the supervisor says stop, or is gone."""
    board.heartbeat += 1
    return pipe.poll(seconds)


def _period(settings: LiveSettings, devices: Devices, jack: JackStream | None) -> Period | None:
    """Return the blocks in which the callback has to run the model; None where they do not matter or are not known."""
    if settings.engine == "worker":
        return None
    if jack is not None:
        return Period(jack.blocksize, jack.samplerate)
    if settings.blocksize is None:
        return None
    return Period(settings.blocksize, None if devices.target is None else devices.target.device.samplerate)


def _outputs(settings: LiveSettings, devices: Devices, stems: int) -> int:
    """Output channels to open."""
    if devices.target is None:
        return output_channels(stems, devices.channels, 64, settings.split)
    available = devices.target.count or devices.target.device.outputs - devices.target.first
    return output_channels(stems, devices.channels, available, settings.split)


def _join_jack(settings: LiveSettings, devices: Devices) -> JackStream | None:
    """Become a client of the JACK server, in place of PortAudio, and set its period where one is requested."""
    if not devices.jack:
        return None
    assert devices.target is not None
    if devices.sounddevice is not None:
        devices.sounddevice._terminate()
    jack = JackStream(devices.source, devices.target, settings.connect, settings.connections, settings.midi_ports)
    if settings.blocksize is not None:
        jack.set_blocksize(settings.blocksize)
    return jack


def _make_engine(parts: _Parts, memory: Memory) -> Engine:
    """Make the engine, and run all of it once."""
    settings, separator = parts.settings, parts.separator
    mixer = Mixer(separator.controls, separator.channels, parts.outputs, separator.samplerate, settings.split)
    memory.playback.shape(separator.channels)
    memory.record.shape((1 + len(separator.stems)) * separator.channels)
    if settings.record:
        memory.record.touch()
    warm_up(separator, parts.outputs, settings.split)
    inference = Worker(separator) if settings.engine == "worker" else Inline(separator)
    return Engine(inference, mixer, memory.board, memory.record, not settings.null_device, memory.scope)


def _output_names(settings: LiveSettings, stems: tuple[str, ...], outputs: int) -> list[str]:
    """Name the output ports."""
    if not settings.split:
        return [f"out_{index + 1}" for index in range(outputs)]
    return [f"{stem}_{index + 1}" for stem in stems for index in range(outputs // len(stems))]


def _open(parts: _Parts, engine: Engine, memory: Memory) -> tuple[Player, Stream]:
    """Make the player and the stream that calls it, at the device's rate."""
    settings, devices, jack = parts.settings, parts.devices, parts.jack
    playback = memory.playback if settings.has_source else None
    if devices.target is None or devices.rate is None:
        player = Player(engine, memory.board, playback)
        return player, open_null(player, parts.outputs, engine.samplerate, settings.blocksize or engine.hop)
    if devices.rate == engine.samplerate:
        player = Player(engine, memory.board, playback)
    else:
        resampled = Resampled(engine, parts.outputs, devices.rate, settings.has_source)
        memory.board.resampling = resampled.delay
        player = Player(resampled, memory.board, playback)
    if jack is not None:
        jack.attach(player, _output_names(settings, engine.stems, parts.outputs))
        return player, jack
    return player, open_portaudio_stream(devices.sounddevice, player, devices.source, devices.target, parts.outputs,
                                         devices.rate, settings.blocksize)


def _started(parts: _Parts, player: Player, stream: Stream) -> Started:
    """Say what plays, with the latencies of the devices in frames at the model's rate."""
    settings, devices, samplerate = parts.settings, parts.devices, parts.separator.samplerate
    source = settings.input or "source" if devices.source is None else devices.source.device.label
    if devices.target is None:
        return Started(source, "null device", 0, 0, devices.defaults)
    if isinstance(stream, JackStream):
        heard, played = _at_rate(stream.latencies(), samplerate, player.samplerate)
        return Started(source, devices.target.device.label, heard, played, devices.defaults)
    first, second = (None if frames is None else round(frames * samplerate / player.samplerate)
                     for frames in device_latencies(stream, settings.has_source, player.samplerate))
    return Started(source, devices.target.device.label, first, second, devices.defaults)


def _at_rate(latencies: tuple[int, int], samplerate: int, device: int) -> tuple[int, int]:
    """Turn frames at a device's sample rate into frames at another one."""
    heard, played = (round(frames * samplerate / device) for frames in latencies)
    return heard, played
