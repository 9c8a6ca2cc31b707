"""The control surface: messages move the controls, and the controls' state goes back to lights and motors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtsep.controls.live_controls import LiveControls
from rtsep.controls.table import Kind
from rtsep.midi.mapping import Binding
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange
from rtsep.midi.scales import TOP_7_BIT, TOP_14_BIT, from_position, to_position
from rtsep.midi.sources import Source

_PRESSED, _RELEASED = 64, 32  # a controller at or above the one is a pressed button, until it is below the other
_BANK, _BANK_LOWER = 0, 32
_ALL_OFF = (120, 123)  # all sound off, all notes off: what a controller sends in place of the releases
_NEAR = 1.0 / 127.0  # a knob this near to its control has met it


class WideValue:
    """Both halves of a 14 bit controller on one channel, in the order in which its sender has them.

    The half that came first of all leads, and waits for the other one, so that no value in between is heard. Where the
    leading half alone is ever sent, it counts from the second one on.
    """

    def __init__(self) -> None:
        self._upper = self._lower = 0
        self._upper_leads: bool | None = None
        self._waiting = False  # the leading half has come, and nothing has followed it yet

    def join(self, value: int, upper: bool) -> int | None:
        """Take a half; return the value of both, or None while the other one is awaited."""
        if self._upper_leads is None:
            self._upper_leads = upper
        leads, waited = upper == self._upper_leads, self._waiting
        self._waiting = leads
        if upper:
            self._upper = value
            self._lower = 0 if leads and waited else self._lower
        else:
            self._lower = value
        return self._upper << 7 | self._lower if waited or not leads else None


class Banks:
    """Bank of programs that each channel has selected, by controllers 0 and 32: bank n holds programs from 128 n on."""

    def __init__(self) -> None:
        self._halves: dict[tuple[int, int], int] = {}

    def hear(self, message: Message) -> None:
        """Take a message; most say nothing about banks."""
        if isinstance(message, ControlChange) and message.number in (_BANK, _BANK_LOWER):
            self._halves[message.channel, message.number] = message.value

    def number(self, channel: int) -> int:
        """Bank of a channel, 0 to 16383."""
        return self._halves.get((channel, _BANK), 0) << 7 | self._halves.get((channel, _BANK_LOWER), 0)


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

    def __init__(self, binding: Binding, source: Source, controls: LiveControls, banks: Banks) -> None:
        self.binding = binding
        self.source = source
        self.channel = source.channel or 1
        self.shown: int | None = None
        self.top = TOP_14_BIT if source.kind in ("cc14", "bend") else TOP_7_BIT
        self._controls = controls
        self._banks = banks
        self._halves: dict[int, WideValue] = {}  # of a 14 bit controller, by channel
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
            case ProgramChange(channel=channel, number=value):
                return value + 128 * self._banks.number(channel)
            case Note(velocity=value) | PitchBend(value=value):
                return value
            case ControlChange(number=number, value=value):
                if self.source.kind == "cc":
                    return value
                halves = self._halves.setdefault(message.channel, WideValue())
                return halves.join(value, upper=number == self.source.number)

    def let_go(self) -> None:
        """End what is held: the port is away, and the release will never come."""
        if self._pressed and self.binding.momentary:
            self._controls.set(self.binding.target, float(self.binding.inverted))
        self._pressed = False

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
        threshold = _RELEASED if self._pressed else _PRESSED
        pressed = program or value >= (threshold if self.source.kind == "cc" else 1)
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
        self._banks = Banks()
        self._states = [BindingState(binding, binding.source, controls, self._banks) for binding in bindings
                        if binding.source is not None and controls.has(binding.target)]
        self._speakers: dict[Source, BindingState] = {}  # one a source: the first that it moves
        for state in self._states:
            self._speakers.setdefault(state.source, state)

    def hear(self, message: Message) -> list[Binding]:
        """Let a message move what it moves; return the bindings whose controls moved."""
        self._banks.hear(message)
        if isinstance(message, ControlChange) and message.number in _ALL_OFF:
            for state in self._states:
                if state.source.kind == "note" and state.channel == message.channel:
                    state.let_go()
        return [state.binding for state in self._states if state.source.hears(message) and state.hear(message)]

    def bound(self, message: Message) -> list[Binding]:
        """Return the bindings that hear a message, whether it moves their controls or not."""
        return [state.binding for state in self._states if state.source.hears(message)]

    def forget(self) -> None:
        """Count nothing as shown, and nothing as held: the controller is new, or was away."""
        for state in self._states:
            state.shown = None
            state.let_go()

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
            if value >= 128:
                yield ControlChange(channel, _BANK, value >> 14)
                yield ControlChange(channel, _BANK_LOWER, value >> 7 & 0x7F)
            yield ProgramChange(channel, value & 0x7F)
