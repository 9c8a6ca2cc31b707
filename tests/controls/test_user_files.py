"""Text files of the user's settings: found, read up to a limit, replaced whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rtsep.controls.strict_yaml import parse
from rtsep.controls.user_files import LARGEST, read_text, user_file, write_text
from rtsep.errors import ConfigError


def test_a_huge_file_is_refused_and_a_mark_in_front_is_none(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        read_text(path)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert parse(read_text(path), "f") == {"a": 1}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.yaml")
    with pytest.raises(ConfigError, match="it is a pipe"):
        read_text(tmp_path / "f.yaml")


def test_a_user_without_a_home_has_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert not user_file("midi.yaml").exists()
    with pytest.raises(OSError, match="Not a directory"):
        user_file("midi.yaml").parent.mkdir(parents=True)


def nobody() -> Path:
    """Answer as `Path.home` does for a user whom the system does not know."""
    raise RuntimeError("Could not determine home directory.")


def test_a_link_and_a_mode_are_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "elsewhere" / "real.yaml", tmp_path / "f.yaml"
    write_text(real, "old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == ("new", 0o640)


def test_a_file_that_cannot_be_replaced_is_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "f.yaml"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ConfigError, match=r"cannot write .*f\.yaml: No space left on device"):
        write_text(path, "new")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("f.yaml", "old")]
