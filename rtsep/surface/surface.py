"""The surface of a live run: the one object that the terminal mixer, the control API and the panel read and move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from rtsep.controls.live_controls import LiveControls
from rtsep.controls.presets import Preset, snapshot
from rtsep.controls.shown import shown
from rtsep.controls.table import Kind
from rtsep.controls.targets import Target, targets_of
from rtsep.controls.units import plain_value, read_value
from rtsep.errors import ConfigError
from rtsep.live.board import Board
from rtsep.live.counters import COUNTERS
from rtsep.live.session.run_state import Phase, RunState
from rtsep.live.session.session import Session
from rtsep.model.catalogue import installed_models
from rtsep.surface.history import History
from rtsep.surface.meters import MeterView, heard_stems, read_meters
from rtsep.surface.notices import Notices
from rtsep.surface.played_file import PlayedFile
from rtsep.surface.preset_file import PresetFile

Answer = TypeVar("Answer")
_MOST_ALIKE = 20  # latest notices among which none comes twice
_SILENT = 1e-4  # peak of an input at which nothing arrives, -80 dB


class Surface:
    """What a run shows, and what may be asked of it.

    Any thread reads, and sets controls, which hold at once. All else is asked of the session's thread and answered in
    a future, within a tick.

    Parameters
    ----------
    session
        The run.
    notices
        What it tells.
    presets
        File of presets; None for the user's own.

    Attributes
    ----------
    notices, history, presets, file
        What was told; load and missed hops; presets by name; the file that is played.
    """

    def __init__(self, session: Session, notices: Notices, presets: Path | None = None) -> None:
        self._session = session
        self._controls: LiveControls | None = None
        self.notices = notices
        self.history = History(session.memory.board)
        self.presets = PresetFile(presets, self._tell_once)
        self.file = PlayedFile(session)
        self._heard_s = 0.0  # when something arrived last

    def look(self) -> None:
        """Follow the run; called by the session's thread, some forty times a second."""
        loaded = self.state.loaded
        if loaded is None:
            return
        if self._controls is None:
            self._controls = LiveControls(self.board, loaded.stems)
        self.history.look(loaded.samplerate)
        has_source = self._session.services.transport is not None
        if has_source or self.phase is not Phase.PLAYING or self.board.input_peak > _SILENT:
            self._heard_s = self.seconds

    @property
    def state(self) -> RunState:
        """What the run is at."""
        return self._session.state

    @property
    def phase(self) -> Phase:
        """What it does at present."""
        return self.state.phase

    @property
    def board(self) -> Board:
        """Controls, counters and meters."""
        return self._session.memory.board

    @property
    def stems(self) -> tuple[str, ...]:
        """Stems that are played; none while the model is loading."""
        return () if self._controls is None else tuple(self._controls.stems)

    @property
    def samplerate(self) -> int:
        """Frames per second; 44100 while the model is loading."""
        return self.state.samplerate

    @property
    def seconds(self) -> float:
        """Seconds played."""
        return float(self.board.frames) / self.samplerate

    @property
    def nothing_arrives_s(self) -> float:
        """Seconds for which nothing but silence has come from an input device."""
        return self.seconds - self._heard_s

    @property
    def latency_frames(self) -> int | None:
        """Frames by which the sound is late, devices included; None while that is not known, or a device says none."""
        started = self.state.started
        if started is None or started.input_latency is None or started.output_latency is None:
            return None
        return int(self.board.latency + self.board.resampling) + started.input_latency + started.output_latency

    @property
    def recording(self) -> Path | None:
        """Folder of the recording that is made; None where none is."""
        return self._session.services.recording

    @property
    def recorded_s(self) -> float:
        """Seconds of the recording that is made; 0 where none is."""
        return self._session.services.recorded_frames / self.samplerate

    @property
    def executor(self) -> str:
        """What runs the model."""
        names = (measure.name for measure in self.state.measures)
        found = next((name for name in names if name.startswith("model on ")), "")
        return found.partition(", ")[2] or self.state.settings.provider

    def heard(self) -> str:
        """Say in words what is heard."""
        if not self.stems:
            return "nothing yet"
        if self.board.bypass:
            return "the untouched mixture (bypass)"
        if self.state.settings.split:
            return "every stem on outputs of its own"
        return heard_stems(self.stems, self.meters())

    def meters(self) -> MeterView:
        """Meters of this moment."""
        return read_meters(self.board, self.stems, self.phase is Phase.PLAYING)

    def scope(self, frames: int) -> Any:
        """Latest sound: mixture and what is heard, float32 (2, frames)."""
        return self._session.memory.scope.latest(frames)

    def counters(self) -> dict[str, float]:
        """Every number of `rtsep.live.counters` by its name."""
        return {row.name: getattr(self.board, row.name) for row in COUNTERS if row.is_number}

    def targets(self) -> Iterator[Target]:
        """Yield all faders and switches of the run; none while the model is loading."""
        return targets_of(self.stems) if self.stems else iter(())

    def get(self, name: str) -> float | bool | str | None:
        """Value of a control as people write it: dB or `off`, a share, on or off; the name of what is chosen, or None.

        Parameters
        ----------
        name
            As mappings name it: `mask_gain`, `level guitar`, `stem`.

        Raises
        ------
        ConfigError
            When there is no such control, stem or preset.
        """
        target = self._target(name)
        if target.name == "preset":
            return self._called()
        value = self._live().get(target)
        if target.control.is_value:
            return plain_value(target.control, value)
        if target.kind is Kind.CHOICE:
            return self._live().name_of(target, int(value)) if value >= 0 else None
        return bool(value)

    def set(self, name: str, value: object) -> None:
        """Set a control, choose one of several (by its name), or press a button; parameters and errors as of `get`."""
        target = self._target(name)
        if target.name == "preset":
            self.note_failure(self.call_preset(str(target.item or value)))
        elif target.control.is_value:
            self._live().set(target, read_value(target.control, value, name))
        elif target.kind is Kind.CHOICE:
            if value not in self.stems:
                raise ConfigError(f"{name}: {shown(value)} is none of: {', '.join(self.stems)}")
            self._live().set(target, self.stems.index(str(value)))
        else:
            self._live().set(target, 1.0)

    def get_linear(self, target: Target) -> float:
        """Linear value of a fader, 0 or 1 of a switch."""
        return self._live().get(target)

    def set_linear(self, target: Target, value: float) -> None:
        """Set a fader to a linear value, brought into its range, or a switch to 0 or 1."""
        self._live().set(target, target.control.within(value))

    def call_preset(self, name: str) -> Future[None]:
        """Ask for a preset, and for its model; ConfigError where there is none of this name."""
        preset = self.presets.find(name)
        return self.ask(lambda: self._session.commands.call(preset))

    def save_preset(self, name: str) -> Path:
        """Save all controls and the model as a preset, and return its file; errors as of `PresetFile.save`."""
        self._live()
        return self.presets.save(Preset(name, self.state.model, snapshot(self.board, self.stems).values))

    def models(self) -> dict[str, Path]:
        """Shipped models by name."""
        return installed_models()

    def play_model(self, name: str) -> Future[None]:
        """Ask for another model."""
        return self.ask(lambda: self._session.commands.play_model(name))

    def record(self, on: bool | None = None) -> Future[Path | None]:
        """Begin a recording, whose folder the future gets, or end it; None for the other one of the two."""
        commands = self._session.commands
        return self.ask(lambda: commands.record() if (self.recording is None if on is None else on)
                        else commands.end_recording())

    def learn(self, name: str | None) -> Future[None]:
        """Let the next thing that is moved on a controller move a control from then on; None to give up."""
        if name is not None:
            self._target(name)
        return self.ask(lambda: self._session.commands.learn(name))

    def stop(self) -> None:
        """End the run."""
        self._session.stop()

    def ask(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Have something done by the session's thread."""
        return self._session.requests.ask(work)

    def note_failure(self, future: Future[Any]) -> None:
        """Make a notice of it where something that was asked for fails, for those that do not wait for the answer."""
        def done(future: Future[Any]) -> None:
            error = future.exception()
            if error is not None:
                self.notices.add(str(error))

        future.add_done_callback(done)

    def _tell_once(self, text: str) -> None:
        """Make a notice, unless somebody else, who reads the same file, has told it."""
        if all(line.text != text for line in self.notices.latest(_MOST_ALIKE)):
            self.notices.add(text)

    def _live(self) -> LiveControls:
        if self._controls is None:
            raise ConfigError("there are no controls yet: the model is still loading")
        return self._controls

    def _target(self, name: str) -> Target:
        target = Target.parse(name)
        if target.item is not None and target.name != "preset" and (missing := self._live().unknown(target)):
            raise ConfigError(missing)
        return target

    def _called(self) -> str | None:
        """Name of the preset that was called last; None where there is none, or its file cannot be used any more."""
        at = int(self.board.preset)
        try:
            return next((preset.name for preset in self.presets.read() if preset.program == at), None)
        except ConfigError:
            return None
