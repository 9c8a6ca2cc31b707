"""One run of the live separator, from start to the numbers at the end: feeds, records, listens, begins again, stops."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from rtsep.audio.devices import Defaults
from rtsep.controls.controls import Controls
from rtsep.controls.presets import Preset, put_preset
from rtsep.errors import DeviceError, DeviceGoneError, RtsepError
from rtsep.live.board import Board, new_memory
from rtsep.live.engine.statistics import Summary, summarise
from rtsep.live.protocol import Connected, Ended, LiveSettings, Loaded, Message, Notice, Prepared, Started
from rtsep.live.realtime import Measure
from rtsep.live.session.default_devices import has_moved
from rtsep.live.session.helper import Helper, HelperMessage
from rtsep.live.session.model_switch import Exchange, check_successor
from rtsep.live.session.services import OnNotice, Requested, Services
from rtsep.live.session.sources import Source
from rtsep.live.session.supervisor import AudioProcess, CrashError

_TICK_S = 0.03
_WAITING_TICK_S = 0.25  # while a device is lost
_RETRY_S = 0.5  # between two looks for a lost device
_MOST_CRASHES = 5  # of audio processes, until a run is given up

OnTick = Callable[[Board, int], None]


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Parameters
    ----------
    loaded, started
        What the audio process said at its start.
    summary
        Its numbers.
    measures
        What was done so that no deadline is missed.
    recorded
        Files by track, `mixture` and the stems; empty without a recording.
    failure
        A sentence where the run ended because something broke, else None.
    """

    loaded: Loaded
    started: Started
    summary: Summary
    measures: tuple[Measure, ...] = ()
    recorded: dict[str, Path] = field(default_factory=dict)
    failure: str | None = None


class Session:
    """A live run; made for one call of `run`.

    Parameters
    ----------
    settings
        What to play.
    source
        A fed input; None for an input device.
    folder
        Where the recording goes; None for no recording.
    seconds
        Length of the run; None for as long as the input lasts, or until `stop`.
    helpers
        Further processes that read and write the board, such as MIDI.
    on_notice
        Gets sentences for the user while the run goes on.
    preset
        Sets the controls once, at the start; its model is the settings' matter.
    """

    def __init__(self, settings: LiveSettings, source: Source | None = None, folder: Path | None = None,
                 seconds: float | None = None, helpers: Sequence[Helper] = (),
                 on_notice: OnNotice = lambda _: None, preset: Preset | None = None) -> None:
        self._settings = settings
        self._requested = Requested(source, folder, seconds, helpers)
        self._notify = on_notice
        self._preset = preset
        self._stopping = threading.Event()
        self._memory = new_memory(multiprocessing.get_context("spawn"))
        self._services = Services(self._requested, self._memory, on_notice, self._answer)
        self._loaded: Loaded | None = None
        self._started: Started | None = None
        self._measures: tuple[Measure, ...] = ()
        self._model = settings.model  # that was asked for last
        self._new_model = False  # whether it does not play yet
        self._defaults: Defaults | None = None  # news of them
        self._exchange = Exchange(self._memory.board)
        self._waiting = False  # for a lost device

    def stop(self) -> None:
        """End the run cleanly; for signal handlers and other threads."""
        self._stopping.set()

    def run(self, on_tick: OnTick | None = None) -> Result | None:
        """Play until the end; where a device goes, wait until it is back.

        Parameters
        ----------
        on_tick
            Called some thirty times a second with the board and the sample rate, while the music plays.

        Returns
        -------
        result
            None when `stop` came before anything was played.

        Raises
        ------
        RtsepError
            When it cannot start.
        """
        self._put_controls(self._settings.stems or ())
        with closing(self._services):
            failure = self._play_on(on_tick or (lambda *_: None))
            if self._loaded is None or self._started is None:
                return None
            summary = summarise(self._memory.board, self._loaded.samplerate)
            return Result(self._loaded, self._started, summary, self._measures, self._services.recorded, failure)

    def _put_controls(self, stems: tuple[str, ...]) -> None:
        """Write the controls as they are at the start; later nobody but their writers touches them.

        Raises
        ------
        ConfigError
            When a value is out of range, or a stem is not played.
        """
        controls = Controls(stems)
        controls.put(self._settings.controls, strict=bool(stems))
        self._memory.board.put({"level": dict.fromkeys(self._settings.silent, 0.0)}, stems)
        self._memory.board.put(self._settings.controls, stems)

    def _play_on(self, on_tick: OnTick) -> str | None:
        """Play, and begin anew whenever a device was lost; return a sentence where something broke for good."""
        crashes, told = 0, ""
        while True:
            try:
                if not self._play(on_tick):
                    return None
                if self._new_model:
                    self._settings = replace(self._settings, model=self._model, p99_ms=None)
                continue
            except DeviceError as error:
                if self._started is None:
                    raise
                crashes += isinstance(error, CrashError)
                if crashes > _MOST_CRASHES:
                    return str(error)
                told = self._tell(error, told)
            except RtsepError as error:
                if self._started is None:
                    raise
                return str(error)
            if not self._pause():
                return None

    def _tell(self, error: DeviceError, told: str) -> str:
        """Say once that a device went, and then only what keeps it from being used again."""
        text = str(error)
        if not self._waiting:
            self._waiting = True
            self._notify(f"{text}; the music goes on when it is back, Ctrl-C ends")
        elif not isinstance(error, DeviceGoneError) and text != told:
            self._notify(text)
        return text

    def _pause(self) -> bool:
        """Wait a little; False where the run is over meanwhile."""
        until = time.monotonic() + _RETRY_S
        while time.monotonic() < until:
            self._services.serve()
            if self._stopping.wait(_TICK_S):
                return False
        return True

    def _play(self, on_tick: OnTick) -> bool:
        """Run one audio process until the run is over, or until another is to take its place, and return True then.

        Raises
        ------
        RtsepError
            When it fails, or cannot start.
        """
        with AudioProcess(replace(self._settings, waits=self._waiting), self._memory) as process:
            playing = due = False
            while not due and not self._over():
                self._services.serve()
                message = process.receive(_WAITING_TICK_S if self._waiting else _TICK_S)
                if isinstance(message, Ended):
                    break
                self._hear(message)
                playing |= isinstance(message, Started)
                if playing and self._loaded is not None:
                    on_tick(self._memory.board, self._loaded.samplerate)
                    self._follow()
                    due = self._exchange.due(self._loaded.samplerate)
            process.stop()
            for message in process.last_messages():
                self._hear(message)
        self._services.serve()
        return due

    def _hear(self, message: Message | None) -> None:
        if isinstance(message, Loaded):
            self._begin(message)
        elif isinstance(message, Started):
            self._welcome(message)
        elif isinstance(message, Prepared):
            self._measures = message.measures
        elif isinstance(message, Connected):
            self._settings = replace(self._settings, connections=message.connections)
        elif isinstance(message, Notice):
            self._notify(message.text)

    def _begin(self, loaded: Loaded) -> None:
        """Prepare what surrounds the audio process; at a later time, tell it that it is another one."""
        first, self._loaded = self._loaded is None, loaded
        self._settings = replace(self._settings, model=loaded.path, threads=loaded.threads, channels=loaded.channels,
                                 calibration_s=0.0, p99_ms=loaded.p99_ms, samplerate=loaded.samplerate)
        if not first:
            self._services.begin_again(self._waiting)
            return
        if self._settings.stems is None:  # which stems there are, only the model says
            self._put_controls(loaded.stems)
        if self._preset is not None:
            put_preset(self._preset, self._memory.board, loaded.stems)
        self._services.begin(loaded)

    def _answer(self, message: HelperMessage) -> None:
        """Do what a helper says."""
        if isinstance(message, Preset):
            self._call(message)
        elif isinstance(message, Defaults):
            self._defaults = message
        else:
            self._notify(message)

    def _follow(self) -> None:
        """Go over to the default device of now, where the system has switched."""
        defaults, self._defaults = self._defaults, None
        if defaults is not None and self._started is not None and has_moved(self._settings, self._started, defaults):
            self._exchange.ask()

    def _call(self, preset: Preset) -> None:
        """Set the controls of a preset, and ask for its model where another one plays."""
        assert self._loaded is not None
        if preset.model not in (None, self._model):
            try:
                check_successor(preset.model, self._loaded, self._settings.stems is None)
            except RtsepError as error:
                self._notify(f"preset {preset.name}: {error}")
                return
            self._model, self._new_model = preset.model, True
            self._exchange.ask()
        put_preset(preset, self._memory.board, self._loaded.stems)

    def _welcome(self, started: Started) -> None:
        if self._waiting:
            self._waiting = False
            self._memory.board.reconnects += 1
            self._notify(f"{started.output} is back: the music goes on")
        elif self._started is not None and self._loaded is not None:
            self._notify(f"the model {self._loaded.model} plays" if self._new_model else
                         f"the system's default device is another one: the music goes on, from {started.input} "
                         f"to {started.output}")
            self._new_model = False
        self._started = started
        self._exchange.begin()

    def _over(self) -> bool:
        """Whether the user stopped, or the wanted seconds of an input device are played."""
        if self._stopping.is_set():
            return True
        if self._requested.source is not None or self._loaded is None:
            return False
        limit = self._requested.frames(self._loaded.samplerate)
        return limit is not None and self._memory.board.frames >= limit
