"""Whether a model is quick enough for this computer, and which other one is where it is not.

`calibrate` and `calibrate_others` measure; `decide` draws the conclusions from what was measured.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rtsep.errors import RtsepError
from rtsep.live.clock import BlockClock
from rtsep.live.realtime import ask_for_realtime
from rtsep.model.catalogue import find_model, installed_models
from rtsep.separator import Separator, runs_at

MARGIN = 0.7  # of the deadline that the 99th percentile may take
_OTHERS_S = 0.5  # for another model, once the requested one is too slow
_WARM_UP_HOPS = 20


@dataclass(frozen=True)
class Period:
    """Length of a device's blocks.

    Parameters
    ----------
    frames
        Frames of a block.
    samplerate
        Of the device, in Hz; None for the model's.
    """

    frames: int
    samplerate: int | None = None

    def at(self, samplerate: int) -> float:
        """Frames of a block at another sample rate, in Hz."""
        return self.frames * samplerate / (self.samplerate or samplerate)


@dataclass(frozen=True)
class Choice:
    """A model and how it did.

    Parameters
    ----------
    path
        The `.onnx` file.
    name
        Of the model.
    p99_ms
        99th percentile of the time of a hop.
    hop, latency, samplerate
        Of the model: frames, frames and Hz.
    period
        Blocks of the device where the callback runs the model; None where the model has all of a hop's time,
        or where the device has not told yet.
    """

    path: Path
    name: str
    p99_ms: float
    hop: int
    latency: int
    samplerate: int
    period: Period | None = None

    @property
    def deadline_ms(self) -> float:
        """What a hop may take: a callback runs all hops that end in its block, ceil(period / hop) at the most."""
        frames = float(self.hop)
        if self.period is not None:
            period = self.period.at(self.samplerate)
            frames = period / math.ceil(period / self.hop)
        return 1e3 * frames / self.samplerate

    @property
    def holds(self) -> bool:
        """Whether it keeps the deadline with a margin."""
        return self.p99_ms <= MARGIN * self.deadline_ms

    def __str__(self) -> str:
        periods = "" if self.period is None else f" in periods of {self.period.frames} frames"
        return f"{self.name}: p99 {self.p99_ms:.1f} of {self.deadline_ms:.1f} ms a hop{periods}"


def decide(requested: Choice, others: Sequence[Choice], auto: bool) -> tuple[Choice, list[str]]:
    """Say whether a model holds its deadline, and which one does where it cannot.

    Parameters
    ----------
    requested
        How the requested model did.
    others
        How the other ones did; of those that hold, the one of the lowest latency is named.
    auto
        Whether that one is taken.

    Returns
    -------
    choice, sentences
        What to play, and what to tell the user.
    """
    if requested.holds:
        return requested, [f"{requested}: holds its deadline"]
    holding = min((other for other in others if other.holds), key=lambda other: other.latency / other.samplerate,
                  default=None)
    slow = f"{requested}: too slow for this computer"
    if holding is not None and auto:
        return holding, [f"{slow}; {holding}: holds its deadline, and is taken"]
    ways = [] if holding is None else [f"--model {holding.name}", "--auto"]
    if requested.period is not None and replace(requested, period=None).holds:
        ways.append("--engine worker, which has all of a hop's time")
    found = "no other shipped model holds its own" if holding is None else f"{holding}: holds its deadline"
    return requested, [f"{slow}; {found}", *([f"ways out: {', or '.join(ways)}"] if ways else [])]


def calibrate(model: str, stems: Sequence[str] | None, channels: int, seconds: float,
              period: Period | None = None, rate: int | None = None) -> Choice:
    """Time a model at the pace of a device.

    Parameters
    ----------
    model
        Name or path.
    stems, channels
        As for `Separator`.
    seconds
        Time for everything.
    period
        See `Choice`.
    rate
        Of the device in Hz; None, or one at which the model does not run, for the model's own.

    Raises
    ------
    RtsepError
        When the model cannot be loaded.
    """
    separator = Separator(model, channels, stems=stems)
    geometry = separator.info.geometry
    if rate is not None and runs_at(separator.info.samplerate, rate):
        separator.set_samplerate(rate)
    separator.set_blocksize(geometry.hop)
    times: list[float] = []
    timer = threading.Thread(target=_run_paced, args=(separator, seconds, times), name="calibration")
    timer.start()
    timer.join()
    return Choice(find_model(model), separator.info.name, 1e3 * float(np.percentile(times, 99)), geometry.hop,
                  geometry.latency, separator.samplerate, period)


def calibrate_others(model: str, stems: Sequence[str] | None, channels: int, period: Period | None,
                     rate: int | None) -> list[Choice]:
    """Calibrate every shipped model but this one; those that are damaged or lack a stem are left out."""
    choices = []
    for name, path in installed_models().items():
        if path != find_model(model):
            with suppress(RtsepError):
                choices.append(calibrate(name, stems, channels, _OTHERS_S, period, rate))
    return choices


def _run_paced(separator: Separator, seconds: float, times: list[float]) -> None:
    """Append the seconds that each hop took, one whenever a device would bring one, until the time is over."""
    ask_for_realtime()
    hop = separator.info.geometry.hop
    noise = (0.1 * np.random.default_rng(0).standard_normal((separator.channels, hop))).astype(np.float32)
    for _ in range(_WARM_UP_HOPS):
        separator.process(noise)
    clock, end = BlockClock(separator.samplerate, hop), time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        clock.wait()
        started = time.perf_counter()
        separator.process(noise)
        times.append(time.perf_counter() - started)
