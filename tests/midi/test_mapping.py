"""Mappings: scales, sources, the user's file before the default one, mistakes with their path."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsep.controls.user_files import user_file
from rtsep.errors import ConfigError
from rtsep.midi.mapping import DEFAULT_FILE, load_mapping, mapping_file, parse_mapping
from rtsep.midi.messages import ControlChange, Note, PitchBend, ProgramChange
from rtsep.midi.scales import TOP_7_BIT, TOP_14_BIT, DecibelScale, LinearScale, Scale, from_position, to_position
from rtsep.midi.sources import Source


def scale(options: str) -> Scale:
    (binding,) = parse_mapping(f"bindings:\n- {{source: cc 1, {options}}}", "map.yaml")
    assert binding.scale is not None
    return binding.scale


@pytest.mark.parametrize("top", [TOP_7_BIT, TOP_14_BIT])
def test_positions_reach_both_ends_and_the_middle(top: int) -> None:
    assert [to_position(value, top) for value in (0, (top + 1) // 2, top)] == [0.0, 0.5, 1.0]
    assert all(from_position(to_position(value, top), top) == value for value in range(top + 1))


SCALES = [scale(options) for options in (
    "target: mask_gain", "target: mask_gain, range: [40, off]", "target: mask_gain, range: [-20, 20]",
    "target: level guitar", "target: level guitar, curve: linear", "target: wet", "target: wet, range: [1, 0]")]


@settings(max_examples=100)
@given(st.sampled_from(SCALES), st.integers(0, TOP_14_BIT))
def test_a_value_finds_its_way_back(scale: Scale, value: int) -> None:
    back = scale.position(scale.value(to_position(value, TOP_14_BIT)))
    assert from_position(back, TOP_14_BIT) == value


def test_the_mask_gain_is_off_at_the_bottom_and_the_papers_in_the_middle() -> None:
    gain = scale("target: mask_gain")
    assert [gain.value(position) for position in (0.0, 0.5, 1.0)] == [0.0, 1.0, 100.0]
    assert 20.0 * math.log10(gain.value(1e-9)) == pytest.approx(-40.0)


@pytest.mark.parametrize(("options", "values"), [
    ("target: mask_gain, range: [20, -20]", [10.0, 1.0, 0.1]),
    ("target: level rest, range: [off, 6]", [0.0, 10 ** (-27 / 20), 10 ** (6 / 20)]),
    ("target: level rest, range: [off, 0], curve: linear", [0.0, 0.5, 1.0]),
    ("target: wet, range: [1, 0]", [1.0, 0.5, 0.0]),
])
def test_ranges_and_curves(options: str, values: list[float]) -> None:
    assert [scale(options).value(position) for position in (0.0, 0.5, 1.0)] == pytest.approx(values)


def test_values_outside_a_range_are_at_its_nearer_end() -> None:
    assert scale("target: mask_gain, range: [-20, 20]").position(0.0) == 0.0
    assert scale("target: level guitar").position(4.0) == 1.0
    assert scale("target: level guitar, range: [0, off]").position(4.0) == 0.0


def test_the_default_mapping_has_the_usual_controllers() -> None:
    found = {str(binding.source): str(binding.target) for binding in load_mapping(DEFAULT_FILE)}
    assert found["cc 1"] == "mask_gain"
    assert found["cc 7"] == "level guitar"
    assert found["cc 11"] == "wet"
    assert found["cc 64"] == "bypass"
    assert {f"cc {number}" for number in range(20, 32)} <= found.keys()


def test_the_users_mapping_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert mapping_file(None) == DEFAULT_FILE
    own = user_file("midi.yaml")
    assert own == tmp_path / "rtsep" / "midi.yaml"
    own.parent.mkdir()
    own.write_text("bindings: []")
    assert mapping_file(None) == own
    assert mapping_file(Path("x.yaml")) == Path("x.yaml")


@pytest.mark.parametrize(("text", "sentence"), [
    ("bindings: 5", "map.yaml.bindings: give a list"),
    ("bindings: [5]", r"map.yaml: bindings\[0\]: this is 5; give a mapping"),
    ("knobs: []", "map.yaml: no key 'knobs'; there are: pickup, bindings"),
    ("pickup: soft", "map.yaml.pickup: 'soft' is none of: crossing, jump"),
    ("pickup: jump\npickup: jump", "map.yaml: line 2, column 1: the key 'pickup' stands here twice"),
    ("bindings: [", "map.yaml: line 1, column 12: "),
    ("a: \x07", "map.yaml: "),
    ("bindings: [{source: cc 1}]", r"bindings\[0\]: the key 'target' is missing"),
    ("bindings: [{target: wet}]", r"bindings\[0\]: the key 'source' is missing"),
    ("bindings: [{source: cc 1, target: wet}, {source: cc 128, target: wet}]",
     r"bindings\[1\].source: 'cc 128': the number of cc is 0 to 127"),
    ("bindings: [{source: cc14 32, target: wet}]", "the number of cc14 is 0 to 31"),
    ("bindings: [{source: cc 1 ch 17, target: wet}]", "the channel is 1 to 16"),
    ("bindings: [{source: knob 1, target: wet}]", r"'knob 1' is no source; give cc N, cc14 N"),
    ("bindings: [{source: bend 1, target: wet}]", "the bender has no number"),
    ("bindings: [{source: cc, target: wet}]", "the number is missing"),
    ("bindings: [{source: note 1, target: wet}]", "note 1 cannot move a value in a range; give one of: cc, cc14, bend"),
    ("bindings: [{source: program, target: bypass}]", "program cannot move on or off"),
    ("bindings: [{source: cc 1, target: volume}]", r"bindings\[0\].target: no target 'volume'; there are: mask_gain"),
    ("bindings: [{source: cc 1, target: wet guitar}]", "no target 'wet guitar'"),
    ("bindings: [{source: cc 1, target: mute}]", "'mute' does not say which stem; give mute STEM"),
    ("bindings: [{source: cc 1, target: wet, mode: toggle}]", r"\.mode: the target is a value in a range"),
    ("bindings: [{source: cc 1, target: bypass, curve: db}]", r"\.curve: the target is on or off"),
    ("bindings: [{source: cc 1, target: wet, curve: db}]", r"\.curve: wet has no dB"),
    ("bindings: [{source: cc 1, target: wet, range: [0, 2]}]", r"bindings\[0\].range: 2 is not 0 to 1"),
    ("bindings: [{source: cc 1, target: wet, range: 1}]", r"\.range: 1 is no range"),
    ("bindings: [{source: cc 1, target: mask_gain, range: [off, 61]}]", r"\.range: 61 is not -80 to 60 dB, nor off"),
    ("bindings: [{source: cc 1, target: mask_gain, range: [off, off]}]", r"\.range: .* is no range"),
    ("bindings: [{source: program 1, target: bypass, mode: momentary}]", "a program is never released"),
    ("bindings: [{source: cc 1, target: bypass, range: [on, off]}]", "a toggle has no range"),
    ("bindings: [{source: cc 1, target: bypass, mode: momentary, range: [on, on]}]", "no range of a switch"),
    ("bindings: [{source: cc 1, target: wet, pickup: true}]", r"\.pickup: True is no text"),
    ("5: 6", "the key 5 is no word"),
])
def test_mistakes_are_sentences_with_their_path(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        parse_mapping(text, "map.yaml")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*: No such file"):
        load_mapping(tmp_path / "no.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"# \xe9")
    with pytest.raises(ConfigError, match="it is no UTF-8 text"):
        load_mapping(tmp_path / "latin.yaml")


def test_words_that_yaml_takes_for_truth_stay_words() -> None:
    (binding,) = parse_mapping("bindings: [{source: cc 1, target: mask_gain, range: [off, 20]}]", "map.yaml")
    assert binding.scale == DecibelScale(-math.inf, 20.0, -40.0)
    (binding,) = parse_mapping("bindings: [{source: cc 1, target: solo drums, mode: momentary, range: [on, off]}]", "m")
    assert (binding.momentary, binding.inverted) == (True, True)
    assert not isinstance(binding.scale, LinearScale)


@pytest.mark.parametrize("text", ["cc 1", "cc14 31 ch 16", "note 60 ch 10", "program", "program 5", "bend ch 2",
                                  "bend"])
def test_sources_are_written_as_they_are_read(text: str) -> None:
    assert str(Source.parse(text)) == text


def test_sources_hear_what_they_say() -> None:
    assert Source.parse("cc 1").hears(ControlChange(9, 1, 5))
    assert not Source.parse("cc 1 ch 2").hears(ControlChange(9, 1, 5))
    assert Source.parse("cc14 1").hears(ControlChange(1, 33, 5))
    assert not Source.parse("note 1").hears(ControlChange(1, 1, 5))
    assert Source.parse("note 1").hears(Note(1, 1, 5))
    assert Source.parse("program").hears(ProgramChange(1, 99))
    assert not Source.parse("program 1").hears(ProgramChange(1, 99))
    assert Source.parse("bend").hears(PitchBend(1, 99))


@pytest.mark.parametrize(("first", "second", "shared"), [
    ("cc 1", "cc 1 ch 3", True), ("cc 1 ch 2", "cc 1 ch 3", False), ("cc14 1", "cc 33", True),
    ("cc 1", "note 1", False), ("program", "program 4", True), ("bend", "bend ch 1", True), ("bend", "cc 0", False),
])
def test_sources_that_share_messages(first: str, second: str, shared: bool) -> None:
    assert Source.parse(first).overlaps(Source.parse(second)) is shared
    assert Source.parse(second).overlaps(Source.parse(first)) is shared
