"""Tells what hangs from what a busy machine keeps waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LONGEST_LOOK_S = 0.1  # a longer time between two looks is one in which the machine let the looker wait too
_MOST_EXCUSED = 6.0  # times its timeout, after which nothing is an excuse


class Watchdog:
    """Watches a counter that has to move.

    Only time in which the watched one could have run counts: long gaps between two looks do not, since then the
    watching process was kept waiting itself, and neither does the time that `excused` tells.

    Parameters
    ----------
    timeout_s
        How long the counter may stand still, in seconds.
    excused
        Seconds, since it was called last, for which the watched one is not to blame.
    """

    def __init__(self, timeout_s: float, excused: Callable[[], float] = lambda: 0.0) -> None:
        self.timeout_s = timeout_s
        self._excused = excused
        self._count: int | None = None
        self._looked = 0.0
        self._still_s = self._blamed_s = 0.0

    def hangs(self, count: int, now: float) -> bool:
        """Look at the counter, at a time in seconds; say whether it has stood still for too long."""
        if count != self._count:
            self._count, self._looked = count, now
            self._still_s = self._blamed_s = 0.0
            return False
        step = min(now - self._looked, _LONGEST_LOOK_S)
        self._looked = now
        self._still_s += step
        self._blamed_s += max(0.0, step - self._excused())
        return self._blamed_s > self.timeout_s or self._still_s > _MOST_EXCUSED * self.timeout_s


@dataclass(frozen=True)
class _Thread:
    """Nanoseconds that a thread has run and has waited for a processor, and whether it is ready for one now."""

    ran: int
    waited: int
    ready: bool


class Starvation:
    """Time for which a process was ready to run and got no processor.

    Parameters
    ----------
    pid
        Its number.
    """

    def __init__(self, pid: int) -> None:
        self._tasks = Path(f"/proc/{pid}/task")
        self._threads: dict[str, _Thread] = {}
        self._looked = time.monotonic_ns()

    def __call__(self) -> float:
        """Seconds since the last call that its most unlucky thread has waited; 0 where the system does not tell."""
        before, self._threads = self._threads, self._read()
        looked, self._looked = self._looked, time.monotonic_ns()
        waits = [self._waited(before[name], thread, self._looked - looked)
                 for name, thread in self._threads.items() if name in before]
        return max(waits, default=0) / 1e9

    @staticmethod
    def _waited(before: _Thread, now: _Thread, elapsed: int) -> int:
        """Nanoseconds between two looks; Linux adds them to its count only when the waiting is over."""
        still = elapsed - (now.ran - before.ran) if now.ready else 0
        return max(now.waited - before.waited, still)

    def _read(self) -> dict[str, _Thread]:
        try:
            return {task.name: _read_thread(task) for task in self._tasks.iterdir()}
        except (OSError, ValueError):  # it ends just now, or this is not Linux
            return {}


def _read_thread(task: Path) -> _Thread:
    ran, waited, *_ = (task / "schedstat").read_text().split()
    state = (task / "stat").read_text().rpartition(") ")[2][:1]
    return _Thread(int(ran), int(waited), state == "R")
