"""The metadata of an ONNX file, read without the ONNX library, which takes a tenth of a second to load.

An ONNX file is one message of Protocol Buffers: fields one after the other, each with its number and its kind. Field 14
is an entry of the metadata, with a key in field 1 and a value in field 2; all others are skipped unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rtsep.errors import ModelError
from rtsep.model.card import FileCard, StepCard, read_card

DOCUMENT = "rtsep"  # key of the card
MOST_BYTES = 256 << 20  # of a file
_ENTRY, _KEY, _VALUE = 14, 1, 2  # numbers of fields
_NUMBER, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5  # kinds of fields
_VARINT_BYTES = 10  # of the longest number
_MOST_FIELDS = 4096  # of a message: exported models have a few dozen


def open_model(path: Path) -> BinaryIO:
    """Open a model file that is there and not too large.

    Raises
    ------
    ModelError
        When it is missing or too large.
    """
    try:
        if not path.is_file():
            raise FileNotFoundError
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ModelError(f"{path} has {size >> 20} MB: a model has at most {MOST_BYTES >> 20}")
        return path.open("rb")
    except (OSError, ValueError):  # a null character in the path is the latter
        raise ModelError(f"no model file {path}: `rtsep models` lists what is installed") from None


def card_in(metadata: dict[str, str], path: Path) -> StepCard | FileCard:
    """Read the card among a file's metadata.

    Raises
    ------
    ModelError
        When there is none, or it cannot be read.
    """
    if DOCUMENT not in metadata:
        raise ModelError(f"{path}: no rtsep metadata, so this is no model for it; make one with: "
                         f"python -m training export")
    return read_card(metadata[DOCUMENT], str(path))


def peek_card(path: Path) -> StepCard | FileCard:
    """Read what a model says about itself, quickly; `read_model` checks the rest of the file too.

    Raises
    ------
    ModelError
        When it is missing, no model, or damaged where one sees it from the outside.
    """
    with open_model(path) as file:
        size = path.stat().st_size
        try:
            entries = [dict(_fields(file, start, end)) for number, start, end in list(_spans(file, 0, size))
                       if number == _ENTRY]
            metadata = {entry[_KEY].decode(): entry[_VALUE].decode() for entry in entries}
        except (EOFError, KeyError, UnicodeDecodeError):
            raise ModelError(f"{path} is no ONNX model that can be read (it is cut or damaged)") from None
    return card_in(metadata, path)


def _fields(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the fields of a small message, with their content."""
    for number, first, last in list(_spans(file, start, end)):
        file.seek(first)
        yield number, file.read(last - first)


def _spans(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, begin and end of each field between two places of a file; EOFError where one goes beyond."""
    place = start
    for _ in range(_MOST_FIELDS):
        if place == end:
            return
        file.seek(place)
        tag = _varint(file)
        kind = tag & 7
        if kind == _BYTES:
            length = _varint(file)
        elif kind == _NUMBER:
            _varint(file)
            length = 0
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise EOFError
        first = file.tell()
        place = first + length
        if place > end:
            raise EOFError
        yield tag >> 3, first, place
    raise EOFError


def _varint(file: BinaryIO) -> int:
    """Read a number, seven bits a byte, the lowest first; EOFError where it has no end."""
    value = 0
    for index in range(_VARINT_BYTES):
        (byte,) = file.read(1) or (None,)
        if byte is None:
            break
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value
    raise EOFError
