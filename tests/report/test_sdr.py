"""Plain SDR."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.errors import ConfigError
from rtsep.report.sdr import plain_sdr_db

NOISE = np.random.default_rng(5).normal(size=(2, 5000)).astype(np.float32)


def test_half_the_level_is_six_decibels():
    assert plain_sdr_db(NOISE, 0.5 * NOISE) == pytest.approx(6.0206, abs=1e-3)


def test_silence_as_the_estimate_is_zero_decibels():
    assert plain_sdr_db(NOISE, np.zeros_like(NOISE)) == pytest.approx(0.0)


def test_a_tenth_of_independent_noise_is_twenty_decibels():
    noise = np.random.default_rng(6).normal(size=NOISE.shape).astype(np.float32)
    noise *= np.sqrt(np.sum(NOISE**2) / np.sum(noise**2)) / 10
    assert plain_sdr_db(NOISE, NOISE + noise) == pytest.approx(20.0, abs=1e-3)


def test_latency_is_taken_out():
    late = np.pad(NOISE, ((0, 0), (300, 0)))
    assert plain_sdr_db(NOISE, late, 300) == np.inf
    assert plain_sdr_db(NOISE, late[:, :5000], 300) == np.inf
    assert plain_sdr_db(NOISE, late, 299) < 0.0


def test_silence_as_the_reference():
    assert plain_sdr_db(0 * NOISE, NOISE) == -np.inf
    assert np.isnan(plain_sdr_db(0 * NOISE, 0 * NOISE))


@pytest.mark.parametrize(("estimate", "latency"), [(NOISE[:1], 0), (NOISE, 5000), (NOISE, -1)])
def test_what_cannot_be_compared_is_refused(estimate, latency):
    with pytest.raises(ConfigError, match="compare"):
        plain_sdr_db(NOISE, estimate, latency)
