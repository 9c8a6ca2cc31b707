"""The bench of files: whole commands on real files, and honest beside what others say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import files


def test_it_separates_every_file_and_reports(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(files, "cores", lambda: 2)
    monkeypatch.setattr(files, "_STARTS", 1)
    assert files.main(["--seconds", "1", "--model", str(tiny_model), "--json", str(tmp_path / "report.json")]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    (row,) = report["models"]
    assert row["one_file"] > 0
    assert row["all_cores"] > 0
    assert "this machine" in capsys.readouterr().out
    assert not list(tiny_model.parent.glob("**/song*"))


def test_a_command_that_fails_is_no_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert files.main(["--seconds", "1", "--model", str(tmp_path / "missing.onnx")]) == 2
    assert "bench.files: " in capsys.readouterr().err
