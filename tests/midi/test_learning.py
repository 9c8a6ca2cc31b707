"""Learning: what moves first and far enough is found, and nothing with a meaning of its own."""

from __future__ import annotations

import pytest

from rtsep.controls.targets import Target
from rtsep.midi.learning import NEVER_LEARNED, Learner
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange


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
