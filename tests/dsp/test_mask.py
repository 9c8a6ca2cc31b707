"""The mask of Eq. 8: hand-computed values, sums, and names that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsep.dsp.mask import mask_weights, requested_sets, soft_mask
from rtsep.errors import ConfigError

STEMS = ("drums", "guitar", "other")


def test_values_of_equation_8() -> None:
    estimates = np.array([[1.0], [3.0], [0.5]], np.float32)
    mask = soft_mask(estimates, mask_weights(requested_sets(STEMS, ["guitar", "rest"]), gain=2.0))
    np.testing.assert_allclose(mask[:, 0], [3 / (3 + 2 * 1.5), 1.5 / (1.5 + 2 * 3)], rtol=1e-6)


def test_gain_zero_lets_everything_through() -> None:
    estimates = np.random.default_rng(1).random((3, 513)).astype(np.float32)
    np.testing.assert_array_equal(soft_mask(estimates, mask_weights(requested_sets(STEMS, STEMS), gain=0.0)), 1.0)


@given(st.lists(st.floats(0, 1e6, width=32, allow_subnormal=False), min_size=3, max_size=3))
def test_masks_sum_to_one(magnitudes: list[float]) -> None:
    estimates = np.array(magnitudes, np.float32)[:, np.newaxis]
    for outputs in (STEMS, ("guitar", "rest"), ("drums", "guitar", "rest")):
        masks = soft_mask(estimates, mask_weights(requested_sets(STEMS, outputs)))
        assert np.all(masks >= 0)
        np.testing.assert_allclose(masks.sum(axis=0), 1.0, atol=1e-6)


@given(low=st.floats(0, 10, allow_subnormal=False), high=st.floats(0, 10, allow_subnormal=False))
def test_a_higher_gain_never_opens_the_mask(low: float, high: float) -> None:
    estimates = np.random.default_rng(2).random((3, 64)).astype(np.float32)
    requested = requested_sets(STEMS, ["guitar"])
    low, high = min(low, high), max(low, high)
    opened, closed = (soft_mask(estimates, mask_weights(requested, gain)) for gain in (low, high))
    assert np.all(closed <= opened + 1e-6)


def test_silence_divides_evenly() -> None:
    masks = soft_mask(np.zeros((3, 4), np.float32), mask_weights(requested_sets(STEMS, STEMS)))
    np.testing.assert_allclose(masks, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize(("outputs", "message"), [
    (["banjo"], "no stem 'banjo': this model has drums, guitar, other"),
    (["drums", "drums"], "name each stem once"),
    ([], "name each stem once, got: nothing"),
    (["rest"], "rest needs at least one"),
    (["drums", "guitar", "other", "rest"], "not all of them"),
])
def test_names_that_do_not_fit(outputs: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        requested_sets(STEMS, outputs)
