"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rtsep.live.engine.statistics import Summary
from rtsep.live.protocol import Loaded, Started
from rtsep.live.realtime import Measure


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
    aligned
        Whether the recording begins with a source, and goes on with it.
    """

    loaded: Loaded
    started: Started
    summary: Summary
    measures: tuple[Measure, ...] = ()
    recorded: dict[str, Path] = field(default_factory=dict)
    failure: str | None = None
    aligned: bool = False
