"""Hops by native code are those of the numpy reference, and numpy does what native code cannot."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from bench.lib.loads import without_network
from rtsep import Separator
from rtsep.backends import open_backend, open_step
from rtsep.backends.native import NativeBackend, NativeStep, has_transforms
from rtsep.backends.reference import NumpyBackend
from rtsep.backends.reference_step import ReferenceStep
from rtsep.dsp.mask import mask_weights, requested_sets
from rtsep.dsp.windows import PROFILES, Geometry
from rtsep.model.gate import read_step
from rtsep.native import bindings
from tests.fuzz.graphs import Plan, step_model
from tests.native.conftest import needs_native
from tests.rigs.models import STEMS, make_tiny_model

VARIANTS = bindings.variants()
RNG = np.random.default_rng(1)
SETS = requested_sets(STEMS, ("guitar", "rest"))
Audio = NDArray[np.float32]

pytestmark = needs_native


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let this variant be the only one."""
    name: str = request.param
    monkeypatch.setattr(bindings, "variants", lambda: {name: VARIANTS[name]})
    return name


def noise(*shape: int) -> Audio:
    return (0.1 * RNG.standard_normal(shape)).astype(np.float32)


def native(path: Path, channels: int) -> NativeBackend:
    """Make native code for a model."""
    model = read_step(path)
    step = open_step(model)
    assert isinstance(step, NativeStep)
    return NativeBackend(step, model.card, channels, SETS)


def reference(path: Path, channels: int) -> NumpyBackend:
    """Make the numpy reference for a model."""
    model = read_step(path)
    return NumpyBackend(ReferenceStep(model), model.card, channels, SETS)


def random_masks(geometry: Geometry, contexts: tuple[int, ...], path: Path, number: int = 1) -> Path:
    """Write a model of any geometry and format whose estimates are the magnitudes times random numbers."""
    document = {"format": number, "name": "random", "samplerate": 44100, **asdict(geometry), "stems": STEMS,
                "contexts": contexts, "licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
    shares = np.random.default_rng(1).random((len(STEMS), geometry.bins)).astype(np.float32)
    return without_network(document, path, shares)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("profile", ["paper", "stage", "ultra"])
def test_both_sound_the_same(profile: str, channels: int, variant: str, tmp_path: Path) -> None:
    path = make_tiny_model(tmp_path / "tiny.onnx", profile)
    found, expected = native(path, channels), reference(path, channels)
    hop = PROFILES[profile].hop
    for turn, hops in enumerate([1] * 40 + [16, 3, 1, 31, 40, 2]):  # more than the history has memory for
        block = noise(channels, hops * hop)
        gains = RNG.uniform(0.0, 4.0, (hops, 1, 1)).astype(np.float32)
        weights = [mask_weights(SETS), mask_weights(SETS, gains), mask_weights(SETS, gains[:1]), None][turn % 4]
        np.testing.assert_allclose(found.push(block, weights), expected.push(block, weights), atol=1e-6)
        np.testing.assert_allclose(found.preview(64), expected.preview(64), atol=1e-5)


@pytest.mark.parametrize(("analysis", "synthesis", "hop"), [
    (64, 64, 32), (64, 8, 2), (128, 64, 16), (256, 128, 64), (512, 512, 256), (1024, 512, 64), (2048, 96, 48),
    (4096, 4096, 1024), (8192, 256, 128)])
def test_transforms_of_many_lengths(analysis: int, synthesis: int, hop: int, variant: str, tmp_path: Path) -> None:
    geometry, contexts = Geometry(analysis, synthesis, hop), (analysis, 2 * analysis)
    path, weights = random_masks(geometry, contexts, tmp_path / "random.onnx"), mask_weights(SETS)
    found, expected = native(path, 2), reference(path, 2)
    for _ in range(4 * analysis // hop // 8 + 2):
        block = noise(2, 8 * hop)
        np.testing.assert_allclose(found.push(block, weights), expected.push(block, weights), atol=5e-7)
        for name, values in expected.step.inputs.items():
            np.testing.assert_allclose(found.step.inputs[name], values, atol=1e-6 * float(values.max()))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_models_that_look_at_all_channels(channels: int, variant: str, tmp_path: Path) -> None:
    path, weights = random_masks(PROFILES["stage"], (2048,), tmp_path / "stereo.onnx", 2), mask_weights(SETS)
    found, expected = native(path, channels), reference(path, channels)
    for _ in range(12):
        block = noise(channels, 256) * np.linspace(0.2, 1.0, channels, dtype=np.float32)[:, np.newaxis]
        np.testing.assert_allclose(found.push(block, weights), expected.push(block, weights), atol=5e-7)
        for name, values in expected.step.inputs.items():
            np.testing.assert_allclose(found.step.inputs[name], values, atol=5e-6 * float(np.abs(values).max() + 1e-9))
    assert set(found.step.inputs) == {"magnitude", "context_0", "cross", "difference"}


@pytest.mark.parametrize("channels", [1, 2])
def test_a_look_ahead_masks_older_spectra(channels: int, variant: str, tmp_path: Path) -> None:
    geometry, weights = PROFILES["song"], mask_weights(SETS)
    late = geometry.look_ahead * geometry.hop
    ahead = random_masks(geometry, (8192,), tmp_path / "ahead.onnx", 3)
    plain = random_masks(replace(geometry, look_ahead=0), (8192,), tmp_path / "plain.onnx", 2)
    found, expected, undelayed = native(ahead, channels), reference(ahead, channels), reference(plain, channels)
    line = np.zeros((len(SETS), channels, late), np.float32)
    for _ in range(2):
        for hops in (1, 1, 1, 7, 2, 40, 1):
            block = noise(channels, hops * geometry.hop)
            sound = found.push(block, weights)
            np.testing.assert_allclose(sound, expected.push(block, weights), atol=5e-7)
            np.testing.assert_allclose(found.preview(64), expected.preview(64), atol=1e-5)
            line = np.concatenate([line, undelayed.push(block, weights)], axis=2)
            np.testing.assert_allclose(sound, line[..., :sound.shape[2]], atol=5e-7)  # these masks never change
            line = line[..., sound.shape[2]:]
        for backend in (found, expected, undelayed):
            backend.reset()
        line[:] = 0.0


def test_what_waits_is_dropped_where_it_is_not_finite(variant: str, tmp_path: Path) -> None:
    path = random_masks(PROFILES["song"], (), tmp_path / "ahead.onnx", 3)
    for backend in (native(path, 1), reference(path, 1)):
        with np.errstate(invalid="ignore"):
            backend.push(np.full((1, 512), np.inf, np.float32), mask_weights(SETS))
            backend.forget()
            for _ in range(4):
                assert np.isfinite(backend.push(np.zeros((1, 512), np.float32), mask_weights(SETS))).all()


@pytest.mark.parametrize("gains", [(1.0, 1.0), (1.0, -1.0), (0.0, 1.4142135), (1.4142135, 0.0)])
@pytest.mark.parametrize("number", [1, 2])
def test_equal_opposite_and_dead_channels_are_heard_as_one(number: int, gains: tuple[float, float], variant: str,
                                                           tmp_path: Path) -> None:
    path, weights = random_masks(PROFILES["stage"], (2048,), tmp_path / "stereo.onnx", number), mask_weights(SETS)
    scale = np.mean(np.abs(gains)) if number == 1 else 1.0  # a dead channel makes the mid signal quieter
    backends = [(native(path, 1), native(path, 2)), (reference(path, 1), reference(path, 2))]
    for _ in range(8):
        block = noise(1, 256)
        for mono, stereo in backends:
            mono.push(block, weights)
            stereo.push(np.array(gains, np.float32)[:, np.newaxis] * block, weights)
            for name, values in mono.step.inputs.items():
                np.testing.assert_allclose(stereo.step.inputs[name], scale * values, rtol=1e-4,
                                           atol=1e-6 * float(values.max()))


@pytest.mark.parametrize("number", [1, 2])
def test_both_hear_what_two_channels_are_together(number: int, variant: str, tmp_path: Path) -> None:
    path, weights = random_masks(PROFILES["stage"], (2048,), tmp_path / "stereo.onnx", number), mask_weights(SETS)
    found, expected = native(path, 2), reference(path, 2)
    opposite, dead = np.array([[1.0], [-1.0]], np.float32), np.array([[1.0], [0.0]], np.float32)
    one = noise(1, 60 * 256)
    sound = np.concatenate([0 * dead * one, opposite * one, noise(2, 60 * 256), dead * one, noise(2, 256),
                            opposite * noise(1, 400 * 256), opposite[::-1] * one], axis=1)
    for turn in range(2):
        for block in np.split(sound, sound.shape[1] // 256, axis=1):
            np.testing.assert_allclose(found.push(block, weights), expected.push(block, weights), atol=5e-7)
            for name, values in expected.step.inputs.items():
                np.testing.assert_allclose(found.step.inputs[name], values, atol=1e-5 * float(np.abs(values).max()))
        for backend in (found, expected):
            backend.forget() if turn else backend.reset()


def test_one_sample_has_a_flat_spectrum(variant: str, tmp_path: Path) -> None:
    hops = native(random_masks(Geometry(1024, 512, 256), (4096,), tmp_path / "random.onnx"), 1)
    block = np.zeros((1, 256), np.float32)
    block[0, 128] = 1.0
    hops.push(block, mask_weights(SETS))
    for value in hops.step.inputs.values():
        np.testing.assert_allclose(value, value[0, 0], rtol=1e-6)
        assert value[0, 0] > 0.1


def test_samples_need_not_lie_side_by_side(variant: str, tiny_model: Path) -> None:
    block, weights = noise(2, 5 * 256), mask_weights(SETS)
    sounds = [native(tiny_model, 2).push(way, weights)
              for way in (block, np.asfortranarray(block), np.repeat(block, 2, axis=1)[:, ::2], block[::-1][::-1])]
    for one, other in pairwise(sounds):
        np.testing.assert_array_equal(one, other)


def test_a_reset_forgets_everything(variant: str, tiny_model: Path) -> None:
    hops, block, weights = native(tiny_model, 2), noise(2, 40 * 256), mask_weights(SETS)
    first = hops.push(block, weights)
    hops.reset()
    assert not np.any(hops.preview(256))
    shared = hops.push(block[:, :256], None)
    np.testing.assert_array_equal(shared[0], shared[1])
    hops.reset()
    np.testing.assert_array_equal(hops.push(block, weights), first)


@pytest.mark.parametrize(("analysis", "contexts"), [(48, ()), (32, ()), (1000, ()), (1024, (3000,))])
def test_other_lengths_are_left_to_numpy(analysis: int, contexts: tuple[int, ...], tmp_path: Path) -> None:
    model = read_step(random_masks(Geometry(analysis, 16, 8), contexts, tmp_path / "random.onnx"))
    assert not has_transforms(model.card)
    assert isinstance(open_backend(model, 1, SETS), NumpyBackend)


def test_who_separates(tiny_model: Path) -> None:
    model = read_step(tiny_model)
    assert isinstance(open_backend(model, 1, SETS), NativeBackend)
    assert isinstance(open_backend(model, 1, SETS, provider="onnxruntime"), NumpyBackend)
    names = {provider: open_backend(model, 1, SETS, provider=provider).name for provider in ("onnxruntime", "numpy")}
    assert names == {"onnxruntime": "ONNX Runtime", "numpy": "numpy reference"}


def test_a_separator_sounds_the_same_without_native_code(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = noise(2, 40 * 256)
    with_native = Separator("stage", channels=2)
    monkeypatch.setattr(bindings, "variants", dict)
    without = Separator("stage", channels=2)
    assert without.executor == "ONNX Runtime"
    found, expected = with_native.process(mixture), without.process(mixture)
    assert np.sum(np.square(found - expected)) < 1e-5 * np.sum(np.square(expected))


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("place", [0, 4, 7])
def test_a_state_that_is_no_number_is_seen_wherever_it_lies(bad: float, place: int, variant: str,
                                                            tmp_path: Path) -> None:
    graph = step_model(Plan())
    for node in graph.graph.node:  # a state that stays as it is, and that nothing else reads
        if "state_1_out" in node.output:
            node.input[:] = ["state_1"]
        elif "seen" in node.output:
            node.input[:] = ["state_0_out", "state_0_out"]
    onnx.save(graph, tmp_path / "kept.onnx")
    model, sets = read_step(tmp_path / "kept.onnx"), np.eye(3, dtype=np.float32)
    step = open_step(model)
    assert isinstance(step, NativeStep)
    hops, block = NativeBackend(step, model.card, 1, sets), noise(1, 16)
    hops.push(block, mask_weights(sets))
    assert hops.spoilt_hops == 0
    step.program.states["state_1"][0, place] = bad
    hops.push(block, mask_weights(sets))
    assert hops.spoilt_hops == 1
    assert all(not state.any() for state in step.program.states.values())
