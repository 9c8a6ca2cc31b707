"""Signals that end a program: what they are, and steps that none of them cuts in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
                     if hasattr(signal, name))
"""Of a terminal, its end, and a service manager."""


@contextmanager
def undivided() -> Iterator[None]:
    """Let signals whose handlers may raise wait until the block is done; in the main thread, which alone has them.

    Between making a file and noting that it has to be removed, an exception would leave it behind. Masks of the
    system do not help: a signal that another thread takes is handled by this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    found = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    before: dict[int, Any] = {number: handler for number, handler in found.items() if callable(handler)}
    try:
        for number in before:
            signal.signal(number, lambda number, _: waiting.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)
