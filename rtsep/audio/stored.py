"""Bytes of a file that stay on disk until they are asked for; a pipe is taken onto the disk first."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 16


class Span:
    """A stretch of a file; slices of it are read from the disk.

    Bytes are not mapped into memory: a file that becomes shorter meanwhile would end the process.

    Parameters
    ----------
    file
        Open for reading; stays open as long as the span is used.
    start, end
        In bytes.
    """

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file = file
        self._start = start
        self._length = max(0, end - start)
        self._known = 0  # place of the block that was read last
        self._block = b""

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, where: slice) -> bytes:
        start, end, _ = where.indices(self._length)
        return self._read(start, max(start, end))

    def byte(self, position: int) -> int:
        """Return one byte; 0 behind the end."""
        found = self[position:position + 1]
        return found[0] if found else 0

    def whole_file(self) -> int | None:
        """Return a new descriptor at the file's start, where the span is all of it; else None."""
        if self._start or self._length != os.fstat(self._file.fileno()).st_size:
            return None
        number = os.dup(self._file.fileno())
        os.lseek(number, 0, os.SEEK_SET)
        return number

    def span(self, start: int, end: int) -> Span:
        """Return a stretch of this one."""
        start = min(start, self._length)
        return Span(self._file, self._start + start, self._start + min(end, self._length))

    def _read(self, start: int, end: int) -> bytes:
        if end - start > _BLOCK:
            return os.pread(self._file.fileno(), end - start, self._start + start)
        offset = start - self._known
        if not (0 <= offset and offset + end - start <= len(self._block)):
            self._known, offset = start, 0
            length = min(_BLOCK, self._length - start)
            self._block = os.pread(self._file.fileno(), length, self._start + start)
        return self._block[offset:offset + end - start]


Bytes = bytes | Span


def open_stored(path: Path) -> BinaryIO:
    """Open a file; of a pipe, an unnamed copy on disk.

    Raises
    ------
    OSError
        When it cannot be read, or is a device, which may have no end.
    """
    file = path.open("rb")
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode):
        return file
    with file:
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise OSError(errno.EINVAL, "it is a device; give a file or a pipe")
        return spooled(file)


def spooled(stream: BinaryIO) -> BinaryIO:
    """Copy all of a stream into a file without a name."""
    copy = tempfile.TemporaryFile()
    try:
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.flush()
    except BaseException:
        copy.close()
        raise
    return copy


def find_all(data: Span, word: bytes, start: int) -> Iterator[int]:
    """Yield every place of a word at or after `start`."""
    block, overlap = 1 << 20, len(word) - 1
    for first in range(start, len(data), block):
        piece = data[first:first + block + overlap]
        index = piece.find(word)
        while index >= 0:
            yield first + index
            index = piece.find(word, index + 1)
