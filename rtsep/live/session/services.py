"""Services of the session to the audio process, which outlive it: input writer, recorder and helper processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rtsep import __version__
from rtsep.errors import ConfigError
from rtsep.live.board import Memory
from rtsep.live.protocol import Loaded
from rtsep.live.session.helper import Helper, HelperProcess, OnMessage
from rtsep.live.session.input_writer import InputWriter
from rtsep.live.session.recorder import Recorder
from rtsep.live.session.sources import Source
from rtsep.live.session.transport import Transport

OnNotice = Callable[[str], object]
TAKE = Path("take")
"""Where a recording goes that is asked for while the music plays, where no folder was named; takes are numbered."""
_LAST_BLOCKS = 2  # of a recording that ends, until the audio process has certainly seen it


@dataclass(frozen=True)
class Requested:
    """Which services a run needs.

    Parameters
    ----------
    source
        A source; None for an input device.
    folder
        Where the recording goes; None for no recording.
    seconds
        Length of the run; None for as long as the input lasts, or until it is stopped.
    helpers
        Further processes that read and write the board, such as MIDI.
    start_s
        Second of a source to begin at.
    """

    source: Source | None
    folder: Path | None
    seconds: float | None
    helpers: Sequence[Helper]
    start_s: float = 0.0

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
        self._loaded: Loaded | None = None
        self._recorder: Recorder | None = None
        self._takes = 0
        self._last_block: int | None = None  # of a recording that is to end
        self.transport: Transport | None = None
        """Of a source, once it begins."""
        self.recorded: dict[str, Path] = {}
        """Files of the latest recording by track; empty without one."""
        self._helpers: list[HelperProcess] = []

    @property
    def aligned(self) -> bool:
        """Whether the latest recording begins with the source and goes on with it."""
        return (self.transport is not None and self.transport.straight and self._takes == 1
                and self._requested.folder is not None and not self._requested.start_s)

    @property
    def recording(self) -> Path | None:
        """Folder of the recording that is made; None where none is."""
        return None if self._recorder is None or self._last_block is not None else self._recorder.folder

    @property
    def recorded_frames(self) -> int:
        """Frames that were recorded so far; 0 where nothing is recorded."""
        return 0 if self._recorder is None else self._recorder.frames

    def begin(self, loaded: Loaded) -> None:
        """Start all.

        Raises
        ------
        RtsepError
            When the recording cannot begin.
        """
        self._loaded = loaded
        requested, memory = self._requested, self._memory
        if requested.source is not None:
            memory.playback.shape(loaded.channels)
            writer = InputWriter(requested.source, loaded.samplerate, memory.playback, memory.board,
                                 requested.frames(loaded.samplerate), round(requested.start_s * loaded.samplerate))
            self.transport = Transport(writer, memory, loaded.samplerate, requested.source.frames(loaded.samplerate))
        if requested.folder is not None:
            self.record()
        for helper in requested.helpers:
            process = HelperProcess(helper, memory.board, loaded.stems, self._on_message)
            self._stack.callback(process.stop)
            self._helpers.append(process)

    def begin_again(self, lost: bool) -> None:
        """Go on with another audio process; where a device was lost, helpers start anew, as they may hang."""
        if self._recorder is not None:
            self._recorder.begin_again()
        for process in self._helpers if lost else ():
            process.start()

    def serve(self) -> None:
        """Write the input, record, and look after the helpers; to be called many times a second."""
        if self.transport is not None:
            self.transport.serve()
        if self._recorder is not None:
            self._recorder.drain()
            if self._last_block is not None and self._memory.board.callbacks >= self._last_block:
                self._end_take()
        for process in self._helpers:
            process.look_after()

    def record(self) -> Path:
        """Begin a recording, in a new folder, and return that; where one is made already, its folder.

        Raises
        ------
        RtsepError
            When it cannot begin.
        """
        loaded = self._loaded
        if loaded is None:
            raise ConfigError("nothing can be recorded yet: the model is still loading")
        if self.recording is not None:
            return self.recording
        self._end_take()
        tags = {"software": f"rtsep {__version__}", "date": time.strftime("%Y-%m-%d"),
                "comment": f"rtsep live, model {loaded.model}"}
        recorder = Recorder(self._requested.folder or TAKE, loaded.stems, loaded.samplerate, loaded.channels,
                            self._memory, self._notify, tags)
        self._recorder, self.recorded = recorder.__enter__(), recorder.paths
        self._takes += 1
        self._memory.board.recording = 1
        self._notify(f"recording to {recorder.folder}")
        return recorder.folder

    def end_recording(self) -> None:
        """End the recording that is made, if there is one; its last frames are on their way."""
        if self.recording is not None:
            self._memory.board.recording = 0
            self._last_block = self._memory.board.callbacks + _LAST_BLOCKS

    def tell(self, name: str, message: object) -> bool:
        """Send a message to the helper of a name; False where there is none that hears it."""
        return any([process.tell(message) for process in self._helpers if process.name == name])

    def close(self) -> None:
        """End all, and say what was wrong with the input; the recording is whole then."""
        self._stack.close()
        self._end_take()
        for note in () if self._requested.source is None else self._requested.source.notes:
            self._notify(note)

    def _end_take(self) -> None:
        recorder, self._recorder = self._recorder, None
        self._last_block = None
        if recorder is not None:
            recorder.drain()
            recorder.__exit__()
