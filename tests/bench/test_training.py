"""The training bench: it times real steps and says all it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from bench.training import main, make_stems

TINY = {"base": "stage", "name": "tiny", "optimiser": {"lanes": 2, "chunk_seconds": 0.3},
        "network": {"bands": 32, "linear_bands": 8, "contexts": [], "hidden": 16}}


def test_report_has_every_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    (tmp_path / "stems").mkdir()
    stems = make_stems(tmp_path / "stems")
    report = tmp_path / "report.json"
    arguments = ["--recipe", str(tmp_path / "tiny.yaml"), "--steps", "2", "--device", "cpu"]
    assert main([*arguments, "--workers", "0", "--stems", str(stems), "--json", str(report)]) == 0
    row = json.loads(report.read_text())["results"][0]
    assert row["recipe"] == "tiny"
    assert row["audio_seconds_per_second"] == pytest.approx(2 * 0.3 / row["step_seconds"])
    assert 0.0 < row["loader_share"] < 1.0
    assert row["loader_audio_seconds_per_second"] > 0.0
    said = capsys.readouterr().out
    assert "tiny" in said
    assert f"{100 * row['loader_share']:.0f} %" in said


def test_mistakes_end_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--recipe", "banjo"]) == 2
    assert "no recipe banjo" in capsys.readouterr().err
