"""Networks: bands, the fast GRU, and the exported graph against torch over many recurrent steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from rtsep import Separator
from rtsep.backends import open_step
from rtsep.backends.step import advance
from rtsep.dsp.windows import PROFILES
from rtsep.errors import ConfigError
from rtsep.model.gate import read_step
from tests.training.tiny import tiny_network, write_tiny_model
from training.evaluation.validation import torch_separator
from training.export.export import metadata, write_model
from training.export.parity import parity_db
from training.export.quantise import in_blocks
from training.nets import build
from training.nets.band_gru import BandGru, BandGruConfig
from training.nets.bands import band_centres, triangles
from training.nets.gru import Gru
from training.recipes.recipe import read_recipe

STEPS = 250
STEMS = ("drums", "guitar", "other")
RECIPES = Path(__file__).parents[3] / "training" / "recipes"


@pytest.mark.parametrize(("bins", "bands", "linear"), [(513, 128, 40), (2049, 128, 64), (513, 48, 16)])
def test_bands_sum_to_one_and_overlap_neighbours_only(bins: int, bands: int, linear: int) -> None:
    weights = triangles(bins, bands, linear)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, atol=1e-6)
    assert not np.any(weights[2:] * weights[:-2])
    centres = band_centres(bins, bands, linear)
    np.testing.assert_array_equal(centres[:linear], np.arange(linear))
    assert centres[-1] == bins - 1
    assert np.all(np.diff(centres) > 0.99)


def test_fast_gru_equals_torch_in_values_and_gradients() -> None:
    torch.manual_seed(1)
    fast = Gru(5, 7)
    plain = nn.GRU(5, 7, batch_first=True)
    plain.load_state_dict(fast.state_dict())
    sequence, state, weights = torch.randn(3, 20, 5), torch.randn(3, 7), torch.randn(3, 20, 7)
    results = []
    for run in (fast.run, lambda values, before: plain(values, before[None])):
        inputs = [sequence.clone().requires_grad_(), state.clone().requires_grad_()]
        out, last = run(*inputs)
        last = last.reshape(3, 7)
        ((out * weights).sum() + last.square().sum()).backward()
        results.append([out.detach(), last.detach(), *(value.grad for value in inputs)])
    for mine, theirs in zip(results[0], results[1], strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)
    for mine, theirs in zip(fast.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, atol=1e-5, rtol=1e-4)


def run_both(path: Path, profile: str = "stage") -> tuple[np.ndarray, np.ndarray]:
    """Run the same noise through torch and the step model; estimates (steps, stems, bins) of both."""
    net = tiny_network(profile)
    rng = np.random.default_rng(1)
    levels = 10.0 ** rng.uniform(-2, 1, (STEPS, 1))
    inputs = [(rng.exponential(size=(STEPS, length // 2 + 1)) * levels).astype(np.float32) for length in (1024, 2048)]
    with torch.no_grad():
        spectra = [torch.from_numpy(magnitude[None, None]).to(torch.complex64) for magnitude in inputs]
        masks, _ = net(net.observe(spectra), net.initial_state(1))
        expected = (masks @ net.spread)[0].numpy() * inputs[0][:, None]
    return expected, advance(open_step(read_step(path)), dict(zip(("magnitude", "context_0"), inputs, strict=True)))


@pytest.mark.parametrize("profile", ["paper", "stage", "ultra"])
def test_step_graph_equals_torch_over_many_steps(tmp_path: Path, profile: str) -> None:
    expected, found = run_both(write_tiny_model(tmp_path / "m.onnx", profile), profile)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.max(expected))
    assert np.std(expected[-1] / expected[-1].sum(axis=0), axis=0).max() > 0.2, "masks must not be all alike"


def test_masks_have_an_exponent_and_a_bias_outside_of_training() -> None:
    net = tiny_network()
    assert (net.config.mask_exponent, net.config.logit_bias) == (2.0, (-0.5, 0.0, 0.0))
    with torch.no_grad():
        spectra = [torch.rand(1, 1, 20, length // 2 + 1, dtype=torch.complex64) for length in (1024, 2048)]
        observed = net.observe(spectra)
        raised, _ = net(observed, net.initial_state(1))
        plain, _ = net.train()(observed, net.initial_state(1))
    biased = plain.square() * torch.tensor([-0.5, 0.0, 0.0]).exp()[:, None]
    torch.testing.assert_close(raised, biased / biased.sum(dim=2, keepdim=True))


def test_a_logit_bias_is_one_number_a_stem() -> None:
    with pytest.raises(ConfigError, match="logit_bias: give 3"):
        BandGru(BandGruConfig(logit_bias=(0.5,)), PROFILES["stage"], STEMS, 44100)


def test_eight_bit_graph_stays_close(tmp_path: Path) -> None:
    net = tiny_network()
    summary = {"licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
    write_model(in_blocks(net.step_graph()), metadata(net, "small", 44100, summary), tmp_path / "small.onnx")
    expected, found = run_both(tmp_path / "small.onnx")
    error_db = 10 * np.log10(np.sum((found - expected) ** 2) / np.sum(expected ** 2))
    assert -60 < error_db < -15  # quantised, and still the same network


def test_graph_has_no_fused_recurrence_and_quantises_every_large_product(tmp_path: Path) -> None:
    graph = tiny_network().step_graph()
    operators = [node.op_type for node in graph.model().graph.node]
    assert not {"GRU", "LSTM", "RNN", "STFT", "DFT"} & set(operators)
    small = in_blocks(graph)
    assert [node.op_type for node in small.graph.node].count("MatMulNBits") == len(graph.products) == 6
    assert onnx.checker.check_model(small) is None


def test_the_papers_network_runs_through_the_same_engine(tmp_path: Path) -> None:
    torch.manual_seed(1)
    recipe = read_recipe(RECIPES / "paper_guitar.yaml")
    whole = build(recipe.network, recipe.geometry, recipe.stems, 44100)
    assert sum(p.numel() for p in whole.parameters()) == (
        3 * (3000 * 1000 + 6000) + 3000 * (513 + 2 * 1000) + 1026 * 1001)
    net = build(replace(recipe.network, hidden=120), recipe.geometry, recipe.stems, 44100)
    summary = {"licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
    path = tmp_path / "paper.onnx"
    write_model(net.step_graph().model(), metadata(net, "paper", 44100, summary), path)
    separator = Separator(path)
    assert separator.stems == ("guitar", "other")
    assert separator.latency == 1024
    audio = 0.1 * np.random.default_rng(1).standard_normal(512 * 220).astype(np.float32)
    out = separator.process(audio[np.newaxis])[:, 0, 1024:]
    expected = torch_separator(net)(audio[np.newaxis])
    for name, sound in zip(separator.stems, out, strict=True):
        np.testing.assert_allclose(sound, expected[name][0, :sound.size], atol=1e-5)
        assert 0.2 < np.std(sound) / np.std(audio) < 0.8
    np.testing.assert_allclose(out.sum(axis=0), audio[:out.shape[1]], atol=1e-5)


def test_a_network_that_looks_at_both_channels_is_its_step_graph(tmp_path: Path) -> None:
    torch.manual_seed(4)
    config = BandGruConfig(bands=48, linear_bands=16, contexts=(2048,), context_bands=32, context_linear=8, hidden=24,
                           stereo=True)
    net = BandGru(config, PROFILES["stage"], STEMS, 44100).eval()
    with torch.no_grad():
        net.decoder.weight.mul_(6.0)
    summary = {"licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
    write_model(net.step_graph().model(), metadata(net, "both", 44100, summary), tmp_path / "both.onnx")
    assert parity_db(net, tmp_path / "both.onnx") < -80
    assert parity_db(net, tmp_path / "both.onnx", "numpy") < -80
