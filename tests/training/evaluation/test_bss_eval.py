"""The measure: cases that are exact on paper, and the reference toolbox museval on noise and on real songs."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import museval
import numpy as np
import pytest

from training.corpora.detect import open_corpus
from training.evaluation.bss_eval import TAPS, BssEval, Ratios, sdr_version_3
from training.evaluation.clips import paper_parts

RNG = np.random.default_rng(1)
TARGET, REST, NOISE = (RNG.standard_normal(30000).astype(np.float32) for _ in range(3))


def impulses(**heights: float) -> np.ndarray:
    """Place impulses, for example a100=0.5 at sample 100."""
    signal = np.zeros(8000, np.float32)
    for place, height in heights.items():
        signal[int(place[1:])] = height
    return signal


def toolbox(target: np.ndarray, rest: np.ndarray, estimate: np.ndarray) -> Ratios:
    """Ask museval, whose version 3 equals the original toolbox."""
    references = np.stack([target, rest])[..., np.newaxis].astype(np.float64)
    estimates = np.stack([estimate, target + rest])[..., np.newaxis].astype(np.float64)  # only the first is scored
    found = []
    for version_3 in (True, False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sdr, _, sir, sar, _ = museval.metrics.bss_eval(
                references, estimates, window=np.inf, hop=np.inf, compute_permutation=False, framewise_filters=False,
                bsseval_sources_version=version_3)
        found.append((float(sdr[0, 0]), float(sir[0, 0]), float(sar[0, 0])))
    np.testing.assert_allclose(found[0][1:], found[1][1:])  # over a whole mono clip both versions share SIR and SAR
    return Ratios(*found[0], sdr_4=found[1][0])


def assert_alike(found: Ratios, expected: Ratios) -> None:
    for name in ("sdr", "sir", "sar", "sdr_4"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=0.01), name


def test_impulses_give_the_ratios_of_their_squares() -> None:
    target, rest = impulses(t1000=1.0), impulses(t4000=1.0)
    found = BssEval(target, rest)(impulses(t1005=0.8, t4007=0.1, t7000=0.05))  # delayed, leaked, invented
    assert found.sdr == pytest.approx(10 * np.log10(0.8 ** 2 / (0.1 ** 2 + 0.05 ** 2)), abs=1e-6)
    assert found.sir == pytest.approx(10 * np.log10(0.8 ** 2 / 0.1 ** 2), abs=1e-6)
    assert found.sar == pytest.approx(10 * np.log10((0.8 ** 2 + 0.1 ** 2) / 0.05 ** 2), abs=1e-6)
    assert found.sdr_4 == pytest.approx(10 * np.log10(1 / (1 + 0.8 ** 2 + 0.1 ** 2 + 0.05 ** 2)), abs=1e-6)


@pytest.mark.parametrize(("delay", "forgiven"), [(0, True), (TAPS - 1, True), (TAPS, False), (-1, False)])
def test_delays_of_0_to_511_samples_are_forgiven_and_no_others(delay: int, forgiven: bool) -> None:
    estimate = impulses(**{f"t{1000 + delay}": 0.5, "t7000": 0.05})
    found = BssEval(impulses(t1000=1.0), impulses(t4000=1.0))(estimate)
    assert found.sdr == pytest.approx(20.0 if forgiven else -200.0, abs=1e-5)


@pytest.mark.parametrize("leak", [0.03, 0.3, 1.0])
def test_noise_scores_as_in_the_toolbox(leak: float) -> None:
    estimate = (np.convolve(TARGET, [0.8, 0.2])[: TARGET.size] + leak * REST + 0.1 * NOISE).astype(np.float32)
    expected = toolbox(TARGET, REST, estimate)
    assert_alike(BssEval(TARGET, REST)(estimate), expected)
    assert sdr_version_3(TARGET, estimate) == pytest.approx(expected.sdr, abs=0.01)


@pytest.mark.parametrize("target", ["guitar", "drums"])
def test_real_songs_score_as_in_the_toolbox(data_root: Path, target: str) -> None:
    song = open_corpus(data_root / "medleydb").read("MusicDelta_Zeppelin")
    requested, rest = (part[4 * 44100:7 * 44100] for part in paper_parts(song, target))
    spectrum = np.fft.rfft(requested + rest)
    spectrum[: spectrum.size // 20] *= 0.3  # an estimate with artefacts: the mixture with its bass turned down,
    estimate = (np.tanh(2 * np.fft.irfft(spectrum, requested.size)) / 2).astype(np.float32)  # and distorted
    assert_alike(BssEval(requested, rest)(estimate), toolbox(requested, rest, estimate))


def test_version_3_forgives_a_filter_and_version_4_does_not() -> None:
    filtered = np.convolve(TARGET, [0.5, 0.3, -0.1])[: TARGET.size].astype(np.float32)
    found = BssEval(TARGET, REST)(filtered)
    assert found.sdr > 30
    assert found.sdr_4 < 8


def test_a_perfect_estimate_and_silence_give_finite_figures() -> None:
    measure = BssEval(TARGET, REST)
    assert min(measure(TARGET).sdr, measure(TARGET).sdr_4) > 100
    silence = measure(0.0 * TARGET)
    assert np.all(np.isfinite([silence.sdr, silence.sir, silence.sar, silence.sdr_4]))
    assert silence.sdr_4 == 0.0
    assert silence.sdr == silence.sir == silence.sar == sdr_version_3(TARGET, 0.0 * TARGET) == -200.0


def test_a_silent_target_is_met_by_silence_alone() -> None:
    measure = BssEval(0.0 * TARGET, REST)
    assert measure(0.0 * TARGET).sdr == measure(0.0 * TARGET).sdr_4 == 200.0
    for wrong in (REST, 1e-6 * TARGET):
        assert measure(wrong).sdr == sdr_version_3(0.0 * TARGET, wrong) == -200.0
        assert measure(wrong).sdr_4 == -200.0
    assert np.all(np.isfinite(dataclasses.astuple(BssEval(TARGET, 0.0 * REST)(TARGET + REST))))
