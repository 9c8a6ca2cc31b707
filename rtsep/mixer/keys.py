"""Keys of a terminal, one by one, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

try:
    import termios
    import tty
except ImportError:  # Windows
    termios = tty = None  # type: ignore[assignment]

_ESCAPES = {"[A": "up", "[B": "down", "[C": "right", "[D": "left", "OA": "up", "OB": "down", "OC": "right",
            "OD": "left"}
_NAMES = {"\x1b": "escape", "\r": "enter", "\n": "enter", "\x7f": "backspace", "\b": "backspace", " ": "space",
          "\t": "down"}
_MOST_BYTES = 1024  # of what is typed between two looks


class Keys(Protocol):
    """Where keys come from."""

    def read(self) -> list[str]:
        """Return the keys that were pressed since the last call: letters, or names such as `left` and `escape`."""


class NoKeys:
    """A terminal without keys."""

    def read(self) -> list[str]:
        """Return nothing."""
        return []


class TerminalKeys:
    """Keys that are read from a file, without waiting.

    Parameters
    ----------
    descriptor
        Number of the file: a terminal that hands keys over one by one.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> list[str]:
        """Return the keys that were pressed since the last call, see `Keys`."""
        if not select.select([self._descriptor], [], [], 0.0)[0]:
            return []
        try:
            data = os.read(self._descriptor, _MOST_BYTES)
        except OSError:  # the terminal is gone
            return []
        return parse_keys(data.decode("utf-8", "ignore"))


def parse_keys(text: str) -> list[str]:
    """Cut what a terminal sent into keys; sequences that are not known are passed over."""
    keys, rest = [], text
    while rest:
        if rest[0] == "\x1b" and len(rest) > 1 and rest[1] in "[O":
            end = next((at for at in range(2, len(rest)) if "@" <= rest[at] <= "~"), len(rest) - 1)
            key, rest = _ESCAPES.get(rest[1:end + 1], ""), rest[end + 1:]
        else:
            key, rest = _NAMES.get(rest[0], rest[0] if rest[0].isprintable() else ""), rest[1:]
        if key:
            keys.append(key)
    return keys


@contextmanager
def terminal_keys() -> Iterator[Keys]:
    """Hand over keys one by one and unseen; the terminal is as it was when the block is left, however it is left.

    Ctrl-C stays what it is. Ctrl-Z does nothing meanwhile: it would stop what feeds and draws, and leave a terminal
    that shows nothing of what is typed.
    """
    if termios is None or not sys.stdin.isatty():
        yield NoKeys()
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)
        mode = termios.tcgetattr(descriptor)
        mode[6][termios.VSUSP] = b"\x00"
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
        yield TerminalKeys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
