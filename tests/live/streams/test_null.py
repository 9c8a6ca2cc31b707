"""The null device keeps the pace of a device, and ends when it is told."""

from __future__ import annotations

import threading

import pytest

from rtsep.live.clock import BlockClock
from rtsep.live.streams.null import NullStream


class FakeTime:
    """A clock that moves when someone sleeps or works; every sleep comes back late."""

    def __init__(self, oversleep_s: float) -> None:
        self.seconds = 1000.0
        self.oversleep_s = oversleep_s

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        self.seconds += seconds + self.oversleep_s


def test_late_wake_ups_do_not_add_up() -> None:
    time = FakeTime(oversleep_s=0.003)
    clock = BlockClock(44100, 441, time.now, time.sleep)
    for _ in range(100_001):
        assert clock.wait() == 0.0
    assert time.seconds == pytest.approx(1000.0 + 100_000 * 0.01 + 0.003, abs=1e-6)


def test_a_late_block_is_told_and_caught_up() -> None:
    time = FakeTime(oversleep_s=0.0)
    clock = BlockClock(1000, 10, time.now, time.sleep)
    clock.wait()
    time.seconds += 0.025  # the first block's work takes two and a half periods
    assert clock.wait() == pytest.approx(0.015)
    assert clock.wait() == pytest.approx(0.005)
    assert clock.wait() == 0.0
    assert time.seconds == pytest.approx(1000.03)


def test_stream_calls_until_told_otherwise() -> None:
    calls: list[float] = []

    def callback(overdue: float) -> bool:
        calls.append(overdue)
        return len(calls) < 5

    stream = NullStream(callback, 48000, 48)
    stream.start()
    for _ in range(1000):
        if not stream.active:
            break
        threading.Event().wait(0.01)
    assert not stream.active
    assert len(calls) == 5
    assert stream.error is None


def test_stream_stops_when_asked() -> None:
    called = threading.Event()

    def callback(_: float) -> bool:
        called.set()
        return True

    stream = NullStream(callback, 48000, 48)
    stream.start()
    assert stream.active
    assert called.wait(60.0)
    stream.stop()
    assert not stream.active


def test_stream_keeps_what_the_callback_raised() -> None:
    def callback(_: float) -> bool:
        raise ValueError("broken")

    stream = NullStream(callback, 48000, 48)
    stream.start()
    stream.stop()
    assert isinstance(stream.error, ValueError)
