"""Standard streams that take everything: closed ones, full ones, and terminals that know few characters."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def prepare_streams() -> None:
    """Let the standard streams take any name, and keep their numbers from being given to other files.

    A program that was started without one of them would write messages into the first file that it opens.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Write out what was printed.

    Raises
    ------
    OSError
        When standard output takes no more.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def leave_output() -> None:
    """Take standard output as it is, so that nothing more is tried at the end of the program."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_line(text: str) -> None:
    """Print one line on stderr, if anybody can read it."""
    if sys.stderr is None:  # which print takes for standard output
        return
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
