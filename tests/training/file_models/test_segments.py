"""File models: segments cross-faded without a trace, one result for any blocks, sentences for what cannot be used."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile
import torch

from rtsep.backends.segments import FileModel, FileSeparator
from rtsep.cli.main import main
from rtsep.dsp.windows import PROFILES
from rtsep.errors import ConfigError, ModelError
from rtsep.files.track import separate_file
from rtsep.separator import Separator
from training.file_models.clip_spectra import clip_spectra
from training.file_models.export import draft_document, write_file_model
from training.file_models.hourglass import HourglassConfig
from training.file_models.networks import FileNetwork, build_file_network
from training.file_models.unet import UnetConfig
from training.file_models.wave_unet import WaveUnetConfig
from training.nets.spectra import resynthesise

STEMS = ("drums", "guitar", "other")
CONFIGS = {"wave_unet": WaveUnetConfig(levels=3, filters=4, segment=4096, overlap=1024),
           "hourglass": HourglassConfig(stacks=1, depth=2, features=8, hops=16, overlap_hops=4),
           "unet": UnetConfig(filters=4, depth=2, hops=16, overlap_hops=4)}


def network(kind: str) -> FileNetwork:
    torch.manual_seed(4)
    return build_file_network(CONFIGS[kind], PROFILES["paper"], STEMS).eval()


@pytest.fixture(scope="module", params=CONFIGS)
def kind(request: pytest.FixtureRequest) -> str:
    """Go through the kinds of networks."""
    return request.param


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a small model with random weights of every kind."""
    folder = tmp_path_factory.mktemp("files")
    for kind in CONFIGS:
        net = network(kind)
        write_file_model(net, draft_document(net, kind), folder / f"{kind}.onnx")
    return {kind: folder / f"{kind}.onnx" for kind in CONFIGS}


def noise(channels: int, frames: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(frames).standard_normal((channels, frames))).astype(np.float32)


def in_torch(kind: str, segment: np.ndarray) -> np.ndarray:
    """Separate one mono segment with the network itself, (stems, frames)."""
    net, audio = network(kind), torch.from_numpy(segment)[None]
    with torch.no_grad():
        if kind == "wave_unet":
            return net(audio)[0].numpy()
        spectra = clip_spectra(audio, net.geometry)
        masked = net(spectra.abs())[0] * spectra
        return resynthesise(masked, net.geometry)[:, 512:512 + segment.size].numpy()


def test_a_segment_is_what_the_network_makes_of_it(models: dict[str, Path], kind: str) -> None:
    model = FileModel(models[kind])
    segment = noise(1, model.info.segment)
    found = model.separate(segment)
    assert found.shape == (3, 1, model.info.segment)
    np.testing.assert_allclose(found[:, 0], in_torch(kind, segment[0]), atol=1e-5)
    assert np.std(found) > 1e-3


def test_segments_are_cross_faded(models: dict[str, Path]) -> None:
    model, separator = FileModel(models["unet"]), FileSeparator(models["unet"])
    segment, overlap = model.info.segment, model.info.overlap
    audio = noise(1, 2 * segment - overlap)
    given = np.pad(audio, ((0, 0), (overlap, 0)))  # the first segment begins with the overlap's silence
    first, second = (model.separate(given[:, at:at + segment]) for at in (0, segment - overlap))
    found = separator.process(np.pad(audio, ((0, 0), (0, segment))))[..., segment:]
    plain = segment - 2 * overlap
    np.testing.assert_allclose(found[..., :plain], first[..., overlap:segment - overlap], atol=1e-6)
    middle = found[..., plain + overlap // 2]
    between = 0.5 * (first[..., segment - overlap // 2] + second[..., overlap // 2])
    np.testing.assert_allclose(middle, between, atol=2e-3 * np.abs(given).max())
    np.testing.assert_allclose(found[..., plain + overlap:segment], second[..., overlap:2 * overlap], atol=1e-6)


def test_blocks_of_any_size_give_one_result(models: dict[str, Path], kind: str) -> None:
    audio = noise(2, 40_000)
    whole = FileSeparator(models[kind], 2).process(audio)
    for size in (1999, 7, 512, 30_000):
        separator = FileSeparator(models[kind], 2)
        blocks = [separator.process(audio[:, at:at + size]) for at in range(0, 12_000 if size < 100 else 40_000, size)]
        found = np.concatenate(blocks, axis=2)
        np.testing.assert_allclose(found, whole[..., :found.shape[2]], atol=1e-5)
        assert blocks[0].shape[2] == size


def test_wave_unet_stems_sum_to_the_file(models: dict[str, Path], tmp_path: Path) -> None:
    audio = noise(2, 30_001)
    soundfile.write(tmp_path / "song.wav", audio.T, 44100, subtype="FLOAT")
    result = separate_file(tmp_path / "song.wav", tmp_path / "out", models["wave_unet"])
    stems = [soundfile.read(path, dtype="float32")[0].T for path in result.outputs.values()]
    assert list(result.outputs) == list(STEMS)
    np.testing.assert_allclose(np.sum(stems, axis=0), audio, atol=1e-6)
    assert max(np.abs(stem - audio).max() for stem in stems) > 0.01


@pytest.mark.parametrize("samplerate", [44100, 48000])
def test_files_come_back_as_long_and_in_place(models: dict[str, Path], kind: str, tmp_path: Path,
                                              samplerate: int) -> None:
    audio = np.zeros((30_000, 2), np.float32)
    audio[12_345] = 0.9
    soundfile.write(tmp_path / "song.wav", audio, samplerate, subtype="FLOAT")
    result = separate_file(tmp_path / "song.wav", tmp_path / "out", models[kind], ["guitar", "rest"])
    assert list(result.outputs) == ["guitar", "rest"]
    stems = [soundfile.read(path)[0] for path in result.outputs.values()]
    assert all(stem.shape == audio.shape for stem in stems)
    assert abs(int(np.argmax(np.abs(np.sum(stems, axis=0))[:, 0])) - 12_345) <= 1


def test_memory_does_not_grow_with_the_length(models: dict[str, Path], tmp_path: Path) -> None:
    peaks = []
    for seconds in (4, 12):
        soundfile.write(tmp_path / "song.wav", noise(1, seconds * 44100).T, 44100)
        tracemalloc.start()
        separate_file(tmp_path / "song.wav", tmp_path / f"out{seconds}", models["unet"])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def altered(path: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy a model with other metadata."""
    model = onnx.load(path)
    document = json.loads(model.metadata_props[0].value)
    change(document)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {"rtsep": json.dumps(document)})
    onnx.save(model, target)
    return target


@pytest.mark.parametrize(("change", "message"), [
    (lambda d: d.update(format=2), "model format 2, this rtsep reads"),
    (lambda d: d.pop("segment"), "lacks 'segment'"),
    (lambda d: d.update(segment="long"), "cannot be read"),
    (lambda d: d.update(domain="cepstrum"), "domain cepstrum"),
    (lambda d: d.update(overlap=100_000), "at most half of it"),
    (lambda d: d.update(segment=7680 + 512), "its metadata asks for"),
    (lambda d: d.update(stems=["drums"]), "its metadata asks for"),
])
def test_metadata_that_disagrees(models: dict[str, Path], tmp_path: Path, change: Callable[[dict[str, Any]], None],
                                 message: str) -> None:
    with pytest.raises(ModelError, match=message):
        FileModel(altered(models["unet"], tmp_path / "altered.onnx", change))


def test_models_are_told_apart(models: dict[str, Path], tiny_model: Path, tmp_path: Path,
                               capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="is a step model"):
        FileModel(tiny_model)
    with pytest.raises(ModelError, match=r"is a file model, .* cannot run live; use it with: rtsep separate"):
        Separator(models["unet"])
    assert main(["live", "--input", "demo", "--output", "none", "--model", str(models["unet"])]) == 1
    assert "cannot run live" in capsys.readouterr().err
    soundfile.write(tmp_path / "song.wav", noise(1, 9000).T, 44100)
    with pytest.raises(ConfigError, match=r"mask_gain is 2\.0: .* is a file model"):
        separate_file(tmp_path / "song.wav", tmp_path / "out", models["unet"], mask_gain=2.0)
    with pytest.raises(ConfigError, match="no stem 'kazoo'"):
        separate_file(tmp_path / "song.wav", tmp_path / "out", models["unet"], ["kazoo"])
    assert not (tmp_path / "out").exists()


def test_the_commands_know_them(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("rtsep.model.catalogue.model_folder", lambda: models["unet"].parent)
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["models"]) == 0
    assert capsys.readouterr().out.count("file only") == 3
    soundfile.write(tmp_path / "song.wav", noise(2, 20_000).T, 44100)
    assert main(["separate", str(tmp_path / "song.wav"), "-o", str(tmp_path / "out"), "--model", "unet"]) == 0
    assert sorted(path.name for path in (tmp_path / "out" / "song").iterdir()) == [f"{stem}.wav" for stem in STEMS]
