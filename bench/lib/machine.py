"""What a measurement was made on: processor, its governor and its memory, priority, versions."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from rich.console import Console
from rich.table import Table

from rtsep import __version__
from rtsep.live.realtime import ENVIRONMENT, ask_for_realtime, missing_environment, stay_awake
from rtsep.native.bindings import best_variant

STREAM_BYTES = 1 << 28  # far more than the caches hold
STREAM_TURNS = 7
FILE_WIDTH = 130  # columns of a table that is not printed to a terminal


def start_like_live() -> None:
    """Start this program again where it lacks the environment of a live run, which libraries read as they load."""
    if os.name == "posix" and (missing := missing_environment()):
        os.execve(sys.executable, sys.orig_argv, os.environ | missing)


def identity() -> dict[str, Any]:
    """Describe the machine, and take the measures of a live run that others feel: priority, no deep sleep."""
    refusal, sleep = ask_for_realtime(), stay_awake().refusal
    return {"processor": processor(), "cores": os.cpu_count(), "governor": _governor(),
            "memory_gb": round(_memory_bytes() / 1e9, 1), "system": platform.platform(),
            "priority": f"ordinary ({refusal})" if refusal else "real-time",
            "sleep": f"deep ({sleep})" if sleep else "light",
            "environment": {name: os.environ.get(name, "") for name in ENVIRONMENT},
            "memory_bandwidth_gb_s": round(memory_bandwidth() / 1e9, 1)}


def versions(models: Iterable[Path]) -> dict[str, Any]:
    """Versions of the parts, and the first digits of every model's SHA-256."""
    variant = best_variant()
    return {"rtsep": __version__, "native": variant.name if variant else "none",
            "onnxruntime": onnxruntime.__version__, "numpy": np.__version__,
            "python": platform.python_version(),
            "models": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in models}}


def memory_bandwidth() -> float:
    """Bytes a second that one core reads from memory: the best of some passes over an array."""
    array = np.ones(STREAM_BYTES // 4, np.float32)
    best = float("inf")
    for _ in range(STREAM_TURNS):
        begin = time.perf_counter()
        array.max()
        best = min(best, time.perf_counter() - begin)
    return STREAM_BYTES / best


def weight_bytes(model: Path) -> int:
    """Bytes of all weights in an ONNX file."""
    graph = onnx.load(model).graph
    return sum(onnx.numpy_helper.to_array(weight).nbytes for weight in graph.initializer)


def resident_bytes() -> int:
    """Memory that this process keeps now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def against_limit(model_bytes: int, p50_ms: float, bandwidth_gb_s: float) -> dict[str, Any]:
    """Time in which memory delivers the weights once, and how many times that a step takes."""
    limit_ms = model_bytes / bandwidth_gb_s / 1e6
    return {"weight_bytes": model_bytes, "bandwidth_limit_ms": limit_ms, "ratio_to_limit": p50_ms / limit_ms}


def against_reading(p50_ms: float, read_ms: float) -> dict[str, Any]:
    """Time in which the weights can be read once under the same condition, and how many times that a step takes."""
    return {"read_p50_ms": read_ms, "ratio_to_read": p50_ms / read_ms}


def print_identified(report: dict[str, Any], *tables: Table) -> None:
    """Print tables below the identity of the machine and the models."""
    machine, found = report["machine"], report["versions"]
    models = ", ".join(f"{name} {digits}" for name, digits in found["models"].items())
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    console.print(f"{machine['processor']}, {machine['cores']} cores, governor {machine['governor']}, priority "
                  f"{machine['priority']}, sleep {machine['sleep']}, memory {machine['memory_bandwidth_gb_s']:g} GB/s "
                  f"a core; rtsep {found['rtsep']}, native code {found['native']}, ONNX Runtime {found['onnxruntime']}"
                  f"{models and f'; {models}'}",
                  highlight=False)
    for table in tables:
        console.print(table)


def processor() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _governor() -> str:
    """How the first core chooses its clock."""
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return path.read_text().strip() if path.exists() else "unknown"


def _memory_bytes() -> int:
    """Size of the main memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
