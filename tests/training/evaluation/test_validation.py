"""Quick scores that choose checkpoints, and streaming against training's own transform."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.tiny import tiny_network
from training.corpora.songs import Song
from training.evaluation.clips import paper_parts
from training.evaluation.separators import runtime_separator
from training.evaluation.validation import quick_scores, targets_of, torch_separator

RNG = np.random.default_rng(1)
ONE, TWO, THREE = (0.1 * RNG.standard_normal(30000).astype(np.float32) for _ in range(3))


def test_runtime_and_training_separate_alike(tiny_model: Path) -> None:
    offline, live = (separate(np.stack([ONE + TWO, TWO - THREE])) for separate in (
        torch_separator(tiny_network()), runtime_separator(tiny_model)))
    for stem in ("drums", "guitar", "other"):
        np.testing.assert_allclose(live[stem], offline[stem], atol=1e-5)


def test_quick_scores_are_means_over_songs_with_guitar() -> None:
    song = Song("a", {"drums": ONE, "guitar": TWO, "other": THREE})
    silent = Song("b", {"drums": ONE, "other": THREE})
    targets = targets_of(("drums", "guitar", "other"))
    assert targets == ("guitar", "drums")
    parts = {target: paper_parts(song, target)[0][np.newaxis] for target in targets}
    assert min(quick_scores([song, silent], lambda mixture: parts, targets).values()) > 60
    lazy = quick_scores([song, silent], lambda mixture: dict.fromkeys(targets, mixture), targets)
    assert lazy["drums"] == pytest.approx(0.0, abs=0.3)
