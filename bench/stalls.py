"""When the machine itself stood still: nobody's program can play then.

A process on every core, of the highest real-time priority, asks to be woken every half millisecond. Where it is woken
late, nothing could run on that core: a virtual machine was not given its processor, or firmware or an interrupt
had it.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

HIGHEST_PRIORITY = 99
PERIOD_S = 0.0005
LEAST_S = 0.0002  # a shorter delay is no stall
ROOM = 1 << 17  # stalls a core; later ones are not noted


@dataclass(frozen=True)
class Stall:
    """One core that stood still between two readings of `time.perf_counter`."""

    core: int
    begin: float
    end: float


class StallWatch:
    """Stalls so far; made by `watch_stalls`."""

    def __init__(self, notes: dict[int, tuple[Any, Any]]) -> None:
        self._notes = notes

    @property
    def cores(self) -> list[int]:
        """Cores that are watched."""
        return list(self._notes)

    def stalls(self) -> list[Stall]:
        """List all stalls so far, core by core."""
        return [Stall(core, *times[2 * index:2 * index + 2]) for core, (count, times) in self._notes.items()
                for index in range(count.value)]


@contextmanager
def watch_stalls() -> Iterator[StallWatch]:
    """Watch every core until the block is left; none where real-time priority is refused, which a proof needs."""
    context = multiprocessing.get_context("spawn")
    notes, watchers = {}, []
    for core in sorted(os.sched_getaffinity(0)) if _allowed() else ():
        notes[core] = context.RawValue("q", 0), context.RawArray("d", 2 * ROOM)
        watchers.append(context.Process(target=_watch, args=(core, *notes[core]), daemon=True))
    try:
        for watcher in watchers:
            watcher.start()
        yield StallWatch(notes)
    finally:
        for watcher in watchers:
            watcher.terminate()
            watcher.join()


def stalled_s(begins: Times, ends: Times, stalls: Sequence[Stall]) -> Times:
    """Longest time that any one core stood still between each begin and end, all in seconds, shape (n,)."""
    longest = np.zeros(np.shape(begins))
    for core in {stall.core for stall in stalls}:
        edges = np.array(sorted((stall.begin, stall.end) for stall in stalls if stall.core == core))
        after = np.cumsum(edges[:, 1] - edges[:, 0])
        totals = np.stack([after - (edges[:, 1] - edges[:, 0]), after], axis=1).ravel()  # stood still until each edge
        within = np.interp(ends, edges.ravel(), totals) - np.interp(begins, edges.ravel(), totals)
        longest = np.maximum(longest, within)
    return longest


def _allowed() -> bool:
    """Try the priority once, in this thread, and give it back."""
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(HIGHEST_PRIORITY))
    except PermissionError:
        return False
    os.sched_setscheduler(0, policy, parameter)
    return True


def _watch(core: int, count: Any, times: Any) -> None:
    """Note the stalls of one core until the process is ended."""
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(HIGHEST_PRIORITY))
    due = time.perf_counter()
    while count.value < ROOM:
        due += PERIOD_S
        while (left := due - time.perf_counter()) > 0.0:
            time.sleep(left)
        now = time.perf_counter()
        if now - due > LEAST_S:
            times[2 * count.value], times[2 * count.value + 1] = due, now
            count.value += 1
            due = now
