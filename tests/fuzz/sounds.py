"""Two ways of making the same sound, compared."""

from __future__ import annotations

import numpy as np

from rtsep.backends import open_backend
from rtsep.backends.backend import Backend
from rtsep.dsp.mask import mask_weights
from rtsep.model.gate import StepFile
from rtsep.types import Audio

Rng = np.random.Generator
AUDIBLE_DB = -40.0  # of a difference
FAR_ABOVE = 8.0  # times the peak of the input


def noise(rng: Rng, channels: int, hops: int, hop: int) -> Audio:
    """Make noise whose level changes from hop to hop."""
    levels = rng.choice([0.0, 1e-4, 0.1, 1.0], (1, hops)).repeat(hop, axis=1)
    sound: Audio = (levels * rng.standard_normal((channels, hops * hop))).astype(np.float32)
    return sound


def check(found: Audio, expected: Audio, given: Audio) -> None:
    """See that a sound is finite, bounded and the expected one."""
    assert found.shape == expected.shape
    assert np.all(np.isfinite(found))
    assert np.abs(found).max(initial=0.0) <= FAR_ABOVE * np.abs(given).max(initial=0.0) + 1e-6
    error = np.sum(np.square(found.astype(np.float64) - expected)) / max(np.sum(np.square(given)), 1e-9)
    assert 10.0 * np.log10(error + 1e-30) <= AUDIBLE_DB, f"{10.0 * np.log10(error):.0f} dB"


def both(model: StepFile, channels: int, requested: Audio) -> tuple[Backend, Backend]:
    """Open the quickest way to run a model, and the numpy reference."""
    quick, plain = (open_backend(model, channels, requested, provider=provider) for provider in ("cpu", "numpy"))
    return quick, plain


def compare(model: StepFile, channels: int, requested: Audio, rng: Rng, calls: int = 1) -> str:
    """Let both play some calls of some hops, with gains that move; say who the quickest is."""
    quick, plain = both(model, channels, requested)
    hop = model.card.geometry.hop
    for _ in range(calls):
        hops = int(rng.integers(1, 24)) if calls > 1 else 24
        block = noise(rng, channels, hops, hop)
        gains = rng.uniform(0.0, 4.0, (hops, 1, 1)).astype(np.float32)
        weights = mask_weights(requested, gains if calls > 1 else 1.0)
        check(quick.push(block, weights), plain.push(block, weights), block)
    return quick.name
