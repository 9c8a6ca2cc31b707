"""Signals of a terminal or service manager: the session answers them, and its processes never do."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rtsep import signals
from rtsep.signals import STOP_SIGNALS

_NOT_OURS = STOP_SIGNALS + tuple(getattr(signal, name) for name in ("SIGTSTP",) if hasattr(signal, name))
"""Signals to a whole group of processes; Ctrl-Z would stop the sound server too, which waits for its clients."""


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Start a process that inherits blocked signals, until it has called `ignore_signals`."""
    with signals.signals_blocked(_NOT_OURS):
        yield


def ignore_signals() -> None:
    """Leave signals to the session; to be called first in a process that was started under `signals_blocked`."""
    for number in _NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    signals.unblock_signals(_NOT_OURS)
