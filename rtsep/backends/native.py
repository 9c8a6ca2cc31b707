"""Whole hops separated in one call of the native code, which does what `NumpyBackend` does."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.backends.step import all_finite
from rtsep.dsp.mask import Sets
from rtsep.dsp.stft import SPARE_HOPS, silence_bad
from rtsep.dsp.windows import analysis_window, overlap_so_far, synthesis_window
from rtsep.model.card import StepCard
from rtsep.model.gate import StepFile
from rtsep.native.arena import Memory
from rtsep.native.bindings import FEATURE, FEATURE_KINDS, PLAN, STATE, TRANSFORM, Variant, address, best_variant
from rtsep.native.program import Program, UnknownNode, matrix, steps
from rtsep.types import Audio

SCALAR = "scalar"  # the variant that needs no processor of its own
SHORTEST = 64  # frames of a transform; longer ones are powers of two


class NativeStep:
    """A step run by native code, see `Step`.

    Parameters
    ----------
    model
        Through the gate.
    variant
        Of the native code, one that this processor can run.

    Attributes
    ----------
    weight_bytes
        Size of all weights, which a step reads once.
    variant, program
        What runs, and in which order: for `NativeBackend`, which runs the step among the rest of a hop.

    Raises
    ------
    UnknownNode
        When the graph has a node that the native code does not know.
    """

    def __init__(self, model: StepFile, variant: Variant) -> None:
        self.name = f"native code for {variant.name}" if variant.name != SCALAR else "native code for any processor"
        self.variant = variant
        self.program = Program(model, variant.packing)
        self.inputs = self.program.inputs
        self.weight_bytes = self.program.weight_bytes
        self.estimates: Audio = self.program.estimates
        self._nodes, self._count = ctypes.c_void_p(address(self.program.nodes)), ctypes.c_int(len(self.program.nodes))

    def run(self) -> None:
        """Advance by one hop."""
        self.variant.code.rtsep_step(self.variant.handle, self._nodes, self._count)

    def is_sound(self) -> bool:
        """Whether estimates and states are finite."""
        return all_finite((self.estimates, *self.program.states.values()))

    def reset(self) -> None:
        """Forget the recurrent states."""
        for state in self.program.states.values():
            state.fill(0.0)


def native_step(model: StepFile) -> NativeStep | None:
    """Give the fastest native code, or None where there is none for this processor or this graph."""
    variant = best_variant()
    if variant is None:
        return None
    try:
        return NativeStep(model, variant)
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
    step, card, channels, requested
        As of `rtsep.backends.reference.NumpyBackend`; the card is one that `has_transforms`.
    """

    def __init__(self, step: NativeStep, card: StepCard, channels: int, requested: Sets) -> None:
        self.name, self.step, self._geometry = step.name, step, card.geometry
        self._shape = (len(requested), channels)
        self._weight = overlap_so_far(card.geometry)
        self._longest = max(card.geometry.analysis, *card.contexts) if card.contexts else card.geometry.analysis
        self._arrays = self._state_arrays()
        self._state = _filled(STATE, {name: address(array) for name, array in self._arrays.items()})
        self._tables = self._constant_tables(card)
        self._plan = _filled(PLAN, self._numbers(card, requested)
                             | {name: address(table) for name, table in self._tables.items()})
        self._pointers = ctypes.c_void_p(address(self._plan)), ctypes.c_void_p(address(self._state))
        self.reset()

    @property
    def _history_size(self) -> int:
        return self._longest + SPARE_HOPS * self._geometry.hop

    def _numbers(self, card: StepCard, requested: Sets) -> dict[str, int]:
        geometry, (outputs, channels) = self._geometry, self._shape
        return {"hop": geometry.hop, "synthesis": geometry.synthesis, "bins": geometry.bins, "channels": channels,
                "outputs": outputs, "stems": requested.shape[1], "features": len(card.inputs),
                "nodes": len(self.step.program.nodes), "longest": self._longest, "history_size": self._history_size,
                "scratch_bins": self._longest // 2 + 1, "states": len(self.step.program.clear),
                "look_ahead": geometry.look_ahead, "estimates_row": steps(matrix(self.step.estimates))[0]}

    def _state_arrays(self) -> dict[str, Audio]:
        """Make what moves, by its name in the state."""
        memory, geometry, (outputs, channels) = self.step.program.memory, self._geometry, self._shape
        tails = (geometry.synthesis // geometry.hop - 1, *self._shape, geometry.hop)
        shapes = {"history": (channels, self._history_size), "masks": (outputs, geometry.bins),
                  "tails": tails, "spectra": (1 + geometry.look_ahead, channels, 2, geometry.bins),
                  "scratch": (2, self._longest // 2 + 1), "sums": (geometry.bins,), "frame": (geometry.synthesis,),
                  "work": (2 * self._longest,), "mid": (self._longest,), "pair_sums": (3,)}
        return {name: memory.array(shape) for name, shape in shapes.items()}

    def _constant_tables(self, card: StepCard) -> dict[str, NDArray[Any]]:
        """Make what is constant, by its name in the plan."""
        memory, geometry = self.step.program.memory, self._geometry
        self._transforms = {length: transform(memory, length, analysis_window(length, geometry.synthesis))
                            for length in (geometry.analysis, *card.contexts)}  # whose addresses the features hold
        features = [_filled(FEATURE, {"kind": FEATURE_KINDS[name.partition("_")[0], card.stereo],
                                      "bins": length // 2 + 1, "transform": address(self._transforms[length]),
                                      "values": address(self.step.inputs[name])})
                    for name, length in card.lengths.items()]
        back = synthesis_window(geometry) / np.float32(geometry.analysis)
        return {"forward": self._transforms[geometry.analysis], "inverse": transform(memory, geometry.analysis, back),
                "feature": np.array(features), "node": self.step.program.nodes,
                "clear": self.step.program.clear, "estimates": self.step.estimates}

    @property
    def spoilt_hops(self) -> int:
        """Hops that the model spoilt, see `Backend`."""
        return int(self._state["spoilt"])

    def push(self, block: Audio, weights: Audio | None) -> Audio:
        """Separate whole hops, see `Backend.push`."""
        frames = block.shape[1]
        if block.strides[1] != block.itemsize:
            block = np.ascontiguousarray(block)
        out = np.empty((*self._shape, frames), np.float32)
        where, stride = None, 0
        if weights is not None:
            where = address(weights)
            stride = weights[0].size if weights.ndim > 2 and len(weights) > 1 else 0
        variant = self.step.variant
        variant.code.rtsep_hops(variant.handle, *self._pointers, frames // self._geometry.hop, address(block),
                                block.strides[0] // block.itemsize, where, stride, address(out))
        return out

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, see `Backend.preview`."""
        known: Audio = self._arrays["tails"][0][..., :frames] / self._weight[:frames]
        return known

    def forget(self) -> None:
        """Let the model start anew, see `Backend.forget`."""
        self.step.reset()
        self._forget_pair()
        silence_bad(self._arrays["spectra"])
        silence_bad(self._arrays["tails"])

    def reset(self) -> None:
        """Forget all sound, see `Backend.reset`."""
        self.step.reset()
        self._state["end"], self._state["newest"] = self._longest, 0
        self._forget_pair()
        for name in ("history", "spectra", "tails"):
            self._arrays[name].fill(0.0)
        self._arrays["masks"].fill(1.0 / len(self._arrays["masks"]))

    def _forget_pair(self) -> None:
        self._state["pair"] = 0
        self._arrays["pair_sums"].fill(0.0)


def _filled(dtype: np.dtype[np.void], values: dict[str, int]) -> NDArray[np.void]:
    """Make a structure with some of its fields."""
    row = np.zeros((), dtype)
    for name, value in values.items():
        row[name] = value
    return row


def transform(memory: Memory, length: int, window: Audio) -> NDArray[np.void]:
    """Tell the native code what it needs of one length; the window is of all frames, or of the last ones."""
    points = length // 2
    columns = 1 << (points.bit_length() - 1) // 2
    angles = 2.0 * np.pi / length * np.arange(length // 4 + 1)
    twiddles = np.exp(-2j * np.pi / points * np.outer(np.arange(columns), np.arange(points // columns)))
    tables = {"window": window, "cosines": np.cos(angles), "sines": np.sin(angles), "twiddle_real": twiddles.real,
              "twiddle_imaginary": twiddles.imag}
    kept = {name: address(memory.copy(table.astype(np.float32))) for name, table in tables.items()}
    return _filled(TRANSFORM, {"length": length, "columns": columns, "windowed": len(window)} | kept)
