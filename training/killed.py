"""Processes that mix or render and are killed, as Linux does to them where memory ends: a sentence, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager

from rtsep.errors import RtsepError

_WORDS = ("is killed by signal", "exited unexpectedly")  # of torch's loader, which raises them wherever Python is


class KilledError(RtsepError):
    """A process that mixes or renders was killed."""

    def __init__(self) -> None:
        super().__init__("a process that mixes or renders was killed, as systems do that run out of memory; all "
                         "finished files are whole; go on with fewer --workers or --processes")


@contextmanager
def kills_told() -> Iterator[None]:
    """Raise `KilledError` where torch or Python tell that a process of theirs was killed."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, BrokenExecutor) or any(words in str(error) for words in _WORDS)):
            raise
        raise KilledError from error
