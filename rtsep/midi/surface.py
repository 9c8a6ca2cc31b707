"""The control surface: messages move the controls, and the controls' state goes back to lights and motors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtsep.controls.table import Kind
from rtsep.midi.live_controls import LiveControls
from rtsep.midi.mapping import Binding
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange
from rtsep.midi.scales import TOP_7_BIT, TOP_14_BIT, from_position, to_position
from rtsep.midi.sources import Source

_PRESSED = 64  # value from which on a controller is a pressed button
_NEAR = 1.0 / 127.0  # a knob this near to its control has met it


class BindingState:
    """One binding at work: what was heard, whether it holds its control, what its controller shows.

    Parameters
    ----------
    binding
        A binding whose source is not None and whose target this run has.
    controls
        Where the control is.

    Attributes
    ----------
    shown
        What the controller shows, as it sent it or was told; None where that is not known.
    channel
        Channel that it was last heard on.
    """

    def __init__(self, binding: Binding, source: Source, controls: LiveControls) -> None:
        self.binding = binding
        self.source = source
        self.channel = source.channel or 1
        self.shown: int | None = None
        self.top = TOP_14_BIT if source.kind in ("cc14", "bend") else TOP_7_BIT
        self._controls = controls
        self._upper = 0  # upper 7 bits of a 14 bit controller
        self._upper_alone = False  # nothing has followed them yet
        self._position: float | None = None
        self._holds = False
        self._put: float | None = None  # what it set its control to
        self._pressed = False

    def hear(self, message: Message) -> bool:
        """Take a message of this source; return whether its control has moved."""
        self.channel = message.channel
        value = self._value(message)
        if value is None:
            return False
        match self.binding.target.kind:
            case Kind.FADER:
                return self._slide(value)
            case Kind.CHOICE:
                return self._choose(value)
            case _:
                return self._press(value)

    def value(self) -> int | None:
        """Return what the controller should show now; None for a target that it cannot show."""
        control = self._controls.get(self.binding.target)
        if self.binding.target.kind is Kind.FADER:
            assert self.binding.scale is not None
            return from_position(self.binding.scale.position(control), self.top)
        if self.binding.target.kind is Kind.CHOICE:
            return self._choice_state(int(control))
        if self.source.kind == "program":
            return None
        return TOP_7_BIT if bool(control) != self.binding.inverted else 0

    def _value(self, message: Message) -> int | None:
        """Return what the source now stands at, 0 to `top`; None while half of it is missing."""
        match message:
            case Note(velocity=value) | PitchBend(value=value) | ProgramChange(number=value):
                return value
            case ControlChange(number=number, value=value):
                return value if self.source.kind == "cc" else self._join(number, value)

    def _join(self, number: int, value: int) -> int | None:
        """Join both halves of a 14 bit controller.

        The upper half waits for the lower one, so that no value in between is heard; where a controller
        sends upper halves only, they count from the second one on.
        """
        if number != self.source.number:
            self._upper_alone = False
            return self._upper << 7 | value
        waited, self._upper_alone, self._upper = self._upper_alone, True, value
        return value << 7 if waited else None

    def _slide(self, value: int) -> bool:
        self.shown = value
        target, scale = self.binding.target, self.binding.scale
        assert scale is not None
        control = self._controls.get(target)
        before, self._position = self._position, to_position(value, self.top)
        if value == self.value():  # it says what already is, as an echo does
            self._holds, self._put = True, control
            return False
        if not self.binding.jump and not self._meets(before, self._position, scale.position(control), control):
            return False
        self._put = scale.value(self._position)
        self._controls.set(target, self._put)
        return True

    def _meets(self, before: float | None, now: float, control_position: float, control: float) -> bool:
        """Whether the knob holds its control: it has met it, and nobody else has moved it since."""
        self._holds = self._holds and control == self._put
        if not self._holds:
            crossed = before is not None and (before - control_position) * (now - control_position) <= 0.0
            self._holds = crossed or abs(now - control_position) <= _NEAR
        return self._holds

    def _choose(self, value: int) -> bool:
        self.shown = value
        target = self.binding.target
        index = self._choice(value)
        if index >= self._controls.choices(target) or index == self._controls.get(target):
            return False
        self._controls.set(target, index)
        return True

    def _choice(self, value: int) -> int:
        """Return the index of what is chosen: a program itself, or the part of a knob's way that it stands in."""
        if self.source.kind == "program":
            return value
        count = self._controls.choices(self.binding.target)
        return min(int(to_position(value, self.top) * count), count - 1)

    def _choice_state(self, index: int) -> int | None:
        """Return a program, or the middle of a knob's part; where it stands, if it stands inside."""
        if index < 0 or self.source.kind == "program":
            return None if index < 0 else index
        if self.shown is not None and self._choice(self.shown) == index:
            return self.shown
        return from_position((index + 0.5) / self._controls.choices(self.binding.target), self.top)

    def _press(self, value: int) -> bool:
        self.shown = value
        program = self.source.kind == "program"
        pressed = program or value >= (_PRESSED if self.source.kind == "cc" else 1)
        was, self._pressed = self._pressed, pressed and not program
        target = self.binding.target
        if pressed == was:
            return False
        if self.binding.momentary:
            self._controls.set(target, float(pressed != self.binding.inverted))
        elif pressed:
            self._controls.set(target, 1.0 - self._controls.get(target))
        return self.binding.momentary or pressed


class ControlSurface:
    """All bindings at work.

    Parameters
    ----------
    bindings
        The mapping; what this run does not have is passed over.
    controls
        Where the controls are.
    """

    def __init__(self, bindings: Sequence[Binding], controls: LiveControls) -> None:
        self._states = [BindingState(binding, binding.source, controls) for binding in bindings
                        if binding.source is not None and controls.has(binding.target)]
        self._speakers: dict[Source, BindingState] = {}  # one a source: the first that it moves
        for state in self._states:
            self._speakers.setdefault(state.source, state)

    def hear(self, message: Message) -> list[Binding]:
        """Let a message move what it moves; return the bindings whose controls moved."""
        return [state.binding for state in self._states if state.source.hears(message) and state.hear(message)]

    def bound(self, message: Message) -> list[Binding]:
        """Return the bindings that hear a message, whether it moves their controls or not."""
        return [state.binding for state in self._states if state.source.hears(message)]

    def forget(self) -> None:
        """Count nothing as shown: the controller is new, or was away."""
        for state in self._states:
            state.shown = None

    def feedback(self) -> Iterator[Message]:
        """Yield what the controller has to be told so that it shows the state of the controls."""
        for state in self._speakers.values():
            value = state.value()
            if value is not None and value != state.shown:
                yield from _messages(state.source, state.channel, value)
                state.shown = value  # not before all of them were taken


def _messages(source: Source, channel: int, value: int) -> Iterator[Message]:
    number = source.number or 0
    match source.kind:
        case "cc":
            yield ControlChange(channel, number, value)
        case "cc14":
            yield ControlChange(channel, number, value >> 7)
            yield ControlChange(channel, number + 32, value & 0x7F)
        case "note":
            yield Note(channel, number, value)
        case "bend":
            yield PitchBend(channel, value)
        case "program":
            yield ProgramChange(channel, value)
