"""The soft mask with a live gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtsep.dsp.stem_lists import listed_stems
from rtsep.errors import ConfigError

Sets = NDArray[np.float32]
REST = "rest"
_FLOOR = 1e-12  # below any audible magnitude; makes silence divide evenly
_CEILING = 1e12  # above any; keeps infinity from making masks that are no numbers


def requested_sets(stems: Sequence[str], outputs: Sequence[str]) -> Sets:
    """Which of a model's stems each output is made of.

    Parameters
    ----------
    stems
        Stems that the model estimates.
    outputs
        Requested stems; `rest` stands for all stems that are not named beside it.

    Returns
    -------
    sets
        float32 of zeros and ones, shape (outputs, stems).

    Raises
    ------
    ConfigError
        When an output is unknown or named twice, or `rest` would be empty or everything.
    """
    named = [name for name in outputs if name != REST]
    for name in named:
        if name not in stems:
            raise ConfigError(f"no stem {name!r}: this model has {', '.join(stems)}; {REST} is what is left over")
    if len(set(outputs)) != len(outputs) or not outputs:
        raise ConfigError(f"name each stem once, got: {', '.join(outputs) or 'nothing'}")
    if REST in outputs and not 0 < len(named) < len(stems):
        raise ConfigError(f"{REST} needs at least one of {', '.join(stems)} beside it, and not all of them")
    sets = [[(stem not in named) if name == REST else (stem == name) for stem in stems] for name in outputs]
    return np.array(sets, np.float32)


def output_names(stems: Sequence[str], outputs: str | Sequence[str] | None) -> tuple[str, ...]:
    """Names of the requested outputs; all stems where nothing is requested."""
    return tuple(stems) if outputs is None else listed_stems(outputs)


def mask_weights(requested: Sets, gain: float | NDArray[np.float32] = 1.0) -> NDArray[np.float32]:
    """Weights of the stems in both sums of Eq. 8, above and below the line, for one product with the estimates.

    Parameters
    ----------
    requested
        Sets of `requested_sets`, float32 (outputs, stems).
    gain
        Weight of the background, 0 or more; one number, or an array that fits (..., outputs, stems).

    Returns
    -------
    weights
        float32 (..., 2 * outputs, stems): F of every output, then F + gain * B of every output.
    """
    below = (requested + gain * (1 - requested)).astype(np.float32)
    return np.concatenate([np.broadcast_to(requested, below.shape), below], axis=-2)


def soft_mask(estimates: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mask of every output, F / (F + gain * B), with F the requested and B all other estimates.

    Eq. 8 of the paper, for several stems. Gain 0 lets everything through, 1 makes the masks of
    complementary outputs sum to one, above 1 suppresses the rest harder.

    Parameters
    ----------
    estimates
        Non-negative magnitudes, float32 (..., stems, bins); what is below zero or no number counts as zero.
    weights
        Of `mask_weights`, float32 (..., 2 * outputs, stems).

    Returns
    -------
    masks
        float32 (..., outputs, bins), values in 0..1.
    """
    bounded: NDArray[np.float32] = np.fmin(np.fmax(estimates, np.float32(0.0)), np.float32(_CEILING))
    sums: NDArray[np.float32] = weights @ (bounded + np.float32(_FLOOR))
    outputs = sums.shape[-2] // 2
    masks: NDArray[np.float32] = np.minimum(sums[..., :outputs, :] / sums[..., outputs:, :], np.float32(1.0))
    return masks
