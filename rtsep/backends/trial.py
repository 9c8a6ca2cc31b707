"""A model is tried before it plays: its own reference vectors, and for a stranger's also silence and a loud hop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.backends.reference_step import ReferenceStep
from rtsep.backends.step import Step, advance, reference_error_db
from rtsep.dsp.mask import mask_weights, soft_mask
from rtsep.errors import ModelError
from rtsep.model.catalogue import installed_models
from rtsep.model.gate import StepFile
from rtsep.types import Audio

MAX_ERROR_DB = -40.0  # 8-bit products of other processors round differently
LEVELS = (0.0, 100.0, 0.0, 1.0, 1e-3)  # of the magnitudes, hop by hop: a sine at full scale has 256 in 1024 samples


def check(step: Step, model: StepFile) -> None:
    """Run a few hops, and leave the step as new.

    Raises
    ------
    ModelError
        When what comes out is not what the file says, not what numpy computes, not finite, or below zero.
    """
    if model.reference is not None:
        error_db = reference_error_db(step, model)
        if not error_db <= MAX_ERROR_DB:
            raise ModelError(f"{model.path}: {step.name} misses the model's own reference output by {error_db:.0f} dB, "
                             f"{MAX_ERROR_DB:.0f} is allowed: the file is damaged, or the build of rtsep is; install "
                             f"both again")
    if model.path not in installed_models().values():
        _check_stranger(step, model)


def _check_stranger(step: Step, model: StepFile) -> None:
    """Compare hops of several levels with numpy."""
    features = _noise(model)
    step.reset()
    with np.errstate(all="ignore"):
        found, expected = advance(step, features), advance(ReferenceStep(model), features)
    step.reset()
    for estimates in (found, expected):
        if not np.all(np.isfinite(estimates)):
            raise ModelError(f"{model.path}: its estimates are not finite")
        if estimates.min() < -1e-6 * max(float(np.abs(estimates).max()), 1.0):
            raise ModelError(f"{model.path}: its estimates go down to {estimates.min():.3g}; magnitudes are 0 or more")
    error_db = _error_db(found, expected, features["magnitude"])
    if not error_db <= MAX_ERROR_DB:
        raise ModelError(f"{model.path}: {step.name} makes other masks of it than numpy ({error_db:.0f} dB, "
                         f"{MAX_ERROR_DB:.0f} is allowed): it cannot be relied on")


def _noise(model: StepFile) -> dict[str, Audio]:
    rng = np.random.default_rng(1)
    levels = np.array(LEVELS)[:, np.newaxis]
    return {name: (levels * rng.exponential(size=(len(LEVELS), shape[-1]))).astype(np.float32)
            for name, shape in model.inputs.items()}


def _error_db(found: Audio, expected: Audio, magnitudes: Audio) -> float:
    """Energy of the difference that two estimates make in the sound, over the energy of the sound, of the worst hop."""
    alone = mask_weights(np.eye(found.shape[1], dtype=np.float32))
    masks = [soft_mask(estimates, alone).astype(np.float64) for estimates in (found, expected)]
    error: NDArray[Any] = np.square((masks[0] - masks[1]) * magnitudes[:, np.newaxis]).sum(axis=(1, 2))
    energy = np.square(magnitudes.astype(np.float64)).sum(axis=1)
    return float(10.0 * np.log10(np.max(error / np.maximum(energy, 1e-30)) + 1e-20))
