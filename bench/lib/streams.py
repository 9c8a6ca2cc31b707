"""How many streams one core and one machine carry: groups of separators, a process and a core each."""

from __future__ import annotations

import multiprocessing
import os
import queue
from typing import Any

import numpy as np

from bench.lib.paced import Loop, paced, warm_up
from rtsep import RtsepError, Separator
from rtsep.live.realtime import ask_for_realtime

WARM_UP_TURNS = 20
TIMEOUT_S = 60.0
TRIES = 5  # a stall of the machine may spoil some


def most_streams(model: str, channels: int, cores: int, seconds: float, highest: int) -> int:
    """Largest number of streams on each of some cores at which no deadline is missed; `highest` is missed for sure."""
    low = 0
    while highest - low > 1:
        middle = (low + highest) // 2
        if any(misses(model, channels, middle, cores, seconds) == 0 for _ in range(TRIES)):
            low = middle
        else:
            highest = middle
    return low


def misses(model: str, channels: int, streams: int, cores: int, seconds: float) -> int:
    """Run so many streams on each of the first cores at once; return the deadlines missed in all."""
    return sum(missed for missed, _ in turns(model, channels, streams, cores, seconds))


def turns(model: str, channels: int, streams: int, cores: int, seconds: float) -> list[tuple[int, int]]:
    """Run so many streams on each of the first cores at once; return the turns missed, and all, of each core."""
    context = multiprocessing.get_context("spawn")
    begin, found = context.Barrier(cores), context.Queue()
    groups = [context.Process(target=_group, args=(model, channels, streams, core, seconds, begin, found))
              for core in sorted(os.sched_getaffinity(0))[:cores]]
    for group in groups:
        group.start()
    try:
        return [found.get(timeout=TIMEOUT_S + seconds) for _ in groups]
    except queue.Empty:
        raise RtsepError(f"{cores} groups of {streams} streams did not end in time: run with fewer --seconds") from None
    finally:
        for group in groups:
            group.terminate()
            group.join()


def _group(model: str, channels: int, streams: int, core: int, seconds: float, begin: Any, found: Any) -> None:
    """Step so many separators once a hop on one core; tell how many turns were late, of how many."""
    os.sched_setaffinity(0, {core})
    ask_for_realtime()
    hop = Separator(model, channels).info.geometry.hop
    separators = [Separator(model, channels, blocksize=hop) for _ in range(streams)]
    period_s = hop / separators[0].samplerate
    block = (0.1 * np.random.default_rng(core).standard_normal((channels, hop))).astype(np.float32)

    def step() -> None:
        for separator in separators:
            separator.process(block)

    warm_up(step, WARM_UP_TURNS)
    begin.wait(TIMEOUT_S)
    times = paced(Loop(step, period_s), seconds).times
    found.put((int(np.sum(times > period_s)), len(times)))
