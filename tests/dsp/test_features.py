"""Features: what models of both formats look at, and how channels are related."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.dsp.features import feature_lengths, features, noise_features
from rtsep.dsp.pairing import Pair


def spectra(channels: int) -> np.ndarray:
    """Random spectra, complex64 (3, channels, 9)."""
    rng = np.random.default_rng(channels)
    return (rng.standard_normal((3, channels, 9)) + 1j * rng.standard_normal((3, channels, 9))).astype(np.complex64)


def test_format_1_sees_the_mid_signal() -> None:
    both, context = spectra(2), spectra(2)[..., :5]
    found = features(both, [context], stereo=False)
    assert set(found) == {"magnitude", "context_0"}
    np.testing.assert_allclose(found["magnitude"], np.abs(both.mean(axis=1)), rtol=1e-5)
    np.testing.assert_allclose(found["context_0"], np.abs(context.mean(axis=1)), rtol=1e-5)


def test_format_2_tells_power_and_relation_of_two_channels() -> None:
    both = spectra(2)
    found = features(both, [], stereo=True)
    left, right = both[:, 0], both[:, 1]
    np.testing.assert_allclose(found["magnitude"] ** 2, (abs(left) ** 2 + abs(right) ** 2) / 2, rtol=1e-5)
    np.testing.assert_allclose(found["cross"], (left * right.conj()).real, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["difference"], (abs(left) ** 2 - abs(right) ** 2) / 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_equal_and_opposite_channels_are_as_loud_as_one(sign: float) -> None:
    one = spectra(1)
    mono, two = features(one, [], stereo=True), features(np.concatenate([one, sign * one], axis=1), [], stereo=True)
    np.testing.assert_allclose(two["magnitude"], mono["magnitude"], rtol=1e-5)
    np.testing.assert_allclose(two["cross"], sign * mono["cross"], rtol=1e-5)
    np.testing.assert_allclose(two["difference"], 0.0)
    np.testing.assert_allclose(mono["cross"], mono["magnitude"] ** 2, rtol=1e-5)


@pytest.mark.parametrize(("gains", "pair"), [((1.0, -1.0), Pair.OPPOSITE), ((np.sqrt(2.0), 0.0), Pair.ONE_DEAD),
                                             ((0.0, np.sqrt(2.0)), Pair.ONE_DEAD)])
def test_opposite_channels_and_a_dead_one_look_like_mono(gains: tuple[float, float], pair: Pair) -> None:
    one = spectra(1)
    two = (np.array(gains, np.float32)[:, np.newaxis] * one).astype(np.complex64)
    for pairs in (pair, np.full(3, pair)):
        found = features(two, [two[..., :5]], stereo=True, pairs=pairs)
        for name, values in features(one, [one[..., :5]], stereo=True).items():
            np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-6)
            assert found[name].dtype == np.float32
    mid = features(two, [two[..., :5]], stereo=False, pairs=pair)
    np.testing.assert_allclose(mid["magnitude"], np.abs(one[:, 0]) * np.mean(np.abs(gains)), rtol=1e-5)
    np.testing.assert_allclose(mid["context_0"], np.abs(one[:, 0, :5]) * np.mean(np.abs(gains)), rtol=1e-5)


def test_each_hop_may_be_another_pair() -> None:
    both = spectra(2)
    found = features(both, [], stereo=True, pairs=np.array([Pair.SONG, Pair.OPPOSITE, Pair.ONE_DEAD]))
    for hop, pair in enumerate((Pair.SONG, Pair.OPPOSITE, Pair.ONE_DEAD)):
        for name, values in features(both[hop:hop + 1], [], stereo=True, pairs=pair).items():
            np.testing.assert_array_equal(found[name][hop], values[0])


def test_more_channels_have_the_mean_of_their_pairs() -> None:
    three = spectra(3)
    pairs = [(three[:, a] * three[:, b].conj()).real for a, b in ((0, 1), (0, 2), (1, 2))]
    found = features(three, [], stereo=True)
    np.testing.assert_allclose(found["cross"], np.mean(pairs, axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found["difference"], 0.0)


def test_noise_has_every_feature_at_its_level() -> None:
    lengths = feature_lengths(1024, (2048,), stereo=True)
    assert lengths == {"magnitude": 1024, "context_0": 2048, "cross": 1024, "difference": 1024}
    found = noise_features(lengths, (0.0, 1.0, 100.0), np.random.default_rng(1))
    assert {name: values.shape for name, values in found.items()} == {
        name: (3, length // 2 + 1) for name, length in lengths.items()}
    assert not np.any(found["magnitude"][0])
    assert np.median(found["magnitude"][2]) == pytest.approx(100 * np.median(found["magnitude"][1]), rel=0.1)
    assert np.all(np.abs(found["cross"]) <= 1.0001 * found["magnitude"] ** 2)
