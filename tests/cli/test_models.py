"""`rtsep models`: the table, the JSON, nothing installed, damaged ones."""

from __future__ import annotations

import json
import shutil

import onnx
import pytest

from rtsep.cli.main import main
from rtsep.model import catalogue as model


@pytest.fixture
def folder(tmp_path, tiny_model, monkeypatch):
    """Give a folder of models with the tiny one in it."""
    shutil.copy(tiny_model, tmp_path / "tiny.onnx")
    monkeypatch.setattr(model, "model_folder", lambda: tmp_path)
    return tmp_path


def test_the_table_shows_what_matters(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    for word in ("tiny", "11.6 ms", " MB", "drums, guitar, other", "without a singer: guitar 7.2", "CC0-1.0"):
        assert word in out


def test_full_mixes_come_first(folder, tiny_model, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    document = json.loads({entry.key: entry.value for entry in onnx.load(tiny_model).metadata_props}["rtsep"])
    document["quality"] |= {"full_mixes": {"songs": {"rest": 9.25, "guitar": 3, "drums": "loud"}}}
    changed = onnx.load(tiny_model)
    onnx.helper.set_model_props(changed, {"rtsep": json.dumps(document)})
    onnx.save(changed, folder / "mixed.onnx")
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert "with singers: rest 9.2, guitar 3.0" in out
    assert "loud" not in out


def test_json_is_complete(folder, capsys):
    assert main(["models", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["name"] == "tiny"
    assert row["latency_ms"] == pytest.approx(512 / 44.1, abs=0.01)
    assert row["samplerate"] == 44100
    assert row["stems"] == ["drums", "guitar", "other"]
    assert row["quality"] == {"guitar": {"sdr": 7.25}}
    assert row["licence"] == "CC0-1.0"


def test_nothing_installed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(model, "model_folder", lambda: tmp_path)
    assert main(["models"]) == 0
    assert capsys.readouterr().out.startswith(f"no models in {tmp_path}")
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_damaged_model_is_reported_beside_the_good_one(folder, capsys):
    (folder / "bad.onnx").write_text("no model")
    assert main(["models", "--json"]) == 1
    captured = capsys.readouterr()
    assert [row["name"] for row in json.loads(captured.out)] == ["tiny"]
    assert captured.err.startswith("rtsep: ")
    assert len(captured.err.splitlines()) == 1
    assert "bad.onnx" in captured.err
