"""A step computed by ONNX's reference evaluator in numpy: slow, plain, and what all others are held against."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from rtsep.backends.step import all_finite
from rtsep.dsp.stft import flushed
from rtsep.errors import ModelError
from rtsep.model.gate import StepFile
from rtsep.model.onnx_file import first_line
from rtsep.model.outline import BLOCKS
from rtsep.types import Audio


class ReferenceStep:
    """The numpy reference of a step, see `Step`.

    Parameters
    ----------
    model
        Of any operators that ONNX defines, and MatMulNBits.

    Raises
    ------
    ModelError
        When the evaluator does not know an operator.
    """

    name = "numpy reference"

    def __init__(self, model: StepFile) -> None:
        self._path = model.path
        try:
            self._evaluator = _evaluator(model.model)
        except Exception as error:  # the evaluator has kinds of its own
            raise ModelError(f"{model.path} cannot be computed by numpy ({first_line(error)})") from None
        self.inputs = {name: np.zeros(shape, np.float32) for name, shape in model.inputs.items()}
        self.estimates: Audio = np.zeros(model.shapes["estimates"], np.float32)
        self._states = {name: np.zeros(shape, np.float32) for name, shape in model.states.items()}

    def run(self) -> None:
        """Advance by one hop."""
        names = ["estimates", *(f"{name}_out" for name in self._states)]
        try:
            with np.errstate(all="ignore"):  # what overflows shows in the result
                found = self._evaluator.run(names, {**self.inputs, **self._states})
        except Exception as error:  # as above
            raise ModelError(f"{self._path} cannot be computed by numpy ({first_line(error)})") from None
        self.estimates[...] = found[0]
        for state, value in zip(self._states.values(), found[1:], strict=True):
            state[...] = flushed(value)

    def is_sound(self) -> bool:
        """Whether estimates and states are finite."""
        return all_finite((self.estimates, *self._states.values()))

    def reset(self) -> None:
        """Forget the recurrent states."""
        for state in self._states.values():
            state.fill(0.0)


def _evaluator(model: onnx.ModelProto) -> Any:
    from onnx.reference import ReferenceEvaluator  # takes 20 ms to load, which a live run does without
    from onnx.reference.op_run import OpRun

    class MatMulNBits(OpRun):
        """A product by weights in blocks with a scale each, as ONNX Runtime documents it."""

        op_domain = "com.microsoft"

        def _run(self, value: Audio, weights: NDArray[np.uint8], scales: Audio, zero_points: Any = None,
                 group: Any = None, bias: Audio | None = None, K: int = 0, N: int = 0, bits: int = 0,
                 block_size: int = 0, accuracy_level: int = 0) -> tuple[Audio]:
            if zero_points is not None or group is not None:
                raise ValueError(f"{BLOCKS} with zero points")
            if accuracy_level == 4:
                value = in_8_bit(value, block_size)
            numbers = np.stack([weights >> shift & (1 << bits) - 1 for shift in range(0, 8, bits)], axis=-1)
            blocks = (numbers.reshape(N, -1, block_size).astype(np.float32) - np.float32(1 << bits - 1)
                      ) * scales.reshape(N, -1, 1)
            product: Audio = value @ blocks.reshape(N, -1)[:, :K].T
            return (product if bias is None else product + bias,)

    return ReferenceEvaluator(model, new_ops=[MatMulNBits])


def in_8_bit(values: Audio, size: int) -> Audio:
    """Round the last axis to 8 bit in blocks with a scale each, as accuracy level 4 does."""
    inner = values.shape[-1]
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, -inner % size)])
    blocks = padded.reshape(*values.shape[:-1], -1, size)
    most = np.abs(blocks).max(axis=-1, keepdims=True)
    inverse = np.divide(np.float32(127.0), most, out=np.zeros_like(most), where=most > 0.0)
    rounded: Audio = np.rint(blocks * inverse) * (most / np.float32(127.0))
    return rounded.reshape(padded.shape)[..., :inner]
