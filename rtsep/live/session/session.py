"""One run of the live separator, from start to the numbers at the end: writes, records, listens, restarts, stops."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rtsep.audio.devices import Defaults
from rtsep.controls.controls import Controls
from rtsep.controls.presets import Preset, put_preset
from rtsep.errors import DeviceError, DeviceGoneError, RtsepError
from rtsep.live.board import Board, new_memory
from rtsep.live.engine.statistics import summarise
from rtsep.live.protocol import Connected, Ended, LiveSettings, Loaded, Message, Notice, Prepared, Started
from rtsep.live.session.commands import Commands
from rtsep.live.session.default_devices import has_moved
from rtsep.live.session.helper import Helper, HelperMessage, Moved
from rtsep.live.session.model_switch import ModelSwitch
from rtsep.live.session.requests import Requests
from rtsep.live.session.result import Result
from rtsep.live.session.run_state import RunState
from rtsep.live.session.services import OnNotice, Requested, Services
from rtsep.live.session.sources import Source
from rtsep.live.session.supervisor import AudioProcess, CrashError

_TICK_S = 0.025
_WAITING_TICK_S = 0.1  # while a device is lost
_RETRY_S = 0.5  # between two looks for a lost device
_MOST_CRASHES = 5  # of audio processes, until a run is given up

OnTick = Callable[[Board, int], None]
OnLook = Callable[[], None]


class Session:
    """A live run; made for one call of `run`.

    Parameters
    ----------
    settings
        What to play.
    source, folder, seconds, helpers
        As of `rtsep.live.session.services.Requested`.
    on_notice
        Gets sentences for the user while the run goes on.
    preset
        Sets the controls once, at the start; its model is the settings' matter.
    start_s
        Second of a source to begin at.
    """

    def __init__(self, settings: LiveSettings, source: Source | None = None, folder: Path | None = None,
                 seconds: float | None = None, helpers: Sequence[Helper] = (),
                 on_notice: OnNotice = lambda _: None, preset: Preset | None = None, start_s: float = 0.0) -> None:
        self.state = RunState(settings, settings.model, settings.model)
        """What the run is at; others may read it."""
        self.requests = Requests()
        """For what other threads ask for."""
        self._requested = Requested(source, folder, seconds, helpers, start_s)
        self._notify = on_notice
        self._preset = preset
        self._stopping = threading.Event()
        self.memory = new_memory(multiprocessing.get_context("spawn"))
        """Shared with the audio process; others may read it, and write controls."""
        self.memory.board.recording = int(folder is not None)
        self._defaults: Defaults | None = None  # news of them
        self._moving = False  # to other default devices
        self._switch = ModelSwitch(self.memory.board)
        self.services = Services(self._requested, self.memory, on_notice, self._answer)
        """Recorder and transport, to be looked at."""
        self.commands = Commands(self.state, self.memory.board, self.services, self._switch)
        """What may be asked for while it plays; through `requests`, from other threads."""
        self._on_look: OnLook = lambda: None

    def stop(self) -> None:
        """End the run cleanly; for signal handlers and other threads."""
        self._stopping.set()

    def run(self, on_tick: OnTick | None = None, on_look: OnLook | None = None) -> Result | None:
        """Play until the end; where a device goes, wait until it is back.

        Parameters
        ----------
        on_tick
            Called some forty times a second with the board and the sample rate, while the music plays.
        on_look
            Called as often, whatever the run does at present.

        Returns
        -------
        result
            None when `stop` came before anything was played.

        Raises
        ------
        RtsepError
            When it cannot start.
        """
        self._put_controls(self.state.settings.stems or ())
        self._on_look = on_look or self._on_look
        with closing(self.services), closing(self.requests):
            try:
                failure = self._play_on(on_tick or (lambda *_: None))
            finally:
                self.state.ended = True
            loaded, started = self.state.loaded, self.state.started
            if loaded is None or started is None:
                return None
            summary = summarise(self.memory.board, loaded.samplerate)
            return Result(loaded, started, summary, self.state.measures, self.services.recorded, failure,
                          self.services.aligned)

    def _serve(self) -> None:
        """Do what is done many times a second."""
        self.services.serve()
        self.requests.serve()
        self._on_look()

    def _put_controls(self, stems: tuple[str, ...]) -> None:
        """Write the controls as they are at the start; later nobody but their writers touches them.

        Raises
        ------
        ConfigError
            When a value is out of range, or a stem is not played.
        """
        controls = Controls(stems)
        controls.put(self.state.settings.controls, strict=bool(stems))
        self.memory.board.put({"level": dict.fromkeys(self.state.settings.silent, 0.0)}, stems)
        self.memory.board.put(self.state.settings.controls, stems)

    def _play_on(self, on_tick: OnTick) -> str | None:
        """Play, and begin anew whenever a device was lost; return a sentence where something broke for good."""
        crashes, told = 0, ""
        while True:
            try:
                if not self._play(on_tick):
                    return None
                if self.state.new_model:
                    self.state.settings = replace(self.state.settings, model=self.state.model, p99_ms=None)
                    self.state.played = self.state.model
                continue
            except DeviceError as error:
                if self.state.started is None:
                    raise
                crashes += isinstance(error, CrashError)
                if crashes > _MOST_CRASHES:
                    return str(error)
                told = self._tell(error, told)
            except RtsepError as error:
                if self.state.started is None:
                    raise
                return str(error)
            if not self._pause():
                return None

    def _tell(self, error: DeviceError, told: str) -> str:
        """Say once that a device went, and then only what keeps it from being used again."""
        text = str(error)
        if not self.state.waiting:
            self.state.waiting = True
            self._notify(f"{text}; the music goes on when it is back, Ctrl-C ends")
        elif not isinstance(error, DeviceGoneError) and text != told:
            self._notify(text)
        return text

    def _pause(self) -> bool:
        """Wait a little; False where the run is over meanwhile."""
        until = time.monotonic() + _RETRY_S
        while time.monotonic() < until:
            self._serve()
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
        with AudioProcess(replace(self.state.settings, waits=self.state.waiting), self.memory) as process:
            playing = due = False
            while not due and not self._over():
                self._serve()
                message = process.receive(_WAITING_TICK_S if self.state.waiting else _TICK_S)
                if isinstance(message, Ended):
                    break
                self._hear(message)
                playing |= isinstance(message, Started)
                if playing and self.state.loaded is not None:
                    on_tick(self.memory.board, self.state.loaded.samplerate)
                    self._follow()
                    due = self._switch.due(self.state.loaded.samplerate)
            process.stop()
            for message in process.last_messages():
                self._hear(message)
        self._serve()
        return due

    def _hear(self, message: Message | None) -> None:
        if isinstance(message, Loaded):
            self._begin(message)
        elif isinstance(message, Started):
            self._welcome(message)
        elif isinstance(message, Prepared):
            self.state.measures = message.measures
        elif isinstance(message, Connected):
            self._note_connections(message)
        elif isinstance(message, Notice):
            self._notify(message.text)

    def _note_connections(self, found: Connected) -> None:
        self.state.settings = replace(self.state.settings, connections=found.connections)
        if self.state.started is not None:
            self.state.started = replace(self.state.started, input_latency=found.input_latency,
                                         output_latency=found.output_latency)

    def _begin(self, loaded: Loaded) -> None:
        """Prepare what surrounds the audio process; at a later time, tell it that it is another one."""
        state = self.state
        first, state.loaded = state.loaded is None, loaded
        state.settings = replace(state.settings, model=loaded.path, channels=loaded.channels,
                                 calibration_s=0.0, p99_ms=loaded.p99_ms, samplerate=loaded.samplerate)
        if not first:
            self.services.begin_again(state.waiting)
            return
        if state.settings.stems is None:  # which stems there are, only the model says
            self._put_controls(loaded.stems)
        if self._preset is not None:
            put_preset(self._preset, self.memory.board, loaded.stems)
        self.services.begin(loaded)

    def _answer(self, message: HelperMessage) -> None:
        """Do what a helper says."""
        if isinstance(message, Preset):
            self._call(message)
        elif isinstance(message, Defaults):
            self._defaults = message
        elif isinstance(message, Moved):
            self.state.moved = message.text
        else:
            self._notify(message)

    def _follow(self) -> None:
        """Go over to the default device of now, where the system has switched."""
        defaults, self._defaults = self._defaults, None
        started = self.state.started
        if defaults is not None and started is not None and has_moved(self.state.settings, started, defaults):
            self._moving = True
            self._switch.ask()

    def _call(self, preset: Preset) -> None:
        """Do as a preset says that a helper has called."""
        try:
            self.commands.call(preset)
        except RtsepError as error:
            self._notify(f"preset {preset.name}: {error}")

    def _welcome(self, started: Started) -> None:
        if self.state.waiting:
            self.state.waiting = False
            self.memory.board.reconnects += 1
            self._notify(f"{started.output} is back: the music goes on")
        elif self.state.started is not None and self.state.loaded is not None:
            self._notify(f"the system's default device is another one: the music goes on, from {started.input} "
                         f"to {started.output}" if self._moving else f"the model {self.state.loaded.model} plays")
        self._moving = False
        self.state.started = started
        self._switch.begin()

    def _over(self) -> bool:
        """Whether the user stopped, or the requested seconds of an input device are played."""
        if self._stopping.is_set():
            return True
        if self._requested.source is not None or self.state.loaded is None:
            return False
        limit = self._requested.frames(self.state.loaded.samplerate)
        return limit is not None and self.memory.board.frames >= limit
