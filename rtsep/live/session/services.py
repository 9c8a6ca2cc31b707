"""Services of the session to the audio process, which outlive it: input writer, recorder and helper processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rtsep import __version__
from rtsep.live.board import Memory
from rtsep.live.protocol import Loaded
from rtsep.live.session.helper import Helper, HelperProcess, OnMessage
from rtsep.live.session.input_writer import InputWriter
from rtsep.live.session.recorder import Recorder
from rtsep.live.session.sources import Source

OnNotice = Callable[[str], None]


@dataclass(frozen=True)
class Requested:
    """Which services a run needs.

    Parameters
    ----------
    source
        A fed input; None for an input device.
    folder
        Where the recording goes; None for no recording.
    seconds
        Length of the run; None for as long as the input lasts.
    helpers
        Further processes.
    """

    source: Source | None
    folder: Path | None
    seconds: float | None
    helpers: Sequence[Helper]

    def frames(self, samplerate: int) -> int | None:
        """Length of the run at a sample rate in Hz; None for no limit."""
        return None if self.seconds is None else round(self.seconds * samplerate)


class Services:
    """Begins with the first audio process that has loaded its model.

    Parameters
    ----------
    requested
        Which ones.
    memory
        Shared with the audio process.
    on_notice
        Gets sentences for the user.
    on_message
        Gets what helpers say.
    """

    def __init__(self, requested: Requested, memory: Memory, on_notice: OnNotice, on_message: OnMessage) -> None:
        self._requested = requested
        self._memory = memory
        self._notify = on_notice
        self._on_message = on_message
        self._stack = ExitStack()
        self._input_writer: InputWriter | None = None
        self._recorder: Recorder | None = None
        self._helpers: list[HelperProcess] = []

    @property
    def recorded(self) -> dict[str, Path]:
        """Files by track; empty without a recording."""
        return {} if self._recorder is None else self._recorder.paths

    def begin(self, loaded: Loaded) -> None:
        """Start all.

        Raises
        ------
        RtsepError
            When the recording cannot begin.
        """
        requested, memory = self._requested, self._memory
        if requested.source is not None:
            memory.playback.shape(loaded.channels)
            self._input_writer = InputWriter(requested.source.blocks(loaded.samplerate), memory.playback, memory.board,
                                  requested.frames(loaded.samplerate))
        if requested.folder is not None:
            tags = {"software": f"rtsep {__version__}", "date": time.strftime("%Y-%m-%d"),
                    "comment": f"rtsep live, model {loaded.model}"}
            self._recorder = self._stack.enter_context(Recorder(requested.folder, loaded.stems, loaded.samplerate,
                                                                loaded.channels, memory, self._notify, tags))
            self._notify(f"recording to {self._recorder.folder}")
        for helper in requested.helpers:
            process = HelperProcess(helper, memory.board, loaded.stems, self._on_message)
            self._stack.callback(process.stop)
            self._helpers.append(process)

    def begin_again(self, lost: bool) -> None:
        """Go on with another audio process; where a device was lost, helpers start anew, as they may hang."""
        if self._recorder is not None:
            self._recorder.begin_again(self._memory.playback.taken)
        for process in self._helpers if lost else ():
            process.start()

    def serve(self) -> None:
        """Feed, record, and look after the helpers; to be called many times a second."""
        if self._input_writer is not None:
            self._input_writer.feed()
        if self._recorder is not None:
            self._recorder.drain(None if self._input_writer is None else self._input_writer.frames)
        for process in self._helpers:
            process.look_after()

    def close(self) -> None:
        """End all, and say what was wrong with the input; the recording is whole then."""
        self._stack.close()
        for note in () if self._requested.source is None else self._requested.source.notes:
            self._notify(note)
