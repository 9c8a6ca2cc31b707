"""What happens in a run, as dictionaries for JSON: for programs that listen, and for log files."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rtsep import __version__
from rtsep.live.session.result import Result
from rtsep.live.session.run_state import Phase
from rtsep.surface.notices import NoticeLine
from rtsep.surface.surface import Surface

Event = dict[str, Any]
"""`event` is its kind and `time` its moment, ISO 8601 in UTC; the other keys are of the kind."""

KINDS = {
    "loading": "the run begins: `version`, `model`",
    "playing": "music plays, at the start or after a change: `model`, `stems`, `samplerate`, `input`, `output`, "
               "`latency_ms` (null where a device does not tell)",
    "waiting": "the device is gone, and waited for",
    "trouble": "late blocks, missed hops or xruns since the last second: `late_blocks`, `missed_hops`, `input_xruns`, "
               "`output_xruns`, all totals",
    "recording": "a take begins: `folder`",
    "recorded": "it is complete: `folder`",
    "notice": "a sentence for the user: `text`",
    "report": "the end: `seconds`, `load`, `p50_ms`, `p99_ms`, `longest_ms`, `deadline_ms`, every counter that is a "
              "number, `measures`, `recorded` (files by track), and `failure`, a sentence or null",
}
"""All kinds, and what they hold."""

_TROUBLE = ("late_blocks", "missed_hops", "input_xruns", "output_xruns")
_TROUBLE_S = 1.0  # between two events about it


class Events:
    """Looks at the surface, and tells what has changed.

    Parameters
    ----------
    surface
        Of the run.
    emit
        Gets the events; by the session's thread, notices by the thread that they come from.
    """

    def __init__(self, surface: Surface, emit: Callable[[Event], None]) -> None:
        self._surface = surface
        self._emit = emit
        self._phase: Phase | None = None
        self._started: object = None
        self._folder: object = None
        self._trouble = (0,) * len(_TROUBLE)
        self._troubled = 0.0
        surface.notices.listeners.append(self._notice)

    def look(self) -> None:
        """Look once."""
        state, phase = self._surface.state, self._surface.phase
        if phase is Phase.PLAYING and not self._surface.board.callbacks:
            return  # the latency is not known yet
        if phase is not self._phase and phase in (Phase.LOADING, Phase.WAITING):
            self._tell(phase.name.lower(), **({"version": __version__, "model": state.model}
                                              if phase is Phase.LOADING else {}))
        if phase is Phase.PLAYING and (state.started is not self._started or self._phase is not phase):
            self._playing()
        self._phase = phase
        self._look_at_recording()
        self._look_at_trouble()

    def report(self, result: Result) -> None:
        """Tell the end."""
        self._look_at_recording()
        self._tell("report", **{key: value for key, value in result.summary.numbers().items() if key != "heartbeat"},
                   measures={measure.name: measure.refusal or "on" for measure in result.measures},
                   recorded={name: str(path) for name, path in result.recorded.items()}, failure=result.failure)

    def _playing(self) -> None:
        state, latency = self._surface.state, self._surface.latency_frames
        self._started = state.started
        if state.loaded is not None and state.started is not None:
            self._tell("playing", model=state.loaded.model, stems=list(state.loaded.stems),
                       samplerate=state.loaded.samplerate, input=state.started.input, output=state.started.output,
                       latency_ms=None if latency is None else round(1e3 * latency / state.loaded.samplerate, 2))

    def _look_at_recording(self) -> None:
        folder, self._folder = self._folder, self._surface.recording
        if folder != self._folder:
            if folder is not None:
                self._tell("recorded", folder=str(folder))
            if self._folder is not None:
                self._tell("recording", folder=str(self._folder))

    def _look_at_trouble(self) -> None:
        now = time.monotonic()
        found = tuple(getattr(self._surface.board, name) for name in _TROUBLE)
        if found != self._trouble and now - self._troubled >= _TROUBLE_S:
            self._trouble, self._troubled = found, now
            self._tell("trouble", **dict(zip(_TROUBLE, found, strict=True)))

    def _notice(self, line: NoticeLine) -> None:
        self._tell("notice", text=line.text)

    def _tell(self, kind: str, **fields: Any) -> None:
        now = time.time()
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(1e3 * (now % 1)):03d}Z"
        self._emit({"event": kind, "time": stamp, **fields})


def document() -> str:
    """Table of all kinds in Markdown, as it stands in `docs/live.md`."""
    rows = [f"| `{kind}` | {text} |" for kind, text in KINDS.items()]
    return "\n".join(["| event | what it says |", "|---|---|", *rows])
