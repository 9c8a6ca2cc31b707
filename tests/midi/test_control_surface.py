"""The control surface: pickup, 14 bit, buttons, programs, feedback."""

from __future__ import annotations

import pytest

from rtsep.controls.live_controls import LiveControls
from rtsep.controls.presets import Preset
from rtsep.controls.targets import Target
from rtsep.midi.control_surface import ControlSurface
from rtsep.midi.mapping import DEFAULT_FILE, load_mapping
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange
from tests.midi.conftest import MakeSurface


def cc(number: int, value: int, channel: int = 1) -> ControlChange:
    return ControlChange(channel, number, value)


def moved(surface: ControlSurface, *messages: Message) -> list[bool]:
    return [bool(surface.hear(message)) for message in messages]


def told(surface: ControlSurface) -> list[Message]:
    return list(surface.feedback())


def test_a_knob_waits_until_it_crosses_its_control(controls: LiveControls, surface: MakeSurface) -> None:
    knob = surface("{source: cc 1, target: mask_gain}")  # the control rests at 64
    assert moved(knob, cc(1, 20), cc(1, 50), cc(1, 70), cc(1, 40)) == [False, False, True, True]
    controls.board.mask_gain = 50.0  # somebody else: 116
    assert moved(knob, cc(1, 50), cc(1, 110), cc(1, 126), cc(1, 0)) == [False, False, True, True]
    assert controls.board.mask_gain == 0.0


def test_a_knob_that_stands_at_its_control_holds_it(controls: LiveControls, surface: MakeSurface) -> None:
    knob = surface("{source: cc 1, target: mask_gain}")
    assert moved(knob, cc(1, 64)) == [False]  # it says what already is
    assert controls.board.mask_gain == 1.0
    assert moved(knob, cc(1, 65), cc(1, 100)) == [True, True]


def test_crossing_counts_from_both_sides_and_however_fast(surface: MakeSurface) -> None:
    assert moved(surface("{source: cc 1, target: mask_gain}"), cc(1, 127), cc(1, 0)) == [False, True]
    assert moved(surface("{source: cc 1, target: mask_gain}"), cc(1, 80), cc(1, 66)) == [False, False]


def test_jump_takes_every_value_at_once(controls: LiveControls, surface: MakeSurface) -> None:
    assert moved(surface("{source: cc 1, target: wet, pickup: jump}"), cc(1, 32)) == [True]
    assert controls.board.wet == 0.25


def test_the_last_writer_wins(controls: LiveControls, surface: MakeSurface) -> None:
    both = surface("{source: cc 1, target: wet, pickup: jump}, {source: cc 2, target: wet, pickup: jump}")
    moved(both, cc(1, 32), cc(2, 64))
    assert controls.board.wet == 0.5
    moved(both, cc(1, 32))
    assert controls.board.wet == 0.25


def test_channels_are_told_apart(controls: LiveControls, surface: MakeSurface) -> None:
    knob = surface("{source: cc 1 ch 3, target: wet, pickup: jump}")
    assert moved(knob, cc(1, 0, channel=2), cc(1, 0, channel=3)) == [False, True]


def test_14_bit_halves_are_heard_together(controls: LiveControls, surface: MakeSurface) -> None:
    fader = surface("{source: cc14 1, target: wet, pickup: jump}")
    assert moved(fader, cc(1, 64)) == [False]
    assert controls.board.wet == 1.0
    assert moved(fader, cc(33, 1)) == [True]
    assert controls.board.wet == pytest.approx(0.5 + 0.5 / 8191)
    assert moved(fader, cc(33, 0)) == [True]
    assert controls.board.wet == 0.5


def test_14_bit_works_where_the_lower_half_is_never_sent(controls: LiveControls, surface: MakeSurface) -> None:
    assert moved(surface("{source: cc14 1, target: wet, pickup: jump}"), cc(1, 10), cc(1, 32)) == [False, True]
    assert controls.board.wet == 0.25


def test_the_bender_has_its_rest_in_the_middle(controls: LiveControls, surface: MakeSurface) -> None:
    bend = surface("{source: bend, target: mask_gain, range: [-20, 20], pickup: jump}")
    assert moved(bend, PitchBend(1, 16383), PitchBend(1, 8192)) == [True, True]
    assert controls.board.mask_gain == 1.0


def test_toggle_changes_at_every_press(controls: LiveControls, surface: MakeSurface) -> None:
    pedal = surface("{source: cc 64, target: bypass}")
    states = []
    for value in (127, 90, 0, 10, 64, 0, 127):
        pedal.hear(cc(64, value))
        states.append(controls.board.bypass)
    assert states == [1, 1, 1, 1, 0, 0, 1]


def test_momentary_is_on_while_held_or_the_other_way_round(controls: LiveControls, surface: MakeSurface) -> None:
    pads = surface("{source: note 36, target: mute drums, mode: momentary}, "
                   "{source: note 37, target: solo rest, mode: momentary, range: [on, off]}")
    states = []
    for message in (Note(1, 36, 1), Note(1, 36, 0), Note(1, 37, 99), Note(1, 37, 0)):
        pads.hear(message)
        states.append((controls.board.mutes[0], controls.board.solos[2]))
    assert states == [(1, 0), (0, 0), (0, 0), (0, 1)]


def test_programs_are_buttons_or_choose(controls: LiveControls, surface: MakeSurface) -> None:
    programs = surface("{source: program, target: preset}, {source: program 9, target: bypass}")
    assert moved(programs, ProgramChange(1, 0)) == [True]
    assert (controls.board.mask_gain, controls.board.levels[1]) == (0.5, 0.25)
    assert moved(programs, ProgramChange(1, 99)) == [False]
    assert moved(programs, ProgramChange(1, 9), ProgramChange(1, 9), ProgramChange(1, 9)) == [True, True, True]
    assert controls.board.bypass == 1


def test_presets_and_reset_by_button(controls: LiveControls, surface: MakeSurface) -> None:
    buttons = surface("{source: note 1, target: preset solo part}, {source: note 2, target: reset}")
    assert moved(buttons, Note(1, 1, 64), Note(1, 1, 0)) == [True, False]
    assert controls.board.solos[:3] == [0, 1, 0]
    buttons.hear(Note(1, 2, 64))
    assert controls.board.solos[:3] == [0, 0, 0]


def test_a_preset_with_a_model_is_for_the_session(controls: LiveControls, surface: MakeSurface) -> None:
    called: list[Preset] = []
    controls.call = called.append
    surface("{source: note 1, target: preset big}").hear(Note(1, 1, 64))
    assert called == [controls.presets[2]]
    assert controls.board.preset == -1


def test_a_stem_is_chosen_by_button_and_by_knob(controls: LiveControls, surface: MakeSurface) -> None:
    chooser = surface("{source: note 1, target: stem rest}, {source: cc 1, target: stem}")
    chooser.hear(Note(1, 1, 64))
    assert controls.board.levels[:3] == [0.0, 0.0, 1.0]
    assert moved(chooser, cc(1, 127), cc(1, 64), cc(1, 60), cc(1, 0)) == [False, True, False, True]
    assert controls.board.levels[:3] == [1.0, 0.0, 0.0]
    assert controls.get(Target("stem")) == 0


def test_what_the_run_does_not_have_is_passed_over(surface: MakeSurface) -> None:
    absent = surface("{source: cc 1, target: level piano}, {source: cc 1, target: preset x}, "
                     "{source: none, target: wet}")
    assert moved(absent, cc(1, 0), cc(1, 127)) == [False, False]
    assert told(absent) == []


def test_state_goes_back_once_on_connect_and_on_change(controls: LiveControls, surface: MakeSurface) -> None:
    controller = surface("{source: cc 1, target: mask_gain}, {source: note 36 ch 10, target: bypass}, "
                         "{source: cc14 2, target: wet}, {source: bend, target: level drums}, "
                         "{source: program, target: preset}")
    state = [cc(1, 64), Note(10, 36, 0), cc(2, 127), cc(34, 127), PitchBend(1, 16383)]
    assert told(controller) == state
    assert told(controller) == []
    controls.board.bypass = 1
    assert told(controller) == [Note(10, 36, 127)]
    controller.forget()
    state[1] = Note(10, 36, 127)
    assert told(controller) == state


def test_choices_are_shown_as_programs_as_lights_and_as_places_of_a_knob(controls: LiveControls,
                                                                         surface: MakeSurface) -> None:
    controller = surface("{source: program ch 2, target: preset}, {source: note 1, target: preset verse}, "
                         "{source: note 2, target: stem rest}, {source: cc 1, target: stem}, "
                         "{source: program 9, target: bypass}")
    assert told(controller) == [Note(1, 1, 0), Note(1, 2, 0)]  # no other sign says that nothing is chosen
    controller.hear(ProgramChange(2, 0))
    controller.hear(cc(1, 127))
    assert told(controller) == [Note(1, 1, 127), Note(1, 2, 127)]
    controls.set(Target("stem", "drums"), 1.0)
    controls.set(Target("preset", "solo part"), 1.0)
    assert told(controller) == [ProgramChange(2, 1), Note(1, 1, 0), Note(1, 2, 0), cc(1, 21)]
    assert moved(controller, ProgramChange(2, 1), cc(1, 21)) == [False, False]  # an echo
    controller.hear(cc(1, 5))  # inside the part of the stem that is chosen
    assert told(controller) == []
    controller.hear(ProgramChange(2, 99))  # there is none
    assert told(controller) == [ProgramChange(2, 1)]


def test_a_held_knob_hears_no_echo_and_a_toggle_lights_up(controls: LiveControls, surface: MakeSurface) -> None:
    controller = surface("{source: cc 1, target: wet, pickup: jump}, {source: cc 64, target: bypass}")
    told(controller)
    controller.hear(cc(1, 33, channel=5))
    assert told(controller) == []
    controller.hear(cc(64, 127))
    controller.hear(cc(64, 0))
    assert told(controller) == [cc(64, 127)]


def test_what_is_sent_back_and_echoed_changes_nothing(controls: LiveControls, surface: MakeSurface) -> None:
    knob = surface("{source: cc 1, target: wet}")
    controls.board.wet = 0.501
    (message,) = told(knob)
    assert moved(knob, message) == [False]
    assert controls.board.wet == 0.501


def test_one_knob_with_two_targets_shows_the_first(controls: LiveControls, surface: MakeSurface) -> None:
    both = surface("{source: cc 1, target: wet}, {source: cc 1, target: level drums}")
    controls.board.wet = 0.5
    assert told(both) == [cc(1, 64)]


def test_feedback_that_is_cut_off_is_sent_again(surface: MakeSurface) -> None:
    fader = surface("{source: cc14 1, target: wet}")
    feedback = fader.feedback()
    next(feedback)
    feedback.close()
    assert len(told(fader)) == 2


def test_any_message_goes_through_the_default_mapping(controls: LiveControls) -> None:
    surface = ControlSurface(load_mapping(DEFAULT_FILE), controls)
    for value in (0, 127, 64, 1):
        for number in range(128):
            surface.hear(cc(number, value))
            surface.hear(Note(1, number, value))
            surface.hear(ProgramChange(1, number))
    surface.hear(PitchBend(1, 0))
    assert 0.0 <= controls.board.mask_gain <= 100.0
    told(surface)
    assert told(surface) == []


def test_14_bit_halves_come_in_either_order_and_on_each_channel(controls: LiveControls, surface: MakeSurface) -> None:
    fader = surface("{source: cc14 1, target: wet, pickup: jump}")
    assert moved(fader, cc(33, 1), cc(1, 64)) == [False, True]
    assert controls.board.wet == pytest.approx(0.5 + 0.5 / 8191)
    assert moved(fader, cc(1, 0, channel=2), cc(33, 127), cc(33, 0, channel=2)) == [False, False, True]
    assert controls.board.wet == 0.0


def test_a_worn_switch_does_not_chatter(controls: LiveControls, surface: MakeSurface) -> None:
    pedal = surface("{source: cc 64, target: bypass}")
    assert moved(pedal, cc(64, 70), cc(64, 60), cc(64, 66), cc(64, 20), cc(64, 64)) == [True, False, False, False, True]


def test_what_is_held_ends_when_the_port_vanishes(controls: LiveControls, surface: MakeSurface) -> None:
    pads = surface("{source: note 36, target: mute drums, mode: momentary}, {source: note 37, target: bypass}")
    moved(pads, Note(1, 36, 99), Note(1, 37, 99))
    pads.forget()
    assert (controls.board.mutes[0], controls.board.bypass) == (0, 1), "a toggle stays"


@pytest.mark.parametrize("number", [120, 123])
def test_what_is_held_ends_when_all_notes_of_its_channel_do(number: int, controls: LiveControls,
                                                            surface: MakeSurface) -> None:
    pads = surface("{source: note 36, target: mute drums, mode: momentary}")
    moved(pads, Note(1, 36, 99), cc(number, 0, channel=2))
    assert controls.board.mutes[0] == 1
    moved(pads, cc(number, 0))
    assert controls.board.mutes[0] == 0


def test_banks_hold_more_programs(controls: LiveControls, surface: MakeSurface) -> None:
    controls.presets = tuple(Preset(str(index), program=index) for index in range(140))
    programs = surface("{source: program, target: preset}")
    moved(programs, cc(0, 0), cc(32, 1), ProgramChange(1, 5))
    assert controls.board.preset == 133
    moved(programs, ProgramChange(2, 5))
    assert controls.board.preset == 5
