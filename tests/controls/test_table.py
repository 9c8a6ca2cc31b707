"""A control is one row: whatever is made from the table knows a row that is added to a copy of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from rtsep.controls.controls import Controls
from rtsep.controls.live_controls import LiveControls
from rtsep.controls.memory import ControlMemory, control_fields
from rtsep.controls.options import add_control_options, read_control_options
from rtsep.controls.presets import read_preset
from rtsep.controls.table import CONTROLS, Control, Kind, Unit, document
from rtsep.controls.targets import Target
from rtsep.errors import ConfigError
from rtsep.live.board import MAX_STEMS, new_board
from rtsep.midi.mapping import parse_mapping

STEMS = ("guitar", "rest")
WIDER = (*CONTROLS, Control("width", Kind.FADER, "how wide it sounds", highest=1.0, default=0.5),
         Control("drive", Kind.FADER, "how hot a stem is", per_stem=True, unit=Unit.DB, highest=10.0,
                 limits_db=(-40.0, 20.0), default=1.0, knob=("off", 20.0), floor_db=-40.0))


class WiderMemory(ControlMemory):
    """Memory of the wider table; a structure adds its fields to those of its base."""

    table = WIDER
    _fields_ = control_fields(WIDER[len(CONTROLS):])


@pytest.fixture
def memory() -> WiderMemory:
    found = WiderMemory()
    found.rest()
    return found


def options(*words: str, table: Any = WIDER) -> Any:
    parser = argparse.ArgumentParser()
    add_control_options(parser, table=table)
    return read_control_options(parser.parse_args(words), table)


def test_a_new_row_is_a_field_of_the_memory_with_its_rest_and_its_limits(memory: WiderMemory) -> None:
    controls = Controls(STEMS, WIDER)
    assert (memory.width, memory.drives[:2], controls.width) == (0.5, [1.0, 1.0], 0.5)
    state = memory.controls_state()
    memory.set("drive", 99.0, 1)
    assert memory.controls_state() != state
    memory.take_controls(controls, STEMS)
    assert (controls.get("drive", "guitar"), controls.get("drive", "rest")) == (1.0, 10.0)
    with pytest.raises(ConfigError, match=r"width is 1\.5: give a number from 0 to 1"):
        controls.width = 1.5


def test_a_new_row_is_a_key_of_presets(memory: WiderMemory) -> None:
    preset = read_preset("a", {"width": 0.25, "drive": {"rest": 20}}, "p.yaml: a", table=WIDER)
    memory.put(preset.values, STEMS)
    assert (memory.width, memory.drives[:2]) == (0.25, [1.0, pytest.approx(10.0)])
    assert memory.snapshot(STEMS)["drive"] == {"guitar": 1.0, "rest": pytest.approx(10.0)}
    with pytest.raises(ConfigError, match=r"p\.yaml: a\.drive.rest: 21 is not -40 to 20 dB, nor off"):
        read_preset("a", {"drive": {"rest": 21}}, "p.yaml: a", table=WIDER)


def test_a_new_row_is_a_midi_target_with_a_scale(memory: WiderMemory) -> None:
    text = "bindings: [{source: cc 1, target: width}, {source: cc 2, target: drive rest}]"
    wide, hot = parse_mapping(text, "map", WIDER)
    controls = LiveControls(memory, STEMS)
    assert wide.scale is not None
    assert hot.scale is not None
    controls.set(wide.target, wide.scale.value(1.0))
    controls.set(hot.target, hot.scale.value(0.0))
    assert (memory.width, memory.drives[1], controls.get(hot.target)) == (1.0, 0.0, 0.0)
    with pytest.raises(ConfigError, match=r"there are: mask_gain, .*reset, width, drive STEM"):
        Target.parse("volume", WIDER)


def test_a_new_row_is_an_option_and_a_line_of_the_documents() -> None:
    assert options("--width", "0.75", "--drive", "rest=off") == {"width": 0.75, "drive": {"rest": 0.0}}
    assert "| `drive STEM` | -40 to 20 dB, or off | 0 dB | how hot a stem is |" in document(WIDER)


def test_options_are_in_the_units_that_people_write() -> None:
    assert options() == {}
    assert options("--mask-gain", "6")["mask_gain"] == pytest.approx(10 ** (6 / 20))
    assert options("--mask-gain", "off", "--bypass", "--mute", "guitar", "--mute", "rest") == {
        "mask_gain": 0.0, "bypass": 1.0, "mute": {"guitar": 1.0, "rest": 1.0}}


@pytest.mark.parametrize(("words", "sentence"), [
    (("--mask-gain", "loud"), "--mask-gain: 'loud' is not -80 to 60 dB, nor off"),
    (("--mask-gain", "nan"), "--mask-gain: nan is not -80 to 60 dB"),
    (("--wet", "2"), r"--wet: 2.0 is not 0 to 1"),
    (("--level", "6"), "--level: '6' does not say which stem; give STEM=DB"),
    (("--level", "rest=13"), r"--level rest: 13.0 is not -80 to 12 dB"),
])
def test_options_that_cannot_be_used_are_sentences(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        options(*words)


def test_the_documents_hold_the_table_of_controls() -> None:
    assert document() in (Path(__file__).parents[2] / "docs" / "live.md").read_text("utf-8")


def test_all_stems_have_a_place_in_memory() -> None:
    board = new_board(None)
    board.set("level", 0.25, MAX_STEMS - 1)
    assert board.levels[MAX_STEMS - 1] == 0.25


def test_controls_that_are_not_there_are_told_from_attributes() -> None:
    controls = Controls(STEMS)
    with pytest.raises(AttributeError, match="no control 'volume'; there are: mask_gain"):
        controls.volume = 1.0
    with pytest.raises(AttributeError, match="no control 'volume'"):
        _ = controls.volume
    with pytest.raises(ConfigError, match="no stem 'bass': level exists for guitar, rest"):
        controls.set_level("bass", 1.0)
