"""When the machine itself stood still, or its kernel moved memory: what nobody's program can help.

A process on every core, of the highest real-time priority, asks to be woken every half millisecond. Where it is woken
late, nothing could run on that core: a virtual machine was not given its processor, or firmware or an interrupt
had it.

Another one asks every 5 ms whether the threads ran with which Linux looks for cold memory, takes it away, moves it
together and makes large pages of it. Whatever its priority, a program then waits for memory now and then.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.lib.paced import Times, Turns

HIGHEST_PRIORITY = 99
PERIOD_S = 0.0005
LEAST_S = 0.0002  # a shorter delay is no stall
ROOM = 1 << 17  # stalls a core; later ones are not noted
MEMORY_THREADS = ("kdamond", "kswapd", "kcompactd", "khugepaged")
LOOK_S = 0.005  # between two looks at them


@dataclass(frozen=True)
class Stall:
    """Between two readings of `time.perf_counter` a core stood still, or the kernel moved memory (core -1)."""

    core: int
    begin: float
    end: float


class StallWatch:
    """Stalls so far; made by `watch_stalls`."""

    def __init__(self, notes: dict[int, tuple[Any, Any]], memory: tuple[Any, Any]) -> None:
        self._notes, self._memory = notes, memory

    @property
    def cores(self) -> list[int]:
        """Cores that are watched."""
        return list(self._notes)

    def stalls(self) -> list[Stall]:
        """List all stalls so far, core by core."""
        return [stall for core, notes in self._notes.items() for stall in _read(core, *notes)]

    def memory_moves(self) -> list[Stall]:
        """List the times so far in which the kernel's memory threads ran."""
        return _read(-1, *self._memory)


@contextmanager
def watch_stalls() -> Iterator[StallWatch]:
    """Watch every core until the block is left; none where real-time priority is refused, which a proof needs."""
    context = multiprocessing.get_context("spawn")
    notes, memory, watchers = {}, _paper(context), []
    for core in sorted(os.sched_getaffinity(0)) if _allowed() else ():
        notes[core] = _paper(context)
        watchers.append(context.Process(target=_watch, args=(core, *notes[core]), daemon=True))
    if watchers:
        watchers.append(context.Process(target=_watch_memory, args=memory, daemon=True))
    try:
        for watcher in watchers:
            watcher.start()
        while any(watcher.is_alive() for watcher in watchers) and not all(map(_begun, (*notes.values(), memory))):
            time.sleep(LOOK_S)
        yield StallWatch(notes, memory)
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


def missed_in_stalls(turns: Turns, deadline_s: float, stalls: Sequence[Stall]) -> int:
    """Count the turns that were late while a core stood still for at least as long as they were late."""
    late = turns.times > deadline_s
    due, times = turns.due[late], turns.times[late]
    return int(np.sum(stalled_s(due, due + times, stalls) >= times - deadline_s))


def _paper(context: Any) -> tuple[Any, Any]:
    """Shared memory for notes: how many, -1 until somebody takes them, and begin and end of each."""
    return context.RawValue("q", -1), context.RawArray("d", 2 * ROOM)


def _begun(notes: tuple[Any, Any]) -> bool:
    return bool(notes[0].value >= 0)


def _read(core: int, count: Any, times: Any) -> list[Stall]:
    return [Stall(core, *times[2 * index:2 * index + 2]) for index in range(count.value)]


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
    due, parent, count.value = time.perf_counter(), os.getppid(), 0
    while count.value < ROOM and os.getppid() == parent:
        due += PERIOD_S
        while (left := due - time.perf_counter()) > 0.0:
            time.sleep(left)
        now = time.perf_counter()
        if now - due > LEAST_S:
            times[2 * count.value], times[2 * count.value + 1] = due, now
            count.value += 1
            due = now


def _watch_memory(count: Any, times: Any) -> None:
    """Note when the kernel's memory threads ran, until the process is ended."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(HIGHEST_PRIORITY))
    clocks = [folder / "schedstat" for folder in Path("/proc").glob("[0-9]*")
              if _read_text(folder / "comm").startswith(MEMORY_THREADS)]
    parent, before, looked, count.value = os.getppid(), _spent(clocks), time.perf_counter(), 0
    while count.value < ROOM and os.getppid() == parent:
        time.sleep(LOOK_S)
        spent, now = _spent(clocks), time.perf_counter()
        if spent != before:
            times[2 * count.value], times[2 * count.value + 1] = looked, now
            count.value += 1
        before, looked = spent, now


def _spent(clocks: Sequence[Path]) -> int:
    """Time on a core that threads have had, ns all together."""
    return sum(int(text.split()[0]) for text in map(_read_text, clocks) if text)


def _read_text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended meanwhile
        return ""
