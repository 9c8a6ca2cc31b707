"""A step model that is ready to run, whoever runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

from rtsep.errors import ModelError
from rtsep.model.gate import StepFile
from rtsep.types import Audio


class Step(Protocol):
    """One hop of a step model a call, with its recurrent state.

    Attributes
    ----------
    name
        Who runs it, for the user.
    inputs
        The graph's inputs but the states, float32 (1, bins), by name: what they hold is read by the next step.
    estimates
        What the latest step wrote, float32 (1, stems, bins).
    """

    name: str
    inputs: dict[str, Audio]
    estimates: Audio

    def run(self) -> None:
        """Advance by one hop."""

    def is_sound(self) -> bool:
        """Whether estimates and recurrent states are finite, as far as they are on the processor."""

    def reset(self) -> None:
        """Forget the recurrent states."""


def all_finite(arrays: Iterable[Audio]) -> bool:
    """Whether arrays hold neither NaN nor infinity."""
    return all(np.isfinite(array).all() for array in arrays)


def advance(step: Step, features: Mapping[str, Audio]) -> Audio:
    """Advance by as many hops as there are features of, one after the other.

    Parameters
    ----------
    step
        Whose state goes on.
    features
        Of each input of the step, float32 (hops, bins).

    Returns
    -------
    estimates
        Magnitude estimates, float32 (hops, stems, bins).
    """
    inputs = [(array, features[name]) for name, array in step.inputs.items()]
    estimates = np.empty((len(inputs[0][1]), *step.estimates.shape[1:]), np.float32)
    for hop, estimate in enumerate(estimates):
        for array, values in inputs:
            array[0] = values[hop]
        step.run()
        estimate[:] = step.estimates[0]
    return estimates


def reference_error_db(step: Step, model: StepFile) -> float:
    """Run the reference input that a file carries; return the error against its reference output, in dB.

    The state is that of a new step afterwards.

    Raises
    ------
    ModelError
        When the file carries no reference.
    """
    if model.reference is None:
        raise ModelError(f"{model.path}: no reference vectors inside; export the model again")
    step.reset()
    last = advance(step, model.reference.inputs)[-1].astype(np.float64)
    step.reset()
    expected = model.reference.estimates.astype(np.float64)
    error = np.sum(np.square(last - expected)) / max(np.sum(np.square(expected)), 1e-30)
    return float(10.0 * np.log10(error + 1e-20))
