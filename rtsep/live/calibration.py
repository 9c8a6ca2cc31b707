"""Which build of a model, on how many threads, is quickest on this computer, and whether that is quick enough."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtsep.audio.clock import BlockClock, ask_for_realtime
from rtsep.errors import RtsepError
from rtsep.model import find_model, installed_models
from rtsep.separator import Separator

MARGIN = 0.7  # of the deadline that the 99th percentile may take
_OTHERS_S = 0.5  # for another model, once the wanted one is too slow
_WARM_UP_HOPS = 20


@dataclass(frozen=True)
class Choice:
    """A build of a model and how it did.

    Parameters
    ----------
    path
        The `.onnx` file.
    threads
        Threads inside one operator.
    name
        Of the model.
    p99_ms, deadline_ms
        99th percentile of the time of a hop, and what a hop lasts.
    """

    path: Path
    threads: int
    name: str
    p99_ms: float
    deadline_ms: float

    @property
    def holds(self) -> bool:
        """Whether it keeps the deadline with a margin."""
        return self.p99_ms <= MARGIN * self.deadline_ms

    def __str__(self) -> str:
        return (f"{self.name}: p99 {self.p99_ms:.1f} of {self.deadline_ms:.1f} ms a hop, {self.threads} "
                f"thread{'s' if self.threads > 1 else ''}")


def builds(model: str) -> list[Path]:
    """Files of a model: `NAME.onnx`, and `NAME.BUILD.onnx` beside it for the same weights in other numbers."""
    path = find_model(model)
    return [path, *sorted(path.parent.glob(f"{path.stem}.*.onnx"))]


def thread_counts() -> tuple[int, ...]:
    """Thread counts worth a try: two only where cores are left for everything else."""
    return (1, 2) if (os.cpu_count() or 1) >= 4 else (1,)


def calibrate(model: str, stems: Sequence[str] | None, channels: int, seconds: float) -> Choice:
    """Time every build on every number of threads, at the pace of a device; return the one with the lowest p99.

    Parameters
    ----------
    model
        Name or path.
    stems, channels
        As for `Separator`.
    seconds
        Time for everything.

    Raises
    ------
    RtsepError
        When the model cannot be loaded.
    """
    candidates = [(path, threads) for path in builds(model) for threads in thread_counts()]
    choices = [_time(path, threads, stems, channels, seconds / len(candidates)) for path, threads in candidates]
    return min(choices, key=lambda choice: choice.p99_ms)


def find_faster(stems: Sequence[str] | None, channels: int) -> Choice | None:
    """Find the shipped model of the lowest latency that holds its deadline; None where none does."""
    holding = []
    for name in installed_models():
        try:
            choice = calibrate(name, stems, channels, _OTHERS_S)
        except RtsepError:  # damaged, or without these stems
            continue
        if choice.holds:
            holding.append(choice)
    return min(holding, key=lambda choice: choice.deadline_ms, default=None)


def _time(path: Path, threads: int, stems: Sequence[str] | None, channels: int, seconds: float) -> Choice:
    separator = Separator(path, channels, stems=stems, threads=threads)
    hop = separator.info.geometry.hop
    separator.set_blocksize(hop)
    hop_s = hop / separator.samplerate
    times = np.zeros(max(1, round(seconds / hop_s)))
    timer = threading.Thread(target=_run_paced, args=(separator, times), name="calibration")
    timer.start()
    timer.join()
    return Choice(path, threads, separator.info.name, 1e3 * float(np.percentile(times, 99)), 1e3 * hop_s)


def _run_paced(separator: Separator, times: np.ndarray) -> None:
    """Fill in the seconds that each hop took, one whenever a device would bring one."""
    ask_for_realtime()
    hop = separator.info.geometry.hop
    noise = (0.1 * np.random.default_rng(0).standard_normal((separator.channels, hop))).astype(np.float32)
    for _ in range(_WARM_UP_HOPS):
        separator.process(noise)
    clock = BlockClock(separator.samplerate, hop)
    for index in range(times.size):
        clock.wait()
        started = time.perf_counter()
        separator.process(noise)
        times[index] = time.perf_counter() - started
