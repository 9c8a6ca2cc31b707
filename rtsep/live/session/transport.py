"""Pause, seek and loop of a source: sound fades out, what waits in the ring is passed over, sound fades in."""

from __future__ import annotations

from rtsep.errors import ConfigError
from rtsep.live.board import Memory
from rtsep.live.session.input_writer import InputWriter, Loop

_SHORTEST_LOOP_S = 0.1


class Transport:
    """Moves through a source; all of it is called by the session's thread.

    Parameters
    ----------
    writer
        Fills the playback ring.
    memory
        Shared with the audio process.
    samplerate
        Frames per second of the input.
    frames
        Length of the input, about; None where it is not known.
    """

    def __init__(self, writer: InputWriter, memory: Memory, samplerate: int, frames: int | None) -> None:
        self._writer = writer
        self._memory = memory
        self._samplerate = samplerate
        self.frames = frames
        self.paused = False
        self.straight = True
        """Whether the input was played from its start without a stop or a jump."""
        self._target: int | None = None  # of a jump that is under way
        self._jumped = False  # whether the writer knows

    @property
    def position(self) -> int:
        """Frame of the input that is played next."""
        return self._writer.position if self._target is None else self._target

    @property
    def loop(self) -> Loop | None:
        """What is repeated."""
        return self._writer.loop

    def pause(self, on: bool) -> None:
        """Stand still, or go on."""
        self.paused, self.straight = on, False
        if self._target is None:
            self._memory.board.paused = int(on)

    def seek(self, frame: int) -> None:
        """Go to a frame; beyond the ends, to the nearest one."""
        frame = max(0, frame)
        self._target = frame if self.frames is None else min(frame, max(0, self.frames - 1))
        self._jumped = self.straight = False
        self._memory.board.paused = 1
        self._memory.board.skip_to = self._memory.playback.total

    def repeat(self, loop: Loop | None) -> None:
        """Play a part of the input again and again, from its beginning on; None for all that follows, once.

        Raises
        ------
        ConfigError
            When it ends before it begins, is too short, or begins behind the end of the input.
        """
        if loop is not None and self.frames is not None and loop[0] >= self.frames:
            raise ConfigError(f"a loop from {loop[0] / self._samplerate:.2f} s: the input ends at "
                              f"{self.frames / self._samplerate:.2f} s")
        if loop is not None and loop[1] - loop[0] < _SHORTEST_LOOP_S * self._samplerate:
            begin_s, end_s = (frame / self._samplerate for frame in loop)
            raise ConfigError(f"a loop from {begin_s:.2f} to {end_s:.2f} s: its end has to be {_SHORTEST_LOOP_S:g} s "
                              f"behind its beginning, or more")
        position = self.position
        self._writer.loop = loop
        self.seek(position if loop is None else loop[0])

    def serve(self) -> None:
        """Fill the ring, and go on with a jump; to be called many times a second."""
        if self._target is not None and not self._jumped:
            if self._memory.playback.taken < self._memory.board.skip_to:
                return
            self._writer.jump(self._target)
            self._jumped = True
        self._writer.fill()
        if self._target is not None and self._writer.ready:
            self._target = None
            self._memory.board.paused = int(self.paused)
