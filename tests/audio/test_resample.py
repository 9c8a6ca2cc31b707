"""The streaming resampler: aligned, and the same whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from rtsep.audio.resample import Resampler


def resampled(audio: np.ndarray, source_rate: int, samplerate: int, block: int) -> np.ndarray:
    resampler = Resampler(source_rate, samplerate, audio.shape[0])
    pieces = [resampler.push(audio[:, start:start + block]) for start in range(0, audio.shape[1], block)]
    return np.concatenate([*pieces, resampler.flush()], axis=1)


@pytest.mark.parametrize("rates", [(48000, 44100), (44100, 48000), (8000, 44100), (44100, 96000)])
@pytest.mark.parametrize("block", [1, 441, 8193])
def test_streamed_equals_whole(rates, block):
    audio = np.random.default_rng(2).normal(0.0, 0.2, (2, 9001)).astype(np.float32)
    whole = soxr.resample(audio.T, *rates, quality="HQ").T
    streamed = resampled(audio, *rates, block)
    assert streamed.shape == whole.shape
    assert np.abs(streamed - whole).max() < 1e-5


def test_equal_rates_change_nothing():
    audio = np.random.default_rng(3).normal(size=(1, 1000)).astype(np.float32)
    np.testing.assert_array_equal(resampled(audio, 44100, 44100, 37), audio)
