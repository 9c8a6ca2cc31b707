"""The native code of a hop: one library with a variant for each kind of processor, and what a call passes to it.

A library that was built from other sources than those beside it, or whose structures differ from what is written here,
is not used.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.native.identity import LIBRARY, sources_hash
from rtsep.native.packing import Packing

KINDS = ("Mul", "Add", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "Log", "Sqrt", "copy", "ReduceMean", "Softmax",
         "MatMul", "MatMulNBits")
"""What a node does, in the order of `program.h`."""
FEATURE_KINDS = {("magnitude", False): 0, ("context", False): 1, ("magnitude", True): 2, ("context", True): 3,
                 ("cross", True): 4, ("difference", True): 5}
"""Kinds of features, as in `program.h`, by what they are and whether the model looks at all channels."""
_INT, _STRIDE, _POINTER = ctypes.c_int32, ctypes.c_ssize_t, ctypes.c_void_p
STRUCTURES: dict[str, dict[str, Any]] = {
    "Node": dict.fromkeys(("kind", "rows", "columns", "inputs"), _INT)
    | dict.fromkeys(("out_row", "a_row", "a_column", "b_row", "b_column"), _STRIDE)
    | dict.fromkeys(("out", "a", "b", "weights", "spans"), _POINTER),
    "Transform": dict.fromkeys(("length", "columns", "windowed", "unused"), _INT)
    | dict.fromkeys(("window", "cosines", "sines", "twiddle_real", "twiddle_imaginary"), _POINTER),
    "Feature": dict.fromkeys(("kind", "bins"), _INT) | dict.fromkeys(("transform", "values"), _POINTER),
    "Plan": dict.fromkeys(("hop", "synthesis", "bins", "channels", "outputs", "stems", "features", "nodes", "longest",
                           "history_size", "scratch_bins", "states", "look_ahead", "unused"), _INT)
    | {"estimates_row": _STRIDE}
    | dict.fromkeys(("forward", "inverse", "feature", "node", "clear", "estimates"), _POINTER),
    "State": dict.fromkeys(("end", "spoilt", "newest", "pair"), _INT)
    | dict.fromkeys(("history", "spectra", "scratch", "masks", "sums", "frame", "tails", "work", "mid",
                       "pair_sums"), _POINTER),
    "Variant": {"name": _POINTER} | dict.fromkeys(("tiles_together", "zero_point", "most_inputs", "unused"), _INT)
    | dict.fromkeys(("step", "hops"), _POINTER)}
"""Fields of the structures of `program.h`, in their order."""


class _Field(ctypes.Structure):
    """A field, as `layout.c` lists it."""

    _fields_ = (("structure", ctypes.c_char_p), ("name", ctypes.c_char_p), ("offset", _INT), ("size", _INT),
                ("pointer", _INT), ("structure_size", _INT))


class NativeError(Exception):
    """The native code cannot be used; the message says why."""


@dataclass(frozen=True)
class Variant:
    """The native code for one kind of processor.

    Attributes
    ----------
    name
        As in `scripts/build_native.py`.
    code
        Library that it is a part of.
    handle
        Where it stands there, for its calls.
    packing
        How it reads weights.
    """

    name: str
    code: ctypes.CDLL
    handle: ctypes.c_void_p
    packing: Packing


def best_variant() -> Variant | None:
    """Give the best variant that this processor can run, or None where there is no native code."""
    return next(iter(variants().values()), None)


def variants() -> dict[str, Variant]:
    """Give the variants that this processor can run by name, the best one first."""
    try:
        return load(library_file())
    except NativeError:
        return {}


@cache
def load(path: Path) -> dict[str, Variant]:
    """Load the variants of a library.

    Raises
    ------
    NativeError
        When there is no library, or one that does not belong to this rtsep.
    """
    try:
        code = ctypes.CDLL(str(path))
        code.rtsep_build.restype = ctypes.c_char_p
        built_from = code.rtsep_build().decode()
    except (OSError, AttributeError) as error:
        raise NativeError(f"not built ({error}); install a C compiler, then rtsep again") from None
    if built_from != sources_hash(Path(__file__).parent / "src"):
        raise NativeError(f"{path.name} was built from other sources: install rtsep again")
    _check_structures(code)
    _declare(code)
    handles = (code.rtsep_variant(index) for index in range(code.rtsep_variants()))
    return {variant.name: variant for variant in (_variant(code, handle) for handle in handles if handle)}


def native_state() -> str:
    """Say which variants this processor can run, or why there are none."""
    try:
        return ", ".join(load(library_file()))
    except NativeError as error:
        return str(error)


def library_file() -> Path:
    """Where the library lies."""
    return Path(__file__).parent / LIBRARY


def address(array: NDArray[Any]) -> int:
    """Where an array begins."""
    return int(array.__array_interface__["data"][0])


def structure(name: str) -> np.dtype[np.void]:
    """Give the type of one of `STRUCTURES`."""
    numbers = {_INT: np.int32, _STRIDE: np.intp, _POINTER: np.uintp}
    return np.dtype([(field, numbers[kind]) for field, kind in STRUCTURES[name].items()])


NODE, TRANSFORM, FEATURE, PLAN, STATE = map(structure, ("Node", "Transform", "Feature", "Plan", "State"))


def _check_structures(code: ctypes.CDLL) -> None:
    """Compare names, places and sizes of all fields with what is written here."""
    count = ctypes.c_int()
    code.rtsep_fields.restype = ctypes.POINTER(_Field)
    listed = code.rtsep_fields(ctypes.byref(count))
    found = [(field.structure.decode(), field.name.decode(), field.offset, field.size, bool(field.pointer),
              field.structure_size) for field in listed[:count.value]]
    expected = []
    for name, fields in STRUCTURES.items():
        size, offset = structure(name).itemsize, 0
        for field, kind in fields.items():
            expected.append((name, field, offset, ctypes.sizeof(kind), kind is _POINTER, size))
            offset += ctypes.sizeof(kind)
    if found != expected:
        wrong = next((one for one in found if one not in expected), "fewer fields")
        raise NativeError(f"its structures are others ({wrong}): install rtsep again")


def _declare(code: ctypes.CDLL) -> None:
    """Say what the calls take and give."""
    code.rtsep_variant.restype = _POINTER
    code.rtsep_step.argtypes = (_POINTER, _POINTER, ctypes.c_int)
    code.rtsep_step.restype = None
    code.rtsep_hops.argtypes = (_POINTER, _POINTER, _POINTER, ctypes.c_int, _POINTER, _STRIDE, _POINTER, _STRIDE,
                                _POINTER)
    code.rtsep_hops.restype = None


def _variant(code: ctypes.CDLL, handle: int) -> Variant:
    layout = structure("Variant")
    row = np.frombuffer((ctypes.c_char * layout.itemsize).from_address(handle).raw, layout)[0]
    name = ctypes.string_at(int(row["name"])).decode()
    packing = Packing(int(row["tiles_together"]), int(row["zero_point"]), int(row["most_inputs"]))
    return Variant(name, code, ctypes.c_void_p(handle), packing)
