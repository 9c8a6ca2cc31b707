"""libsndfile over pieces of a file that are read one after the other, as if they were one."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import soundfile

from rtsep.audio.stored import Bytes


class SequentialFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is never repositioned: reading goes on where the decoder stands.

    soundfile seeks after every block, which costs time in compressed formats and fails at the end of
    FLAC streams of unknown length.
    """

    def seekable(self) -> bool:
        return False


class Pieces(io.RawIOBase):
    """A file of bytes that lie in several places.

    Parameters
    ----------
    pieces
        In their order.
    claimed
        Size in bytes that is told at least; reading goes on to the true end.
    """

    def __init__(self, pieces: Sequence[Bytes], claimed: int = 0) -> None:
        super().__init__()
        self._claimed = claimed
        self._pieces = [piece for piece in pieces if len(piece)]
        self._starts = [0, *accumulate(len(piece) for piece in self._pieces)]
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = (0, self._position, max(self._claimed, self._starts[-1]))[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._position < self._starts[-1]:
            index = bisect_right(self._starts, self._position) - 1
            offset = self._position - self._starts[index]
            part = self._pieces[index][offset:offset + len(view) - done]
            view[done:done + len(part)] = part
            done += len(part)
            self._position += len(part)
        if not done and self._position > self._starts[-1]:  # tags are looked for at the end
            done = min(len(view), max(0, self._claimed - self._position))
            view[:done] = bytes(done)
            self._position += done
        return done


def open_pieces(pieces: Sequence[Bytes], claimed: int = 0) -> SequentialFile:
    """Open what the pieces hold together; the parameters are those of `Pieces`.

    Raises
    ------
    soundfile.LibsndfileError
        When libsndfile does not know it.
    """
    return SequentialFile(Pieces(pieces, claimed))
