"""Helper processes beside the audio process, which read and write the board: MIDI, for one.

A helper never disturbs the music. It is a process of its own, started once the model is loaded,
started again when it dies or when the devices came back, and killed at the end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from rtsep.audio.devices import Defaults
from rtsep.controls.presets import Preset
from rtsep.errors import RtsepError
from rtsep.live.board import Board
from rtsep.signals import ignore_signals, signals_blocked

_MOST_STARTS = 5  # of one that keeps dying
_STOP_S = 0.5  # what a clean end may take


@dataclass(frozen=True)
class Learn:
    """Asks the MIDI process to bind what is moved next to a target, as a mapping names it; None to give up."""

    target: str | None


@dataclass(frozen=True)
class Moved:
    """What a controller did last, in words."""

    text: str


HelperMessage = str | Preset | Defaults | Moved
"""What a helper says."""

OnMessage = Callable[[HelperMessage], None]


@dataclass(frozen=True)
class Helper:
    """What to start.

    Parameters
    ----------
    name
        For messages.
    main
        Importable function, called in the new process as `main(board, stems, pipe, *arguments)`. `stems`
        are the names for `board.levels`, `mutes` and `solos`. A string sent through `pipe` is told to the
        user, a preset is called, default devices are followed. When `pipe.poll()` is true the run is over, or the
        helper is told something; where it is over `main` returns; half a second later it is killed. Ctrl-C does not
        reach it.
    arguments
        Further arguments, which can be pickled.
    """

    name: str
    main: Callable[..., None]
    arguments: tuple[Any, ...] = ()


class HelperProcess:
    """A running helper.

    Parameters
    ----------
    helper
        What to run.
    board
        Shared with the audio process.
    stems
        Names of the stems in the order of the board.
    on_message
        Gets what it says, and a sentence where it dies.
    """

    def __init__(self, helper: Helper, board: Board, stems: tuple[str, ...], on_message: OnMessage) -> None:
        self._helper = helper
        self._board = board
        self._stems = stems
        self._on_message = on_message
        self._starts = 0
        self.start()

    def start(self) -> None:
        """Start it; one that runs already is ended first."""
        if self._starts:
            self.stop()
        self._starts += 1
        self._over = False
        context = multiprocessing.get_context("spawn")
        self._pipe: Connection
        self._pipe, child_pipe = context.Pipe()
        self._process = context.Process(
            target=_run, name=f"rtsep-{self._helper.name}", daemon=True,
            args=(self._helper, self._board, self._stems, child_pipe))
        with signals_blocked():
            self._process.start()
        child_pipe.close()

    def look_after(self) -> None:
        """Pass on what it says; start it again where it has died, and let it go on where it was stopped."""
        if not self._over:
            _let_go_on(self._process.pid)
        try:
            while not self._over and self._pipe.poll():
                self._on_message(self._pipe.recv())
        except (EOFError, OSError):
            self._bury()

    @property
    def name(self) -> str:
        """Its name."""
        return self._helper.name

    def tell(self, message: object) -> bool:
        """Send it a message; False where it has ended."""
        try:
            self._pipe.send(message)
        except OSError:
            return False
        return not self._over

    def stop(self) -> None:
        """Ask it to end; kill it where it does not."""
        self._pipe.close()
        self._process.join(_STOP_S)
        self._process.kill()
        self._process.join()
        self._process.close()

    def _bury(self) -> None:
        """Start it again, unless it ended as it should or too often."""
        self._process.join(_STOP_S)
        if self._process.exitcode is None:  # it has closed its pipe, and lingers
            self._process.kill()
            self._process.join()
        code = self._process.exitcode
        self._over = code == 0 or self._starts == _MOST_STARTS
        if code != 0:
            self._on_message(f"the {self._helper.name} process ended (exit code {code}); "
                          f"{'the music goes on without it' if self._over else 'it is started again'}")
        if not self._over:
            self.start()


def _let_go_on(pid: int | None) -> None:
    """Let a child that was stopped (SIGSTOP) go on: a sound server may wait for it, and all other programs with it."""
    if pid is None or not hasattr(os, "waitid"):
        return
    with suppress(ChildProcessError):
        if os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG) is not None:
            os.kill(pid, signal.SIGCONT)


def _run(helper: Helper, board: Board, stems: tuple[str, ...], pipe: Connection) -> None:
    """Body of the process: what goes wrong in it becomes a sentence."""
    ignore_signals()
    try:
        helper.main(board, stems, pipe, *helper.arguments)
    except (BrokenPipeError, EOFError):  # the session is gone
        pass
    except Exception as error:
        pipe.send(str(error) if isinstance(error, RtsepError) else
                  f"the {helper.name} process failed; please report this: {error!r}")
        sys.exit(1)
