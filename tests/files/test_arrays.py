"""`rtsep.separate`: arrays of either order and any kind of sample, aligned with what came in."""

from __future__ import annotations

import numpy as np
import pytest

import rtsep
from rtsep import ConfigError


def music(frames: int = 30_000, channels: int = 2, samplerate: int = 44100) -> np.ndarray:
    rng = np.random.default_rng(frames)
    time_s = np.arange(frames) / samplerate
    return np.stack([sum(0.1 * np.sin(2 * np.pi * hertz * time_s) for hertz in rng.uniform(60, 3000, 6))
                     for _ in range(channels)]).astype(np.float32)


def test_the_stems_are_those_of_a_separator_without_its_latency(tiny_model):
    audio = music()
    found = rtsep.separate(audio, 44100, tiny_model)
    separator = rtsep.Separator(tiny_model, 2)
    expected = separator.process(np.pad(audio, ((0, 0), (0, separator.latency))))[:, :, separator.latency:]
    assert list(found) == ["drums", "guitar", "other"]
    for stem, name in zip(expected, found, strict=True):
        assert found[name].dtype == np.float32
        assert np.abs(found[name] - stem).max() < 1e-5
    assert np.abs(found["guitar"] - audio).max() > 0.01


@pytest.mark.parametrize("frames", [1, 3, 44_101, 100_000])
def test_stems_sum_to_the_sound(tiny_model, frames):
    audio = music(frames)
    assert np.abs(sum(rtsep.separate(audio, 48000, tiny_model).values()) - audio).max() < 1e-5


@pytest.mark.parametrize("samplerate", [8000, 8001, 11_025, 22_050, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000,
                                        192_000])
@pytest.mark.parametrize("stems", [None, ["drums", "rest"]])
def test_stems_sum_to_the_sound_at_every_rate(tiny_model, samplerate, stems):
    """Up to the highest frequency, and to both ends: white noise has as much of everything."""
    audio = np.random.default_rng(6).uniform(-0.5, 0.5, (2, samplerate + 1)).astype(np.float32)
    missing = sum(rtsep.separate(audio, samplerate, tiny_model, stems).values()) - audio
    assert 20 * np.log10(np.sqrt(np.mean(missing**2)) / np.sqrt(np.mean(audio**2))) < -120


def test_a_stem_alone_has_nothing_above_the_rate_of_its_model(tiny_model):
    audio = np.random.default_rng(6).uniform(-0.5, 0.5, (1, 96_000)).astype(np.float32)
    high = slice(26_000, None)  # Hz
    alone = rtsep.separate(audio, 96_000, tiny_model, "guitar")["guitar"]
    assert np.abs(np.fft.rfft(alone)[:, high]).max() < 1e-3 * np.abs(np.fft.rfft(audio)[:, high]).max()


def test_both_orders_of_the_axes_and_mono_keep_their_shape(tiny_model):
    audio = music(5000)
    rows = rtsep.separate(audio, 44100, tiny_model, "guitar")["guitar"]
    columns = rtsep.separate(audio.T, 44100, tiny_model, "guitar")["guitar"]
    assert rows.shape == (2, 5000)
    np.testing.assert_array_equal(columns, rows.T)
    mono = rtsep.separate(audio[0], 44100, tiny_model, "guitar")["guitar"]
    assert mono.shape == (5000,)
    np.testing.assert_array_equal(mono, rtsep.separate(audio[:1], 44100, tiny_model, "guitar")["guitar"][0])


@pytest.mark.parametrize(("dtype", "offset", "scale"), [(np.uint8, 128, 128), (np.int16, 0, 2**15),
                                                        (np.int32, 0, 2**31)])
def test_integers_are_scaled(tiny_model, dtype, offset, scale):
    whole = np.round(music(3000) * scale * 0.5) + offset
    found = rtsep.separate(whole.astype(dtype), 44100, tiny_model)
    assert np.abs(sum(found.values()) - (whole - offset) / scale).max() < 1e-5


def test_a_string_is_one_stem(tiny_model):
    assert list(rtsep.separate(music(1000), 44100, tiny_model, "guitar")) == ["guitar"]
    assert rtsep.Separator(tiny_model, stems="guitar").stems == ("guitar",)


@pytest.mark.parametrize(("audio", "words"), [
    (np.zeros((2, 3, 4)), r"\(2, 3, 4\)"),
    (np.zeros((2, 0)), r"\(2, 0\)"),
    (np.zeros((7, 7)), "which axis is the time"),
    (np.zeros((65, 1000)), "65 channels"),
    (np.zeros((2, 100), np.int64), "int64"),
    (np.zeros((2, 100), complex), "complex128"),
    (["loud"], "<U4"),
    (np.array([[0.0, 0.1, np.nan, np.inf]]), "in 2 frames, the first is 2"),
])
def test_what_is_no_sound_is_refused(tiny_model, audio, words):
    with pytest.raises(ConfigError, match=words):
        rtsep.separate(audio, 44100, tiny_model)


@pytest.mark.parametrize("samplerate", [0, -44100, 44100.5, np.nan, 2e9, "fast", None, True])
def test_what_is_no_rate_is_refused(tiny_model, samplerate):
    with pytest.raises(ConfigError, match="samplerate is"):
        rtsep.separate(np.zeros(100), samplerate, tiny_model)


def test_the_sound_that_came_in_is_left_alone(tiny_model):
    audio = music(2000)
    before = audio.copy()
    rtsep.separate(audio, 44100, tiny_model)
    np.testing.assert_array_equal(audio, before)
