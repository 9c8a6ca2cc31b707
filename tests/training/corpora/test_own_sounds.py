"""A player's own guitar and backing tracks become sounds to train on, and the model a name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import training.cli.export
from rtsep.errors import ConfigError
from rtsep.types import Audio
from training.cli import main
from training.corpora.detect import open_corpus
from training.corpora.own_sounds import import_own
from training.corpora.songs import read_mono
from training.corpora.stems import StemFolder
from training.recipes.recipe import find_recipe

SAMPLERATE = 44100


def whole(out: Path, kind: str) -> Audio:
    """Join the pieces of one kind."""
    return np.concatenate([read_mono(path) for path in sorted((out / kind).iterdir())])


def test_own_guitar_and_backing_are_enough_to_train_on(data_root: Path, tmp_path: Path,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    song = open_corpus(data_root / "medleydb").read("MusicDelta_80sRock")
    backing = 0.5 * song.accompaniment("guitar")
    take = 0.2 * np.random.default_rng(1).standard_normal(48000 * 40)
    for folder, sound, samplerate in (("guitar/day one", take, 48000), ("backing", backing, SAMPLERATE)):
        (tmp_path / folder).mkdir(parents=True)
        soundfile.write(tmp_path / folder / "a.flac", np.stack([sound, sound], axis=1), samplerate)
    (tmp_path / "guitar" / "notes.txt").write_text("E A D G B E")
    out = tmp_path / "out"
    assert main(["--data", str(tmp_path), "render", str(out), "--hours", "0", "--guitar", str(tmp_path / "guitar"),
                 "--backing", str(tmp_path / "backing")]) == 0
    said = capsys.readouterr()
    assert "own 0.7 min" in said.out
    assert "1 files skipped" in said.out
    assert "skipped" in said.err
    assert "notes.txt" in said.err
    assert whole(out, "own").size == pytest.approx(40 * SAMPLERATE, abs=2)
    drums, rest = whole(out, "drums"), whole(out, "other")
    np.testing.assert_allclose(drums + rest, backing, atol=1e-4)
    true = 0.5 * song.stem("drums")
    assert np.sum(np.square(drums - true)) < 0.6 * np.sum(np.square(true))
    pieces = len(list((out / "drums").iterdir()))
    import_own(out, None, tmp_path / "backing")
    assert len(list((out / "drums").iterdir())) == pieces  # where there are drums, the song's are not needed
    assert set(StemFolder(out).kinds) <= set(find_recipe("finetune").mixtures.counts)


def test_backing_without_drums_stays_whole(tmp_path: Path) -> None:
    phase = 2 * np.pi * np.arange(20 * SAMPLERATE) / SAMPLERATE
    pad = np.sum([0.05 / partial * np.sin(partial * pitch * phase)
                  for pitch in (220.0, 277.2, 329.6, 440.0) for partial in range(1, 8)], axis=0)  # an organ's chord
    (tmp_path / "backing").mkdir()
    soundfile.write(tmp_path / "backing" / "pad.wav", pad, SAMPLERATE)
    assert import_own(tmp_path / "out", None, tmp_path / "backing").startswith("other 0.3 min")
    assert not (tmp_path / "out" / "drums").exists()
    np.testing.assert_allclose(whole(tmp_path / "out", "other"), pad, atol=1e-4)


def test_a_folder_without_sounds_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(ConfigError, match="has no sound that can be read, of 1 files: give a folder of recordings"):
        import_own(tmp_path / "out", tmp_path, None)


def test_a_plain_name_is_where_rtsep_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtsep.model.catalogue.model_folder", lambda: tmp_path)
    assert training.cli.export._out("mine") == tmp_path / "mine.onnx"
    assert training.cli.export._out("there/mine.onnx") == Path("there/mine.onnx")
    (tmp_path / "mine.onnx").write_text("")
    with pytest.raises(ConfigError, match=r"there is a model mine already: .*mine\.onnx to replace it"):
        training.cli.export._out("mine")
    with pytest.raises(ConfigError, match=r"runs/mine is neither a file that ends in \.onnx nor a plain name"):
        training.cli.export._out("runs/mine")
