"""Networks for whole segments: published sizes, geometry, losses, and their graphs against torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from rtsep.dsp.windows import PROFILES
from training.export.export import metadata, write_model
from training.export.parity import parity_db
from training.file_models.clip_spectra import clip_spectra, segment_frames
from training.file_models.hourglass import HourglassConfig
from training.file_models.networks import FileNetworkConfig, build_file_network
from training.file_models.unet import UnetConfig
from training.file_models.wave_unet import WaveUnetConfig, doubled
from training.nets import build
from training.nets.baselines.simple_rnn import Plain, SimpleRnnConfig
from training.nets.spectra import resynthesise

PAPER = PROFILES["paper"]
STEMS = ("drums", "guitar", "other")
SMALL = [WaveUnetConfig(levels=3, filters=6, segment=512, overlap=128),
         HourglassConfig(stacks=2, depth=2, features=8, hops=8, overlap_hops=2),
         UnetConfig(filters=4, depth=2, hops=8, overlap_hops=2)]
KINDS = [config.kind for config in SMALL]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Give torch one thread: small layers gain nothing from more, and lose much on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def parameters(config: FileNetworkConfig, stems: int) -> int:
    net = build_file_network(config, PAPER, STEMS[:stems])
    return sum(parameter.numel() for parameter in net.parameters())


def test_wave_unet_has_the_published_size() -> None:
    # the authors' graph, counted layer by layer: 13 convolutions of 15 down, 12 of 5 up, one of 1
    assert parameters(WaveUnetConfig(), 2) == 10_263_002
    assert round(parameters(WaveUnetConfig(), 2) / 1e6, 1) == 10.3


def test_wave_unet_has_the_published_shapes() -> None:
    net = build_file_network(WaveUnetConfig(), PAPER, STEMS[:2])
    shapes = {}
    for name, layer in (("first", net.down[0]), ("deepest", net.down[-1]), ("last", net.up[-1])):
        layer.register_forward_hook(lambda _, given, out, name=name: shapes.update({name: (given[0].shape, out.shape)}))
    with torch.no_grad():
        assert net(torch.zeros(1, 16384)).shape == (1, 2, 16384)
    assert shapes["first"] == ((1, 1, 16384), (1, 24, 16384))
    assert shapes["deepest"] == ((1, 288, 4), (1, 312, 4))
    assert shapes["last"] == ((1, 72, 16384), (1, 24, 16384))


def test_hourglass_has_the_published_geometry() -> None:
    def conv(before: int, after: int, size: int) -> int:
        return before * after * size * size + after

    stems = 2
    entry = conv(1, 64, 7) + conv(64, 128, 3) + 2 * conv(128, 128, 3) + conv(128, 256, 3)
    stack = 13 * conv(256, 256, 3) + conv(256, 256, 3) + conv(256, 256, 1) + conv(256, stems, 1)
    onward = conv(256, 256, 1) + conv(stems, 256, 1)
    assert parameters(HourglassConfig(), stems) == entry + 4 * stack + 3 * onward == 34_176_776
    net = build_file_network(HourglassConfig(features=8), PAPER, STEMS[:stems])
    seen = []
    net.stacks[0].hourglass.register_forward_hook(lambda _, inputs, out: seen.append(inputs[0].shape[2:]))
    with torch.no_grad():
        masks = net.all_masks(torch.rand(1, 64, 513))
    assert seen == [(64, 512)]
    assert [mask.shape for mask in masks] == [(1, stems, 64, 513)] * 4


def test_unet_sees_three_seconds() -> None:
    net = build_file_network(UnetConfig(), PAPER, STEMS)
    assert net.segment / 44100 == pytest.approx(3.0, abs=0.05)


def test_simple_rnn_is_torchs_and_has_the_papers_size() -> None:
    config = SimpleRnnConfig()
    assert (config.layers, config.hidden) == (1, 1000)
    mine, theirs = Plain(5, 7), torch.nn.RNN(5, 7, batch_first=True)
    with torch.no_grad():
        for parameter, value in zip(theirs.parameters(), (mine.input.weight, mine.recurrent.weight, mine.input.bias,
                                                          mine.recurrent.bias), strict=True):
            parameter.copy_(value)
        sequence, state = torch.randn(3, 60, 5), torch.randn(3, 7)
        torch.testing.assert_close(mine.run(sequence, state)[0], theirs(sequence, state[None])[0])


def test_simple_rnn_streams_like_torch(tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = build(SimpleRnnConfig(hidden=40), PAPER, ("guitar", "other"), 44100)
    summary = {"licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
    write_model(net.step_graph().model(), metadata(net, "simple", 44100, summary), tmp_path / "simple.onnx")
    assert parity_db(net, tmp_path / "simple.onnx") < -80


def test_linear_upsampling_keeps_samples_and_puts_means_between() -> None:
    torch.testing.assert_close(doubled(torch.tensor([1.0, 3.0, -1.0])), torch.tensor([1.0, 2.0, 3.0, 1.0, -1.0, -1.0]))


def test_spectra_of_a_segment_lose_nothing_at_its_ends() -> None:
    frames = segment_frames(9, PAPER)
    audio = torch.randn(2, frames)
    spectra = clip_spectra(audio, PAPER)
    assert spectra.shape == (2, 9, 513)
    torch.testing.assert_close(resynthesise(spectra, PAPER)[:, 512:512 + frames], audio, atol=1e-5, rtol=0)


def random_network(config: FileNetworkConfig) -> torch.nn.Module:
    """Make a small network whose statistics and output are not trivial."""
    torch.manual_seed(2)
    net = build_file_network(config, PAPER, STEMS)
    for _ in range(3):
        net.loss(torch.randn(4, 3, net.segment))
    return net.eval()


@pytest.mark.parametrize("config", SMALL, ids=KINDS)
def test_graphs_equal_torch_at_any_level(config: FileNetworkConfig, tmp_path: Path) -> None:
    net = random_network(config)
    onnx.save(net.file_graph().model(), tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (declared,) = session.get_inputs()
    for level in (0.0, 1e-3, 1.0, 30.0):
        given = level * torch.rand([1, *declared.shape[1:]])
        with torch.no_grad():
            expected = net(given).numpy()
        (found,) = session.run(None, {declared.name: given.numpy()})
        np.testing.assert_allclose(found, expected, atol=1e-5 * max(level, 1.0))
    assert np.std(expected) > 0.01


@pytest.mark.parametrize("config", SMALL, ids=KINDS)
def test_a_few_steps_lower_the_loss(config: FileNetworkConfig) -> None:
    torch.manual_seed(2)
    net = build_file_network(config, PAPER, STEMS)
    stems = torch.randn(2, 3, net.segment) * torch.tensor([1.0, 0.3, 0.1])[:, None]
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = net.loss(stems)
        loss.backward()
        assert all(parameter.grad is not None for parameter in net.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.95 * losses[0]


def test_wave_unet_gives_stems_that_sum_to_the_mixture() -> None:
    net = random_network(SMALL[0])
    mixture = 0.1 * torch.randn(2, net.segment)
    with torch.no_grad():
        torch.testing.assert_close(net(mixture).sum(dim=1), mixture, atol=1e-6, rtol=0)


def test_unet_masks_stay_between_zero_and_one() -> None:
    with torch.no_grad():
        masks = random_network(SMALL[2])(torch.rand(1, 8, 513))
    assert masks.min() >= 0.0
    assert masks.max() <= 1.0
    assert masks.max() - masks.min() > 0.05


def test_every_stack_is_supervised() -> None:
    net = random_network(SMALL[1])
    with torch.no_grad():
        stems = torch.randn(1, 3, net.segment)
        before = net.loss(stems)
        for stack in net.stacks:
            saved = stack.mask.bias.clone()
            stack.mask.bias += 10.0
            assert net.loss(stems) > before + 1.0
            stack.mask.bias.copy_(saved)
