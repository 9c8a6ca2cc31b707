"""Two ways of making the same sound, compared."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, numpy_helper

from rtsep.backends import open_backend
from rtsep.backends.backend import Backend
from rtsep.dsp.mask import mask_weights
from rtsep.model.gate import StepFile
from rtsep.types import Audio

Rng = np.random.Generator
AUDIBLE_DB = -40.0  # of a difference
FAR_ABOVE = 8.0  # times the peak of the input
HUGE = 1e12


def noise(rng: Rng, channels: int, hops: int, hop: int) -> Audio:
    """Make noise whose level changes from hop to hop."""
    levels = rng.choice([0.0, 1e-4, 0.1, 1.0], (1, hops)).repeat(hop, axis=1)
    sound: Audio = (levels * rng.standard_normal((channels, hops * hop))).astype(np.float32)
    return sound


def check(found: Audio, expected: Audio, given: Audio) -> None:
    """See that a sound is finite, bounded and the expected one."""
    check_bounds(found, expected, given)
    error_db = difference_db(found, expected, given)
    assert error_db <= AUDIBLE_DB, f"{error_db:.0f} dB"


def check_bounds(found: Audio, expected: Audio, given: Audio) -> None:
    """See that a sound is finite and bounded."""
    assert found.shape == expected.shape
    assert np.all(np.isfinite(found))
    assert np.abs(found).max(initial=0.0) <= FAR_ABOVE * np.abs(given).max(initial=0.0) + 1e-6


def difference_db(found: Audio, expected: Audio, given: Audio) -> float:
    """Energy of the difference, over that of what was given, in dB."""
    error = np.sum(np.square(found.astype(np.float64) - expected)) / max(np.sum(np.square(given)), 1e-9)
    return float(10.0 * np.log10(error + 1e-30))


def compare(model: StepFile, channels: int, requested: Audio, rng: Rng, calls: int = 1) -> str:
    """Let the quickest way to run a model and the numpy reference play some calls of some hops; say who the first is.

    Gains move where there are several calls. A model whose reference changes as much where its input changes by a
    ten-thousandth is chaotic, and so is one of huge weights, whose sums end in what was rounded: it has no right sound
    but a finite and bounded one.
    """
    quick, plain = (open_backend(model, channels, requested, provider=provider) for provider in ("cpu", "numpy"))
    hop, blocks, weights = model.card.geometry.hop, [], []
    for _ in range(calls):
        hops = int(rng.integers(1, 24)) if calls > 1 else 24
        blocks.append(noise(rng, channels, hops, hop))
        gains = rng.uniform(0.0, 4.0, (hops, 1, 1)).astype(np.float32)
        weights.append(mask_weights(requested, gains if calls > 1 else 1.0))
    found, expected, given = _played(quick, blocks, weights), _played(plain, blocks, weights), np.hstack(blocks)
    check_bounds(found, expected, given)
    error_db = difference_db(found, expected, given)
    if error_db <= AUDIBLE_DB:
        return quick.name
    others = (_played(plain, [_moved(block, share, rng) for block in blocks], weights) for share in (1e-6, 1e-5, 1e-4))
    own_db = max(difference_db(other, expected, given) for other in others)
    assert own_db > error_db - 20.0 or _is_huge(model), f"{error_db:.0f} dB, and {own_db:.0f} dB at another input"
    return "chaotic"


def _is_huge(model: StepFile) -> bool:
    return any(np.abs(numpy_helper.to_array(weight)).max(initial=0) > HUGE for weight in model.model.graph.initializer
               if weight.data_type == TensorProto.FLOAT)


def _moved(block: Audio, share: float, rng: Rng) -> Audio:
    """Change every sample by a share of it."""
    changed: Audio = block * (1.0 + share * rng.standard_normal(block.shape)).astype(np.float32)
    return changed


def _played(backend: Backend, blocks: list[Audio], weights: list[Audio]) -> Audio:
    backend.reset()
    return np.concatenate([backend.push(*turn) for turn in zip(blocks, weights, strict=True)], axis=-1)
