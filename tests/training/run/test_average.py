"""The mean of the weights of several runs, as a checkpoint that goes on like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from rtsep.errors import ConfigError
from training.cli import main
from training.export.export import load_network
from training.recipes.recipe import overridden, read_recipe
from training.run.average import average_checkpoints
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.trainer import Trainer


def trained(recipe_path: Path, stems: Path, run: Path, changes: dict[str, object]) -> Path:
    run.mkdir()
    Trainer(overridden(read_recipe(recipe_path), changes, "test"), stems, [], run).train(validate_every=2, workers=0)
    return run / "last.pt"


def test_the_mean_is_a_checkpoint_of_its_own(tiny_recipe: Path, noise_stems: Path, tmp_path: Path,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    short = [trained(tiny_recipe, noise_stems, tmp_path / f"run{rate}",
                     {"optimiser": {"steps": 2, "learning_rate": rate}}) for rate in (1e-3, 1e-2)]
    out = tmp_path / "mean.pt"
    assert main(["average", *map(str, short), str(out)]) == 0
    assert "the mean of 2" in capsys.readouterr().out
    found, *parts = ((read_checkpoint(path)) for path in (out, *short))
    for name, mean in found["ema"].items():
        one, other = (part["ema"][name] for part in parts)
        assert not torch.equal(one, other) or name.endswith("bias")
        torch.testing.assert_close(mean, (one + other) / 2)
    assert found["log"]["step"] == 4
    assert set(found["curves"]) == {path.parent.name for path in short}
    assert found["log"]["audio_hours"] == pytest.approx(2 * parts[0]["log"]["audio_hours"])
    best = [str(path.with_name("best.pt")) for path in short]
    out = tmp_path / "again.pt"
    assert main(["average", *map(str, short), *best, str(out)]) == 0
    assert read_checkpoint(out)["log"]["step"] == 4, "checkpoints of one run count once"
    net, recipe, _ = load_network(out)
    assert recipe.name == "tiny"
    torch.testing.assert_close(net.state_dict()["decoder.weight"], found["ema"]["decoder.weight"])


def test_what_runs_began_from_counts_once(tmp_path: Path) -> None:
    pasts = ({"hours": 3.0, "curves": {"first": {}}}, {"hours": 3.0, "curves": {"first": {}}}, None)
    weights = {"weight": torch.ones(1)}
    for index, past in enumerate(pasts):
        (tmp_path / str(index)).mkdir()
        content = {"recipe": {"network": {}}, "net": weights, "ema": weights, "curves": {},
                   "log": {"step": 10, "audio_hours": (past["hours"] if past else 0.0) + 1.0}}
        write_checkpoint([tmp_path / str(index) / "last.pt"], content | ({"past": past} if past else {}))
    average_checkpoints([tmp_path / str(index) / "last.pt" for index in range(3)], tmp_path / "mean.pt")
    assert read_checkpoint(tmp_path / "mean.pt")["log"] == {"step": 30, "audio_hours": 6.0}


def test_a_run_that_goes_on_from_another_counts_what_it_added(tmp_path: Path) -> None:
    weights, past = {"weight": torch.ones(1)}, {"hours": 3.0, "curves": {"first": {}}}
    runs = {"second": (past, 5.0, {"first": {}, "second": {}}),
            "third": ({"hours": 5.0, "curves": {"first": {}, "second": {}}}, 9.0,
                      {"first": {}, "second": {}, "third": {}})}
    for name, (before, hours, curves) in runs.items():
        (tmp_path / name).mkdir()
        write_checkpoint([tmp_path / name / "last.pt"], {
            "recipe": {"network": {}}, "net": weights, "ema": weights, "past": before, "curves": curves,
            "log": {"step": 10, "audio_hours": hours}})
    kept = [(tmp_path / name / "last.pt").rename(tmp_path / f"{name}.pt") for name in runs]  # where they are is all one
    for order in (kept, kept[::-1]):
        out = tmp_path / f"mean from {order[0].name}"
        average_checkpoints(order, out)
        assert read_checkpoint(out)["log"] == {"step": 20, "audio_hours": 9.0}


def test_weights_that_a_run_went_on_from_count_once_where_they_are_a_source_unchanged(tmp_path: Path) -> None:
    past: dict[str, Any] = {"hours": 5.0, "curves": {"shipped": {}}}
    unchanged: dict[str, Any] = {}
    for name, step, hours, added in (("unchanged", 0, 5.0, unchanged), ("on", 10, 7.0, {"on": {}})):
        (tmp_path / name).mkdir()
        write_checkpoint([tmp_path / name / "last.pt"], {
            "recipe": {"network": {}}, "net": {}, "ema": {"weight": torch.ones(1)}, "past": past,
            "curves": past["curves"] | added, "log": {"step": step, "audio_hours": hours}})
    sources = [tmp_path / name / "last.pt" for name in ("unchanged", "unchanged", "on")]
    average_checkpoints(sources, tmp_path / "mean.pt")
    assert read_checkpoint(tmp_path / "mean.pt")["log"] == {"step": 10, "audio_hours": 7.0}


def test_other_networks_are_refused(tiny_recipe: Path, noise_stems: Path, tmp_path: Path,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    changes = ({"optimiser": {"steps": 1}}, {"optimiser": {"steps": 1}, "network": {"hidden": 8}})
    runs = [trained(tiny_recipe, noise_stems, tmp_path / f"run{index}", change)
            for index, change in enumerate(changes)]
    assert main(["average", *map(str, runs), str(tmp_path / "mean.pt")]) == 1
    assert "holds another network" in capsys.readouterr().err
    assert not (tmp_path / "mean.pt").exists()


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    for number, name in ((2, "a"), (5, "b")):
        (tmp_path / name).mkdir()
        weights = {"count": torch.tensor(number), "weight": torch.tensor([float(number)])}
        write_checkpoint([tmp_path / name / "last.pt"], {"recipe": {"network": {}}, "net": weights, "ema": weights,
                                                         "log": {"step": number, "audio_hours": 1.0}, "curves": {}})
    average_checkpoints([tmp_path / "a" / "last.pt", tmp_path / "b" / "last.pt"], tmp_path / "mean.pt")
    mean = read_checkpoint(tmp_path / "mean.pt")["ema"]
    with pytest.raises(ConfigError, match=r"b/last.pt is there, and is kept"):
        average_checkpoints([tmp_path / "a" / "last.pt"], tmp_path / "b" / "last.pt")
    assert read_checkpoint(tmp_path / "b" / "last.pt")["ema"]["count"] == 5
    assert mean["count"].dtype == torch.int64
    assert mean["weight"].tolist() == [3.5]
