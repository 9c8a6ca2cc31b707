"""Signals come to the session, none is lost, and none ends a process that plays."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rtsep.signals import STOP_SIGNALS, StoppedError, ignore_signals, none_swallowed, signals_blocked
from tests.rigs.jack_server import TIMEOUT_S
from tests.rigs.live import ROOT

CONTEXT = multiprocessing.get_context("spawn")
pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no masks of signals here")


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_while_a_process_starts_is_heard(number: int) -> None:
    heard: list[int] = []
    before = signal.signal(number, lambda number, _: heard.append(number))
    try:
        with signals_blocked():
            signal.pthread_kill(threading.get_ident(), number)  # sent to the process, another thread could take it
            assert heard == []
        assert heard == [number]
    finally:
        signal.signal(number, before)


def _stop(number: int, _: object) -> NoReturn:
    raise StoppedError(number)


@pytest.mark.parametrize(("number", "handler", "error"), [
    (signal.SIGTERM, _stop, StoppedError),
    (signal.SIGINT, signal.default_int_handler, KeyboardInterrupt)])
def test_a_signal_in_a_finaliser_comes_again(number: int, handler: Callable[[int, Any], None],
                                             error: type[BaseException]) -> None:
    class Final:
        def __del__(self) -> None:
            signal.raise_signal(number)

    before = signal.signal(number, handler)
    try:
        with none_swallowed():
            Final()
            with pytest.raises(error):
                time.sleep(TIMEOUT_S)
    finally:
        signal.signal(number, before)


FIRST_PROCESS = """
import multiprocessing, signal
from rtsep.signals import STOP_SIGNALS
from rtsep.signals import signals_blocked
if __name__ == "__main__":
    with signals_blocked():
        process = multiprocessing.get_context("spawn").Process(target=print)
        process.start()
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) >= set(STOP_SIGNALS), "unblocked"
    process.join()
"""


def test_signals_stay_blocked_while_multiprocessing_starts_for_the_first_time(tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text(FIRST_PROCESS)
    subprocess.run([sys.executable, tmp_path / "first.py"], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True,
                   timeout=60)


def survive(pipe: Connection) -> None:
    """Child process: say what is blocked at first, and whether all signals together did any harm in the end."""
    pipe.send(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    ignore_signals()
    for number in (*STOP_SIGNALS, signal.SIGTSTP):
        os.kill(os.getpid(), number)
    pipe.send(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    pipe.send(os.getpgid(0) == os.getpid())


def test_a_process_that_plays_hears_no_signal_from_its_first_moment_on() -> None:
    here, there = CONTEXT.Pipe()
    with signals_blocked():
        process = CONTEXT.Process(target=survive, args=(there,))
        process.start()
    assert here.poll(60.0)
    assert here.recv() >= {*STOP_SIGNALS, signal.SIGTSTP}
    assert here.poll(60.0)
    assert here.recv().isdisjoint({*STOP_SIGNALS, signal.SIGTSTP})
    assert here.poll(60.0)
    assert here.recv(), "a SIGSTOP of the group stops it, and the sound server waits for it"
    process.join()
    assert process.exitcode == 0
