"""libsndfile over pieces of a file that are read one after the other, as if they were one."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import soundfile

from rtsep.audio.quiet import quiet_libraries
from rtsep.audio.stored import Bytes, Span


class SequentialFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is never repositioned: reading goes on where the decoder stands.

    soundfile seeks after every block, which costs time in compressed formats and fails at the end of
    FLAC streams of unknown length.
    """

    descriptor: int | None = None
    """Closed with the file."""

    def seekable(self) -> bool:
        """Say no, whatever the file allows."""
        return False

    def close(self) -> None:
        """Close the decoder and what it reads."""
        super().close()
        number, self.descriptor = self.descriptor, None
        if number is not None:
            os.close(number)

    def read(self, *arguments: Any, **options: Any) -> Any:
        """Decode frames as soundfile does; what ended the reading of bytes is raised here."""
        with quiet_libraries():
            block = super().read(*arguments, **options)
        if isinstance(self.name, Pieces) and self.name.error is not None:
            error, self.name.error = self.name.error, None
            raise error
        return block


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
        self.error: BaseException | None = None
        """What ended the last reading, such as Ctrl-C: libsndfile, in between, cannot pass it on."""

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in bytes, and return it."""
        base = (0, self._position, max(self._claimed, self._starts[-1]))[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer, and return how many bytes that were."""
        try:
            return self._read_into(buffer)
        except BaseException as error:
            self.error = error
            return 0

    def _read_into(self, buffer: memoryview) -> int:
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
    with quiet_libraries():
        return _open(pieces, claimed)


def _open(pieces: Sequence[Bytes], claimed: int) -> SequentialFile:
    if len(pieces) == 1 and isinstance(pieces[0], Span) and not claimed:
        number = pieces[0].whole_file()
        if number is not None:
            try:
                file = SequentialFile(number, closefd=False)
            except BaseException:
                os.close(number)
                raise
            file.descriptor = number
            return file
    return SequentialFile(Pieces(pieces, claimed))
