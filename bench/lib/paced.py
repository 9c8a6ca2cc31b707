"""Timing of work that comes once a period, as from a device, or back to back; and a neighbour that disturbs it."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtsep import RtsepError

WARM_UP = 200
UNBROKEN_S, REST_S = 0.4, 0.05
NEIGHBOUR_BYTES = 1 << 27  # more than the caches hold
TURN_S = 1.0
TIMEOUT_S = 30.0  # for the neighbour to begin
Times = NDArray[np.float64]


class Loop(NamedTuple):
    """What is timed.

    Attributes
    ----------
    work
        What is done once a period.
    period_s
        Length of a period in seconds.
    alone
        Whether time counts from the moment at which the work begins, and not from that at which it was due: the
        machine's own delay is then no part of it.
    """

    work: Callable[[], object]
    period_s: float
    alone: bool = False


class Turns(NamedTuple):
    """What was timed, s: when each turn was due, by `time.perf_counter`, and how long after that it ended."""

    due: Times
    times: Times


def paced(loop: Loop, seconds: float) -> Turns:
    """Do the work once a period.

    A turn that is over before the work of the one before it ends begins late, and that counts.
    """
    work, period_s, alone = loop
    count = max(1, round(seconds / period_s))
    due = time.perf_counter() + period_s * np.arange(1.0, count + 1.0)
    times = np.empty(count)
    for index, turn in enumerate(due):
        while (left := turn - time.perf_counter()) > 0:
            time.sleep(left)
        counted = time.perf_counter() if alone else turn
        work()
        times[index] = time.perf_counter() - counted
    return Turns(due, times)


def back_to_back(work: Callable[[], object], count: int) -> Turns:
    """Do the work again and again, caches warm; a turn is due when it begins.

    It rests now and then, untimed: Linux takes 50 ms of every second from a real-time thread that never waits.
    """
    due, times = np.empty(count), np.empty(count)
    rested = -math.inf
    for index in range(count):
        if time.perf_counter() - rested > UNBROKEN_S:
            time.sleep(REST_S)
            work()
            rested = time.perf_counter()
        due[index] = time.perf_counter()
        work()
        times[index] = time.perf_counter() - due[index]
    return Turns(due, times)


def in_turns(loops: Sequence[Loop], seconds: float, at_pace: bool = True) -> list[Turns]:
    """Run every loop for as many seconds, a second at a time, so that all meet the same moods of the machine.

    Parameters
    ----------
    loops
        What is timed.
    seconds
        For each loop; as many periods as fit are run.
    at_pace
        Whether each period waits for its turn, or all are run back to back.

    Returns
    -------
    turns
        Of every loop.
    """
    rounds = math.ceil(seconds / TURN_S)
    turns: list[list[Turns]] = [[] for _ in loops]
    for loop in loops:
        warm_up(loop.work)
    for _ in range(rounds):
        for loop, parts in zip(loops, turns, strict=True):
            warm_up(loop.work, 3)  # a turn does not begin with what the one before left in the caches
            parts.append(paced(loop, seconds / rounds) if at_pace
                         else back_to_back(loop.work, max(1, round(seconds / rounds / loop.period_s))))
    return [Turns(*map(np.concatenate, zip(*parts, strict=True))) for parts in turns]


def warm_up(work: Callable[[], object], count: int = WARM_UP) -> None:
    """Do the work untimed, so that memory is allocated and code is paged in."""
    for _ in range(count):
        work()


def statistics(times: Times, deadline_s: float) -> dict[str, Any]:
    """Percentiles in ms, misses and load of measured times."""
    p50, p95, p99, p999 = (float(value) for value in 1000 * np.percentile(times, [50, 95, 99, 99.9]))
    return {"deadline_ms": 1000 * deadline_s, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "p999_ms": p999,
            "max_ms": float(1000 * times.max()), "misses": int(np.sum(times > deadline_s)), "hops": times.size,
            "load_percent": float(100 * times.mean() / deadline_s)}


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Let another process, of ordinary priority, copy memory all the time."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    neighbour = context.Process(target=_disturb, args=(ready,), daemon=True)
    neighbour.start()
    try:
        if not ready.wait(TIMEOUT_S):
            raise RtsepError(f"the busy neighbour did not begin within {TIMEOUT_S:g} s: see what is said above")
        yield
    finally:
        neighbour.terminate()
        neighbour.join()


def _disturb(ready: Any) -> None:
    """Copy memory until the process is ended, or the one that it disturbs is gone."""
    if hasattr(os, "sched_setscheduler"):  # a child inherits the priority of the thread that is measured
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    source = np.ones(NEIGHBOUR_BYTES // 8)
    target = np.empty_like(source)
    parent = os.getppid()  # before it is told, and may end
    ready.set()
    while os.getppid() == parent:
        np.copyto(target, source)
