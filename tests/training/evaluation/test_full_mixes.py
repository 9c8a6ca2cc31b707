"""Full mixes: put together as `mixes.yaml` says, with the figures that stand there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.corpora.full_mixes import FullMix, read_full_mixes
from training.evaluation.full_mixes import MixScores, choice_score, score_mixes, sdr

FIGURES = {  # of mixes.yaml: untouched mixture and ideal mask, dB
    ("80sRock", "guitar"): (-6.5, 8.2), ("80sRock", "drums"): (-3.8, 9.7), ("80sRock", "rest"): (6.5, 14.7),
    ("80sRock", "vocals"): (-3.7, 9.8), ("80sRock", "bass"): (-5.5, 7.4), ("Punk", "guitar"): (-6.6, 4.8),
    ("Punk", "vocals"): (-5.0, 11.5), ("Rockabilly", "bass"): (-7.2, 6.8), ("Rockabilly", "rest"): (5.9, 12.5)}
RNG = np.random.default_rng(1)
STEMS = {name: RNG.standard_normal((2, 9000)).astype(np.float32) for name in ("guitar", "drums", "vocals")}


def test_songs_have_the_figures_that_stand_beside_them(data_root: Path) -> None:
    scores = score_mixes(lambda mixture: {}, read_full_mixes(data_root / "medleydb", ("songs",)))
    found = {(score.song, score.target): (score.mixture, score.ideal) for score in scores.scores}
    for what, expected in FIGURES.items():
        assert found[what] == pytest.approx(expected, abs=0.06), what
    assert all(score.model is None for score in scores.scores)


def scored(gain: float) -> MixScores:
    """Score estimates that are the truth times a gain, and a song without a guitar."""
    silent = FullMix("b", "no_guitar", {"drums": STEMS["drums"]})
    return score_mixes(lambda mixture: {name: gain * stem for name, stem in STEMS.items()},
                       [FullMix("a", "songs", STEMS), silent])


def test_a_tenth_too_soft_is_twenty_decibels() -> None:
    scores = scored(0.9)
    for target in STEMS:
        assert scores.mean(target) == pytest.approx(20.0, abs=0.01)
    assert choice_score(scores) == pytest.approx(20.0, abs=0.01)
    rest = sum(energy for name, stem in STEMS.items() if name != "guitar" for energy in [np.sum(stem ** 2)])
    assert scores.mean("rest") == pytest.approx(20.0 + 10 * np.log10(rest / np.sum(STEMS["guitar"] ** 2)), abs=0.2)
    assert scores.silence_db["b"] == pytest.approx(20 * np.log10(0.9), abs=0.2)
    assert sdr(STEMS["guitar"], 0.0 * STEMS["guitar"]) == pytest.approx(0.0, abs=1e-6)
