"""Standard streams that take everything: closed ones, full ones, and terminals that know few characters."""

from __future__ import annotations

import os
import re
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from rtsep.outlet import PATIENCE_S, Outlet

if TYPE_CHECKING:
    from rich.console import RenderableType

_LONGEST = 600  # characters of a message
_COMMANDS = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it: control characters, ends of lines and changes of direction."""
_NARROWEST = 80  # columns of a table; narrower terminals break its lines, which loses nothing


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


def settle_output() -> None:
    """Write out what was printed, if anybody takes it: it may be what the program waited for when it was ended."""
    if takes_more(sys.stdout, PATIENCE_S):
        with suppress(OSError, ValueError):
            flush_output()
    else:
        leave(sys.stdout)


def settle_messages() -> None:
    """Write out what was said on stderr; what nobody takes is given up, and changes no exit code."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except (OSError, ValueError):
        leave(sys.stderr)


def takes_more(stream: TextIO | None, patience_s: float) -> bool:
    """Whether somebody takes what is written to a stream, within some seconds; True where the system cannot tell."""
    if stream is None or os.name != "posix":
        return True
    try:
        return bool(select.select([], [stream], [], max(0.0, patience_s))[1])
    except (OSError, ValueError):  # it is closed, or no file
        return True


def leave(stream: TextIO | None) -> None:
    """Let what is still written to a stream go nowhere, so that nothing more is tried at the end of the program."""
    if stream is None:
        return
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def shown_line(text: str) -> str:
    """Return text as one line of a terminal that shows it all and obeys none of it: names of files are data."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def bounded_line(text: str) -> str:
    """Return a message as one line, its middle left out where it is long."""
    line = shown_line(" ".join(text.split("\n")))
    half = _LONGEST // 2
    return line if len(line) <= _LONGEST else f"{line[:half]} ... {line[-half:]}"


def print_line(text: str) -> None:
    """Print one line on stderr, if anybody can read it."""
    outlet = Outlet(sys.stderr)
    outlet.write(f"{shown_line(text)}\n")
    outlet.close()


def print_table(table: RenderableType) -> None:
    """Print a table whose cells are data and no markup; whole, however narrow the terminal is."""
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    console.width = max(console.width, _NARROWEST)
    console.print(table)
