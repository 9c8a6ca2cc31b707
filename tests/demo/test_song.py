"""The demo song: the same every time, well-behaved, and made of what it says."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.demo.song import BARS, TEMPO, demo_song
from rtsep.demo.synth import impulse, low_pass, pitch_hz, pluck

BAR_S = 4 * 60.0 / TEMPO


@pytest.fixture(scope="module")
def song() -> dict[str, np.ndarray]:
    return demo_song()


def band_share(stem: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.square(np.abs(np.fft.rfft(stem.mean(axis=0))))
    hertz = np.fft.rfftfreq(stem.shape[1], 1 / 44100)
    return float(power[(hertz >= low_hz) & (hertz < high_hz)].sum() / power.sum())


def flatness(stem: np.ndarray) -> float:
    """Geometric over arithmetic mean of short spectra, 2 to 6 kHz: near 0 for tones, near 0.56 for noise."""
    frames = stem.mean(axis=0)[:880_640].reshape(-1, 4096)
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(4096))))[:, 186:557] + 1e-20
    loud = power.sum(axis=1) > np.median(power.sum(axis=1))
    return float(np.median(np.exp(np.log(power[loud]).mean(axis=1)) / power[loud].mean(axis=1)))


def test_shape_peak_and_sum(song):
    assert list(song) == ["drums", "guitar", "other"]
    for stem in song.values():
        assert stem.shape == (2, 20 * 44100)
        assert stem.dtype == np.float32
        assert np.isfinite(stem).all()
    assert 20 * np.log10(np.abs(sum(song.values())).max()) == pytest.approx(-3.0, abs=0.05)


def test_stems_are_about_equally_loud(song):
    levels = [20 * np.log10(np.sqrt(np.mean(np.square(stem)))) for stem in song.values()]
    assert max(levels) - min(levels) < 4.0


def test_every_call_plays_the_same(song):
    for name, stem in demo_song().items():
        np.testing.assert_array_equal(stem, song[name])


def test_other_sample_rate_is_the_same_song(song):
    slow = demo_song(22050)
    assert slow["guitar"].shape == (2, 20 * 22050)
    envelope = [np.abs(stem.mean(axis=0)).reshape(200, -1).mean(axis=1) for stem in (slow["guitar"], song["guitar"])]
    assert np.corrcoef(envelope)[0, 1] > 0.9


def test_the_spectra_are_those_of_the_instruments(song):
    assert band_share(song["guitar"], 80, 5500) > 0.95  # the cabinet ends it
    assert band_share(song["guitar"], 8000, 22050) < 1e-3
    assert band_share(song["drums"], 20, 180) > 0.2  # kick
    assert band_share(song["drums"], 4000, 16000) > 0.05  # snare wires and cymbals
    assert band_share(song["other"], 30, 500) > 0.5  # bass


def test_drums_are_noise_and_guitar_is_tones(song):
    assert flatness(song["drums"]) > 1.5 * flatness(song["guitar"])


def test_the_chorus_is_fuller_than_the_verse(song):
    start = round((0.06 + 4 * BAR_S) * 44100)
    end = round((0.06 + BARS * BAR_S) * 44100)
    power = [np.mean(np.square(piece)) for piece in (song["guitar"][:, :start], song["guitar"][:, start:end])]
    assert power[1] > 1.2 * power[0]


def test_it_is_stereo_and_ends_in_silence(song):
    for stem in song.values():
        assert np.abs(stem[0] - stem[1]).max() > 0.01
        assert np.abs(stem[:, -20:]).max() < 1e-3


@pytest.mark.parametrize("note", [28, 45, 64, 81])
def test_strings_are_in_tune(note):
    sound = pluck(note, 1.5, 44100, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size), 1 << 20))
    hertz = np.fft.rfftfreq(1 << 20, 1 / 44100)
    near = np.abs(np.log2(np.maximum(hertz, 1.0) / pitch_hz(note))) < 1 / 12
    found = hertz[near][np.argmax(spectrum[near])]
    assert abs(1200 * np.log2(found / pitch_hz(note))) < 2.0


def test_minimum_phase_has_the_magnitude_and_no_delay():
    response = impulse(44100, low_pass(3000.0, 4))
    found = np.abs(np.fft.rfft(response, 8192))
    expected = low_pass(3000.0, 4)(np.fft.rfftfreq(8192, 1 / 44100))
    assert np.abs(found - expected).max() < 1e-3
    assert np.sum(np.square(response[:40])) > 0.9 * np.sum(np.square(response))
