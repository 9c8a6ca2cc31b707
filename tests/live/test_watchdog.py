"""What hangs is told from what waits for the processor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from rtsep.live.watchdog import Starvation, Watchdog


def looks(watchdog: Watchdog, seconds: float, step: float = 0.05, moving: bool = False) -> bool:
    """Look at a counter for some time, from a moment far away on; say whether it was ever found hanging."""
    count = round(seconds / step)
    return any([watchdog.hangs(index * moving, 1000.0 + index * step) for index in range(count)])


def test_what_moves_does_not_hang_and_what_stands_still_does() -> None:
    assert not looks(Watchdog(1.5), 60.0, moving=True)
    assert not looks(Watchdog(1.5), 1.5)
    assert looks(Watchdog(1.5), 1.7)


def test_time_in_which_the_watcher_did_not_look_does_not_count() -> None:
    assert not looks(Watchdog(1.5), 60.0, step=5.0)
    assert looks(Watchdog(1.5), 100.0, step=5.0)


def test_a_process_that_got_no_processor_is_excused_but_not_for_ever() -> None:
    assert not looks(Watchdog(1.5, excused=lambda: 0.05), 8.0)
    assert looks(Watchdog(1.5, excused=lambda: 0.05), 10.0)
    assert looks(Watchdog(1.5, excused=lambda: 0.01), 2.0)  # it did get most of it


@pytest.fixture
def spinners() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Give two processes that want the same processor for themselves alone."""
    processor = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{processor}}})\nwhile os.getppid() == {os.getpid()}: pass"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="this system does not tell who waits")
def test_a_process_that_waits_for_the_processor_is_told_from_one_that_is_stopped(
        spinners: list[subprocess.Popen[bytes]]) -> None:
    starvation = Starvation(spinners[0].pid)
    starvation()
    until = time.monotonic() + 60.0
    while starvation() < 0.001:
        assert time.monotonic() < until
        time.sleep(0.05)
    spinners[0].send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, spinners[0].pid, os.WSTOPPED)
    starvation()
    time.sleep(0.1)
    assert starvation() == 0.0


def test_a_process_that_is_gone_has_no_excuse() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    starvation = Starvation(process.pid)
    process.wait()
    assert starvation() == 0.0
