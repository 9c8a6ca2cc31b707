"""Held-out renderings are mixed the same each time and scored beside songs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.evaluation.full_mixes import score_mixes
from training.evaluation.renderings import rendered_columns, rendered_mixes
from training.mixing.remix import RemixConfig
from training.recipes.recipe import read_recipe
from training.run.journal import read_rows
from training.run.trainer import Trainer


def test_mixtures_are_the_same_at_every_call(noise_stems: Path) -> None:
    first, second = ([mix.mixture for mix in rendered_mixes(noise_stems, RemixConfig(), 3, 0.5)] for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.allclose(first[0], first[1])


def test_half_of_every_stem_is_six_decibels(noise_stems: Path) -> None:
    config = RemixConfig(without=1.0, counts={"drums": (0.0, 1.0), "guitar": (0.0, 1.0), "bass": (0.0, 1.0)})
    mixes = list(rendered_mixes(noise_stems, config, 2, 0.5))
    halves = iter([{stem: 0.5 * audio for stem, audio in mix.stems.items()} for mix in mixes])
    columns = rendered_columns(score_mixes(lambda mixture: next(halves), mixes))
    assert {name: columns[name] for name in ("rendered_guitar", "rendered_drums", "rendered_bass")} == pytest.approx(
        dict.fromkeys(("rendered_guitar", "rendered_drums", "rendered_bass"), 20.0 * np.log10(2.0)), abs=1e-3)
    assert "rendered_vocals" not in columns


def test_a_run_writes_them_into_its_log(noise_stems: Path, tiny_recipe: Path, tmp_path: Path) -> None:
    recipe = read_recipe(tiny_recipe)
    rendered = list(rendered_mixes(noise_stems, recipe.mixtures, 1, 1.0))
    Trainer(recipe, noise_stems, [], tmp_path, rendered=rendered).train(validate_every=3, workers=0)
    assert [float(row["rendered_rest"]) for row in read_rows(tmp_path / "log.csv")]
