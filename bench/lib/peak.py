"""How many products of 8-bit numbers a second one core can do, and how many the native code does."""

from __future__ import annotations

import ctypes
import os
import platform
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtsep import RtsepError
from rtsep.backends.native import NativeStep
from rtsep.native.arena import Memory
from rtsep.native.bindings import KINDS, NODE, Variant, address
from rtsep.native.packing import BLOCK, TILE, packed
from scripts.build_native import VARIANTS

SOURCE = Path(__file__).with_name("peak.c")
BLOCKS = KINDS.index("MatMulNBits")
TIMES, HOPS = 200, 8  # that a product, or those of a step, are computed in a call
TURN_S = 2e-3  # of one measurement: short, so that some of them are not disturbed
Work = Callable[[], object]


def peak_of(variant: Variant, folder: Path) -> tuple[Work, int]:
    """Compile a loop of nothing but products with a variant's instruction; give it, and its products a call.

    Raises
    ------
    RtsepError
        When it cannot be compiled.
    """
    built = folder / f"peak-{variant.name}.so"
    flags = VARIANTS.get(platform.machine(), {}).get(variant.name, [])
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, "-O3", "-shared", "-fPIC", *flags, str(SOURCE), "-o", str(built)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RtsepError(f"{shlex.join(command)} failed ({error}): the peak needs a C compiler, such as gcc") from None
    code = ctypes.CDLL(str(built))
    code.peak.argtypes, code.peak.restype = (ctypes.c_int64,), ctypes.c_int64
    turns = 20_000
    return lambda: code.peak(turns), int(code.peak(turns))


def step_products(step: NativeStep) -> tuple[Work, int]:
    """Give what computes all 8-bit products of a step one after the other, as a hop does, and their number."""
    nodes = step.program.nodes[step.program.nodes["kind"] == BLOCKS]
    return _all(step.variant, np.tile(nodes, HOPS)), HOPS * int(np.sum(nodes["columns"] * nodes["inputs"]))


def product(variant: Variant, outputs: int, inputs: int, memory: Memory) -> Work:
    """Make a product of its own by random weights, computed `TIMES` times in a call."""
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 256, (outputs, inputs // BLOCK, BLOCK), np.uint8)
    stream = memory.copy(packed(weights, rng.random((outputs, inputs // BLOCK), np.float32), variant.packing))
    value, bias, out = (memory.array((1, size)) for size in (inputs, outputs, outputs + -outputs % TILE))
    value[:] = rng.standard_normal(value.shape)
    node = np.zeros(1, NODE)
    for name, number in {"kind": BLOCKS, "rows": 1, "columns": outputs, "inputs": inputs,
                         "a": address(value), "b": address(bias), "out": address(out),
                         "weights": address(stream)}.items():
        node[name] = number
    return _all(variant, np.repeat(node, TIMES))


def _all(variant: Variant, nodes: NDArray[np.void]) -> Work:
    """Give what runs nodes in one call; they are kept."""

    def work() -> None:
        variant.code.rtsep_step(variant.handle, ctypes.c_void_p(address(nodes)), len(nodes))

    return work


def rates(works: Sequence[tuple[Work, int]], rounds: int) -> list[float]:
    """Products a second of each, the best of some rounds in turns; the time is that of this thread alone."""
    counts = [_calls(work) for work, _ in works]
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for index, ((work, _), count) in enumerate(zip(works, counts, strict=True)):
            work()
            begin = time.thread_time()
            for _ in range(count):
                work()
            best[index] = min(best[index], (time.thread_time() - begin) / count)
    return [size / seconds for (_, size), seconds in zip(works, best, strict=True)]


def _calls(work: Work) -> int:
    """Count the calls that take about a turn."""
    begin, count = time.thread_time(), 0
    while time.thread_time() - begin < TURN_S:
        work()
        count += 1
    return max(1, count)
