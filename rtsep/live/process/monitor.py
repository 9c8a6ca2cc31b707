"""What the audio process looks after while the music plays: the stream, its period, and what the supervisor says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

from rtsep.errors import DeviceGoneError
from rtsep.live.board import Board
from rtsep.live.process.calibration import Choice, Period
from rtsep.live.protocol import Connections
from rtsep.live.streams.jack import JackStream
from rtsep.live.streams.player import Player, Stream
from rtsep.live.watchdog import Watchdog

TICK_S = 0.02  # between two looks
_LOOK_TICKS = 10  # from one look at connections to the next
_SETTLE_S = 0.1  # within which a client that leaves has lost its ports
GUARD_NOTICE_S = 1.0  # from one notice of the output guard to the next
SILENT_SERVER_S = 1.0  # without a callback for so long, the sound server counts as dead


def watch(pipe: Connection, board: Board, done: Callable[[], bool]) -> bool:
    """Tick until `done`; return True where the supervisor says stop, or is gone, before that."""
    while not done():
        if pipe.poll(TICK_S):
            return True
        board.heartbeat += 1
    return False


class StreamWatch:
    """Says when a stream is over; raises when it died."""

    def __init__(self, stream: Stream, player: Player, board: Board) -> None:
        self._stream = stream
        self._player = player
        self._board = board
        self._watchdog = Watchdog(SILENT_SERVER_S)

    def __call__(self) -> bool:
        """Look once.

        Raises
        ------
        RtsepError
            When device or server went away, or the player failed.
        """
        if self._player.finished:
            return True
        error = self._player.error or getattr(self._stream, "error", None)
        if error is not None:
            raise error
        if not self._stream.active:
            raise getattr(self._stream, "error", None) or DeviceGoneError("the sound device went away; connect it "
                                                                          "again")
        if self._watchdog.hangs(self._board.callbacks, time.monotonic()):
            raise DeviceGoneError(f"the sound server or device has not called for {SILENT_SERVER_S:.0f} s")
        return False


class ConnectionWatch:
    """Tells what the user connects on a JACK server, so that it can be made again, and how late that is.

    Parameters
    ----------
    stream
        Knows the connections, if it is JACK's.
    tell
        Gets them, and the latencies of `JackStream.latencies`.
    """

    def __init__(self, stream: Stream, tell: Callable[[Connections, tuple[int, int]], None]) -> None:
        self._stream = stream if isinstance(stream, JackStream) else None
        self._tell = tell
        self._ticks = 0
        self._told = None if self._stream is None else (self._stream.connections, self._stream.latencies())

    def __call__(self) -> bool:
        """Look once in a while; False, as a stream plays on whatever is connected."""
        self._ticks += 1
        if self._ticks % _LOOK_TICKS == 0:
            self.look()
        return False

    def finish(self) -> None:
        """Look for the last time: what was cut just before stays cut."""
        self.look()
        if self._stream is not None and not self._stream.settled:
            time.sleep(_SETTLE_S)
            self.look()

    def look(self) -> None:
        """Look now."""
        if self._stream is None or self._stream.error is not None:
            return
        self._stream.look()
        found = self._stream.connections, self._stream.latencies()
        if found != self._told:
            self._told = found
            self._tell(*found)


class GuardWatch:
    """Tells, once a second at most, where the model's sound was replaced.

    Parameters
    ----------
    model
        Its name.
    board
        Counts the blocks.
    tell
        Gets the sentence.
    clock
        Seconds.
    """

    def __init__(self, model: str, board: Board, tell: Callable[[str], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._model, self._board, self._tell, self._clock = model, board, tell, clock
        self._told, self._told_s = board.wild_blocks, -GUARD_NOTICE_S

    def __call__(self) -> bool:
        """Look once; False, as a stream plays on."""
        count, now = self._board.wild_blocks - self._told, self._clock()
        if count and now - self._told_s >= GUARD_NOTICE_S:
            self._told, self._told_s = self._told + count, now
            blocks = "a block" if count == 1 else f"{count} blocks"
            self._tell(f"the model {self._model} gave no numbers, or sound far louder than the input, in {blocks}; the "
                       f"mixture is heard instead, and the model starts anew")
        return False


class PeriodWatch:
    """Tells once where the device's blocks are too short for the model, which only its stream shows for certain.

    Parameters
    ----------
    choice
        What the calibration found for the model; None without one.
    player
        Knows the blocks.
    tell
        Gets the sentence.
    """

    def __init__(self, choice: Choice | None, player: Player, tell: Callable[[str], None]) -> None:
        self._choice = choice if choice is not None and choice.holds else None
        self._player = player
        self._tell = tell
        self._blocksize = 0

    def __call__(self) -> bool:
        """Look at the latest block; False, as a stream plays on whatever it is."""
        blocksize = self._player.blocksize
        if self._choice is not None and blocksize != self._blocksize:
            self._blocksize = blocksize
            found = replace(self._choice, period=Period(blocksize, self._player.samplerate))
            if not found.holds:
                self._tell(f"{found}: too slow for such short blocks; take longer ones, or --engine worker")
                self._choice = None
        return False
