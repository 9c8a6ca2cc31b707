"""Sentences for the user, with the time at which they came."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

KEPT = 200
"""Latest notices that are kept."""


@dataclass(frozen=True)
class NoticeLine:
    """One sentence.

    Parameters
    ----------
    time_s
        When it came, in seconds since the epoch.
    text
        What it says.
    """

    time_s: float
    text: str

    @property
    def clock(self) -> str:
        """Its time of day, 12:34:56."""
        return time.strftime("%H:%M:%S", time.localtime(self.time_s))


class Notices:
    """The latest sentences; any thread adds and reads."""

    def __init__(self) -> None:
        self._lines: deque[NoticeLine] = deque(maxlen=KEPT)
        self.total = 0
        """How many came so far."""
        self.listeners: list[Callable[[NoticeLine], None]] = []
        """Called with each, by the thread that adds it."""

    def add(self, text: str) -> NoticeLine:
        """Keep a sentence."""
        line = NoticeLine(time.time(), text)
        self._lines.append(line)
        self.total += 1
        for listener in self.listeners:
            listener(line)
        return line

    def latest(self, count: int) -> list[NoticeLine]:
        """Return the latest ones, the oldest of them first."""
        return list(self._lines)[-count:] if count > 0 else []
