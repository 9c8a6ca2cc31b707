"""Exports are proved against the network, and their weights can be read back to start from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from rtsep.backends import open_step
from rtsep.backends.step import reference_error_db
from rtsep.errors import ConfigError, ModelError
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from rtsep.native.flat import flatten
from tests.training.tiny import tiny_network, write_tiny_model
from training.corpora.songs import Song
from training.export.export import check_parity, export, metadata, write_model
from training.export.model_file import check_card
from training.export.parity import parity_db
from training.export.quantise import in_blocks
from training.nets import build
from training.nets.gru import Gru
from training.recipes.recipe import find_recipe, read_recipe
from training.run.start import start_from
from training.run.trainer import Trainer

SUMMARY = {"licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
CREDITS = "file\tauthor_source\tlicence\na.ogg\tsomebody\tCC0-1.0\n"


@pytest.fixture
def checkpoint(tiny_recipe: Path, noise_stems: Path, tmp_path: Path) -> Path:
    """Train a tiny network."""
    run = tmp_path / "run"
    run.mkdir()
    Trainer(read_recipe(tiny_recipe), noise_stems, [], run).train(validate_every=6, workers=0)
    return run / "last.pt"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a data folder with nothing but credits."""
    (tmp_path / "data" / "phrases").mkdir(parents=True)
    (tmp_path / "data" / "phrases" / "CREDITS.tsv").write_text(CREDITS)
    return tmp_path / "data"


def test_a_float32_export_carries_its_proof(checkpoint: Path, data: Path, tmp_path: Path) -> None:
    export(checkpoint, tmp_path / "full.onnx", [], data, float32=True)
    card = yaml.safe_load((tmp_path / "full.yaml").read_text())
    assert card["parity"]["hops"] >= 64
    assert card["parity"]["float32_error_db"] < -80
    assert card["quality"] == {}
    assert card["training"]["loss"] == {"negative_snr": 1.0}
    model = read_step(tmp_path / "full.onnx")
    assert reference_error_db(open_step(model), model) < -100
    assert (tmp_path / "full.rtsep").read_bytes() == flatten(model)
    with pytest.raises(ConfigError, match="no songs to measure the loss of 8 bit on"):
        export(checkpoint, tmp_path / "small.onnx", [], data)
    assert not (tmp_path / "small.onnx").exists()


def test_an_8_bit_export_is_measured_or_refused(checkpoint: Path, data: Path, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    drums, guitar, other = (0.1 * rng.standard_normal(44100).astype(np.float32) for _ in range(3))
    song = Song("a", {"drums": drums, "guitar": guitar, "other": other})
    export(checkpoint, tmp_path / "small.onnx", [song], data)
    card = yaml.safe_load((tmp_path / "small.yaml").read_text())
    assert card["parity"]["float32_error_db"] < -80 < card["parity"]["int8_error_db"] < -15
    assert {"guitar", "drums", "float32_sdr"} <= set(card["quality"])
    monkeypatch.setattr("training.export.export.MAX_LOSS_DB", -1.0)  # as if 8 bit cost more than allowed
    with pytest.raises(ModelError, match=r"8 bit costs .* dB SDR on guitar"):
        export(checkpoint, tmp_path / "bad.onnx", [song], data)
    assert not (tmp_path / "bad.onnx").exists()


def test_a_graph_that_does_something_else_is_refused(tmp_path: Path) -> None:
    right = write_tiny_model(tmp_path / "m.onnx")
    assert check_parity(tiny_network(), {"float32": right})["float32_error_db"] < -80
    other = tiny_network()
    layer = next(module for module in other.modules() if isinstance(module, Gru))
    hidden = layer.hidden_size
    with torch.no_grad():  # exchange reset and update gates: shapes fit, the recurrence is another
        for name in ("weight_hh_l0", "weight_ih_l0", "bias_hh_l0", "bias_ih_l0"):
            value = getattr(layer, name)
            value.copy_(torch.cat([value[hidden:2 * hidden], value[:hidden], value[2 * hidden:]]))
    with pytest.raises(ModelError, match=r"differs from the network in training by .* after 256 hops"):
        check_parity(other, {"float32": right})


@pytest.mark.parametrize("bits", [32, 8])
def test_weights_are_read_back_from_a_step_model(tmp_path: Path, bits: int) -> None:
    net = tiny_network()
    graph = net.step_graph()
    model = graph.model() if bits == 32 else in_blocks(graph)
    write_model(model, metadata(net, "m", 44100, SUMMARY), tmp_path / "m.onnx")
    torch.manual_seed(9)
    other = build(net.config, net.geometry, net.stems, 44100)
    start_from(other, str(tmp_path / "m.onnx"))
    for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
        if bits == 32:
            torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-7)
        else:
            assert torch.linalg.norm(mine - theirs) < 0.02 * torch.linalg.norm(mine)


def test_the_shipped_model_starts_its_recipe() -> None:
    recipe = find_recipe("finetune")
    net = build(recipe.network, recipe.geometry, recipe.stems, 44100)
    random = [parameter.clone() for parameter in net.parameters()]
    start_from(net, "stage")
    assert parity_db(net.eval(), find_model("stage")) < -15  # of 8-bit weights
    assert not any(torch.equal(mine, before) for mine, before in zip(net.parameters(), random, strict=True))


def test_starting_from_another_network_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    net = tiny_network()
    for source in (str(checkpoint), "stage"):
        with pytest.raises(ConfigError, match="holds another network than the recipe describes"):
            start_from(net, source)
    (tmp_path / "x.onnx").write_text("no model")
    with pytest.raises(ModelError, match=r"x\.onnx is no ONNX model"):
        start_from(net, str(tmp_path / "x.onnx"))
    with pytest.raises(ModelError, match="no model 'banjo'"):
        start_from(net, "banjo")


def test_fine_tuning_begins_with_the_weights_and_a_new_schedule(checkpoint: Path, tiny_recipe: Path, noise_stems: Path,
                                                                tmp_path: Path) -> None:
    trained = Trainer(read_recipe(tiny_recipe), noise_stems, [], tmp_path / "new", start=str(checkpoint))
    content = torch.load(checkpoint, weights_only=True)
    assert trained.step == 0
    for name, value in trained.net.state_dict().items():
        assert torch.equal(value, content["ema"][name])
        assert torch.equal(value, trained.averaged.state_dict()[name])


@pytest.mark.parametrize(("content", "taken"), [("format: 1\nanalysis: 1024\nlicence: CC0-1.0\n", True),
                                                ("network: {}\nsteps: 10\n", False), ("- a list\n", False),
                                                ("[unreadable", False)])
def test_a_card_replaces_cards_alone(tmp_path: Path, content: str, taken: bool) -> None:
    (tmp_path / "stage.yaml").write_text(content)
    if taken:
        check_card(tmp_path / "stage.onnx")
        return
    with pytest.raises(ConfigError, match="is no model card"):
        check_card(tmp_path / "stage.onnx")
