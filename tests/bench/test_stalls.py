"""Stalls of the machine: noted when a core was taken away, and laid beside the moments that were late."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest

from bench.soak import LateHops
from bench.stalls import HIGHEST_PRIORITY, Stall, beside_stalls, watch_stalls


def test_late_spans_are_explained_by_the_stalls_that_touch_them() -> None:
    stalls = [Stall(1, 5.0, 5.2), Stall(0, 1.0, 1.01), Stall(0, 5.05, 5.06)]
    late = [(0.99, 1.005), (1.02, 1.03), (5.1, 5.11), (5.1, 5.11)]
    assert beside_stalls(late, stalls, 0.005) == 3
    assert beside_stalls(late, stalls, 0.1) == 2
    assert beside_stalls([(0.0, 9.0)], [], 0.0) == 0


def test_each_late_hop_gets_the_span_between_two_looks() -> None:
    late, board = LateHops(), SimpleNamespace(late=0, blocksize=441)
    begin = time.monotonic()
    late.look(board)
    assert late.spans == []
    board.late = 2
    late.look(board)
    end = time.monotonic()
    assert len(late.spans) == 2
    assert all(begin - 0.021 <= first <= begin and last <= end for first, last in late.spans)
    found = late.beside([Stall(0, begin - 0.01, begin)], 0.005)
    assert (found["late_in_stalls"], found["stalled_share"]) == (2, 1.0)
    assert late.beside([Stall(0, begin - 9.0, begin - 8.0)], 0.005)["late_in_stalls"] == 0


def test_a_core_that_is_taken_away_is_noted() -> None:
    core = min(os.sched_getaffinity(0))
    policy, parameter, cores = os.sched_getscheduler(0), os.sched_getparam(0), os.sched_getaffinity(0)
    try:
        with watch_stalls() as watch:
            time.sleep(0.5)
            if not watch.cores:
                pytest.skip("no real-time priority: raise the limit rtprio")
            os.sched_setaffinity(0, {core})
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(HIGHEST_PRIORITY))
            begin = time.monotonic()
            while time.monotonic() < begin + 0.05:
                pass
            os.sched_setscheduler(0, policy, parameter)
            end = time.monotonic()
            time.sleep(0.1)
            stalls = watch.stalls()
    finally:
        os.sched_setscheduler(0, policy, parameter)
        os.sched_setaffinity(0, cores)
    found = [stall for stall in stalls if stall.core == core and stall.begin < end and stall.end > begin]
    assert sum(stall.end - stall.begin for stall in found) > 0.04
