"""Scores: hand-computed cases, the quick SDR against the toolbox, and streaming against training's own transform."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import tiny_network
from training.data.medleydb import Song
from training.evaluate import evaluate, runtime_separator, summary
from training.validation import Score, bss_eval, quick_scores, sdr_version_3, targets_of, torch_separator

RNG = np.random.default_rng(1)
TARGET, REST, NOISE = (RNG.standard_normal(44100).astype(np.float32) for _ in range(3))


def test_hand_computed_sdr_sir_sar() -> None:
    estimate = TARGET + 0.1 * REST + 0.05 * NOISE  # white, so delays of one explain nothing of the others
    sdr, sir, sar = bss_eval(TARGET, REST, estimate, version=3)
    assert sdr == pytest.approx(-10 * np.log10(0.1 ** 2 + 0.05 ** 2), abs=0.25)
    assert sir == pytest.approx(20.0, abs=0.25)
    assert sar == pytest.approx(-10 * np.log10(0.05 ** 2 / (1 + 0.1 ** 2)), abs=0.3)


def test_version_3_forgives_a_gain_and_a_short_filter_and_version_4_does_not() -> None:
    filtered = np.convolve(TARGET, [0.5, 0.3, -0.1])[: TARGET.size].astype(np.float32)
    assert bss_eval(TARGET, REST, filtered, version=3)[0] > 30
    assert bss_eval(TARGET, REST, filtered, version=4)[0] < 8


@pytest.mark.parametrize("leak", [0.03, 0.3, 1.0])
def test_quick_sdr_equals_the_toolbox(leak: float) -> None:
    estimate = (np.convolve(TARGET, [0.8, 0.2])[: TARGET.size] + leak * REST + 0.1 * NOISE).astype(np.float32)
    assert sdr_version_3(TARGET, estimate) == pytest.approx(bss_eval(TARGET, REST, estimate, 3)[0], abs=0.02)


def test_global_means_are_weighted_by_length() -> None:
    scores = [Score("a", "guitar", 10.0, 2.0, 4.0, 6.0, 1.0), Score("b", "guitar", 30.0, 6.0, 8.0, 10.0, 5.0),
              Score("a", "drums", 10.0, 99.0, 99.0, 99.0, 99.0)]
    means = summary(scores, "guitar")
    assert (means["sdr"], means["gsdr"], means["gsir"], means["gsar"], means["gnsdr"]) == (4.0, 5.0, 7.0, 9.0, 4.0)


def test_runtime_and_training_separate_alike(tiny_model: Path) -> None:
    mixture = (0.1 * (TARGET + REST))[:30000]
    offline, live = torch_separator(tiny_network())(mixture), runtime_separator(tiny_model)(mixture)
    for stem in ("drums", "guitar", "other"):
        np.testing.assert_allclose(live[stem], offline[stem], atol=1e-5)


def test_a_perfect_separator_scores_high_and_the_mixture_zero() -> None:
    song = Song("a", 0.1 * TARGET, 0.1 * REST, 0.1 * NOISE, 0.0 * NOISE)
    silent = Song("b", 0.1 * TARGET, 0.0 * REST, 0.1 * NOISE, 0.0 * NOISE)

    def ideal(mixture: np.ndarray) -> dict[str, np.ndarray]:
        return {"guitar": mixture - mixture + song.mixture("guitar")[0], "drums": song.mixture("drums")[0]}

    def lazy(mixture: np.ndarray) -> dict[str, np.ndarray]:
        return {"guitar": mixture, "drums": mixture}

    targets = targets_of(("drums", "guitar", "other"))
    assert min(quick_scores([song, silent], ideal, targets).values()) > 60
    assert quick_scores([song, silent], lazy, targets)["drums"] == pytest.approx(0.0, abs=0.3)
    result = evaluate(lazy, [song, silent], targets)
    assert result["guitar"]["nsdr"] == pytest.approx(0.0, abs=1e-6)
    assert result["guitar_leakage_db"] == {"b": 0.0}
    assert len(result["songs"]) == 2
