"""What all fuzzers share: seeds, limits, damaged bytes, and the sentence that a refusal has to be.

The oracle: an `RtsepError` that says what is wrong, or sound that is finite, bounded and equal to the reference.
"""

from __future__ import annotations

import faulthandler
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rtsep import RtsepError

Rng = np.random.Generator
Attempt = Callable[[int, Path], str]
"""Tries the input of a seed, with a folder for files; returns a word for what became of it, or raises."""

NUMBERS = (0, 1, -1, 2, 3, 7, 16, 33, 64, 65, 1 << 16, 1 << 31, -(1 << 40), 1 << 60)
REFUSED = "refused"
LONGEST_SENTENCE = 600
LIMIT_S = 30.0  # of processor time, for an attempt
STUCK_S = 600.0  # after which the process ends
MOST_BYTES = 2 << 30  # that an attempt may add to the memory of the process


class OutOfTime(BaseException):
    """An attempt took too long; nobody may take it for an error of the input."""


def refused(error: RtsepError) -> str:
    """Check that an error is one line for people."""
    message = str(error)
    assert message.isprintable(), repr(message[:LONGEST_SENTENCE])
    assert 10 < len(message) < LONGEST_SENTENCE, message[:LONGEST_SENTENCE]
    return REFUSED


def damaged(content: bytes, rng: Rng, changes: int, first: int = 128) -> bytes:
    """Change some places of a file, most of them within its first bytes."""
    data = bytearray(content)
    for _ in range(changes):
        if not data:
            break
        at = int(rng.integers(min(len(data), first if rng.random() < 0.6 else len(data))))
        size, number = int(rng.choice([1, 2, 4, 8])), int(rng.choice(NUMBERS))
        match rng.integers(6):
            case 0:
                data[at] ^= 1 << int(rng.integers(8))
            case 1:
                data[at:at + size] = rng.bytes(size)
            case 2:
                order = "little" if rng.random() < 0.5 else "big"
                data[at:at + size] = (number % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type]
            case 3:
                del data[at:at + int(rng.choice([1, 4, 100, len(data)]))]
            case 4:
                data[at:at] = data[at:at + int(rng.choice([1, 4, 100]))]
            case 5:
                data[at:at] = rng.bytes(int(rng.choice([1, 4, 1000])))
    return bytes(data)


def run(attempt: Attempt, seeds: Iterable[int], folder: Path) -> Counter[str]:
    """Count what became of some seeds.

    Raises
    ------
    AssertionError
        With the first seed that is treated wrongly.
    """
    counts: Counter[str] = Counter()
    for seed in seeds:
        try:
            with _limits():
                counts[attempt(seed, folder)] += 1
        except (Exception, OutOfTime) as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    return counts


def hunt(name: str, attempt: Attempt, begin: int, seconds: float, folder: Path) -> list[int]:
    """Try one seed after the other until the time is over, or Ctrl-C; print and return those that fail."""
    end, counts, failed = time.monotonic() + seconds, Counter[str](), list[int]()
    try:
        for seed in count(begin):
            if time.monotonic() > end:
                break
            (folder / "seed").write_text(f"{name} {seed}\n")  # for one that ends the process
            try:
                counts += run(attempt, [seed], folder)
            except AssertionError:
                failed.append(seed)
                traceback.print_exc()
                print(f"{name}: seed {seed} FAILED", flush=True)
    finally:
        print(f"{name}: from seed {begin}: {dict(counts)}, failed: {failed or 'none'}", flush=True)
    return failed


@contextmanager
def _limits() -> Iterator[None]:
    """Bound time and memory."""

    def stop(_number: int, _frame: Any) -> NoReturn:
        raise OutOfTime(f"more than {LIMIT_S:.0f} s")

    before, handler = _peak(), signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    faulthandler.dump_traceback_later(STUCK_S, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGPROF, handler)
    more = _peak() - before
    assert more < MOST_BYTES, f"{more >> 20} MB of memory"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
