"""Networks for files: each committed recipe trains, goes on where it stopped, exports and separates."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from rtsep.backends.segments import FileModel
from rtsep.errors import ConfigError
from training.cli import main
from training.evaluation.separators import file_separator
from training.file_models.export import export_file_model
from training.file_models.networks import FileNetworkConfig
from training.file_models.trainer import ClipTrainer
from training.recipes.recipe import Recipe, find_recipe, overridden, recipe_names
from training.run.journal import Journal
from training.run.run import MOST_SKIPPED
from training.run.trainer import Trainer

NAMES = [name for name in recipe_names() if isinstance(find_recipe(name).network, FileNetworkConfig)]
SMALLER = {"wave_unet": {"levels": 4, "filters": 4, "segment": 4096, "overlap": 1024},
           "hourglass": {"features": 8, "depth": 2, "hops": 16, "overlap_hops": 4},
           "unet": {"filters": 4, "depth": 2, "hops": 16, "overlap_hops": 4}}


def small(name: str) -> Recipe:
    """Read a recipe and take two steps of two lanes of a smaller network from it."""
    recipe = find_recipe(name)
    return overridden(recipe, {"network": SMALLER[recipe.network.kind], "optimiser": {"steps": 2, "lanes": 2},
                               "mixtures": {"segment_seconds": [1.0, 1.5]}}, name)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a data folder with credits and no songs."""
    folder = tmp_path / "data"
    (folder / "phrases").mkdir(parents=True)
    (folder / "phrases" / "CREDITS.tsv").write_text("file\tauthor_source\tlicence\na.ogg\tsomebody\tCC0-1.0\n")
    return folder


def test_there_are_recipes_of_every_kind() -> None:
    assert {find_recipe(name).network.kind for name in NAMES} == set(SMALLER)


@pytest.mark.parametrize("name", NAMES)
def test_committed_recipes_train_export_and_separate(name: str, noise_stems: Path, data: Path,
                                                      tmp_path: Path) -> None:
    trainer = ClipTrainer(small(name), noise_stems, [], tmp_path)
    before = [parameter.detach().clone() for parameter in trainer.net.parameters()]
    trainer.train(validate_every=1, workers=0)
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.net.parameters(), strict=True))
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [row["step"] for row in rows] == ["1", "2"]
    export_file_model(tmp_path / "last.pt", tmp_path / "model.onnx", [], data)
    info = FileModel(tmp_path / "model.onnx").info
    assert (info.name, info.stems, info.training["steps"]) == ("model", ("drums", "guitar", "other"), 2)
    assert yaml.safe_load((tmp_path / "model.yaml").read_text())["segment"] == info.segment
    stems = file_separator(tmp_path / "model.onnx")(np.ones((1, 20_000), np.float32))
    assert [stem.shape for stem in stems.values()] == [(1, 20_000)] * 3
    assert all(np.isfinite(stem).all() for stem in stems.values())


def test_a_resumed_run_ends_like_one_that_did_not_stop(noise_stems: Path, tmp_path: Path) -> None:
    recipe = small("unet")
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = ClipTrainer(recipe, noise_stems, [], tmp_path / "whole")
    whole.train(validate_every=2, workers=0)
    first = ClipTrainer(overridden(recipe, {"optimiser": {"steps": 2}}, "r"), noise_stems, [], tmp_path / "parts")
    for stems, restart in first.batches(0):
        first.update(stems, restart)
        break
    first.validate([], Journal(tmp_path / "parts", 0))
    second = ClipTrainer(recipe, noise_stems, [], tmp_path / "parts")
    second.resume(tmp_path / "parts" / "last.pt")
    assert second.step == 1
    second.train(validate_every=2, workers=0)
    for mine, theirs in zip(second.net.state_dict().values(), whole.net.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_mistakes_are_explained(noise_stems: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="a band_gru streams"):
        ClipTrainer(find_recipe("stage"), noise_stems, [], tmp_path)
    with pytest.raises(ConfigError, match="a unet works on whole segments"):
        Trainer(small("unet"), noise_stems, [], tmp_path)
    trainer = ClipTrainer(small("unet"), noise_stems, [], tmp_path)
    trainer.validate([], Journal(tmp_path, 0))
    with pytest.raises(ConfigError, match="cannot be resumed with this recipe, name, network"):
        ClipTrainer(small("hourglass"), noise_stems, [], tmp_path).resume(tmp_path / "last.pt")
    restart = torch.ones(2, dtype=torch.bool)
    for _ in range(MOST_SKIPPED - 1):
        assert math.isnan(trainer.update(torch.full((2, 5, 2, trainer.net.segment), torch.nan), restart))
    with pytest.raises(ConfigError, match=f"the loss is no number since {MOST_SKIPPED} steps"):
        trainer.update(torch.full((2, 5, 2, trainer.net.segment), torch.nan), restart)
    assert main(["--data", str(tmp_path), "export", str(tmp_path / "none.pt"), str(tmp_path / "x.onnx")]) == 1
    assert "none.pt: check the name and the folder" in capsys.readouterr().err


def test_the_command_trains_and_exports_them(noise_stems: Path, data: Path, tmp_path: Path) -> None:
    recipe = {"base": "unet", "network": SMALLER["unet"], "optimiser": {"steps": 2, "lanes": 2},
              "mixtures": {"segment_seconds": [1.0, 1.5]}}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    run = tmp_path / "run"
    train = ["--data", str(data), "train", str(tmp_path / "tiny.yaml"), str(noise_stems), str(run), "--workers", "0"]
    assert main([*train, "--from", "stage"]) == 1
    assert main(train) == 0
    assert main(["--data", str(data), "export", str(run / "last.pt"), str(tmp_path / "out.onnx")]) == 0
    assert FileModel(tmp_path / "out.onnx").info.training["steps"] == 2
