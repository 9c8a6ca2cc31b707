"""Where memory ends: a sentence instead of a traceback, also where Linux kills a process that mixes or renders."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager

from rtsep.errors import RtsepError

_KILLED = ("is killed by signal", "exited unexpectedly")  # of torch's loader, which raises them wherever Python is
_LACKING = ("can't allocate memory", "not enough memory", "out of memory")  # of torch


class KilledError(RtsepError):
    """A process that mixes or renders was killed."""

    def __init__(self) -> None:
        super().__init__("a process that mixes or renders was killed, as systems do that run out of memory or of "
                         "/dev/shm; all finished files are whole; go on with fewer --workers or --processes")


@contextmanager
def memory_told() -> Iterator[None]:
    """Raise an `RtsepError` where Python or torch tell that memory was not enough or a process was killed."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, BrokenExecutor) or _says(error, _KILLED):
            raise KilledError from error
        if isinstance(error, MemoryError) or _says(error, _LACKING):
            raise RtsepError("the memory of this computer is not enough; in a recipe take fewer lanes, shorter chunks "
                             "or a smaller network") from error
        raise


def _says(error: Exception, words: tuple[str, ...]) -> bool:
    return any(part in str(error) for part in words)
