"""What a run is at: written by the session, read by whatever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rtsep.live.protocol import LiveSettings, Loaded, Started
from rtsep.live.realtime import Measure


class Phase(Enum):
    """What a run does at present."""

    LOADING = "loading"
    PLAYING = "playing"
    WAITING = "waiting for the device"
    ENDED = "ended"


@dataclass
class RunState:
    """The one record of a run.

    Parameters
    ----------
    settings
        What is played now, with what was chosen.
    model
        That was requested last.
    played
        The one that the present audio process was asked for.
    loaded, started
        What the audio process said at its start; None before that.
    measures
        What was done so that no deadline is missed.
    waiting
        Whether a device is lost.
    moved
        What a controller did last, in words.
    ended
        Whether the run is over.
    """

    settings: LiveSettings
    model: str
    played: str
    loaded: Loaded | None = None
    started: Started | None = None
    measures: tuple[Measure, ...] = ()
    waiting: bool = False
    moved: str = ""
    ended: bool = False

    @property
    def new_model(self) -> bool:
        """Whether the model that was requested last is not the one of the present audio process."""
        return self.model != self.played

    @property
    def samplerate(self) -> int:
        """Frames per second; 44100 while the model is loading."""
        return 44100 if self.loaded is None else self.loaded.samplerate

    @property
    def phase(self) -> Phase:
        """What the run does at present."""
        if self.ended:
            return Phase.ENDED
        if self.waiting:
            return Phase.WAITING
        return Phase.LOADING if self.started is None else Phase.PLAYING
