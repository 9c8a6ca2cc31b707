"""Time of one hop, paced as a device paces it, beside a bare paced loop: python -m bench.latency.

Back to back, caches stay warm and a hop looks two to four times faster than it is on stage; so every hop
here waits for its turn. The bare loop does nothing at each turn: what it misses is the machine's fault.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from rich.console import Console
from rich.table import Table

from rtsep import RtsepError, Separator, __version__
from rtsep.audio.clock import ask_for_realtime
from rtsep.model import installed_models

WARM_UP_HOPS = 200


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 1 when a model misses a deadline although the bare loop misses none."""
    parser = argparse.ArgumentParser("python -m bench.latency", description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", metavar="NAME", help="default: every shipped model")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement")
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        report = measure(options.model or list(installed_models()), options.seconds, options.channels)
    except RtsepError as error:
        print(f"bench.latency: {error}", file=sys.stderr)
        return 2
    show(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    missed = any(result["misses"] for result in report["results"])
    return int(missed and not report["noise_floor"]["misses"])


def measure(models: list[str], seconds: float, channels: int) -> dict[str, Any]:
    """Measure models one after the other, and the bare loop at the shortest of their hops."""
    ask_for_realtime()
    results = [measure_model(model, seconds, channels) for model in models]
    hop_s = min(result["hop_ms"] for result in results) / 1000.0
    return {"machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
            "versions": {"rtsep": __version__, "onnxruntime": onnxruntime.__version__, "numpy": np.__version__,
                         "python": platform.python_version()},
            "results": results, "noise_floor": statistics(paced(lambda: None, hop_s, seconds), hop_s)}


def measure_model(model: str, seconds: float, channels: int) -> dict[str, Any]:
    """Time whole hops of a separator: transform, step model, mask and inverse."""
    hop = Separator(model, channels).info.geometry.hop
    separator = Separator(model, channels, blocksize=hop)
    rng = np.random.default_rng(1)
    blocks = [0.1 * rng.standard_normal((channels, hop)).astype(np.float32) for _ in range(64)]
    turn = iter(range(1 << 60))

    def step() -> None:
        separator.process(blocks[next(turn) % len(blocks)])

    for _ in range(WARM_UP_HOPS):
        step()
    hop_s = hop / separator.samplerate
    return {"model": model, "provider": "CPU", "threads": 1, "channels": channels, "paced": True,
            "hop_ms": 1000 * hop_s, **statistics(paced(step, hop_s, seconds), hop_s)}


def paced(work: Callable[[], None], period_s: float, seconds: float) -> np.ndarray:
    """Do the work once a period; return how long after the beginning of its period each one ended, s."""
    times = np.empty(round(seconds / period_s))
    begin = time.perf_counter() + period_s
    for index in range(times.size):
        turn = begin + index * period_s
        while (left := turn - time.perf_counter()) > 0:
            time.sleep(left)
        work()
        times[index] = time.perf_counter() - turn
    return times


def statistics(times: np.ndarray, deadline_s: float) -> dict[str, Any]:
    """Percentiles in ms, misses and load of measured times."""
    p50, p95, p99, p999 = 1000 * np.percentile(times, [50, 95, 99, 99.9])
    return {"deadline_ms": 1000 * deadline_s, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "p999_ms": p999,
            "max_ms": 1000 * times.max(), "misses": int(np.sum(times > deadline_s)), "hops": times.size,
            "load_percent": 100 * times.mean() / deadline_s}


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("model", "deadline", "p50", "p95", "p99", "p99.9", "max", "misses", "load",
                  title=f"time of a hop in ms, paced, {report['machine']['processor']}")
    for row in [*report["results"], report["noise_floor"] | {"model": "bare loop"}]:
        table.add_row(row["model"], *(f"{row[name]:.2f}" for name in (
            "deadline_ms", "p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")),
            f"{row['misses']} of {row['hops']}", f"{row['load_percent']:.1f} %")
    Console().print(table)


def _processor() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
