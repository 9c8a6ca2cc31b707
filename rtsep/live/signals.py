"""Signals of a terminal or service manager: the session answers them, and its processes never do."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from rtsep.files.undivided import STOP_SIGNALS

_NOT_OURS = STOP_SIGNALS + tuple(getattr(signal, name) for name in ("SIGTSTP",) if hasattr(signal, name))
"""Signals to a whole group of processes; Ctrl-Z would stop the sound server too, which waits for its clients."""


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Start a process that inherits blocked signals, until it has called `ignore_signals`.

    A signal that comes meanwhile reaches this process afterwards: blocked ones wait, ignored ones would be lost.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing starts it with the first process, and unblocks signals then
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_OURS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_signals() -> None:
    """Leave signals to the session; to be called first in a process that was started under `signals_blocked`."""
    for number in _NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _NOT_OURS)
