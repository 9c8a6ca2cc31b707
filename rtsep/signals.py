"""Signals that end a program: what they are, and steps and starts of processes that none of them cuts in two.

None is lost either: Python swallows what a handler raises in the middle of a finaliser or of a callback of an import.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
                     if hasattr(signal, name))
"""Of a terminal, its end, and a service manager."""

_OF_GROUPS = STOP_SIGNALS + tuple(getattr(signal, name) for name in ("SIGTSTP",) if hasattr(signal, name))
"""They reach a whole group of processes; Ctrl-Z would stop the sound server too, which waits for its clients."""


_AGAIN_S = 0.01  # until a swallowed signal comes again


class StoppedError(SystemExit):
    """A signal that ends the program; a process that it leaves ends without a traceback.

    Parameters
    ----------
    number
        The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


@contextmanager
def none_swallowed() -> Iterator[None]:
    """Let a signal come again if Python swallowed the `StoppedError` or `KeyboardInterrupt` that its handler raised."""
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    before = sys.unraisablehook

    def come_again(unraisable: sys.UnraisableHookArgs) -> None:
        error = unraisable.exc_value
        ours = threading.current_thread() is threading.main_thread()  # which alone runs handlers
        if not (ours and isinstance(error, StoppedError | KeyboardInterrupt)):
            before(unraisable)
            return
        number = error.number if isinstance(error, StoppedError) else signal.SIGINT
        signal.signal(number, handlers[number])
        threading.Timer(_AGAIN_S, _signal_main_thread, (signal.Signals(number),)).start()

    sys.unraisablehook = come_again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _signal_main_thread(number: signal.Signals) -> None:
    """Send a signal that ends what the main thread waits for, where the system can."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(number)


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


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Start a process that inherits blocked signals, until it calls `unblock_signals` or `ignore_signals`.

    A signal that comes meanwhile reaches both afterwards: blocked ones wait, ignored ones would be lost.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing starts it with the first process, and unblocks signals then
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_GROUPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_signals() -> None:
    """Take signals again, in a process that was started under `signals_blocked`."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_GROUPS)


def ignore_signals() -> None:
    """Leave signals to the parent, in a process that was started under `signals_blocked`.

    The process gets a group of its own, since nothing can ignore a SIGSTOP, which a shell sends to all of a group.
    """
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    for number in _OF_GROUPS:
        signal.signal(number, signal.SIG_IGN)
    unblock_signals()
