"""The supervisor's end of the audio process: starts it, hears it, and ends it whatever state it is in."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from rtsep.errors import DeviceError, DeviceGoneError
from rtsep.live.board import Memory
from rtsep.live.process.process import run_audio
from rtsep.live.protocol import Failed, LiveSettings, Message, Started
from rtsep.live.realtime import missing_environment
from rtsep.live.watchdog import Starvation, Watchdog
from rtsep.signals import signals_blocked

HANG_S = 1.5  # without a heartbeat for so long, though it could have run, the audio process counts as hanging
_STOP_S = 2.0  # what a clean end may take
_STARTUP_S = 60.0  # what loading the model and opening the devices may take


class CrashError(DeviceError):
    """The audio process died, perhaps of its sound server."""


class AudioProcess:
    """A child process that plays, and the memory shared with it.

    Use as a context manager: on leaving, the process has ended, by force where needed.

    Parameters
    ----------
    settings
        What to play.
    memory
        Shared with it. Its controls, and what waits in its rings, outlive the process.
    """

    def __init__(self, settings: LiveSettings, memory: Memory) -> None:
        context = multiprocessing.get_context("spawn")
        self._board = memory.board
        self._pipe, self._child_pipe = context.Pipe()
        self._process = context.Process(target=run_audio, name="rtsep-audio", daemon=True,
                                        args=(settings, self._child_pipe, memory))

    @property
    def pid(self) -> int | None:
        """Process number of the child."""
        return self._process.pid

    def __enter__(self) -> Self:
        with signals_blocked(), _environment():
            self._process.start()
        self._child_pipe.close()
        self._watchdog = Watchdog(_STARTUP_S, Starvation(self._process.pid or 0))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.kill()
        self._process.close()
        self._pipe.close()

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for the next message.

        Raises
        ------
        RtsepError
            When the child reports a failure, has died, or hangs.
        """
        if self._pipe.poll(timeout_s):
            try:
                message: Message = self._pipe.recv()
            except (EOFError, OSError):
                self._process.join(_STOP_S)
                raise CrashError(f"the audio process died (exit code {self._process.exitcode})") from None
            if isinstance(message, Failed):
                raise message.error
            if isinstance(message, Started):
                self._watchdog.timeout_s = HANG_S
            return message
        if self._watchdog.hangs(self._board.heartbeat, time.monotonic()):
            raise DeviceGoneError("the audio process hangs, which happens when a sound server does; restart the "
                                  "server")
        return None

    def last_messages(self) -> Iterator[Message]:
        """Messages that were on their way when it ended."""
        with suppress(EOFError, OSError):
            while self._pipe.poll():
                yield self._pipe.recv()

    def stop(self) -> None:
        """Ask the child to stop and close the stream; end it by force after two seconds."""
        try:
            self._pipe.send("stop")
        except OSError:  # it has ended already
            return
        self._process.join(_STOP_S)
        self.kill()

    def kill(self) -> None:
        """End the child now, in whatever state it is."""
        self._process.kill()
        self._process.join()


@contextmanager
def _environment() -> Iterator[None]:
    """Start a process in the environment of the audio process."""
    added = missing_environment()
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
