"""Files of the data folder that cannot be read are named, whatever their reader says of them."""

from __future__ import annotations

import csv
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile

from rtsep.errors import ConfigError

_READERS_SAY = (OSError, EOFError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, csv.Error,
                struct.error, soundfile.LibsndfileError)


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Read a file; `what` it should be goes into the error.

    Raises
    ------
    ConfigError
        Where the block raises what readers of files do.
    """
    try:
        yield
    except _READERS_SAY as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise ConfigError(f"{path} cannot be read as {what} ({reason}); python -m training check looks at all files of "
                          "a data folder") from None


def read_table(path: Path, columns: tuple[str, ...], delimiter: str = ",") -> list[dict[str, str]]:
    """Read the rows of a table with a head line.

    Raises
    ------
    ConfigError
        When it cannot be read, or lacks a column or a cell.
    """
    with reading(path, "a table"), path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        rows = list(reader)
        if absent := [name for name in columns if name not in (reader.fieldnames or ())]:
            raise ValueError(f"it has no column {absent[0]}")
        if short := [number for number, row in enumerate(rows, 2) if any(row[name] is None for name in columns)]:
            raise ValueError(f"line {short[0]} ends too early")
    return rows


def check_midi(path: Path) -> None:
    """Walk the chunks of a MIDI file.

    Raises
    ------
    ConfigError
        When it is none, or ends before a chunk does.
    """
    with reading(path, "MIDI"):
        content = path.read_bytes()
        if content[:4] != b"MThd":
            raise ValueError("it begins otherwise")
        at = 0
        while at < len(content):
            at += 8 + struct.unpack_from(">I", content, at + 4)[0]
        if at > len(content):
            raise ValueError("it ends too early")
