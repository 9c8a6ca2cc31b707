from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.controls.targets import Target
from rtsep.errors import ConfigError
from rtsep.midi.learning import NEVER_LEARNED, Learner
from rtsep.midi.mapping import DEFAULT_FILE, load_mapping
from rtsep.midi.mapping_writing import bind, rebound
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange
from rtsep.midi.sources import Source


def learned(target: str, *messages: Message) -> str:
    learner = Learner(Target.parse(target))
    for message in messages:
        learner.hear(message)
    return str(learner.source)


def sweep(number: int, values: range = range(40, 60), channel: int = 1) -> list[Message]:
    return [ControlChange(channel, number, value) for value in values]


@pytest.mark.parametrize(("target", "messages", "source"), [
    ("mask_gain", sweep(16, channel=4), "cc 16 ch 4"),
    ("mask_gain", sweep(16, range(60, 40, -1)), "cc 16 ch 1"),
    ("mask_gain", sweep(16, range(60, 63)), "None"),  # it trembles
    ("mask_gain", sweep(16, range(60, 63)) + sweep(17), "cc 17 ch 1"),
    ("mask_gain", [PitchBend(2, 8192), PitchBend(2, 10000)], "bend ch 2"),
    ("mask_gain", [Note(1, 36, 99), ProgramChange(1, 3)], "None"),  # no fader
    ("bypass", [Note(10, 36, 99)], "note 36 ch 10"),
    ("bypass", [Note(10, 36, 0)], "None"),
    ("bypass", [ControlChange(1, 64, 127), ControlChange(1, 64, 0)], "cc 64 ch 1"),
    ("bypass", [ProgramChange(1, 3)], "program 3 ch 1"),
    ("preset", [ProgramChange(1, 3)], "program ch 1"),
    ("preset verse", [ProgramChange(1, 3)], "program 3 ch 1"),
    ("level drums", [message for pair in zip(sweep(7), sweep(39), strict=True) for message in pair], "cc14 7 ch 1"),
    ("level drums", [ControlChange(1, 7, 64), *sweep(39)], "cc14 7 ch 1"),
    ("level drums", sweep(39), "cc 39 ch 1"),
    ("mute drums", [*sweep(39), *sweep(7)], "cc 39 ch 1"),  # 14 bit is no switch
])
def test_what_moves_first_and_far_enough_is_learned(target: str, messages: list[Message], source: str) -> None:
    assert learned(target, *messages) == source


@pytest.mark.parametrize("number", sorted(NEVER_LEARNED))
def test_controllers_with_a_meaning_are_never_learned(number: int) -> None:
    assert learned("wet", *sweep(number, range(128))) == "None"
    assert learned("wet", *sweep(number, range(128)), *sweep(5)) == "cc 5 ch 1"


def test_the_never_learned_ones_are_those_of_the_standard() -> None:
    assert {0, 6, 32, 38, 96, 101, 120, 127} <= NEVER_LEARNED
    assert not {1, 5, 7, 11, 31, 33, 64, 95, 102, 119} & NEVER_LEARNED


def test_learning_keeps_every_comment_and_all_layout(tmp_path: Path) -> None:
    path = tmp_path / "settings" / "midi.yaml"
    assert bind(path, DEFAULT_FILE, Target("wet"), Source.parse("cc 64 ch 2")) == ["bypass"]
    before, after = DEFAULT_FILE.read_text().splitlines(), path.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        ("  - source: cc 11  # expression pedal", "  - source: cc 64 ch 2  # expression pedal"),
        ("  - source: cc 64  # sustain pedal", "  - source: none  # sustain pedal")]
    assert [path.name for path in path.parent.iterdir()] == ["midi.yaml"]
    assert bind(path, DEFAULT_FILE, Target("stem", "drums"), Source.parse("note 1")) == []
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
