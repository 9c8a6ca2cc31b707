"""A data folder that is not complete is told, folder by folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.errors import ConfigError
from training.cli import main
from training.corpora.check import check_data
from training.corpora.sources import AUTHOR_COLUMNS, AUTHORS, INDEX, INDEX_COLUMNS, read_sources
from training.render.library import Library


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
    (tmp_path / INDEX).write_text(",".join(INDEX_COLUMNS) + "\n")
    (tmp_path / AUTHORS).write_text("\t".join(AUTHOR_COLUMNS) + "\n")
    return tmp_path


def test_a_complete_folder_passes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(data)]) == 0
    assert "samples/drm_muldjord" in capsys.readouterr().out


def test_what_is_missing_and_what_is_broken_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "samples" / "gtr_bg" / "a.flac").write_bytes(b"no sound")
    (data / "midi" / "groove" / "a.mid").write_bytes(b"no MIDI")
    (data / "midi" / "groove" / "cut.mid").write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\1\0\0\xff")
    (data / "amps" / "a.flac").unlink()
    (data / "amps" / "a.nam").write_text('{"weights": [1.0]}')
    (data / INDEX).unlink()
    (data / AUTHORS).write_text("file\tlicence\n")
    faults = "\n".join(fault for finding in check_data(data) for fault in finding.faults)
    assert "gtr_bg/a.flac cannot be read" in faults
    assert "a.mid cannot be read as MIDI (it begins otherwise)" in faults
    assert "cut.mid cannot be read as MIDI (it ends too early)" in faults
    assert "a.nam cannot be read as an amplifier ('config')" in faults
    assert "CREDITS.tsv cannot be read as a table (it has no column author_source)" in faults
    assert "no file samples/index.csv" in faults
    assert main(["check", str(data)]) == 1
    assert "is not complete" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "said"), [
    (b"a,b\n1,2\n", "has no column inst"),
    (b"inst,file\xff\n", "can't decode byte 0xff"),
    (b"inst,file,dur_s,peak,rms300ms_db,midi_from_name\na,b\n", "line 2 ends too early"),
    (b"inst,file,dur_s,peak,rms300ms_db,midi_from_name\na,b,3x5,1,1,1\n", "numbers of b (could not convert string"),
])
def test_an_index_that_cannot_be_read_is_a_sentence(content: bytes, said: str, data: Path) -> None:
    (data / INDEX).write_bytes(content)
    (data / "samples" / "a").mkdir()
    (data / "samples" / "a" / "b.flac").touch()
    with pytest.raises(ConfigError, match="cannot be read as") as error:
        Library(data)
    assert said in str(error.value)


def test_further_sounds_may_be_lacking_but_not_broken(data: Path) -> None:
    folder = data / "irs" / "adventure_kid"
    assert str(folder.relative_to(data)) not in {finding.folder for finding in check_data(data)}
    folder.mkdir()
    assert ["nothing to hear or play in irs/adventure_kid"] == [
        fault for finding in check_data(data) for fault in finding.faults]


def test_no_folder_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "nowhere")]) == 1
    assert "no folder" in capsys.readouterr().err
