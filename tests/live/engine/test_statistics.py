"""Times of callbacks: percentiles as of numpy, and what counts as late."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest

from rtsep.live.board import Board, new_board
from rtsep.live.counters import TIME_BINS
from rtsep.live.engine.statistics import Statistics, percentile_ms, summarise


@pytest.fixture
def board() -> Board:
    return new_board(multiprocessing.get_context("spawn"))


def test_percentiles_agree_with_numpy(board: Board) -> None:
    times_s = np.random.default_rng(2).gamma(2.0, 0.001, 5000)
    statistics = Statistics(board, 44100)
    for seconds in times_s:
        statistics.add(0.0, float(seconds), 256, hops=1, missed=0)
    summary = summarise(board, 44100)
    for got_ms, percent in ((summary.p50_ms, 50), (summary.p99_ms, 99)):
        expected_ms = 1e3 * np.percentile(times_s, percent, method="inverted_cdf")
        assert got_ms == pytest.approx(expected_ms, abs=1.001e-3)
    assert summary.longest_ms == pytest.approx(1e3 * times_s.max())
    assert summary.load == pytest.approx(times_s.sum() / (5000 * 256 / 44100))


def test_late_is_longer_than_the_block(board: Board) -> None:
    statistics = Statistics(board, 1000)
    statistics.add(0.0, 0.0099, 10, hops=1, missed=0)
    statistics.add(0.0, 0.0101, 10, hops=1, missed=0)
    statistics.add(0.0, 0.0101, 20, hops=1, missed=0)
    assert summarise(board, 1000).late_blocks == 1


def test_blocks_without_a_hop_do_not_flatter_the_percentiles(board: Board) -> None:
    statistics = Statistics(board, 44100)
    for _ in range(100):
        statistics.add(0.0, 0.000010, 128, hops=0, missed=0)
        statistics.add(0.0, 0.001, 128, hops=1, missed=0)
    summary = summarise(board, 44100)
    assert summary.p50_ms == pytest.approx(1.0, abs=2e-3)
    assert (summary.callbacks, summary.hops) == (200, 100)


def test_times_beyond_the_histogram_count_in_its_last_bin(board: Board) -> None:
    statistics = Statistics(board, 44100)
    statistics.add(0.0, 3.0, 256, hops=1, missed=0)
    summary = summarise(board, 44100)
    assert summary.p50_ms == pytest.approx(TIME_BINS / 1e3)
    assert summary.longest_ms == pytest.approx(3000.0)


def test_nothing_played_is_all_zero(board: Board) -> None:
    summary = summarise(board, 44100)
    assert (summary.p99_ms, summary.load, summary.seconds) == (0.0, 0.0, 0.0)
    assert percentile_ms(np.zeros(10, np.uint32), 99.0) == 0.0
