"""Presets: in the order of their file, changing only what they name, with mistakes told by their path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rtsep.controls.preset_writing import save_preset
from rtsep.controls.presets import Preset, find_preset, load_presets, put_preset, snapshot
from rtsep.controls.targets import Target
from rtsep.errors import ConfigError
from rtsep.live.board import new_board

STEMS = ("drums", "guitar")
TEXT = """
verse:  # quiet
  mask_gain: off
  level: {guitar: -20, drums: off}
  mute: {drums: true}
loud: {model: ultra, mask_gain: 20, wet: 0.5, bypass: false, solo: {guitar: true}}
nothing:
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "presets.yaml"
    path.write_text(TEXT)
    return path


def test_presets_come_in_the_order_of_the_file(file: Path) -> None:
    assert load_presets(file) == (
        Preset("verse", values={"mask_gain": 0.0, "level": {"guitar": pytest.approx(0.1), "drums": 0.0},
                                "mute": {"drums": 1.0}}, program=0),
        Preset("loud", "ultra", {"mask_gain": pytest.approx(10.0), "wet": 0.5, "bypass": 0.0, "solo": {"guitar": 1.0}},
               program=1),
        Preset("nothing", program=2))


def test_a_preset_changes_only_what_it_names(file: Path) -> None:
    verse, loud, nothing = load_presets(file)
    board = new_board(None)
    rest = snapshot(board, STEMS)
    put_preset(nothing, board, STEMS)
    assert snapshot(board, STEMS) == replace(rest, program=2)
    board.wet = 0.25
    put_preset(verse, board, ("guitar",))  # nothing else is played
    assert (board.mask_gain, board.wet, board.bypass) == (0.0, 0.25, 0)
    assert board.levels[:2] == pytest.approx([0.1, 1.0])
    put_preset(loud, board, STEMS)
    assert (board.wet, board.solos[:2], board.mutes[:2]) == (0.5, [0, 1], [0, 0])
    put_preset(rest, board, STEMS)
    assert snapshot(board, STEMS) == rest


def test_no_file_of_the_users_own_is_no_presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load_presets(None) == ()
    (tmp_path / "rtsep").mkdir()
    file.rename(tmp_path / "rtsep" / "presets.yaml")
    assert len(load_presets(None)) == 3


def test_an_unknown_preset_is_a_sentence(file: Path) -> None:
    presets = load_presets(file)
    assert find_preset(presets, "loud") is presets[1]
    with pytest.raises(ConfigError, match="no preset 'chorus'; there are: verse, loud, nothing"):
        find_preset(presets, "chorus")
    with pytest.raises(ConfigError, match="there are: none; write some into"):
        find_preset((), "chorus")


@pytest.mark.parametrize(("text", "sentence"), [
    ("- a", r"presets.yaml: this is \['a'\]; give a mapping"),
    ("a: 5", "presets.yaml: a: this is 5; give a mapping"),
    ("a: {level: 1}", "presets.yaml: a.level: this is 1; give a mapping"),
    ("a: {gain: 1}", "presets.yaml: a: no key 'gain'; there are: model, mask_gain"),
    ("a: {mask_gain: 61}", "presets.yaml: a.mask_gain: 61 is not -80 to 60 dB, nor off"),
    ("a: {level: {drums: loud}}", "presets.yaml: a.level.drums: 'loud' is not -80 to 12 dB, nor off"),
    ("a: {wet: true}", "presets.yaml: a.wet: True is not 0 to 1"),
    ("a: {bypass: on}", "presets.yaml: a.bypass: 'on' is neither true nor false"),
    ("a: {mute: {drums: 1}}", "presets.yaml: a.mute.drums: 1 is neither true nor false"),
    ("a: {model: 5}", "presets.yaml: a.model: 5 is no text"),
    ("a: {}\na: {}", "presets.yaml: line 2, column 1: the key 'a' stands here twice"),
])
def test_mistakes_are_sentences_with_their_path(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "presets.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load_presets(path)


def test_names_that_look_alike_are_one(tmp_path: Path) -> None:
    composed, taken_apart = "caf\u00e9", "cafe\u0301"
    path = tmp_path / "presets.yaml"
    path.write_text(f"{taken_apart}: {{wet: 0.5}}  # mine\nlast: {{wet: 0}}\n", encoding="utf-8")
    presets = load_presets(path)
    assert find_preset(presets, composed) is find_preset(presets, taken_apart)
    assert Target.parse(f"preset {taken_apart}") == Target("preset", composed)
    save_preset(Preset(taken_apart, values={"wet": 1.0}), path)
    assert [(preset.name, preset.values) for preset in load_presets(path)] == [
        (composed, {"wet": 1.0}), ("last", {"wet": 0.0})]
    path.write_text(f"{composed}: {{wet: 0.5}}\n{taken_apart}: {{wet: 0}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="stands here twice"):
        load_presets(path)
