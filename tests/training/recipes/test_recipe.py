"""Recipes are strict, may build on each other, and each committed one trains and has a step graph."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

from rtsep.errors import ConfigError
from training.cli import main
from training.export.export import load_network
from training.file_models.networks import FileNetworkConfig
from training.recipes.recipe import Recipe, find_recipe, read_recipe, recipe_names
from training.run.run import learning_rate
from training.run.trainer import Trainer

RECIPES = [path for path in sorted(Path(__file__).parents[3].joinpath("training", "recipes").glob("*.yaml"))
           if not isinstance(read_recipe(path).network, FileNetworkConfig)]


def small(path: Path, target: Path, **optimiser: float) -> Path:
    """Copy a recipe with few steps of few lanes of a narrow network."""
    fields = yaml.safe_load(path.read_text())
    fields["network"] = {**fields.get("network", {}), "hidden": 48}
    fields["optimiser"] = {**fields.get("optimiser", {}), "steps": 2, "lanes": 2, "chunk_seconds": 0.3, **optimiser}
    fields["mixtures"] = {**fields.get("mixtures", {}), "segment_seconds": [1.0, 1.5]}
    target.write_text(yaml.safe_dump(fields))
    return target


def test_there_are_recipes() -> None:
    paper = {"paper", "paper_mse", "paper_0db", "paper_3x500", "paper_4x500"}
    assert paper | {"stage", "ultra", "finetune"} <= set(recipe_names())


@pytest.mark.parametrize("path", RECIPES, ids=[path.stem for path in RECIPES])
def test_committed_recipes_train_and_export(path: Path, noise_stems: Path, tmp_path: Path) -> None:
    recipe = read_recipe(small(path, tmp_path / "recipe.yaml"))
    assert recipe.name == path.stem
    trainer = Trainer(recipe, noise_stems, [], tmp_path)
    before = [parameter.detach().clone() for parameter in trainer.net.parameters()]
    trainer.train(validate_every=2, workers=0)
    assert trainer.step == 2
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.net.parameters(), strict=True))
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [row["step"] for row in rows] == ["2"]
    assert np.isfinite(float(rows[0]["loss"]))
    net, same, training = load_network(tmp_path / "last.pt")
    assert same == recipe
    assert training["steps"] == 2
    assert training["curves"][tmp_path.name]["step"] == [2.0]
    net.step_graph().model()


def test_recipes_build_on_each_other() -> None:
    paper, wide, deep = (find_recipe(name) for name in ("paper_mse", "paper_3x500", "paper_4x500"))
    assert (wide.network.layers, wide.network.hidden) == (3, 500)
    assert (deep.network.layers, deep.network.hidden) == (4, 500)
    assert wide.loss == paper.loss == {"magnitude_mse": 1.0}
    stage, ultra, finetune = (find_recipe(name) for name in ("stage", "ultra", "finetune"))
    assert (ultra.geometry.synthesis, ultra.geometry.hop) == (256, 128)
    assert ultra.network == finetune.network == stage.network  # so that finetune can begin with stage's weights
    assert finetune.mixtures.augment == stage.mixtures.augment
    assert "own" in finetune.mixtures.counts
    assert "own" not in stage.mixtures.counts
    assert finetune.optimiser.lanes == stage.optimiser.lanes


def test_training_learns_what_can_be_learnt(tmp_path: Path) -> None:
    rng, time = np.random.default_rng(1), np.arange(5 * 44100) / 44100
    sounds = {"drums": 0.2 * np.diff(rng.standard_normal(time.size + 1)),
              "guitar": 0.3 * np.sin(2 * np.pi * 900 * time), "bass": 0.3 * np.sin(2 * np.pi * 80 * time)}
    for kind, sound in sounds.items():
        (tmp_path / kind).mkdir()
        soundfile.write(tmp_path / kind / "0.wav", np.clip(sound, -1, 1), 44100)
    stage = RECIPES[0].with_name("stage.yaml")
    recipe = read_recipe(small(stage, tmp_path / "r.yaml", steps=120, warm_up_steps=5, lanes=4))
    trainer = Trainer(recipe, tmp_path, [], tmp_path)
    trainer.train(validate_every=20, workers=0)
    losses = [float(row["loss"]) for row in csv.DictReader((tmp_path / "log.csv").open())]
    assert losses[-1] < losses[0] - 2.0


def test_schedule_rises_then_falls() -> None:
    config = Recipe("x", "stage").optimiser
    rates = [learning_rate(step, config) for step in range(config.steps + 1)]
    assert np.argmax(rates) == pytest.approx(config.warm_up_steps, abs=1)
    assert max(rates) == pytest.approx(config.learning_rate)
    assert rates[-1] == pytest.approx(config.learning_rate * config.final_rate)


@pytest.mark.parametrize(("text", "message"), [
    ("name: a\nprofile: stage\nnetwrok: {}", "unknown key 'netwrok'"),
    ("name: a\nprofile: stage\nnetwork: {hidden: wide}", "network: hidden: expected a whole number, got 'wide'"),
    ("name: a\nprofile: stage\nnetwork: {contexts: [long]}", "network: contexts: expected a whole number, got 'long'"),
    ("name: a\nprofile: stage\nmixtures: {augment: {tone: true}}", "mixtures: augment: tone: expected a number"),
    ("name: a\nprofile: stadium", "profile 'stadium': choose one of paper, stage, ultra, song"),
    ("profile: stage", "the key name is missing"), ("stems: guitar", "stems: expected a list, got 'guitar'"),
    ("name: a\nprofile: stage\nloss: {l7: 1.0}", "loss: no loss 'l7'; known are negative_snr, time_snr"),
    ("name: a\nprofile: stage\nloss: {}", "loss: no loss ''; known are"),
    ("base: stage\noptimiser: {stepz: 1}", "optimiser: unknown key 'stepz'"),
    ("base: banjo", "no recipe banjo: give a file, or one of the recipes finetune, hourglass"),
    ("base: stage\nmixtures: {counts: {banjo: [1.0]}}", "mixtures: counts: no kind 'banjo'; known are drums, guitar"),
    ("base: stage\nmixtures: {counts: {drums: [0.5, 0.4]}}", "drums: give probabilities of 0, 1, 2, ... that sum to"),
    ("base: stage\nmixtures: {target_at_0_db: voice}", "no stem 'voice': choose one of drums, bass, guitar, vocals"),
    ("- a", "expected a mapping"),
    ("name: [", "recipe.yaml: line 1, column 8"),
])
def test_mistakes_in_recipes_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        read_recipe(tmp_path / "recipe.yaml")
    assert message in str(error.value)


def test_commands_end_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "banjo", str(tmp_path), str(tmp_path / "run")]) == 1
    assert "no recipe banjo" in capsys.readouterr().err
    assert main(["--data", str(tmp_path), "train", "stage", str(tmp_path), str(tmp_path / "run")]) == 1
    assert "no scores on real songs" in (said := capsys.readouterr().err)
    assert "has no sounds for drums and guitar and accompaniment" in said
    assert main(["--data", str(tmp_path), "render", str(tmp_path / "out")]) == 1
    assert "no folder samples/" in capsys.readouterr().err
    (tmp_path / "x.pt").write_text("no checkpoint")
    assert main(["--data", str(tmp_path), "evaluate", "banjo"]) == 1
    assert "no model 'banjo'" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="is no checkpoint"):
        load_network(tmp_path / "x.pt")
