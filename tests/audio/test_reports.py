"""Reports and logs: asked for before any work, and never over what is something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtsep.audio.outputs import prepare_report
from rtsep.errors import AudioFileError


@pytest.mark.parametrize("there", [None, b"", b' {"a": 1}\n{"a": 2}\n', b"[1]"])
def test_new_names_and_earlier_reports_are_taken(tmp_path, there):
    path = tmp_path / "a" / "report.json"
    if there is not None:
        path.parent.mkdir()
        path.write_bytes(there)
    prepare_report(path)
    assert path.parent.is_dir()
    assert (path.read_bytes() if path.exists() else None) == there


@pytest.mark.parametrize("content", [b"RIFF\0\0\0\0WAVE", b"\xff\xfb", b"# my notes\n"])
def test_other_files_are_kept(tmp_path, content):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    with pytest.raises(AudioFileError, match=r"song.wav is there and holds something else .*: it is kept"):
        prepare_report(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", [".", "file/report.json", "a\0b", "x" * 300])
def test_places_that_take_no_file_are_told_before_any_work(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AudioFileError, match="cannot write"):
        prepare_report(tmp_path / name)


def test_a_device_takes_any_report():
    prepare_report(Path(os.devnull))
