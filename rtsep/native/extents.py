"""A last look at a program before it runs: whether each row stays within the arrays that it points into.

This knows nothing of how the rows were made, only what the native code does with them.
"""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from rtsep.errors import ModelError
from rtsep.native.arena import Memory
from rtsep.native.bindings import KINDS
from rtsep.native.packing import BLOCK, TILE

_PAIRS = ("Mul", "Add", "Sub", "Div")
_LENGTH = 4  # bytes of a number
_NOWHERE = (0, 1)  # in no array


def check_rows(nodes: NDArray[np.void], memory: Memory) -> None:
    """Check every row of a program.

    Parameters
    ----------
    nodes
        Of `NODE`.
    memory
        Where everything lies.

    Raises
    ------
    ModelError
        When a row would read or write outside of an array.
    """
    for row in nodes:
        kind = KINDS[row["kind"]]
        if row["rows"] < 1 or row["columns"] < 1 or not all(memory.holds(begin, size) for begin, size
                                                            in _stretches(kind, row, memory)):
            raise ModelError(f"a {kind} of {row['rows']} x {row['columns']} would leave its memory: this is a mistake "
                             f"of rtsep; use --provider onnxruntime, and report it with the model")


def _stretches(kind: str, row: NDArray[np.void], memory: Memory) -> list[tuple[int, int]]:
    """Return where a row reads and writes: addresses and bytes."""
    rows, columns, inputs = (int(row[name]) for name in ("rows", "columns", "inputs"))
    found = [_matrix(row, "out", rows, 1 if kind == "ReduceMean" else columns)]
    if kind in _PAIRS:
        return [*found, *(_matrix(row, name, rows, columns if row[f"{name}_column"] else 1) for name in "ab"),
                *([_NOWHERE] if columns > 1 and not row["a_column"] and not row["b_column"] else [])]
    if kind in ("ReduceMean", "MatMul", "MatMulNBits"):
        found.append(_matrix(row, "a", rows, inputs))
    else:
        found.append(_matrix(row, "a", rows, columns))
    if kind == "MatMul":
        found += _of_bands(row, columns, inputs, memory)
    if kind == "MatMulNBits":
        blocks = -(-inputs // BLOCK)
        found += [(int(row["b"]), _LENGTH * columns), (int(row["weights"]), columns * blocks * (BLOCK + _LENGTH)),
                  *([_NOWHERE] if rows > 1 or columns % TILE else [])]
    return found


def _matrix(row: NDArray[np.void], name: str, rows: int, columns: int) -> tuple[int, int]:
    """Return where a matrix with its columns side by side lies; the step between its rows is not negative."""
    apart = int(row[f"{name}_row"])
    return (int(row[name]), _LENGTH * ((rows - 1) * apart + columns)) if apart >= 0 else _NOWHERE


def _of_bands(row: NDArray[np.void], columns: int, inputs: int, memory: Memory) -> list[tuple[int, int]]:
    """Return where a banded product has its spans and weights, or nowhere where a span leaves the inputs."""
    begin, size = int(row["spans"]), 2 * _LENGTH * columns
    if not memory.holds(begin, size):
        return [_NOWHERE]
    content = memoryview((ctypes.c_int32 * (2 * columns)).from_address(begin)).cast("B")
    spans = np.frombuffer(content, np.int32).reshape(-1, 2)
    inside = np.all(spans >= 0) and np.all(spans.sum(axis=1) <= inputs)
    return [(int(row["weights"]), _LENGTH * int(spans[:, 1].sum())) if inside else _NOWHERE]
