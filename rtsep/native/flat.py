"""The flat model file: a step model as the C interface opens it, without ONNX, Python or pointers.

A header, the weights, the nodes; little-endian. Nodes say where they read and write by places in an image: the bytes of
the weights, then those of all values. `src/flat.h` has the same layout, and checks all of it when it is opened.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.outputs import prepare_file, temporary_name
from rtsep.errors import AudioFileError, ModelError
from rtsep.model.gate import StepFile, read_step
from rtsep.native.arena import LINE, Memory
from rtsep.native.bindings import address
from rtsep.native.packing import PLAIN
from rtsep.native.program import Program, UnknownNode, matrix, steps

SUFFIX = ".rtsep"
VERSION = 2
_MAGIC = b"RTSEPMDL"
_MOST_CONTEXTS, _MOST_FEATURES, _MOST_STEMS = 4, 8, 16
HEADER = np.dtype([
    ("magic", "S8"), ("version", "<u4"), ("checksum", "<u4"), ("size", "<u8"),
    *((name, "<i4") for name in ("samplerate", "analysis", "synthesis", "hop", "stereo", "stems", "contexts",
                                 "features", "nodes", "states")),
    ("context", "<i4", _MOST_CONTEXTS), ("look_ahead", "<i4"), ("unused", "<i4"),
    ("name", "S104"), ("stem", "S40", _MOST_STEMS),
    *((name, "<u8") for name in ("weights_at", "weights_size", "values_size", "nodes_at", "clear_at")),
    ("feature", "<u8", _MOST_FEATURES), ("estimates", "<u8"), ("estimates_row", "<i8")])
"""The header, as in `flat.h`."""
_PLACES = ("out", "a", "b", "weights", "spans")
FLAT_NODE = np.dtype([*((name, "<i4") for name in ("kind", "rows", "columns", "inputs")),
                      *((name, "<i8") for name in ("out_row", "a_row", "a_column", "b_row", "b_column")),
                      *((name, "<u8") for name in _PLACES)])
"""A node, as in `flat.h`."""
_SUMMED_FROM = HEADER.fields["size"][1] if HEADER.fields else 0  # what the checksum is of


class Image(Memory):
    """Memory whose arrays have places: constants from 0 on, then all others."""

    def __init__(self) -> None:
        super().__init__()
        self._arrays: list[tuple[NDArray[Any], bool]] = []

    def array(self, shape: Sequence[int], dtype: Any = np.float32) -> NDArray[Any]:
        """Return zeros that begin at a line of the caches."""
        array = super().array(shape, dtype)
        self._arrays.append((array, False))
        return array

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a copy, which is constant."""
        kept = super().copy(array)
        self._arrays[-1] = kept, True
        return kept

    def constants(self) -> bytes:
        """Give the bytes of all constants, at their places."""
        return b"".join(array.tobytes() + bytes(-array.nbytes % LINE) for array, constant in self._arrays if constant)

    def values_size(self) -> int:
        """Count the bytes of all that is not constant."""
        return sum(_room(array) for array, constant in self._arrays if not constant)

    def places(self, addresses: NDArray[Any]) -> NDArray[np.uint64]:
        """Places of some addresses; 0 for an address of 0, which nothing reads."""
        arrays = [*(array for array, constant in self._arrays if constant),
                  *(array for array, constant in self._arrays if not constant)]
        ends = np.cumsum([_room(array) for array in arrays])
        places = dict(zip(map(address, arrays), [0, *ends[:-1].tolist()], strict=True))
        begins = np.sort(np.array(list(places), np.uint64))
        within = begins[np.maximum(np.searchsorted(begins, addresses, side="right") - 1, 0)]
        found = np.array([places[int(begin)] for begin in within], np.uint64) + (addresses - within)
        return np.where(addresses == 0, np.uint64(0), found)


def flatten(model: StepFile) -> bytes:
    """Return the flat file of a step model.

    Raises
    ------
    ModelError
        When the native code cannot run it.
    """
    image = Image()
    try:
        program = Program(model, PLAIN, image)
    except UnknownNode as error:
        raise ModelError(f"{model.path}: native code does not run it ({error}), so it cannot be flat") from None
    weights = image.constants()
    nodes, clear = (_flat_nodes(rows, image) for rows in (program.nodes, program.clear))
    header = _header(model, program, image)
    begins = np.cumsum([_lines(HEADER.itemsize), len(weights), _lines(len(nodes))])
    header["weights_at"], header["nodes_at"], header["clear_at"] = begins
    header["weights_size"] = len(weights)
    body = weights + nodes.ljust(_lines(len(nodes)), b"\0") + clear
    header["size"] = int(begins[0]) + len(body)
    return with_checksum(header.tobytes().ljust(int(begins[0]), b"\0") + body)


def with_checksum(file: bytes) -> bytes:
    """Return a flat file with the right checksum."""
    header = np.frombuffer(file, HEADER, 1).copy()
    header["checksum"] = zlib.crc32(file[_SUMMED_FROM:])
    return header.tobytes() + file[HEADER.itemsize:]


def write_flat(model: Path, out: Path) -> None:
    """Write the flat file of a step model.

    Parameters
    ----------
    model
        The `.onnx` file.
    out
        The file to write; an existing flat file is replaced when the new one is whole.

    Raises
    ------
    ModelError
        When the model cannot be read, or the native code cannot run it.
    AudioFileError
        When the file cannot be written, or would replace one of another kind.
    """
    prepare_file(out, "a flat file", (_MAGIC,))
    content = flatten(read_step(model))
    draft = temporary_name(out)
    try:
        draft.write_bytes(content)
        os.replace(draft, out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise AudioFileError(f"cannot write {out}: {error.strerror}; choose another place") from None


def _header(model: StepFile, program: Program, image: Image) -> NDArray[np.void]:
    """Fill in what does not depend on the parts of the file."""
    card, header = model.card, np.zeros((), HEADER)
    fields = {"magic": _MAGIC, "version": VERSION, "samplerate": card.samplerate, "analysis": card.geometry.analysis,
              "synthesis": card.geometry.synthesis, "hop": card.geometry.hop,
              "look_ahead": card.geometry.look_ahead, "stereo": card.stereo,
              "stems": len(card.stems), "contexts": len(card.contexts), "features": len(card.lengths),
              "nodes": len(program.nodes), "states": len(program.clear), "values_size": image.values_size(),
              "name": card.name.encode()[:100], "estimates_row": steps(matrix(program.estimates))[0]}
    for name, value in fields.items():
        header[name] = value
    header["context"][:len(card.contexts)] = card.contexts
    header["stem"][:len(card.stems)] = [stem.encode() for stem in card.stems]
    inputs = [address(program.inputs[name]) for name in card.lengths]
    *features, header["estimates"] = image.places(np.array([*inputs, address(program.estimates)], np.uint64))
    header["feature"][:len(features)] = features
    return header


def _flat_nodes(rows: NDArray[np.void], image: Image) -> bytes:
    """Write nodes with places instead of addresses."""
    flat = np.zeros(len(rows), FLAT_NODE)
    for name in FLAT_NODE.names or ():
        flat[name] = image.places(rows[name].astype(np.uint64)) if name in _PLACES else rows[name]
    return flat.tobytes()


def _room(array: NDArray[Any]) -> int:
    return _lines(array.nbytes)


def _lines(size: int) -> int:
    """Bytes of the whole lines that some bytes take."""
    return size + -size % LINE
