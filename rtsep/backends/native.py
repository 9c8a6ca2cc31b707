"""Hops separated in one call of the compiled kernels, which do what `ComposedHops` does."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.backends.native_step import CompiledStep
from rtsep.backends.step_model import StepModel
from rtsep.dsp.mask import Sets
from rtsep.dsp.stft import ROOM
from rtsep.dsp.windows import analysis_window, overlap_so_far, synthesis_window
from rtsep.errors import ModelError
from rtsep.native.arena import Memory
from rtsep.native.library import HOP, TRANSFORM, address
from rtsep.native.program import matrix, steps

Audio = NDArray[np.float32]
SHORTEST = 64  # frames of a transform; longer ones are powers of two


def can_compile(model: StepModel) -> bool:
    """Whether the kernels run the step of this model and have transforms of its lengths."""
    lengths = (model.info.geometry.analysis, *model.info.contexts)
    return isinstance(model.executor, CompiledStep) and all(length >= SHORTEST and length & (length - 1) == 0
                                                            for length in lengths)


class CompiledHops:
    """From hops of the mixture to hops of every output.

    All of its state lies in arrays here, next to the weights of the step; the kernels are told where.

    Parameters
    ----------
    model, channels, wanted
        As of `ComposedHops`; the model is one that `can_compile`.

    Raises
    ------
    ModelError
        When the kernels do not run this model.
    """

    def __init__(self, model: StepModel, channels: int, wanted: Sets) -> None:
        executor, geometry = model.executor, model.info.geometry
        if not isinstance(executor, CompiledStep) or not can_compile(model):
            raise ModelError(f"{model.path}: the compiled kernels do not run this model on this processor")
        self._executor, self._geometry = executor, geometry
        self._shape = (len(wanted), channels)
        self._weight = overlap_so_far(geometry)
        lengths, room = (geometry.analysis, *model.info.contexts), ROOM * geometry.hop
        memory, rows = executor.plan.memory, channels + (channels > 1)
        self._line = memory.array((rows, max(lengths) + room))
        self._masks = memory.array((len(wanted), geometry.bins))
        self._tails = memory.array((geometry.synthesis // geometry.hop - 1, *self._shape, geometry.hop))
        self._others = self._places(model, lengths)
        numbers = {"hop": geometry.hop, "synthesis": geometry.synthesis, "bins": geometry.bins, "channels": channels,
                   "outputs": len(wanted), "stems": wanted.shape[1], "windows": len(lengths),
                   "most_bins": max(lengths) // 2 + 1, "kept": max(lengths), "size": max(lengths) + room,
                   "end": max(lengths), "nodes": len(executor.plan.nodes),
                   "estimate_row": steps(matrix(executor.estimates))[0]}
        arrays = self._others | {"line": self._line, "masks": self._masks, "tails": self._tails}
        self._hop = np.zeros((), HOP)
        for name, value in (numbers | {name: address(array) for name, array in arrays.items()}).items():
            self._hop[name] = value
        self._pointer = ctypes.c_void_p(address(self._hop))
        self.reset()

    def _places(self, model: StepModel, lengths: Sequence[int]) -> dict[str, NDArray[Any]]:
        """Make what is not of the state: tables, room to work, and where the step reads and writes."""
        plan, geometry, channels = self._executor.plan, self._geometry, self._shape[1]
        memory, bins = plan.memory, geometry.bins
        windows = [analysis_window(length, geometry.synthesis) for length in lengths]
        inputs = [address(self._executor.inputs[name]) for name in model.input_names]
        return {"forward": np.array([transform(memory, len(window), window) for window in windows]),
                "inverse": transform(memory, geometry.analysis,
                                     synthesis_window(geometry) / np.float32(geometry.analysis)),
                "step": plan.nodes, "magnitudes": np.array(inputs, np.uintp), "estimates": self._executor.estimates,
                "spectra": memory.array((channels, 2, bins)), "scratch": memory.array((2, max(lengths) // 2 + 1)),
                "sums": memory.array((bins,)), "frame": memory.array((geometry.synthesis,))}

    def push(self, block: Audio, weights: Audio | None) -> Audio:
        """Separate whole hops; parameters and result as of `ComposedHops.push`."""
        frames = block.shape[1]
        if block.strides[1] != block.itemsize:
            block = np.ascontiguousarray(block)
        out = np.empty((*self._shape, frames), np.float32)
        where, step = None, 0
        if weights is not None:
            where = address(weights)
            step = weights[0].size if weights.ndim > 2 and len(weights) > 1 else 0
        self._executor.kernels.rtsep_hops(self._pointer, frames // self._geometry.hop, address(block),
                                          block.strides[0] // block.itemsize, where, step, address(out))
        return out

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, as of `ComposedHops.preview`."""
        known: Audio = self._tails[0][..., :frames] / self._weight[:frames]
        return known

    def reset(self) -> None:
        """Forget all sound, with masks that share it evenly."""
        self._executor.reset()
        self._line.fill(0.0)
        self._tails.fill(0.0)
        self._masks.fill(1.0 / len(self._masks))


def transform(memory: Memory, length: int, window: Audio) -> NDArray[np.void]:
    """Give the kernels what they need to know of one length; the window is of all frames, or of the last ones."""
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
