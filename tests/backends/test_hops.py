"""Hops by the compiled kernels are those that numpy composes, and numpy does what the kernels cannot."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.lib.loads import without_network
from rtsep import ModelError, Separator
from rtsep.backends import hops_of
from rtsep.backends.native import CompiledHops
from rtsep.backends.reference import ComposedHops
from rtsep.backends.step_model import StepModel
from rtsep.dsp.mask import mask_weights, wanted_sets
from rtsep.dsp.windows import PROFILES, Geometry
from rtsep.native import library as bindings
from rtsep.native.library import SETS, load_kernels
from tests.conftest import STEMS, make_tiny_model

BUILT = [name for name in SETS if load_kernels(name)]
RNG = np.random.default_rng(1)
WANTED = wanted_sets(STEMS, ("guitar", "rest"))
Audio = NDArray[np.float32]

pytestmark = pytest.mark.skipif(not BUILT, reason="no kernels here: install a C compiler, then rtsep again")


@pytest.fixture(params=BUILT)
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let these kernels be the only ones."""
    name: str = request.param
    monkeypatch.setattr(bindings, "SETS", [name])
    return name


def noise(*shape: int) -> Audio:
    return (0.1 * RNG.standard_normal(shape)).astype(np.float32)


def pair(path: Path, channels: int) -> tuple[CompiledHops, ComposedHops]:
    """Make both for one model, which both step by the kernels."""
    return CompiledHops(StepModel(path), channels, WANTED), ComposedHops(StepModel(path), channels, WANTED)


def random_masks(geometry: Geometry, contexts: tuple[int, ...], path: Path) -> Path:
    """Write a step model of any geometry whose estimates are the magnitudes times random numbers."""
    document = {"format": 1, "name": "random", "samplerate": 44100, **asdict(geometry), "stems": STEMS,
                "contexts": contexts, "licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
    return without_network(document, path, RNG.random((len(STEMS), geometry.bins)).astype(np.float32))


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("profile", PROFILES)
def test_both_sound_the_same(profile: str, channels: int, kernels: str, tmp_path: Path) -> None:
    compiled, composed = pair(make_tiny_model(tmp_path / "tiny.onnx", profile), channels)
    hop = PROFILES[profile].hop
    for turn, hops in enumerate([1] * 40 + [16, 3, 1, 31, 40, 2]):  # more than the line has room for
        block = noise(channels, hops * hop)
        gains = RNG.uniform(0.0, 4.0, (hops, 1, 1)).astype(np.float32)
        weights = [mask_weights(WANTED), mask_weights(WANTED, gains), mask_weights(WANTED, gains[:1]), None][turn % 4]
        np.testing.assert_allclose(compiled.push(block, weights), composed.push(block, weights), atol=1e-6)
        np.testing.assert_allclose(compiled.preview(64), composed.preview(64), atol=1e-5)


@pytest.mark.parametrize(("analysis", "synthesis", "hop"), [
    (64, 64, 32), (64, 8, 2), (128, 64, 16), (256, 128, 64), (512, 512, 256), (1024, 512, 64), (2048, 96, 48),
    (4096, 4096, 1024), (8192, 256, 128)])
def test_transforms_of_many_lengths(analysis: int, synthesis: int, hop: int, kernels: str, tmp_path: Path) -> None:
    geometry, contexts = Geometry(analysis, synthesis, hop), (analysis, 2 * analysis)
    path, weights = random_masks(geometry, contexts, tmp_path / "random.onnx"), mask_weights(WANTED)
    models = StepModel(path), StepModel(path)
    compiled, composed = CompiledHops(models[0], 2, WANTED), ComposedHops(models[1], 2, WANTED)
    for _ in range(4 * analysis // hop // 8 + 2):
        block = noise(2, 8 * hop)
        np.testing.assert_allclose(compiled.push(block, weights), composed.push(block, weights), atol=5e-7)
        for found, wanted in zip(*(model.executor.inputs.values() for model in models), strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-6 * float(wanted.max()))


def test_one_sample_has_a_flat_spectrum(kernels: str, tmp_path: Path) -> None:
    model = StepModel(random_masks(Geometry(1024, 512, 256), (4096,), tmp_path / "random.onnx"))
    hops, block = CompiledHops(model, 1, WANTED), np.zeros((1, 256), np.float32)
    block[0, 128] = 1.0
    hops.push(block, mask_weights(WANTED))
    for value in model.executor.inputs.values():
        np.testing.assert_allclose(value, value[0, 0], rtol=1e-6)
        assert value[0, 0] > 0.1


def test_samples_need_not_lie_side_by_side(kernels: str, tiny_model: Path) -> None:
    block, weights = noise(2, 5 * 256), mask_weights(WANTED)
    sounds = [CompiledHops(StepModel(tiny_model), 2, WANTED).push(way, weights)
              for way in (block, np.asfortranarray(block), np.repeat(block, 2, axis=1)[:, ::2], block[::-1][::-1])]
    for one, other in pairwise(sounds):
        np.testing.assert_array_equal(one, other)


def test_a_reset_forgets_everything(kernels: str, tiny_model: Path) -> None:
    hops, block, weights = CompiledHops(StepModel(tiny_model), 2, WANTED), noise(2, 40 * 256), mask_weights(WANTED)
    first = hops.push(block, weights)
    hops.reset()
    assert not np.any(hops.preview(256))
    shared = hops.push(block[:, :256], None)
    np.testing.assert_array_equal(shared[0], shared[1])
    hops.reset()
    np.testing.assert_array_equal(hops.push(block, weights), first)


@pytest.mark.parametrize(("analysis", "contexts"), [(48, ()), (32, ()), (1000, ()), (1024, (3000,))])
def test_other_lengths_are_left_to_numpy(analysis: int, contexts: tuple[int, ...], tmp_path: Path) -> None:
    model = StepModel(random_masks(Geometry(analysis, 16, 8), contexts, tmp_path / "random.onnx"))
    assert isinstance(hops_of(model, 1, WANTED), ComposedHops)
    with pytest.raises(ModelError, match="the compiled kernels do not run this model"):
        CompiledHops(model, 1, WANTED)


def test_who_separates(tiny_model: Path) -> None:
    assert isinstance(hops_of(StepModel(tiny_model), 1, WANTED), CompiledHops)
    assert isinstance(hops_of(StepModel(tiny_model, provider="onnxruntime"), 1, WANTED), ComposedHops)


def test_a_separator_sounds_the_same_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = noise(2, 40 * 256)
    with_kernels = Separator("stage", channels=2)
    monkeypatch.setattr(bindings, "SETS", [])
    without = Separator("stage", channels=2)
    assert without.executor == "ONNX Runtime"
    found, wanted = with_kernels.process(mixture), without.process(mixture)
    assert np.sum(np.square(found - wanted)) < 1e-5 * np.sum(np.square(wanted))
