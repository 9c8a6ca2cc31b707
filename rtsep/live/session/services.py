"""What surrounds the audio process in a run and outlives it: feeder, recorder and companions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rtsep.live.board import Memory
from rtsep.live.protocol import Loaded
from rtsep.live.session.helper import Companion, CompanionProcess, OnWord
from rtsep.live.session.input_writer import Feeder
from rtsep.live.session.recorder import Recorder
from rtsep.live.session.sources import Source

OnNotice = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What is to surround the audio process.

    Parameters
    ----------
    source
        A fed input; None for an input device.
    folder
        Where the recording goes; None for no recording.
    seconds
        Length of the run; None for as long as the input lasts.
    companions
        Further processes.
    """

    source: Source | None
    folder: Path | None
    seconds: float | None
    companions: Sequence[Companion]

    def frames(self, samplerate: int) -> int | None:
        """Wanted length of the run at a sample rate in Hz; None for no limit."""
        return None if self.seconds is None else round(self.seconds * samplerate)


class Surroundings:
    """Begins with the first audio process that has loaded its model.

    Parameters
    ----------
    wanted
        What there is to be.
    memory
        Shared with the audio process.
    on_notice
        Gets sentences for the user.
    on_word
        Gets what companions say.
    """

    def __init__(self, wanted: Wanted, memory: Memory, on_notice: OnNotice, on_word: OnWord) -> None:
        self._wanted = wanted
        self._memory = memory
        self._notify = on_notice
        self._on_word = on_word
        self._stack = ExitStack()
        self._feeder: Feeder | None = None
        self._recorder: Recorder | None = None
        self._companions: list[CompanionProcess] = []

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
        wanted, memory = self._wanted, self._memory
        if wanted.source is not None:
            memory.feed.shape(loaded.channels)
            self._feeder = Feeder(wanted.source.blocks(loaded.samplerate), memory.feed, memory.board,
                                  wanted.frames(loaded.samplerate))
        if wanted.folder is not None:
            self._recorder = self._stack.enter_context(Recorder(wanted.folder, loaded.stems, loaded.samplerate,
                                                                loaded.channels, memory, self._notify))
        for companion in wanted.companions:
            process = CompanionProcess(companion, memory.board, loaded.stems, self._on_word)
            self._stack.callback(process.stop)
            self._companions.append(process)

    def begin_again(self, lost: bool) -> None:
        """Go on with another audio process; where a device was lost, companions start anew, as they may hang."""
        if self._recorder is not None:
            self._recorder.begin_again(self._memory.feed.taken)
        for process in self._companions if lost else ():
            process.start()

    def serve(self) -> None:
        """Feed, record, and look after the companions; to be called many times a second."""
        if self._feeder is not None:
            self._feeder.feed()
        if self._recorder is not None:
            self._recorder.drain(None if self._feeder is None else self._feeder.frames)
        for process in self._companions:
            process.look_after()

    def close(self) -> None:
        """End all; the recording is whole then."""
        self._stack.close()
