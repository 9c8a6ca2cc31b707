"""Whole hops separated in one call of the native code, which does what `NumpyBackend` does."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.dsp.mask import Sets
from rtsep.dsp.stft import ROOM
from rtsep.dsp.windows import analysis_window, overlap_so_far, synthesis_window
from rtsep.model.card import StepCard
from rtsep.model.gate import StepFile
from rtsep.native.arena import Memory
from rtsep.native.library import HOP, TRANSFORM, address, best_set, load_kernels
from rtsep.native.program import Program, UnknownNode, matrix, steps
from rtsep.types import Audio

SHORTEST = 64  # frames of a transform; longer ones are powers of two


class NativeStep:
    """A step run by native code, see `Step`.

    Parameters
    ----------
    model
        Through the gate.
    instructions
        One of `library.SETS`, for which `load_kernels` found native code.

    Attributes
    ----------
    weight_bytes
        Size of all weights, which a step reads once.
    kernels, program
        What runs, and in which order: for `NativeBackend`, which runs the step among the rest of a hop.

    Raises
    ------
    UnknownNode
        When the graph has a node that the native code does not know.
    """

    def __init__(self, model: StepFile, instructions: str) -> None:
        kernels = load_kernels(instructions)
        if kernels is None:
            raise UnknownNode(f"no native code for {instructions} here")
        self.name = f"native code for {instructions}"
        self.kernels = kernels
        self.program = Program(model, kernels.rtsep_most_inputs(), kernels.rtsep_tiles_together(), kernels.rtsep_zero())
        self.inputs = self.program.inputs
        self.weight_bytes = self.program.weight_bytes
        self.estimates: Audio = self.program.estimates
        self._nodes, self._count = ctypes.c_void_p(address(self.program.nodes)), ctypes.c_int(len(self.program.nodes))

    def run(self) -> None:
        """Advance by one hop."""
        self.kernels.rtsep_step(self._nodes, self._count)

    def reset(self) -> None:
        """Forget the recurrent states."""
        for state in self.program.states.values():
            state.fill(0.0)


def native_step(model: StepFile) -> NativeStep | None:
    """Give the fastest native code, or None where there is none for this processor or this graph."""
    instructions = best_set()
    if instructions is None:
        return None
    try:
        return NativeStep(model, instructions)
    except UnknownNode:
        return None


def has_transforms(card: StepCard) -> bool:
    """Whether the native code has transforms of all lengths of a model."""
    return all(length >= SHORTEST and length & (length - 1) == 0 for length in (card.geometry.analysis, *card.contexts))


class NativeBackend:
    """Hops in native code, see `Backend`.

    All of its state lies in arrays here, next to the weights of the step; the native code is told where.

    Parameters
    ----------
    step
        Whose recurrent state belongs to this stream.
    card
        Of its model, one that `has_transforms`.
    channels
        Number of audio channels.
    requested
        What each output is made of, from `wanted_sets`, (outputs, stems).
    """

    def __init__(self, step: NativeStep, card: StepCard, channels: int, requested: Sets) -> None:
        self.name, geometry, wanted = step.name, card.geometry, requested
        self.step, self._geometry = step, geometry
        self._shape = (len(wanted), channels)
        self._weight = overlap_so_far(geometry)
        lengths, room = (geometry.analysis, *card.contexts), ROOM * geometry.hop
        memory, rows = step.program.memory, channels + (channels > 1)
        self._line = memory.array((rows, max(lengths) + room))
        self._masks = memory.array((len(wanted), geometry.bins))
        self._tails = memory.array((geometry.synthesis // geometry.hop - 1, *self._shape, geometry.hop))
        self._others = self._places(lengths)
        numbers = {"hop": geometry.hop, "synthesis": geometry.synthesis, "bins": geometry.bins, "channels": channels,
                   "outputs": len(wanted), "stems": wanted.shape[1], "windows": len(lengths),
                   "most_bins": max(lengths) // 2 + 1, "kept": max(lengths), "size": max(lengths) + room,
                   "end": max(lengths), "nodes": len(step.program.nodes),
                   "estimate_row": steps(matrix(step.estimates))[0]}
        arrays = self._others | {"line": self._line, "masks": self._masks, "tails": self._tails}
        self._hop = np.zeros((), HOP)
        for name, value in (numbers | {name: address(array) for name, array in arrays.items()}).items():
            self._hop[name] = value
        self._pointer = ctypes.c_void_p(address(self._hop))
        self.reset()

    def _places(self, lengths: Sequence[int]) -> dict[str, NDArray[Any]]:
        """Make what is not of the state: tables, room to work, and where the step reads and writes."""
        program, geometry, channels = self.step.program, self._geometry, self._shape[1]
        memory, bins = program.memory, geometry.bins
        windows = [analysis_window(length, geometry.synthesis) for length in lengths]
        inputs = [address(array) for array in self.step.inputs.values()]
        return {"forward": np.array([transform(memory, len(window), window) for window in windows]),
                "inverse": transform(memory, geometry.analysis,
                                     synthesis_window(geometry) / np.float32(geometry.analysis)),
                "step": program.nodes, "magnitudes": np.array(inputs, np.uintp), "estimates": self.step.estimates,
                "spectra": memory.array((channels, 2, bins)), "scratch": memory.array((2, max(lengths) // 2 + 1)),
                "sums": memory.array((bins,)), "frame": memory.array((geometry.synthesis,))}

    def push(self, block: Audio, weights: Audio | None) -> Audio:
        """Separate whole hops; see `Backend.push`."""
        frames = block.shape[1]
        if block.strides[1] != block.itemsize:
            block = np.ascontiguousarray(block)
        out = np.empty((*self._shape, frames), np.float32)
        where, step = None, 0
        if weights is not None:
            where = address(weights)
            step = weights[0].size if weights.ndim > 2 and len(weights) > 1 else 0
        self.step.kernels.rtsep_hops(self._pointer, frames // self._geometry.hop, address(block),
                                          block.strides[0] // block.itemsize, where, step, address(out))
        return out

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, see `Backend.preview`."""
        known: Audio = self._tails[0][..., :frames] / self._weight[:frames]
        return known

    def reset(self) -> None:
        """Forget all sound, see `Backend.reset`."""
        self.step.reset()
        self._line.fill(0.0)
        self._tails.fill(0.0)
        self._masks.fill(1.0 / len(self._masks))


def transform(memory: Memory, length: int, window: Audio) -> NDArray[np.void]:
    """Give the native code what it needs to know of one length; the window is of all frames, or of the last ones."""
    points = length // 2
    columns = 1 << (points.bit_length() - 1) // 2
    angles = 2.0 * np.pi / length * np.arange(length // 4 + 1)
    turns = np.exp(-2j * np.pi / points * np.outer(np.arange(columns), np.arange(points // columns)))
    tables = {"window": window, "cosines": np.cos(angles), "sines": np.sin(angles), "turn_real": turns.real,
              "turn_imaginary": turns.imag, "work": np.zeros(4 * points)}
    row = np.zeros((), TRANSFORM)
    row["length"], row["columns"], row["windowed"] = length, columns, len(window)
    for name, table in tables.items():
        row[name] = address(memory.copy(table.astype(np.float32)))
    return row
