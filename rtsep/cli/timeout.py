"""An end to the wait for a sound server that never answers, because it is stopped or has a stuck driver."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rtsep.errors import DeviceError

TIMEOUT_S = 10


@contextmanager
def timeout() -> Iterator[None]:
    """Let the calls to sound servers inside the block end after ten seconds, where the system has such alarms.

    Raises
    ------
    DeviceError
        When they did not answer.
    """
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    previous = signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(TIMEOUT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def _give_up(*_: object) -> None:
    raise DeviceError(f"the sound server has not answered for {TIMEOUT_S} s; start it again")
