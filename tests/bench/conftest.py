"""What a bench does to its process, taken back after each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rtsep.live.realtime import WAKE_UP


@pytest.fixture(autouse=True)
def _ordinary_process() -> Iterator[None]:
    """Give back the priority that a measurement takes, and its wish for quick wake-ups."""
    yield
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them is gone already
            if handle.readlink() == WAKE_UP:
                os.close(int(handle.name))
