"""MIDI bytes become small values here, at the edge; the rest of the program never sees a byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A knob, fader or pedal moved: channel 1 to 16, number and value 0 to 127."""

    channel: int
    number: int
    value: int


@dataclass(frozen=True, slots=True)
class Note:
    """A key or pad: channel 1 to 16, number and velocity 0 to 127; velocity 0 is the release."""

    channel: int
    number: int
    velocity: int


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """A program was chosen: channel 1 to 16, number 0 to 127."""

    channel: int
    number: int


@dataclass(frozen=True, slots=True)
class PitchBend:
    """The bender moved: channel 1 to 16, value 0 to 16383 with its rest at 8192."""

    channel: int
    value: int


Message = ControlChange | Note | ProgramChange | PitchBend

_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM, _BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
_SYSEX = 0xF0
_REAL_TIME = 0xF8  # this and above may stand inside any other message
_CHANNEL_DATA = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}


class Parser:
    """Finds messages in a stream of bytes, however it is cut.

    Knows running status, real-time bytes inside other messages, and messages in several pieces. Passes over
    system exclusive, pressure and all other messages that control nothing here.

    Attributes
    ----------
    malformed
        Data bytes that belonged to nothing, and messages that broke off.
    """

    def __init__(self) -> None:
        self.malformed = 0
        self._status = 0
        self._data: list[int] = []

    def feed(self, data: Iterable[int]) -> list[Message]:
        """Take the next bytes, 0 to 255; return the messages that they complete."""
        found = []
        for byte in data:
            if byte >= _REAL_TIME:
                continue
            if byte >= 0x80:
                self._begin(byte)
            elif self._status != _SYSEX and (message := self._add(byte)) is not None:
                found.append(message)
        return found

    def _begin(self, status: int) -> None:
        """Start a message; one that is not complete is lost."""
        self.malformed += bool(self._data)
        self._data.clear()
        keeps = status <= _SYSEX or status in _SYSTEM_DATA
        self._status = status if keeps else 0

    def _add(self, byte: int) -> Message | None:
        if not self._status:
            self.malformed += 1
            return None
        self._data.append(byte)
        channel_message = self._status < _SYSEX
        length = _CHANNEL_DATA[self._status & 0xF0] if channel_message else _SYSTEM_DATA[self._status]
        if len(self._data) < length:
            return None
        message = _message(self._status, self._data) if channel_message else None
        self._data.clear()
        if not channel_message:
            self._status = 0  # system messages end the running status
        return message


def _message(status: int, data: list[int]) -> Message | None:
    kind, channel = status & 0xF0, (status & 0x0F) + 1
    if kind == _CONTROL:
        return ControlChange(channel, data[0], data[1])
    if kind == _NOTE_ON:
        return Note(channel, data[0], data[1])
    if kind == _NOTE_OFF:
        return Note(channel, data[0], 0)
    if kind == _PROGRAM:
        return ProgramChange(channel, data[0])
    if kind == _BEND:
        return PitchBend(channel, data[0] | data[1] << 7)
    return None


def encode(message: Message) -> list[int]:
    """Bytes of a message."""
    channel = message.channel - 1
    match message:
        case ControlChange():
            return [_CONTROL | channel, message.number, message.value]
        case Note():
            return [_NOTE_ON | channel, message.number, message.velocity]
        case ProgramChange():
            return [_PROGRAM | channel, message.number]
        case PitchBend():
            return [_BEND | channel, message.value & 0x7F, message.value >> 7]


def describe(message: Message) -> str:
    """Write a message as people do: `ch 1 cc 7 = 100`."""
    match message:
        case ControlChange():
            what = f"cc {message.number} = {message.value}"
        case Note():
            what = f"note {message.number} = {message.velocity}"
        case ProgramChange():
            what = f"program {message.number}"
        case PitchBend():
            what = f"bend = {message.value}"
    return f"ch {message.channel} {what}"
