"""Places of sounds between two channels."""

from __future__ import annotations

import numpy as np
import pytest

from training.mixing.stereo import Places, StereoConfig, draw_pans, place, spoil

SOUND = np.random.default_rng(1).standard_normal(44100).astype(np.float32)


@pytest.mark.parametrize("pan", [-1.0, -0.3, 0.0, 0.6, 1.0])
def test_pans_keep_the_power_and_the_shape(pan: float) -> None:
    left, right = place(SOUND, pan, 0.0, np.random.default_rng(1))
    np.testing.assert_allclose(left ** 2 + right ** 2, SOUND ** 2, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(left, np.cos((pan + 1.0) * np.pi / 4.0) * SOUND, atol=1e-5)


def test_wide_sounds_have_a_side_that_their_mid_lacks() -> None:
    for seed in range(8):
        left, right = place(SOUND, 0.0, 1.0, np.random.default_rng(seed))
        mid, side = left + right, left - right
        np.testing.assert_allclose(mid, np.sqrt(2.0) * SOUND, atol=1e-4)
        level_db = 10.0 * np.log10(np.sum(side ** 2) / np.sum(mid ** 2))
        assert -21.0 < level_db < -1.0  # SIDE_DB, and 3 dB of the mid's own pan
        assert abs(np.corrcoef(mid, side)[0, 1]) < 0.3


def test_pairs_stand_at_mirrored_places() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        left, right = draw_pans(2, Places(pan=0.8), 1.0, rng)
        assert left == -right != 0.0
    assert draw_pans(3, Places(centred=1.0), 1.0, rng) == [0.0, 0.0, 0.0]


def test_channels_are_inverted_or_dead_in_all_stems_alike() -> None:
    stems = np.random.default_rng(1).standard_normal((3, 2, 100)).astype(np.float32)
    inverted = spoil(stems.copy(), StereoConfig(inverted=1.0, dead=0.0), np.random.default_rng(1))
    np.testing.assert_array_equal(inverted[:, 0], -inverted[:, 1])
    dead = spoil(stems.copy(), StereoConfig(inverted=0.0, dead=1.0), np.random.default_rng(1))
    assert sorted(bool(np.any(dead[:, channel])) for channel in range(2)) == [False, True]
    np.testing.assert_array_equal(spoil(stems.copy(), StereoConfig(inverted=0.0, dead=0.0), np.random.default_rng(1)),
                                  stems)
