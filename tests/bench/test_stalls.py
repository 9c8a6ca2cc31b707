"""Stalls of the machine: noted when a core was taken away, and laid beside the moments that were late."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bench.lib import stalls as stalls_module
from bench.lib.late_blocks import LateBlocks
from bench.lib.paced import Turns
from bench.lib.stalls import HIGHEST_PRIORITY, Stall, StallWatch, missed_in_stalls, stalled_s, watch_stalls
from rtsep.live.board import new_board
from rtsep.live.counters import LATE_SPANS
from rtsep.live.engine.statistics import Statistics


def test_time_stood_still_is_that_of_one_core_within_the_span() -> None:
    stalls = [Stall(1, 5.0, 5.2), Stall(0, 1.0, 1.01), Stall(0, 5.05, 5.06), Stall(0, 1.02, 1.03)]
    begins, ends = np.array([[0.9, 1.1], [1.005, 1.025], [5.05, 5.06], [5.1, 5.3], [2.0, 3.0]]).T
    np.testing.assert_allclose(stalled_s(begins, ends, stalls), [0.02, 0.01, 0.01, 0.1, 0.0], atol=1e-12)
    np.testing.assert_array_equal(stalled_s(begins, ends, []), np.zeros(5))


def test_turns_that_are_missed_while_the_machine_stands_still_are_counted() -> None:
    due, times = np.arange(5.0), np.array([0.004, 0.012, 0.012, 0.03, 0.009])
    stalls = [Stall(0, 0.0, 0.5), Stall(0, 1.0, 1.0021), Stall(1, 2.005, 2.0069), Stall(1, 2.9, 3.021)]
    assert missed_in_stalls(Turns(due, times), 0.01, stalls) == 2  # the one of 2 s stood still for 1.9 of 2 ms
    assert missed_in_stalls(Turns(due, times), 0.01, []) == 0
    assert missed_in_stalls(Turns(due, times), 0.05, stalls) == 0


def test_a_late_block_is_the_machine_s_if_it_stood_still_for_as_long_as_the_block_was_late() -> None:
    late, board = LateBlocks(), new_board(multiprocessing.get_context("spawn"))
    statistics, begin = Statistics(board, 44100), time.perf_counter()
    late.look(board)
    assert late.beside([], [], 0.01) == {"late_in_stalls": 0, "stalls_by_chance": 0.0, "late_in_moves": 0,
                                         "moves_by_chance": 0.0, "blocks_in_trouble": []}
    statistics.note(begin, begin + 0.012)
    late.look(board)
    statistics.note(begin + 1.0, begin + 1.013)
    late.look(board)
    late.look(board)
    assert late.spans == [(begin, begin + 0.012), (begin + 1.0, begin + 1.013)]
    stalls = [Stall(0, begin - 0.1, begin + 0.0021), Stall(1, begin + 1.001, begin + 1.0039)]
    moves = [Stall(-1, begin - 1.0, begin + 0.001), Stall(-1, begin + 1.012, begin + 1.02)]
    assert late.beside(stalls, [], 0.01)["late_in_moves"] == 0
    found = late.beside(stalls, moves, 0.01)
    assert found["late_in_moves"] == 1  # the second one; the first has an explanation
    assert found["late_in_stalls"] == 1  # the second one stood still for 2.9 ms and was late by 3
    assert [round(block["stood_still_ms"], 3) for block in found["blocks_in_trouble"]] == [2.1, 2.9]
    assert late.beside(stalls, [], 0.01, worker=True)["late_in_stalls"] == 1
    assert late.beside([Stall(0, begin - 9.0, begin + 9.0)], moves[1:], 0.01)["stalls_by_chance"] == 1.0


def test_late_blocks_that_the_board_could_not_keep_are_not_accounted_for() -> None:
    late, board = LateBlocks(), new_board(multiprocessing.get_context("spawn"))
    statistics = Statistics(board, 44100)
    for index in range(LATE_SPANS + 6):
        statistics.note(float(index), index + 0.5)
    late.look(board)
    assert late.spans == [(float(index), index + 0.5) for index in range(6, LATE_SPANS + 6)]


def test_a_core_that_is_taken_away_is_noted() -> None:
    core = min(os.sched_getaffinity(0))
    policy, parameter, cores = os.sched_getscheduler(0), os.sched_getparam(0), os.sched_getaffinity(0)
    try:
        with watch_stalls() as watch:
            if not watch.cores:
                pytest.skip("no real-time priority: raise the limit rtprio")
            os.sched_setaffinity(0, {core})
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(HIGHEST_PRIORITY))
            begin = time.perf_counter()
            while time.perf_counter() < begin + 0.05:
                pass
            os.sched_setscheduler(0, policy, parameter)
            end = time.perf_counter()
            time.sleep(0.1)
            stalls = watch.stalls()
    finally:
        os.sched_setscheduler(0, policy, parameter)
        os.sched_setaffinity(0, cores)
    found = [stall for stall in stalls if stall.core == core and stall.begin < end and stall.end > begin]
    assert sum(stall.end - stall.begin for stall in found) > 0.04


def test_the_time_in_which_a_watched_thread_runs_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    name = Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    monkeypatch.setattr(stalls_module, "MEMORY_THREADS", (name,))
    monkeypatch.setattr(stalls_module, "ROOM", 3)  # after which the watcher ends
    monkeypatch.setattr(stalls_module, "HIGHEST_PRIORITY", 0)
    monkeypatch.setattr(os, "SCHED_FIFO", os.SCHED_OTHER)
    notes = stalls_module._paper(multiprocessing.get_context("spawn"))
    watch = StallWatch({}, notes)
    assert watch.memory_moves() == []
    begin = time.perf_counter()
    watcher = threading.Thread(target=stalls_module._watch_memory, args=notes)
    watcher.start()
    while watcher.is_alive() and time.perf_counter() < begin + 60.0:
        pass  # what runs is this thread's process
    watcher.join(0.0)
    moves = watch.memory_moves()
    assert len(moves) == 3
    assert all(begin < move.begin < move.end < time.perf_counter() for move in moves)
