"""Progress of files that are separated: a bar for each, and one for all, with the time that is left."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from rtsep.cli.streams import shown_line

if TYPE_CHECKING:
    from rich.progress import TaskID


class NoBars:
    """What stands for bars where there is no terminal."""

    def show(self, number: int, seconds: float, expected: float | None) -> None:
        """Show nothing."""

    def end(self, number: int) -> None:
        """Take nothing away."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Bars:
    """Bars on a terminal.

    Parameters
    ----------
    sources
        The files, in the order of their numbers.
    stream
        Where lines about them go.
    """

    def __init__(self, sources: Sequence[Path], stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(file=stream)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[speed]}"), TimeRemainingColumn(), console=console, transient=True,
            disable=not console.is_terminal)
        self._names = [shown_line(source.name).encode("utf-8", "replace").decode() for source in sources]
        self._sizes = [_size(source) for source in sources]
        self._bars: dict[int, tuple[TaskID, float]] = {}
        self._done = [0.0] * len(sources)
        self._all = self._progress.add_task(f"{len(sources)} files", total=sum(self._sizes), speed="",
                                            visible=len(sources) > 1)

    def show(self, number: int, seconds: float, expected: float | None) -> None:
        """Show how many seconds of a file are done, of how many."""
        bar, started = self._bars.get(number) or self._begin(number)
        speed = seconds / max(time.perf_counter() - started, 1e-3)
        self._progress.update(bar, completed=seconds, total=expected, speed=f"{speed:.0f} x real time")
        if expected:
            self._move(number, min(1.0, seconds / expected))

    def end(self, number: int) -> None:
        """Take the bar of a file away."""
        self._move(number, 1.0)
        if number in self._bars:
            self._progress.remove_task(self._bars.pop(number)[0])

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _begin(self, number: int) -> tuple[TaskID, float]:
        self._bars[number] = self._progress.add_task(self._names[number], total=None, speed=""), time.perf_counter()
        return self._bars[number]

    def _move(self, number: int, part: float) -> None:
        """Move the bar of all files by the part of one, which counts by its size."""
        self._done[number] = part * self._sizes[number]
        self._progress.update(self._all, completed=sum(self._done))


def _size(source: Path) -> int:
    """Bytes of a file; one where it cannot be asked."""
    try:
        return max(1, os.stat(source).st_size)
    except (OSError, ValueError):
        return 1
