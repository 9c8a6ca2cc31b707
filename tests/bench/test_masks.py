"""Ideal masks: exact where they can be, ordered as they must be, and the least squares of bands checked by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from bench.masks import banded, complex_unit, phase_sensitive, ratio, separate
from rtsep.dsp.windows import PROFILES
from training.evaluation.clips import Clip
from training.nets.bands import triangles

GEOMETRY = PROFILES["stage"]


def noise(seed: int, frames: int = 20000) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(frames)).astype(np.float32)


def spectrum(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((6, 513)) + 1j * rng.standard_normal((6, 513))).astype(np.complex64)


def test_better_masks_leave_a_smaller_error() -> None:
    clip = Clip("a", "all", "guitar", noise(1), noise(2), np.zeros(20000, np.float32))
    errors = [np.sum(np.square(separate(clip, GEOMETRY, mask) - clip.requested))
              for mask in (ratio, phase_sensitive, complex_unit)]
    assert errors[0] > errors[1] > errors[2] > 0.0


@pytest.mark.parametrize("mask", [ratio, phase_sensitive, complex_unit])
def test_a_target_alone_passes_whole(mask: object) -> None:
    clip = Clip("a", "all", "guitar", noise(1), np.zeros(20000, np.float32), np.zeros(20000, np.float32))
    np.testing.assert_allclose(separate(clip, GEOMETRY, mask), clip.requested, atol=1e-4)


def test_band_masks_are_the_least_squares_solution() -> None:
    spread = triangles(513, 60, 20)
    target, rest = 0.3 * spectrum(1), spectrum(2)
    mixture = target + rest
    found = banded(phase_sensitive, spread)(target, rest)
    aim = phase_sensitive(target, rest)
    for hop in range(len(mixture)):
        size = np.abs(mixture[hop])
        expected = np.linalg.lstsq((spread * size).T.astype(np.float64), (size * aim[hop].real).astype(np.float64))[0]
        np.testing.assert_allclose(found[hop], np.clip(expected, -1.0, 1.0) @ spread, atol=1e-3)
