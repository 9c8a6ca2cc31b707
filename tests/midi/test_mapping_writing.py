"""A source is written into a mapping file: every other byte stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.controls.targets import Target
from rtsep.errors import ConfigError
from rtsep.midi.mapping import DEFAULT_FILE, load_mapping
from rtsep.midi.mapping_writing import Taken, bind, rebound
from rtsep.midi.sources import Source


def test_learning_keeps_every_comment_and_all_layout(tmp_path: Path) -> None:
    path = tmp_path / "settings" / "midi.yaml"
    taken = bind(path, DEFAULT_FILE, Target("wet"), Source.parse("cc 64 ch 2"))
    assert (taken.targets, taken.source) == ((Target("bypass"),), Source.parse("cc 11"))
    before, after = DEFAULT_FILE.read_text().splitlines(), path.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        ("  - source: cc 11  # expression pedal", "  - source: cc 64 ch 2  # expression pedal"),
        ("  - source: cc 64  # sustain pedal", "  - source: none  # sustain pedal")]
    assert [path.name for path in path.parent.iterdir()] == ["midi.yaml"]
    assert bind(path, DEFAULT_FILE, Target("stem", "drums"), Source.parse("note 1")) == Taken((), None)
    assert path.read_text().splitlines()[:-1] == after
    assert load_mapping(path)[-1].target == Target("stem", "drums")


@pytest.mark.parametrize(("text", "expected"), [
    ("", "bindings:\n  - {source: cc 1, target: bypass}\n"),
    ("# mine", "# mine\nbindings:\n  - {source: cc 1, target: bypass}\n"),
    ("bindings: []  # none yet\n", "bindings:\n  - {source: cc 1, target: bypass}  # none yet\n"),
    ("bindings: [{source: cc 1, target: wet}]  # one\n",
     "bindings: [{source: none, target: wet}, {source: cc 1, target: bypass}]  # one\n"),
    ("bindings:\n- source: cc 2\n  target: wet  # two\n\n# end\npickup: jump\n",
     "bindings:\n- source: cc 2\n  target: wet  # two\n- {source: cc 1, target: bypass}\n\n# end\npickup: jump\n"),
    ("bindings:\n   - target: bypass  # why\n     source: 'note 3'  # here\n",
     "bindings:\n   - target: bypass  # why\n     source: cc 1  # here\n"),
])
def test_bindings_are_written_in_the_files_own_layout(text: str, expected: str) -> None:
    assert rebound(text, "midi.yaml", Target("bypass"), Source.parse("cc 1")) == expected


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot (read|write) "):
        bind(tmp_path / "file" / "midi.yaml", DEFAULT_FILE, Target("wet"), Source.parse("cc 1"))


def test_links_modes_and_line_ends_are_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "midi.yaml"
    real.write_bytes(b"bindings:\r\n  - {source: cc 1, target: wet}\r\n")
    real.chmod(0o640)
    link.symlink_to(real)
    bind(link, DEFAULT_FILE, Target("bypass"), Source.parse("cc 9"))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_bytes() == (b"bindings:\r\n  - {source: cc 1, target: wet}\r\n"
                                 b"  - {source: cc 9, target: bypass}\r\n")
