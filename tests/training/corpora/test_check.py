"""A data folder that is not complete is told, folder by folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.cli import main
from training.corpora.check import check_data
from training.corpora.sources import read_sources


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make every folder of a data folder, with a short sound in each."""
    for source in read_sources():
        if source.further:
            continue
        folder = tmp_path / source.folder
        folder.mkdir(parents=True, exist_ok=True)
        if source.folder:
            soundfile.write(folder / "a.flac", np.zeros(64), 44100)
    (tmp_path / "samples" / "index.csv").touch()
    (tmp_path / "phrases" / "CREDITS.tsv").touch()
    return tmp_path


def test_a_complete_folder_passes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(data)]) == 0
    assert "samples/drm_muldjord" in capsys.readouterr().out


def test_what_is_missing_and_what_is_broken_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "samples" / "gtr_bg" / "a.flac").write_bytes(b"no sound")
    (data / "midi" / "groove" / "a.mid").write_bytes(b"no MIDI")
    (data / "amps" / "a.flac").unlink()
    (data / "samples" / "index.csv").unlink()
    faults = "\n".join(fault for finding in check_data(data) for fault in finding.faults)
    assert "gtr_bg/a.flac cannot be read" in faults
    assert "a.mid is no MIDI file" in faults
    assert "nothing to hear or play in amps" in faults
    assert "no file samples/index.csv" in faults
    assert main(["check", str(data)]) == 1
    assert "is not complete" in capsys.readouterr().err


def test_further_sounds_may_be_lacking_but_not_broken(data: Path) -> None:
    folder = data / "irs" / "adventure_kid"
    assert str(folder.relative_to(data)) not in {finding.folder for finding in check_data(data)}
    folder.mkdir()
    assert ["nothing to hear or play in irs/adventure_kid"] == [
        fault for finding in check_data(data) for fault in finding.faults]


def test_no_folder_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "nowhere")]) == 1
    assert "no folder" in capsys.readouterr().err
