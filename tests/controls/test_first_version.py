"""Files of the first version stay readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.controls.presets import Preset, load_presets
from rtsep.midi.mapping import load_mapping

FIXTURES = Path(__file__).parent / "fixtures"


def test_presets_of_the_first_version_say_what_they_said() -> None:
    assert load_presets(FIXTURES / "presets-1.yaml") == (
        Preset("verse", values={"mask_gain": 1.0, "level": {"guitar": pytest.approx(10 ** (-6 / 20)), "rest": 0.0}},
               program=0),
        Preset("solo part", values={"mask_gain": pytest.approx(10 ** (12 / 20)), "wet": 1.0, "bypass": 0.0,
                                    "mute": {"drums": 1.0}, "solo": {"guitar": 1.0}}, program=1),
        Preset("low latency", "ultra", program=2))


def test_a_mapping_of_the_first_version_says_what_it_said() -> None:
    found = load_mapping(FIXTURES / "midi-1.yaml")
    assert [(str(binding.source), str(binding.target)) for binding in found] == [
        ("cc 1", "mask_gain"), ("cc 7 ch 2", "level guitar"), ("cc14 11", "wet"), ("cc 64", "bypass"),
        ("note 36", "mute drums"), ("bend", "level rest"), ("program 3", "reset"), ("program", "preset"),
        ("note 40", "stem guitar"), ("None", "solo other")]
    scales = [binding.scale for binding in found]
    assert [scale and [scale.value(0.0), scale.value(1.0)] for scale in scales[:3]] == [
        [0.0, 100.0], [0.0, 1.0], [1.0, 0.0]]
    assert [(binding.jump, binding.momentary, binding.inverted) for binding in found[2:5]] == [
        (True, False, False), (False, False, False), (False, True, True)]
