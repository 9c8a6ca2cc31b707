"""The kernels of a hop, built for some instruction sets; what a call passes to them."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SETS = ("avx512vnni", "avx2", "neon")  # instruction sets, the best one first
NODE = np.dtype([(name, np.int32) for name in ("kind", "rows", "columns", "inputs", "out_row", "a_row", "a_column",
                                               "b_row", "b_column", "unused")]
                + [(name, np.uintp) for name in ("out", "a", "b", "weights", "spans")])
"""One node of a step, as `node.h` has it."""
TRANSFORM = np.dtype([(name, np.int32) for name in ("length", "columns", "windowed", "unused")]
                     + [(name, np.uintp) for name in ("window", "cosines", "sines", "turn_real", "turn_imaginary",
                                                      "work")])
"""One length of transform, as `transform.h` has it."""
HOP = np.dtype([(name, np.int32) for name in ("hop", "synthesis", "bins", "channels", "outputs", "stems", "windows",
                                              "most_bins", "kept", "size", "end", "nodes", "estimate_row", "unused")]
               + [(name, np.uintp) for name in ("forward", "inverse", "step", "magnitudes", "estimates", "line",
                                                "spectra", "scratch", "masks", "sums", "frame", "tails")])
"""A hop of one stream, as `hop.c` has it."""
KINDS = ("Mul", "Add", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "Log", "Sqrt", "copy", "ReduceMean", "Softmax",
         "MatMul", "MatMulNBits")
"""What a node does, in the order of `node.h`."""
_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64


def best_set() -> str | None:
    """Name the best instruction set that this processor has and kernels were built for."""
    return next(filter(load_kernels, SETS), None)


@cache
def load_kernels(instructions: str) -> ctypes.CDLL | None:
    """Load the kernels for an instruction set; None where they were not built, or the processor lacks it."""
    try:
        kernels = ctypes.CDLL(str(kernel_file(instructions)))
        kernels.rtsep_step.argtypes = (_POINTER, _INT)
        kernels.rtsep_hops.argtypes = (_POINTER, _INT, _POINTER, _LONG, _POINTER, _LONG, _POINTER)
        kernels.rtsep_hops.restype = None
        fits = (kernels.rtsep_node_size() == NODE.itemsize and kernels.rtsep_transform_size() == TRANSFORM.itemsize
                and kernels.rtsep_hop_size() == HOP.itemsize and kernels.rtsep_supported())
    except (OSError, AttributeError):  # no such file, no library, or another one
        return None
    return kernels if fits else None


def kernel_file(instructions: str) -> Path:
    """Where the kernels for an instruction set lie."""
    return Path(__file__).parent / f"{instructions}.kernels"


def address(array: NDArray[Any]) -> int:
    """Where an array begins."""
    return int(array.__array_interface__["data"][0])
