"""Another model or device while the music plays: sound fades out, the audio process is exchanged, sound fades in."""

from __future__ import annotations

from rtsep.dsp.mask import REST
from rtsep.dsp.ramp import RAMP_MS
from rtsep.errors import ConfigError
from rtsep.live.board import Board
from rtsep.live.protocol import Loaded
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from rtsep.separator import runs_at


class ModelSwitch:
    """Moves the master on the board, and tells when the audio process may be exchanged.

    The time is that of the music, in frames, so a device that stands still changes nothing too early.

    Parameters
    ----------
    board
        Its `master` has no other writer.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._requested = False
        self._since = 0  # frames at which the sound began, or began to fade

    def ask(self) -> None:
        """Begin to fade out."""
        self._requested = True
        self._board.master = 0.0
        self._since = self._board.frames

    def begin(self) -> None:
        """Note that a stream begins."""
        self._since = self._board.frames

    def due(self, samplerate: int) -> bool:
        """Whether a change that was asked for can be made, as all is silent; without one, let the sound in.

        Call often while the music plays.
        """
        board = self._board
        blocks = 2 * board.blocksize + board.latency + board.resampling
        if board.frames - self._since < blocks + RAMP_MS / 1000.0 * samplerate:
            return False
        if not self._requested:
            board.master = 1.0
        self._requested, due = False, self._requested
        return due


def check_successor(model: str, loaded: Loaded, split: bool) -> None:
    """Refuse a model that cannot follow the one that plays.

    Parameters
    ----------
    model
        Name or path.
    loaded
        What plays.
    split
        Whether every stem has outputs of its own.

    Raises
    ------
    RtsepError
        When it cannot be loaded, does not run at the sample rate that is played, or has other stems.
    """
    info = read_step(find_model(model)).card
    if not runs_at(info.samplerate, loaded.samplerate):
        raise ConfigError(f"{model} runs at {info.samplerate} Hz and cannot follow {loaded.model} at "
                          f"{loaded.samplerate} Hz while it plays; start with it")
    if (split and info.stems != loaded.stems) or not {*info.stems, REST}.issuperset(loaded.stems):
        raise ConfigError(f"{model} has the stems {', '.join(info.stems)} and cannot follow {loaded.model}, which "
                          f"plays {', '.join(loaded.stems)}; start with it")
