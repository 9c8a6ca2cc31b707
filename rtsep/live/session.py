"""One run of the live separator, from start to the numbers at the end: feeds, records, listens, stops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rtsep.errors import RtsepError
from rtsep.live.feeder import Feeder
from rtsep.live.protocol import Ended, LiveSettings, Loaded, Started
from rtsep.live.recorder import Recorder
from rtsep.live.shared import Board
from rtsep.live.sources import Source
from rtsep.live.statistics import Summary, summarise
from rtsep.live.supervisor import AudioProcess

_TICK_S = 0.03

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
    recorded
        Files by track, `mixture` and the stems; empty without a recording.
    failure
        A sentence where the run ended because something broke, else None.
    """

    loaded: Loaded
    started: Started
    summary: Summary
    recorded: dict[str, Path] = field(default_factory=dict)
    failure: str | None = None


class Session:
    """A live run.

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
    """

    def __init__(self, settings: LiveSettings, source: Source | None = None, folder: Path | None = None,
                 seconds: float | None = None) -> None:
        self._settings = settings
        self._source = source
        self._folder = folder
        self._seconds = seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the run cleanly; for signal handlers and other threads."""
        self._stopping.set()

    def run(self, on_tick: OnTick | None = None) -> Result | None:
        """Play until the end.

        Parameters
        ----------
        on_tick
            Called some thirty times a second with the board and the sample rate.

        Returns
        -------
        result
            None when `stop` came before anything was played.

        Raises
        ------
        RtsepError
            When it cannot start, or a file cannot be read or written.
        """
        with AudioProcess(self._settings) as process, ExitStack() as stack:
            loaded = self._wait_for_model(process)
            if loaded is None:
                return None
            feeder = self._feeder(process, loaded)
            recorder = self._recorder(process, loaded)
            if recorder is not None:
                stack.enter_context(recorder)
            started, failure = self._play(process, loaded, feeder, recorder, on_tick)
            if started is None:
                return None
            recorded = recorder.paths if recorder is not None else {}
            return Result(loaded, started, summarise(process.board, loaded.samplerate), recorded, failure)

    def _wait_for_model(self, process: AudioProcess) -> Loaded | None:
        while not self._stopping.is_set():
            message = process.receive(_TICK_S)
            if isinstance(message, Loaded):
                return message
        return None

    def _play(self, process: AudioProcess, loaded: Loaded, feeder: Feeder | None, recorder: Recorder | None,
              on_tick: OnTick | None) -> tuple[Started | None, str | None]:
        """Serve the audio process until the run is over; return what it said at its start, and its failure."""
        started: Started | None = None
        failure: str | None = None
        while not self._over(process.board, loaded.samplerate):
            _serve(feeder, recorder)
            try:
                message = process.receive(_TICK_S)
            except RtsepError as error:
                if started is None:
                    raise
                failure = str(error)
                break
            if isinstance(message, Started):
                started = message
            elif isinstance(message, Ended):
                break
            if on_tick is not None and started is not None:
                on_tick(process.board, loaded.samplerate)
        process.stop()
        _serve(feeder, recorder)
        return started, failure

    def _over(self, board: Board, samplerate: int) -> bool:
        """Whether the user stopped, or the wanted seconds of an input device are played."""
        if self._stopping.is_set():
            return True
        limit = self._frames(samplerate)
        return self._source is None and limit is not None and board.frames >= limit

    def _frames(self, samplerate: int) -> int | None:
        """Wanted length of the run."""
        return None if self._seconds is None else round(self._seconds * samplerate)

    def _feeder(self, process: AudioProcess, loaded: Loaded) -> Feeder | None:
        if self._source is None:
            return None
        process.feed.shape(loaded.channels)
        limit = self._frames(loaded.samplerate)
        return Feeder(self._source.blocks(loaded.samplerate), process.feed, process.board, limit)

    def _recorder(self, process: AudioProcess, loaded: Loaded) -> Recorder | None:
        if self._folder is None:
            return None
        limits = [self._frames(loaded.samplerate)]
        if self._source is not None:
            limits.append(self._source.frames(loaded.samplerate))
        frames = min((limit for limit in limits if limit is not None), default=None)
        return Recorder(self._folder, loaded.stems, loaded.samplerate, loaded.channels, process.tape, process.board,
                        frames)


def _serve(feeder: Feeder | None, recorder: Recorder | None) -> None:
    if feeder is not None:
        feeder.feed()
    if recorder is not None:
        recorder.drain(None if feeder is None else feeder.frames)
