"""What may be asked of a run while it plays; all of it is called by the session's thread."""

from __future__ import annotations

from pathlib import Path

from rtsep.controls.presets import Preset, put_preset
from rtsep.errors import ConfigError, MidiError
from rtsep.live.board import Board
from rtsep.live.protocol import Loaded
from rtsep.live.session.helper import Learn
from rtsep.live.session.model_switch import ModelSwitch, check_successor
from rtsep.live.session.run_state import RunState
from rtsep.live.session.services import Services
from rtsep.live.session.transport import Transport

MIDI = "midi"
"""Name of the helper that hears controllers."""


class Commands:
    """The verbs of a run.

    Parameters
    ----------
    state
        What the run is at.
    board
        Shared with the audio process.
    services
        Record, write the input, and hear MIDI.
    switch
        Takes another model.
    """

    def __init__(self, state: RunState, board: Board, services: Services, switch: ModelSwitch) -> None:
        self._state = state
        self._board = board
        self._services = services
        self._switch = switch

    def call(self, preset: Preset) -> None:
        """Set the controls of a preset, and ask for its model where another one plays.

        Raises
        ------
        RtsepError
            When that model cannot follow; nothing is set then.
        """
        loaded = self._playing()
        if preset.model is not None:
            self.play_model(preset.model)
        put_preset(preset, self._board, loaded.stems)

    def play_model(self, model: str) -> None:
        """Play another model, by its name or path, as soon as the sound has faded out.

        Raises
        ------
        RtsepError
            When it cannot follow the one that plays.
        """
        loaded = self._playing()
        if model == self._state.model:
            return
        check_successor(model, loaded, self._state.settings.stems is None)
        self._state.model = model
        self._switch.ask()

    def record(self) -> Path:
        """Begin a recording in a new folder, and return that; errors as of `Services.record`."""
        return self._services.record()

    def end_recording(self) -> None:
        """End the recording."""
        self._services.end_recording()

    def learn(self, target: str | None) -> None:
        """Let the next thing that is moved on a controller move a target from then on; None to give up.

        Raises
        ------
        MidiError
            When nothing listens to MIDI.
        """
        if not self._services.tell(MIDI, Learn(target)) and target is not None:
            raise MidiError("nothing listens to MIDI in this run: start it with --midi PORT, see rtsep midi ports")

    @property
    def transport(self) -> Transport:
        """The way through a file.

        Raises
        ------
        ConfigError
            When the input is a device.
        """
        if self._services.transport is None:
            raise ConfigError("only files and the demo can be paused, sought in and looped: the input is a device")
        return self._services.transport

    def _playing(self) -> Loaded:
        if self._state.loaded is None:
            raise ConfigError("nothing plays yet: the model is still loading")
        return self._state.loaded
